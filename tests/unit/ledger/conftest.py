"""A ledger on each database that Tradelane keeps it in: memory, a SQLite file, PostgreSQL."""

import os
import uuid
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from tradelane.kit.clock import FixedClock
from tradelane.kit.database import Database, metadata
from tradelane.ledger import Entry, Ledger, LedgerKey
from tradelane.ledger import store as ledger_store

ORIGIN = "customs.example/ledger"
TABLES = [
    ledger_store.entries,
    ledger_store.tiles,
    ledger_store.checkpoints,
    ledger_store.head,
]
POSTGRES = os.environ.get(
    "TRADELANE_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)


class Kept:
    """A ledger, its database, and the short ways that tests use."""

    def __init__(self, url, folder, name=ORIGIN):
        self.database = Database(url)
        self.clock = FixedClock(datetime(2026, 3, 1, 9, 30, 15, 250, tzinfo=UTC))
        self.ledger = self.another(folder, name)

    def another(self, folder, name=ORIGIN):
        """A second ledger object, as another process would have one."""
        key = LedgerKey.load_or_create(folder, name)
        return Ledger(ledger_store.SqlLedgerStore(), key, self.clock, ORIGIN)

    def write(self, entries, ledger=None):
        ledger = ledger or self.ledger

        def run(tx):
            indexes = ledger.append(tx, entries)
            ledger.checkpoint(tx)
            return indexes

        return self.database.write(run)

    def change(self, statement, *values):
        """Tamper: run SQL behind the ledger's back."""
        self.database.write(lambda tx: tx.execute(sa.text(statement), *values))

    def verify(self, **options):
        with self.database.read() as tx:
            return self.ledger.verify(tx, **options)

    def read(self, run):
        with self.database.read() as tx:
            return run(tx)


def entries(count, start=0):
    """Entries 0, 1, 2 ... of two kinds, both about the same subject D-0, D-1 ..."""
    return [
        Entry(
            f"2026-03-01T09:00:00.{n:06d}Z",
            ("declaration.received", "lane.assigned")[n % 2],
            f"D-{n // 2}",
            {"number": n, "note": "préavis № 7"},
        )
        for n in range(start, start + count)
    ]


@pytest.fixture(scope="session")
def postgres_url():
    """A schema of its own on the server, dropped afterwards."""
    engine = sa.create_engine(POSTGRES, connect_args={"connect_timeout": 3})
    schema = f"tradelane_test_{uuid.uuid4().hex[:12]}"
    try:
        with engine.begin() as connection:
            connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
    except sa.exc.OperationalError as error:
        pytest.skip(f"no PostgreSQL server answers: {str(error.orig).splitlines()[0]}")
    url = sa.make_url(POSTGRES).update_query_dict({"options": f"-csearch_path={schema}"})
    yield url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(sa.text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture(params=["memory", "file", pytest.param("postgres", marks=pytest.mark.postgres)])
def kept(request, tmp_path):
    url = {"memory": "sqlite://", "file": f"sqlite:///{tmp_path / 'ledger.db'}"}.get(
        request.param
    ) or request.getfixturevalue("postgres_url")
    kept = Kept(url, tmp_path)
    metadata.drop_all(kept.database.engine, tables=TABLES)
    metadata.create_all(kept.database.engine, tables=TABLES)
    yield kept
    kept.database.close()


@pytest.fixture
def filed(tmp_path):
    """On a SQLite file only."""
    kept = Kept(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    metadata.create_all(kept.database.engine, tables=TABLES)
    yield kept
    kept.database.close()


@pytest.fixture
def make_entries():
    return entries
