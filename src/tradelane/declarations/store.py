"""What is kept of declarations, in SQL: every version, the batches they came in, refused rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tradelane.declarations.model import (
    Batch,
    Kept,
    Known,
    Listed,
    NewDeclaration,
    RejectedRow,
    State,
)
from tradelane.kit import canonical
from tradelane.kit.database import insert_rows, metadata
from tradelane.kit.errors import IntegrityBroken, Problem
from tradelane.trade.declaration import from_content

declarations = sa.Table(
    "declaration",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("declarant", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("content_digest", sa.Text, nullable=False),
    sa.Column("batch_id", sa.Text, sa.ForeignKey("batch.id")),
    sa.Column("first_row", sa.BigInteger),
    sa.Column("line_count", sa.Integer, nullable=False),
    sa.Column("received_at", sa.Text, nullable=False),
    # In this order the one index also finds a reference whoever declared it.
    sa.UniqueConstraint("reference", "declarant", "version"),
)
sa.Index("ix_declaration_batch_id", declarations.c.batch_id, declarations.c.first_row)
sa.Index("ix_declaration_declarant", declarations.c.declarant, declarations.c.id)
sa.Index("ix_declaration_received_at", declarations.c.received_at)

batches = sa.Table(
    "batch",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("file_digest", sa.Text, nullable=False),
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("rows_total", sa.BigInteger),
    sa.Column("rows_read", sa.BigInteger, nullable=False),
    sa.Column("accepted", sa.BigInteger, nullable=False),
    sa.Column("rejected", sa.BigInteger, nullable=False),
    sa.Column("opened_at", sa.Text, nullable=False),
    sa.Column("closed_at", sa.Text),
)

rejected_rows = sa.Table(
    "rejected_row",
    metadata,
    sa.Column("batch_id", sa.Text, sa.ForeignKey("batch.id"), primary_key=True),
    sa.Column("row", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("line", sa.BigInteger, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("problems", sa.Text, nullable=False),
)

_KEYS_AT_ONCE = 5000
# The keys go in as one JSON parameter: thousands of bound values cost more than the look-up.
_KNOWN = {
    "sqlite": sa.text(
        "SELECT d.declarant, d.reference, d.version, d.status, d.content_digest, d.batch_id,"
        " d.first_row FROM json_each(:pairs) AS k CROSS JOIN declaration AS d"
        " ON d.reference = json_extract(k.value, '$[1]')"
        " AND d.declarant = json_extract(k.value, '$[0]') ORDER BY d.version"
    ),
    "postgresql": sa.text(
        "SELECT d.declarant, d.reference, d.version, d.status, d.content_digest, d.batch_id,"
        " d.first_row FROM json_array_elements(CAST(:pairs AS json)) AS k JOIN declaration AS d"
        " ON d.reference = k ->> 1 AND d.declarant = k ->> 0 ORDER BY d.version"
    ),
}
_CONTENTS = {
    name: sa.text(re.sub(r"SELECT .* FROM json", "SELECT d.* FROM json", query.text))
    for name, query in _KNOWN.items()
}
# Built once: making a statement costs more than running it when little is written at a time.
_HELD_BATCH = batches.select().where(batches.c.id == sa.bindparam("batch_id")).with_for_update()
_KEEP_BATCH = batches.update().where(batches.c.id == sa.bindparam("batch_id"))
_PARTS = (declarations.c.declarant, declarations.c.reference)


class SqlDeclarationStore:
    """Declarations in a SQL database; every method takes the connection of a transaction."""

    def open_batch(self, tx: sa.Connection, batch: Batch) -> Batch:
        """Keep a new batch; the one that is kept already, if there is one with its id."""
        found = self.find_batch(tx, batch.id)
        if found is not None:
            return found
        values = {**_batch_row(batch), "id": batch.id}
        insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
        # Another process may open it at this moment: then it is there once this waited for it.
        tx.execute(insert(batches).values(values).on_conflict_do_nothing())
        return self.find_batch(tx, batch.id) or batch

    def find_batch(self, tx: sa.Connection, batch_id: str) -> Batch | None:
        """The batch of that id, locked for this transaction where the database can, or None."""
        row = tx.execute(_HELD_BATCH, {"batch_id": batch_id}).first()
        return None if row is None else _batch(row)

    def batches(
        self, tx: sa.Connection, name: str | None = None, status: str | None = None
    ) -> list[Batch]:
        """Every batch (of that name, of that status), newest first."""
        query = batches.select().order_by(batches.c.opened_at.desc(), batches.c.id)
        if name is not None:
            query = query.where(batches.c.name == name)
        if status is not None:
            query = query.where(batches.c.status == status)
        return [_batch(row) for row in tx.execute(query)]

    def update_batch(self, tx: sa.Connection, batch: Batch) -> None:
        """Keep how far a batch is."""
        tx.execute(_KEEP_BATCH, {**_batch_row(batch), "batch_id": batch.id})

    def add_declarations(self, tx: sa.Connection, new: Sequence[NewDeclaration]) -> None:
        """Keep versions of declarations."""
        insert_rows(
            tx,
            declarations,
            [
                (
                    item.declarant,
                    item.reference,
                    item.version,
                    item.status.value,
                    item.content,
                    item.content_digest,
                    item.batch_id,
                    item.first_row,
                    item.line_count,
                    item.received_at,
                )
                for item in new
            ],
        )

    def known(
        self, tx: sa.Connection, keys: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], Known]:
        """What is kept of each (declarant, reference) that is known, of its latest version."""
        found: dict[tuple[str, str], Known] = {}
        query = _KNOWN[tx.dialect.name]
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            pairs = json.dumps(keys[start : start + _KEYS_AT_ONCE])
            for row in tx.execute(query, {"pairs": pairs}):
                found[row[0], row[1]] = Known(row[2], State(row[3]), row[4], row[5], row[6])
        return found

    def find(self, tx: sa.Connection, declarant: str, reference: str) -> Kept | None:
        """The latest version of a declaration, or None."""
        return next(iter(self._kept(tx, _PARTS[0] == declarant, _PARTS[1] == reference)), None)

    def latest(self, tx: sa.Connection, most: int) -> list[Kept]:
        """The declarations that came last, newest first."""
        query = declarations.select().order_by(declarations.c.id.desc()).limit(most)
        return [_kept(row) for row in tx.execute(query)]

    def received_by_day(self, tx: sa.Connection, start: str, end: str) -> list[tuple[str, int]]:
        """Day (UTC) and number of the versions received from a time until before another."""
        at = declarations.c.received_at
        day = sa.func.substr(at, 1, 10).label("day")
        query = sa.select(day, sa.func.count()).where(at >= start, at < end)
        return [(row[0], row[1]) for row in tx.execute(query.group_by(day).order_by(day))]

    def sample(self, tx: sa.Connection, start: str, end: str, most: int) -> list[Kept]:
        """An even sample of about ``most`` versions received from a time until before another."""
        columns = declarations.c
        within = sa.and_(columns.received_at >= start, columns.received_at < end)
        count = tx.execute(sa.select(sa.func.count()).where(within)).scalar_one()
        every = max(1, -(-count // most))
        query = declarations.select().where(within)
        if every > 1:
            query = query.where(columns.id % every == 0)
        return [_kept(row) for row in tx.execute(query.order_by(columns.id))]

    def find_versions(self, tx: sa.Connection, keys: Sequence[tuple[str, str, int]]) -> list[Kept]:
        """These (declarant, reference, version)s, in no order; those that are there."""
        wanted = set(keys)
        pairs = sorted({key[:2] for key in keys})
        found = []
        for start in range(0, len(pairs), _KEYS_AT_ONCE):
            part = json.dumps(pairs[start : start + _KEYS_AT_ONCE])
            for row in tx.execute(_CONTENTS[tx.dialect.name], {"pairs": part}):
                if (row.declarant, row.reference, row.version) in wanted:
                    found.append(_kept(row))
        return found

    def last_received(self, tx: sa.Connection) -> str | None:
        """When the latest version was received, or None."""
        found: str | None = tx.execute(sa.select(sa.func.max(declarations.c.received_at))).scalar()
        return found

    def after(self, tx: sa.Connection, last: int, limit: int) -> list[tuple[int, Kept, bool]]:
        """Versions in the order they were kept, from after an id: id, version, is the latest."""
        newer = declarations.alias()
        superseded = sa.exists().where(
            newer.c.reference == declarations.c.reference,
            newer.c.declarant == declarations.c.declarant,
            newer.c.version > declarations.c.version,
        )
        query = (
            sa.select(declarations, superseded.label("superseded"))
            .where(declarations.c.id > last)
            .order_by(declarations.c.id)
            .limit(limit)
        )
        return [(row.id, _kept(row), not row.superseded) for row in tx.execute(query)]

    def of_declarants(
        self,
        tx: sa.Connection,
        declarants: Sequence[str],
        *,
        states: Sequence[State] = (),
        text: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> list[Listed]:
        """Latest versions of these declarants' declarations, newest first; see the service."""
        newer = declarations.alias()
        query = (
            sa.select(*(declarations.c[name] for name in Listed._fields))
            .where(
                declarations.c.declarant.in_(declarants),
                ~sa.exists().where(
                    newer.c.reference == declarations.c.reference,
                    newer.c.declarant == declarations.c.declarant,
                    newer.c.version > declarations.c.version,
                ),
            )
            .order_by(declarations.c.id.desc())
            .limit(limit)
        )
        if states:
            query = query.where(declarations.c.status.in_([str(state) for state in states]))
        if text:
            query = query.where(declarations.c.reference.startswith(text, autoescape=True))
        if before is not None:
            query = query.where(declarations.c.id < before)
        return [
            Listed(row[0], row[1], row[2], row[3], State(row[4]), *row[5:])
            for row in tx.execute(query)
        ]

    def find_by_reference(self, tx: sa.Connection, reference: str) -> list[Kept]:
        """The latest version of each declaration with that reference, whoever declared it."""
        latest: dict[str, Kept] = {}
        for kept in self._kept(tx, _PARTS[1] == reference):
            latest.setdefault(kept.declaration.declarant, kept)
        return [latest[declarant] for declarant in sorted(latest)]

    def versions(self, tx: sa.Connection, declarant: str, reference: str) -> list[Kept]:
        """Every version of a declaration, newest first."""
        return self._kept(tx, _PARTS[0] == declarant, _PARTS[1] == reference)

    def set_status(self, tx: sa.Connection, changes: Iterable[tuple[str, str, int, State]]) -> None:
        """Keep the status of (declarant, reference, version)s."""
        rows = [
            {"of_declarant": a, "of_reference": b, "of_version": c, "to_status": str(d)}
            for a, b, c, d in changes
        ]
        if rows:
            tx.execute(
                declarations.update()
                .where(
                    _PARTS[0] == sa.bindparam("of_declarant"),
                    _PARTS[1] == sa.bindparam("of_reference"),
                    declarations.c.version == sa.bindparam("of_version"),
                )
                .values(status=sa.bindparam("to_status")),
                rows,
            )

    def set_batch_status(
        self, tx: sa.Connection, batch_id: str, before: State, after: State
    ) -> None:
        """Keep a new status of every declaration of a batch that has the status ``before``."""
        columns = declarations.c
        tx.execute(
            declarations.update()
            .where(columns.batch_id == batch_id, columns.status == str(before))
            .values(status=str(after))
        )

    def in_batch(
        self, tx: sa.Connection, batch_id: str, *, after_row: int = -1, limit: int = 5000
    ) -> list[Kept]:
        """The declarations of a batch in the order of its file, from after a row, so many."""
        columns = declarations.c
        query = (
            declarations.select()
            .where(columns.batch_id == batch_id, columns.first_row > after_row)
            .order_by(columns.first_row)
            .limit(limit)
        )
        return [_kept(row) for row in tx.execute(query)]

    def add_rejected(self, tx: sa.Connection, batch_id: str, rows: Sequence[RejectedRow]) -> None:
        """Keep rows that were refused."""
        if rows:
            tx.execute(
                rejected_rows.insert(),
                [
                    {
                        "batch_id": batch_id,
                        "row": item.row,
                        "line": item.line,
                        "reference": item.reference,
                        "problems": json.dumps([p.to_dict() for p in item.problems]),
                    }
                    for item in rows
                ],
            )

    def rejected(self, tx: sa.Connection, batch_id: str) -> Iterator[RejectedRow]:
        """The refused rows of a batch in the order of its file."""
        query = (
            rejected_rows.select()
            .where(rejected_rows.c.batch_id == batch_id)
            .order_by(rejected_rows.c.row)
        )
        for row in tx.execution_options(yield_per=2000).execute(query):
            problems = tuple(Problem(**data) for data in json.loads(row.problems))
            yield RejectedRow(row.row, row.line, row.reference, problems)

    def _kept(self, tx: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Kept]:
        query = declarations.select().where(*where).order_by(declarations.c.version.desc())
        return [_kept(row) for row in tx.execute(query)]


def _kept(row: sa.Row[Any]) -> Kept:
    try:
        declaration = from_content(canonical.decode(bytes(row.content)))
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise IntegrityBroken(
            Problem(
                "declarations.damaged",
                f"What is kept of the declaration {row.reference!r} is not a declaration any more.",
                hint="It was changed outside Tradelane; restore a backup.",
            )
        ) from error
    return Kept(
        declaration,
        row.version,
        State(row.status),
        row.content_digest,
        row.batch_id,
        row.first_row,
        row.received_at,
    )


def _batch_row(batch: Batch) -> dict[str, Any]:
    return {
        "name": batch.name,
        "file_digest": batch.file_digest,
        "settings": json.dumps(batch.settings, sort_keys=True),
        "status": batch.status,
        "rows_total": batch.rows_total,
        "rows_read": batch.rows_read,
        "accepted": batch.accepted,
        "rejected": batch.rejected,
        "opened_at": batch.opened_at,
        "closed_at": batch.closed_at,
    }


def _batch(row: sa.Row[Any]) -> Batch:
    return Batch(
        id=row.id,
        name=row.name,
        file_digest=row.file_digest,
        settings=json.loads(row.settings),
        status=row.status,
        rows_total=row.rows_total,
        rows_read=row.rows_read,
        accepted=row.accepted,
        rejected=row.rejected,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
    )
