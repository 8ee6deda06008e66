"""The counts and lists of `oversight`, asked of the tables of cases and steps."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import sqlalchemy as sa

from tradelane.inspections.findings import Result
from tradelane.inspections.model import WAITING, CaseState, StepKind
from tradelane.inspections.oversight import (
    QUICK_SECONDS,
    ChosenCase,
    DecisionFilter,
    DecisionPlace,
    Following,
    FoundDecision,
    LineFound,
    WaitingSince,
)
from tradelane.inspections.queue import midnight
from tradelane.inspections.tables import cases, findings, steps

_HOW_MANY = sa.func.count()
_RECEIVED = sa.func.substr(cases.c.received_at, 1, 10).label("day")


class SqlOversightStore:
    """Every method takes the connection of a transaction."""

    def received(
        self, tx: sa.Connection, start: dt.date, end: dt.date, office: str
    ) -> list[tuple[str, str, int]]:
        """Day of receipt, lane and number of cases, of one office or ('') of all."""
        at = cases.c.received_at
        query = (
            sa.select(_RECEIVED, cases.c.lane, _HOW_MANY)
            .where(at >= midnight(start), at < midnight(end))
            .group_by(_RECEIVED, cases.c.lane)
            .order_by(_RECEIVED, cases.c.lane)
        )
        if office:  # as an expression, so that the index of the period is taken
            query = query.where(cases.c.office + "" == office)
        return [(row[0], row[1], row[2]) for row in tx.execute(query)]

    def waiting(self, tx: sa.Connection, office: str) -> list[WaitingSince]:
        """Cases that are not final by state and day of receipt."""
        query = (
            sa.select(cases.c.state, _RECEIVED, _HOW_MANY)
            .where(cases.c.state.in_([state.value for state in WAITING]))
            .group_by(cases.c.state, _RECEIVED)
            .order_by(cases.c.state, _RECEIVED)
        )
        if office:
            query = query.where(cases.c.office == office)
        return [
            WaitingSince(CaseState(row[0]), dt.date.fromisoformat(row[1]), row[2])
            for row in tx.execute(query)
        ]

    def decisions(
        self, tx: sa.Connection, wanted: DecisionFilter, after: DecisionPlace | None, limit: int
    ) -> list[FoundDecision]:
        """Decisions, newest first."""
        place = (steps.c.at, steps.c.case_id, steps.c.number)
        query = (
            sa.select(*place, cases.c.declarant, cases.c.reference)
            .join_from(steps, cases, steps.c.case_id == cases.c.id)
            .where(steps.c.kind == StepKind.DECIDED.value)
            .order_by(*(column.desc() for column in place))
            .limit(limit)
        )
        if wanted.login:
            query = query.where(steps.c.login == wanted.login)
        if wanted.against:
            query = query.where(steps.c.against_recommendation)
        if wanted.start is not None:
            query = query.where(steps.c.at >= midnight(wanted.start))
        if wanted.end is not None:
            query = query.where(steps.c.at < midnight(wanted.end))
        if after is not None:
            here = sa.tuple_(after.at, after.case_id, after.number)
            query = query.where(sa.tuple_(*place) < here)
        return [
            FoundDecision(DecisionPlace(row[0], row[1], row[2]), row[3], row[4])
            for row in tx.execute(query)
        ]

    def chosen(
        self,
        tx: sa.Connection,
        start: dt.date,
        end: dt.date,
        office: str,
        before: dt.date,
        most: int,
    ) -> tuple[list[ChosenCase], int]:
        """Red cases of a period with their latest findings from before a day."""
        at = cases.c.received_at
        red = sa.and_(at >= midnight(start), at < midnight(end), cases.c.lane == "red")
        if office:  # as an expression, so that the index of the period is taken
            red = sa.and_(red, cases.c.office + "" == office)
        count = tx.execute(sa.select(_HOW_MANY).select_from(cases).where(red)).scalar_one()
        every = max(1, -(-count // most))
        if every > 1:
            red = sa.and_(red, cases.c.id % every == 0)
        found: dict[int, list[LineFound]] = defaultdict(list)
        later = findings.alias()
        columns = findings.c
        corrected = sa.exists().where(
            later.c.case_id == columns.case_id,
            later.c.line == columns.line,
            later.c.step > columns.step,
            later.c.at < midnight(before),
        )
        known = (
            sa.select(
                columns.case_id, columns.line, columns.at, columns.result, columns.revenue_number
            )
            .join_from(findings, cases, columns.case_id == cases.c.id)
            .where(red, columns.at < midnight(before), ~corrected)
        )
        for row in tx.execute(known):
            wrong = row.result == Result.WRONG.value
            found[row.case_id].append(LineFound(row.line, row.at, wrong, row.revenue_number))
        query = sa.select(
            cases.c.id, cases.c.declarant, cases.c.reference, cases.c.version, at
        ).where(red)
        listed = [
            ChosenCase(row[1], row[2], row[3], row[4], tuple(found.get(row[0], ())))
            for row in tx.execute(query.order_by(cases.c.id))
        ]
        return listed, every

    def following(
        self, tx: sa.Connection, start: dt.date, end: dt.date, office: str
    ) -> list[Following]:
        """First decisions by office."""
        step = steps.c
        followed = ~step.against_recommendation
        unopened = ~step.opened_page

        def count(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
            return sa.func.sum(sa.case((sa.and_(*conditions), 1), else_=0))

        query = (
            sa.select(
                step.office,
                sa.func.count(step.officer_id.distinct()),
                _HOW_MANY,
                count(step.against_recommendation),
                count(unopened),
                count(followed, unopened),
                count(followed, step.opened_page, step.read_seconds < QUICK_SECONDS),
            )
            .where(
                step.at >= midnight(start),
                step.at < midnight(end),
                step.kind == StepKind.DECIDED.value,
                step.number == 1,
            )
            .group_by(step.office)
            .order_by(step.office)
        )
        if office:
            query = query.where(step.office + "" == office)
        return [Following(row[0], *map(int, row[1:])) for row in tx.execute(query)]

    def last_step(self, tx: sa.Connection) -> str | None:
        """The time of the latest step, or None."""
        found: str | None = tx.execute(sa.select(sa.func.max(steps.c.at))).scalar()
        return found

    def offices(self, tx: sa.Connection) -> list[str]:
        """Every office of a case but the empty one."""
        query = sa.select(cases.c.office).distinct().order_by(cases.c.office)
        return [row[0] for row in tx.execute(query) if row[0]]
