"""What classification learned from, in SQL: sources, examples, codes of other editions.

Every change raises the revision, by which a running service notices that there is more to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from sys import intern
from typing import Any

import sqlalchemy as sa

from tradelane.classification.model import Example, Source
from tradelane.kit.database import insert_rows, metadata

sources = sa.Table(
    "goods_source",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("licence", sa.Text, nullable=False),
    sa.Column("added_at", sa.Text, nullable=False),
    sa.Column("changed_at", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.CheckConstraint("kind IN ('examples', 'tariff', 'editions')", name="ck_goods_source_kind"),
)
examples = sa.Table(
    "goods_example",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("source", sa.String(64), sa.ForeignKey("goods_source.name"), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("text_key", sa.String(64), nullable=False),
    sa.Column("code", sa.String(10), nullable=False),
    sa.Column("valid_from", sa.String(10), nullable=False),
    sa.Column("revoked_on", sa.String(10), nullable=False),
    sa.UniqueConstraint("source", "text_key", "code", name="uq_goods_example_source"),
)
editions = sa.Table(
    "goods_edition",
    metadata,
    sa.Column("source", sa.String(64), sa.ForeignKey("goods_source.name"), primary_key=True),
    sa.Column("old_code", sa.String(6), primary_key=True),
    sa.Column("new_code", sa.String(6), primary_key=True),
)
_S, _E, _M = sources.c, examples.c, editions.c
_REVISION = sa.select(sa.func.coalesce(sa.func.sum(_S.revision), 0))


class SqlExampleStore:
    """Sources and examples in a SQL database; every method takes a transaction's connection."""

    def revision(self, tx: sa.Connection) -> int:
        """Raised by every change; 0 when nothing was learned yet. The sum over the sources, each of
        which counts its own changes: two that change at once never end at the same number."""
        return int(tx.execute(_REVISION).scalar_one())

    def touch(self, tx: sa.Connection, source: Source) -> int:
        """Keep the source's description, and return the new revision."""
        values = {
            "kind": source.kind,
            "licence": source.licence,
            "changed_at": source.changed_at,
        }
        here = _S.name == source.name
        changed = sources.update().where(here).values(**values, revision=_S.revision + 1)
        if not tx.execute(changed).rowcount:
            row = {**values, "name": source.name, "added_at": source.added_at, "revision": 1}
            tx.execute(sources.insert().values(row))
        return self.revision(tx)

    def sources(self, tx: sa.Connection) -> list[Source]:
        """All sources by name, with how much each holds."""
        counted = {
            name: (number, revoked)
            for name, number, revoked in tx.execute(
                sa.select(
                    _E.source, sa.func.count(), sa.func.count(sa.func.nullif(_E.revoked_on, ""))
                ).group_by(_E.source)
            )
        }
        by_source = sa.select(_M.source, sa.func.count()).group_by(_M.source)
        mapped: dict[str, int] = {row[0]: row[1] for row in tx.execute(by_source)}
        return [
            Source(
                row.name,
                row.kind,
                row.licence,
                row.added_at,
                row.changed_at,
                counted.get(row.name, (mapped.get(row.name, 0), 0))[0],
                counted.get(row.name, (0, 0))[1],
            )
            for row in tx.execute(sources.select().order_by(_S.name))
        ]

    def keys(self, tx: sa.Connection, source: str) -> dict[tuple[str, str], tuple[str, str]]:
        """(text key, code) to (valid_from, revoked_on) of a source's examples."""
        query = sa.select(_E.text_key, _E.code, _E.valid_from, _E.revoked_on)
        return {
            (row.text_key, row.code): (row.valid_from, row.revoked_on)
            for row in tx.execute(query.where(_E.source == source))
        }

    def add(self, tx: sa.Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Keep new examples: (source, text, text_key, code, valid_from, revoked_on)."""
        insert_rows(tx, examples, rows)

    def redate(self, tx: sa.Connection, source: str, rows: Sequence[Mapping[str, str]]) -> None:
        """Give examples new dates: text_key, code, valid_from, revoked_on."""
        if not rows:
            return
        here = (
            _E.source == source,
            _E.text_key == sa.bindparam("key_"),
            _E.code == sa.bindparam("code_"),
        )
        changed = (
            examples.update()
            .where(*here)
            .values(valid_from=sa.bindparam("from_"), revoked_on=sa.bindparam("revoked_"))
        )
        tx.execute(
            changed,
            [
                {
                    "key_": row["text_key"],
                    "code_": row["code"],
                    "from_": row["valid_from"],
                    "revoked_": row["revoked_on"],
                }
                for row in rows
            ],
        )

    def all_examples(self, tx: sa.Connection, after: int = 0) -> Iterator[Example]:
        """Every example with an id above ``after``, in the order of their ids."""
        query = (
            sa.select(_E.id, _E.source, _E.text, _E.code, _E.valid_from, _E.revoked_on)
            .where(_E.id > after)
            .order_by(_E.id)
        )
        for id_, source, text, code, *dates in tx.execute(query):
            yield Example(id_, intern(source), text, intern(code), *map(intern, dates))

    def get_examples(self, tx: sa.Connection, ids: Sequence[int]) -> list[Example]:
        """The examples of those ids that exist."""
        query = sa.select(_E.id, _E.source, _E.text, _E.code, _E.valid_from, _E.revoked_on)
        return [Example(*row) for row in tx.execute(query.where(_E.id.in_(ids)))]

    def map_codes(self, tx: sa.Connection, source: str, pairs: Sequence[tuple[str, str]]) -> None:
        """Replace a source's pairs of old and new codes."""
        tx.execute(editions.delete().where(_M.source == source))
        if pairs:
            tx.execute(
                editions.insert(),
                [{"source": source, "old_code": old, "new_code": new} for old, new in pairs],
            )

    def newer_codes(self, tx: sa.Connection) -> dict[str, tuple[str, ...]]:
        """Old code to the codes of today that it became, of all tables."""
        found: dict[str, list[str]] = {}
        query = sa.select(_M.old_code, _M.new_code).distinct().order_by(_M.old_code, _M.new_code)
        for old, new in tx.execute(query):
            found.setdefault(old, []).append(new)
        return {old: tuple(new) for old, new in found.items()}

    def forget(self, tx: sa.Connection, source: str) -> int:
        """Take out what came from a source; how much that was. Its description stays."""
        gone = tx.execute(examples.delete().where(_E.source == source)).rowcount
        return gone + tx.execute(editions.delete().where(_M.source == source)).rowcount
