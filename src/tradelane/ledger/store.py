"""Where the ledger is kept in SQL: entries, tiles of the tree, signed checkpoints, one head row.

Whoever appends holds the head row: on PostgreSQL by a row lock, on SQLite by being the one writer.
The ``audit_`` methods return what is really there, whatever its type or encoding, as bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError

from tradelane.kit.database import insert_rows, metadata
from tradelane.kit.errors import IntegrityBroken, Problem
from tradelane.ledger.model import Head

# SQLite clusters a table by its key only where the key's type is spelt INTEGER.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

entries = sa.Table(
    "ledger_entry",
    metadata,
    sa.Column("index", _NUMBER, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
tiles = sa.Table(
    "ledger_tile",
    metadata,
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("index", _NUMBER, primary_key=True, autoincrement=False),
    sa.Column("hashes", sa.LargeBinary, nullable=False),
)
checkpoints = sa.Table(
    "ledger_checkpoint",
    metadata,
    sa.Column("size", _NUMBER, primary_key=True, autoincrement=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
head = sa.Table(
    "ledger_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("size", _NUMBER, nullable=False),
    sa.Column("checkpoints", _NUMBER, nullable=False),
)

_HEAD_ID = 1
_PAGE = 2048
_TILE_PAGE = 64
_SUBJECTS = 500
# Built once: making a statement costs more than running it when little is written at a time.
_HEAD = sa.select(head.c.size, head.c.checkpoints).where(head.c.id == _HEAD_ID)
_HELD_HEAD = _HEAD.with_for_update()
_MOVE_HEAD = head.update().where(head.c.id == _HEAD_ID)
_TILES = sa.select(tiles.c.level, tiles.c.index, tiles.c.hashes)
_KEEP_TILES = {
    name: made.on_conflict_do_update(
        index_elements=[tiles.c.level, tiles.c.index], set_={"hashes": made.excluded.hashes}
    )
    for name, made in (
        ("sqlite", sqlite.insert(tiles)),
        ("postgresql", postgresql.insert(tiles)),
    )
}
_FEW_TILES = 8


@functools.cache
def _few_tiles(count: int) -> sa.Select[Any]:
    """The tiles of ``count`` places: the right edge has one a level."""
    return _TILES.where(
        sa.or_(
            *(
                sa.and_(
                    tiles.c.level == sa.bindparam(f"level{n}", type_=sa.Integer),
                    tiles.c.index == sa.bindparam(f"index{n}", type_=_NUMBER),
                )
                for n in range(count)
            )
        )
    )


_CHECKPOINT = sa.select(checkpoints.c.size, checkpoints.c.note)
_LATEST_CHECKPOINT = _CHECKPOINT.order_by(checkpoints.c.size.desc()).limit(1)


class SqlLedgerStore:
    """The ledger's tables; every method works in the caller's transaction."""

    def lock_head(self, tx: sa.Connection) -> Head:
        """The head, held until the transaction ends; makes the row for an empty ledger."""
        row = tx.execute(_HELD_HEAD).one_or_none()
        if row is None:
            values = {"id": _HEAD_ID, "size": 0, "checkpoints": 0}
            tx.execute(_insert(tx, head).values(values).on_conflict_do_nothing())
            row = tx.execute(_HELD_HEAD).one()
        return _head(row)

    def read_head(self, tx: sa.Connection) -> Head:
        """The head as it is now."""
        row = tx.execute(_HEAD).one_or_none()
        return _head(row) if row is not None else Head(0, 0)

    def write_head(self, tx: sa.Connection, now: Head) -> None:
        """Move the head that `lock_head` gave."""
        tx.execute(_MOVE_HEAD, {"size": now.size, "checkpoints": now.checkpoints})

    def insert_entries(
        self, tx: sa.Connection, rows: Sequence[tuple[int, str, str, bytes]]
    ) -> None:
        """Add rows of index, kind, subject, data; raises IntegrityBroken ``ledger.index_taken``."""
        try:
            insert_rows(tx, entries, rows)
        except IntegrityError as error:
            raise IntegrityBroken(
                Problem(
                    "ledger.index_taken",
                    f"An entry from {rows[0][0]} on is already there, beyond the ledger's head.",
                    hint="Run `tradelane ledger verify`.",
                )
            ) from error

    def find_entries(
        self, tx: sa.Connection, subject: str, kind: str | None
    ) -> list[tuple[int, bytes]]:
        """Index and data of a subject's entries, in order."""
        query = sa.select(entries.c.index, entries.c.data).where(entries.c.subject == subject)
        if kind is not None:
            query = query.where(entries.c.kind == kind)
        return [(row[0], row[1]) for row in tx.execute(query.order_by(entries.c.index))]

    def find_many(
        self, tx: sa.Connection, subjects: Collection[str], kind: str
    ) -> Iterator[tuple[int, bytes]]:
        """Index and data of many subjects' entries of a kind; those of a subject in order."""
        query = sa.select(entries.c.index, entries.c.data).order_by(entries.c.index)
        wanted = sorted(subjects)
        for start in range(0, len(wanted), _SUBJECTS):
            mine = entries.c.subject.in_(wanted[start : start + _SUBJECTS])
            found = tx.execute(query.where(mine, entries.c.kind == kind))
            yield from ((row[0], row[1]) for row in found)

    def read_entries(self, tx: sa.Connection, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """Index and data from ``start`` to ``stop`` (not included), in order, page by page."""
        query = sa.select(entries.c.index, entries.c.data).order_by(entries.c.index)
        while start < stop:
            upper = min(stop, start + _PAGE)
            page = query.where(entries.c.index >= start, entries.c.index < upper)
            yield from ((row[0], row[1]) for row in tx.execute(page))
            start = upper

    def read_kinds(
        self, tx: sa.Connection, start: int, stop: int, kinds: Collection[str]
    ) -> Iterator[tuple[int, str, bytes]]:
        """Index, subject and data of these kinds from ``start`` to ``stop`` (not included)."""
        columns = (entries.c.index, entries.c.subject, entries.c.data)
        query = sa.select(*columns).order_by(entries.c.index).where(entries.c.kind.in_(kinds))
        while start < stop:
            upper = min(stop, start + _PAGE)
            page = query.where(entries.c.index >= start, entries.c.index < upper)
            yield from ((row[0], row[1], row[2]) for row in tx.execute(page))
            start = upper

    def read_tiles(
        self, tx: sa.Connection, keys: Collection[tuple[int, int]]
    ) -> dict[tuple[int, int], bytes]:
        """The tiles of these (level, index), as far as they are there."""
        if len(keys) <= _FEW_TILES:
            places = {f"level{n}": key[0] for n, key in enumerate(keys)}
            places |= {f"index{n}": key[1] for n, key in enumerate(keys)}
            found = tx.execute(_few_tiles(len(keys)), places) if keys else ()
        else:
            wanted = [
                sa.and_(tiles.c.level == level, tiles.c.index.in_([key[1] for key in group]))
                for level, group in groupby(sorted(keys), key=lambda key: key[0])
            ]
            found = tx.execute(_TILES.where(sa.or_(*wanted)))
        return {(row[0], row[1]): row[2] for row in found}

    def write_tiles(self, tx: sa.Connection, changed: Mapping[tuple[int, int], bytes]) -> None:
        """Add tiles, or replace partial ones."""
        rows = [{"level": k[0], "index": k[1], "hashes": v} for k, v in changed.items()]
        tx.execute(_KEEP_TILES[tx.dialect.name], rows)

    def insert_checkpoint(self, tx: sa.Connection, size: int, note: str, at: str) -> None:
        """Keep a signed note."""
        tx.execute(checkpoints.insert(), {"size": size, "note": note, "at": at})

    def find_checkpoint(self, tx: sa.Connection, size: int | None) -> tuple[int, str] | None:
        """Size and note of the checkpoint at ``size``, or of the latest one."""
        query = _LATEST_CHECKPOINT
        if size is not None:
            query = _CHECKPOINT.where(checkpoints.c.size == size)
        row = tx.execute(query).one_or_none()
        return (row[0], row[1]) if row is not None else None

    def begin_audit(self, tx: sa.Connection) -> list[str]:
        """Hold one state for all that is read next; what the database itself says is damaged."""
        if tx.dialect.name == "sqlite":
            with _readable():
                lines = [str(row[0]) for row in tx.exec_driver_sql("PRAGMA integrity_check(20)")]
            return [line for line in lines if line != "ok"]
        if not tx.in_transaction():
            tx.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return []

    def audit_head(self, tx: sa.Connection) -> list[tuple[Any, Any, Any]]:
        """Every head row as id, size, checkpoints."""
        with _readable():
            columns = [_as_number(tx, column) for column in head.columns]
            query = sa.select(*columns).order_by(head.c.id)
            return [(row[0], row[1], row[2]) for row in tx.execute(query)]

    def audit_end(self, tx: sa.Connection) -> int:
        """One more than the highest index of an entry."""
        with _readable():
            highest = tx.execute(sa.select(sa.func.max(entries.c.index))).scalar()
        return 0 if highest is None else int(highest) + 1

    def audit_entries(self, tx: sa.Connection) -> Iterator[tuple[int, bytes, bytes, bytes, str]]:
        """Every row in order: index, kind, subject, data, and their SQLite types."""
        columns = [entries.c.kind, entries.c.subject, entries.c.data]
        return _pages(tx, entries.c.index, columns, _PAGE)

    def audit_checkpoints(self, tx: sa.Connection) -> Iterator[tuple[int, bytes, bytes, str]]:
        """Every row in order: size, note, time, and their SQLite types."""
        return _pages(tx, checkpoints.c.size, [checkpoints.c.note, checkpoints.c.at], _PAGE)

    def audit_levels(self, tx: sa.Connection) -> list[Any]:
        """The levels that have tiles."""
        with _readable():
            query = sa.select(_as_number(tx, tiles.c.level)).distinct()
            return [row[0] for row in tx.execute(query)]

    def audit_tiles(self, tx: sa.Connection, level: int) -> Iterator[tuple[Any, bytes, str]]:
        """Every tile of a level in order: index, hashes, and their SQLite types."""
        return _pages(tx, tiles.c.index, [tiles.c.hashes], _TILE_PAGE, tiles.c.level == level)


def _head(row: Any) -> Head:
    size, signed = row
    if not (isinstance(size, int) and isinstance(signed, int) and size >= 0):
        raise IntegrityBroken(
            Problem(
                "ledger.head_damaged",
                f"The ledger's head row was changed: got {size!r} entries and {signed!r} "
                "checkpoints, expected whole numbers.",
                hint="Run `tradelane ledger verify`.",
            )
        )
    return Head(size, signed)


def _insert(tx: sa.Connection, table: sa.Table) -> Any:
    return sqlite.insert(table) if tx.dialect.name == "sqlite" else postgresql.insert(table)


def _pages(
    tx: sa.Connection, key: sa.Column[Any], columns: list[sa.Column[Any]], length: int, *where: Any
) -> Iterator[Any]:
    """Rows in the order of ``key``, its value first, then columns as bytes, then their types."""
    bytes_of, types_of = _as_bytes(tx), _types(tx)
    query = (
        sa.select(_as_number(tx, key), *[bytes_of(column) for column in columns], types_of(columns))
        .where(*where)
        .order_by(key)
        .limit(length)
    )
    after = query.where(key > sa.bindparam("after", type_=key.type))
    with _readable():
        page = tx.execute(query).all()
    while page:
        yield from page
        if len(page) < length:
            return
        with _readable():
            page = tx.execute(after, {"after": page[-1][0]}).all()


def _as_bytes(tx: sa.Connection) -> Callable[[sa.Column[Any]], sa.ColumnElement[Any]]:
    if tx.dialect.name == "sqlite":
        return lambda column: sa.cast(column, sa.LargeBinary)
    return lambda column: (
        column
        if isinstance(column.type, sa.LargeBinary)
        else sa.func.convert_to(column, sa.literal_column("'UTF8'"))
    )


def _as_number(tx: sa.Connection, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """The number, or the bytes of whatever SQLite was given in its place."""
    if tx.dialect.name != "sqlite":
        return column
    kept = sa.cast(column, sa.LargeBinary)
    chosen = sa.case((sa.func.typeof(column) == "integer", column), else_=kept)
    return sa.type_coerce(chosen, sa.types.NullType())


def _types(tx: sa.Connection) -> Callable[[list[sa.Column[Any]]], sa.ColumnElement[Any]]:
    """SQLite keeps any type in any column; PostgreSQL only the declared one."""
    if tx.dialect.name == "sqlite":
        return lambda columns: functools.reduce(
            lambda left, right: left + " " + right,
            [sa.type_coerce(sa.func.typeof(column), sa.Text) for column in columns],
        )
    return lambda columns: sa.literal_column(
        "'"
        + " ".join("blob" if isinstance(c.type, sa.LargeBinary) else "text" for c in columns)
        + "'"
    )


@contextmanager
def _readable() -> Iterator[None]:
    """Damage that the database itself stumbles over becomes IntegrityBroken."""
    try:
        yield
    except DBAPIError as error:
        name = getattr(error.orig, "sqlite_errorname", None) or ""
        state = getattr(error.orig, "sqlstate", None) or ""
        if (
            name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR"))
            or state.startswith(("XX", "42"))
            or "Could not decode" in str(error.orig)
        ):
            raise IntegrityBroken(
                Problem(
                    "ledger.unreadable",
                    f"The database cannot be read: {str(error.orig).splitlines()[0]}.",
                    hint="Restore a backup and verify that.",
                )
            ) from error
        raise
