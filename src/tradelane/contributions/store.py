"""What is kept of published records, in SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tradelane.contributions.model import Record, RecordKind
from tradelane.contributions.tables import records
from tradelane.kit import canonical

_C = records.c


class SqlRecordStore:
    """Records in a SQL database; every method takes the connection of a transaction."""

    def add(self, tx: sa.Connection, values: Mapping[str, Any]) -> int:
        """Keep a record and give its number."""
        row = {
            **values,
            "content": canonical.encode(dict(values["content"])).decode(),
            "economies": _words(values["economies"]),
            "domains": _words(values["domains"]),
        }
        found: int = tx.execute(records.insert().values(row).returning(_C.id)).scalar_one()
        return found

    def find(self, tx: sa.Connection, record_id: int) -> Record | None:
        """The record of that number, or None."""
        row = tx.execute(records.select().where(_C.id == record_id)).first()
        return None if row is None else _record(row)

    def revision(self, tx: sa.Connection) -> int:
        """The newest record's number, 0 where there is none."""
        return int(tx.execute(sa.select(sa.func.max(_C.id))).scalar() or 0)

    def all_of(self, tx: sa.Connection, kinds: tuple[RecordKind, ...]) -> list[Record]:
        """Records of some kinds, oldest first."""
        query = records.select().where(_C.kind.in_([str(one) for one in kinds]))
        return [_record(row) for row in tx.execute(query.order_by(_C.id))]

    def latest(
        self, tx: sa.Connection, economy: str, domain: str, kind: RecordKind | None, most: int
    ) -> list[Record]:
        """Records about an economy, a domain or both, newest first."""
        query = records.select()
        for column, word in ((_C.economies, economy), (_C.domains, domain)):
            if word:
                query = query.where(column.contains(f" {word} ", autoescape=True))
        if kind is not None:
            query = query.where(_C.kind == str(kind))
        return [_record(row) for row in tx.execute(query.order_by(_C.id.desc()).limit(most))]


def _words(names: tuple[str, ...]) -> str:
    """Names with a space around each, so that one is found as a whole: `` KR JP ``."""
    return f" {' '.join(names)} " if names else ""


def _record(row: sa.Row[Any]) -> Record:
    values = dict(row._mapping)
    return Record(
        **{
            **values,
            "kind": RecordKind(values["kind"]),
            "content": canonical.decode(values["content"].encode()),
            "recorded_from": dt.date.fromisoformat(values["recorded_from"]),
            "economies": tuple(values["economies"].split()),
            "domains": tuple(values["domains"].split()),
        }
    )
