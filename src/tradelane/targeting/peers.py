"""What peers declared: quartiles of a ratio by code and origin, as they stood at a month's start.

Each calendar month has one snapshot of all history lines dated before its first day (and at most
`WINDOW_DAYS` old), so a line's peers never include its own month and a snapshot is made only once.
"""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradelane.targeting.catalogue import LEVELS, MEASURES, Measure

Floats = NDArray[np.float64]

MIN_PEERS = 20
"""Fewer lines than this say little about a middle half; the next wider level is asked."""

WINDOW_DAYS = 730
_LEAST_SPREAD = 0.10
"""Interquartile range (of the logarithm) under which a spread is noise."""

_STATS = ("q25", "q50", "q75", "peers")


@dataclass
class Peers:
    """Snapshots of one measure over the lines of ``history`` (with ``day`` and a log ratio)."""

    measure: Measure
    history: pl.DataFrame
    _snapshots: dict[dt.date, list[pl.DataFrame]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def compare(self, lines: pl.DataFrame) -> dict[str, Floats]:
        """The measure's features and evidence for lines that have its log ratio column.

        Gives ``gap`` (log ratio less the peers' median), ``z`` (in robust deviations), ``z_hs4``
        (the same against the whole heading), ``peers``, ``level`` (0 closest, NaN none) and the
        quartiles ``q25``, ``q50``, ``q75`` of the ratio itself.
        """
        name, count = self.measure.name, lines.height
        out = {k: np.full(count, np.nan) for k in ("gap", "z", "z_hs4", "level", *_STATS)}
        months = lines["date"].dt.truncate("1mo")
        for month in months.unique().sort().to_list():
            rows = (months == month).arg_true().to_numpy()
            part = lines[rows] if len(rows) < count else lines
            ratio = part[name].to_numpy()
            heading = {s: np.full(len(rows), np.nan) for s in _STATS}
            best = {s: np.full(len(rows), np.nan) for s in (*_STATS, "level")}
            for level, stats in enumerate(self._snapshot(month)):
                found = self._look_up(part, stats, LEVELS[level])
                if LEVELS[level] == ("hs4",):
                    heading = found
                empty = np.isnan(best["peers"])
                hit = empty & ~np.isnan(found["peers"])
                for s in _STATS:
                    best[s] = np.where(hit, found[s], best[s])
                best["level"] = np.where(hit, float(level), best["level"])
            out["gap"][rows] = ratio - best["q50"]
            out["z"][rows] = _robust(ratio, best)
            out["z_hs4"][rows] = _robust(ratio, heading)
            for s in ("q25", "q50", "q75"):
                out[s][rows] = np.exp(best[s])
            out["peers"][rows], out["level"][rows] = best["peers"], best["level"]
        return out

    def _look_up(
        self, part: pl.DataFrame, stats: pl.DataFrame, level: tuple[str, ...]
    ) -> dict[str, Floats]:
        keys = [*level, *self.measure.also_by]
        found = part.select(keys).join(stats, on=keys, how="left", maintain_order="left")
        return {s: found[s].fill_null(np.nan).to_numpy() for s in _STATS}

    def _snapshot(self, month: dt.date) -> list[pl.DataFrame]:
        with self._lock:
            if month not in self._snapshots:
                self._snapshots[month] = self._take(month)
            return self._snapshots[month]

    def _take(self, month: dt.date) -> list[pl.DataFrame]:
        end = (month - dt.date(1970, 1, 1)).days
        name = self.measure.name
        past = self.history.filter(
            pl.col("day").is_between(end - WINDOW_DAYS, end - 1), pl.col(name).is_not_null()
        )
        return [
            past.group_by([*level, *self.measure.also_by])
            .agg(
                q25=pl.col(name).quantile(0.25, "linear"),
                q50=pl.col(name).quantile(0.5, "linear"),
                q75=pl.col(name).quantile(0.75, "linear"),
                peers=pl.len().cast(pl.Float64),
            )
            .filter(pl.col("peers") >= MIN_PEERS)
            for level in LEVELS
        ]


def log_ratios() -> list[pl.Expr]:
    """Expressions that give each measure's log ratio; null unless both parts are over zero."""
    return [
        pl.when((pl.col(m.top) > 0) & (pl.col(m.bottom) > 0))
        .then((pl.col(m.top) / pl.col(m.bottom)).log())
        .alias(m.name)
        for m in MEASURES
    ]


def _robust(ratio: Floats, stats: dict[str, Floats]) -> Floats:
    spread = np.maximum(stats["q75"] - stats["q25"], _LEAST_SPREAD) / 1.349
    return np.clip((ratio - stats["q50"]) / spread, -20.0, 20.0)
