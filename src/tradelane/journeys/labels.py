"""What inspections found, as the table that models learn from.

An outcome that an officer records is a label from that moment on: it is in the next table that is
made, with the time of its recording, and in none that was made before. Whoever trains for an
earlier day leaves out what was recorded later; the reader of the table does.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tradelane.journeys.workshop import Workshop
from tradelane.kit.clock import stamp
from tradelane.kit.spreadsheet import safe_cell
from tradelane.trade.declaration import Declaration, GoodsLine, Outcome

_HEADER = (
    "declarant",
    "importer",
    "importer_since",
    "seller",
    "carrier",
    "office",
    "departure",
    "transport_mode",
    "procedure",
)
_LINE = (
    "hs_code",
    "description",
    "origin",
    "currency",
    "customs_value",
    "net_mass_kg",
    "gross_mass_kg",
    "quantity",
    "quantity_unit",
    "freight",
    "insurance",
    "preference",
    "declared_duty_rate",
)
OUTCOME_COLUMNS = ("inspected", "fraud", "revenue_recovered", "outcome_recorded_at")
COLUMNS = ("declaration_id", "line", "date", *_HEADER, *_LINE, *OUTCOME_COLUMNS)
"""The columns of the mapping ``tradelane``, outcomes last."""


def labelled_lines(
    shop: Workshop, tx: Any, since: dt.datetime | None = None
) -> Iterator[tuple[str, ...]]:
    """One row a goods line in the columns of `COLUMNS`, in the order of receipt.

    Every declaration comes in its latest version, and in each earlier one that was inspected. A
    line that was never inspected has ``inspected`` 0 and no outcome, which does not say that it was
    right. ``since``: only inspected lines, whose outcome was recorded at that time or later.
    """
    outcomes = {
        (declarant, reference, version, line): outcome
        for declarant, reference, version, line, outcome in shop.inspections.outcomes(tx, since)
    }
    inspected = {key[:3] for key in outcomes}
    for kept, is_latest in shop.declarations.every_version(tx):
        declaration = kept.declaration
        key = (*declaration.key, kept.version)
        if key not in inspected and (since is not None or not is_latest):
            continue
        for line in declaration.lines:
            outcome = outcomes.get((*key, line.number))
            if outcome is not None or since is None:
                yield _row(declaration, line, outcome)


def as_csv(rows: Iterable[Sequence[str]], at_once: int = 500) -> Iterator[str]:
    """Rows under the columns of `COLUMNS` as pieces of a CSV file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, row in enumerate(rows, 1):
        writer.writerow(row)
        if number % at_once == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _row(declaration: Declaration, line: GoodsLine, outcome: Outcome | None) -> tuple[str, ...]:
    return (
        safe_cell(declaration.reference),
        str(line.number),
        declaration.date.isoformat(),
        *(_cell(getattr(declaration, name)) for name in _HEADER),
        *(_cell(getattr(line, name)) for name in _LINE),
        *_outcome(outcome),
    )


def _outcome(outcome: Outcome | None) -> tuple[str, str, str, str]:
    if outcome is None:
        return "0", "", "", ""
    return (
        "1" if outcome.inspected else "0",
        "" if outcome.fraud is None else str(int(outcome.fraud)),
        _cell(outcome.revenue_recovered),
        "" if outcome.recorded_at is None else stamp(outcome.recorded_at),
    )


def _cell(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        return safe_cell(value)
    return value.isoformat() if isinstance(value, dt.date) else format(value, "f")
