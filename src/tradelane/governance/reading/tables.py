"""Tables of a corpus: rows under an exact header, cells with their place."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tradelane.governance.dates import When, read_when
from tradelane.governance.reading.places import Findings, one_of


@dataclass(frozen=True, slots=True)
class Cells:
    """A row of a table; what is wrong with a cell is said with file, line and column."""

    values: dict[str, str]
    file: str
    line: int
    findings: Findings

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def wrong(self, code: str, message: str, column: str, hint: str = "") -> None:
        """Something is wrong with a cell."""
        name = self.values.get("id", "")
        said = f"{name}: {message}" if name else message
        self.findings.row(code, said, self.file, self.line, column, hint)

    def check(self, column: str, allowed: Collection[str]) -> None:
        """The cell holds one of the words that it may."""
        if self.values[column] not in allowed:
            self.wrong(
                "governance.unknown_value",
                f"{self.values[column]!r} is no {column}.",
                column,
                one_of(allowed),
            )

    def when(self, column: str, *, needed: bool = False) -> When | None:
        """The date in a cell, to the day, month or year; None if it is empty."""
        text = self.values[column]
        if not text and not needed:
            return None
        try:
            return read_when(text)
        except ValueError:
            self.wrong(
                "governance.bad_date",
                f"{text!r} is not a date.",
                column,
                "Write 2026-01-22, 2026-01 or 2026.",
            )
            return None

    def day(self, column: str) -> dt.date:
        """The exact day in a cell."""
        found = self.when(column, needed=True)
        return found.first if found else dt.date.min


def rows(file: str, header: tuple[str, ...], findings: Findings) -> Iterator[Cells]:
    """The rows of a table of the pack; a wrong header or a ragged row is reported."""
    path = findings.root / file
    if not path.is_file():
        findings.no_file(file)
        return
    with path.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.reader(opened)
        if tuple(next(reader, ())) != header:
            findings.row(
                "governance.bad_header",
                "the header is not the one of this table.",
                file,
                1,
                hint=f"It is exactly: {','.join(header)}",
            )
            return
        after = reader.line_num
        for values in reader:
            line, after = after + 1, reader.line_num
            if len(values) == len(header):
                cells = {name: value.strip() for name, value in zip(header, values)}
                yield Cells(cells, file, line, findings)
            elif values:
                findings.row(
                    "governance.ragged_row",
                    f"the row has {len(values)} cells, the header {len(header)}.",
                    file,
                    line,
                    hint="Quote cells that hold commas.",
                )
