"""What is kept of bulk jobs and of what became of each of their declarations, in SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tradelane.journeys.bulk import UNFINISHED, Job, Result
from tradelane.kit.database import metadata

jobs = sa.Table(
    "bulk_job",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("organisation_id", sa.Integer, nullable=False),
    sa.Column("user_id", sa.Integer, nullable=False),
    sa.Column("mapping", sa.Text, nullable=False),
    sa.Column("form", sa.String(16), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("rows_total", sa.Integer),
    sa.Column("rows_read", sa.Integer, nullable=False),
    sa.Column("accepted", sa.Integer, nullable=False),
    sa.Column("repeated", sa.Integer, nullable=False),
    sa.Column("refused", sa.Integer, nullable=False),
    sa.Column("started_at", sa.Text),
    sa.Column("finished_at", sa.Text),
)
sa.Index("ix_bulk_job_organisation", jobs.c.organisation_id, jobs.c.id)
sa.Index("ix_bulk_job_state", jobs.c.state)

results = sa.Table(
    "bulk_result",
    metadata,
    sa.Column("job_id", sa.Text, sa.ForeignKey("bulk_job.id"), primary_key=True),
    sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("declarant", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("problems", sa.Text, nullable=False),
)
_STATUSES = ("accepted", "repeated", "refused")


class SqlJobStore:
    """Bulk jobs in a SQL database; every method takes the connection of a transaction."""

    def add(self, tx: sa.Connection, job: Job) -> None:
        """Keep a new job."""
        tx.execute(jobs.insert(), asdict(job))

    def find(self, tx: sa.Connection, job_id: str) -> Job | None:
        """The job of that id, or None."""
        row = tx.execute(jobs.select().where(jobs.c.id == job_id)).first()
        return None if row is None else _job(row)

    def of_organisation(
        self, tx: sa.Connection, organisation_id: int, before: str | None, limit: int
    ) -> list[Job]:
        """An organisation's jobs with ids below ``before``, newest first (ids grow with time)."""
        query = jobs.select().where(jobs.c.organisation_id == organisation_id)
        if before is not None:
            query = query.where(jobs.c.id < before)
        return [_job(row) for row in tx.execute(query.order_by(jobs.c.id.desc()).limit(limit))]

    def unfinished(self, tx: sa.Connection, organisation_id: int | None = None) -> list[Job]:
        """Jobs that wait or run, oldest first; of one organisation, or of all."""
        query = jobs.select().where(jobs.c.state.in_(UNFINISHED))
        if organisation_id is not None:
            query = query.where(jobs.c.organisation_id == organisation_id)
        return [_job(row) for row in tx.execute(query.order_by(jobs.c.id))]

    def update(self, tx: sa.Connection, job_id: str, values: Mapping[str, Any]) -> None:
        """Keep new values of a job's columns."""
        tx.execute(jobs.update().where(jobs.c.id == job_id).values(**values))

    def add_results(self, tx: sa.Connection, job_id: str, found: Iterable[Result]) -> None:
        """Keep results; one that is there already stays as it is."""
        rows = [
            {**asdict(one), "job_id": job_id, "problems": json.dumps(one.problems)} for one in found
        ]
        if rows:
            insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
            tx.execute(insert(results).on_conflict_do_nothing(), rows)

    def results(self, tx: sa.Connection, job_id: str, after: int, limit: int) -> list[Result]:
        """Results of rows above ``after``, in the order of the file."""
        query = (
            results.select()
            .where(results.c.job_id == job_id, results.c.row > after)
            .order_by(results.c.row)
            .limit(limit)
        )
        return [_result(row) for row in tx.execute(query)]

    def advance(self, tx: sa.Connection, job_id: str, first: int, stop: int) -> None:
        """Count the results of rows from ``first`` to ``stop`` (not included) and go on there.

        Nothing happens where the job is not at ``first``: then these were counted before.
        """
        query = (
            sa.select(results.c.status, sa.func.count())
            .where(results.c.job_id == job_id, results.c.row >= first, results.c.row < stop)
            .group_by(results.c.status)
        )
        counted = {row[0]: row[1] for row in tx.execute(query)}
        values: dict[str, Any] = {
            status: jobs.c[status] + counted.get(status, 0) for status in _STATUSES
        }
        here = sa.and_(jobs.c.id == job_id, jobs.c.rows_read == first)
        tx.execute(jobs.update().where(here).values(rows_read=stop, note="", **values))

    def known_rows(self, tx: sa.Connection, job_id: str, first: int) -> set[int]:
        """The rows from ``first`` on that have a result."""
        query = sa.select(results.c.row).where(results.c.job_id == job_id, results.c.row >= first)
        return set(tx.execute(query).scalars())

    def forget(self, tx: sa.Connection, before: str) -> int:
        """Remove jobs that ended before that stamp; returns how many."""
        old = sa.select(jobs.c.id).where(jobs.c.finished_at < before)
        tx.execute(results.delete().where(results.c.job_id.in_(old)))
        return tx.execute(jobs.delete().where(jobs.c.finished_at < before)).rowcount


def _job(row: sa.Row[Any]) -> Job:
    return Job(**row._mapping)


_RESULT = tuple(field.name for field in fields(Result))


def _result(row: sa.Row[Any]) -> Result:
    values = {name: row._mapping[name] for name in _RESULT}
    values["problems"] = tuple(json.loads(row.problems))
    return Result(**values)
