"""Files of examples: CSV with a text and a code, and where known a date, a status and a source.

The files of descriptions, of examples and of editions are all read by `table`, which refuses what
is no CSV with the line and what to do.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tradelane.kit.errors import InputRefused, Problem
from tradelane.trade.hscode import parse_code

CODE_COLUMNS = ("code", "hs6", "hs4", "hscode", "hs_code")
IN_FORCE = frozenset({"", "valid", "active", "in force", "current"})
REVOKED = frozenset({"revoked", "withdrawn", "annulled", "superseded", "expired", "modified"})
LONGEST_TEXT = 20_000
LONGEST_CELL = 1_000_000
"""Characters of a cell that is read at all: a description of 100,000 is cut, not refused."""
MOST_BYTES = 256 << 20
MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One example of a file. date: ISO day or ""; revoked: whether it ended on that day."""

    text: str
    code: str
    date: str
    revoked: bool
    source: str
    line: int


@dataclass(frozen=True, slots=True)
class Cells:
    """One row of a table: cells by the column's name in lower case, and the line it ends on."""

    cells: Mapping[str, str]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file that was opened: the names of its columns, in lower case, and its rows."""

    columns: tuple[str, ...]
    rows: Iterator[Cells]


def table(path: Path) -> Table:
    """A CSV file (UTF-8, commas, header row). Empty rows are left out.

    Errors: InputRefused ``classification.encoding``, ``classification.columns`` for two columns of
    one name, and while the rows are read ``classification.csv`` for what is no CSV and for the
    first twenty rows with more cells than there are columns.
    """
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        columns = tuple(name.strip().lower() for name in next(reader, []))
    except csv.Error as error:
        raise InputRefused(_no_csv(path, error, 1)) from None
    named = [name for name in columns if name]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise InputRefused(
            Problem(
                "classification.columns",
                f"{path.name} has two columns {twice[:40]!r}.",
                line=1,
                hint="Rename one of them.",
            )
        )
    return Table(columns, _rows(path, reader, columns))


def _rows(path: Path, reader: Iterator[list[str]], columns: tuple[str, ...]) -> Iterator[Cells]:
    problems: list[Problem] = []
    limit = csv.field_size_limit(LONGEST_CELL)
    try:
        while len(problems) < MOST_PROBLEMS:
            row = next(reader, None)
            if row is None:
                break
            line = int(getattr(reader, "line_num", 0))
            if any(cell.strip() for cell in row[len(columns) :]):
                problems.append(
                    Problem(
                        "classification.csv",
                        f"The row has {len(row)} cells and the header {len(columns)}.",
                        line=line,
                        hint='A text with a comma stands in quotes: "shirt, cotton".',
                    )
                )
            elif row:
                cells = [cell.strip() for cell in row] + [""] * (len(columns) - len(row))
                yield Cells(dict(zip(columns, cells, strict=False)), line)
    except csv.Error as error:
        problems.append(_no_csv(path, error, int(getattr(reader, "line_num", 1))))
    finally:
        csv.field_size_limit(limit)
    if problems:
        raise InputRefused(problems)


def _no_csv(path: Path, error: csv.Error, line: int) -> Problem:
    return Problem(
        "classification.csv",
        f"{path.name} is no CSV: {error}.",
        line=line,
        hint="Look for a quote that is not closed before this line.",
    )


def rows(path: Path) -> Iterator[Row]:
    """The examples of a CSV file (UTF-8, header row).

    Errors: InputRefused ``classification.columns``, ``classification.encoding``,
    ``classification.csv``, or ``classification.example`` with the first twenty bad rows.
    """
    found = table(path)
    code_column = next((name for name in CODE_COLUMNS if name in found.columns), "")
    if "text" not in found.columns or not code_column:
        raise InputRefused(
            Problem(
                "classification.columns",
                f"{path.name} has no column 'text', or none of {', '.join(CODE_COLUMNS)}.",
                line=1,
                hint="The first line names the columns, with commas between: "
                "text,code[,date,status,source].",
            )
        )
    problems: list[Problem] = []
    for one in found.rows:
        row = _row(one.cells, code_column, one.line)
        if isinstance(row, Row):
            yield row
        elif row is not None:
            problems.append(row)
            if len(problems) >= MOST_PROBLEMS:
                break
    if problems:
        raise InputRefused(problems)


def _text(path: Path) -> str:
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise InputRefused(
            Problem(
                "classification.encoding",
                f"{path.name} has {size >> 20} MB; {MOST_BYTES >> 20} are read at once.",
                hint="Split the file.",
            )
        )
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputRefused(
            Problem(
                "classification.encoding",
                f"{path.name} is not UTF-8 (byte {error.start}).",
                line=data.count(b"\n", 0, error.start) + 1,
                hint="Save the file as UTF-8.",
            )
        ) from None


def _row(cells: Mapping[str, str], code_column: str, line: int) -> Row | Problem | None:
    text, said = cells.get("text", ""), cells.get(code_column, "")
    if not text and not said:
        return None
    code = parse_code(said)
    wrong, pointer, hint = "", "", ""
    if not text:
        wrong, pointer = "The text is missing.", "/text"
    elif len(text) > LONGEST_TEXT:
        wrong, pointer = f"The text has more than {LONGEST_TEXT} characters.", "/text"
    elif "\0" in text:
        wrong, pointer = "The text has a NUL character: this is no text file.", "/text"
    elif code is None:
        wrong, pointer = f"{said[:40]!r} has not 4, 6, 8 or 10 digits.", f"/{code_column}"
        hint = "A spreadsheet may have taken the leading zero: keep codes as text."
    day, status = cells.get("date", ""), cells.get("status", "").lower()
    if not wrong and status not in IN_FORCE and status not in REVOKED:
        wrong, pointer = f"{status[:40]!r} is no status: say valid or revoked.", "/status"
    try:
        day = day and date.fromisoformat(day[:10]).isoformat()
    except ValueError:
        if not wrong:
            wrong, pointer = f"{day[:40]!r} is not a date like 2024-05-31.", "/date"
    if not wrong and status in REVOKED and not day:
        wrong, pointer = "A revoked example needs the day from which it does not count.", "/date"
    if wrong or code is None:
        return Problem("classification.example", wrong, pointer=pointer, line=line, hint=hint)
    return Row(_visible(text), code, day, status in REVOKED, cells.get("source", ""), line)


def _visible(text: str) -> str:
    """The text with blanks for control characters, which stand in old exports and no page shows."""
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in text).strip()
