"""A tariff code with its wording, and the path that leads to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

EDITIONS: tuple[tuple[date, str], ...] = (
    (date(2022, 1, 1), "HS 2022"),
    (date(2017, 1, 1), "HS 2017"),
    (date(2012, 1, 1), "HS 2012"),
    (date(2007, 1, 1), "HS 2007"),
    (date(2002, 1, 1), "HS 2002"),
    (date(1996, 1, 1), "HS 1996"),
    (date(1988, 1, 1), "HS 1988"),
)
"""When each edition of the Harmonized System entered into force, newest first (WCO)."""

SHIPPED_EDITION = "HS 2022"
SHIPPED_FROM = date(2022, 1, 1)

LEVELS = {2: "chapter", 4: "heading", 6: "subheading"}


def edition_of(on: date) -> str:
    """The edition of the Harmonized System in force on a day.

    >>> edition_of(date(2021, 12, 31)), edition_of(date(2022, 1, 1)), edition_of(date(1980, 1, 1))
    ('HS 2017', 'HS 2022', 'before HS 1988')
    """
    return next((name for start, name in EDITIONS if start <= on), "before HS 1988")


def is_chapter_of_edition(code: str) -> bool:
    """Whether the first two digits are a chapter of the Harmonized System (01 to 97, not 77).

    Chapter 77 is reserved by the WCO for future use; 98 and 99 are left to national use.

    >>> [is_chapter_of_edition(c) for c in ("010121", "770000", "980000", "000000")]
    [True, False, False, False]
    """
    return "01" <= code[:2] <= "97" and code[:2] != "77"


@dataclass(frozen=True, slots=True)
class Code:
    """A code of the nomenclature. ``level``: section, chapter, heading, subheading, national."""

    code: str
    level: str
    wording: str
    section: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A subheading or heading that a search found; a higher ``score`` fits better."""

    code: Code
    score: float
