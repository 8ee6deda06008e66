"""What is kept of proposals, in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tradelane.approvals.model import OPEN, STATES, Proposal
from tradelane.kit import canonical
from tradelane.kit.database import metadata

proposals = sa.Table(
    "proposal",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("proposed_by", sa.Text, nullable=False),
    sa.Column("proposed_at", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("decided_at", sa.Text),
    sa.Column("remark", sa.Text, nullable=False),
    sa.CheckConstraint(f"state IN {STATES}", name="ck_proposal_state"),
    # The rule of two persons holds whoever writes here.
    sa.CheckConstraint(
        "state NOT IN ('agreed', 'declined') OR decided_by <> proposed_by",
        name="ck_proposal_two_persons",
    ),
)
_C = proposals.c
sa.Index("ix_proposal_kind", _C.kind, _C.state, _C.id)


class SqlProposalStore:
    """Proposals in a SQL database; every method takes the connection of a transaction."""

    def add(self, tx: sa.Connection, values: Mapping[str, Any]) -> int:
        """Keep an open proposal and give its id."""
        row = {
            **values,
            "content": canonical.encode(dict(values["content"])).decode(),
            "state": OPEN,
            "decided_by": "",
            "remark": "",
        }
        found: int = tx.execute(proposals.insert().values(row).returning(_C.id)).scalar_one()
        return found

    def find(self, tx: sa.Connection, proposal_id: int) -> Proposal | None:
        """The proposal of that id, or None."""
        row = tx.execute(proposals.select().where(_C.id == proposal_id)).first()
        return None if row is None else _proposal(row)

    def find_same(self, tx: sa.Connection, digest: str, by: str) -> Proposal | None:
        """An open proposal of a person with that digest, or None."""
        same = (_C.digest == digest, _C.proposed_by == by, _C.state == OPEN)
        row = tx.execute(proposals.select().where(*same)).first()
        return None if row is None else _proposal(row)

    def decide(self, tx: sa.Connection, proposal_id: int, values: Mapping[str, Any]) -> bool:
        """Keep what was said to a proposal if it is open; whether it was."""
        here = (_C.id == proposal_id, _C.state == OPEN)
        return tx.execute(proposals.update().where(*here).values(**values)).rowcount == 1

    def waiting(self, tx: sa.Connection, kind: str | None) -> list[Proposal]:
        """Open proposals, oldest first; of one kind, or of all."""
        query = proposals.select().where(_C.state == OPEN)
        if kind is not None:
            query = query.where(_C.kind == kind)
        return [_proposal(row) for row in tx.execute(query.order_by(_C.id))]

    def latest(
        self, tx: sa.Connection, kind: str, subject: str | None, state: str | None, most: int
    ) -> list[Proposal]:
        """Proposals of a kind, newest first."""
        query = proposals.select().where(_C.kind == kind)
        if subject is not None:
            query = query.where(_C.subject == subject)
        if state is not None:
            query = query.where(_C.state == state)
        return [_proposal(row) for row in tx.execute(query.order_by(_C.id.desc()).limit(most))]


def _proposal(row: sa.Row[Any]) -> Proposal:
    return Proposal(**{**row._mapping, "content": canonical.decode(row.content.encode())})
