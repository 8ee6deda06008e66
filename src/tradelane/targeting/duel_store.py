"""What champion and challenger said of the same lines, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from tradelane.targeting.store import selection, shadow_score


class Pair(NamedTuple):
    """A line as both scored it, and how it was selected."""

    subject: str
    champion: float
    challenger: float
    lane: str | None
    selected_by: str | None
    propensity: float | None


class Inspected(NamedTuple):
    """A line that was selected for inspection."""

    subject: str
    probability: float | None
    selected_by: str
    propensity: float

    @property
    def found_otherwise(self) -> bool:
        """Whether chance or a rule, and not the model's ranking, had it inspected. What chance drew
        and the ranking wanted too was certain to be inspected."""
        return self.selected_by == "rule" or (
            self.selected_by in ("random", "novel") and self.propensity < 1
        )


class SqlDuelStore:
    """Reads selections and shadow scores; every method takes the connection of a transaction."""

    def pairs(
        self, tx: sa.Connection, batch_ids: Sequence[str], challenger: str, most: int
    ) -> list[Pair]:
        """The lines of batches, named newest first, that the challenger scored too; the latest
        ``most``."""
        found: list[Pair] = []
        ours, its = selection.c, shadow_score.c
        for batch_id in batch_ids:
            if len(found) >= most:
                break
            query = (
                sa.select(
                    ours.subject,
                    ours.score,
                    its.score,
                    ours.lane,
                    ours.selected_by,
                    ours.propensity,
                )
                .join(
                    shadow_score,
                    sa.and_(its.batch_id == ours.batch_id, its.line == ours.line),
                )
                .where(ours.batch_id == batch_id, its.model == challenger)
                .order_by(ours.line.desc())
                .limit(most - len(found))
            )
            found += [Pair._make(row) for row in tx.execute(query)]
        return found

    def inspected(self, tx: sa.Connection, batch_ids: Sequence[str]) -> list[Inspected]:
        """The lines of batches that were selected for inspection."""
        red = sa.text("lane = 'red'")  # as a text, so that the index of these lines serves it
        query = sa.select(*(selection.c[name] for name in Inspected._fields)).where(
            red, selection.c.batch_id.in_(batch_ids)
        )
        return [Inspected._make(row) for row in tx.execute(query)]
