"""``decisions.csv``, written by two processes where it is long: each reads half of the ledger."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tradelane.journeys.decisions import decided_lines
from tradelane.journeys.outputs import DECISION_COLUMNS, Figures, replaced, write_rows
from tradelane.journeys.workshop import Workshop
from tradelane.kit.progress import Progress, silent

LONG = 20_000
"""Lines from which a second process pays for its start."""


@dataclass(frozen=True)
class SecondHalf:
    """What the second process writes: from the line ``first`` on, to ``path``."""

    home: Path
    database_url: str | None
    batch_id: str
    first: str
    path: Path


def write_decisions(
    shop: Workshop, tx: Any, path: Path, batch_id: str, progress: Progress
) -> Figures:
    """Write ``decisions.csv`` whole or not at all; returns what was counted on the way."""
    figures = Figures()
    lines = shop.selections.next_line(tx, batch_id)
    half = lines // 2 if lines >= LONG and (os.cpu_count() or 1) > 1 else None
    with replaced(path) as file:
        file.write(",".join(DECISION_COLUMNS) + "\n")
        decided = decided_lines(shop.ledger, tx, batch_id, progress)
        if half is None:
            write_rows(file, decided, figures)
            return figures
        [second] = shop.selections.scores(tx, batch_id, half, 1)
        rest = path.with_name(path.name + ".rest")
        other = shop.write_elsewhere(
            SecondHalf(shop.home, shop.database_url, batch_id, second.subject, rest)
        )
        try:
            write_rows(file, islice(decided, half), figures)
            for found in other:
                figures.merge(found)
            with rest.open(encoding="utf-8", newline="") as written:
                shutil.copyfileobj(written, file, 1 << 20)
        finally:
            other.close()
            rest.unlink(missing_ok=True)
    return figures


def write_second_half(shop: Workshop, asked: SecondHalf) -> Iterator[Figures]:
    """The second process's part; gives its figures once, when the rows are written."""
    figures = Figures()
    with (
        shop.database.read() as tx,
        asked.path.open("w", encoding="utf-8", newline="") as file,
    ):
        lines = decided_lines(shop.ledger, tx, asked.batch_id, silent, asked.first)
        write_rows(file, lines, figures)
    yield figures
