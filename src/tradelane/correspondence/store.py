"""What is kept of messages, in SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from tradelane.correspondence.model import ASKING, Direction, Kind, Message, NewMessage
from tradelane.kit.database import metadata

messages = sa.Table(
    "message",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("declarant", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("case_id", sa.Integer),
    sa.Column("office", sa.Text, nullable=False),
    sa.Column("direction", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("author_id", sa.Integer, nullable=False),
    sa.Column("author_name", sa.Text, nullable=False),
    sa.Column("deadline", sa.Date),
    sa.Column("answers", sa.Integer, sa.ForeignKey("message.id")),
    sa.Column("attachment", sa.Integer),
    sa.Column("sent_at", sa.Text, nullable=False),
    sa.Column("read_at", sa.Text),
    sa.Column("answered_at", sa.Text),
)
_C = messages.c
sa.Index("ix_message_thread", _C.declarant, _C.reference, _C.id)
sa.Index("ix_message_inbox", _C.declarant, _C.direction, _C.read_at)
sa.Index("ix_message_arrived", _C.direction, _C.read_at, _C.id)
sa.Index("ix_message_deadline", _C.deadline)

_ASKING = [kind.value for kind in sorted(ASKING)]


class SqlMessageStore:
    """Messages in a SQL database; every method takes the connection of a transaction."""

    def add(self, tx: sa.Connection, new: NewMessage, at: str) -> Message:
        """Keep a message and give it back with its id."""
        row = {
            "declarant": new.declarant,
            "reference": new.reference,
            "case_id": new.case_id,
            "office": new.office,
            "direction": new.direction.value,
            "kind": new.kind.value,
            "text": new.text,
            "author_id": new.author_id,
            "author_name": new.author_name,
            "deadline": new.deadline,
            "answers": new.answers,
            "attachment": new.attachment,
            "sent_at": at,
        }
        done = tx.execute(messages.insert().values(row).returning(messages))
        return _message(done.one())

    def find(self, tx: sa.Connection, message_id: int) -> Message | None:
        """The message of that id, or None."""
        row = tx.execute(messages.select().where(_C.id == message_id)).first()
        return None if row is None else _message(row)

    def mark_answered(self, tx: sa.Connection, message_id: int, at: str) -> None:
        """Keep when a message was first answered."""
        unanswered = sa.and_(_C.id == message_id, _C.answered_at.is_(None))
        tx.execute(messages.update().where(unanswered).values(answered_at=at))

    def mark_read(
        self, tx: sa.Connection, message_ids: Sequence[int], to: Direction, at: str
    ) -> int:
        """Keep when messages in that direction were first read; how many were not before."""
        unread = (
            _C.id.in_(list(message_ids)),
            _C.direction == to.value,
            _C.read_at.is_(None),
        )
        return tx.execute(messages.update().where(*unread).values(read_at=at)).rowcount

    def thread(self, tx: sa.Connection, declarant: str, reference: str) -> list[Message]:
        """The messages about a declaration, oldest first."""
        about = messages.select().where(_C.declarant == declarant, _C.reference == reference)
        return [_message(row) for row in tx.execute(about.order_by(_C.id))]

    def inbox(self, tx: sa.Connection, declarants: Collection[str], limit: int) -> list[Message]:
        """Messages to declarants: what waits for an answer by deadline, then the newest."""
        waits = sa.and_(_C.kind.in_(_ASKING), _C.answered_at.is_(None))
        order = (
            sa.case((waits, 0), else_=1),
            sa.case((waits, sa.func.coalesce(_C.deadline, dt.date.max))),
            _C.id.desc(),
        )
        query = messages.select().where(*_to(declarants)).order_by(*order).limit(limit)
        return [_message(row) for row in tx.execute(query)]

    def arrived(self, tx: sa.Connection, office: str, limit: int) -> list[Message]:
        """Unread messages to the administration, oldest first."""
        query = messages.select().where(
            _C.direction == Direction.TO_ADMINISTRATION.value, _C.read_at.is_(None)
        )
        if office:
            query = query.where(_C.office == office)
        return [_message(row) for row in tx.execute(query.order_by(_C.id).limit(limit))]

    def overdue(self, tx: sa.Connection, today: dt.date, office: str, limit: int) -> list[Message]:
        """Unanswered messages whose deadline is before ``today``, the earliest deadline first."""
        query = messages.select().where(_C.deadline < today, _C.answered_at.is_(None))
        if office:
            query = query.where(_C.office == office)
        rows = tx.execute(query.order_by(_C.deadline, _C.id).limit(limit))
        return [_message(row) for row in rows]

    def count_unread(self, tx: sa.Connection, declarants: Collection[str]) -> int:
        """How many messages to declarants are unread."""
        query = sa.select(sa.func.count()).where(*_to(declarants), _C.read_at.is_(None))
        return tx.execute(query).scalar_one()


def _to(declarants: Collection[str]) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        _C.declarant.in_(sorted(declarants)),
        _C.direction == Direction.TO_DECLARANT.value,
    )


def _message(row: sa.Row[Any]) -> Message:
    values = dict(row._mapping)
    values["direction"] = Direction(row.direction)
    values["kind"] = Kind(row.kind)
    return Message(**values)
