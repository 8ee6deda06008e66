"""The tables of cases, their steps, findings and evidence."""

from __future__ import annotations

import sqlalchemy as sa

from tradelane.inspections.model import Stage
from tradelane.kit.database import metadata

NOBODY = 0
"""Assigned to nobody: a value, not NULL, so that an index serves it like any officer."""

cases = sa.Table(
    "inspection_case",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("declarant", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("lane", sa.String(16), nullable=False),
    sa.Column("selected_by", sa.String(16), nullable=False),
    # Minus the score: the queue's order is then ascending in every part, which lets one comparison
    # of (behind, id) say where a page begins, and one index have the order on both databases.
    sa.Column("behind", sa.Float, nullable=False),
    sa.Column("probability", sa.Float),
    sa.Column("expected_revenue", sa.Float),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("office", sa.Text, nullable=False),
    sa.Column("importer", sa.Text, nullable=False),
    sa.Column("hs_code", sa.String(16), nullable=False),
    sa.Column("hs_chapter", sa.String(2), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("lines", sa.Integer, nullable=False),
    sa.Column("received_at", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("opened_at", sa.Text, nullable=False),
    sa.Column("assigned_to", sa.Integer, nullable=False),
    sa.Column("opened_by", sa.Integer),
    sa.Column("opened_by_at", sa.Text),
    sa.Column("decision", sa.String(16)),
    sa.Column("decided_by", sa.Integer),
    sa.Column("decided_at", sa.Text),
    sa.Column("deadline", sa.Date),
    sa.Column("first_decided_at", sa.Text),
    sa.Column("found_at", sa.Text),
    sa.Column("found_wrong", sa.Boolean),
    sa.Column("released_at", sa.Text),
    *(sa.Column(stage.value, sa.Integer) for stage in Stage),
    # In this order the one index also finds a reference whoever declared it.
    sa.UniqueConstraint("reference", "declarant", "version"),
)
# The equal columns of a filter, then the queue's order: a page is read off an index, unsorted. What
# follows the order lets the other filters be looked at without fetching rows that do not pass.
_ORDER = (cases.c.state, cases.c.behind, cases.c.id)
sa.Index("ix_inspection_case_state", *_ORDER, cases.c.received_at)
sa.Index("ix_inspection_case_office", cases.c.office, *_ORDER, cases.c.assigned_to, cases.c.lane)
sa.Index("ix_inspection_case_assigned_to", cases.c.assigned_to, *_ORDER, cases.c.office)
sa.Index("ix_inspection_case_lane", cases.c.lane, *_ORDER)
sa.Index("ix_inspection_case_hs_chapter", cases.c.hs_chapter, *_ORDER, cases.c.hs_code)
sa.Index("ix_inspection_case_importer", cases.c.importer, *_ORDER)
# PostgreSQL serves "begins with" from this operator class alone, unless its collation is C.
sa.Index(
    "ix_inspection_case_reference",
    cases.c.reference,
    postgresql_ops={"reference": "text_pattern_ops"},
)
sa.Index("ix_inspection_case_declarant", cases.c.declarant)
sa.Index("ix_inspection_case_opened_at", cases.c.opened_at, cases.c.lane, cases.c.office)
sa.Index("ix_inspection_case_received_at", cases.c.received_at, cases.c.lane, cases.c.office)
sa.Index("ix_inspection_case_found_at", cases.c.found_at)
sa.Index("ix_inspection_case_released_at", cases.c.released_at)

steps = sa.Table(
    "inspection_step",
    metadata,
    sa.Column("case_id", sa.Integer, sa.ForeignKey("inspection_case.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("officer_id", sa.Integer),
    sa.Column("login", sa.Text, nullable=False),
    sa.Column("decision", sa.String(16)),
    sa.Column("state_before", sa.String(16), nullable=False),
    sa.Column("state_after", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("against_recommendation", sa.Boolean, nullable=False),
    sa.Column("opened_page", sa.Boolean, nullable=False),
    sa.Column("deadline", sa.Date),
    # What the figures group by, as it was at that moment, so that they read this table alone.
    sa.Column("office", sa.Text, nullable=False),
    sa.Column("recommendation", sa.String(16), nullable=False),
    sa.Column("seconds_open", sa.Integer, nullable=False),
    sa.Column("read_seconds", sa.Integer),
)
sa.Index("ix_inspection_step_at", steps.c.at)

findings = sa.Table(
    "inspection_finding",
    metadata,
    sa.Column("case_id", sa.Integer, sa.ForeignKey("inspection_case.id"), primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("officer_id", sa.Integer, nullable=False),
    sa.Column("login", sa.Text, nullable=False),
    sa.Column("result", sa.String(16), nullable=False),
    sa.Column("discrepancy", sa.String(32)),
    # The amount is the text; the number beside it is what SQL adds up (16 digits, never paid out).
    sa.Column("revenue", sa.Text),
    sa.Column("revenue_number", sa.Float),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("quantity", sa.Text),
    sa.Column("quantity_unit", sa.Text, nullable=False),
    sa.Column("hs_code", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
)
sa.Index("ix_inspection_finding_at", findings.c.at)

evidence = sa.Table(
    "inspection_evidence",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("case_id", sa.Integer, sa.ForeignKey("inspection_case.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("added_by", sa.Integer, nullable=False),
    sa.Column("added_at", sa.Text, nullable=False),
    # Last, so that listing files does not read their bytes.
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("case_id", "digest"),
)
