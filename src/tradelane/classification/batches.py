"""Many descriptions of a file: five codes a row, with what a person must still say.

Where there are many rows and several cores, processes are forked from the one that has the engine
ready: they share its memory, and what one says of a text hangs on no other text.
"""

from __future__ import annotations

import csv
import multiprocessing
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tradelane.classification.model import CODE, TOO_GENERIC, Evidence, Suggestion
from tradelane.classification.reading import table
from tradelane.classification.service import Classification, Suggests
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.progress import Progress, silent
from tradelane.kit.spreadsheet import safe_cell

COLUMNS = (
    "row", "rank", "code", "level", "probability", "decision", "question",
    "evidence_1", "evidence_2", "evidence_3",
)  # fmt: skip
RANKS = 5
_STEP, _SHARE = 512, 128
"""Rows between two words of progress, and rows that a process takes at once."""
MANY = 2 * _STEP
"""Rows from which several processes are worth their start."""
Told = tuple[str, list[list[str]]]
"""A row's decision, and what it is in the file but for its number."""


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
            for row, (decision, cells) in enumerate(_told(classification, texts, ranks), 1):
                counts[decision] += 1
                writer.writerows([str(row), *rest] for rest in cells)
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


def _told(classification: Classification, texts: list[str], ranks: int) -> Iterator[Told]:
    suggest = classification.prepared()
    steps = [texts[start : start + _SHARE] for start in range(0, len(texts), _SHARE)]
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    if cores == 1 or len(texts) < MANY or threading.active_count() > 1:  # threads do not fork
        for step in steps:
            yield from _answered(suggest, ranks, step)
        return
    global _FORKED
    _FORKED = partial(_answered, suggest, ranks)
    with multiprocessing.get_context("fork").Pool(min(cores, len(steps))) as pool:
        for told in pool.imap(_answered_there, steps):
            yield from told
    _FORKED = None


_FORKED: partial[list[Told]] | None = None
"""What forked processes do with a step: it comes to them with the memory that they share."""


def _answered_there(texts: list[str]) -> list[Told]:
    assert _FORKED is not None
    return _FORKED(texts)


def _answered(suggest: Suggests, ranks: int, texts: Sequence[str]) -> list[Told]:
    return [(one.decision, rows_of(one)) for one in suggest(texts, limit=ranks)]


def rows_of(suggestion: Suggestion) -> list[list[str]]:
    """What is written of a suggestion, but for the number of its row."""
    asked = suggestion.question.written_out if suggestion.question is not None else ""
    if suggestion.decision == TOO_GENERIC:
        return [["1", "", "", "", TOO_GENERIC, safe_cell(asked), "", "", ""]]
    question = safe_cell(asked) if suggestion.decision != CODE else ""
    found = []
    for rank, one in enumerate(suggestion.ranked, 1):
        evidence = [safe_cell(_cell(e)) for e in one.evidence[:3]]
        evidence += [""] * (3 - len(evidence))
        told = (one.code, one.level, f"{one.probability:.4f}", suggestion.decision, question)
        found.append([str(rank), *told, *evidence])
    return found


def _cell(evidence: Evidence) -> str:
    return f"{evidence.source} {evidence.place}: {evidence.text}"[:300]
