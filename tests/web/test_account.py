"""One's own account, and the people of an administration."""

from __future__ import annotations

import re
from typing import Any

import pyotp

from tradelane.journeys.demonstration import PASSWORD

NEW = "two dry boats in the shed"


def told(house: Any, user_id: int) -> list[tuple[str, dict[str, Any]]]:
    with house.lane.database.read() as tx:
        found = house.lane.ledger.find(tx, f"account/{user_id}")
    return [(stored.entry.kind, dict(stored.entry.body)) for stored in found]


def made(house: Any, admin: Any, login: str = "kim", role: str = "officer") -> tuple[int, str]:
    answer = admin.post(
        "/people/new", {"login": login, "name": "Kim Doe", "role": role, "office": "PMSEA"}
    )
    assert answer.status_code == 200, answer.text
    password = re.search(r"<code>([a-z2-9-]{24})</code>", answer.text)
    number = re.search(r'href="/people/(\d+)">I have', answer.text)
    assert password is not None
    assert number is not None
    return int(number[1]), password[1]


# ---------------------------------------------------------------- oneself


def test_the_page_says_who_one_is_here(house: Any) -> None:
    page = house.signed_in("trader").get("/account").text
    for words in ("trader", "Tomas Reyes", "Declarants", "This browser"):
        assert words in page


def test_a_new_password_signs_every_other_browser_out(house: Any) -> None:
    one, other = house.signed_in("trader"), house.signed_in("trader")
    wrong = one.post("/account/password", {"old_password": "x", "password": NEW})
    assert wrong.status_code == 422
    assert "accounts.password_wrong" in wrong.text
    weak = one.post("/account/password", {"old_password": PASSWORD, "password": "short"})
    assert "accounts.password_short" in weak.text
    done = one.post("/account/password", {"old_password": PASSWORD, "password": NEW})
    assert done.status_code == 303
    assert one.get("/account").status_code == 200
    assert other.get("/account").status_code == 303


def test_a_session_of_ones_own_is_ended_and_no_other(house: Any) -> None:
    one, other, stranger = (house.signed_in(who) for who in ("trader", "trader", "broker"))
    with house.lane.database.read() as tx:
        theirs = house.lane.accounts.sessions_of(tx, stranger.user_id)[0].id
    assert one.post(f"/account/sessions/{theirs}/end").status_code == 303
    assert stranger.get("/account").status_code == 200
    ending = re.findall(r'action="(/account/sessions/[^"]+)"', one.get("/account").text)
    for path in ending:
        one.post(path)
    assert other.get("/account").status_code == 303
    assert one.get("/account").status_code == 200


def test_a_second_factor_is_begun_confirmed_and_removed(house: Any) -> None:
    one = house.signed_in("officer")
    offered = one.post("/account/second-factor")
    secret = re.search(r"<code>([A-Z2-7]{16,})</code>", offered.text)
    assert secret is not None
    assert "<svg" in offered.text
    assert "style=" not in offered.text
    assert offered.headers["cache-control"] == "no-store"
    wrong = one.post("/account/second-factor/confirm", {"code": "000000"})
    assert wrong.status_code == 422
    code = pyotp.TOTP(secret[1]).at(house.lane.clock.now())
    shown = one.post("/account/second-factor/confirm", {"code": code})
    assert len(re.findall(r"<li><code>", shown.text)) == 10
    assert secret[1] not in one.get("/account").text
    field = "second-factor-password"
    assert one.post("/account/second-factor/remove", {field: "no"}).status_code == 422
    assert one.post("/account/second-factor/remove", {field: PASSWORD}).status_code == 303


def test_a_tokens_secret_is_shown_once_and_revoking_holds_at_once(house: Any) -> None:
    one = house.signed_in("trader")
    bad = one.post("/account/tokens", {"name": "", "days": "x", "scopes": "cases:decide"})
    assert bad.status_code == 422
    more = one.post("/account/tokens", {"name": "x", "days": "9", "scopes": "cases:decide"})
    assert "accounts.token_scopes" in more.text
    shown = one.post(
        "/account/tokens", {"name": "our system", "days": "9", "scopes": "declarations:read"}
    )
    secret = re.search(r"<code>(tl_[^<]+)</code>", shown.text)
    assert secret is not None
    page = one.get("/account").text
    assert "our system" in page
    assert secret[1] not in page
    program = house.visitor()
    program.headers["authorization"] = f"Bearer {secret[1]}"
    assert program.get("/api/v1/declarations").status_code == 200
    revoke = re.search(r'action="(/account/tokens/\d+/revoke)"', page)
    assert revoke is not None
    assert house.signed_in("broker").post(revoke[1]).status_code == 404
    assert program.get("/api/v1/declarations").status_code == 200
    assert one.post(revoke[1]).status_code == 303
    assert program.get("/api/v1/declarations").status_code == 401


# ---------------------------------------------------------------- people


def test_an_account_is_made_with_a_password_that_is_shown_once(house: Any) -> None:
    admin = house.signed_in("admin")
    number, password = made(house, admin)
    assert password not in admin.get(f"/people/{number}").text
    opened = house.lane.accounts.sign_in(house.lane.database, "kim", password, "192.0.2.1")
    assert opened.user.office == "PMSEA"
    [(kind, body)] = told(house, number)
    assert kind == "account.created"
    assert body["by"] == "admin"
    assert "Kim Doe" not in str(body)


def test_what_is_wrong_with_a_new_account_is_said_and_nothing_typed_is_lost(house: Any) -> None:
    admin = house.signed_in("admin")
    answer = admin.post("/people/new", {"login": "k m", "name": "Kim Doe", "role": "officer"})
    assert answer.status_code == 422
    assert "accounts.login" in answer.text
    assert 'value="Kim Doe"' in answer.text
    taken = admin.post("/people/new", {"login": "trader", "name": "Kim", "role": "officer"})
    assert taken.status_code == 409
    assert admin.post("/people/new", {"login": "k", "name": "K", "role": "king"}).status_code == 422


def test_a_change_of_role_is_recorded_and_signs_the_person_out(house: Any) -> None:
    admin, officer = house.signed_in("admin"), house.signed_in("officer")
    path = f"/people/{officer.user_id}"
    changed = {"role": "auditor", "organisation": "", "office": ""}
    assert admin.post(path, changed).status_code == 303
    assert officer.get("/account").status_code == 303
    [(kind, body)] = told(house, officer.user_id)
    assert kind == "account.changed"
    assert body["role"] == "auditor"
    assert "role" in body["what"]
    admin.post(path, changed)
    assert len(told(house, officer.user_id)) == 1


def test_who_is_disabled_is_out_at_once_and_can_be_let_in_again(house: Any) -> None:
    admin, trader = house.signed_in("admin"), house.signed_in("trader")
    path = f"/people/{trader.user_id}"
    assert admin.post(f"{path}/disable").status_code == 303
    assert trader.get("/account").status_code == 303
    assert admin.post(f"{path}/enable").status_code == 303
    assert [kind for kind, _ in told(house, trader.user_id)] == [
        "account.disabled",
        "account.changed",
    ]


def test_nobody_locks_themselves_out(house: Any) -> None:
    admin = house.signed_in("admin")
    path = f"/people/{admin.user_id}"
    for answer in (
        admin.post(f"{path}/disable"),
        admin.post(f"{path}/password"),
        admin.post(path, {"role": "trader", "organisation": "", "office": ""}),
    ):
        assert answer.status_code in (409, 422)
        assert "accounts.oneself" in answer.text
    assert told(house, admin.user_id) == []


def test_a_lost_password_is_replaced_by_one_to_hand_over(house: Any) -> None:
    admin, trader = house.signed_in("admin"), house.signed_in("trader")
    answer = admin.post(f"/people/{trader.user_id}/password")
    password = re.search(r"<code>([a-z2-9-]{24})</code>", answer.text)
    assert password is not None
    assert trader.get("/account").status_code == 303
    lane = house.lane
    assert lane.accounts.sign_in(lane.database, "trader", password[1], "192.0.2.1")


def test_people_are_found_paged_and_downloaded(house: Any) -> None:
    admin = house.signed_in("admin")
    lane = house.lane

    def add(tx: Any) -> None:
        for number in range(60):
            lane.accounts.create_user(tx, f"z{number:03}", "=cmd()", role=_officer())

    lane.database.write(add)
    first = admin.get("/people?search=z0")
    assert "z000" in first.text
    assert ">trader<" not in first.text
    more = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert more is not None
    assert "z055" in admin.get(more[1].replace("&amp;", "&")).text
    file = admin.get("/people.csv?search=z0").text.splitlines()
    assert len(file) == 61
    assert "'=cmd()" in file[1]


def _officer() -> Any:
    from tradelane.accounts.model import Role

    return Role.OFFICER


def test_an_organisation_is_made_and_its_declarants_are_its_own(house: Any) -> None:
    admin = house.signed_in("admin")
    given = {"name": "Reef & Sons", "kind": "trader", "declarants": "D9001\nD9002, D9003"}
    assert admin.post("/people/organisations", given).status_code == 303
    with house.lane.database.read() as tx:
        found = {one.name: one for one in house.lane.accounts.organisations(tx)}["Reef & Sons"]
        entries = house.lane.ledger.find(tx, f"organisation/{found.id}")
    assert set(found.declarants) == {"D9001", "D9002", "D9003"}
    assert [stored.entry.kind for stored in entries] == ["organisation.changed"]
    taken = admin.post(
        "/people/organisations", {"name": "Other", "kind": "trader", "declarants": "D9001"}
    )
    assert taken.status_code == 409
    with house.lane.database.read() as tx:
        assert "Other" not in {one.name for one in house.lane.accounts.organisations(tx)}
    page = f"/people/organisations/{found.id}"
    assert admin.post(page, {"declarants": "D9001"}).status_code == 303
    assert admin.get(page).text.count("D9002") == 0


def test_what_is_not_there_is_not_found(house: Any) -> None:
    admin = house.signed_in("admin")
    for path in ("/people/987654", "/people/organisations/987654", "/people/x"):
        assert admin.get(path).status_code == 404
