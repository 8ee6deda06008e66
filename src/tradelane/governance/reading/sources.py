"""Reads where things were read."""

from __future__ import annotations

from tradelane.governance.model import Source
from tradelane.governance.reading.gathered import Gathered
from tradelane.governance.reading.places import Findings
from tradelane.governance.reading.tables import Cells, rows
from tradelane.governance.vocabulary import RIGHTS, SOURCE_KINDS

HEADER = ("id", "kind", "title", "read_on", "rights")


def read_sources(file: str, gathered: Gathered, findings: Findings) -> None:
    """The rows of ``sources/g.csv``."""
    for row in rows(file, HEADER, findings):
        take(row, gathered)


def take(row: Cells, gathered: Gathered) -> None:
    """One row."""
    row.check("kind", SOURCE_KINDS)
    row.check("rights", RIGHTS)
    row.when("read_on", needed=True)
    if not row["title"]:
        row.wrong("governance.missing_key", "a source has a title.", "title")
    if row["id"] in gathered.sources:
        row.wrong("governance.duplicate_id", "the id is there twice.", "id")
    gathered.sources[row["id"]] = Source(*(row[name] for name in HEADER))
