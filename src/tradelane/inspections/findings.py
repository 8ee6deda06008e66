"""What an officer finds in a case, and the files that show it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tradelane.inspections.model import plain
from tradelane.trade.declaration import Outcome


class Result(StrEnum):
    """Whether a line was as declared."""

    CONFORM = "conform"
    WRONG = "wrong"


class Discrepancy(StrEnum):
    """What was wrong with a line."""

    UNDERVALUATION = "undervaluation"
    MISCLASSIFICATION = "misclassification"
    ORIGIN = "origin"
    QUANTITY = "quantity"
    DESCRIPTION = "description"
    PREFERENCE = "preference"
    PROHIBITED = "prohibited"
    DOCUMENTS = "documents"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an inspection found in one line.

    ``revenue_recovered``: additional duty and tax in ``currency``, None where not known (yet).
    What was found in place of what was declared, where it is known: ``quantity`` in
    ``quantity_unit`` (UN/ECE Recommendation 20), ``hs_code``, ``origin`` (ISO 3166-1 alpha-2).
    """

    line: int
    result: Result
    discrepancy: Discrepancy | None = None
    revenue_recovered: Decimal | None = None
    currency: str = ""
    note: str = ""
    quantity: Decimal | None = None
    quantity_unit: str = ""
    hs_code: str = ""
    origin: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values without what is empty, for the ledger."""
        values = {field.name: plain(getattr(self, field.name)) for field in fields(self)}
        return {name: value for name, value in values.items() if value not in ("", None)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A finding as it is kept: which step of the case recorded it, when and who."""

    finding: Finding
    step: int
    at: str
    by: int
    login: str


def latest_of(findings: Sequence[Recorded]) -> list[Recorded]:
    """Of findings in the order of recording, the latest of each line, by line."""
    latest = {item.finding.line: item for item in findings}
    return [latest[line] for line in sorted(latest)]


def outcome_of(finding: Finding, recorded_at: dt.datetime) -> Outcome:
    """The finding as a label, known from ``recorded_at`` and never earlier.

    >>> outcome_of(Finding(line=1, result=Result.WRONG), dt.datetime(2026, 6, 1)).fraud
    True
    """
    wrong = finding.result is Result.WRONG
    revenue = finding.revenue_recovered
    if not wrong and revenue is None:
        revenue = Decimal(0)
    return Outcome(True, wrong, revenue, recorded_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A file that shows what was found. size: bytes; digest: ``sha256:`` and hex digits."""

    id: int
    case_id: int
    name: str
    media_type: str
    size: int
    digest: str
    added_by: int
    added_at: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, for the ledger."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}
