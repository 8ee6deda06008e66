"""Files of examples: CSV with a text and a code, and where known a date, a status and a source."""

from __future__ import annotations

import csv
import io
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


def rows(path: Path) -> Iterator[Row]:
    """The examples of a CSV file (UTF-8, header row).

    Errors: InputRefused ``classification.columns``, ``classification.encoding``, or
    ``classification.example`` with the first twenty bad rows.
    """
    reader = csv.DictReader(io.StringIO(_text(path), newline=""))
    columns = [name.strip().lower() for name in reader.fieldnames or ()]
    code_column = next((name for name in CODE_COLUMNS if name in columns), "")
    if "text" not in columns or not code_column:
        raise InputRefused(
            Problem(
                "classification.columns",
                f"{path.name} has no column 'text', or none of {', '.join(CODE_COLUMNS)}.",
                line=1,
                hint="The first line names the columns: text,code[,date,status,source].",
            )
        )
    problems: list[Problem] = []
    for cells in _cells(reader):
        row = _row(cells, code_column, reader.line_num)
        if isinstance(row, Row):
            yield row
        elif row is not None:
            problems.append(row)
            if len(problems) >= MOST_PROBLEMS:
                break
    if problems:
        raise InputRefused(problems)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputRefused(
            Problem(
                "classification.encoding",
                f"{path.name} is not UTF-8 (byte {error.start}).",
                hint="Save the file as UTF-8.",
            )
        ) from None


def _cells(reader: csv.DictReader[str]) -> Iterator[Mapping[str, str]]:
    for cells in reader:
        yield {
            str(name).strip().lower(): (value or "").strip()
            for name, value in cells.items()
            if name is not None
        }


def _row(cells: Mapping[str, str], code_column: str, line: int) -> Row | Problem | None:
    text, said = cells.get("text", ""), cells.get(code_column, "")
    if not text and not said:
        return None
    code = parse_code(said)
    wrong, pointer = "", ""
    if not text:
        wrong, pointer = "The text is missing.", "/text"
    elif len(text) > LONGEST_TEXT:
        wrong, pointer = f"The text has more than {LONGEST_TEXT} characters.", "/text"
    elif code is None:
        wrong, pointer = f"{said!r} has not 4, 6, 8 or 10 digits.", f"/{code_column}"
    day, status = cells.get("date", ""), cells.get("status", "").lower()
    if not wrong and status not in IN_FORCE and status not in REVOKED:
        wrong, pointer = f"{status!r} is no status: say valid or revoked.", "/status"
    try:
        day = day and date.fromisoformat(day[:10]).isoformat()
    except ValueError:
        wrong, pointer = f"{day!r} is not a date like 2024-05-31.", "/date"
    if not wrong and status in REVOKED and not day:
        wrong, pointer = "A revoked example needs the day from which it does not count.", "/date"
    if wrong or code is None:
        return Problem("classification.example", wrong, pointer=pointer, line=line)
    return Row(text, code, day, status in REVOKED, cells.get("source", ""), line)
