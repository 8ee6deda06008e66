"""What is kept of rules, in SQL: drafts, the sets that were put in force, and what they matched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from tradelane.kit.database import metadata
from tradelane.targeting.rules.drafts import Draft, Version
from tradelane.targeting.store import rule_hit, selection

drafts = sa.Table(
    "rule_draft",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("based_on", sa.String(71), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed_at", sa.Text, nullable=False),
)
versions = sa.Table(
    "rule_set",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("proposal", sa.Integer, nullable=False),
    sa.Column("proposed_by", sa.Text, nullable=False),
    sa.Column("agreed_by", sa.Text, nullable=False),
    sa.Column("agreed_at", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)


class HitLine(NamedTuple):
    """A line that a rule matched, and what sent it to inspection (None: not routed yet)."""

    batch_id: str
    line: int
    rule: str
    shadow: bool
    subject: str
    lane: str | None
    selected_by: str | None


class SqlRuleStore:
    """Drafts and versions in a SQL database; every method takes a transaction's connection."""

    def add_draft(self, tx: sa.Connection, values: Mapping[str, Any]) -> int:
        """Keep a draft and give its id."""
        made: int = tx.execute(drafts.insert().values(values).returning(drafts.c.id)).scalar_one()
        return made

    def find_draft(self, tx: sa.Connection, draft_id: int) -> Draft | None:
        """The draft of that id, or None."""
        row = tx.execute(drafts.select().where(drafts.c.id == draft_id)).first()
        return None if row is None else Draft(**row._mapping)

    def all_drafts(self, tx: sa.Connection) -> list[Draft]:
        """Every draft, the one that was changed last first."""
        query = drafts.select().order_by(drafts.c.changed_at.desc(), drafts.c.id.desc())
        return [Draft(**row._mapping) for row in tx.execute(query)]

    def save_draft(
        self, tx: sa.Connection, draft_id: int, revision: int, values: Mapping[str, Any]
    ) -> bool:
        """Keep a draft's next revision if it still has this one; whether it had."""
        here = (drafts.c.id == draft_id, drafts.c.revision == revision)
        new = {**values, "revision": revision + 1}
        return tx.execute(drafts.update().where(*here).values(**new)).rowcount == 1

    def remove_draft(self, tx: sa.Connection, draft_id: int) -> None:
        """Throw a draft away."""
        tx.execute(drafts.delete().where(drafts.c.id == draft_id))

    def add_version(self, tx: sa.Connection, values: Mapping[str, Any]) -> None:
        """Keep a set that is put in force."""
        tx.execute(versions.insert().values(values))

    def find_version(self, tx: sa.Connection, number: int) -> Version | None:
        """The set that was the number-th to be put in force, or None."""
        row = tx.execute(versions.select().where(versions.c.number == number)).first()
        return None if row is None else Version(**row._mapping)

    def all_versions(self, tx: sa.Connection, most: int) -> list[Version]:
        """The sets that were put in force, newest first."""
        query = versions.select().order_by(versions.c.number.desc()).limit(most)
        return [Version(**row._mapping) for row in tx.execute(query)]

    def hit_lines(self, tx: sa.Connection, rule: str | None) -> Iterator[HitLine]:
        """The lines that rules (or one rule) matched, in no order."""
        here = (selection.c.batch_id == rule_hit.c.batch_id) & (selection.c.line == rule_hit.c.line)
        query = sa.select(
            rule_hit.c.batch_id,
            rule_hit.c.line,
            rule_hit.c.rule,
            rule_hit.c.shadow,
            selection.c.subject,
            selection.c.lane,
            selection.c.selected_by,
        ).select_from(rule_hit.join(selection, here))
        if rule is not None:
            query = query.where(rule_hit.c.rule == rule)
        for row in tx.execute(query.execution_options(yield_per=10_000)):
            yield HitLine._make(row)
