"""Cases behave the same on SQLite and on PostgreSQL, also when two officers are at them at once."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from desks import TABLES, Desk, new_case
from tradelane.inspections import queue
from tradelane.inspections.findings import Discrepancy, Finding, Result
from tradelane.inspections.model import CaseFilter, CaseState, Cursor, Decision, Step, stronger
from tradelane.inspections.tables import cases
from tradelane.kit.database import Database, metadata
from tradelane.kit.errors import TradelaneError

WHY = "Papers agree with the goods."
PNG = b"\x89PNG\r\n\x1a\n"
WRONG = Finding(
    line=2,
    result=Result.WRONG,
    discrepancy=Discrepancy.QUANTITY,
    revenue_recovered=Decimal("1250.10"),
    currency="USD",
    note="Twelve, not ten. “Größe”",
    quantity=Decimal("12.50"),
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres_url") if postgres else f"sqlite:///{tmp_path / 'a.db'}"
    database = Database(url)
    metadata.create_all(database.engine, tables=TABLES)
    yield Desk(database)
    database.close()


def test_a_case_goes_from_its_opening_to_its_figures(desk: Desk) -> None:
    case, other = desk.open(new_case(), new_case("A2", lane="yellow", office="SOUTH"))
    desk.decide(case.id, Decision.INSPECT)
    desk.decide(other.id, Decision.REFER, deadline=dt.date(2026, 6, 9), opened_page=False)
    desk.later(minutes=5)
    desk.find(case.id, Finding(line=1, result=Result.CONFORM), WRONG)
    step = desk.decide(case.id, Decision.RELEASE)
    file = desk.database.write(lambda tx: desk.cases.add_evidence(tx, case.id, "a.png", PNG, 7))
    with desk.database.read() as tx:
        assert desk.cases.steps(tx, case.id)[-1] == step
        assert [item.finding for item in desk.cases.findings(tx, case.id)][1] == WRONG
        assert [(row[3], row[4].fraud) for row in desk.cases.outcomes(tx)] == [
            (1, False),
            (2, True),
        ]
        assert desk.cases.read_evidence(tx, file.id) == (file, PNG)
        found = desk.cases.figures(tx, dt.date(2026, 6, 1), dt.date(2026, 6, 2))
        south = desk.cases.figures(tx, dt.date(2026, 6, 1), dt.date(2026, 6, 2), "SOUTH")
    assert desk.get(other.id).deadline == dt.date(2026, 6, 9)
    assert [(r.currency, r.amount) for r in found.recovered] == [("USD", Decimal("1250.10"))]
    assert [(r.stage.value, r.median_minutes) for r in found.stages] == [
        ("received_to_decided", 60),
        ("decided_to_found", 5),
        ("found_to_released", 0),
        ("received_to_released", 65),
    ]
    assert [(row.decided, row.unopened) for row in found.unopened] == [(3, 1)]
    assert [(row.decided, row.unopened) for row in south.unopened] == [(1, 1)]
    assert found.hit_rates[0].wrong == 1


def test_what_the_database_keeps_of_two_is_what_the_rule_says(desk: Desk) -> None:
    variants = [
        new_case(lane=lane, score=score, reason=f"{lane} {score}", hs_code=f"{n:06}")
        for n, (lane, score) in enumerate(
            [("yellow", 0.5), ("yellow", 0.2), ("red", 0.3), ("yellow", 0.9), ("red", 0.95)]
        )
    ]
    expected = variants[0]
    for variant in variants:
        (kept,) = desk.open(variant)
        expected = stronger(expected, variant)
        assert (kept.lane, kept.score, kept.reason, kept.hs_code) == (
            expected.lane,
            expected.score,
            expected.reason,
            expected.hs_code,
        )


@pytest.mark.slow
def test_thousands_are_opened_at_once_and_again_without_a_second_case(desk: Desk) -> None:
    new = [new_case(f"R{n:05}", score=(n * 7919 % 6007) / 6007) for n in range(6007)]
    first = desk.open(*new)
    assert [case.reference for case in first] == [case.reference for case in new]
    assert desk.open(*new) == first
    with desk.database.read() as tx:
        page = desk.cases.queue(tx, CaseFilter(), None, 3)
        assert desk.cases.count(tx, CaseFilter()) == 1000
        assert desk.cases.count(tx, CaseFilter(), 9000) == 6007
    assert [case.score for case in page.cases] == [6006 / 6007, 6005 / 6007, 6004 / 6007]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A/1", ["A/1", "A/10"]),
        ("A/%", []),
        ("a/1", []),
        ("I1", ["A/1", "A/10", "B_1"]),
        ("B_", ["B_1"]),
    ],
)
def test_a_search_means_what_it_says(desk: Desk, text: str, found: list[str]) -> None:
    desk.open(new_case("A/1"), new_case("A/10"), new_case("B_1"), new_case("Bx1", importer="I2"))
    with desk.database.read() as tx:
        page = desk.cases.queue(tx, CaseFilter(text=text))
        assert sorted(case.reference for case in page.cases) == found


# ---------------------------------------------------------------- two at once


def both(desk: Desk, verbs: list[Any]) -> list[Any]:
    """The results, or the refusals, of verbs that run at the same moment, each in a thread."""
    ready = threading.Barrier(len(verbs))

    def run(verb: Any) -> Any:
        ready.wait()
        try:
            return desk.database.write(verb)
        except TradelaneError as refused:
            return refused.problems[0]

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(run, verbs))


def test_of_two_officers_at_once_one_decides_and_the_other_is_told(desk: Desk) -> None:
    opened = desk.open(*(new_case(f"R{n}") for n in range(20)))
    for case in opened:

        def verb(login: str, by: int, decision: Decision, of: int = case.id) -> Any:
            return lambda tx: desk.cases.decide(
                tx, of, decision, by=by, login=login, revision=0, reason=WHY
            )

        results = both(desk, [verb("ana", 7, Decision.INSPECT), verb("ben", 8, Decision.RELEASE)])
        won = [result for result in results if isinstance(result, Step)]
        told = [result for result in results if not isinstance(result, Step)]
        assert (len(won), len(told)) == (1, 1)
        assert told[0].code == "inspections.changed"
        assert told[0].message.startswith(f"{won[0].login} decided this case on 2026-06-01")
        kept = desk.get(case.id)
        assert (kept.revision, kept.decided_by, kept.state) == (1, won[0].by, won[0].after)
        with desk.database.read() as tx:
            assert desk.cases.steps(tx, case.id) == won


@pytest.mark.postgres
def test_the_second_waits_for_the_first_and_is_told_when_both_read_before(
    postgres_url: str,
) -> None:
    database = Database(postgres_url)
    metadata.create_all(database.engine, tables=TABLES)
    desk = Desk(database)
    (case,) = desk.open(new_case())
    read = threading.Barrier(2)
    step_of = desk.cases._store.steps

    def steps(tx: Any, case_id: int) -> list[Step]:
        found = step_of(tx, case_id)
        if not read.broken and read.n_waiting < 2 and not found:
            read.wait(timeout=20)  # nobody writes before both have read the case as it was
        return found

    desk.cases._store.steps = steps  # type: ignore[method-assign]
    results = both(
        desk,
        [
            lambda tx, by=by: desk.cases.decide(
                tx, case.id, Decision.INSPECT, by=by, login=f"officer {by}", revision=0
            )
            for by in (7, 8)
        ],
    )
    codes = [getattr(result, "code", "won") for result in results]
    assert sorted(codes) == ["inspections.changed", "won"]
    assert desk.get(case.id).revision == 1
    database.close()


def test_two_uploads_at_once_do_not_pass_the_limit(desk: Desk) -> None:
    (case,) = desk.open(new_case())

    def upload(number: int) -> Any:
        data = PNG + bytes([number])
        return lambda tx: desk.cases.add_evidence(tx, case.id, f"{number}.png", data, 7)

    for number in range(19):
        desk.database.write(upload(number))
    results = both(desk, [upload(number) for number in range(30, 34)])
    refused = [result for result in results if getattr(result, "code", "").endswith("_count")]
    assert len(refused) == 3
    with desk.database.read() as tx:
        assert len(desk.cases.evidence(tx, case.id)) == 20


def test_the_same_cases_opened_twice_at_once_are_there_once(desk: Desk) -> None:
    new = [new_case(f"R{n}") for n in range(300)]
    first, second = both(desk, [lambda tx: desk.cases.open_many(tx, new) for _ in range(2)])
    assert [case.id for case in first] == [case.id for case in second]


# ---------------------------------------------------------------- speed comes from indexes


IN_ORDER = [
    (CaseFilter(), "state"),
    (CaseFilter(office="NORTH"), "office"),
    (CaseFilter(assigned_to=3), "assigned_to"),
    (CaseFilter(unassigned=True), "assigned_to"),
    (CaseFilter(lane="yellow"), "lane"),
    (CaseFilter(hs_prefix="85"), "hs_chapter"),
    (CaseFilter(importer="I7"), "importer"),
]


@pytest.mark.slow
def test_a_page_comes_off_an_index_in_order_without_sorting(desk: Desk) -> None:
    _fill(desk)
    for wanted, index in IN_ORDER:
        for after in (None, Cursor(0.5, 7)):
            for state in wanted.states:
                with desk.database.read() as tx:
                    plan = _plan(tx, queue.page_query(tx, wanted, state, after, 51))
                assert "Sort" not in plan, plan
                assert "TEMP B-TREE" not in plan, plan
                assert f"ix_inspection_case_{index}" in plan, plan


@pytest.mark.slow
def test_a_search_begins_with_what_it_looks_for(desk: Desk) -> None:
    _fill(desk)
    wanted = CaseFilter(text="R00123", office="NORTH")
    with desk.database.read() as tx:
        plan = _plan(tx, queue.page_query(tx, wanted, CaseState.OPEN, None, 51))
    assert "ix_inspection_case_state" not in plan, plan
    assert "ix_inspection_case_office" not in plan, plan


def _fill(desk: Desk) -> None:
    """Enough cases that the planner has a choice to make, spread as an administration has them."""
    new = [
        new_case(
            f"R{n:05}",
            score=n / 7000,
            office=("NORTH", "SOUTH", "EAST", "WEST")[n % 4],
            lane=("red", "yellow")[n % 3 == 0],
            importer=f"I{n % 50}",
            hs_code=f"{n % 97 + 1:02}0000",
        )
        for n in range(7000)
    ]
    opened = desk.open(*new)
    states = [CaseState.OPEN, CaseState.RELEASED, CaseState.HELD, CaseState.INSPECTING]
    states.append(CaseState.REFERRED)
    rows = [
        {"of": case.id, "to": states[n % 5].value, "officer": n % 9}
        for n, case in enumerate(opened)
    ]
    changed = cases.update().where(cases.c.id == sa.bindparam("of"))
    changed = changed.values(state=sa.bindparam("to"), assigned_to=sa.bindparam("officer"))
    desk.database.write(lambda tx: tx.execute(changed, rows))
    if not desk.database.is_sqlite:
        desk.database.write(lambda tx: tx.exec_driver_sql("ANALYZE inspection_case"))


def _plan(tx: sa.Connection, query: sa.Select[Any]) -> str:
    text = query.compile(tx.engine, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN QUERY PLAN" if tx.dialect.name == "sqlite" else "EXPLAIN"
    if tx.dialect.name == "postgresql":
        # At this size a sort costs nothing; what is asked is whether the index could do without.
        tx.exec_driver_sql("SET LOCAL enable_sort = off")
        tx.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        tx.exec_driver_sql("SET LOCAL enable_seqscan = off")
    return "\n".join(str(row[-1]) for row in tx.exec_driver_sql(f"{explain} {text}"))
