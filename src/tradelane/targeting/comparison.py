"""What a line is compared with, shown one by one: for a person who wants to see it for themselves.

Reasons give the middle half of a line's peers; here are the peers. They are found as the score
found them (the same month's start, the same levels, the same least number), so the quartiles agree
with the sentence of the reason as long as the model is the same.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tradelane.targeting.catalogue import LEVELS, MEASURES
from tradelane.targeting.features import History
from tradelane.targeting.peers import MIN_PEERS, WINDOW_DAYS

MOST_VALUES = 200
LEAST = 3
"""Fewer lines than these are shown one by one but say nothing as a group."""
MOST_RECENT = 8
_DAY_ZERO = dt.date(1970, 1, 1)
_PRICE = MEASURES[0].name


@dataclass(frozen=True, slots=True)
class Recorded:
    """An earlier line. ``price``: per kilogram, in the currency of the comparison. ``wrong``:
    whether it was found wrong, None where that was not known on the day of the comparison."""

    day: dt.date
    importer: str
    origin: str
    price: float
    wrong: bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A declared price per kilogram among the prices of earlier lines, all in ``currency``.

    level: the columns by which lines count as comparable, from `catalogue.LEVELS`; count: how many
    lines there are; values: at most `MOST_VALUES` of them, spread evenly over their order;
    quartiles: lower, median, upper; recent: the latest ones, newest first; before: lines of that
    day and later are left out.
    """

    mine: float
    currency: str
    level: tuple[str, ...]
    count: int
    values: tuple[float, ...]
    quartiles: tuple[float, float, float]
    recent: tuple[Recorded, ...]
    before: dt.date

    @property
    def is_thin(self) -> bool:
        """Whether the lines are fewer than a score would compare with."""
        return self.count < MIN_PEERS


@dataclass(frozen=True, slots=True)
class Standing:
    """What a history knows of an importer on a day: lines, those inspected with a known result,
    those found wrong, and the day of the first line (None: there was none)."""

    lines: int
    inspected: int
    wrong: int
    first: dt.date | None


def compare_price(history: History, line: Mapping[str, Any]) -> Comparison | None:
    """The price per kilogram of a line among its peers; None without a price or without peers.

    line: `trade.table.LINE_SCHEMA` with ``exchange_rate``, as `targeting.online.Online` takes it.
    Where no level has enough lines for a score, the closest with at least `LEAST` is shown.
    """
    value, mass, rate = (line[name] for name in ("customs_value", "net_mass_kg", "exchange_rate"))
    if not value or not mass or value <= 0 or mass <= 0:
        return None
    rated = rate is not None and rate > 0
    scale = rate if rated else 1.0
    code = line["hs_code"]
    fields = {
        "hs6": code[:6],
        "hs4": code[:4],
        "hs2": code[:2],
        "origin": line["origin"] or "",
        "money": "" if rated else line["currency"],
    }
    before = line["date"].replace(day=1)
    level, rows, found = _peers(history, fields, before)
    if level is None:
        return None
    prices = np.sort(np.exp(found)) / scale
    # Of the logarithms, as in a snapshot: interpolated between them, not between prices.
    q25, q50, q75 = np.exp(np.quantile(found, (0.25, 0.5, 0.75))) / scale
    return Comparison(
        mine=value / mass,
        currency=line["currency"],
        level=level,
        count=len(prices),
        values=tuple(prices[_spread(len(prices))].tolist()),
        quartiles=(float(q25), float(q50), float(q75)),
        recent=_recent(history, rows, found, scale, line["date"]),
        before=before,
    )


def standing_of(history: History, importer: str, on: dt.date) -> Standing:
    """What was known of an importer on that day."""
    past = history.table.filter(pl.col("importer") == importer, pl.col("date") < on)
    if not importer or past.is_empty():
        return Standing(0, 0, 0, None)
    known = past.filter(_known_by(on))
    wrong = int(known["fraud"].sum())
    return Standing(past.height, known.height, wrong, past["date"].min())  # type: ignore[arg-type]


def _known_by(on: dt.date) -> pl.Expr:
    """Whether a past line's outcome was recorded before that day."""
    return (
        pl.col("fraud").is_not_null()
        & pl.col("inspected").fill_null(value=True)
        & (pl.col("recorded_at").dt.date() < on).fill_null(value=False)
    )


def _peers(
    history: History, fields: Mapping[str, str], before: dt.date
) -> tuple[tuple[str, ...] | None, Any, Any]:
    """The closest level with enough lines, which rows they are, and the logarithms of their
    prices."""
    measure = next(peers for peers in history.measures if peers.measure.name == _PRICE)
    end = (before - _DAY_ZERO).days
    chapter = measure.history.with_row_index("row").filter(
        pl.col("hs2") == fields["hs2"],
        pl.col("money") == fields["money"],
        pl.col("day").is_between(end - WINDOW_DAYS, end - 1),
        pl.col(_PRICE).is_not_null(),
    )
    thin: tuple[tuple[str, ...], pl.DataFrame] | None = None
    for level in LEVELS:
        part = chapter.filter(*(pl.col(name) == fields[name] for name in level))
        if part.height >= MIN_PEERS:
            return level, part["row"], part[_PRICE].to_numpy()
        if thin is None and part.height >= LEAST:
            thin = level, part
    if thin is None:
        return None, None, None
    return thin[0], thin[1]["row"], thin[1][_PRICE].to_numpy()


def _spread(count: int) -> Any:
    """Places of at most `MOST_VALUES` values among so many, the first and the last included."""
    if count <= MOST_VALUES:
        return np.arange(count)
    return np.linspace(0, count - 1, MOST_VALUES).round().astype(np.int64)


def _recent(
    history: History, rows: Any, logs: Any, scale: float, on: dt.date
) -> tuple[Recorded, ...]:
    found = history.table[rows].select(
        "date", "importer", "origin", "fraud", known=_known_by(on), price=pl.Series(logs)
    )
    latest = found.sort("date", descending=True, maintain_order=True).head(MOST_RECENT)
    return tuple(
        Recorded(
            day=row["date"],
            importer=row["importer"] or "",
            origin=row["origin"] or "",
            price=math.exp(row["price"]) / scale,
            wrong=bool(row["fraud"]) if row["known"] else None,
        )
        for row in latest.iter_rows(named=True)
    )
