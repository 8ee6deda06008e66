"""A case on one page and over the API: seen, decided, inspected; by whoever may, and only once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tradelane.accounts.model import Scope
from tradelane.inspections.model import Case, CaseFilter, CaseState, StepKind
from tradelane.journeys import entries
from web_house import House, Visitor

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
REASON = "The invoice explains the price."


@pytest.fixture
def waiting(house: House) -> list[Case]:
    """Real cases of the office PMSEA, undecided, the best first."""
    house.file_more(24, office="PMSEA")
    with house.lane.database.read() as tx:
        wanted = CaseFilter(states=(CaseState.OPEN,), office="PMSEA", lane="red")
        return list(house.lane.inspections.queue(tx, wanted, None, 50).cases)


def now(house: House, case: Case) -> Case:
    """The case as it is kept now."""
    with house.lane.database.read() as tx:
        return house.lane.inspections.get(tx, case.id)


def hidden(page: str, name: str) -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, f"no {name} on the page"
    return found[1]


def opened(visitor: Visitor, case: Case) -> dict[str, str]:
    """Open the case's page; what its form carries."""
    page = visitor.get(f"/cases/{case.id}").text
    return {name: hidden(page, name) for name in ("revision", "seen")}


def decide(visitor: Visitor, case: Case, **typed: str) -> Any:
    """Open the case's page and send its form."""
    return visitor.post(f"/cases/{case.id}/decide", {**opened(visitor, case), **typed})


# ---------------------------------------------------------------- the page


def test_one_page_has_everything_that_is_known_of_a_case(house: House, waiting: list[Case]) -> None:
    page = house.signed_in("officer").get(f"/cases/{waiting[0].id}")
    lane = house.lane
    with lane.database.read() as tx:
        [kept] = lane.declarations.find_by_reference(tx, waiting[0].reference)
        subject = f"{waiting[0].declarant}/{waiting[0].reference}/1"
        [scored] = lane.ledger.find(tx, subject, entries.SCORED)
    assert page.status_code == 200
    assert len(page.content) < 60_000
    for code, sentence in scored.entry.body["reasons"]:
        assert code == "NONE" or sentence.replace("'", "&#39;") in page.text
    for told in (
        kept.declaration.lines[0].description,
        kept.declaration.seller,
        "Probability of an error",
        "To pay:",
        "Comparable lines",
        'class="chart"',
        "Recommended: Inspect.",
        "Assessed, scored and routed",
        "The importer so far",
    ):
        assert told in page.text


def test_the_page_compares_with_lines_of_months_before_and_says_where_the_price_lies(
    house: House, waiting: list[Case]
) -> None:
    officer = house.signed_in("officer")
    told = [officer.get(f"/cases/{case.id}").text for case in waiting[:4]]
    assert all("1 Oct 2026" in page for page in told)
    assert any("middle half" in page for page in told)


def test_an_auditor_reads_a_case_and_leaves_no_trace(house: House, waiting: list[Case]) -> None:
    auditor = house.signed_in("auditor")
    page = auditor.get(f"/cases/{waiting[0].id}")
    assert page.status_code == 200
    assert 'action="/cases' not in page.text
    assert now(house, waiting[0]).opened_by is None
    assert (
        auditor.post(f"/cases/{waiting[0].id}/decide", {"decision": "release"}).status_code == 403
    )


def test_the_second_officer_is_told_who_has_the_case_open(
    house: House, waiting: list[Case]
) -> None:
    house.signed_in("officer").get(f"/cases/{waiting[0].id}")
    page = house.signed_in("officer2").get(f"/cases/{waiting[0].id}").text
    assert "officer has this case open" in page


# ---------------------------------------------------------------- deciding


def test_a_decision_is_kept_in_case_declaration_and_ledger_and_leads_to_the_next(
    house: House, waiting: list[Case]
) -> None:
    officer = house.signed_in("officer")
    answer = decide(officer, waiting[0], decision="inspect", **{"from": "lane=red&evil=1"})
    assert answer.headers["location"] == f"/cases/{waiting[0].id}?from=lane%3Dred"
    case = now(house, waiting[0])
    assert case.state is CaseState.INSPECTING
    with house.lane.database.read() as tx:
        [step] = house.lane.inspections.steps(tx, case.id)
        subject = f"{case.declarant}/{case.reference}"
        [entry] = house.lane.ledger.find(tx, subject, entries.CASE_DECIDED)
    assert step.opened_page
    assert entry.entry.body["officer"] == "officer"
    page = officer.get(answer.headers["location"]).text
    assert "The decision is recorded." in page
    assert f"/queue/next?lane=red&amp;skip={case.id}" in page


def test_whoever_wants_to_go_on_goes_on(house: House, waiting: list[Case]) -> None:
    officer = house.signed_in("officer")
    answer = decide(officer, waiting[0], decision="inspect", go_on="1", **{"from": "lane=red"})
    following = officer.get(answer.headers["location"]).headers["location"]
    assert following == f"/cases/{waiting[1].id}?from=lane%3Dred&go_on=1"
    assert 'value="1" checked' in officer.get(following).text


def test_against_the_recommendation_a_reason_is_needed_and_what_was_typed_stays(
    house: House, waiting: list[Case]
) -> None:
    officer = house.signed_in("officer")
    answer = decide(officer, waiting[0], decision="release", reason="short")
    assert answer.status_code == 422
    assert 'id="reason-error"' in answer.text
    assert "short</textarea>" in answer.text
    assert re.search(r'value="release"[^>]* checked', answer.text)
    assert now(house, waiting[0]).state is CaseState.OPEN
    assert decide(officer, waiting[0], decision="release", reason=REASON).status_code == 303
    assert now(house, waiting[0]).state is CaseState.RELEASED


def test_of_two_officers_the_second_reads_who_decided_what_and_keeps_what_was_typed(
    house: House, waiting: list[Case]
) -> None:
    one, two = house.signed_in("officer"), house.signed_in("officer2")
    seen = opened(two, waiting[0])
    assert decide(one, waiting[0], decision="hold", reason="Papers are missing.").status_code == 303
    late = {**seen, "decision": "release", "reason": REASON}
    answer = two.post(f"/cases/{waiting[0].id}/decide", late)
    assert answer.status_code == 409
    assert "officer decided this case on" in answer.text
    assert f"{REASON}</textarea>" in answer.text
    assert now(house, waiting[0]).state is CaseState.HELD
    again = {name: hidden(answer.text, name) for name in ("revision", "seen")}
    late |= again
    assert two.post(f"/cases/{waiting[0].id}/decide", late).status_code == 303


def test_a_ready_made_message_is_put_in_and_sent_with_its_deadline(
    house: House, waiting: list[Case]
) -> None:
    officer = house.signed_in("officer")
    typed = {**opened(officer, waiting[0]), "reason": "We ask before we open anything."}
    page = officer.post(
        f"/cases/{waiting[0].id}/decide", {**typed, "phrase": "origin", "insert_phrase": "1"}
    )
    assert page.status_code == 200
    assert "certificate or statement of origin" in page.text
    assert "We ask before we open anything." in page.text
    assert now(house, waiting[0]).state is CaseState.OPEN
    typed |= {
        "decision": "refer",
        "message": "Please send the certificate of origin.",
        "deadline": hidden(page.text.replace('type="date" ', ""), "deadline"),
    }
    assert officer.post(f"/cases/{waiting[0].id}/decide", typed).status_code == 303
    case = now(house, waiting[0])
    assert case.state is CaseState.REFERRED
    assert case.deadline is not None
    assert "certificate of origin" in officer.get(f"/cases/{case.id}").text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({}, "decision"),
        ({"decision": "explode"}, "decision"),
        ({"decision": "refer", "reason": REASON}, "message"),
        ({"decision": "refer", "reason": REASON, "message": "?", "deadline": "soon"}, "deadline"),
        (
            {"decision": "refer", "reason": REASON, "message": "?", "deadline": "2020-01-01"},
            "deadline",
        ),
    ],
)
def test_what_is_wrong_with_a_decision_is_said_at_its_field(
    house: House, waiting: list[Case], typed: dict[str, str], field: str
) -> None:
    answer = decide(house.signed_in("officer"), waiting[0], **typed)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_a_form_that_does_not_come_from_the_page_says_so_in_the_ledger(
    house: House, waiting: list[Case]
) -> None:
    officer = house.signed_in("officer")
    officer.post(f"/cases/{waiting[0].id}/decide", {"revision": "0", "decision": "inspect"})
    with house.lane.database.read() as tx:
        [step] = house.lane.inspections.steps(tx, waiting[0].id)
    assert not step.opened_page
    assert "Decided without opening the page." in officer.get(f"/cases/{waiting[0].id}").text


def test_how_long_a_page_was_open_is_kept_and_cannot_be_made_up(
    house: House, waiting: list[Case]
) -> None:
    officer = house.signed_in("officer")
    form = opened(officer, waiting[0])
    at, proof = form["seen"].split(".")
    refused = officer.post(f"/cases/{waiting[0].id}/decide", {**form, "decision": ""})
    assert hidden(refused.text, "seen") == form["seen"]  # read since it was first opened
    earlier = {**form, "seen": f"{int(at) - 600}.{proof}", "decision": "inspect"}
    officer.post(f"/cases/{waiting[0].id}/decide", earlier)
    decide(officer, waiting[1], decision="inspect")
    with house.lane.database.read() as tx:
        [forged] = house.lane.inspections.steps(tx, waiting[0].id)
        [honest] = house.lane.inspections.steps(tx, waiting[1].id)
        entries_of = house.lane.ledger.find(
            tx, f"{waiting[1].declarant}/{waiting[1].reference}", entries.CASE_DECIDED
        )
    assert (forged.opened_page, forged.read_seconds) == (False, None)
    assert honest.opened_page
    assert honest.read_seconds is not None
    assert 0 <= honest.read_seconds < 60
    assert "read_seconds" not in entries_of[0].entry.body


# ---------------------------------------------------------------- offices


def test_another_offices_case_is_as_if_it_were_not_there(house: House, waiting: list[Case]) -> None:
    house.file_more(24, office="PMAIR", prefix="AIR")
    with house.lane.database.read() as tx:
        wanted = CaseFilter(office="PMAIR")
        other = house.lane.inspections.queue(tx, wanted, None, 1).cases[0]
    house.lane.database.write(
        lambda tx: house.lane.inspections.add_evidence(tx, other.id, "a.png", PNG, 1)
    )
    officer = house.signed_in("officer")
    program = house.token("officer", Scope.CASES_READ, Scope.CASES_DECIDE)
    tries: list[Callable[[int], Any]] = [
        lambda case: officer.get(f"/cases/{case}"),
        lambda case: officer.get(f"/cases/{case}/findings"),
        lambda case: officer.get(f"/cases/{case}/evidence/1"),
        lambda case: officer.post(
            f"/cases/{case}/decide", {"revision": "0", "decision": "inspect"}
        ),
        lambda case: officer.post(f"/cases/{case}/assignment", {"to": "me"}),
        lambda case: officer.post(f"/cases/{case}/evidence", files={"files": ("a.png", PNG)}),
        lambda case: officer.post(f"/cases/{case}/findings", {"revision": "0"}),
        lambda case: program.get(f"/api/v1/cases/{case}"),
        lambda case: program.get(f"/api/v1/cases/{case}/evidence/1"),
        lambda case: program.post(f"/api/v1/cases/{case}/take"),
        lambda case: program.post(
            f"/api/v1/cases/{case}/decisions", json={"revision": 0, "decision": "inspect"}
        ),
        lambda case: program.post(
            f"/api/v1/cases/{case}/findings",
            json={"revision": 0, "findings": [{"line": 1, "result": "conform"}]},
        ),
        lambda case: program.post(f"/api/v1/cases/{case}/assignment", json={"to": "me"}),
        lambda case: program.post(
            f"/api/v1/cases/{case}/evidence", files={"files": ("a.png", PNG)}
        ),
    ]
    for attempt in tries:
        assert attempt(other.id).status_code == 404
        assert attempt(999_999).status_code == 404
    case = now(house, other)
    assert (case.state, case.opened_by, case.assigned_to) == (CaseState.OPEN, None, None)


def test_a_file_is_not_found_under_another_case(house: House, waiting: list[Case]) -> None:
    lane = house.lane
    kept = lane.database.write(
        lambda tx: lane.inspections.add_evidence(tx, waiting[1].id, "a.png", PNG, 1)
    )
    officer = house.signed_in("officer")
    assert officer.get(f"/cases/{waiting[1].id}/evidence/{kept.id}").status_code == 200
    assert officer.get(f"/cases/{waiting[0].id}/evidence/{kept.id}").status_code == 404


# ---------------------------------------------------------------- findings and evidence


def inspecting(house: House, case: Case) -> Visitor:
    """An officer who has decided to inspect the case."""
    officer = house.signed_in("officer")
    assert decide(officer, case, decision="inspect").status_code == 303
    return officer


def test_findings_are_recorded_with_their_files_and_become_labels(
    house: House, waiting: list[Case]
) -> None:
    officer = inspecting(house, waiting[0])
    path = f"/cases/{waiting[0].id}/findings"
    page = officer.get(path).text
    assert "is a label" in page
    typed = {
        "revision": hidden(page, "revision"),
        "findings-1-result": "wrong",
        "findings-1-discrepancy": "undervaluation",
        "findings-1-revenue_recovered": "1250.50",
        "findings-1-note": "The invoice says more.",
    }
    answer = officer.post(path, typed, files=[("files", ("scan.png", PNG))])
    assert answer.headers["location"] == f"/cases/{waiting[0].id}"
    lane = house.lane
    with lane.database.read() as tx:
        [file] = lane.inspections.evidence(tx, waiting[0].id)
        subject = f"{waiting[0].declarant}/{waiting[0].reference}"
        [entry] = lane.ledger.find(tx, subject, entries.INSPECTION_FOUND)
        labels = {
            outcome.fraud
            for declarant, reference, *_, outcome in lane.inspections.outcomes(tx)
            if (declarant, reference) == (waiting[0].declarant, waiting[0].reference)
        }
    assert entry.entry.body["evidence"] == [file.digest]
    assert labels == {True}
    case_page = officer.get(f"/cases/{waiting[0].id}").text
    assert "Undervaluation" in case_page
    assert decide(officer, waiting[0], decision="release", reason=REASON).status_code == 303


def test_findings_that_cannot_be_kept_are_said_at_their_fields_and_stay_typed(
    house: House, waiting: list[Case]
) -> None:
    officer = inspecting(house, waiting[0])
    path = f"/cases/{waiting[0].id}/findings"
    typed = {
        "revision": hidden(officer.get(path).text, "revision"),
        "findings-1-result": "wrong",
        "findings-1-note": "A note of mine.",
    }
    answer = officer.post(path, {**typed, "findings-1-revenue_recovered": "many"})
    assert 'id="findings-1-revenue_recovered-error"' in answer.text
    answer = officer.post(path, {**typed, "findings-1-hs_code": "84"})
    assert answer.status_code == 422
    for field in ("discrepancy", "hs_code"):
        assert f'id="findings-1-{field}-error"' in answer.text
    assert "A note of mine.</textarea>" in answer.text
    assert now(house, waiting[0]).found_at is None


def test_findings_need_an_inspection(house: House, waiting: list[Case]) -> None:
    officer = house.signed_in("officer")
    assert officer.get(f"/cases/{waiting[0].id}/findings").status_code == 409


def test_only_the_files_can_be_kept_first_and_what_was_typed_stays(
    house: House, waiting: list[Case]
) -> None:
    officer = inspecting(house, waiting[0])
    path = f"/cases/{waiting[0].id}/findings"
    typed = {"revision": "1", "findings-1-result": "conform", "findings-1-note": "Not done yet."}
    answer = officer.post(path, {**typed, "only_files": "1"}, files={"files": ("a.png", PNG)})
    assert answer.status_code == 200
    assert "Not done yet.</textarea>" in answer.text
    assert "a.png" in answer.text
    with house.lane.database.read() as tx:
        steps = house.lane.inspections.steps(tx, waiting[0].id)
    assert all(step.kind is StepKind.DECIDED for step in steps)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("photo.png", b"<html><script>alert(1)</script></html>", "evidence_type"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>", "evidence_type"),
        ("page.html", b"<html></html>", "evidence_type"),
        ("note.txt", b"<svg onload=alert(1)>", "evidence_type"),
        ("big.png", PNG + b"0" * (5 << 20), "evidence_size"),
        ("empty.png", b"", "evidence_size"),
        ("run.pdf", b"%PDF-1.7 /JavaScript", "evidence_unsafe"),
        ("archive.zip", b"PK\x03\x04", "evidence_type"),
    ],
)
def test_what_is_no_evidence_is_refused_at_the_field(
    house: House, waiting: list[Case], name: str, data: bytes, code: str
) -> None:
    officer = house.signed_in("officer")
    answer = officer.post(f"/cases/{waiting[0].id}/evidence", files={"files": (name, data)})
    assert answer.status_code == 422
    assert f"inspections.{code}" in answer.text
    assert 'id="files-error"' in answer.text
    with house.lane.database.read() as tx:
        assert house.lane.inspections.evidence(tx, waiting[0].id) == []


def test_a_file_is_downloaded_and_never_shown_whatever_its_name(
    house: House, waiting: list[Case]
) -> None:
    officer = house.signed_in("officer")
    name = '../../etc/in"voice\u202e\u00e9.png'
    officer.post(f"/cases/{waiting[0].id}/evidence", files={"files": (name, PNG)})
    with house.lane.database.read() as tx:
        [kept] = house.lane.inspections.evidence(tx, waiting[0].id)
    assert "/" not in kept.name
    answer = officer.get(f"/cases/{waiting[0].id}/evidence/{kept.id}")
    assert answer.content == PNG
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert answer.headers["content-disposition"].isascii()
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_without_a_chosen_file_the_field_says_so(house: House, waiting: list[Case]) -> None:
    answer = house.signed_in("officer").post(f"/cases/{waiting[0].id}/evidence")
    assert answer.status_code == 422
    assert "No file was chosen." in answer.text


# ---------------------------------------------------------------- on whose desk


def test_an_officer_takes_a_case_and_gives_it_back_but_not_to_others(
    house: House, waiting: list[Case]
) -> None:
    officer = house.signed_in("officer")
    path = f"/cases/{waiting[0].id}/assignment"
    assert officer.post(path, {"to": "me"}).status_code == 303
    assert now(house, waiting[0]).assigned_to == officer.user_id
    assert "Yours." in officer.get(f"/cases/{waiting[0].id}").text
    assert officer.post(path, {"to": "officer2"}).status_code == 403
    assert officer.post(path, {"to": ""}).status_code == 303
    assert now(house, waiting[0]).assigned_to is None


def test_a_supervisor_gives_a_case_to_any_officer_who_would_see_it(
    house: House, waiting: list[Case]
) -> None:
    supervisor, officer = house.signed_in("supervisor"), house.signed_in("officer")
    path = f"/cases/{waiting[0].id}/assignment"
    assert supervisor.post(path, {"to": "officer"}).status_code == 303
    assert now(house, waiting[0]).assigned_to == officer.user_id
    assert supervisor.post(path, {"to": "trader"}).status_code == 422
    assert house.signed_in("officer2").post(path, {"to": ""}).status_code == 403


# ---------------------------------------------------------------- the API


def test_a_program_reads_takes_decides_and_records(house: House, waiting: list[Case]) -> None:
    program = house.token("officer", Scope.CASES_READ, Scope.CASES_DECIDE)
    path = f"/api/v1/cases/{waiting[0].id}"
    case = program.get(path).json()
    assert case["allowed"] == ["release", "inspect", "refer", "hold"]
    assert case["decisions"][0]["scored"]["reasons"]
    assert case["declaration"]["reference"] == waiting[0].reference
    assert now(house, waiting[0]).opened_by is None
    assert program.post(f"{path}/take").status_code == 200
    asked = {"decision": "inspect", "revision": case["revision"]}
    key = {"idempotency-key": "inspect-it-once"}
    done = program.post(f"{path}/decisions", json=asked, headers=key)
    assert done.status_code == 201
    assert done.json()["opened_page"] is True
    again = program.post(f"{path}/decisions", json=asked, headers=key)
    assert again.json() == done.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert program.post(f"{path}/decisions", json=asked).json()["code"] == "inspections.changed"
    kept = program.post(f"{path}/evidence", files={"files": ("a.png", PNG)})
    assert kept.status_code == 201
    assert program.get(kept.json()["items"][0]["href"]).content == PNG
    findings = [
        {
            "line": 1,
            "result": "wrong",
            "discrepancy": "origin",
            "revenue_recovered": "12.50",
            "currency": "XMD",
        }
    ]
    found = program.post(f"{path}/findings", json={"revision": 1, "findings": findings})
    assert found.status_code == 201
    assert program.get(path).json()["findings"][0]["discrepancy"] == "origin"
    assert program.post(f"{path}/assignment", json={"to": "me"}).json()["assigned_to"] == "officer"


@pytest.mark.parametrize(
    ("path", "given", "pointer"),
    [
        ("decisions", {"decision": "inspect"}, "/revision"),
        ("decisions", {"decision": "explode", "revision": 0}, "/decision"),
        ("decisions", {"decision": "release", "revision": 0}, "/reason"),
        ("decisions", {"decision": "inspect", "revision": True}, "/revision"),
        ("decisions", {"decision": "inspect", "revision": 0, "why": "x"}, "/why"),
        ("findings", {"revision": 0, "findings": "all"}, "/findings"),
        ("findings", {"revision": 0, "findings": [{"line": 1}]}, "/findings/0/result"),
        (
            "findings",
            {
                "revision": 0,
                "findings": [{"line": 1, "result": "wrong", "revenue_recovered": "NaN?"}],
            },
            "/findings/0/revenue_recovered",
        ),
    ],
)
def test_what_is_wrong_with_a_request_is_pointed_at(
    house: House, waiting: list[Case], path: str, given: dict[str, Any], pointer: str
) -> None:
    program = house.token("officer", Scope.CASES_DECIDE)
    answer = program.post(f"/api/v1/cases/{waiting[0].id}/{path}", json=given)
    assert answer.status_code == 422
    assert pointer in [problem.get("pointer") for problem in answer.json()["errors"]]


def test_a_token_that_only_reads_decides_nothing(house: House, waiting: list[Case]) -> None:
    program = house.token("officer", Scope.CASES_READ)
    path = f"/api/v1/cases/{waiting[0].id}"
    asked = {"decision": "inspect", "revision": 0}
    assert program.get(path).status_code == 200
    assert program.post(f"{path}/decisions", json=asked).status_code == 403
    assert program.post(f"{path}/take").status_code == 403


def test_a_declarants_answer_is_announced_in_the_queue_until_it_is_read(
    house: House, waiting: list[Case]
) -> None:
    officer = house.signed_in("officer")
    typed = {"decision": "refer", "reason": REASON, "message": "Please send the invoice."}
    assert decide(officer, waiting[0], **typed).status_code == 303
    lane = house.lane
    with lane.database.read() as tx:
        [asked] = lane.correspondence.thread(tx, waiting[0].declarant, waiting[0].reference)
    lane.database.write(
        lambda tx: lane.correspondence.answer(
            tx,
            asked.id,
            "Here it is.",
            author_id=1,
            author_name="t",
            declarants={waiting[0].declarant},
        )
    )
    assert "has not been read" in officer.get("/queue").text
    assert "Here it is." in officer.get(f"/cases/{waiting[0].id}").text
    assert "has not been read" not in officer.get("/queue").text
