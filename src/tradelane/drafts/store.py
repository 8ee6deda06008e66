"""What is kept of drafts, in SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tradelane.drafts.model import Draft, DraftKind
from tradelane.kit.database import metadata

drafts = sa.Table(
    "draft",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("organisation_id", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("filed_as", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
)
_C = drafts.c
sa.Index("ix_draft_organisation", _C.organisation_id, _C.updated_at)


class SqlDraftStore:
    """Drafts in a SQL database; every method takes the connection of a transaction."""

    def add(
        self,
        tx: sa.Connection,
        organisation_id: int,
        kind: DraftKind,
        about: Mapping[str, Any],
        content: bytes,
        at: str,
    ) -> int:
        """Keep a draft and give its id."""
        row = {
            "organisation_id": organisation_id,
            "kind": str(kind),
            "about": json.dumps(about),
            "content": content,
            "revision": 1,
            "filed_as": "",
            "created_at": at,
            "updated_at": at,
        }
        found: int = tx.execute(drafts.insert().values(row).returning(_C.id)).scalar_one()
        return found

    def find(self, tx: sa.Connection, draft_id: int) -> Draft | None:
        """The draft of that id, or None."""
        row = tx.execute(drafts.select().where(_C.id == draft_id)).first()
        return None if row is None else _draft(row, bytes(row.content))

    def save(
        self,
        tx: sa.Connection,
        draft_id: int,
        revision: int,
        about: Mapping[str, Any],
        content: bytes,
        at: str,
    ) -> bool:
        """Replace a draft that is open and still has that revision; whether it had."""
        same = (_C.id == draft_id, _C.revision == revision, _C.filed_as == "")
        values = {
            "about": json.dumps(about),
            "content": content,
            "revision": revision + 1,
            "updated_at": at,
        }
        return tx.execute(drafts.update().where(*same).values(values)).rowcount == 1

    def finish(self, tx: sa.Connection, draft_id: int, filed_as: str, at: str) -> None:
        """Keep where a draft went in place of what it held."""
        values = {"filed_as": filed_as, "content": b"", "updated_at": at}
        tx.execute(drafts.update().where(_C.id == draft_id).values(values))

    def remove(self, tx: sa.Connection, draft_id: int) -> None:
        """Throw a draft away."""
        tx.execute(drafts.delete().where(_C.id == draft_id))

    def remove_untouched(self, tx: sa.Connection, organisation_id: int, before: str) -> None:
        """Throw an organisation's drafts away that were last touched before a stamp."""
        old = (_C.organisation_id == organisation_id, _C.updated_at < before)
        tx.execute(drafts.delete().where(*old))

    def open_of(self, tx: sa.Connection, organisation_id: int, limit: int) -> list[Draft]:
        """An organisation's open drafts without their content, the last touched first."""
        columns = [column for column in drafts.columns if column.name != "content"]
        query = (
            sa.select(*columns)
            .where(_C.organisation_id == organisation_id, _C.filed_as == "")
            .order_by(_C.updated_at.desc(), _C.id.desc())
            .limit(limit)
        )
        return [_draft(row, b"") for row in tx.execute(query)]

    def count_open(self, tx: sa.Connection, organisation_id: int) -> int:
        """How many drafts of an organisation are not filed."""
        query = sa.select(sa.func.count()).where(
            _C.organisation_id == organisation_id, _C.filed_as == ""
        )
        return tx.execute(query).scalar_one()


def _draft(row: sa.Row[Any], content: bytes) -> Draft:
    return Draft(
        id=row.id,
        organisation_id=row.organisation_id,
        kind=DraftKind(row.kind),
        about=json.loads(row.about),
        content=content,
        revision=row.revision,
        filed_as=row.filed_as,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
