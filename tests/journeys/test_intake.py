"""Declarations that arrive one by one: decided at once, once, and exactly as a file's would be."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tradelane.declarations import mapping
from tradelane.declarations.model import State
from tradelane.declarations.reader import read
from tradelane.inspections.findings import Finding, Result
from tradelane.inspections.model import CaseState, Decision
from tradelane.journeys import entries
from tradelane.journeys.casework import Officer, Ruling, decide, record_findings, withdraw
from tradelane.journeys.deciding import clear_together
from tradelane.journeys.desk import Desk
from tradelane.journeys.filings import Cleared, Filed
from tradelane.journeys.intake import Intake, IntakeClosed, current_intake, load_intake
from tradelane.journeys.opening import Order
from tradelane.journeys.record import get_record
from tradelane.kit.errors import TradelaneError
from tradelane.platform import Tradelane
from tradelane.trade.declaration import Declaration
from tradelane.trade.table import subject_of_declaration
from workspaces import Administration
from workspaces import Cleared as ClearedHome

OFFICER = Officer(7, "officer")


@pytest.fixture
def lane(new_home: Path, opened: Callable[..., Tradelane]) -> Tradelane:
    """A workspace with a model and nothing declared yet."""
    return opened(new_home)


@pytest.fixture
def declarations(lane: Tradelane, administration: Administration) -> list[Declaration]:
    """The administration's latest declarations."""
    today = lane.clock.now().date()
    filings = read(
        administration.batch, mapping.load("tradelane"), codes=lane.nomenclature, today=today
    )
    return [filing.declaration for filing in filings if filing.declaration is not None]


@pytest.fixture
def intake(lane: Tradelane) -> Intake:
    """An open intake that selects every tenth line."""
    return _open(lane, budget=0.1)


def _open(lane: Tradelane, budget: float = 0.1, random_share: float = 0.1) -> Intake:
    model = lane.targeting.load_latest().ref.digest
    order = Order("demo", model, budget=budget, random_share=random_share, by="sup", reason="Test.")
    return load_intake(lane, lane.open_intake(order))


def _file(lane: Tradelane, intake: Intake, declarations: list[Declaration]) -> list[Cleared]:
    return clear_together(lane, intake, [Filed(declaration) for declaration in declarations])


def test_a_declaration_is_decided_at_once_and_its_decisions_can_be_made_again(
    lane: Tradelane, intake: Intake, declarations: list[Declaration]
) -> None:
    results = [result for d in declarations[:60] for result in _file(lane, intake, [d])]
    assert {result.status for result in results} == {"accepted"}
    assert {result.state for result in results} == {State.RELEASED, State.SELECTED}
    report = lane.replay()
    assert report.ok
    assert report.lines == sum(len(d.lines) for d in declarations[:60])


def test_it_does_not_matter_who_else_is_cleared_at_the_same_moment(
    lane: Tradelane,
    intake: Intake,
    declarations: list[Declaration],
    tmp_path: Path,
    cleared: ClearedHome,
) -> None:
    together = _file(lane, intake, declarations[:40])
    alone = [replace(d, reference=f"again-{d.reference}") for d in declarations[:40]]
    for one, other in zip(
        together, [r for d in alone for r in _file(lane, intake, [d])], strict=True
    ):
        assert [line.row["features_digest"] for line in one.lines] == [
            line.row["features_digest"] for line in other.lines
        ]
        assert [line.assessment for line in one.lines] == [line.assessment for line in other.lines]


def test_what_is_not_green_becomes_a_case_and_green_is_released_under_the_order(
    lane: Tradelane, intake: Intake, declarations: list[Declaration]
) -> None:
    results = _file(lane, intake, declarations[:200])
    with lane.database.read() as tx:
        for result in results:
            cases = lane.inspections.find(tx, result.declarant, result.reference)
            record = get_record(lane, tx, result.declarant, result.reference)
            released = record.happened(entries.RELEASED)
            if result.lane == "green":
                assert not cases
                [entry] = released
                assert entry.entry.body["by"] == "sup"
                assert entry.entry.body["under"] == f"batch/{intake.batch_id}"
            else:
                [case] = cases
                assert (case.state, case.lane) == (CaseState.OPEN, result.lane)
                assert not released
                [opened] = record.happened(entries.CASE_OPENED)
                assert opened.entry.body["case"] == case.id
        assert lane.ledger.verify(tx).ok
    selected = sum(line.routed.lane == "red" for r in results for line in r.lines)
    lines = sum(len(result.lines) for result in results)
    assert 0.02 < selected / lines < 0.3


def test_the_same_declaration_again_is_answered_and_not_decided_again(
    lane: Tradelane, intake: Intake, declarations: list[Declaration]
) -> None:
    first = _file(lane, intake, declarations[:5])
    with lane.database.read() as tx:
        size = lane.ledger.size(tx)
    again = _file(lane, intake, declarations[:5])
    assert [r.status for r in again] == ["repeated"] * 5
    assert [r.state for r in again] == [r.state for r in first]
    with lane.database.read() as tx:
        assert lane.ledger.size(tx) == size


def test_another_content_under_the_same_reference_is_refused_and_touches_nobody_else(
    lane: Tradelane, intake: Intake, declarations: list[Declaration]
) -> None:
    _file(lane, intake, declarations[:1])
    other = _changed(declarations[0])
    results = _file(lane, intake, [declarations[1], other, declarations[2]])
    assert [r.status for r in results] == ["accepted", "refused", "accepted"]
    assert results[1].problem is not None
    assert results[1].problem.code == "declarations.conflict"


def _changed(declaration: Declaration) -> Declaration:
    line = declaration.lines[0]
    new = replace(line, customs_value=line.customs_value + Decimal("17.50"))
    return replace(declaration, lines=(new, *declaration.lines[1:]))


def test_an_amendment_before_the_release_is_decided_anew_and_ends_the_case_before(
    lane: Tradelane, declarations: list[Declaration]
) -> None:
    intake = _open(lane, budget=1.0)
    [before] = _file(lane, intake, declarations[:1])
    assert before.lane == "red"
    [after] = clear_together(lane, intake, [Filed(_changed(declarations[0]), "A typing error.")])
    assert (after.status, after.version) == ("accepted", 2)
    with lane.database.read() as tx:
        newest, oldest = lane.inspections.find(tx, after.declarant, after.reference)
        assert (newest.version, newest.state) == (2, CaseState.OPEN)
        assert (oldest.version, oldest.state) == (1, CaseState.WITHDRAWN)
    assert lane.replay(declarations[0].reference).ok


def test_nobody_amends_what_is_released(lane: Tradelane, declarations: list[Declaration]) -> None:
    intake = _open(lane, budget=0.0)
    [before] = _file(lane, intake, declarations[:1])
    assert before.state is State.RELEASED
    [refused] = clear_together(lane, intake, [Filed(_changed(declarations[0]), "Too late.")])
    assert refused.problem is not None
    assert refused.problem.code == "declarations.transition"
    with lane.database.read() as tx:
        assert len(lane.declarations.versions(tx, *declarations[0].key)) == 1


def test_an_officer_inspects_finds_and_releases_and_the_finding_is_a_label_from_then_on(
    lane: Tradelane, declarations: list[Declaration]
) -> None:
    intake = _open(lane, budget=1.0)
    [result] = _file(lane, intake, declarations[:1])
    with lane.database.read() as tx:
        [case] = lane.inspections.find(tx, result.declarant, result.reference)
        assert not list(lane.inspections.outcomes(tx))
    step = decide(lane, case.id, Ruling(Decision.INSPECT, case.revision), OFFICER)
    findings = [Finding(line=line.number, result=Result.CONFORM) for line in declarations[0].lines]
    step = record_findings(lane, case.id, findings, step.number, OFFICER)
    with lane.database.read() as tx:
        outcomes = list(lane.inspections.outcomes(tx))
    assert len(outcomes) == len(findings)
    assert all(outcome[4].recorded_at is not None for outcome in outcomes)
    decide(lane, case.id, Ruling(Decision.RELEASE, step.number), OFFICER)
    with lane.database.read() as tx:
        record = get_record(lane, tx, result.declarant, result.reference)
        assert record.kept.status is State.RELEASED
        kinds = [stored.entry.kind for stored in record.history]
        assert kinds == [
            entries.RECEIVED,
            entries.CASE_OPENED,
            entries.CASE_DECIDED,
            entries.INSPECTION_FOUND,
            entries.CASE_DECIDED,
            entries.RELEASED,
        ]
        decided = record.happened(entries.CASE_DECIDED)[0].entry.body
        assert decided["officer"] == "officer"
        assert decided["seen"] < record.happened(entries.CASE_DECIDED)[0].index


def test_two_officers_cannot_decide_the_same_case_unaware_of_each_other(
    lane: Tradelane, declarations: list[Declaration]
) -> None:
    intake = _open(lane, budget=1.0)
    [result] = _file(lane, intake, declarations[:1])
    with lane.database.read() as tx:
        [case] = lane.inspections.find(tx, result.declarant, result.reference)
    decide(lane, case.id, Ruling(Decision.INSPECT, case.revision), OFFICER)
    hold = Ruling(Decision.HOLD, case.revision, "Waiting for the laboratory.")
    with pytest.raises(TradelaneError) as caught:
        decide(lane, case.id, hold, Officer(8, "other"))
    assert caught.value.problems[0].code == "inspections.changed"
    assert "officer" in caught.value.problems[0].message


def test_a_withdrawal_ends_the_declaration_and_its_case(
    lane: Tradelane, declarations: list[Declaration]
) -> None:
    intake = _open(lane, budget=1.0)
    [result] = _file(lane, intake, declarations[:1])
    withdraw(lane, result.declarant, result.reference, "The goods went back.")
    with lane.database.read() as tx:
        [case] = lane.inspections.find(tx, result.declarant, result.reference)
        assert case.state is CaseState.WITHDRAWN
        subject = subject_of_declaration(result.declarant, result.reference)
        assert lane.ledger.find(tx, subject, entries.CANCELLED)


# ---------------------------------------------------------------- the order


def test_a_new_order_takes_over_and_the_one_before_is_closed(
    lane: Tradelane, intake: Intake, declarations: list[Declaration]
) -> None:
    _file(lane, intake, declarations[:30])
    another = _open(lane, budget=0.5)
    with lane.database.read() as tx:
        assert current_intake(lane, tx) == another.batch_id
        assert lane.ledger.find(tx, f"batch/{intake.batch_id}", entries.BATCH_CLOSED)
    with pytest.raises(TradelaneError):
        _file(lane, intake, declarations[30:31])
    [result] = _file(lane, another, declarations[30:31])
    assert result.status == "accepted"


def test_a_budget_of_nothing_selects_nothing_and_of_everything_everything(
    lane: Tradelane, declarations: list[Declaration]
) -> None:
    none = _file(lane, _open(lane, budget=0.0), declarations[:50])
    everything = _file(lane, _open(lane, budget=1.0), declarations[50:100])
    assert {line.routed.lane for r in none for line in r.lines} <= {"green", "yellow"}
    assert {line.routed.lane for r in everything for line in r.lines} == {"red"}


def test_without_an_order_nothing_is_taken(
    lane: Tradelane, declarations: list[Declaration]
) -> None:
    desk = Desk(lane)
    desk.start()
    [future] = desk.submit([Filed(declarations[0])])
    with pytest.raises(IntakeClosed):
        future.result(30)
    desk.close()


# ---------------------------------------------------------------- the desk


@pytest.fixture
def desk(lane: Tradelane, intake: Intake) -> Iterator[Desk]:
    """A desk that is open."""
    made = Desk(lane)
    made.start()
    yield made
    made.close()


def test_many_threads_file_and_each_gets_its_own_answer(
    lane: Tradelane, desk: Desk, declarations: list[Declaration]
) -> None:
    results: dict[str, Cleared] = {}

    def file(part: list[Declaration]) -> None:
        for declaration in part:
            [future] = desk.submit([Filed(declaration)])
            results[declaration.reference] = future.result(60)

    threads = [
        threading.Thread(target=file, args=(declarations[start:160:8],)) for start in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {d.reference for d in declarations[:160]}
    assert all(name == result.reference for name, result in results.items())
    assert {result.status for result in results.values()} == {"accepted"}
    with lane.database.read() as tx:
        assert lane.ledger.verify(tx).ok


def test_the_same_declaration_from_two_at_once_is_decided_once(
    lane: Tradelane, desk: Desk, declarations: list[Declaration]
) -> None:
    futures = desk.submit([Filed(declarations[0])] * 6)
    statuses = sorted(future.result(30).status for future in futures)
    assert statuses == ["accepted", *["repeated"] * 5]


def test_what_waits_is_cleared_before_the_desk_closes_and_nothing_is_taken_afterwards(
    lane: Tradelane, intake: Intake, declarations: list[Declaration]
) -> None:
    desk = Desk(lane)
    futures = desk.submit([Filed(declaration) for declaration in declarations[:100]])
    desk.start()
    desk.close()
    assert {future.result(0).status for future in futures} == {"accepted"}
    with pytest.raises(TradelaneError) as caught:
        desk.submit([Filed(declarations[100])])
    assert caught.value.problems[0].code == "intake.closing"


def test_one_filing_that_breaks_everything_does_not_take_the_others_with_it(
    lane: Tradelane, desk: Desk, declarations: list[Declaration]
) -> None:
    def break_it(_tx: object, _cleared: Cleared) -> None:
        raise RuntimeError("this one")

    futures = desk.submit(
        [
            Filed(declarations[0]),
            Filed(declarations[1], kept=break_it),
            Filed(declarations[2]),
        ]
    )
    assert futures[0].result(30).status == "accepted"
    with pytest.raises(RuntimeError):
        futures[1].result(30)
    assert futures[2].result(30).status == "accepted"
    with lane.database.read() as tx:
        assert lane.declarations.find(tx, *declarations[1].key) is None
        assert lane.ledger.verify(tx).ok


def test_the_desk_follows_a_new_order_within_a_moment(
    lane: Tradelane, desk: Desk, declarations: list[Declaration]
) -> None:
    [future] = desk.submit([Filed(declarations[0])])
    future.result(30)
    _open(lane, budget=1.0)
    [future] = desk.submit([Filed(declarations[1])])
    assert future.result(30).lane == "red"


def test_a_line_dated_next_month_is_cleared_like_any_other(
    lane: Tradelane, intake: Intake, declarations: list[Declaration]
) -> None:
    later = replace(declarations[0], reference="later", date=dt.date(2026, 12, 1))
    [result] = _file(lane, intake, [later])
    assert result.status == "accepted"
