"""An invented administration's files and cleared workspaces, as tests use them."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SEED = 7
"""Of the simulation, and of what chance draws when the batch is cleared."""


@dataclass(frozen=True)
class Administration:
    """Files of an invented administration. ``batch``: its last weeks, every row good."""

    folder: Path
    history: Path
    batch: Path
    rows: int

    def row(self, **changes: str) -> dict[str, str]:
        """A good row of its own, or one with changes."""
        return read_csv(self.batch)[0] | {"line": "1"} | changes


@dataclass(frozen=True)
class Cleared:
    """A workspace whose ``home`` holds the cleared batch of an administration. Do not change it."""

    home: Path
    administration: Administration

    @property
    def decisions(self) -> list[dict[str, str]]:
        return read_csv(self.home / "decisions.csv")


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_csv(path: Path, rows: Iterable[dict[str, str]]) -> Path:
    """A CSV file of rows; the header has every column that any row has."""
    rows = list(rows)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def copy_models(source: Path, home: Path) -> Path:
    """A new home that has the models of another, so that clearing in it starts at once."""
    home.mkdir(parents=True, exist_ok=True)
    for name in ("models", "kept"):
        shutil.copytree(source / name, home / name)
    return home
