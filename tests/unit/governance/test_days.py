"""What holds on a day, and what was known on another."""

from __future__ import annotations

import datetime as dt

import pytest

from governance_corpora import Rule, engine_of
from tradelane.governance.model import Standing


def holds(rule: Rule, on: str, known_at: str = "") -> bool:
    engine = engine_of(rule)
    known = dt.date.fromisoformat(known_at) if known_at else None
    return bool(engine.day(dt.date.fromisoformat(on), known).holds[0])


LAW = Rule("AA", state="enacted", since="2025-01-21", more=(("in_force", "2026-01-22"),))


def test_a_law_holds_from_the_day_it_is_in_force():
    assert not holds(LAW, "2026-01-21")
    assert holds(LAW, "2026-01-22")


def test_a_provision_with_its_own_date_holds_from_then_once_its_law_is_adopted():
    early = LAW._replace(valid_from="2025-06-01")
    assert not holds(early, "2025-05-31")
    assert holds(early, "2025-06-01")
    assert not holds(early._replace(valid_from="2024-06-01"), "2024-12-31")


def test_drafts_never_count():
    draft = Rule("AA", state="proposed", since="2020-01-01", valid_from="2021-01-01")
    assert not holds(draft, "2026-01-01")
    assert engine_of(draft).corpus.instruments["AA-000"].standing_on(dt.date(2022, 1, 1)) == "draft"


@pytest.mark.parametrize("end", ["lapsed", "withdrawn", "repealed", "superseded"])
def test_what_has_ended_does_not_hold(end):
    law = Rule("AA", more=((end, "2025-01-06"),))
    assert holds(law, "2025-01-05")
    assert not holds(law, "2025-01-06")


def test_a_fact_dated_after_the_end_tells_what_came_of_it():
    fact = Rule("AA", kind="fact", valid_from="2025-01-06", more=(("lapsed", "2025-01-06"),))
    assert holds(fact, "2025-01-06")
    assert not holds(fact._replace(valid_from="2024-01-06"), "2025-01-06")
    # It holds, and asks nothing.
    assert not engine_of(fact).day(dt.date(2026, 1, 1)).asks[0]


def test_what_was_recorded_later_was_not_known():
    assert not holds(Rule("AA", recorded="2026-03-01"), "2026-04-30", "2026-02-28")
    assert holds(Rule("AA", recorded="2026-03-01"), "2026-04-30", "2026-03-01")


def test_a_date_to_the_month_is_unsure_within_it():
    rule = Rule("AA", since="2024-02")
    on = {day: engine_of(rule).day(dt.date(2024, 2, day)) for day in (1, 10, 29)}
    assert all(day.holds[0] for day in on.values())
    assert [bool(on[day].unsure[0]) for day in (1, 10, 29)] == [True, True, False]


def test_before_everything_nothing_holds_and_nothing_is_wrong():
    engine = engine_of(LAW)
    assert not engine.day(dt.date(1950, 1, 1)).holds.any()
    assert engine.corpus.instruments["AA-000"].standing_on(dt.date(1950, 1, 1)) is Standing.NONE
