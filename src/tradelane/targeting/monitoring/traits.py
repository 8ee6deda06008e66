"""The groups that a line belongs to, whoever asks who is inspected more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

SIZES = ((0, "new here"), (9, "1 to 9 lines"), (99, "10 to 99 lines"))
"""Importers by lines in the model's history, with the largest number of each group."""
LARGEST = "100 lines or more"
AGES = ((1, "under 1 year"), (3, "1 to 3 years"), (10, "3 to 10 years"))
"""Importers by years since they were registered, with where each group ends."""
OLDEST = "over 10 years"
UNKNOWN = "not known"
_YEAR = 365.25


def traits_of(row: Mapping[str, Any], lines_of: Mapping[str, int]) -> dict[str, str]:
    """The groups of a line; ``row`` has the columns of `trade.table.LINE_SCHEMA`, ``lines_of`` how
    many lines of each importer the history has.

    >>> row = {"office": "O1", "origin": "CN", "hs_code": "847130", "importer": "I1",
    ...     "date": dt.date(2026, 1, 1), "importer_since": dt.date(2025, 6, 1)}
    >>> list(traits_of(row, {"I1": 12}).values())
    ['O1', 'CN', '84', '10 to 99 lines', 'under 1 year']
    """
    return {
        "office": row["office"],
        "origin": row["origin"],
        "chapter": row["hs_code"][:2],
        "importer_size": _size(lines_of.get(row["importer"], 0)),
        "importer_age": _age(row["date"], row["importer_since"]),
    }


def _size(lines: int) -> str:
    return next((name for most, name in SIZES if lines <= most), LARGEST)


def _age(day: dt.date, since: dt.date | None) -> str:
    if since is None:
        return UNKNOWN
    years = (day - since).days / _YEAR
    return next((name for end, name in AGES if years < end), OLDEST)
