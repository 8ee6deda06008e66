"""Reads a file of declarations in a stream: CSV, a JSON array, or NDJSON."""

from __future__ import annotations

import csv
import datetime as dt
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tradelane.declarations.assembly import RawRow, assemble
from tradelane.declarations.cells import ESCAPED
from tradelane.declarations.json_rows import json_header, read_json, read_ndjson
from tradelane.declarations.mapping import Mapping
from tradelane.declarations.model import Codes, Filing, Limits
from tradelane.declarations.plan import compile_plan
from tradelane.declarations.textfile import TextFile, open_text
from tradelane.kit.errors import InputRefused, Problem

__all__ = ["Filing", "count_rows", "raw_rows", "read"]


def read(
    path: str | Path,
    mapping: Mapping,
    *,
    codes: Codes,
    today: dt.date,
    skip_rows: int = 0,
    limits: Limits | None = None,
) -> Iterator[Filing]:
    """The filings of a file, in order, holding no more than one of them in memory.

    The form is told by the file's first sign: ``[`` a JSON array, ``{`` NDJSON, else CSV.
    ``skip_rows``: data rows to pass over without reading; give the end of an earlier filing
    (``first_row + rows``) to go on there. ``today``: dates after the next day are refused.
    The rows of all filings add up to the rows of the file. Errors: InputRefused (before the first
    filing) when the file cannot be used at all.
    """
    limits = limits or Limits()
    with open_text(Path(path), mapping.format.encodings) as file:
        form = file.form
        if form == "csv":
            header = _read_header(file, mapping, limits)
            plan = compile_plan(mapping, header, limits=limits, today=today)
            rows = _csv_rows(file, mapping.format.delimiter, len(header), limits)
        else:
            header = json_header(mapping)
            plan = compile_plan(mapping, header, limits=limits, today=today, numbered=False)
            reading = read_json if form == "json" else read_ndjson
            rows = reading(file, mapping, header, limits)
        if skip_rows:
            rows = islice(rows, skip_rows, None)
        yield from assemble(rows, plan, codes, limits, skip_rows)


def raw_rows(
    path: str | Path, mapping: Mapping, *, limits: Limits | None = None
) -> tuple[list[str], Iterator[RawRow]]:
    """The column names of a file, and its rows as they stand there: as many as `read` reports.

    A nested JSON document gives a row a goods line. Errors: InputRefused as of `read`.
    """
    limits = limits or Limits()
    with open_text(Path(path), mapping.format.encodings) as file:
        csv_header = _read_header(file, mapping, limits) if file.form == "csv" else None

    def rows() -> Iterator[RawRow]:
        with open_text(Path(path), mapping.format.encodings) as file:
            if file.form == "csv":
                header = _read_header(file, mapping, limits)
                yield from _csv_rows(file, mapping.format.delimiter, len(header), limits)
            else:
                reading = read_json if file.form == "json" else read_ndjson
                yield from reading(file, mapping, json_header(mapping), limits)

    return (json_header(mapping) if csv_header is None else csv_header), rows()


def count_rows(path: str | Path, mapping: Mapping, *, limits: Limits | None = None) -> int:
    """How many rows `read` will report, so that progress has a total; raises like it."""
    limits = limits or Limits()
    with open_text(Path(path), mapping.format.encodings) as file:
        if file.form == "csv":
            header = _read_header(file, mapping, limits)
            rows = _csv_rows(file, mapping.format.delimiter, len(header), limits)
        else:
            reading = read_json if file.form == "json" else read_ndjson
            rows = reading(file, mapping, json_header(mapping), limits)
        return sum(1 for _ in rows)


class _Lines:
    """The file's lines for a csv.reader, with those of the current record at hand."""

    def __init__(self, file: TextFile, most: int) -> None:
        self.file = file
        self.most = most
        self.number = 0
        self.record: list[str] = []
        self.again: deque[str] = deque()
        self.too_long = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.again:
            line = self.again.popleft()
        else:
            line = self.file.readline(self.most)
            if not line:
                raise StopIteration
            if len(line) >= self.most and not line.endswith(("\n", "\r")):
                self.too_long = True
                self.file.skip_line(self.most)
        self.number += 1
        self.record.append(line)
        return line

    def begin(self) -> None:
        """A new record begins with the next line."""
        self.record = []
        self.too_long = False

    def give_back(self) -> None:
        """Read all lines of the record but its first once more."""
        self.again.extendleft(reversed(self.record[1:]))
        self.number -= len(self.record) - 1
        del self.record[1:]


def _read_header(file: TextFile, mapping: Mapping, limits: Limits) -> list[str]:
    line = file.readline(limits.row)
    if ESCAPED in line:
        raise InputRefused(
            Problem(
                "declarations.encoding",
                f"The header is not {file.encoding} text.",
                line=1,
                hint="Say the file's encoding in the mapping, or save the file as UTF-8.",
            )
        )
    try:
        cells = next(csv.reader([line], delimiter=mapping.format.delimiter, strict=False), [])
    except csv.Error:
        cells = []
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names or "\0" in line:
        raise InputRefused(
            Problem(
                "declarations.no_header",
                "The first line has no column names.",
                line=1,
                hint="A CSV file begins with a line of column names.",
            )
        )
    return names


def _csv_rows(file: TextFile, delimiter: str, width: int, limits: Limits) -> Iterator[RawRow]:
    lines = _Lines(file, limits.row)
    lines.number = 1
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.begin()
        first = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # Such a cell is over the module's own limit, far above ours.
            if len(lines.record) > 1:
                lines.give_back()
                reader = csv.reader(lines, delimiter=delimiter)
                yield RawRow(first, None, _unclosed(first))
            else:
                yield RawRow(first, None, _too_long(first, limits))
            continue
        record = lines.record
        if not cells and len(record) == 1:
            continue
        if len(record) == 1 and len(record[0]) <= limits.cell and not lines.too_long:
            problem = None
        elif len(record) > 1 and _is_unclosed(record, cells, width, limits):
            lines.give_back()
            reader = csv.reader(lines, delimiter=delimiter)
            yield RawRow(first, None, _unclosed(first))
            continue
        else:
            problem = _over_long_cell(first, cells, limits, lines.too_long)
        if problem is None and len(cells) != width:
            if len(cells) > width and not any(cells[width:]):
                del cells[width:]
            else:
                problem = _ragged(first, len(cells), width)
        if problem is None:
            text = record[0] if len(record) == 1 else "".join(record)
            if ESCAPED in text or "\0" in text:
                problem = _unreadable(first, cells)
        yield RawRow(first, cells, problem)


def _is_unclosed(record: list[str], cells: list[str], width: int, limits: Limits) -> bool:
    """Whether a quote that nobody closed has swallowed other rows."""
    return max(map(len, cells)) > limits.cell or (
        len(cells) != width and "\n" in cells[-1].rstrip("\r\n")
    )


def _over_long_cell(line: int, cells: list[str], limits: Limits, too_long: bool) -> Problem | None:
    for index, cell in enumerate(cells):
        if len(cell) > limits.cell:
            return _too_long(line, limits, index + 1)
    return _too_long(line, limits) if too_long else None


def _too_long(line: int, limits: Limits, column: int | None = None) -> Problem:
    return Problem(
        "declarations.cell_too_long",
        f"A cell of this row has more than {limits.cell:,} signs.",
        line=line,
        column=column,
        hint="A quote that is not closed can cause it.",
    )


def _unclosed(line: int) -> Problem:
    return Problem(
        "declarations.unclosed_quote",
        "A quote in this row is not closed.",
        line=line,
        hint="Close it, or write it twice inside a quoted cell.",
    )


def _ragged(line: int, found: int, width: int) -> Problem:
    return Problem(
        "declarations.ragged_row",
        f"The row has {found} cells and the header {width}.",
        line=line,
        hint="Quote cells that hold the delimiter.",
    )


def _unreadable(line: int, cells: list[str]) -> Problem:
    column = next((i + 1 for i, cell in enumerate(cells) if ESCAPED in cell or "\0" in cell), None)
    return Problem(
        "declarations.bytes",
        "The row has a byte that the file's encoding does not have, or NUL.",
        line=line,
        column=column,
        hint="Say the right encoding in the mapping, or save the file as UTF-8.",
    )
