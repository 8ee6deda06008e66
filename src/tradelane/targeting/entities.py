"""The records of entities at any past day, as sorted arrays that answer by binary search.

There is one array of the events of all kinds of entities, sorted by (entity, day), with running
totals. A line dated d sees the last event *before* day d: lines filed on earlier days, and outcomes
recorded on earlier days. So nothing depends on which lines are asked for together; and one search
answers for every line and every kind of entity, which is what makes a single line cheap to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradelane.targeting.catalogue import (
    BUSY,
    BUSY_DAYS,
    ENTITIES,
    OWN_PRICE,
    OWN_VALUE,
    RECENT_DAYS,
    Entity,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EVERYONE = Entity("everyone", ("everyone",), "", 0.0)
"""All lines together, as an entity with the code 0."""
KINDS = (EVERYONE, *ENTITIES)
"""The rows of every array of codes."""
_ROWS = {kind.name: row for row, kind in enumerate(KINDS)}
_OWN = [_ROWS[name] for name in OWN_PRICE]
_VALUED = [_ROWS[name] for name in OWN_VALUE]
_BUSY = [_ROWS[name] for name in BUSY]
_HS4 = _ROWS["hs4"]
_STRENGTHS = np.array([[e.strength] for e in ENTITIES])

_STRIDE = 1 << 20
"""More than any day number (days since 1970), so that entity and day sort as one integer."""

TOTALS = (
    "lines",
    "checked",
    "wrong",
    "priced",
    "log_price",
    "rated",
    "rate",
    "valued",
    "log_value",
)


@dataclass(frozen=True)
class Events:
    """Running totals of the events of all entities: ``keys`` sorted, each total aligned with them.

    codes: for each of `KINDS` its columns and ``code``, a number that no other entity of any kind
    has. The first event is nobody's, with every total 0: an index of 0 says that there is none.
    """

    codes: tuple[pl.DataFrame, ...]
    keys: Ints
    totals: dict[str, NDArray[Any]]
    first_day: Ints

    def codes_of(self, lines: pl.DataFrame) -> Ints:
        """Each line's entities, one row for each of `KINDS`; -1 where the history has not seen
        it."""
        return np.array([_look_up(lines, c, e.columns) for e, c in zip(KINDS, self.codes)])

    def before(self, codes: Ints, days: Ints) -> Ints:
        """The index of each entity's last event before the day, 0 where there is none."""
        at = np.maximum(np.searchsorted(self.keys, codes * _STRIDE + days, side="left") - 1, 0)
        return np.where(self.keys[at] // _STRIDE == codes, at, 0)

    def total(self, name: str, at: Ints) -> Floats:
        """A running total at these indices."""
        return self.totals[name][at].astype(np.float64)

    def day(self, at: Ints) -> Floats:
        """The day of these events; NaN where there is no event."""
        return np.where(at > 0, self.keys[at] % _STRIDE, np.nan)


def _look_up(lines: pl.DataFrame, codes: pl.DataFrame, columns: Sequence[str]) -> Ints:
    found = lines.select(columns).join(codes, on=columns, how="left", maintain_order="left")
    return found["code"].fill_null(-1).to_numpy().astype(np.int64)


def build(history: pl.DataFrame) -> Events:
    """The events of every entity (lines with an empty part of its name are left out).

    ``history`` has ``day``, ``known_day`` (null where there is no outcome), ``wrong`` (0/1),
    ``log_price`` (log of value per kg), ``log_value``, ``duty_rate`` and the columns of `KINDS`.
    """
    codes, events, count = [], [], 0
    for kind in KINDS:
        own, happened = _events(history, kind.columns, count)
        codes.append(own)
        events.append(happened)
        count += own.height
    everything = pl.concat(events)
    keys = everything["code"].to_numpy() * _STRIDE + everything["day"].to_numpy()
    first = everything.filter(pl.col("lines") > 0).group_by("code").agg(pl.col("day").min())
    first_day = np.full(max(count, 1), -1, np.int64)
    first_day[first["code"].to_numpy()] = first["day"].to_numpy()
    totals = {
        n: np.concatenate([np.zeros(1, v.dtype), v])
        for n, v in ((n, everything[n].to_numpy()) for n in TOTALS)
    }
    return Events(tuple(codes), np.concatenate([[-1], keys]), totals, first_day)


def _events(
    history: pl.DataFrame, columns: Sequence[str], first_code: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The numbers of one kind's entities, from ``first_code`` on, and their events in order."""
    named = history.filter(pl.all_horizontal(pl.col(c) != "" for c in columns))
    codes = named.select(columns).unique().sort(columns)
    numbers = pl.int_range(first_code, first_code + codes.height, dtype=pl.Int64, eager=True)
    codes = codes.with_columns(code=numbers)
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
        valued=pl.col("log_value").is_not_null().cast(pl.Int32),
        log_value=pl.col("log_value").fill_null(0.0),
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
        valued=nothing,
        log_value=pl.lit(0.0),
    )
    # Running sums over rows in their stored order, not grouped sums, whose order of addition
    # follows the number of threads: the same history must give the same bits on every machine.
    events = (
        pl.concat([filed, found])
        .sort("code", "day", maintain_order=True)
        .with_columns(pl.col(TOTALS).cum_sum().over("code"))
        .filter(pl.struct("code", "day").rle_id().is_last_distinct())
    )
    return codes, events


def records(
    events: Events, codes: Ints, days: Ints, absent: NDArray[np.bool_]
) -> dict[str, Floats]:
    """What is told of each entity of each line: arrays of one row an entity of
    `catalogue.ENTITIES` and one column a line; NaN where the line does not name it (``absent``).

    Beside these, one value a line: ``overall_share`` (found wrong among all outcomes known before
    the day), ``heading_rate`` (mean duty rate of the heading's lines before); and one row for each
    of `catalogue.OWN_PRICE`: ``own_log_price`` (mean log price of the entity's lines before), of
    `catalogue.OWN_VALUE`: ``own_log_value``, and of `catalogue.BUSY`: ``busy`` (its lines of the
    last days).
    """
    at, then = events.before(codes, days), events.before(codes, days - RECENT_DAYS)
    prices, rates = _mean(events, "log_price", "priced", at[_OWN]), at[_HS4]
    values = _mean(events, "log_value", "valued", at[_VALUED])
    latest = events.before(codes[_BUSY], days - BUSY_DAYS)
    busy = events.total("lines", at[_BUSY]) - events.total("lines", latest)
    checked, wrong = events.total("checked", at), events.total("wrong", at)
    checked_then, wrong_then = (events.total(n, then[1:]) for n in ("checked", "wrong"))
    overall = (wrong[0] + 1.0) / (checked[0] + 20.0)
    own, at, checked, wrong = codes[1:], at[1:], checked[1:], wrong[1:]
    lines = events.total("lines", at)
    share = (wrong + overall * _STRENGTHS) / (checked + _STRENGTHS)
    recent = (wrong - wrong_then + share * _STRENGTHS) / (checked - checked_then + _STRENGTHS)
    seen = lines > 0
    parts = {
        "lines": lines,
        "checked": checked,
        "wrong": wrong,
        "share": share,
        "share_recent": recent,
        "age": np.where(seen, days - events.first_day[np.maximum(own, 0)], np.nan),
        "idle": np.where(seen, days - events.day(at), np.nan),
    }
    return {
        "overall_share": overall,
        "heading_rate": _mean(events, "rate", "rated", rates),
        "own_log_price": prices,
        "own_log_value": values,
        "busy": busy,
        **{name: np.where(absent, np.nan, values) for name, values in parts.items()},
    }


def _mean(events: Events, total: str, count: str, at: Ints) -> Floats:
    """The mean of a total over what happened up to these events; NaN where nothing did."""
    n = events.total(count, at)
    return np.where(n > 0, events.total(total, at) / np.maximum(n, 1.0), np.nan)
