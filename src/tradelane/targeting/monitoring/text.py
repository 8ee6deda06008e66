"""A report for the command line: alarms first, then each table."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tradelane.targeting.monitoring.alarms import alarms, in_a_sentence
from tradelane.targeting.monitoring.figures import Cell, tables
from tradelane.targeting.monitoring.report import Report

MOST_ROWS = 12


def as_text(report: Report) -> Iterator[str]:
    """The lines of the text. Long tables are cut; ``--json`` has all of them."""
    found = alarms(report)
    yield (
        f"{report.lines} lines from {report.start.isoformat()} to {report.last.isoformat()}, "
        f"outcomes as known on {report.as_of.isoformat()}"
    )
    yield in_a_sentence(found, report)
    for alarm in found:
        yield f"  {alarm.level.upper():4} {alarm.code}: {alarm.sentence}"
        yield f"       {alarm.to_do}"
    for table in tables(report):
        if table.name == "alarms":
            continue
        yield ""
        yield f"{table.title} ({table.unit})"
        if not table.rows:
            yield "  nothing to count"
            continue
        shown = [table.columns, *([_cell(cell) for cell in row] for row in table.rows[:MOST_ROWS])]
        widths = [max(len(row[place]) for row in shown) for place in range(len(table.columns))]
        for row in shown:
            cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
            yield "  " + "  ".join(cells).rstrip()
        if len(table.rows) > MOST_ROWS:
            yield f"  and {len(table.rows) - MOST_ROWS} more"


def as_json(report: Report, model: str) -> str:
    """The whole report as one JSON object."""
    found = {
        "model": model,
        "from": report.start.isoformat(),
        "to": report.last.isoformat(),
        "as_of": report.as_of.isoformat(),
        "lines": report.lines,
        "state": in_a_sentence(alarms(report), report),
        "figures": {table.name: table.to_dict() for table in tables(report)},
    }
    return json.dumps(found, ensure_ascii=False, indent=1)


def _cell(cell: Cell) -> str:
    return "-" if cell is None else str(cell)
