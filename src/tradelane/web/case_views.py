"""Cases as the administration's programs and files see them. Nothing of this is for declarants."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from tradelane.correspondence.model import Message
from tradelane.inspections.findings import Evidence, Recorded
from tradelane.inspections.model import Case, Step, decisions_in
from tradelane.journeys.workbench import CaseFile
from tradelane.kit.spreadsheet import safe_cell
from tradelane.trade.declaration import content

COLUMNS = (
    "id",
    "declarant",
    "reference",
    "version",
    "state",
    "lane",
    "selected_by",
    "recommendation",
    "score",
    "probability",
    "expected_revenue",
    "currency",
    "office",
    "importer",
    "hs_code",
    "lines",
    "reason",
    "received_at",
    "opened_at",
    "decision",
    "decided_at",
    "deadline",
    "found_at",
    "found_wrong",
)
"""What a file of the queue has, one row a case. Amounts are in ``currency``."""


def row_of(case: Case) -> dict[str, Any]:
    """A case as a row: numbers rounded to what they are good for, dates as text."""
    row: dict[str, Any] = {name: getattr(case, name) for name in COLUMNS}
    for name, digits in (("score", 6), ("probability", 6), ("expected_revenue", 2)):
        if row[name] is not None:
            row[name] = round(row[name], digits)
    row["deadline"] = case.deadline.isoformat() if case.deadline else None
    for name in ("state", "recommendation", "decision"):
        row[name] = None if row[name] is None else str(row[name])
    return row


def csv_of(cases: Iterable[Case]) -> Iterator[bytes]:
    """The cases as CSV, piece by piece, with cells that no spreadsheet runs."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number, case in enumerate(cases, 1):
        row = row_of(case)
        values = ("" if row[name] is None else str(row[name]) for name in COLUMNS)
        writer.writerow([safe_cell(value) for value in values])
        if number % 500 == 0:
            yield _emptied(out)
    yield _emptied(out)


def json_of(cases: Iterable[Case]) -> Iterator[bytes]:
    """The cases as a JSON array, piece by piece."""
    before = b"["
    for case in cases:
        yield before + orjson.dumps(row_of(case))
        before = b",\n"
    yield b"]\n" if before != b"[" else b"[]\n"


def summary_view(case: Case, names: Mapping[int, str], open_by: int | None) -> dict[str, Any]:
    """A case in a list."""
    return {
        **row_of(case),
        "revision": case.revision,
        "assigned_to": None if case.assigned_to is None else names.get(case.assigned_to),
        "open_by": None if open_by is None else names.get(open_by),
    }


def case_view(file: CaseFile) -> dict[str, Any]:
    """A case with everything: the declaration, the frozen decisions of every line, what was found.

    The decisions are the ledger's own entries, as they were written when they were taken.
    """
    case, record = file.case, file.record
    return {
        **summary_view(case, file.names, file.also_open_by),
        "allowed": [str(decision) for decision in decisions_in(case.state)],
        "is_current": file.is_current,
        "declaration": content(record.kept.declaration),
        "decisions": [
            {
                "line": line.goods.number,
                "assessed": line.assessed,
                "scored": line.scored,
                "routed": line.routed,
            }
            for line in record.lines
        ],
        "steps": [step_view(step) for step in file.steps],
        "findings": [_finding_view(found) for found in file.findings],
        "evidence": [evidence_view(item) for item in file.evidence],
        "messages": [_message_view(message) for message in file.messages],
    }


def step_view(step: Step) -> dict[str, Any]:
    """A step of a case; ``number`` is the case's revision after it."""
    view = step.to_dict()
    view["officer"] = view.pop("login")
    # Reading times are counted for whole offices, never told of a person.
    del view["by"], view["read_seconds"]
    return view


def evidence_view(item: Evidence) -> dict[str, Any]:
    """A file of a case, without its bytes."""
    return {
        "id": item.id,
        "name": item.name,
        "media_type": item.media_type,
        "size": item.size,
        "digest": item.digest,
        "added_at": item.added_at,
        "href": f"/api/v1/cases/{item.case_id}/evidence/{item.id}",
    }


def _finding_view(found: Recorded) -> dict[str, Any]:
    return {**found.finding.to_dict(), "step": found.step, "at": found.at, "officer": found.login}


def _message_view(message: Message) -> dict[str, Any]:
    view = message.to_dict()
    view["author"] = view.pop("author_name")
    del view["author_id"]
    return view


def _emptied(out: io.StringIO) -> bytes:
    data = out.getvalue().encode()
    out.seek(0)
    out.truncate()
    return data
