"""Many descriptions of a file: five codes a row, with what a person must still say."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from tradelane.classification.model import CODE, TOO_GENERIC, Evidence, Suggestion
from tradelane.classification.reading import table
from tradelane.classification.service import Classification
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.progress import Progress, silent
from tradelane.kit.spreadsheet import safe_cell

COLUMNS = (
    "row", "rank", "code", "level", "probability", "decision", "question",
    "evidence_1", "evidence_2", "evidence_3",
)  # fmt: skip
RANKS = 5
_STEP = 512


def classify_file(
    classification: Classification,
    source: Path,
    column: str,
    out: Path,
    progress: Progress = silent,
    ranks: int = RANKS,
) -> Counter[str]:
    """Classify a CSV file's column into ``out``; returns how many rows had each decision. ``out``
    is there when all is done, and whole.

    Errors: InputRefused ``classification.columns`` | ``classification.encoding`` |
    ``classification.csv`` | ``classification.out``.
    """
    if out.exists() and out.samefile(source):
        raise InputRefused(
            Problem(
                "classification.out",
                f"{out.name} is the file that is read.",
                hint="Choose another file for --out.",
            )
        )
    texts = _texts(source, column)
    counts: Counter[str] = Counter()
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for row, suggestion in enumerate(classification.suggest_many(texts, limit=ranks), 1):
                counts[suggestion.decision] += 1
                writer.writerows(_rows(row, suggestion))
                if row % _STEP == 0 or row == len(texts):
                    progress("Classified", row, len(texts))
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return counts


def _texts(source: Path, column: str) -> list[str]:
    read = table(source)
    name = column.strip().lower()
    if name not in read.columns:
        raise InputRefused(
            Problem(
                "classification.columns",
                f"{source.name} has no column {column[:40]!r}.",
                line=1,
                hint=f"It has: {', '.join(read.columns)[:200]}.",
            )
        )
    return [row.cells[name] for row in read.rows]


def _rows(row: int, suggestion: Suggestion) -> list[list[str]]:
    asked = suggestion.question.written_out if suggestion.question is not None else ""
    if suggestion.decision == TOO_GENERIC:
        return [[str(row), "1", "", "", "", TOO_GENERIC, safe_cell(asked), "", "", ""]]
    found = []
    for rank, one in enumerate(suggestion.ranked, 1):
        evidence = [safe_cell(_cell(e)) for e in one.evidence[:3]]
        evidence += [""] * (3 - len(evidence))
        question = safe_cell(asked) if suggestion.decision != CODE else ""
        found.append(
            [
                str(row),
                str(rank),
                one.code,
                one.level,
                f"{one.probability:.4f}",
                suggestion.decision,
                question,
                *evidence,
            ]
        )
    return found


def _cell(evidence: Evidence) -> str:
    return f"{evidence.source} {evidence.place}: {evidence.text}"[:300]
