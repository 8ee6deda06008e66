"""Goods lines as a table: the one set of column names that engines and mappings share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from tradelane.trade.declaration import Declaration, GoodsLine, Outcome

LINE_SCHEMA: dict[str, pl.DataType] = {
    "subject": pl.String(),
    "reference": pl.String(),
    "number": pl.Int32(),
    "date": pl.Date(),
    "declarant": pl.String(),
    "importer": pl.String(),
    "seller": pl.String(),
    "carrier": pl.String(),
    "office": pl.String(),
    "departure": pl.String(),
    "transport_mode": pl.String(),
    "procedure": pl.String(),
    "importer_since": pl.Date(),
    "hs_code": pl.String(),
    "origin": pl.String(),
    "currency": pl.String(),
    "customs_value": pl.Float64(),
    "description": pl.String(),
    "net_mass_kg": pl.Float64(),
    "gross_mass_kg": pl.Float64(),
    "quantity": pl.Float64(),
    "quantity_unit": pl.String(),
    "freight": pl.Float64(),
    "insurance": pl.Float64(),
    "preference": pl.String(),
    "declared_duty_rate": pl.Float64(),
}
"""A table of goods lines: absent text is "", absent numbers and dates are null."""

OUTCOME_SCHEMA: dict[str, pl.DataType] = {
    "inspected": pl.Boolean(),
    "fraud": pl.Boolean(),
    "revenue_recovered": pl.Float64(),
    "recorded_at": pl.Datetime("us", "UTC"),
}
"""Columns that a history has beside the lines' own."""


def subject_of(declaration: Declaration, line: GoodsLine) -> str:
    """How ledger entries name a goods line: ``declarant/reference/number``, slashes escaped.

    Two different lines never have the same subject.
    """
    whole = subject_of_declaration(declaration.declarant, declaration.reference)
    return f"{whole}/{line.number}"


def subject_of_declaration(declarant: str, reference: str) -> str:
    """How ledger entries name a whole declaration: its lines' subjects without the number."""
    return f"{_escape(declarant)}/{_escape(reference)}"


def split_subject(subject: str) -> tuple[str, str, int]:
    """Declarant, reference and line number of what `subject_of` made.

    >>> split_subject("KR-1/A%2F7/2")
    ('KR-1', 'A/7', 2)
    """
    declarant, reference, number = subject.split("/")
    return _unescape(declarant), _unescape(reference), int(number)


def lines_table(declarations: Iterable[Declaration]) -> pl.DataFrame:
    """One row a goods line, in order, with the columns of `LINE_SCHEMA`."""
    rows = line_rows(declarations)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(LINE_SCHEMA)
    return pl.DataFrame(
        [
            pl.Series(name, values, dtype=dtype, strict=False)
            for (name, dtype), values in zip(LINE_SCHEMA.items(), columns, strict=True)
        ]
    )


def line_rows(declarations: Iterable[Declaration]) -> list[tuple[Any, ...]]:
    """The rows of `lines_table` as plain values in the order of `LINE_SCHEMA`."""
    rows: list[tuple[Any, ...]] = []
    for d in declarations:
        for item in d.lines:
            rows.append(
                (
                    subject_of(d, item),
                    d.reference,
                    item.number,
                    d.date,
                    d.declarant,
                    d.importer,
                    d.seller,
                    d.carrier,
                    d.office,
                    d.departure,
                    d.transport_mode,
                    d.procedure,
                    d.importer_since,
                    item.hs_code,
                    item.origin,
                    item.currency,
                    float(item.customs_value),
                    item.description,
                    None if item.net_mass_kg is None else float(item.net_mass_kg),
                    None if item.gross_mass_kg is None else float(item.gross_mass_kg),
                    None if item.quantity is None else float(item.quantity),
                    item.quantity_unit,
                    None if item.freight is None else float(item.freight),
                    None if item.insurance is None else float(item.insurance),
                    item.preference,
                    None if item.declared_duty_rate is None else float(item.declared_duty_rate),
                )
            )
    return rows


def outcomes_table(outcomes: Iterable[Outcome | None]) -> pl.DataFrame:
    """The outcomes of as many lines, None meaning that the line was not inspected."""
    rows = [
        (False, None, None, None)
        if o is None
        else (
            o.inspected,
            o.fraud,
            None if o.revenue_recovered is None else float(o.revenue_recovered),
            o.recorded_at,
        )
        for o in outcomes
    ]
    return pl.DataFrame(rows, schema=OUTCOME_SCHEMA, orient="row")


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("/", "%2F") if "/" in text or "%" in text else text


def _unescape(text: str) -> str:
    return text.replace("%2F", "/").replace("%25", "%") if "%" in text else text
