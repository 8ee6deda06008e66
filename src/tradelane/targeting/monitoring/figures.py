"""A report as plain tables, each with what it means: what pages show and downloads carry."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tradelane.kit.spreadsheet import safe_cell
from tradelane.targeting.monitoring.alarms import alarms
from tradelane.targeting.monitoring.estimates import Bin
from tradelane.targeting.monitoring.model import Estimate
from tradelane.targeting.monitoring.report import LATE_DAYS, Report, Span

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """A figure as rows of plain JSON values (None: not known), with its name, title, unit and
    definition. Days are ISO dates, shares numbers from 0 to 1."""

    name: str
    title: str
    unit: str
    definition: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON, the rows as objects."""
        return {
            "name": self.name,
            "title": self.title,
            "unit": self.unit,
            "definition": self.definition,
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
        }

    def to_csv(self) -> str:
        """The rows under their columns, safe to open in a spreadsheet."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        for row in self.rows:
            writer.writerow("" if cell is None else safe_cell(str(cell)) for cell in row)
        return out.getvalue()


_ABOUT: Mapping[str, tuple[str, str, str]] = {
    "alarms": (
        "Alarms",
        "alarms",
        "What is bad and not explained by chance, or cannot be told, each with what to do.",
    ),
    "population": (
        "Share of wrong lines",
        "share of lines, 0 to 1",
        "Estimated from lines that were inspected, each counting for as many lines as its logged "
        "chance of being selected says (Hájek's estimator). all: of all lines; random: the "
        "same from the lines drawn by plain chance alone, each counting once; missed: of the lines "
        "that only chance could select, which is what targeting lets pass. With 95 % intervals.",
    ),
    "over_time": (
        "Share of wrong lines and drift of scores over time",
        "share of lines, 0 to 1; stability index",
        "The same estimate for each span of days, by the day of receipt; and the population "
        "stability index of the probabilities against those at training, with what chance alone "
        "exceeds once in a thousand times.",
    ),
    "hit_rates": (
        "Hit rate by what selected",
        "share of lines with an outcome, 0 to 1",
        "Inspected lines that were wrong, divided by inspected lines with an outcome, by what "
        "selected them, with 95 % Wilson intervals.",
    ),
    "revenue": (
        "Expected against recovered revenue",
        "currency of the territory, a line",
        "Inspected lines in equal groups by the revenue that was expected of them (deciles where "
        "there are 200 lines): the means of what was expected and of what was recovered, with the "
        "95 % bootstrap interval. Wrong lines whose amount is not known yet are left out.",
    ),
    "calibration": (
        "Promised probability against found share",
        "share of lines, 0 to 1",
        "Inspected lines in equal groups by probability: its mean, and the share that was wrong, "
        "with the 95 % Wilson interval.",
    ),
    "drift": (
        "Features against training",
        "stability index; share of lines without value, 0 to 1",
        "Population stability index of each feature against the latest lines of the model's "
        "history; chance: what it exceeds once in a thousand times where nothing changed. moved: "
        "over 0.1 and over chance; far: over 0.25 and over chance; aged: moved, but counted in the "
        "history, which stands still from training on, so it moves although traffic is the same.",
    ),
    "unseen": (
        "Parties and codes that the history does not know",
        "share of lines, 0 to 1",
        "Lines whose importer, seller, code or pair of them has no line in the model's history, "
        "then (in the latest lines at training) and now.",
    ),
    "labelling": (
        "Outcomes of selected lines by office",
        "lines; days",
        "Lines selected for inspection, those with a recorded outcome, those without one after "
        f"{LATE_DAYS} days, and half of the outcomes came within so many days after receipt.",
    ),
    "inspected": (
        "Who is inspected more",
        "share of lines, 0 to 1",
        "By office, origin, chapter, size and age of the importer: share of its lines that were "
        "selected for inspection; share of its inspected lines that were wrong; the same of those "
        "drawn by chance; with 95 % Wilson intervals. Small groups are told as one, and no rate "
        "rests on fewer than 10 lines.",
    ),
}


def tables(report: Report) -> list[Table]:
    """Every figure of a report."""
    made = {**_estimates(report), **_promises(report), **_lines(report), **_groups(report)}
    return [
        Table(name, *about, made[name][0], tuple(map(tuple, made[name][1])))
        for name, about in _ABOUT.items()
    ]


_Made = dict[str, tuple[tuple[str, ...], Iterable[Sequence[Cell]]]]


def _estimates(report: Report) -> _Made:
    whole = report.population
    which = (("all", whole.rate), ("random", whole.fair), ("missed", whole.missed))
    over_time = ("first", "last", "rate", "low", "high", "inspected", "lines", "index", "chance")
    return {
        "alarms": (
            ("code", "level", "sentence", "to_do"),
            [(one.code, one.level, one.sentence, one.to_do) for one in alarms(report)],
        ),
        "population": (
            ("which", "rate", "low", "high", "inspected"),
            [(name, *_estimate(found)) for name, found in which],
        ),
        "over_time": (over_time, [_span(span) for span in report.spans]),
        "hit_rates": (
            ("selected_by", "selected", "known", "wrong", "rate", "low", "high"),
            [
                (rate.selected_by, rate.selected, rate.known, rate.wrong, *_estimate(rate.rate)[:3])
                for rate in report.hit_rates
            ],
        ),
    }


def _promises(report: Report) -> _Made:
    columns = ("from_line", "lines", "expected", "found", "low", "high")
    return {
        "revenue": (columns, _bins(report.revenue, 2)),
        "calibration": (columns, _bins(report.calibration, 4)),
    }


def _lines(report: Report) -> _Made:
    return {
        "drift": (
            ("feature", "index", "chance", "level", "missing_then", "missing_now"),
            [
                (
                    *(one.name, _round(one.index), _round(one.chance), one.level),
                    *(_round(one.missing_then), _round(one.missing_now)),
                )
                for one in report.drifts
            ],
        ),
        "unseen": (
            ("entity", "then", "now"),
            [(one.entity, _round(one.then), _round(one.now)) for one in report.unseen],
        ),
        "labelling": (
            ("office", "selected", "known", "late", "median_days"),
            [
                (one.office, one.selected, one.known, one.late, one.median_days)
                for one in report.labelling
            ],
        ),
    }


def _groups(report: Report) -> _Made:
    shares = [
        f"{share}{end}"
        for share in ("selected", "hits", "by_chance")
        for end in ("", "_low", "_high")
    ]
    rows = [
        (
            *(one.trait, one.name, one.lines),
            *_estimate(one.selected)[:3],
            *_estimate(one.hits)[:3],
            *_estimate(one.by_chance)[:3],
            one.verdict,
        )
        for one in report.groups
    ]
    return {"inspected": (("trait", "group", "lines", *shares, "verdict"), rows)}


def _span(span: Span) -> tuple[Cell, ...]:
    scores = span.scores
    moved = (None, None) if scores is None else (_round(scores.index), _round(scores.chance))
    days = (span.first.isoformat(), span.last.isoformat())
    return (*days, *_estimate(span.population.rate), span.lines, *moved)


def _estimate(found: Estimate | None) -> tuple[Cell, Cell, Cell, Cell]:
    if found is None:
        return None, None, None, None
    return _round(found.value), _round(found.low), _round(found.high), found.lines


def _bins(bins: Sequence[Bin], digits: int) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    first = 1
    for one in bins:
        amounts = (round(x, digits) for x in (one.expected, one.found, one.low, one.high))
        rows.append((first, one.lines, *amounts))
        first += one.lines
    return rows


def _round(value: float) -> float:
    return round(value, 4)
