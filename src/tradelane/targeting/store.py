"""Keeps the score of every line of a batch, the lane that it was routed to, the rules that matched
it, and what a challenger says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from tradelane.kit.database import insert_rows, metadata
from tradelane.targeting.selection import Matched, Routed

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
    sa.Column("novelty", sa.Float),
    sa.Column("lane", sa.String(16)),
    sa.Column("selected_by", sa.String(16)),
    sa.Column("propensity", sa.Float),
    sa.CheckConstraint("probability >= 0 AND probability <= 1", name="ck_selection_probability"),
)
_SELECTED = sa.text("lane = 'red'")
# Of the few selected lines alone, so that counting them reads nothing else and keeping the others
# costs nothing.
sa.Index(
    "ix_selection_selected",
    selection.c.batch_id,
    selection.c.selected_by,
    sqlite_where=_SELECTED,
    postgresql_where=_SELECTED,
)
sa.Index(
    "ix_selection_subject",
    selection.c.subject,
    sqlite_where=_SELECTED,
    postgresql_where=_SELECTED,
)
rule_hit = sa.Table(
    "rule_hit",
    metadata,
    sa.Column("batch_id", sa.String(64), primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("rule", sa.String(64), primary_key=True),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("shadow", sa.Boolean, nullable=False),
)
sa.Index("ix_rule_hit_rule", rule_hit.c.rule)

shadow_score = sa.Table(
    "shadow_score",
    metadata,
    sa.Column("batch_id", sa.String(64), primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("model", sa.String(80), nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("probability", sa.Float),
    sa.Column("selected", sa.Boolean, nullable=False),
)

draw_seed = sa.Table(
    "draw_seed",
    metadata,
    sa.Column("batch_id", sa.String(64), primary_key=True),
    sa.Column("seed", sa.Text, nullable=False),
)

_LAST_LINE = sa.select(sa.func.max(selection.c.line)).where(
    selection.c.batch_id == sa.bindparam("batch_id")
)

Score = tuple[int, str, float | None, float | None, float, bool, float | None]
"""Line, subject, probability, expected revenue (None: not estimated), score, needs a person,
novelty (None: not known)."""


class Scored(NamedTuple):
    """A line of a batch with its score; amounts in the territory's currency."""

    line: int
    subject: str
    probability: float | None
    expected_revenue: float | None
    score: float
    needs_person: bool
    novelty: float | None


class Selected(NamedTuple):
    """A line of a batch with its lane, as officers' cases are made of it."""

    line: int
    subject: str
    probability: float | None
    expected_revenue: float | None
    score: float
    lane: str
    selected_by: str


class KeptHit(NamedTuple):
    """A rule that matched a line; ``shadow``: it changed nothing."""

    batch_id: str
    line: int
    rule: str
    action: str
    shadow: bool


class KeptShadow(NamedTuple):
    """What a challenger said of a line; ``selected``: its ranking would have selected it."""

    batch_id: str
    line: int
    subject: str
    model: str
    score: float
    probability: float | None
    selected: bool


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

    def add_routed(
        self, tx: sa.Connection, batch_id: str, rows: Sequence[tuple[*Score, Routed]]
    ) -> None:
        """Keep the scores of lines that came one by one, with the lanes that they got at once."""
        insert_rows(
            tx,
            selection,
            [
                (
                    batch_id,
                    *row[:-1],
                    row[-1].lane,
                    row[-1].selected_by,
                    float(row[-1].propensity),
                )
                for row in rows
            ],
        )

    def keep_seed(self, tx: sa.Connection, batch_id: str, seed: str) -> None:
        """Keep the seed (hex) that draws lines of a batch while the ledger has only its digest."""
        tx.execute(draw_seed.insert(), {"batch_id": batch_id, "seed": seed})

    def seed(self, tx: sa.Connection, batch_id: str) -> str | None:
        """The kept seed of a batch, or None."""
        query = sa.select(draw_seed.c.seed).where(draw_seed.c.batch_id == batch_id)
        found: str | None = tx.execute(query).scalar()
        return found

    def add_hits(
        self, tx: sa.Connection, batch_id: str, hits: Sequence[tuple[int, Matched]]
    ) -> None:
        """Keep which rules matched which lines."""
        rows = [(batch_id, line, hit.rule, str(hit.action), hit.shadow) for line, hit in hits]
        insert_rows(tx, rule_hit, rows)

    def add_shadow_scores(
        self,
        tx: sa.Connection,
        batch_id: str,
        rows: Sequence[tuple[int, str, str, float, float | None, bool]],
    ) -> None:
        """Keep what a challenger says of lines: `KeptShadow` without the batch."""
        insert_rows(tx, shadow_score, [(batch_id, *row) for row in rows])

    def hits(
        self,
        tx: sa.Connection,
        batch_ids: Sequence[str],
        *,
        first: int = 0,
        count: int | None = None,
    ) -> list[KeptHit]:
        """The hits of batches by batch and line, of ``count`` lines from line ``first`` on."""
        columns = rule_hit.c
        query = (
            sa.select(*(columns[name] for name in KeptHit._fields))
            .where(columns.batch_id.in_(batch_ids), columns.line >= first)
            .order_by(columns.batch_id, columns.line, columns.rule)
        )
        if count is not None:
            query = query.where(columns.line < first + count)
        return [KeptHit._make(row) for row in tx.execute(query)]

    def shadow_scores(self, tx: sa.Connection, batch_ids: Sequence[str]) -> list[KeptShadow]:
        """What challengers said of the lines of batches, by batch and line."""
        columns = shadow_score.c
        query = (
            sa.select(*(columns[name] for name in KeptShadow._fields))
            .where(columns.batch_id.in_(batch_ids))
            .order_by(columns.batch_id, columns.line)
        )
        return [KeptShadow._make(row) for row in tx.execute(query)]

    def latest_scores(
        self, tx: sa.Connection, batch_ids: Sequence[str], most: int
    ) -> list[tuple[str, float, float | None]]:
        """Subject, score and novelty of the last lines of batches, named newest first."""
        found: list[tuple[str, float, float | None]] = []
        for batch_id in batch_ids:
            if len(found) >= most:
                break
            newest = (
                sa.select(selection.c.subject, selection.c.score, selection.c.novelty)
                .where(selection.c.batch_id == batch_id)
                .order_by(selection.c.line.desc())
                .limit(most - len(found))
            )
            found += [(row.subject, row.score, row.novelty) for row in tx.execute(newest)]
        return found

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

    def selected(
        self, tx: sa.Connection, batch_id: str, after: int, most: int, free: str
    ) -> list[Selected]:
        """The next lines after line ``after`` whose lane is another than ``free``."""
        query = (
            sa.select(*(selection.c[name] for name in Selected._fields))
            .where(
                selection.c.batch_id == batch_id,
                selection.c.line > after,
                selection.c.lane != free,
            )
            .order_by(selection.c.line)
            .limit(most)
        )
        return [Selected._make(row) for row in tx.execute(query)]

    def count_selected(self, tx: sa.Connection, batch_id: str) -> dict[str, int]:
        """How many lines of a batch are to be inspected, by what selected them."""
        by = selection.c.selected_by
        query = sa.select(by, sa.func.count()).where(selection.c.batch_id == batch_id, _SELECTED)
        return {row[0]: row[1] for row in tx.execute(query.group_by(by))}

    def next_line(self, tx: sa.Connection, batch_id: str) -> int:
        """The number of the batch's next line, which is how many have a score: from 0, no gaps."""
        last = tx.execute(_LAST_LINE, {"batch_id": batch_id}).scalar()
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
