"""Dates as law tells them: to the day, or only to the month or the year."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from typing import NamedTuple

_SHAPE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


class When(NamedTuple):
    """A date with what is known of it: ``first`` and ``last`` are the same day if it is exact.

    Something that begins in a month counts from its first day, something that ends in it until its
    last; on the days between nobody knows, see `is_unsure`.
    """

    text: str
    first: dt.date
    last: dt.date

    @property
    def exact(self) -> bool:
        """Whether the day is known."""
        return self.first == self.last

    def is_unsure(self, on: dt.date) -> bool:
        """Whether the day is one on which it may or may not have come.

        >>> read_when("2024-02").is_unsure(dt.date(2024, 2, 10))
        True
        """
        return not self.exact and self.first <= on < self.last


def read_when(given: object) -> When:
    """A date to the day, month or year; raises ValueError on anything else.

    >>> read_when("2024-02")[1:]
    (datetime.date(2024, 2, 1), datetime.date(2024, 2, 29))
    >>> read_when(2024).text, read_when(dt.date(2026, 1, 22)).exact
    ('2024', True)
    """
    text = given.isoformat() if isinstance(given, dt.date) else str(given)
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a date")
    year, month, day = (int(part) if part else 0 for part in found.groups())
    if day:
        exact = dt.date(year, month, day)
        return When(text, exact, exact)
    if month:
        return When(
            text,
            dt.date(year, month, 1),
            dt.date(year, month, calendar.monthrange(year, month)[1]),
        )
    return When(text, dt.date(year, 1, 1), dt.date(year, 12, 31))
