"""Keeps the score of every line of a batch, and the lane that it was routed to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from tradelane.kit.database import metadata

selection = sa.Table(
    "selection",
    metadata,
    sa.Column("batch_id", sa.String(64), primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("probability", sa.Float),
    sa.Column("expected_revenue", sa.Float),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("needs_person", sa.Boolean, nullable=False),
    sa.Column("lane", sa.String(16)),
    sa.Column("selected_by", sa.String(16)),
    sa.Column("propensity", sa.Float),
    sa.CheckConstraint("probability >= 0 AND probability <= 1", name="ck_selection_probability"),
)


Score = tuple[int, str, float | None, float | None, float, bool]
"""Line, subject, probability, expected revenue (None: not estimated), score, needs a person."""


class Scored(NamedTuple):
    """A line of a batch with its score; amounts in the territory's currency."""

    line: int
    subject: str
    probability: float | None
    expected_revenue: float | None
    score: float
    needs_person: bool


Lane = tuple[int, str, str, float]
"""Line, lane, how it was selected, and with what propensity."""


class SqlSelectionStore:
    """Scores and lanes in SQL."""

    def add_scores(self, tx: sa.Connection, batch_id: str, rows: Sequence[Score]) -> None:
        """Keep the scores of lines that are not routed yet."""
        if rows:
            tx.execute(
                selection.insert(),
                [
                    {"batch_id": batch_id, **dict(zip(Scored._fields, row, strict=True))}
                    for row in rows
                ],
            )

    def scores(
        self, tx: sa.Connection, batch_id: str, first: int = 0, count: int | None = None
    ) -> Iterator[Scored]:
        """The scores of a batch in the order of its lines, from line ``first`` on."""
        query = (
            sa.select(*(selection.c[name] for name in Scored._fields))
            .where(selection.c.batch_id == batch_id, selection.c.line >= first)
            .order_by(selection.c.line)
        )
        if count is not None:
            query = query.where(selection.c.line < first + count)
        for row in tx.execute(query.execution_options(yield_per=10_000)):
            yield Scored._make(row)

    def next_line(self, tx: sa.Connection, batch_id: str) -> int:
        """The number of the batch's next line, which is how many have a score: from 0, no gaps."""
        last = tx.execute(
            sa.select(sa.func.max(selection.c.line)).where(selection.c.batch_id == batch_id)
        ).scalar()
        return 0 if last is None else int(last) + 1

    def is_routed(self, tx: sa.Connection, batch_id: str, line: int) -> bool:
        """Whether that line of the batch has its lane."""
        query = sa.select(selection.c.lane).where(
            selection.c.batch_id == batch_id, selection.c.line == line
        )
        return tx.execute(query).scalar_one() is not None

    def set_lanes(self, tx: sa.Connection, batch_id: str, rows: Sequence[Lane]) -> None:
        """Keep the lanes of lines that have a score."""
        if not rows:
            return
        statement = (
            selection.update()
            .where(selection.c.batch_id == batch_id, selection.c.line == sa.bindparam("at_line"))
            .values(
                lane=sa.bindparam("to_lane"),
                selected_by=sa.bindparam("by"),
                propensity=sa.bindparam("with_propensity"),
            )
        )
        tx.execute(
            statement,
            [
                {"at_line": line, "to_lane": lane, "by": by, "with_propensity": propensity}
                for line, lane, by, propensity in rows
            ],
        )
