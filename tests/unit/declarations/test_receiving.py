"""A declaration is received once, amended with a reason, and every row of a batch is counted."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tradelane.declarations import store as declaration_store
from tradelane.declarations.model import Filing, State, Verb, arrive, content_digest
from tradelane.declarations.service import Declarations
from tradelane.declarations.store import SqlDeclarationStore
from tradelane.kit.clock import FixedClock
from tradelane.kit.database import Database, metadata
from tradelane.kit.errors import TradelaneError

Reading = Callable[..., list[Filing]]
Rows = Callable[..., str]
KEY = ("BROKER", "A")
TABLES = [
    declaration_store.batches,
    declaration_store.declarations,
    declaration_store.rejected_rows,
]


POSTGRES = os.environ.get(
    "TRADELANE_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'declarations.db'}")
        metadata.create_all(database.engine, tables=TABLES)
        yield database
        database.close()
        return
    schema = f"tradelane_test_{uuid.uuid4().hex[:12]}"
    server = sa.create_engine(POSTGRES, connect_args={"connect_timeout": 3})
    try:
        with server.begin() as connection:
            connection.execute(sa.schema.CreateSchema(schema))
    except sa.exc.OperationalError:
        server.dispose()
        pytest.skip("no PostgreSQL server at TRADELANE_TEST_POSTGRES_URL")
    database = Database(f"{POSTGRES}?options=-csearch_path%3D{schema}")
    metadata.create_all(database.engine, tables=TABLES)
    yield database
    database.close()
    with server.begin() as connection:
        connection.execute(sa.schema.DropSchema(schema, cascade=True))
    server.dispose()


@pytest.fixture
def service() -> Declarations:
    return Declarations(
        SqlDeclarationStore(), FixedClock(dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC))
    )


@pytest.fixture
def batch(database: Database, service: Declarations) -> str:
    database.write(
        lambda tx: service.open_batch(
            tx, "batch-1", name="week.csv", file_digest="sha256:0", settings={"mapping": "x"}
        )
    )
    return "batch-1"


def receive(database: Database, service: Declarations, batch: str, filings: Any) -> Any:
    return database.write(lambda tx: service.receive_many(tx, batch, [arrive(f) for f in filings]))


def test_accepted_and_rejected_rows_add_up_to_those_read(
    database: Database, service: Declarations, batch: str, reading: Reading, assets: Path
) -> None:
    filings = reading(assets / "two_lines_one_wrong.csv")
    found = receive(database, service, batch, filings)
    assert (found.batch.rows_read, found.batch.accepted, found.batch.rejected) == (4, 2, 2)
    assert [row.row for row in found.rejected] == [1, 2]
    with database.read() as tx:
        kept = [item for chunk in service.in_batch(tx, batch, chunk=1) for item in chunk]
        rejected = list(service.rejected(tx, batch))
    assert [item.content_digest for item in kept] == [a.content_digest for a in found.accepted]
    assert [item.first_row for item in kept] == [0, 3]
    assert rejected == list(found.rejected)
    assert rejected[1].problems[0].pointer == "/lines/1/customs_value"


def test_receiving_a_step_twice_keeps_it_once(
    database: Database, service: Declarations, batch: str, reading: Reading, assets: Path
) -> None:
    filings = reading(assets / "good.csv")
    first = receive(database, service, batch, filings[:2])
    again = receive(database, service, batch, filings)
    assert len(first.accepted) == 2
    assert [f.reference for f in again.accepted] == ["D3"]
    assert again.batch.accepted == again.batch.rows_read == 3


def test_the_same_declaration_again_is_told_from_another_with_its_name(
    database: Database,
    service: Declarations,
    batch: str,
    reading: Reading,
    sheet: Rows,
    good_row: Rows,
) -> None:
    text = sheet(
        good_row("A"),
        good_row("B"),
        good_row("A"),
        good_row("B", customs_value="7"),
        good_row("A", declarant="OTHER"),
    )
    found = receive(database, service, batch, reading(text))
    assert [f.first_row for f in found.accepted] == [0, 1, 4]
    assert [(row.row, row.problems[0].code) for row in found.rejected] == [
        (2, "declarations.already_received"),
        (3, "declarations.conflict"),
    ]


def test_a_declaration_of_an_earlier_batch_is_not_received_again(
    database: Database, service: Declarations, batch: str, reading: Reading, assets: Path
) -> None:
    filings = reading(assets / "good.csv")
    receive(database, service, batch, filings)
    database.write(lambda tx: service.open_batch(tx, "b2", name="n", file_digest="d", settings={}))
    found = receive(database, service, "b2", filings)
    assert found.accepted == found.rejected == ()
    assert [earlier for _, earlier in found.repeated] == [batch] * len(filings)
    assert found.batch.accepted == found.batch.rows_read == 3


def test_opening_a_batch_again_takes_it_up_where_it_was(
    database: Database, service: Declarations, batch: str, reading: Reading, assets: Path
) -> None:
    receive(database, service, batch, reading(assets / "good.csv"))
    again = database.write(
        lambda tx: service.open_batch(tx, batch, name="x", file_digest="y", settings={})
    )
    assert (again.name, again.rows_read, again.settings) == ("week.csv", 3, {"mapping": "x"})
    closed = database.write(lambda tx: service.close_batch(tx, batch))
    assert (closed.status, closed.rows_total) == ("closed", 3)
    assert database.write(lambda tx: service.close_batch(tx, batch)) == closed
    with database.read() as tx:
        assert service.batches(tx) == [closed]


def test_an_unknown_batch_is_an_error(database: Database, service: Declarations) -> None:
    with pytest.raises(TradelaneError, match=r"declarations\.no_batch"):
        receive(database, service, "nowhere", [])


@pytest.fixture
def received(
    database: Database,
    service: Declarations,
    batch: str,
    reading: Reading,
    sheet: Rows,
    good_row: Rows,
) -> Filing:
    [filing] = filings = reading(sheet(good_row("A")))
    assert len(receive(database, service, batch, filings).accepted) == 1
    return filing


def amended(filing: Filing) -> Any:
    assert filing.declaration is not None
    line = replace(filing.declaration.lines[0], customs_value=Decimal("120"))
    return replace(filing.declaration, lines=(line,))


def test_an_amendment_is_a_new_version_beside_the_old(
    database: Database, service: Declarations, received: Filing
) -> None:
    ended, begun = database.write(
        lambda tx: service.amend(tx, amended(received), "The invoice was wrong.")
    )
    assert (ended.version, ended.after, begun.version) == (1, State.AMENDED, 2)
    with database.read() as tx:
        versions = service.versions(tx, *KEY)
        [by_reference] = service.find_by_reference(tx, "A")
    assert [(kept.version, kept.status) for kept in versions] == [
        (2, State.RECEIVED),
        (1, State.AMENDED),
    ]
    assert by_reference == versions[0]
    assert versions[0].content_digest == content_digest(amended(received))
    assert begun.to_dict()["reason"] == "The invoice was wrong."


def test_an_amendment_needs_a_reason_a_change_and_an_open_declaration(
    database: Database, service: Declarations, received: Filing
) -> None:
    with pytest.raises(TradelaneError, match=r"declarations\.reason_missing"):
        database.write(lambda tx: service.amend(tx, amended(received), " "))
    with pytest.raises(TradelaneError, match=r"declarations\.unchanged"):
        database.write(lambda tx: service.amend(tx, received.declaration, "No change."))
    steps = (Verb.ASSESS, Verb.ROUTE, Verb.INSPECT)
    database.write(lambda tx: service.set_status_many(tx, [(KEY, steps)]))
    with pytest.raises(TradelaneError, match="under inspection cannot be amended"):
        database.write(lambda tx: service.amend(tx, amended(received), "Too late."))
    with database.read() as tx:
        found = service.find(tx, *KEY)
    assert found is not None
    assert (found.version, found.status) == (1, State.UNDER_INSPECTION)


def test_a_cancelled_declaration_is_final_and_its_reference_stays_taken(
    database: Database, service: Declarations, received: Filing
) -> None:
    change = database.write(lambda tx: service.cancel(tx, *KEY, "Ordered twice."))
    assert (change.before, change.after) == (State.RECEIVED, State.CANCELLED)
    with pytest.raises(TradelaneError, match=r"declarations\.transition"):
        database.write(lambda tx: service.cancel(tx, *KEY, "Again."))
    with pytest.raises(TradelaneError, match=r"declarations\.not_found"):
        database.write(lambda tx: service.cancel(tx, "BROKER", "Z", "Not there."))


def test_steps_of_many_are_all_taken_or_none(
    database: Database, service: Declarations, received: Filing
) -> None:
    with pytest.raises(TradelaneError) as caught:
        database.write(lambda tx: service.advance_many(tx, [KEY, ("BROKER", "Z")], Verb.ASSESS))
    assert len(caught.value.problems) == 1
    with database.read() as tx:
        found = service.find(tx, *KEY)
        assert found is not None
        assert found.status is State.RECEIVED
        assert service.find(tx, "BROKER", "Z") is None
