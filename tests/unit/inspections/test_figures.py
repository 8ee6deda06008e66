"""The supervisor's figures say what their definitions say."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from decimal import Decimal
from typing import Any

import pytest

from tradelane.inspections.figures import DEFINITIONS, Figures, hit_rates, quantile
from tradelane.inspections.findings import Discrepancy, Finding, Result
from tradelane.inspections.model import Decision, Stage
from tradelane.kit.errors import InputRefused
from tradelane.kit.intervals import wilson

WHY = "Papers agree with the goods."
CONFORM = Finding(line=1, result=Result.CONFORM)
WRONG = Finding(
    line=1,
    result=Result.WRONG,
    discrepancy=Discrepancy.ORIGIN,
    revenue_recovered=Decimal("10.10"),
    currency="USD",
)
START = dt.date(2026, 6, 1)


def figures(desk: Any, days: int = 7, start: dt.date = START, office: str = "") -> Figures:
    with desk.database.read() as tx:
        found: Figures = desk.cases.figures(tx, start, start + dt.timedelta(days), office)
    return found


@pytest.fixture
def week(desk: Any, new_case: Any) -> Any:
    """Five cases: three inspected (two wrong, one of them drawn), one referred and released, one
    released against the recommendation without opening it."""
    a, b, c, d, e = desk.open(
        new_case("A"),
        new_case("B", selected_by="random"),
        new_case("C", selected_by="rule", office="SOUTH"),
        new_case("D", lane="yellow", selected_by="none"),
        new_case("E"),
    )
    desk.later(minutes=30)
    for case in (a, b, c):
        desk.decide(case.id, Decision.INSPECT)
    desk.decide(d.id, Decision.REFER, by=8, login="ben")
    desk.later(minutes=30)
    desk.decide(e.id, Decision.RELEASE, WHY, by=8, login="ben", opened_page=False)
    desk.later(days=1)
    desk.find(a.id, WRONG)
    desk.find(b.id, WRONG)
    desk.find(c.id, CONFORM)
    desk.later(minutes=10)
    for case in (a, c):
        desk.decide(case.id, Decision.RELEASE)
    desk.decide(d.id, Decision.RELEASE, by=8, login="ben")
    desk.database.write(lambda tx: desk.cases.assign(tx, [b.id, e.id], 9, by=1))
    return desk


def test_every_figure_has_a_definition_and_every_definition_a_figure() -> None:
    shown = {field.name for field in fields(Figures)} - {"start", "end", "office"}
    assert set(DEFINITIONS) == shown
    assert len(shown) == 8
    for definition in DEFINITIONS.values():
        assert definition.name
        assert definition.unit
        assert definition.definition.endswith(".")


def test_lanes_and_decisions_are_counted_by_day(week: Any) -> None:
    found = figures(week)
    assert [(lane.day, lane.lane, lane.cases) for lane in found.lanes] == [
        (START, "red", 4),
        (START, "yellow", 1),
    ]
    assert [(item.day.day, str(item.decision), item.count) for item in found.decisions] == [
        (1, "inspect", 3),
        (1, "refer", 1),
        (1, "release", 1),
        (2, "release", 3),
    ]


def test_workload_has_open_decided_and_the_median_to_the_first_decision(week: Any) -> None:
    rows = [
        (row.officer, row.login, row.open, row.decided, row.median_minutes)
        for row in figures(week).workload
    ]
    assert rows == [(7, "ana", 0, 5, 30), (8, "ben", 0, 3, 30), (9, "", 1, 0, None)]


def test_the_hit_rate_is_split_by_what_selected_the_case(week: Any) -> None:
    rows = {row.selected_by: row for row in figures(week).hit_rates}
    assert {name: (row.wrong, row.inspected) for name, row in rows.items()} == {
        "targeted": (1, 2),
        "random": (1, 1),
        "all": (2, 3),
    }
    low, high = wilson(2, 3)
    assert (rows["all"].rate, rows["all"].low, rows["all"].high) == (2 / 3, low, high)


def test_recovered_revenue_counts_each_line_once_and_its_correction(week: Any) -> None:
    assert [(r.currency, r.amount, r.lines) for r in figures(week).recovered] == [
        ("USD", Decimal("20.20"), 2)
    ]
    week.find(1, CONFORM)
    found = figures(week)
    assert [(r.amount, r.lines) for r in found.recovered] == [(Decimal("10.10"), 1)]
    assert {row.selected_by: row.wrong for row in found.hit_rates}["targeted"] == 0


def test_overrides_name_the_officer_and_the_direction(week: Any) -> None:
    rows = figures(week).overrides
    assert [(r.login, r.recommendation, r.decision, r.lighter, r.count) for r in rows] == [
        ("ben", Decision.INSPECT, Decision.RELEASE, True, 1)
    ]


def test_time_to_release_is_told_by_stage(week: Any) -> None:
    rows = {row.stage: row for row in figures(week).stages}
    day = 24 * 60
    # Each declaration was received an hour before its case was opened.
    assert {stage: (row.cases, row.median_minutes) for stage, row in rows.items()} == {
        Stage.RECEIVED_TO_DECIDED: (4, 90),
        Stage.DECIDED_TO_FOUND: (2, day + 30),
        Stage.FOUND_TO_RELEASED: (2, 10),
        Stage.RECEIVED_TO_RELEASED: (4, day + 130),
    }
    assert rows[Stage.RECEIVED_TO_DECIDED].p90_minutes == 120


def test_decisions_without_opening_the_page_are_told_by_officer(week: Any) -> None:
    rows = figures(week).unopened
    assert [(row.login, row.decided, row.unopened) for row in rows] == [
        ("ana", 5, 0),
        ("ben", 3, 1),
    ]
    assert rows[1].share == 1 / 3


def test_an_office_has_its_own_figures(week: Any) -> None:
    found = figures(week, office="SOUTH")
    assert [(lane.lane, lane.cases) for lane in found.lanes] == [("red", 1)]
    assert [row.decided for row in found.workload] == [2]
    assert found.hit_rates[-1].inspected == 1
    assert found.recovered == ()
    assert found.overrides == ()
    assert found.stages[0].cases == 1


def test_a_period_ends_before_its_last_day(week: Any) -> None:
    first = figures(week, days=1)
    assert sum(item.count for item in first.decisions) == 5
    assert first.hit_rates[-1].rate is None
    empty = figures(week, start=dt.date(2026, 7, 1))
    assert empty.lanes == ()
    assert [row.median_minutes for row in empty.stages] == [None] * 4
    with pytest.raises(InputRefused) as caught:
        figures(week, days=0)
    assert caught.value.problems[0].code == "inspections.period"


@pytest.mark.parametrize(("hits", "trials"), [(0, 1), (1, 1), (0, 50), (50, 50), (7, 50)])
def test_the_interval_holds_the_share_and_stays_between_0_and_1(hits: int, trials: int) -> None:
    low, high = wilson(hits, trials)
    assert 0 <= low <= hits / trials <= high <= 1
    assert low < high


def test_cases_that_nothing_selected_stand_apart() -> None:
    rows = hit_rates([("none", True, 2), ("model", False, 3)])
    assert [(row.selected_by, row.inspected) for row in rows] == [
        ("targeted", 3),
        ("random", 0),
        ("other", 2),
        ("all", 5),
    ]


def test_nine_of_ten_means_nine_of_ten() -> None:
    assert quantile(dict.fromkeys(range(1, 11), 1), 0.9) == 9
    assert quantile({3: 1}, 0.9) == 3
