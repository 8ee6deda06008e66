"""What a cleared batch leaves for people: decisions.csv, rejected.csv and the figures for a report.

Everything is read back from the ledger and the stores, so that running it again gives the same
files, and nothing is in a file that the ledger does not back.
"""

from __future__ import annotations

import csv
import heapq
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from tradelane.duties.explanation import sentence
from tradelane.kit.errors import Problem
from tradelane.kit.spreadsheet import safe_cell

DECISION_COLUMNS = (
    "id",
    "declaration_id",
    "declarant",
    "line_number",
    "status",
    "currency",
    "customs_value",
    "duty",
    "tax",
    "other_charges",
    "relief",
    "relief_reason",
    "probability",
    "expected_revenue",
    "score",
    "lane",
    "selected_by",
    "propensity",
    "reason_1_code",
    "reason_1_text",
    "reason_2_code",
    "reason_2_text",
    "reason_3_code",
    "reason_3_text",
    "notes",
    "ledger_index",
)
"""One row a goods line; amounts in ``currency``; see docs/reference/outputs.md."""

REJECTED_COLUMNS = ("line", "declaration_id", "pointer", "code", "sentence", "hint")

_COUNTERS = ("lanes", "selected_by", "statuses", "reliefs", "notes", "problems", "reasons")
_TOP = 25
_BINS = 20


@dataclass(frozen=True, slots=True)
class Decided:
    """One goods line with the ledger entries that decided it (their bodies)."""

    subject: str
    reference: str
    declarant: str
    number: int
    hs_code: str
    status: str
    assessed: Mapping[str, Any]
    scored: Mapping[str, Any]
    routed: Mapping[str, Any]
    index: int

    def row(self) -> tuple[Any, ...]:
        """The cells of `DECISION_COLUMNS`."""
        assessed, scored, routed = self.assessed, self.scored, self.routed
        reasons = [cell for code, text in scored["reasons"] for cell in (code, safe_cell(text))]
        return (
            safe_cell(self.subject),
            safe_cell(self.reference),
            safe_cell(self.declarant),
            self.number,
            self.status,
            assessed["currency"],
            assessed["customs_value"],
            assessed["duty"],
            assessed["tax"],
            assessed["other"],
            assessed["relief_status"],
            safe_cell(_relief_reason(assessed)),
            scored["probability"],
            scored["expected_revenue"],
            scored["score"],
            routed["lane"],
            routed["selected_by"],
            routed["propensity"],
            *reasons,
            safe_cell("; ".join(note["message"] for note in assessed.get("needs_person", ()))),
            self.index,
        )


def _relief_reason(assessed: Mapping[str, Any]) -> str:
    return " ".join(sentence(s) for s in assessed["steps"] if s[0].startswith("relief"))


@dataclass
class Figures:
    """What the summary and the report say about a batch, gathered in one pass."""

    lines: int = 0
    lanes: Counter[str] = field(default_factory=Counter)
    selected_by: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    reliefs: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    currency: str = ""
    customs_value: Decimal = Decimal(0)
    duty: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    other: Decimal = Decimal(0)
    chapters: dict[str, list[Decimal]] = field(default_factory=dict)
    """Chapter to [lines, customs value, duty and taxes, lines in the red lane]."""
    probability_bins: list[int] = field(default_factory=lambda: [0] * _BINS)
    top: list[tuple[float, int, Decided]] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    """Codes of the first reasons of the lines in the red lane that the model chose."""
    samples: dict[str, Problem] = field(default_factory=dict)
    """The first problem seen of each code."""

    def add(self, decided: Decided) -> None:
        """Count one decided line."""
        assessed, scored, routed = decided.assessed, decided.scored, decided.routed
        self.lines += 1
        lane = routed["lane"]
        self.lanes[lane] += 1
        self.selected_by[routed["selected_by"]] += 1
        self.statuses[decided.status] += 1
        self.reliefs[assessed["relief_status"]] += 1
        for note in assessed.get("needs_person", ()):
            self.notes[note["code"]] += 1
        self.currency = assessed["currency"]
        value, duty = Decimal(assessed["customs_value"] or 0), Decimal(assessed["duty"] or 0)
        tax, other = Decimal(assessed["tax"] or 0), Decimal(assessed["other"] or 0)
        self.customs_value += value
        self.duty += duty
        self.tax += tax
        self.other += other
        chapter = self.chapters.setdefault(decided.hs_code[:2], [Decimal(0)] * 4)
        chapter[0] += 1
        chapter[1] += value
        chapter[2] += duty + tax + other
        chapter[3] += lane == "red"
        if scored["probability"] is not None:
            probability = float(scored["probability"])
            self.probability_bins[min(int(probability * _BINS), _BINS - 1)] += 1
        if lane == "red" and routed["selected_by"] not in ("random", "novel", "none"):
            self.reasons[scored["reasons"][0][0]] += 1
        self._rank((float(scored["score"]), -decided.index, decided))

    def merge(self, other: Figures) -> None:
        """Count another part of the batch."""
        self.lines += other.lines
        self.rejected += other.rejected
        self.currency = self.currency or other.currency
        for name in ("customs_value", "duty", "tax", "other"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _COUNTERS:
            getattr(self, name).update(getattr(other, name))
        for chapter, row in other.chapters.items():
            mine = self.chapters.setdefault(chapter, [Decimal(0)] * 4)
            mine[:] = [a + b for a, b in zip(mine, row, strict=True)]
        bins = zip(self.probability_bins, other.probability_bins, strict=True)
        self.probability_bins = [a + b for a, b in bins]
        for item in other.top:
            self._rank(item)

    def _rank(self, item: tuple[float, int, Decided]) -> None:
        if len(self.top) < _TOP:
            heapq.heappush(self.top, item)
        elif item > self.top[0]:
            heapq.heapreplace(self.top, item)

    def best(self) -> list[Decided]:
        """The lines with the highest scores, highest first."""
        return [item[2] for item in sorted(self.top, reverse=True)]


def write_rows(file: TextIO, decided: Iterable[Decided], figures: Figures) -> None:
    """Rows of ``decisions.csv``; counts every line into ``figures``."""
    writer = csv.writer(file, lineterminator="\n")
    for line in decided:
        figures.add(line)
        writer.writerow(line.row())


def write_rejected(
    path: Path, rejected: Iterable[tuple[int, str, Sequence[Problem]]], figures: Figures
) -> None:
    """``rejected.csv``: one row a problem, so that all problems of a file row stand together."""
    with replaced(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(REJECTED_COLUMNS)
        for line, reference, problems in rejected:
            figures.rejected += 1
            for problem in problems:
                figures.problems[problem.code] += 1
                figures.samples.setdefault(problem.code, problem)
                writer.writerow(
                    (
                        problem.line or line,
                        safe_cell(reference),
                        problem.pointer,
                        problem.code,
                        safe_cell(problem.message),
                        safe_cell(problem.hint),
                    )
                )


@contextmanager
def replaced(path: Path) -> Iterator[TextIO]:
    """A text file that takes its name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    with draft.open("w", encoding="utf-8", newline="") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
