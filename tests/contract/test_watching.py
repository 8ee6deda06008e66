"""What monitoring reads is the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from desks import TABLES, Desk, new_case
from tradelane.declarations.model import NewDeclaration, State
from tradelane.declarations.store import SqlDeclarationStore, batches, declarations
from tradelane.inspections.findings import Discrepancy, Finding, Result
from tradelane.inspections.model import Decision
from tradelane.inspections.oversight import Following, Oversight
from tradelane.inspections.oversight_store import SqlOversightStore
from tradelane.kit import canonical
from tradelane.kit.database import Database, metadata
from tradelane.targeting.monitoring.store import SqlWatchStore
from tradelane.targeting.store import selection
from tradelane.trade.declaration import Declaration, GoodsLine, content

DAY = dt.date(2026, 6, 1)
NEXT = DAY + dt.timedelta(days=1)
OVERSIGHT = Oversight(SqlOversightStore())


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres_url") if postgres else f"sqlite:///{tmp_path / 'a.db'}"
    database = Database(url)
    metadata.create_all(database.engine, tables=[*TABLES, batches, declarations, selection])
    yield Desk(database)
    database.close()


def _wrong(amount: str) -> Finding:
    return Finding(
        line=1,
        result=Result.WRONG,
        discrepancy=Discrepancy.QUANTITY,
        revenue_recovered=Decimal(amount),
        currency="USD",
    )


def test_what_was_found_is_told_as_it_was_known_on_a_day(desk: Desk) -> None:
    first, _second, yellow = desk.open(
        new_case("A1"), new_case("A2", office="SOUTH"), new_case("A3", lane="yellow")
    )
    desk.decide(first.id, Decision.INSPECT)
    desk.find(first.id, _wrong("10.00"))
    desk.later(days=1)
    desk.find(first.id, _wrong("12.50"), Finding(line=2, result=Result.CONFORM))
    with desk.database.read() as tx:

        def found(as_of: dt.date, office: str = "") -> dict[str, list[tuple[int, float | None]]]:
            cases, each = OVERSIGHT.chosen(tx, DAY, NEXT, office, as_of=as_of, most=100)
            assert each == 1
            return {
                one.reference: sorted((line.line, line.revenue) for line in one.found)
                for one in cases
            }

        assert found(DAY - dt.timedelta(days=1)) == {"A1": [], "A2": []}
        assert found(DAY) == {"A1": [(1, 10.0)], "A2": []}
        assert found(NEXT) == {"A1": [(1, 12.5), (2, None)], "A2": []}
        assert found(NEXT, "SOUTH") == {"A2": []}
        assert OVERSIGHT.chosen(tx, NEXT, NEXT + dt.timedelta(days=9), as_of=NEXT, most=9)[0] == []
    assert yellow.lane == "yellow"


def test_of_many_cases_an_even_sample_is_told_with_what_each_stands_for(desk: Desk) -> None:
    desk.open(*(new_case(f"A{number}") for number in range(40)))
    with desk.database.read() as tx:
        cases, each = OVERSIGHT.chosen(tx, DAY, NEXT, as_of=DAY, most=10)
    assert (len(cases), each) == (10, 4)


def test_how_recommendations_are_followed_is_counted_by_office(desk: Desk) -> None:
    a, b, c, d = desk.open(
        new_case("A1"), new_case("A2"), new_case("A3"), new_case("A4", office="SOUTH")
    )
    desk.decide(a.id, Decision.INSPECT, read_seconds=4)
    desk.decide(b.id, Decision.INSPECT, opened_page=False, by=8, login="ben")
    step = desk.decide(c.id, Decision.RELEASE, "The papers agree with the goods.", read_seconds=90)
    desk.decide(d.id, Decision.INSPECT, opened_page=False)
    assert step.read_seconds == 90
    with desk.database.read() as tx:
        assert desk.cases.steps(tx, c.id)[0].read_seconds == 90
        north, south = OVERSIGHT.following(tx, DAY, NEXT)
        assert OVERSIGHT.following(tx, DAY, NEXT, "SOUTH") == [south]
        assert OVERSIGHT.following(tx, NEXT, NEXT + dt.timedelta(days=1)) == []
    assert north == Following("NORTH", 2, 3, 1, 1, 1, 1)
    assert south == Following("SOUTH", 1, 1, 0, 1, 1, 0)


def _new(reference: str, version: int = 1, *, declarant: str = "D1") -> NewDeclaration:
    line = GoodsLine(1, "847130", "CN", Decimal(version), "USD")
    data = canonical.encode(content(Declaration(reference, declarant, DAY, "I1", (line,))))
    at = "2026-06-01T08:00:00.000000Z"
    return NewDeclaration(
        declarant, reference, version, State.RECEIVED, data, "d", None, None, 1, at
    )


def test_declarations_are_sampled_evenly_and_found_by_their_versions(desk: Desk) -> None:
    store = SqlDeclarationStore()
    new = [_new(f"R{number}") for number in range(30)]
    new += [_new("R0", 2), _new("R0", declarant="D2")]
    desk.database.write(lambda tx: store.add_declarations(tx, new))
    with desk.database.read() as tx:
        assert len(store.sample(tx, "2026-06-01", "2026-06-02", 1000)) == 32
        assert len(store.sample(tx, "2026-06-01", "2026-06-02", 8)) == 8
        assert store.sample(tx, "2026-06-02", "2026-06-03", 8) == []
        wanted = [("D1", "R0", 2), ("D1", "R0", 1), ("D2", "R0", 1), ("D1", "none", 1)]
        found = store.find_versions(tx, wanted)
    assert sorted((*one.declaration.key, one.version) for one in found) == sorted(wanted[:3])


def test_only_lines_that_were_selected_are_found_by_their_names(desk: Desk) -> None:
    rows = [
        {"line": 0, "subject": "D/R/1", "lane": "red", "selected_by": "model", "propensity": 1.0},
        {"line": 1, "subject": "D/R/2", "lane": "green", "selected_by": "none", "propensity": 0.1},
        {"line": 2, "subject": "D/Q/1", "lane": "red", "selected_by": "random", "propensity": 0.1},
    ]
    given = {"batch_id": "b", "probability": 0.5, "score": 0.5, "needs_person": False}
    desk.database.write(lambda tx: tx.execute(sa.insert(selection), [given | r for r in rows]))
    with desk.database.read() as tx:
        names = ["D/R/1", "D/R/2", "D/Q/1", *(f"D/X/{number}" for number in range(1200))]
        found = SqlWatchStore().selected(tx, names)
    assert sorted(found) == ["D/Q/1", "D/R/1"]
    assert found["D/Q/1"][1:] == (0.5, None, "random", 0.1)
