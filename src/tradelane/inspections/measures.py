"""What the supervisor's figures are computed from, counted by the database."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from tradelane.inspections.figures import Measured
from tradelane.inspections.model import WAITING, Stage, StepKind
from tradelane.inspections.queue import midnight
from tradelane.inspections.tables import NOBODY, cases, findings, steps

_HOW_MANY = sa.func.count()


def measure(tx: sa.Connection, start: dt.date, end: dt.date, office: str) -> Measured:
    """Counts of the days from ``start`` until before ``end``, of one office or ('') of all."""
    decided, first = _by_officer(tx, start, end, office)
    return Measured(
        lanes=_lanes(tx, start, end, office),
        decisions=_decisions(tx, start, end, office),
        assigned=_assigned(tx, office),
        decided=decided,
        first_decisions=first,
        hits=_hits(tx, start, end, office),
        recovered=_recovered(tx, start, end, office),
        overrides=_overrides(tx, start, end, office),
        stages=_stages(tx, start, end, office),
    )


def _within(
    column: sa.Column[Any], start: dt.date, end: dt.date, of: sa.Column[Any], office: str
) -> sa.ColumnElement[bool]:
    period = sa.and_(column >= midnight(start), column < midnight(end))
    # Compared as an expression: the index of the office would read all its cases of all times,
    # where that of the period reads those of some days.
    return sa.and_(period, of + "" == office) if office else period


def _decided(start: dt.date, end: dt.date, office: str) -> sa.ColumnElement[bool]:
    within = _within(steps.c.at, start, end, steps.c.office, office)
    return sa.and_(within, steps.c.kind == StepKind.DECIDED.value)


def _lanes(
    tx: sa.Connection, start: dt.date, end: dt.date, office: str
) -> list[tuple[str, str, int]]:
    day = sa.func.substr(cases.c.opened_at, 1, 10).label("day")
    query = (
        sa.select(day, cases.c.lane, _HOW_MANY)
        .where(_within(cases.c.opened_at, start, end, cases.c.office, office))
        .group_by(day, cases.c.lane)
        .order_by(day, cases.c.lane)
    )
    return [(row[0], row[1], row[2]) for row in tx.execute(query)]


def _decisions(
    tx: sa.Connection, start: dt.date, end: dt.date, office: str
) -> list[tuple[str, str, int]]:
    day = sa.func.substr(steps.c.at, 1, 10).label("day")
    query = (
        sa.select(day, steps.c.decision, _HOW_MANY)
        .where(_decided(start, end, office))
        .group_by(day, steps.c.decision)
        .order_by(day, steps.c.decision)
    )
    return [(row[0], row[1], row[2]) for row in tx.execute(query)]


def _assigned(tx: sa.Connection, office: str) -> dict[int, int]:
    # Counted, not filtered, by state: with the state as a condition SQLite takes the state's index
    # and fetches every case, where this reads the index of the assigned ones alone.
    waits = cases.c.state.in_([state.value for state in WAITING])
    waiting = sa.func.sum(sa.case((waits, 1), else_=0))
    query = sa.select(cases.c.assigned_to, waiting).where(cases.c.assigned_to > NOBODY)
    if office:
        query = query.where(cases.c.office + "" == office)
    rows = tx.execute(query.group_by(cases.c.assigned_to))
    return {row[0]: int(row[1]) for row in rows if row[1]}


def _by_officer(
    tx: sa.Connection, start: dt.date, end: dt.date, office: str
) -> tuple[dict[tuple[int, str], tuple[int, int]], dict[int, dict[int, int]]]:
    officer = (steps.c.officer_id, steps.c.login)
    unopened = sa.func.sum(sa.case((steps.c.opened_page, 0), else_=1))
    within = _decided(start, end, office)
    counts = sa.select(*officer, _HOW_MANY, unopened).where(within).group_by(*officer)
    decided = {(row[0], row[1]): (row[2], int(row[3])) for row in tx.execute(counts)}
    minutes = (steps.c.seconds_open // 60).label("minutes")
    query = (
        sa.select(steps.c.officer_id, minutes, _HOW_MANY)
        .where(within, steps.c.number == 1)
        .group_by(steps.c.officer_id, minutes)
    )
    first: dict[int, dict[int, int]] = defaultdict(dict)
    for row in tx.execute(query):
        first[row[0]][row[1]] = row[2]
    return decided, first


def _hits(
    tx: sa.Connection, start: dt.date, end: dt.date, office: str
) -> list[tuple[str, bool, int]]:
    group = (cases.c.selected_by, cases.c.found_wrong)
    query = (
        sa.select(*group, _HOW_MANY)
        .where(_within(cases.c.found_at, start, end, cases.c.office, office))
        .group_by(*group)
    )
    return [(row[0], bool(row[1]), row[2]) for row in tx.execute(query)]


def _recovered(
    tx: sa.Connection, start: dt.date, end: dt.date, office: str
) -> list[tuple[str, float, int]]:
    later = findings.alias()
    corrected = sa.exists().where(
        later.c.case_id == findings.c.case_id,
        later.c.line == findings.c.line,
        later.c.step > findings.c.step,
    )
    query = (
        sa.select(findings.c.currency, sa.func.sum(findings.c.revenue_number), _HOW_MANY)
        .join_from(findings, cases, findings.c.case_id == cases.c.id)
        .where(
            _within(findings.c.at, start, end, cases.c.office, office),
            findings.c.revenue_number.is_not(None),
            ~corrected,
        )
        .group_by(findings.c.currency)
        .order_by(findings.c.currency)
    )
    return [(row[0], row[1], row[2]) for row in tx.execute(query)]


def _overrides(
    tx: sa.Connection, start: dt.date, end: dt.date, office: str
) -> list[tuple[int, str, str, str, int]]:
    columns = steps.c
    group = (columns.officer_id, columns.login, columns.recommendation, columns.decision)
    query = (
        sa.select(*group, _HOW_MANY)
        .where(_decided(start, end, office), columns.against_recommendation)
        .group_by(*group)
        .order_by(*group)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in tx.execute(query)]


def _stages(
    tx: sa.Connection, start: dt.date, end: dt.date, office: str
) -> dict[Stage, dict[int, int]]:
    within = _within(cases.c.released_at, start, end, cases.c.office, office)
    found: dict[Stage, dict[int, int]] = {}
    for stage in Stage:
        seconds = cases.c[stage.value]
        minutes = (seconds // 60).label("minutes")
        query = sa.select(minutes, _HOW_MANY).where(within, seconds.is_not(None)).group_by(minutes)
        found[stage] = {row[0]: row[1] for row in tx.execute(query)}
    return found
