"""Answers that were given under an idempotency key, so that a request sent twice is done once.

Kept in the transaction of the work itself: after a crash either both are there or neither is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from tradelane.kit.database import insert_rows, metadata
from tradelane.web import job_store as job_store  # its tables belong to the same schema

replies = sa.Table(
    "api_reply",
    metadata,
    sa.Column("user_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
sa.Index("ix_api_reply_at", replies.c.at)


# The names go in as one JSON parameter: the statement stays the same however many there are.
_FIND = {
    "sqlite": sa.text(
        "SELECT r.user_id, r.key, r.request, r.status, r.body FROM json_each(:asked) AS k"
        " CROSS JOIN api_reply AS r ON r.user_id = json_extract(k.value, '$[0]')"
        " AND r.key = json_extract(k.value, '$[1]')"
    ),
    "postgresql": sa.text(
        "SELECT r.user_id, r.key, r.request, r.status, r.body"
        " FROM json_array_elements(CAST(:asked AS json)) AS k JOIN api_reply AS r"
        " ON r.user_id = CAST(k ->> 0 AS integer) AND r.key = k ->> 1"
    ),
}


class Reply(NamedTuple):
    """What was answered. ``request``: the digest of what was asked."""

    request: str
    status: int
    body: bytes


def find_reply(tx: sa.Connection, user_id: int, key: str) -> Reply | None:
    """The answer that was given to this user under this key, or None."""
    query = sa.select(replies.c.request, replies.c.status, replies.c.body).where(
        replies.c.user_id == user_id, replies.c.key == key
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else Reply(row.request, row.status, bytes(row.body))


def find_replies(
    tx: sa.Connection, asked: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], Reply]:
    """The answers that were given to these (user, key), as far as there are any."""
    found = tx.execute(_FIND[tx.dialect.name], {"asked": json.dumps(list(asked))})
    return {(row[0], row[1]): Reply(row[2], row[3], bytes(row[4])) for row in found}


def keep_replies(tx: sa.Connection, new: Sequence[tuple[int, str, Reply]], at: str) -> None:
    """Keep answers; raises sqlalchemy.exc.IntegrityError where a key has one."""
    insert_rows(tx, replies, [(user, key, *reply, at) for user, key, reply in new])


def forget_replies(tx: sa.Connection, before: str) -> int:
    """Remove the answers given before that stamp; returns how many."""
    return tx.execute(replies.delete().where(replies.c.at < before)).rowcount
