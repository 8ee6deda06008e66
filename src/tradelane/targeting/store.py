"""Keeps the score of every line of a batch, and the lane that it was routed to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from tradelane.kit.database import metadata
from tradelane.targeting.selection import Routed

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

    def set_lanes(
        self, tx: sa.Connection, batch_id: str, lanes: Mapping[Routed, Sequence[int]]
    ) -> None:
        """Keep the lanes of consecutive lines: ``lanes`` has the lines of each outcome.

        The outcome that most lines share is kept for the whole range at once, the others after it.
        """
        by_size = sorted(lanes.items(), key=lambda item: len(item[1]), reverse=True)
        every = [line for _, lines in by_size for line in lines]
        for place, (routed, lines) in enumerate(by_size):
            statement = (
                selection.update()
                .where(selection.c.batch_id == batch_id)
                .values(
                    lane=routed.lane,
                    selected_by=routed.selected_by,
                    propensity=float(routed.propensity),
                )
            )
            if place == 0:
                within = selection.c.line.between(min(every), max(every))
                tx.execute(statement.where(within))
            else:
                at = selection.c.line == sa.bindparam("at_line")
                tx.execute(statement.where(at), [{"at_line": line} for line in lines])
