"""Figures as plain tables: what pages show, and what can be downloaded, from one source."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from tradelane.inspections.figures import DEFINITIONS, Definition
from tradelane.journeys.oversight import MORE_DEFINITIONS, Week
from tradelane.kit.spreadsheet import safe_cell

Cell = str | int | float | bool | None
_ORDER = (
    "routed",
    "lanes",
    "decisions",
    "hit_rates",
    "recovered",
    "stages",
    "overrides",
    "unopened",
    "workload",
    "waiting",
    "overdue",
)


@dataclass(frozen=True, slots=True)
class FigureTable:
    """A figure: what it is, and its rows as plain JSON values (None: not known).

    Days are ISO dates, amounts decimal text, shares numbers from 0 to 1.
    """

    name: str
    about: Definition
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: name, title, unit, definition, and the rows as objects."""
        return {
            "name": self.name,
            "title": self.about.name,
            "unit": self.about.unit,
            "definition": self.about.definition,
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
        }

    def to_csv(self) -> str:
        """The rows under their columns, safe to open in a spreadsheet."""
        return _csv(self.columns, self.rows)


def tables_of(week: Week, *, names: bool) -> list[FigureTable]:
    """Every figure of a week, in the order of the page.

    names: whether officers are called by their logins. Otherwise they are "Officer 1" and so on,
    by how much they decided: the same person has the same number in every table of this week, and
    perhaps another one in the next, so that nobody can be followed.
    """
    called = _names(week, names)
    definitions = {**DEFINITIONS, **MORE_DEFINITIONS}
    made = _rows(week, called, names)
    return [
        FigureTable(
            name,
            definitions[name],
            made[name][0],
            tuple(tuple(_plain(cell) for cell in row) for row in made[name][1]),
        )
        for name in _ORDER
    ]


def week_to_dict(week: Week, tables: Sequence[FigureTable]) -> dict[str, Any]:
    """A week's figures as one JSON object; ``to`` is the last day, which is part of it."""
    return {
        "from": week.start.isoformat(),
        "to": week.last.isoformat(),
        "office": week.office,
        "figures": {table.name: table.to_dict() for table in tables},
    }


def all_as_csv(tables: Sequence[FigureTable]) -> str:
    """Every figure in one table: figure, row, column, value, unit."""
    rows = (
        (table.name, number, column, value, table.about.unit)
        for table in tables
        for number, row in enumerate(table.rows, 1)
        for column, value in zip(table.columns, row, strict=True)
    )
    return _csv(("figure", "row", "column", "value", "unit"), rows)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow("" if cell is None else safe_cell(str(cell)) for cell in row)
    return out.getvalue()


_Table = tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]


def _rows(week: Week, called: Mapping[int, str], names: bool) -> dict[str, _Table]:
    figures = week.figures
    return {
        "routed": (
            ("day", "red", "yellow", "green"),
            ((r.day, r.red, r.yellow, r.green) for r in week.routed),
        ),
        "lanes": (("day", "lane", "cases"), (_values(row) for row in figures.lanes)),
        "decisions": (("day", "decision", "count"), (_values(row) for row in figures.decisions)),
        "hit_rates": (
            ("selected_by", "inspected", "wrong", "rate", "low", "high"),
            (_values(row) for row in figures.hit_rates),
        ),
        "recovered": (
            ("currency", "amount", "lines"),
            (_values(row) for row in figures.recovered),
        ),
        "stages": (
            ("stage", "cases", "median_minutes", "p90_minutes"),
            (_values(row) for row in figures.stages),
        ),
        "overrides": (
            ("officer", "recommended", "decided", "lighter", "count"),
            sorted(
                (called[r.officer], r.recommendation, r.decision, r.lighter, r.count)
                for r in figures.overrides
            ),
        ),
        "unopened": (
            ("officer", "decided", "unopened", "share"),
            sorted((called[r.officer], r.decided, r.unopened, r.share) for r in figures.unopened),
        ),
        "workload": (
            ("officer", "open", "decided", "median_minutes"),
            sorted(
                (
                    (called[r.officer], r.open, r.decided, r.median_minutes)
                    for r in figures.workload
                ),
                key=lambda row: row[0],
            ),
        ),
        "waiting": (("state", "age", "cases"), week.by_age),
        "overdue": (
            ("declarant", "reference", "deadline", "days_overdue", "sent_at", "officer"),
            (
                (
                    m.declarant,
                    m.reference,
                    m.deadline,
                    (week.today - m.deadline).days if m.deadline else None,
                    m.sent_at,
                    called.get(m.author_id, m.author_name if names else "Officer"),
                )
                for m in week.overdue
            ),
        ),
    }


def _names(week: Week, names: bool) -> dict[int, str]:
    figures = week.figures
    decided = {row.officer: row.decided for row in figures.workload}
    decided |= {row.officer: 0 for row in figures.overrides if row.officer not in decided}
    if names:
        logins = {row.officer: row.login for row in figures.workload if row.login}
        return {one: logins.get(one) or week.logins.get(one, f"#{one}") for one in decided}
    order = sorted(decided, key=lambda one: (-decided[one], one))
    width = len(str(len(order)))
    return {one: f"Officer {place:0{width}d}" for place, one in enumerate(order, 1)}


def _values(row: Any) -> tuple[Any, ...]:
    return tuple(asdict(row).values())


def _plain(cell: Any) -> Cell:
    if cell is None or isinstance(cell, bool | int | float):
        return cell
    if isinstance(cell, Decimal):
        return format(cell, "f")
    return str(cell)
