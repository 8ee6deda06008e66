"""A regulator opens a survey, organisations answer, everybody reads what may be told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tradelane.journeys.surveying import definitions
from tradelane.kit.clock import FixedClock
from web_house import House, Visitor

SignedIn = Callable[[str], Visitor]


def filled(survey: str, **changes: Any) -> dict[str, Any]:
    """An answer to every question that needs one: the first option."""
    questions = definitions()[survey].questions
    given = {one.id: next(iter(one.options)) for one in questions if not one.optional}
    return {**given, **changes}


def opened(regulator: Visitor, house: House, definition: str, instrument: str = "") -> str:
    """A new round that is open for ten days; its address."""
    today = house.lane.clock.now().date()
    form = {
        "definition": definition,
        "instrument": instrument,
        "opens_on": today.isoformat(),
        "closes_on": (today + dt.timedelta(days=10)).isoformat(),
    }
    answer = regulator.post("/hub/surveys/new", form)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


@pytest.fixture
def later(house: House) -> Iterator[Callable[[int], None]]:
    """Moves the house's clock some days on."""
    before = house.lane.clock
    clock = FixedClock(before.now())

    def move(days: int) -> None:
        house.lane.surveys._clock = clock
        house.lane.clock = clock
        clock.at += dt.timedelta(days=days)

    yield move
    house.lane.clock = house.lane.surveys._clock = before


def test_the_surveys_that_ship_can_be_read_and_say_what_they_rest_on() -> None:
    found = definitions()
    assert set(found) == {"use-of-ai", "readiness", "consultation"}
    for one in found.values():
        assert "APEC#226-CT-01.5" in one.basis
        assert len(one.questions) >= 8
        assert {"single", "multiple", "scale", "text"} >= {q.kind for q in one.questions}


def test_a_firm_answers_keeps_a_receipt_and_revises(house: House, signed_in: SignedIn) -> None:
    regulator, trader = signed_in("regulator"), signed_in("trader")
    address = opened(regulator, house, "use-of-ai")
    visitor = house.visitor()
    assert "Sign in to answer" in visitor.get(address).text
    wrong = trader.post(address, filled("use-of-ai", size="gigantic"))
    assert wrong.status_code == 422
    assert 'href="#size"' in wrong.text
    first = trader.post(address, filled("use-of-ai", told="<i>Rules differ.</i>"))
    assert first.status_code == 303, first.text
    page = trader.get(address).text
    assert "Your organisation has answered" in page
    assert "&lt;i&gt;Rules differ." in page
    assert trader.post(address, filled("use-of-ai", sell="several")).status_code == 303
    kept = trader.get(f"{address}/answer.json").json()
    assert (kept["revision"], kept["answer"]["answers"]["sell"]) == (2, "several")
    entry = kept["receipt"]["entry"]
    assert kept["digest"] in entry
    assert "trader" not in entry
    assert trader.post("/verify", {"receipt": trader.get(f"{address}/answer.json").text})
    assert visitor.get(f"{address}/results").status_code == 409


def test_a_survey_of_firms_does_not_ask_an_administration(
    house: House, signed_in: SignedIn
) -> None:
    regulator = signed_in("regulator")
    address = opened(regulator, house, "use-of-ai")
    assert "does not ask organisations like yours" in regulator.get(address).text
    assert regulator.post(address, filled("use-of-ai")).status_code == 409


def test_results_are_aggregate_and_small_counts_are_withheld_everywhere(
    house: House, signed_in: SignedIn, later: Callable[[int], None]
) -> None:
    address = opened(signed_in("regulator"), house, "use-of-ai")
    number = int(address.rpartition("/")[2])
    lane = house.lane
    with lane.database.read() as tx:
        found = lane.surveys.get_round(tx, number)

    def answers(tx: Any) -> None:
        for one in range(12):
            given = filled("use-of-ai", size="micro" if one < 9 else "large", likeness="no")
            lists = {name: [value] for name, value in given.items()}
            public = {"told": ["All may read this."], "told_public": ["yes"]} if one == 3 else {}
            lane.surveys.answer(tx, found, 900 + one, "trader", lists | public, "x")

    lane.database.write(answers)
    [word] = lane.database.write(lambda tx: lane.surveys.words(tx, found))
    released = signed_in("regulator").post(
        f"{address}/words/{word.answer}/{word.question}", {"publish": "yes"}
    )
    assert released.status_code == 303
    later(11)
    visitor = house.visitor()
    told = visitor.get(f"{address}/results.json").json()
    assert told["respondents"] == 12
    by = {one["id"]: {c["value"]: c["count"] for c in one["counts"]} for one in told["questions"]}
    assert by["size"] == {"micro": None, "small": None, "medium": None, "large": None}
    assert by["likeness"] == {"no": 12, "yes": 0, "unsure": 0}
    assert by["told"] == {"text": None}
    page = visitor.get(f"{address}/results").text
    assert "withheld" in page
    assert "All may read this." in page
    table = visitor.get(f"{address}/results.csv").text
    assert "size,single,micro,fewer than 10,,yes" in table
    assert str(number) in visitor.get("/hub/surveys").text


def test_a_consultation_is_about_a_draft_of_ones_own_economy(
    house: House, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact, trader = signed_in("contact"), signed_in("trader")
    today = house.lane.clock.now().date().isoformat()
    form = {"definition": "consultation", "opens_on": today, "closes_on": today}
    wrong = contact.post("/hub/surveys/new", {**form, "instrument": "KR-AIBA"})
    assert wrong.status_code == 422
    assert "contributions.not_draft" in wrong.text
    monkeypatch.setattr(
        "tradelane.journeys.surveying.drafts_of", lambda *given: [("KR-BILL", "A bill")]
    )
    address = opened(contact, house, "consultation", "KR-BILL")
    page = trader.get(address).text
    assert "Consultation on a draft: A bill" in page
    assert trader.post(address, filled("consultation")).status_code == 303


def test_a_round_without_days_is_refused_at_its_fields(house: House, signed_in: SignedIn) -> None:
    regulator = signed_in("regulator")
    form = {"definition": "readiness", "opens_on": "soon", "closes_on": "later"}
    answer = regulator.post("/hub/surveys/new", form)
    assert answer.status_code == 422
    assert 'href="#opens_on"' in answer.text
    assert regulator.post("/hub/surveys/new", {**form, "definition": "x"}).status_code == 422
