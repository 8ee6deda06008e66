"""Declarations over the API: listed, read, amended, withdrawn, proved, answered."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from api_programs import AT, a_declaration, address, an_open_one, principal, program
from tradelane.accounts.model import Scope
from tradelane.ledger.model import Receipt, verify_receipt

HARD = ["A/7", "100%", "%2F", "a b+c", "..%2f..", "ñ/ü/한", "x?y#z", "versions", "..."]


def test_a_list_has_only_your_own_and_each_once_whatever_the_page(house):
    client = program(house, "trader")
    own = principal(house, "trader").declarants
    seen: list[tuple[str, str]] = []
    path: str | None = f"{AT}?limit=2"
    while path is not None:
        answer = client.get(path)
        assert answer.status_code == 200
        seen += [(one["declarant"], one["reference"]) for one in answer.json()["items"]]
        path = answer.links["next"]["url"] if "next" in answer.links else None
        assert (path is None) == (answer.json()["next"] is None)
    assert len(seen) == len(set(seen)) > 4
    assert {declarant for declarant, _ in seen} <= own


def test_a_list_can_be_filtered_by_state_and_reference(house):
    client = program(house, "trader")
    client.post(AT, json=a_declaration(house, "FIND-ME"))
    found = client.get(AT, params={"text": "FIND"}).json()["items"]
    assert [one["reference"] for one in found] == ["FIND-ME"]
    state = found[0]["state"]
    every = client.get(AT, params={"state": state}).json()["items"]
    assert {one["state"] for one in every} == {state}
    assert client.get(AT, params={"state": "lost"}).status_code == 422


@pytest.mark.parametrize("cursor", ["x", "MS4", "MS4tMQ", "ñ", "MS45OTk5OTk5OTk5OTk5OTk5OTk5OTk"])
def test_a_cursor_that_we_did_not_give_is_refused(house, cursor):
    answer = program(house, "trader").get(AT, params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["code"] in ("web.cursor", "web.parameter")


def test_a_cursor_of_another_account_shows_only_your_own(house):
    cursor = program(house, "broker").get(f"{AT}?limit=1").json()["next"]
    found = program(house, "trader").get(AT, params={"cursor": cursor}).json()["items"]
    assert {one["declarant"] for one in found} <= principal(house, "trader").declarants


@pytest.mark.parametrize("reference", HARD)
def test_a_reference_may_hold_any_sign(house, reference):
    client = program(house, "trader")
    declaration = a_declaration(house, reference)
    filed = client.post(AT, json=declaration)
    assert filed.status_code == 201, filed.text
    assert filed.headers["location"] == address(declaration)
    found = client.get(filed.headers["location"])
    assert found.status_code == 200
    assert found.json()["reference"] == reference
    for more in ("versions", "receipts", "messages"):
        assert client.get(address(declaration, more)).status_code == 200


def test_what_is_read_is_what_was_declared_with_what_is_due(house):
    client = program(house, "trader")
    declaration = a_declaration(house, "READ-1")
    filed = client.post(AT, json=declaration).json()
    found = client.get(address(declaration)).json()
    assert found["declared"]["lines"][0]["hs_code"] == "847130"
    for name in ("duty", "tax", "total", "currency", "explanation"):
        assert found["assessed"][0][name] == filed["lines"][0][name]


def test_a_declarant_reads_neither_score_nor_lane_and_an_official_both(house):
    declaration = a_declaration(house, "SECRET-1")
    program(house, "trader").post(AT, json=declaration)
    text = program(house, "trader").get(address(declaration)).text
    for word in ("risk", "score", "probability", "lane", "selected_by", "propensity"):
        assert word not in text
    for login in ("officer2", "auditor"):
        line = program(house, login).get(address(declaration)).json()["assessed"][0]
        assert set(line["risk"]) >= {"probability", "score", "reasons"}
        assert line["lane"]["lane"] in ("red", "yellow", "green")


def test_what_is_not_yours_is_not_there(house):
    declaration = a_declaration(house, "MINE-1")
    program(house, "trader").post(AT, json=declaration)
    nothing = {**declaration, "declaration_id": "NOT-THERE"}
    for login, path in (
        ("broker", address(declaration)),
        ("broker", address(declaration, "receipts")),
        ("trader", address(nothing)),
    ):
        answer = program(house, login).get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "declarations.not_found")
    for verb, body in (
        ("withdrawal", {"reason": "x"}),
        ("messages", {"answers": 1, "text": "x"}),
        ("amendments", {"declaration": declaration, "reason": "x"}),
    ):
        answer = program(house, "broker").post(address(declaration, verb), json=body)
        assert answer.status_code == 404


def test_an_officer_of_one_office_reads_that_office_only(house):
    here, elsewhere = a_declaration(house, "HERE"), a_declaration(house, "ELSEWHERE")
    elsewhere["office"] = "PMAIR"
    trader, officer = program(house, "trader"), program(house, "officer")
    for one in (here, elsewhere):
        assert trader.post(AT, json=one).status_code == 201
    assert officer.get(address(here)).status_code == 200
    assert officer.get(address(elsewhere)).status_code == 404


def test_a_token_without_the_scope_is_refused(house):
    client = program(house, "trader", Scope.EVENTS_READ)
    assert client.get(AT).status_code == 403
    assert client.post(AT, json={}).status_code == 403


def test_an_amendment_makes_a_new_version_and_keeps_the_old(house):
    client = program(house, "trader")
    declaration = an_open_one(house, client)
    declaration["lines"][0]["net_mass_kg"] = "61.5"
    body = {"declaration": declaration, "reason": "Weighed again."}
    key = {"idempotency-key": str(uuid.uuid4())}
    done = client.post(address(declaration, "amendments"), json=body, headers=key)
    assert done.status_code == 201, done.text
    assert done.json()["version"] == 2
    again = client.post(address(declaration, "amendments"), json=body, headers=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == done.json()
    unchanged = client.post(address(declaration, "amendments"), json=body)
    assert (unchanged.status_code, unchanged.json()["code"]) == (409, "declarations.unchanged")
    versions = client.get(address(declaration, "versions")).json()["items"]
    assert [one["version"] for one in versions] == [2, 1]
    assert versions[1]["state"] == "amended"


def test_an_amendment_is_of_the_declaration_in_the_address(house):
    client = program(house, "trader")
    declaration = an_open_one(house, client)
    other = {**declaration, "declaration_id": "ANOTHER"}
    body = {"declaration": other, "reason": "A slip."}
    answer = client.post(address(declaration, "amendments"), json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "web.other_declaration")


def test_a_declaration_is_withdrawn_once(house):
    client = program(house, "trader")
    declaration = an_open_one(house, client)
    body = {"reason": "Not shipped."}
    done = client.post(address(declaration, "withdrawal"), json=body)
    assert (done.status_code, done.json()["state"]) == (200, "cancelled")
    again = client.post(address(declaration, "withdrawal"), json=body)
    assert (again.status_code, again.json()["code"]) == (409, "declarations.transition")


def test_receipts_prove_what_happened_and_show_no_secret(house):
    client = program(house, "trader")
    declaration = an_open_one(house, client)
    client.post(address(declaration, "withdrawal"), json={"reason": "Not shipped."})
    found = client.get(address(declaration, "receipts")).json()["items"]
    kinds = []
    for item in found:
        checked = verify_receipt(Receipt.from_dict(item), house.lane.ledger.verifier_key)
        kinds.append(checked.entry.kind)
        for word in ("selected_by", "officer", '"by"', '"lane"', "probability"):
            assert word not in item["entry"]
    assert kinds == ["declaration.received", "duty.assessed", "declaration.cancelled"]
    everything = program(house, "auditor").get(address(declaration, "receipts")).json()["items"]
    assert len(everything) > len(found)
    first = client.get(address(declaration, "receipts"), params={"limit": 1})
    second = client.get(first.links["next"]["url"]).json()["items"]
    assert [first.json()["items"][0], second[0]] == found[:2]


def test_a_question_is_answered_once_it_is_asked(house):
    from tradelane.inspections.model import CaseFilter, Decision
    from tradelane.journeys.casework import Officer, Ruling, decide

    client = program(house, "trader")
    declaration = an_open_one(house, client)
    key = (declaration["declarant"], declaration["declaration_id"])
    lane = house.lane
    with lane.database.read() as tx:
        cases = lane.inspections.queue(tx, CaseFilter(), limit=500)
        [case] = [c for c in _cases(cases) if (c.declarant, c.reference) == key]
    officer = Officer(principal(house, "officer2").user_id, "officer2")
    ruling = Ruling(Decision.REFER, case.revision, "The invoice is unclear.", "Which invoice?")
    decide(lane, case.id, ruling, officer)
    [asked] = client.get(address(declaration, "messages")).json()["items"]
    assert (asked["from"], asked["awaits_answer"]) == ("Customs", True)
    body = {"answers": asked["id"], "text": "Number 4711."}
    other = a_declaration(house, "OTHER-1")
    client.post(AT, json=other)
    assert client.post(address(other, "messages"), json=body).status_code == 404
    sent = client.post(address(declaration, "messages"), json=body)
    assert (sent.status_code, sent.json()["kind"]) == (201, "answer")
    thread = client.get(address(declaration, "messages")).json()["items"]
    assert [one["kind"] for one in thread] == ["question", "answer"]
    assert "officer2" not in client.get(address(declaration, "messages")).text


def _cases(found: Any) -> Any:
    return getattr(found, "cases", found)


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 422, "web.json"),
        (b"[]", 422, "web.json"),
        (b"\xff", 422, "web.json"),
        (b'{"reason":' + b"[" * 900 + b"]" * 900 + b"}", 422, "web.json"),
        (b'{"reason":"' + b"x" * 70_000 + b'"}', 413, "web.body_too_large"),
        (b'{"reason":7}', 422, "web.field"),
        (b'{"reason":"a\\u0000b"}', 422, "web.field"),
        (b'{"reason":"x","and":"y"}', 422, "web.field"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem_with_a_code(house, content, status, code):
    client = program(house, "trader")
    headers = {"content-type": "application/json"}
    answer = client.post(f"{AT}/D1/R1/withdrawal", content=content, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_other_errors_of_http_are_problems_too(house):
    client = program(house, "trader")
    for method, path, status in (
        ("GET", "/api/v1/nothing", 404),
        ("DELETE", AT, 405),
        ("PUT", f"{AT}/a/b", 405),
        ("POST", f"{AT}/a/b/withdrawal", 415),
    ):
        answer = client.request(method, path, content=b"{}")
        assert answer.status_code == status, (method, path)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status


def test_another_site_cannot_use_somebodys_session(house):
    browser = house.signed_in("trader").client
    path = f"{AT}/D1/R1/withdrawal"
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        answer = browser.post(path, json={"reason": "x"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "web.other_site")
    assert browser.post(path, json={"reason": "x"}).status_code == 404
