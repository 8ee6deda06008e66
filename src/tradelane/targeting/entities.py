"""The records of entities at any past day, as sorted arrays that answer by binary search.

For each entity there is one array of events sorted by (entity, day) with running totals. A line
dated d sees the last event *before* day d: lines filed on earlier days, and outcomes recorded on
earlier days. So nothing depends on which lines are asked for together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradelane.targeting.catalogue import RECENT_DAYS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STRIDE = 1 << 20
"""More than any day number (days since 1970), so that entity and day sort as one integer."""

TOTALS = ("lines", "checked", "wrong", "priced", "log_price", "rated", "rate")


@dataclass(frozen=True)
class Events:
    """Running totals of one entity's events: ``keys`` sorted, each total aligned with them."""

    codes: pl.DataFrame
    columns: tuple[str, ...]
    keys: Ints
    totals: dict[str, NDArray[Any]]
    first_day: Ints

    def code_of(self, lines: pl.DataFrame) -> Ints:
        """Each line's entity number, -1 where the history has not seen it."""
        found = lines.select(self.columns).join(
            self.codes, on=self.columns, how="left", maintain_order="left"
        )
        return found["code"].fill_null(-1).to_numpy().astype(np.int64)

    def before(self, codes: Ints, days: Ints) -> Ints:
        """The index of each entity's last event before the day, -1 where there is none."""
        at = np.searchsorted(self.keys, codes * _STRIDE + days, side="left") - 1
        known = (codes >= 0) & (at >= 0)
        known &= self.keys[np.maximum(at, 0)] // _STRIDE == codes
        return np.where(known, at, -1)

    def total(self, name: str, at: Ints) -> Floats:
        """A running total at these indices; 0 where there is no event."""
        return np.where(at >= 0, self.totals[name][np.maximum(at, 0)].astype(np.float64), 0.0)

    def day(self, at: Ints) -> Floats:
        """The day of these events; NaN where there is no event."""
        return np.where(at >= 0, self.keys[np.maximum(at, 0)] % _STRIDE, np.nan)


def build(history: pl.DataFrame, columns: Sequence[str]) -> Events:
    """The events of the entity named by ``columns`` (lines with an empty part are left out).

    ``history`` has ``day``, ``known_day`` (null where there is no outcome), ``wrong`` (0/1),
    ``log_price`` (log of value per kg), ``duty_rate`` and the entity's columns.
    """
    named = history.filter(pl.all_horizontal(pl.col(c) != "" for c in columns))
    codes = named.select(columns).unique().sort(columns).with_row_index("code")
    numbered = named.join(codes, on=list(columns), how="left", maintain_order="left")
    nothing = pl.lit(0, pl.Int32)
    filed = numbered.select(
        "code",
        "day",
        lines=pl.lit(1, pl.Int32),
        checked=nothing,
        wrong=nothing,
        priced=pl.col("log_price").is_not_null().cast(pl.Int32),
        log_price=pl.col("log_price").fill_null(0.0),
        rated=pl.col("duty_rate").is_not_null().cast(pl.Int32),
        rate=pl.col("duty_rate").fill_null(0.0),
    )
    found = numbered.filter(pl.col("known_day").is_not_null()).select(
        "code",
        pl.col("known_day").alias("day"),
        lines=nothing,
        checked=pl.lit(1, pl.Int32),
        wrong=pl.col("wrong"),
        priced=nothing,
        log_price=pl.lit(0.0),
        rated=nothing,
        rate=pl.lit(0.0),
    )
    # Running sums over rows in their stored order, not grouped sums, whose order of addition
    # follows the number of threads: the same history must give the same bits on every machine.
    events = (
        pl.concat([filed, found])
        .sort("code", "day", maintain_order=True)
        .with_columns(pl.col(TOTALS).cum_sum().over("code"))
        .filter(pl.struct("code", "day").rle_id().is_last_distinct())
    )
    # One event of nobody in front, so that looking up in an empty history needs no special case.
    own = events["code"].to_numpy().astype(np.int64) * _STRIDE + events["day"].to_numpy()
    keys = np.concatenate([[-1], own])
    first = events.filter(pl.col("lines") > 0).group_by("code").agg(pl.col("day").min())
    first_day = np.full(max(codes.height, 1), -1, np.int64)
    first_day[first["code"].to_numpy()] = first["day"].to_numpy()
    totals = {
        n: np.concatenate([np.zeros(1, v.dtype), v])
        for n, v in ((n, events[n].to_numpy()) for n in TOTALS)
    }
    return Events(codes, tuple(columns), keys, totals, first_day)


def record(
    events: Events,
    codes: Ints,
    days: Ints,
    overall: Floats,
    strength: float,
    absent: NDArray[np.bool_],
) -> dict[str, Floats]:
    """A record's parts for each line; NaN where the line does not name the entity (``absent``).

    overall: the share found wrong among all outcomes known before the line's day.
    """
    at = events.before(codes, days)
    then = events.before(codes, days - RECENT_DAYS)
    lines, checked, wrong = (events.total(n, at) for n in ("lines", "checked", "wrong"))
    checked_then, wrong_then = (events.total(n, then) for n in ("checked", "wrong"))
    share = (wrong + overall * strength) / (checked + strength)
    recent = (wrong - wrong_then + share * strength) / (checked - checked_then + strength)
    seen = lines > 0
    age = np.where(seen, days - events.first_day[np.maximum(codes, 0)], np.nan)
    idle = np.where(seen, days - events.day(at), np.nan)
    parts = {
        "lines": lines,
        "checked": checked,
        "wrong": wrong,
        "share": share,
        "share_recent": recent,
        "age": age,
        "idle": idle,
    }
    return {name: np.where(absent, np.nan, values) for name, values in parts.items()}


def mean_before(events: Events, total: str, count: str, codes: Ints, days: Ints) -> Floats:
    """The mean of a total over the entity's lines before the day; NaN where there is none."""
    at = events.before(codes, days)
    n = events.total(count, at)
    return np.where(n > 0, events.total(total, at) / np.maximum(n, 1.0), np.nan)
