"""One database, SQLite for a laptop or PostgreSQL for an administration, behind one small door.

Every table of every capability hangs on `metadata`. Reading takes a connection; writing takes a
*function* of a connection: writers that arrive together are run one after the other, each in its
own savepoint, and committed once (group commit), so that durability costs one disk flush for all.

SQLite runs with a write-ahead log, full synchronisation and foreign keys on. With PostgreSQL each
write is a transaction of its own; whoever needs an order takes a row lock (the ledger does).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from tradelane.kit.errors import (
    InputRefused,
    IntegrityBroken,
    Problem,
    StorageUnavailable,
    TradelaneError,
)

T = TypeVar("T")

_POSTGRESQL: sa.Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]

_POOL = 20
"""Connections that are kept open: a server's threads together need no more than twice as many."""

_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""The one schema. `kit/migrations` brings a database to it; a test compares the two."""


@dataclass
class _Pending(Generic[T]):
    run: Callable[[sa.Connection], T]
    done: threading.Event = field(default_factory=threading.Event)
    result: T | None = None
    error: BaseException | None = None


class Database:
    """A database at a SQLAlchemy URL (``sqlite:///path`` or ``postgresql+psycopg://...``)."""

    def __init__(self, url: str, *, busy_seconds: float = 30.0) -> None:
        try:
            self.url = sa.make_url(normalise_url(url))
            backend = self.url.get_backend_name()
        except ArgumentError:
            backend = ""
        if backend not in ("sqlite", "postgresql"):
            raise InputRefused(
                Problem(
                    "database.url",
                    "The database's URL is not one that Tradelane can use.",
                    hint="Set TRADELANE_DATABASE_URL like postgresql://user@host/database, or "
                    "unset it.",
                )
            )
        self.is_sqlite = backend == "sqlite"
        options: dict[str, Any] = {
            "pool_size": _POOL,
            "max_overflow": _POOL,
            "pool_use_lifo": True,
        }
        if self.is_sqlite:
            options["connect_args"] = {"timeout": busy_seconds, "check_same_thread": False}
            if self.url.database in (None, "", ":memory:"):
                options = {
                    "connect_args": options["connect_args"],
                    "poolclass": sa.StaticPool,
                }
        self.engine = sa.create_engine(self.url, **options)
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)
        self._turn = threading.Lock()
        self._queue: list[_Pending[Any]] = []
        self._queue_lock = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection that sees one consistent state; what it writes is not kept."""
        with (
            translated(),
            self.engine.connect().execution_options(reading=True) as connection,
        ):
            yield connection

    def write(self, run: Callable[[sa.Connection], T]) -> T:
        """Run ``run`` in a transaction and return its result once that is on disk.

        An exception in ``run`` undoes that write alone and is raised here.
        """
        if not self.is_sqlite:
            with translated(), self.engine.begin() as connection:
                return run(connection)
        pending: _Pending[T] = _Pending(run)
        with self._queue_lock:
            self._queue.append(pending)
        with self._turn:
            if not pending.done.is_set():
                with self._queue_lock:
                    group, self._queue = self._queue, []
                self._commit(group)
        if pending.error is not None:
            raise pending.error
        return cast(T, pending.result)

    def _commit(self, group: list[_Pending[Any]]) -> None:
        try:
            with translated(), self.engine.connect() as connection, connection.begin():
                if len(group) == 1:
                    group[0].result = group[0].run(connection)
                else:
                    for pending in group:
                        _run_apart(pending, connection)
        except BaseException as error:
            for pending in group:
                pending.error = pending.error or error
        finally:
            for pending in group:
                pending.done.set()

    def close(self) -> None:
        """Let every connection go."""
        self.engine.dispose()

    def backup_to(self, target: Path) -> None:
        """A consistent copy of a SQLite database while it is in use; refuses other databases."""
        if not self.is_sqlite:
            raise TradelaneError(
                Problem(
                    "database.backup_server",
                    "This workspace is on a database server.",
                    hint="Use the server's own tool (pg_dump) for it.",
                )
            )
        with self.read() as connection:
            source = connection.connection.driver_connection
            assert isinstance(source, sqlite3.Connection)
            copy = sqlite3.connect(target)
            with copy:
                source.backup(copy)
            copy.close()


def insert_rows(tx: sa.Connection, table: sa.Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of values in the order of the table's columns (a leading id is left out).

    Straight through the driver: on SQLite as one prepared statement, on PostgreSQL as one statement
    with an array a column, which is several times faster than as many statements as rows.
    """
    if not rows:
        return
    statement = _insertion(table, tx.dialect.name, len(rows[0]))
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(statement, [tuple(row) for row in rows])
    else:
        tx.exec_driver_sql(statement, tuple(list(column) for column in zip(*rows, strict=True)))


@cache
def _insertion(table: sa.Table, dialect: str, width: int) -> str:
    columns = list(table.columns)[-width:]
    names = ", ".join(f'"{column.name}"' for column in columns)
    if dialect == "sqlite":
        return f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join("?" * width)})'  # noqa: S608
    # As plain text, because a cast to a shorter type would cut silently what is too long.
    types = [sa.Text() if isinstance(c.type, sa.String) else c.type for c in columns]
    arrays = ", ".join(f"%s::{kind.compile(_POSTGRESQL)}[]" for kind in types)
    return f'INSERT INTO "{table.name}" ({names}) SELECT * FROM unnest({arrays})'  # noqa: S608


def _run_apart(pending: _Pending[Any], connection: sa.Connection) -> None:
    """Run one of a group so that its failure undoes its own work alone."""
    try:
        with translated(), connection.begin_nested():
            pending.result = pending.run(connection)
    except Exception as error:
        pending.error = error


@contextmanager
def translated() -> Iterator[None]:
    """What the database says when it cannot, as errors that a person can act on."""
    try:
        yield
    except OperationalError as error:
        raise StorageUnavailable(
            Problem(
                "database.unavailable",
                f"The database could not be used: {str(error.orig).splitlines()[0]}.",
                hint="Nothing of this step was kept. Free the disk or the lock and run it again.",
            )
        ) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StorageUnavailable(
                Problem(
                    "database.unavailable",
                    "The connection to the database was lost.",
                    hint="Nothing of this step was kept. Run it again.",
                )
            ) from error
        if getattr(error.orig, "sqlite_errorname", "").startswith(_DAMAGED):
            raise IntegrityBroken(
                Problem(
                    "database.damaged",
                    f"The database file is damaged: {error.orig}.",
                    hint="Restore a backup; keep the damaged file for whoever looks into it.",
                )
            ) from error
        raise


def normalise_url(url: str) -> str:
    """The same URL with the driver that Tradelane ships named.

    >>> normalise_url("postgres://u@h/d"), normalise_url("sqlite:///a.db")
    ('postgresql+psycopg://u@h/d', 'sqlite:///a.db')
    """
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    try:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-65536",
            "wal_autocheckpoint=16000",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except UnicodeDecodeError as error:
        # Python cannot read SQLite's own message where that quotes the damaged bytes.
        damaged = sqlite3.DatabaseError("its schema is not readable")
        damaged.sqlite_errorname = "SQLITE_CORRUPT"
        raise damaged from error


def _begin_sqlite(connection: sa.Connection) -> None:
    # Readers must not take the write lock; writers take it at once, or two can deadlock.
    writing = not connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
