"""What is kept of trainings, in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from tradelane.kit.database import metadata
from tradelane.targeting.training import UNFINISHED, TrainingJob

trainings = sa.Table(
    "training_job",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("ground", sa.String(71), nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("lines", sa.Integer),
    sa.Column("outcomes", sa.Integer),
    sa.Column("model", sa.String(71), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text),
    sa.Column("finished_at", sa.Text),
)
_C = trainings.c


class SqlTrainingStore:
    """Trainings in a SQL database; every method takes the connection of a transaction."""

    def add(self, tx: sa.Connection, job: TrainingJob) -> None:
        """Keep a new training."""
        tx.execute(trainings.insert(), asdict(job))

    def find(self, tx: sa.Connection, job_id: str) -> TrainingJob | None:
        """The training of that id, or None."""
        row = tx.execute(trainings.select().where(_C.id == job_id)).first()
        return None if row is None else _job(row)

    def latest(self, tx: sa.Connection, most: int) -> list[TrainingJob]:
        """Trainings, newest first."""
        query = trainings.select().order_by(_C.created_at.desc(), _C.id).limit(most)
        return [_job(row) for row in tx.execute(query)]

    def unfinished(self, tx: sa.Connection) -> list[TrainingJob]:
        """Trainings that wait or run, oldest first."""
        query = trainings.select().where(_C.state.in_(UNFINISHED)).order_by(_C.created_at)
        return [_job(row) for row in tx.execute(query)]

    def update(self, tx: sa.Connection, job_id: str, values: Mapping[str, Any]) -> None:
        """Keep new values of a training's columns."""
        tx.execute(trainings.update().where(_C.id == job_id).values(**values))


def _job(row: sa.Row[Any]) -> TrainingJob:
    return TrainingJob(**row._mapping)
