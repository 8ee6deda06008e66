"""A workspace watched: what is told agrees with what was kept, at any day that it is asked of."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from doors import file_more
from tradelane.inspections.findings import Discrepancy, Finding, Result
from tradelane.inspections.model import Case, CaseFilter, Decision
from tradelane.inspections.oversight import Following
from tradelane.journeys import watching
from tradelane.journeys.casework import Officer, Ruling, decide, record_findings
from tradelane.journeys.intake import Intake, current_intake, load_intake
from tradelane.journeys.watching import Watch, watch
from tradelane.platform import Tradelane

pytestmark = pytest.mark.slow
FILED = 160
OFFICERS = [Officer(n, f"officer{n}") for n in (1, 2, 3)]


@dataclass
class Watched:
    """A workspace where half of the lines were inspected: every third inspection found something
    wrong, one in five was decided without opening the page, and one in four has no findings yet."""

    lane: Tradelane
    intake: Intake
    day: dt.date
    wrong: Counter[str]
    right: Counter[str]
    open: int
    blind: int

    def watch(self, **given: Any) -> Watch:
        end = self.day + dt.timedelta(days=1)
        return watch(self.lane, self.intake, self.day, end, **given)


@pytest.fixture(scope="module")
def watched(
    administration_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    home = tmp_path_factory.mktemp("watched") / "home"
    shutil.copytree(administration_home, home)
    lane = Tradelane(home)
    lane.database_url = None
    references = set(file_more(lane, administration_home.parent / "data", FILED))
    with lane.database.read() as tx:
        page = lane.inspections.queue(tx, CaseFilter(), None, 1000)
        intake = load_intake(lane, current_intake(lane, tx))
    cases = [c for c in page.cases if c.lane == "red" and c.reference in references]
    found = Watched(lane, intake, lane.clock.now().date(), Counter(), Counter(), 0, 0)
    for number, case in enumerate(sorted(cases, key=lambda one: one.id)):
        _work(found, number, case)
    yield found
    lane.database.close()


def _work(found: Watched, number: int, case: Case) -> None:
    lane, officer = found.lane, OFFICERS[number % 3]
    seen = number % 5 > 0
    found.blind += not seen
    ruling = Ruling(
        Decision.INSPECT, case.revision, opened_page=seen, read_seconds=30 if seen else None
    )
    step = decide(lane, case.id, ruling, officer)
    if number % 4 == 3:
        found.open += 1
        return
    with lane.database.read() as tx:
        [kept] = lane.declarations.find_versions(
            tx, [(case.declarant, case.reference, case.version)]
        )
        subjects = [
            f"{case.declarant}/{case.reference}/{line.number}" for line in kept.declaration.lines
        ]
        selected = lane.watched.selected(tx, subjects)
    wrong = number % 3 == 0
    amount = Decimal("12.50") if wrong else None
    findings = [
        Finding(
            line=line.number,
            result=Result.WRONG if wrong else Result.CONFORM,
            discrepancy=Discrepancy.UNDERVALUATION if wrong else None,
            revenue_recovered=amount,
            currency=case.currency,
        )
        for line in kept.declaration.lines
    ]
    record_findings(lane, case.id, findings, step.number, officer)
    for one in selected.values():
        (found.wrong if wrong else found.right)[one.selected_by] += 1


def test_hit_rates_are_those_of_the_selected_lines_with_findings(watched):
    told = watched.watch()
    for rate in told.report.hit_rates:
        if rate.selected_by != "all":
            assert rate.wrong == watched.wrong[rate.selected_by], rate.selected_by
            assert rate.known - rate.wrong == watched.right[rate.selected_by]
    population = told.report.population
    assert population.known == watched.wrong.total() + watched.right.total()
    assert population.selected > population.known
    assert population.rate is not None
    assert told.sampled == 1


def test_what_targeting_chose_stands_for_about_the_lines_that_came(watched):
    told = watched.watch()
    # Each selected line counts for 1 / propensity lines: together about all lines of the day.
    assert told.report.lines >= FILED
    assert told.report.population.lines == pytest.approx(told.report.lines, rel=0.6)


def test_outcomes_of_later_days_are_not_known_on_an_earlier_one(watched):
    before = watched.watch(as_of=watched.day - dt.timedelta(days=1))
    assert before.report.population.known == 0
    assert before.report.population.selected == watched.watch().report.population.selected
    assert before.report.population.rate is None
    assert all(one.median_days is None for one in before.report.labelling)


def test_recommendations_that_were_followed_unread_are_counted_and_raise_an_alarm(watched):
    told = watched.watch()
    [table] = [one for one in told.tables if one.name == "following"]
    everywhere = dict(zip(table.columns, table.rows[-1], strict=True))
    cases = sum(one.decisions for one in told.following)
    assert everywhere["decisions"] == cases
    assert everywhere["unopened"] == pytest.approx(watched.blind / cases, abs=1e-4)
    assert everywhere["followed_unopened"] == everywhere["unopened"]
    assert everywhere["quick"] == 0


def test_an_office_sees_its_own_lines_and_its_sums_are_those_of_all(watched):
    whole = watched.watch()
    offices = [one.office for one in whole.report.labelling if one.office != "all"]
    parts = [watched.watch(office=office) for office in offices]
    for part in parts:
        assert {one.name for one in part.report.groups if one.trait == "office"} <= {
            part.office,
            "all smaller ones",
        }
    known = [part.report.population.known for part in parts]
    assert sum(known) == whole.report.population.known


def test_where_there_is_too_much_an_even_sample_is_looked_at(watched, monkeypatch):
    whole = watched.watch()
    monkeypatch.setattr(watching, "MOST_CASES", 20)
    monkeypatch.setattr(watching, "MOST_SAMPLED", 40)
    some = watched.watch()
    assert some.sampled > 1
    assert 0 < some.report.population.selected < whole.report.population.selected
    assert 0 < some.report.lines < whole.report.lines


@pytest.mark.parametrize(
    ("decisions", "told"),
    [
        ({"A": 69, "B": 20}, {"A": 69, "B": 20, "all": 89}),
        ({"A": 69, "B": 19}, {"all": 88}),
        ({"A": 69, "B": 40, "C": 3}, {"A": 69, "all smaller ones": 43, "all": 112}),
        ({"A": 69, "B": 12, "C": 9}, {"A": 69, "all smaller ones": 21, "all": 90}),
        ({"A": 12}, {}),
    ],
)
def test_what_is_not_told_of_an_office_cannot_be_had_by_subtraction(decisions, told):
    parts = [
        Following(
            office=office,
            decisions=count,
            officers=3,
            against=0,
            unopened=0,
            followed_unopened=0,
            quick=0,
        )
        for office, count in decisions.items()
    ]
    table = watching._following_table(parts)
    assert {row[0]: row[1] for row in table.rows} == told


def test_few_officers_or_decisions_are_not_told_apart(watched):
    told = watched.watch()
    [table] = [one for one in told.tables if one.name == "following"]
    told_of = {one.office: one for one in told.following}
    for row in table.rows:
        one = told_of.get(str(row[0]))
        if one is not None:
            assert one.officers >= watching.FEWEST_OFFICERS
            assert one.decisions >= watching.FEWEST_DECISIONS
