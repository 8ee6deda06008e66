"""Signing in and out in a browser."""

from __future__ import annotations

import re
from typing import Any

import pyotp
import pytest

from tradelane.journeys.demonstration import PASSWORD


def secret_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def send(client: Any, page: str, path: str, **fields: str) -> Any:
    """Open a page and send a form of it, as a browser does."""
    csrf = secret_of(client.get(page).text)
    return client.post(path, data={"csrf": csrf, **fields})


def sign_in(client: Any, login: str = "trader", password: str = PASSWORD, **fields: str) -> Any:
    return send(client, "/sign-in", "/sign-in", login=login, password=password, **fields)


def test_who_signs_in_comes_to_their_work(house: Any) -> None:
    for login, home in (("trader", "/declarations"), ("officer", "/queue"), ("admin", "/people")):
        client = house.visitor()
        answer = sign_in(client, login)
        assert (answer.status_code, answer.headers["location"]) == (303, home)
        assert client.get("/").headers["location"] == home


def test_who_was_sent_to_sign_in_is_brought_back(house: Any) -> None:
    client = house.visitor()
    sent = client.get("/people?search=o")
    assert sent.headers["location"] == "/sign-in?return_to=/people%3Fsearch%3Do"
    page = client.get(sent.headers["location"])
    assert 'value="/people?search=o"' in page.text
    answer = sign_in(client, "admin", return_to="/people?search=o")
    assert answer.headers["location"] == "/people?search=o"


def test_the_cookie_is_kept_from_scripts_and_other_sites(house: Any) -> None:
    cookie = next(
        value
        for name, value in sign_in(house.visitor()).headers.multi_items()
        if name == "set-cookie" and value.startswith("tradelane=")
    )
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert parts == {"httponly", "path=/", "samesite=lax"}


def test_over_https_the_cookie_is_secure_and_this_hosts_alone(
    house: Any, administration_home: Any
) -> None:
    from starlette.testclient import TestClient

    from tradelane.web.app import create_app
    from tradelane.web.settings import Settings

    app = create_app(house.lane, Settings(public_url="https://customs.example"))
    client = TestClient(app, base_url="https://customs.example", follow_redirects=False)
    answer = sign_in(client)
    cookies = [v for n, v in answer.headers.multi_items() if n == "set-cookie"]
    assert any(c.startswith("__Host-tradelane=") for c in cookies)
    assert all("secure" in c.lower() for c in cookies)
    assert answer.headers["strict-transport-security"]


def test_a_session_that_somebody_planted_is_not_gone_on_with(house: Any) -> None:
    client, thief = house.visitor(), house.signed_in("trader")
    planted = thief.client.cookies["tradelane"]
    client.cookies.set("tradelane", planted)
    answer = client.post(
        "/sign-in", data={"csrf": thief.csrf, "login": "officer", "password": PASSWORD}
    )
    assert answer.status_code == 303
    assert answer.cookies["tradelane"] != planted
    assert thief.get("/account").status_code == 303


def test_signing_out_ends_the_session_everywhere_the_cookie_is(house: Any) -> None:
    client = house.visitor()
    sign_in(client)
    kept = client.cookies["tradelane"]
    answer = send(client, "/account", "/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "tradelane" not in client.cookies
    again = house.visitor()
    again.cookies.set("tradelane", kept)
    assert again.get("/account").status_code == 303


def test_every_failure_is_told_in_the_same_words(house: Any) -> None:
    lane = house.lane
    with lane.database.read() as tx:
        user = lane.accounts.find_user(tx, "analyst")
    lane.database.write(lambda tx: lane.accounts.disable_user(tx, user.id))
    said = set()
    for login, password in (
        ("trader", "wrong"),
        ("nobody", PASSWORD),
        ("no body\x00", PASSWORD),
        ("analyst", PASSWORD),
        ("", ""),
    ):
        answer = sign_in(house.visitor(), login, password)
        assert answer.status_code == 422
        found = re.search(r'<div class="errors".*?</div>', answer.text, re.DOTALL)
        assert found is not None
        said.add(found[0])
    assert len(said) == 1


def test_what_was_typed_is_kept_but_for_the_password(house: Any) -> None:
    answer = sign_in(house.visitor(), 'x"><b>', "hunter2-hunter2")
    assert "x&#34;&gt;&lt;b&gt;" in answer.text
    assert "hunter2" not in answer.text


def test_many_failures_have_to_wait_and_are_told_how_long(house: Any) -> None:
    client = house.visitor()
    for _ in range(30):
        answer = sign_in(client, "officer", "wrong")
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    seconds = int(answer.headers["retry-after"])
    assert seconds > 0
    assert f"{seconds} seconds" in answer.text
    assert sign_in(client, "officer").status_code == 429


def test_the_second_factor_stands_before_everything(house: Any) -> None:
    lane = house.lane
    with lane.database.read() as tx:
        user = lane.accounts.find_user(tx, "officer")
    offer = lane.database.write(lambda tx: lane.accounts.begin_second_factor(tx, user.id))
    app = pyotp.TOTP(offer.secret)
    codes = lane.database.write(
        lambda tx: lane.accounts.confirm_second_factor(tx, user.id, app.at(lane.clock.now()))
    )
    client = house.visitor()
    answer = sign_in(client, "officer", return_to="/queue?lane=red")
    assert answer.headers["location"].startswith("/sign-in/code?return_to=/queue")
    half = client.cookies["tradelane"]
    for path in ("/queue", "/account", "/api/v1/cases"):
        assert client.get(path).status_code in (303, 401)
    page = "/sign-in/code"
    assert send(client, page, page, code="000000").status_code == 422
    answer = send(client, page, page, code=codes[0], return_to="/queue?lane=red")
    assert answer.headers["location"] == "/queue?lane=red"
    assert client.cookies["tradelane"] != half
    assert client.get("/account").status_code == 200
    other = house.visitor()
    other.cookies.set("tradelane", half)
    assert other.get("/account").status_code == 303


def test_the_demonstrations_people_are_shown_only_in_a_demonstration(house: Any) -> None:
    page = house.visitor().get("/sign-in").text
    assert PASSWORD in page
    assert "demonstration" in page
    lane = house.lane
    with lane.database.read() as tx:
        for user in lane.accounts.users(tx, limit=500):
            lane.database.write(lambda tx, u=user: lane.accounts.disable_user(tx, u.id))
    assert "supervisor" not in house.visitor().get("/sign-in").text


@pytest.mark.parametrize(
    ("field", "kind"), [("login", "username"), ("password", "current-password")]
)
def test_password_managers_are_welcome(house: Any, field: str, kind: str) -> None:
    page = house.visitor().get("/sign-in").text
    assert re.search(rf'name="{field}"[^>]*autocomplete="{kind}"', page)
    assert "onpaste" not in page


def test_language_and_colours_are_kept_in_browser_and_account(house: Any) -> None:
    client = house.visitor()
    answer = send(client, "/", "/preferences", locale="es", theme="dark", return_to="/verify")
    assert answer.headers["location"] == "/verify"
    assert '<html lang="es"' in client.get("/").text
    assert 'data-theme="dark"' in client.get("/").text
    person = house.signed_in("trader")
    person.post("/preferences", {"locale": "ko", "theme": ""})
    fresh = house.signed_in("trader")
    assert '<html lang="ko"' in fresh.get("/account").text
    assert person.post("/preferences", {"locale": "xx", "theme": "pink"}).status_code == 303
