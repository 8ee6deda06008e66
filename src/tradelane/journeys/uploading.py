"""A file of declarations that somebody uploads: everything is checked first, then the good ones
are filed, and the others go back with the reasons beside them.

Nothing about the file is remembered but its bytes: what was filed already is seen from what is kept
of its declarations, so that a page that was closed, a second click or a restart does no harm.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradelane.declarations.mapping import Mapping
from tradelane.declarations.model import Filing, State, content_digest
from tradelane.declarations.reader import raw_rows, read
from tradelane.declarations.rules import ENCODINGS
from tradelane.journeys.workshop import Workshop
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.spreadsheet import safe_cell
from tradelane.trade.declaration import Declaration

MOST_LINES = 5_000
"""Goods lines that one uploaded file may have; the bulk API takes more."""

MOST_BYTES = 12 << 20
MOST_COLUMNS = 300
REASONS = "tradelane: what is wrong"
"""The last column of refused rows. It is taken away when the corrected file comes back."""

_HEADER_SAMPLE = 1 << 20


@dataclass(frozen=True, slots=True)
class Refused:
    """A declaration of the file that cannot be filed, with where its rows are and why."""

    first_row: int
    rows: int
    line: int
    reference: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Good:
    """A declaration of the file that can be filed, or was."""

    line: int
    declaration: Declaration
    state: State | None
    """Its state if it was filed already, as it stands in the file."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What is in a file."""

    good: tuple[Good, ...]
    refused: tuple[Refused, ...]
    rows: int

    @property
    def to_file(self) -> list[Declaration]:
        """The good ones that are not filed yet."""
        return [item.declaration for item in self.good if item.state is None]

    @property
    def filed(self) -> list[Good]:
        """The good ones that are filed."""
        return [item for item in self.good if item.state is not None]

    @property
    def problems(self) -> list[Problem]:
        """Every problem that says more than that another line was wrong."""
        return [
            problem
            for item in self.refused
            for problem in item.problems
            if problem.code != "declarations.sibling_rejected"
        ]


def take(data: bytes, mapping: Mapping) -> bytes:
    """The file as it is kept: without the column of reasons, if it is one of ours coming back.

    Errors: InputRefused ``uploading.no_file``, ``uploading.too_many_columns``, ``drafts.too_large``
    and those of `declarations.reader.read` for what is no file of declarations at all.
    """
    if not data:
        raise InputRefused(
            Problem(
                "uploading.no_file",
                "Choose a file first.",
                pointer="/file",
                hint="A CSV, JSON or NDJSON file in UTF-8.",
            )
        )
    if len(data) > MOST_BYTES:
        raise InputRefused(
            Problem(
                "drafts.too_large",
                f"The file is larger than {MOST_BYTES >> 20} MB.",
                pointer="/file",
                hint="Send it in parts, or over the API.",
            )
        )
    first = data[:_HEADER_SAMPLE].split(b"\n", 1)[0]
    if data.lstrip()[:1] not in (b"[", b"{"):
        if first.count(mapping.format.delimiter.encode()) >= MOST_COLUMNS:
            raise InputRefused(
                Problem(
                    "uploading.too_many_columns",
                    f"The first line names more than {MOST_COLUMNS} columns.",
                    pointer="/file",
                    line=1,
                    hint="Keep the columns that the form of your file has.",
                )
            )
        if REASONS.encode() in first:
            data = _without_reasons(data, mapping)
    return data


def _without_reasons(data: bytes, mapping: Mapping) -> bytes:
    """The corrected file with its cells as they were before they were made safe to open."""
    text = data.decode("utf-8-sig", errors="replace")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mapping.format.delimiter)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=mapping.format.delimiter, lineterminator="\n")
    place = -1
    try:
        for number, row in enumerate(rows):
            if number == 0:
                place = row.index(REASONS)
            writer.writerow(_unsafe(cell) for n, cell in enumerate(row) if n != place)
    except (csv.Error, ValueError):
        return data  # the reader says what is wrong with it
    return out.getvalue().encode(ENCODINGS[mapping.format.encodings[0]], errors="replace")


def _unsafe(cell: str) -> str:
    bare = cell.removeprefix("'")
    return bare if bare != cell and safe_cell(bare) == cell else cell


def inspect(
    shop: Workshop, tx: Any, data: bytes, mapping: Mapping, declarants: Collection[str]
) -> Upload:
    """Read and check a whole file. Errors: InputRefused ``uploading.too_many_lines`` and those of
    `declarations.reader.read`."""
    today = shop.clock.now().date()
    filings: list[Filing] = []
    rows = 0
    with _on_disk(data) as path:
        for filing in read(path, mapping, codes=shop.nomenclature, today=today):
            rows += filing.rows
            if rows > MOST_LINES:
                raise InputRefused(
                    Problem(
                        "uploading.too_many_lines",
                        f"The file has more than {MOST_LINES:,} lines.",
                        pointer="/file",
                        hint="Send it in parts, or over the API for bulk filing.",
                    )
                )
            filings.append(filing)
    keys = [(f.declarant, f.reference) for f in filings if f.declaration is not None]
    known = shop.declarations.known(tx, list(dict.fromkeys(keys)))
    good: list[Good] = []
    refused: list[Refused] = []
    seen: set[tuple[str, str]] = set()
    for filing in filings:
        declaration = filing.declaration
        if declaration is None:
            refused.append(_refused(filing, filing.problems))
            continue
        before = known.get(declaration.key)
        same = before is not None and before.content_digest == content_digest(declaration)
        if declaration.declarant not in declarants:
            refused.append(_refused(filing, (_not_yours(filing),)))
        elif declaration.key in seen or (before is not None and not same):
            refused.append(_refused(filing, (_conflict(filing, declaration.key in seen),)))
        else:
            good.append(Good(filing.line, declaration, before.status if before else None))
        seen.add(declaration.key)
    return Upload(tuple(good), tuple(refused), rows)


def refused_rows(data: bytes, mapping: Mapping, upload: Upload) -> Iterator[list[str]]:
    """The rows of the refused declarations as they came, each with its reasons: a table with a
    header that can be corrected and uploaded again. Cells are safe to open in a spreadsheet."""
    reasons: dict[int, str] = {}
    for item in upload.refused:
        for row in range(item.first_row, item.first_row + item.rows):
            reasons[row] = ""
        for problem in item.problems:
            row = _row_of(item, problem)
            sentence = f"{problem.message} {problem.hint}".strip()
            reasons[row] = f"{reasons[row]} {sentence}".strip()
    with _on_disk(data) as path:
        header, rows = raw_rows(path, mapping)
        yield [*map(safe_cell, header), REASONS]
        for number, raw in enumerate(rows):
            if number in reasons:
                cells = list(raw.cells or [])[: len(header)]
                cells += [""] * (len(header) - len(cells))
                yield [*map(safe_cell, cells), safe_cell(reasons[number])]


def _row_of(item: Refused, problem: Problem) -> int:
    """The row that a problem is about: the pointer counts lines within the declaration."""
    parts = problem.pointer.split("/")
    if len(parts) > 2 and parts[1] == "lines" and parts[2].isdecimal():
        return item.first_row + min(int(parts[2]), item.rows - 1)
    return item.first_row


def _refused(filing: Filing, problems: tuple[Problem, ...]) -> Refused:
    return Refused(filing.first_row, filing.rows, filing.line, filing.reference, problems)


def _not_yours(filing: Filing) -> Problem:
    return Problem(
        "uploading.not_yours",
        f"The declarant {filing.declarant!r} is not one of your organisation's.",
        pointer="/declarant",
        line=filing.line,
        hint="Your organisation's identifiers stand on the page 'Account'.",
    )


def _conflict(filing: Filing, twice: bool) -> Problem:
    where = "stands earlier in this file" if twice else "was filed before with another content"
    return Problem(
        "declarations.conflict",
        f"The declaration {filing.reference!r} {where}.",
        pointer="/reference",
        line=filing.line,
        hint="Give it its own reference, or amend the one that was filed.",
    )


@contextmanager
def _on_disk(data: bytes) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(prefix="tradelane-") as file:
        file.write(data)
        file.flush()
        yield Path(file.name)
