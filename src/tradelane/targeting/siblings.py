"""Would a dearer code of the same heading explain the declared price better than the declared one?

Goods are declared under a neighbouring code because its rate is lower; their price then fits the
neighbour that was left. For each heading the codes with enough past lines are kept as they stood at
a month's start: the quartiles of their price per kilogram and the rate that lines of theirs without
a preference paid.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradelane.targeting.peers import LEAST_SPREAD, MIN_PEERS, MOST_MONTHS, WINDOW_DAYS

Floats = NDArray[np.float64]

MOST = 8
"""Codes of a heading that are looked at: those with the most past lines."""
STATS = ("median", "spread", "rate", "code")
"""What is told of each code: median log price per kilogram, robust deviation of it, mean duty rate
in percent, and its six digits as a number."""
RATE_APART = 0.5
"""Percentage points by which a rate must be higher to count."""

_Heading = tuple[str, str]
"""The four digits, and the currency that prices are compared in."""
_NOBODY = np.full((len(STATS), MOST), np.nan)


@dataclass
class Siblings:
    """Snapshots over past lines: ``day``, ``hs4``, ``hs6``, ``money``, ``price_kg`` (log),
    ``duty_rate`` and ``preference``."""

    history: pl.DataFrame
    _snapshots: dict[dt.date, dict[_Heading, Floats]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(
        self, dates: Sequence[dt.date], headings: Sequence[str], money: Sequence[str]
    ) -> Floats:
        """The codes of each line's heading: one row for each of `STATS`, then one a code (NaN
        where there are fewer), one column a line."""
        found = np.empty((len(dates), len(STATS), MOST))
        months = [date.replace(day=1) for date in dates]
        for row, (month, *heading) in enumerate(zip(months, headings, money, strict=True)):
            found[row] = self._snapshot(month).get((heading[0], heading[1]), _NOBODY)
        return np.ascontiguousarray(found.transpose(1, 2, 0))

    def _snapshot(self, month: dt.date) -> dict[_Heading, Floats]:
        with self._lock:
            known = self._snapshots.get(month)
            if known is None:
                if len(self._snapshots) >= MOST_MONTHS:
                    self._snapshots.clear()
                known = self._snapshots[month] = self._take(month)
            return known

    def _take(self, month: dt.date) -> dict[_Heading, Floats]:
        end = (month - dt.date(1970, 1, 1)).days
        past = self.history.filter(
            pl.col("day").is_between(end - WINDOW_DAYS, end - 1), pl.col("price_kg").is_not_null()
        )
        plain = pl.col("duty_rate").filter(pl.col("preference") == "")
        codes = (
            past.group_by("hs4", "money", "hs6")
            .agg(
                pl.len().alias("lines"),
                pl.col("price_kg").quantile(0.25, "linear").alias("q25"),
                pl.col("price_kg").quantile(0.5, "linear").alias("median"),
                pl.col("price_kg").quantile(0.75, "linear").alias("q75"),
                # A median, because sums over a group may differ in their last bits.
                plain.median().alias("rate"),
            )
            .filter(pl.col("lines") >= MIN_PEERS)
            .sort(["hs4", "money", "lines", "hs6"], descending=[False, False, True, False])
        )
        kept: dict[_Heading, Floats] = {}
        for hs4, money, *stats in _rows(codes):
            place = kept.setdefault((hs4, money), _NOBODY.copy())
            free = int(np.isnan(place[-1]).argmax())
            if np.isnan(place[-1, free]):
                place[:, free] = stats
        return kept


def _rows(codes: pl.DataFrame) -> Iterable[tuple[str, str, float, float, float, float]]:
    spread = np.maximum((codes["q75"] - codes["q25"]).to_numpy(), LEAST_SPREAD) / 1.349
    return zip(
        codes["hs4"],
        codes["money"],
        codes["median"].to_numpy(),
        spread,
        codes["rate"].fill_null(np.nan).to_numpy(),
        (digits(code) for code in codes["hs6"]),
        strict=True,
    )


def compare(log_price: Floats, code: Floats, near: Floats) -> dict[str, Floats]:
    """What the codes of a heading say about each line.

    log_price, code: one value a line; near: as `Siblings.find` gives it. Gives ``fit`` (by how many
    robust deviations the price fits the best dearer code better than its own), ``gain`` (that
    code's rate less the own code's, in percentage points), ``above`` (the highest rate of the
    heading less the own), ``code`` and ``price`` (that code and its median price per kilogram);
    NaN where there is nothing to compare.
    """
    median, spread, rate, codes = near
    own = codes == code
    z = np.clip(np.abs(log_price - median) / spread, 0.0, 20.0)
    my_z = np.where(own, z, -np.inf).max(axis=0)
    my_rate = np.where(own, rate, -np.inf).max(axis=0)
    dearer = ~own & (rate > my_rate + RATE_APART) & np.isfinite(my_rate) & np.isfinite(my_z)
    fit = np.where(dearer, my_z - z, -np.inf)
    best = fit.argmax(axis=0)
    lines = np.arange(len(log_price))
    any_dearer = dearer.any(axis=0)

    def told(values: Floats) -> Floats:
        return np.where(any_dearer, values, np.nan)

    return {
        "fit": told(fit[best, lines]),
        "gain": told(rate[best, lines] - my_rate),
        "above": told(np.where(dearer, rate, -np.inf).max(axis=0) - my_rate),
        "code": told(codes[best, lines]),
        "price": told(np.exp(median[best, lines])),
    }


def digits(code: str) -> float:
    """The first six digits of a code as a number, NaN where it has none.

    >>> digits("040690"), digits("8471300010"), digits("")
    (40690.0, 847130.0, nan)
    """
    return float(code[:6]) if code[:6].isdecimal() else np.nan
