"""Finding a value on a watchlist: for one line and for a table, side by side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import reduce

import polars as pl

from tradelane.targeting.rules.model import Entry, Watchlist

_ALWAYS = (dt.date.min, dt.date.max)


class Lookup:
    """A watchlist by its values. Codes are found by their beginnings, all others whole.

    dated: whether an entry counts only from ``added`` to ``expires``, by the line's date.
    """

    def __init__(self, watchlist: Watchlist, dated: bool) -> None:
        self.field = watchlist.field
        self._dated = dated
        self._entries: Mapping[str, Entry] = {one.value: one for one in watchlist.entries}
        by_beginning = watchlist.column == "hs"
        self._lengths = sorted({len(value) for value in self._entries}) if by_beginning else [0]

    def holds(self, value: str | None, day: dt.date | None) -> bool | None:
        """Whether the value is on the list that day; None where it is missing."""
        if value is None:
            return None
        return self.find(value, day) is not None

    def find(self, value: str | None, day: dt.date | None) -> Entry | None:
        """The entry of a value, the shortest where several codes begin it."""
        for length in self._lengths:
            entry = self._entries.get((value or "")[: length or None])
            if entry is not None and len(entry.value) >= length and self._counts(entry, day):
                return entry
        return None

    def _counts(self, entry: Entry, day: dt.date | None) -> bool:
        if not self._dated or (entry.added is None and entry.expires is None):
            return True
        if day is None:
            return False
        return (entry.added or day) <= day <= (entry.expires or day)

    def expr(self, value: pl.Expr, day: pl.Expr) -> pl.Expr:
        """What `holds` says, of columns."""
        parts = [self._of_length(value, day, length) for length in self._lengths]
        found = reduce(pl.Expr.or_, parts) if parts else pl.lit(False)
        return pl.when(value.is_not_null()).then(found)

    def _of_length(self, value: pl.Expr, day: pl.Expr, length: int) -> pl.Expr:
        if length:
            value = value.str.slice(0, length)
        entries = [one for one in self._entries.values() if not length or len(one.value) == length]
        plain = [one.value for one in entries if one.added is None and one.expires is None]
        bound = [one for one in entries if one.added is not None or one.expires is not None]
        if not self._dated:
            plain, bound = [one.value for one in entries], []
        found = value.is_in(pl.Series(plain, dtype=pl.String).implode())
        if not bound:
            return found
        names = pl.Series([one.value for one in bound], dtype=pl.String)
        first = pl.Series([one.added or _ALWAYS[0] for one in bound], dtype=pl.Date)
        last = pl.Series([one.expires or _ALWAYS[1] for one in bound], dtype=pl.Date)
        within = day.is_between(
            value.replace_strict(names, first, default=None, return_dtype=pl.Date),
            value.replace_strict(names, last, default=None, return_dtype=pl.Date),
        )
        return found | within.fill_null(False)
