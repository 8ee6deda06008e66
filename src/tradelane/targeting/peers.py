"""What peers declared: quartiles of a ratio by code and origin, as they stood at a month's start.

What is *usual* of few lines is drawn towards what is usual of a wider group, so that a rare code is
neither compared with its whole heading nor with three lines.

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
LEAST_SPREAD = 0.10
"""Interquartile range (of the logarithm) under which a spread is noise."""

PULL = 8.0
"""As many lines as the wider level counts for where a group's own median is drawn towards it."""
SPREAD_PULL = 20.0
"""The same for the spread, which takes more lines to know."""
_FEWEST_FOR_SPREAD = 4

STATS = ("q25", "q50", "q75", "peers")
"""What a snapshot tells of a group of lines: quartiles of the log ratio, and how many lines."""
USUAL = ("usual", "spread")
"""The group's median and interquartile range of the log ratio, drawn towards those of the wider
levels the more the fewer lines it has. So a code with ten lines is compared with itself as far as
ten lines say something, and not with its whole heading."""
BEST = (*STATS, "level", *USUAL)
"""`STATS` of the closest level that has enough lines, which level that is, and `USUAL` of the
closest group that has any."""
_PEERS, _LEVEL = BEST.index("peers"), BEST.index("level")
_USUAL = [BEST.index(name) for name in USUAL]
HEADING = ("hs4",)

MOST_MONTHS = 240
"""More months' snapshots than these are not held in memory."""

AMOUNTS = (
    "customs_value",
    "freight",
    "insurance",
    "net_mass_kg",
    "gross_mass_kg",
    "quantity",
    "duty_rate",
    "exchange_rate",
)
"""The numbers of a line that features are made from, in the order of their rows."""
_TOPS = [AMOUNTS.index(m.top) for m in MEASURES]
_BOTTOMS = [AMOUNTS.index(m.bottom) for m in MEASURES]

Found = tuple[Floats, Floats]
"""For many lines: the statistics `BEST` of the closest level and `STATS` of the heading, one row a
statistic, NaN where there are too few lines."""


@dataclass
class Peers:
    """Snapshots of one measure over the lines of ``history`` (with ``day`` and a log ratio)."""

    measure: Measure
    history: pl.DataFrame
    _snapshots: dict[dt.date, list[pl.DataFrame]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, lines: pl.DataFrame) -> Found:
        """The quartiles that each line is compared with; ``lines`` has the columns of
        `catalogue.LEVELS`, the measure's ``also_by`` and ``date``."""
        best = np.full((len(BEST), lines.height), np.nan)
        heading = np.full((len(STATS), lines.height), np.nan)
        dated = lines.with_columns(month=pl.col("date").dt.truncate("1mo"))
        months = dated["month"].unique().sort().to_list()
        for number, level in enumerate(LEVELS):
            found = self._look_up(dated, months, number, level)
            stats, usual = found[: len(STATS)], found[len(STATS) :]
            enough = stats[_PEERS] >= MIN_PEERS
            if level == HEADING:
                heading[:, enough] = stats[:, enough]
            hit = np.isnan(best[_PEERS]) & enough
            best[: len(STATS), hit] = stats[:, hit]
            best[_LEVEL, hit] = number
            first = np.isnan(best[_USUAL[0]])
            for row, values in zip(_USUAL, usual, strict=True):
                best[row, first] = values[first]
        return best, heading

    def _look_up(
        self, dated: pl.DataFrame, months: list[dt.date], number: int, level: tuple[str, ...]
    ) -> Floats:
        """`STATS` and `USUAL` of one level, each line's as they stood at the start of its month."""
        keys = [*self.keys(level), "month"]
        stats = [self.snapshot(month)[number] for month in months]
        of_month = [s.with_columns(month=pl.lit(m)) for s, m in zip(stats, months, strict=True)]
        if not of_month:
            return np.full((len(STATS) + len(USUAL), dated.height), np.nan)
        known = pl.concat(of_month)
        found = dated.select(keys).join(known, on=keys, how="left", maintain_order="left")
        return np.array([found[s].fill_null(np.nan).to_numpy() for s in (*STATS, *USUAL)])

    def keys(self, level: tuple[str, ...]) -> list[str]:
        """The columns by which lines are peers at a level of `catalogue.LEVELS`."""
        return [*level, *self.measure.also_by]

    def snapshot(self, month: dt.date) -> list[pl.DataFrame]:
        """For each level of `catalogue.LEVELS` its `keys`, `STATS` and `USUAL` as they stood on the
        month's first day; made when first asked for."""
        with self._lock:
            if month not in self._snapshots:
                if len(self._snapshots) >= MOST_MONTHS:
                    self._snapshots.clear()
                self._snapshots[month] = self._take(month)
            return self._snapshots[month]

    def _take(self, month: dt.date) -> list[pl.DataFrame]:
        end = (month - dt.date(1970, 1, 1)).days
        name = self.measure.name
        past = self.history.filter(
            pl.col("day").is_between(end - WINDOW_DAYS, end - 1), pl.col(name).is_not_null()
        )
        found: list[pl.DataFrame] = []
        for level in reversed(LEVELS):
            groups = past.group_by(self.keys(level)).agg(
                q25=pl.col(name).quantile(0.25, "linear"),
                q50=pl.col(name).quantile(0.5, "linear"),
                q75=pl.col(name).quantile(0.75, "linear"),
                peers=pl.len().cast(pl.Float64),
            )
            # A chapter with too few lines says nothing, and so does any group within it.
            enough = pl.when(pl.col("peers") >= MIN_PEERS)
            drawn: tuple[pl.Expr, pl.Expr] = (
                enough.then("q50"),
                enough.then(pl.col("q75") - pl.col("q25")),
            )
            if found:
                groups = self._beside(groups, found[-1])
                drawn = (_drawn("usual"), _drawn("spread"))
            told = groups.with_columns(**dict(zip(USUAL, drawn, strict=True)))
            found.append(told.select(*self.keys(level), *STATS, *USUAL))
        return found[::-1]

    def _beside(self, groups: pl.DataFrame, wider: pl.DataFrame) -> pl.DataFrame:
        """The groups with what the wider groups that they belong to told: ``wider_usual`` and
        ``wider_spread``."""
        keys = [c for c in wider.columns if c not in (*STATS, *USUAL)]
        derived = {
            name: pl.col(longer).str.slice(0, digits)
            for name, longer, digits in (("hs4", "hs6", 4), ("hs2", "hs4", 2))
            if name in keys and name not in groups.columns
        }
        above = wider.select(*keys, **{f"wider_{name}": name for name in USUAL})
        return groups.with_columns(**derived).join(
            above, on=keys, how="left", maintain_order="left"
        )


def _drawn(name: str) -> pl.Expr:
    """A group's own median or spread, drawn to the wider group's."""
    peers, wider = pl.col("peers"), pl.col(f"wider_{name}")
    if name == "usual":
        own, share = pl.col("q50"), peers / (peers + PULL)
    else:
        own, share = pl.col("q75") - pl.col("q25"), peers / (peers + SPREAD_PULL)
        share = pl.when(peers >= _FEWEST_FOR_SPREAD).then(share).otherwise(0.0)
    return share * own + (1.0 - share) * wider


def log_ratios(amounts: Floats) -> Floats:
    """Each measure's log ratio, one row a measure; NaN unless both parts are over zero.

    amounts: one row for each of `AMOUNTS`, one column a line.
    """
    top, bottom = amounts[_TOPS], amounts[_BOTTOMS]
    with np.errstate(all="ignore"):
        return np.where((top > 0) & (bottom > 0), np.log(top / bottom), np.nan)


def compare(ratios: Floats, best: Floats, heading: Floats) -> dict[str, Floats]:
    """What is told of each measure: arrays of one row a measure and one column a line.

    Gives ``gap`` (log ratio less what is usual), ``z`` (in robust deviations), ``z_hs4`` (the same
    against the median of the whole heading), ``peers``, ``level`` (0 closest, NaN none) and the
    quartiles ``q25``, ``q50``, ``q75`` of the ratio itself. ``best`` and ``heading`` are what
    `Peers.find` gives, measure by measure.
    """
    quartiles = np.exp(best[:, :3])
    return {
        "gap": ratios - best[:, _USUAL[0]],
        "z": _robust(ratios, best[:, _USUAL[0]], best[:, _USUAL[1]]),
        "z_hs4": _robust(ratios, heading[:, 1], heading[:, 2] - heading[:, 0]),
        "peers": best[:, _PEERS],
        "level": best[:, _LEVEL],
        "q25": quartiles[:, 0],
        "q50": quartiles[:, 1],
        "q75": quartiles[:, 2],
    }


def _robust(ratios: Floats, middle: Floats, between_quartiles: Floats) -> Floats:
    spread = np.maximum(between_quartiles, LEAST_SPREAD) / 1.349
    return np.clip((ratios - middle) / spread, -20.0, 20.0)
