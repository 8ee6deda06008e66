"""The order of selection: read, foreseen, proposed, agreed to by a second person, and kept."""

from __future__ import annotations

import csv
import io
import re

import pytest

from web_house import House, Visitor


def _form(visitor: Visitor, **changes: str) -> dict[str, str]:
    page = visitor.get("/selection").text
    model = re.findall(r'<option value="(sha256:[0-9a-f]+)"', page)[0]
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen
    form = {
        "budget": "20",
        "random_share": "25",
        "novel_share": "10",
        "balance": "0.5",
        "offices": "PMSEA: 30",
        "model": model,
        "reason": "More officers are on duty this week.",
        "seen": seen[1],
    }
    return form | changes


def _orders(house: House) -> list[str]:
    with house.lane.database.read() as tx:
        return [batch.id for batch in house.lane.declarations.batches(tx)]


def _proposed(visitor: Visitor, form: dict[str, str]) -> tuple[str, str]:
    """The address of a new proposal and the digest that its page shows to a second person."""
    done = visitor.post("/selection", form)
    assert (done.status_code, done.headers["location"]) == (303, "/selection")
    address = re.findall(r'href="(/selection/proposals/\d+)"', visitor.get("/selection").text)[0]
    return address, _digest(visitor, address)


def _digest(visitor: Visitor, address: str) -> str:
    found = re.search(r'name="digest" value="([^"]+)"', visitor.get(address).text)
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("login", "read", "change"),
    [
        ("supervisor", 200, 422),
        ("auditor", 200, 403),
        ("analyst", 403, 403),
        ("officer", 403, 403),
        ("broker", 403, 403),
    ],
)
def test_those_who_oversee_read_the_order_and_supervisors_propose_one(house, login, read, change):
    visitor = house.signed_in(login)
    assert visitor.get("/selection").status_code == read
    assert visitor.get("/api/v1/selection").status_code == read
    assert visitor.post("/selection", {}).status_code == change
    assert visitor.post("/selection/preview", {}).status_code == change
    assert visitor.client.post("/api/v1/selection", json={}).status_code == change


def test_a_preview_says_what_would_have_happened_and_changes_nothing(house):
    visitor = house.signed_in("supervisor")
    before = _orders(house)
    page = visitor.post("/selection/preview", _form(visitor, offices="", balance=""))
    assert page.status_code == 200
    found = re.search(r"Of the last ([\d,]+) lines, ([\d,]+) would have been selected", page.text)
    assert found
    lines, selected = (int(text.replace(",", "")) for text in found.groups())
    assert 0.12 <= selected / lines <= 0.28
    assert "PMSEA" in page.text
    assert _orders(house) == before


def test_an_order_is_in_force_once_a_second_person_agrees_and_the_desk_takes_it_up(house):
    first, second = house.signed_in("supervisor"), house.signed_in("supervisor2")
    form = _form(first)
    address, digest = _proposed(first, form)
    assert digest == ""  # whoever proposed it is offered to withdraw it, not to agree
    before = _orders(house)
    digest = _digest(second, address)
    done = second.post(f"{address}/agree", {"digest": digest})
    assert (done.status_code, done.headers["location"]) == (303, "/selection")
    now = first.get("/api/v1/selection").json()
    assert now["id"] not in before
    shares = ("budget", "random_share", "novel_share", "balance", "offices")
    assert [now[name] for name in shares] == ["0.2", "0.25", "0.1", "0.5", {"PMSEA": "0.3"}]
    assert (now["ordered_by"], now["agreed_by"]) == ("supervisor", "supervisor2")
    assert now["reason"] == form["reason"]
    with house.lane.database.read() as tx:
        [opened] = house.lane.ledger.find(tx, f"batch/{now['id']}", "batch.opened")
        [ranked] = house.lane.ledger.find(tx, f"batch/{now['id']}", "batch.ranked")
        number = address.rpartition("/")[2]
        kinds = [e.entry.kind for e in house.lane.ledger.find(tx, f"proposal/{number}")]
    assert opened.index == now["entry"]
    assert set(ranked.entry.body["offices"]) == {"PMSEA"}
    assert kinds == ["proposal.made", "proposal.agreed"]
    assert house.app.state.desk.intake.batch_id in (now["id"], form["seen"])
    page = first.get("/selection").text
    assert form["reason"] in page
    assert "The demonstration" in page  # the order before it, in the history


def test_nobody_agrees_to_their_own_order_nor_to_another_than_they_saw(house):
    first, second = house.signed_in("supervisor"), house.signed_in("supervisor2")
    address, _ = _proposed(first, _form(first))
    digest = _digest(second, address)
    before = _orders(house)
    own = first.post(f"{address}/agree", {"digest": digest})
    assert "approvals.own" in own.text
    other = second.post(f"{address}/agree", {"digest": "sha256:" + "0" * 64})
    assert "approvals.changed" in other.text
    assert house.signed_in("auditor").post(f"{address}/agree", {}).status_code == 403
    assert _orders(house) == before


def test_a_proposal_is_declined_with_a_reason_or_taken_back(house):
    first, second = house.signed_in("supervisor"), house.signed_in("supervisor2")
    address, _ = _proposed(first, _form(first))
    digest = _digest(second, address)
    assert "approvals.reason_missing" in second.post(f"{address}/decline", {"remark": "no"}).text
    no = second.post(f"{address}/decline", {"remark": "Not while the port is short of staff."})
    assert no.status_code == 303
    assert "short of staff" in first.get(address).text
    assert "approvals.decided" in second.post(f"{address}/agree", {"digest": digest}).text
    another, _ = _proposed(first, _form(first, budget="21"))
    assert "approvals.not_own" in second.post(f"{another}/withdraw").text
    assert first.post(f"{another}/withdraw").status_code == 303
    assert "Withdrawn" in first.get("/selection").text


def test_a_proposal_for_an_order_that_has_ended_cannot_be_agreed_to(house):
    first, second = house.signed_in("supervisor"), house.signed_in("supervisor2")
    form = _form(first)
    late, _ = _proposed(first, form)
    address, _ = _proposed(first, form | {"budget": "10"})
    late_digest = _digest(second, late)
    assert second.post(f"{address}/agree", {"digest": _digest(second, address)}).status_code == 303
    before = _orders(house)
    refused = second.post(f"{late}/agree", {"digest": late_digest})
    assert refused.status_code == 409
    assert "oversight.changed" in refused.text
    assert "can no longer be agreed to" in second.get(late).text
    again = first.post("/selection", form)
    assert (again.status_code, "oversight.changed" in again.text) == (409, True)
    assert _orders(house) == before


def test_a_proposal_that_is_none_of_an_order_is_not_found(house):
    visitor = house.signed_in("supervisor")
    assert visitor.get("/selection/proposals/999999").status_code in (404, 409, 422)


def test_the_orders_are_a_table_to_download(house):
    table = house.signed_in("auditor").get("/selection/orders.csv")
    assert table.headers["content-type"].startswith("text/csv")
    orders = {row["reason"]: row for row in csv.DictReader(io.StringIO(table.text))}
    first = orders["The demonstration's first order."]
    assert (first["ordered_by"], first["agreed_by"]) == ("supervisor", "supervisor2")
    assert house.signed_in("officer").get("/selection/orders.csv").status_code == 403


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"budget": "120"}, "oversight.share"),
        ({"budget": "nan"}, "oversight.share"),
        ({"random_share": ""}, "oversight.share"),
        ({"novel_share": "80"}, "oversight.share"),
        ({"balance": "2"}, "oversight.balance"),
        ({"balance": "much"}, "oversight.balance"),
        ({"offices": "PMSEA"}, "oversight.offices"),
        ({"offices": "PMSEA: 3\nPMSEA: 4"}, "oversight.offices"),
        ({"reason": "short"}, "oversight.reason_missing"),
        ({"model": "sha256:" + "0" * 64}, "oversight.model"),
        ({"model": "../../etc/passwd"}, "oversight.model"),
        ({"challenger": "sha256:" + "0" * 64}, "oversight.model"),
    ],
)
def test_what_cannot_be_ordered_is_said_at_its_field_and_what_was_typed_is_kept(
    house, change, code
):
    visitor = house.signed_in("supervisor")
    form = _form(visitor, **change)
    for path in ("/selection/preview", "/selection"):
        page = visitor.post(path, form)
        assert page.status_code == 422
        assert code in page.text
        assert f'href="#{next(iter(change))}"' in page.text
        assert form["reason"] in page.text


def test_programs_preview_and_propose_orders_and_a_person_agrees(house):
    visitor = house.signed_in("supervisor")
    form = _form(visitor)
    body = {
        **{name: form[name] for name in ("model", "reason", "seen")},
        **{"budget": 0.1, "random_share": 0.2, "offices": {"PMSEA": 0.3}, "preview": True},
    }
    seen = visitor.client.post("/api/v1/selection", json=body)
    assert seen.status_code == 200
    assert set(seen.json()) == {
        *("lines", "selected", "by", "selected_now", "cut_score", "rules_exceed")
    }
    made = visitor.client.post("/api/v1/selection", json={**body, "preview": False})
    assert (made.status_code, made.json()["state"]) == (201, "open")
    second = house.signed_in("supervisor2")
    address = f"/selection/proposals/{made.json()['proposal']}"
    assert second.post(f"{address}/agree", {"digest": made.json()["digest"]}).status_code == 303
    assert visitor.get("/api/v1/selection").json()["budget"] == "0.1"
    again = visitor.client.post("/api/v1/selection", json={**body, "preview": False})
    assert (again.status_code, again.json()["code"]) == (409, "oversight.changed")
    for wrong in ({"budget": True}, {"budget": 2}, {"more": 1}, {"offices": 3}):
        assert visitor.client.post("/api/v1/selection", json=body | wrong).status_code == 422
