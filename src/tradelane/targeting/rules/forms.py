"""How a field of a line is worked out: for one line and for a table, side by side.

Each form says the same twice, as a function of one line and as a Polars expression, and
`tests/property/test_targeting_rules.py` holds the two to each other. A value that is absent, empty
or not a number is missing (None), and whatever is made from a missing value is missing.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

Line = Mapping[str, Any]


class Form(Protocol):
    """A value of a line."""

    def of(self, line: Line) -> Any: ...
    def expr(self) -> pl.Expr: ...


@dataclass(frozen=True)
class Text:
    """A text column as it is written."""

    column: str

    def of(self, line: Line) -> str | None:
        return line.get(self.column) or None

    def expr(self) -> pl.Expr:
        column = pl.col(self.column)
        return pl.when(column != "").then(column)


@dataclass(frozen=True)
class Small:
    """A text column in small letters."""

    column: str

    def of(self, line: Line) -> str | None:
        text: str | None = line.get(self.column)
        return text.lower() if text else None

    def expr(self) -> pl.Expr:
        # Python's own small letters, not those of another library, for the last bit of equality.
        return Text(self.column).expr().map_batches(_lowered, return_dtype=pl.String)


@dataclass(frozen=True)
class Number:
    """A numeric column."""

    column: str

    def of(self, line: Line) -> float | None:
        return _known(line.get(self.column))

    def expr(self) -> pl.Expr:
        return pl.col(self.column).cast(pl.Float64).fill_nan(None)


@dataclass(frozen=True)
class Day:
    """A date column."""

    column: str

    def of(self, line: Line) -> dt.date | None:
        return line.get(self.column)

    def expr(self) -> pl.Expr:
        return pl.col(self.column)


@dataclass(frozen=True)
class Prefix:
    """The first characters of a text column; missing where it is shorter."""

    column: str
    length: int

    def of(self, line: Line) -> str | None:
        text: str | None = line.get(self.column)
        return text[: self.length] if text and len(text) >= self.length else None

    def expr(self) -> pl.Expr:
        column = pl.col(self.column)
        return pl.when(column.str.len_chars() >= self.length).then(column.str.slice(0, self.length))


@dataclass(frozen=True)
class Ratio:
    """One number over another; missing unless the lower one is above 0."""

    top: Form
    bottom: Form

    def of(self, line: Line) -> float | None:
        top, bottom = self.top.of(line), self.bottom.of(line)
        return None if top is None or bottom is None or bottom <= 0 else _known(top / bottom)

    def expr(self) -> pl.Expr:
        bottom = self.bottom.expr()
        return pl.when(bottom > 0).then(self.top.expr() / bottom).fill_nan(None)


@dataclass(frozen=True)
class Product:
    """One number times another."""

    first: Form
    second: Form

    def of(self, line: Line) -> float | None:
        first, second = self.first.of(line), self.second.of(line)
        return None if first is None or second is None else _known(first * second)

    def expr(self) -> pl.Expr:
        return (self.first.expr() * self.second.expr()).fill_nan(None)


@dataclass(frozen=True)
class Difference:
    """One number less another."""

    first: Form
    second: Form

    def of(self, line: Line) -> float | None:
        first, second = self.first.of(line), self.second.of(line)
        return None if first is None or second is None else _known(first - second)

    def expr(self) -> pl.Expr:
        return (self.first.expr() - self.second.expr()).fill_nan(None)


@dataclass(frozen=True)
class DaysSince:
    """Days from one date to another."""

    start: str
    end: str

    def of(self, line: Line) -> float | None:
        start, end = line.get(self.start), line.get(self.end)
        return None if start is None or end is None else float((end - start).days)

    def expr(self) -> pl.Expr:
        return (pl.col(self.end) - pl.col(self.start)).dt.total_days().cast(pl.Float64)


@dataclass(frozen=True)
class PartOfDate:
    """The weekday (1: Monday, to 7) or the month (1 to 12) of a date column."""

    column: str
    part: str

    def of(self, line: Line) -> float | None:
        day: dt.date | None = line.get(self.column)
        if day is None:
            return None
        return float(day.isoweekday() if self.part == "weekday" else day.month)

    def expr(self) -> pl.Expr:
        parts = pl.col(self.column).dt
        return (parts.weekday() if self.part == "weekday" else parts.month()).cast(pl.Float64)


def _known(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _lowered(texts: pl.Series) -> pl.Series:
    lower: Callable[[str | None], str | None] = lambda text: None if text is None else text.lower()  # noqa: E731
    return pl.Series(texts.name, map(lower, texts.to_list()), dtype=pl.String)
