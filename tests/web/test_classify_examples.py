"""What codes are learned from: files of examples, corrections by two persons, and what the page of
a case says of a declared code."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tradelane.classification.model import Fit, Ranked, Suggestion
from tradelane.inspections.model import CaseFilter
from tradelane.journeys import entries
from tradelane.journeys.goods_examples import OFFICERS
from tradelane.web import case_fits
from tradelane.web.routes.classify_sources import STORE
from trader_forms import House, Visitor

SIGN = Callable[[str], Visitor]
NEW = "/classify/corrections/new"
GOOD = """text,code,date,status,source
"wireless router, 4 ports",8517.62,2024-03-01,,
plastic whistle,9503.00,2025-01-31,revoked,
"""


def upload(person: Visitor, text: str | bytes, **fields: str) -> Any:
    data = text.encode() if isinstance(text, str) else text
    return person.post(
        "/classify/sources",
        {"name": "own rulings", "licence": "internal", **fields},
        files={"file": ("examples.csv", data)},
    )


def a_case(house: House) -> Any:
    house.file_more(1)
    with house.lane.database.read() as tx:
        return house.lane.inspections.queue(tx, CaseFilter(), None, 500).cases[0]


def proposed(house: House, officer: Visitor, **fields: str) -> tuple[int, str]:
    """A correction that waits: its id and digest."""
    case = a_case(house)
    answer = officer.post(
        NEW,
        {
            "case": str(case.id),
            "line": "1",
            "text": "wireless router",
            "code": "8517.62",
            "reason": "Ruling 12 of last year says so.",
            **fields,
        },
    )
    assert answer.status_code == 303, answer.text
    with house.lane.database.read() as tx:
        [one] = house.lane.approvals.open_proposals(tx, "goods_example")
    return one.id, one.digest


# ---------------------------------------------------------------- sources


def test_an_analyst_adds_examples_and_everybody_who_may_sees_their_source(
    house: House, signed_in: SIGN
) -> None:
    analyst = signed_in("analyst")

    first = upload(analyst, GOOD)
    again = upload(analyst, GOOD)
    own = upload(analyst, "text,code,source\nwooden whistle,9205.90,rulings\n", name="")

    assert "2 of 2 were new" in first.text
    assert "0 of 2 were new" in again.text
    assert "1 of 1 were new" in own.text
    page = signed_in("officer").get("/classify/sources").text
    assert "own rulings" in page
    assert "internal" in page
    assert "Check and keep" not in page
    with house.lane.database.read() as tx:
        kept = {one.text: one for one in STORE.all_examples(tx)}
    assert kept["plastic whistle"].revoked_on == "2025-01-31"
    assert kept["wooden whistle"].source == "rulings"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "Choose a file first"),
        (b"\xff\xfe", "not UTF-8"),
        ("a,b\n1,2\n", "column &#39;text&#39;"),
        ("text,code\n", "no examples"),
        ("text,code\nrouter,851762\n,851762\n", "Line 3 of the file"),
        ("text,code\nrouter,99999\n", "has not 4, 6, 8 or 10 digits"),
        ("text,code\n<b>router</b>,<script>\n", "&lt;script&gt;"),
        ("text,code,date\nrouter,851762,yesterday\n", "is not a date"),
        ("text,code,status\nrouter,851762,perhaps\n", "is no status"),
        ("text,code,status\nrouter,851762,revoked\n", "needs the day"),
        (f"text,code,source\nrouter,851762,{OFFICERS}\n", "two persons"),
    ],
)
def test_a_file_that_is_wrong_says_where_and_keeps_nothing(
    house: House, signed_in: SIGN, text: str | bytes, said: str
) -> None:
    answer = upload(signed_in("analyst"), text)
    assert answer.status_code == 422
    assert said in answer.text
    assert "<script>" not in answer.text.split("<main")[1]
    with house.lane.database.read() as tx:
        assert list(STORE.all_examples(tx)) == []


def test_what_was_taught_is_in_the_ledger_and_can_be_taken_back(
    house: House, signed_in: SIGN
) -> None:
    analyst = signed_in("analyst")
    upload(analyst, GOOD)
    file = analyst.get("/classify/sources/examples.csv?source=own+rulings")
    changed = file.content.decode("utf-8-sig").replace("2024-03-01,valid", "2026-01-01,revoked")

    again = upload(analyst, changed)

    assert "wireless router, 4 ports" in changed
    assert "0 of 2 were new" in again.text
    with house.lane.database.read() as tx:
        kept = {one.text: one for one in STORE.all_examples(tx)}
        told = house.lane.ledger.find(tx, "goods/examples", entries.EXAMPLES_ADDED)
    assert kept["wireless router, 4 ports"].revoked_on == "2026-01-01"
    assert [one.entry.body["new"] for one in told] == [{"own rulings": 2}, {"own rulings": 0}]
    assert told[0].entry.body["by"] == "analyst"
    assert signed_in("trader").get("/classify/sources/examples.csv").status_code == 403


def test_a_source_needs_a_licence(signed_in: SIGN) -> None:
    assert upload(signed_in("analyst"), GOOD, licence=" ").status_code == 422


def test_examples_that_contradict_each_other_are_shown(signed_in: SIGN) -> None:
    analyst = signed_in("analyst")
    upload(analyst, "text,code\nTin  whistle,950300\n")
    page = upload(analyst, "text,code\ntin whistle,920590\n", name="others").text
    assert "At most 50 pairs" in page


# ---------------------------------------------------------------- corrections


def test_a_second_person_makes_a_correction_an_example(house: House, signed_in: SIGN) -> None:
    officer, analyst = signed_in("supervisor"), signed_in("analyst")
    number, digest = proposed(house, officer)
    own = officer.post(f"/classify/corrections/{number}/agree", {"digest": digest})
    other = analyst.post(f"/classify/corrections/{number}/agree", {"digest": "other"})

    agreed = analyst.post(f"/classify/corrections/{number}/agree", {"digest": digest})

    assert own.status_code == 409
    assert "Nobody agrees to their own" in own.text
    assert other.status_code == 409
    assert agreed.status_code == 303
    with house.lane.database.read() as tx:
        [kept] = STORE.all_examples(tx)
        told = [stored.entry.kind for stored in house.lane.ledger.find(tx, f"proposal/{number}")]
    assert (kept.source, kept.text, kept.code) == (OFFICERS, "wireless router", "851762")
    assert told == [entries.PROPOSAL_MADE, entries.PROPOSAL_AGREED]
    assert "wireless router" in analyst.get("/classify/corrections").text


def test_only_who_may_see_the_case_is_told_which_it_was(house: House, signed_in: SIGN) -> None:
    officer = signed_in("supervisor")
    number, _ = proposed(house, officer)
    assert "Seen in" in officer.get("/classify/corrections").text
    assert "Seen in" not in signed_in("analyst").get("/classify/corrections").text
    assert officer.post(f"/classify/corrections/{number}/other").status_code == 422


def test_a_correction_is_declined_with_a_reason_or_withdrawn(house: House, signed_in: SIGN) -> None:
    officer, analyst = signed_in("supervisor"), signed_in("analyst")
    number, _ = proposed(house, officer)
    path = f"/classify/corrections/{number}"
    assert analyst.post(f"{path}/decline", {"remark": "no"}).status_code == 422
    assert analyst.post(f"{path}/withdraw").status_code == 409
    assert officer.post(f"{path}/withdraw").status_code == 303
    number, _ = proposed(house, officer, text="<b>4 port router</b>")
    page = analyst.get("/classify/corrections").text
    assert "&lt;b&gt;4 port router" in page
    said = {"remark": "The text is too short for that."}
    assert analyst.post(f"/classify/corrections/{number}/decline", said).status_code == 303
    assert analyst.post(f"/classify/corrections/{number}/decline", said).status_code == 409


@pytest.mark.parametrize(
    "wrong", [{"code": "999999"}, {"code": "8517"}, {"text": "😀"}, {"reason": "because"}]
)
def test_a_correction_that_is_wrong_comes_back_with_what_was_typed(
    house: House, signed_in: SIGN, wrong: dict[str, str]
) -> None:
    officer = signed_in("supervisor")
    case = a_case(house)
    given = {"text": "router", "code": "851762", "reason": "Ruling 12 says so."} | wrong
    answer = officer.post(NEW, {"case": str(case.id), "line": "1", **given})
    assert answer.status_code == 422
    assert next(iter(wrong.values())) in answer.text


def test_a_case_of_another_office_is_not_there(signed_in: SIGN) -> None:
    assert signed_in("officer").get(f"{NEW}?case=987654&line=1").status_code == 404


# ---------------------------------------------------------------- the page of a case


def _suggestion(text: str, probability: float) -> Suggestion:
    one = Ranked(
        "851762",
        "subheading",
        probability,
        "Machines, wireless",
        (("85", ""), ("8517", "Wireless")),
    )
    return Suggestion(text, "code", (one,))


class _Ready:
    """A classifier that is sure, and counts how often it was asked."""

    is_ready = True
    revision = 1

    def __init__(self) -> None:
        self.asked = 0
        self.known: dict[Any, Any] = {}

    def suggest(self, text: str, limit: int) -> Suggestion:
        self.asked += 1
        return _suggestion(text, 0.93)

    def kept(self, key: Any, make: Callable[[], Any]) -> Fit | None:
        if key not in self.known:
            self.known[key] = make()
        return self.known[key]


def test_the_page_of_a_case_says_what_fits_better_and_asks_once(
    house: House, signed_in: SIGN, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = a_case(house)
    officer = signed_in("supervisor")
    quiet = officer.get(f"/cases/{case.id}").text
    ready = _Ready()
    monkeypatch.setattr(case_fits, "classifier_of", lambda request: ready)

    page = officer.get(f"/cases/{case.id}").text
    asked = ready.asked
    officer.get(f"/cases/{case.id}")

    assert "The description fits another code" not in quiet, "it never waits for the engine"
    assert "is being worked out" in quiet
    assert "Say which code this description belongs to" in quiet
    assert re.search(r"Declared \d{4}\.\d\d; the description fits 8517\.62 better", page)
    assert asked >= 1
    assert ready.asked == asked
