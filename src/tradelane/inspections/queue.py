"""The officer's queue in SQL: the next cases in order, however many there are."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from tradelane.inspections.model import CaseFilter, CaseState, Cursor
from tradelane.inspections.tables import NOBODY, cases

_C = cases.c


def page(
    tx: sa.Connection, wanted: CaseFilter, after: Cursor | None, limit: int
) -> list[sa.Row[Any]]:
    """At most ``limit`` rows in the queue's order: highest score first, then the older case.

    One query a state, merged here: an ``IN`` over states would make the database sort all of them,
    where each state alone comes off an index in order, and is left after ``limit`` rows.
    """
    runs = [tx.execute(page_query(tx, wanted, state, after, limit)).all() for state in _of(wanted)]
    merged = heapq.merge(*runs, key=lambda row: (row.behind, row.id))
    return [row for row, _ in zip(merged, range(limit), strict=False)]


def page_query(
    tx: sa.Connection, wanted: CaseFilter, state: CaseState, after: Cursor | None, limit: int
) -> sa.Select[Any]:
    """The query of one state's part of a page."""
    query = sa.select(cases).where(*_conditions(tx, wanted, state))
    if after is not None:
        query = query.where(sa.tuple_(_C.behind, _C.id) > sa.tuple_(-after.score, after.id))
    return query.order_by(_C.behind, _C.id).limit(limit)


def count(tx: sa.Connection, wanted: CaseFilter, most: int) -> int:
    """How many cases there are, ``most`` standing for that many or more."""
    found = 0
    for state in _of(wanted):
        some = sa.select(_C.id).where(*_conditions(tx, wanted, state))
        few = some.limit(most - found).subquery()
        found += tx.execute(sa.select(sa.func.count()).select_from(few)).scalar_one()
        if found >= most:
            break
    return found


def begins_with(tx: sa.Connection, column: sa.Column[str], start: str) -> sa.ColumnElement[bool]:
    """That the column begins so, case and all, in the form that an index of the database serves."""
    if tx.dialect.name == "postgresql":
        return column.startswith(start, autoescape=True)
    return sa.and_(column >= start, column < start + "\U0010ffff")


def _of(wanted: CaseFilter) -> Iterable[CaseState]:
    return dict.fromkeys(wanted.states)


def _conditions(
    tx: sa.Connection, wanted: CaseFilter, state: CaseState
) -> list[sa.ColumnElement[bool]]:
    # What a search finds is little; every index in the queue's order would be walked for it to its
    # end. With nothing added to them, the columns of such an index are out of the planner's sight.
    hidden = bool(wanted.text)
    # An importer or a chapter is fewer cases than an office, a lane or what is nobody's, which
    # SQLite, having no statistics, does not know.
    wide = hidden or bool(wanted.importer) or len(wanted.hs_prefix) >= 2
    found = [_is(_C.state, state.value, hidden)]
    if wanted.office:
        found.append(_is(_C.office, wanted.office, wide))
    if wanted.lane:
        found.append(_is(_C.lane, wanted.lane, wide))
    if wanted.unassigned:
        found.append(_is(_C.assigned_to, NOBODY, wide))
    elif wanted.assigned_to is not None:
        found.append(_is(_C.assigned_to, wanted.assigned_to, hidden))
    if len(wanted.hs_prefix) >= 2:
        found.append(_is(_C.hs_chapter, wanted.hs_prefix[:2], hidden))
    if wanted.hs_prefix and len(wanted.hs_prefix) != 2:
        found.append(begins_with(tx, _C.hs_code, wanted.hs_prefix))
    if wanted.importer:
        found.append(_is(_C.importer, wanted.importer, hidden))
    if wanted.received_from is not None:
        found.append(_C.received_at >= midnight(wanted.received_from))
    if wanted.received_to is not None:
        found.append(_C.received_at < midnight(wanted.received_to + dt.timedelta(days=1)))
    if wanted.text:
        found.append(_C.id.in_(_matching(tx, wanted.text)))
    return found


def _is(column: sa.Column[Any], value: str | int, hidden: bool) -> sa.ColumnElement[bool]:
    nothing = 0 if isinstance(value, int) else ""
    return (column + nothing if hidden else column) == value


def _matching(tx: sa.Connection, text: str) -> sa.CompoundSelect[Any]:
    """Ids of cases that a search means; each part has an index of its own."""
    return sa.union(
        sa.select(_C.id).where(begins_with(tx, _C.reference, text)),
        sa.select(_C.id).where(_C.importer == text),
        sa.select(_C.id).where(_C.declarant == text),
    )


def midnight(day: dt.date) -> str:
    """The first instant of a day in UTC, as times are kept."""
    return f"{day.isoformat()}T00:00:00.000000Z"
