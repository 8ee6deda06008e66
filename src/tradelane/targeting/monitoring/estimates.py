"""What inspections allow to be said of all lines, and whether the model's promises were kept.

Every figure is an estimate with a 95 % interval. Lines without an outcome count as missing at
random within their stratum (certain to be selected, or selected by chance); the share of them is
shown beside every figure, because that assumption is the weakest part.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from tradelane.kit.intervals import wilson
from tradelane.targeting.monitoring.model import Chosen, Estimate

KINDS = ("model", "rule", "novel", "random")
"""What selects a line; all but ``random`` are targeted."""
FEWEST_IN_BIN = 20
"""Fewer lines than this in a bin say nothing; then there are fewer bins."""
_CERTAIN = 1 - 1e-9
_DRAWS = 400

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Population:
    """What the inspected lines say of all lines.

    rate: share of wrong lines among all; fair: the same from the lines drawn by plain chance alone,
    which are a sample of all; missed: among the lines that only chance could select; lines: how
    many lines the selected ones stand for; selected, known: how many were
    selected, and with known outcome. Estimates are None where nothing can be said.
    """

    rate: Estimate | None
    fair: Estimate | None
    missed: Estimate | None
    lines: float
    selected: int
    known: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Lines side by side in what was expected of them: ``expected`` and ``found`` are means a line
    (a probability and a share, or two amounts), with the interval of ``found``."""

    lines: int
    expected: float
    found: float
    low: float
    high: float

    @property
    def ratio(self) -> float | None:
        """Found for each 1 expected; None where nothing was expected."""
        return self.found / self.expected if self.expected > 0 else None


@dataclass(frozen=True, slots=True)
class HitRate:
    """How often inspections of one kind of selection found something wrong."""

    selected_by: str
    selected: int
    known: int
    wrong: int
    rate: Estimate | None


def share(hits: int, trials: int) -> Estimate | None:
    """A counted share with its Wilson interval; None of nothing."""
    return Estimate(hits / trials, *wilson(hits, trials), trials) if trials else None


def population(lines: Iterable[Chosen]) -> Population:
    """The share of wrong lines among all, from logged propensities.

    Hájek's estimator: each line counts for ``1 / propensity`` lines, divided by the sum of these
    weights. Lines without outcome pass their weight to those of their stratum that have one. The
    interval joins Wilson's of both strata (in the stratum of chance for Kish's effective number of
    lines; in the certain one with the finite population correction, because what was all inspected
    is known) by MOVER (Zou and Donner, 2008, Statistics in Medicine 27, 1693-1702).

    >>> import datetime as dt
    >>> def line(wrong, propensity):
    ...     return Chosen(day=dt.date(2026, 1, 1), selected_by="model", propensity=propensity,
    ...         wrong=wrong)
    >>> sure = [line(True, 1.0)] * 30 + [line(False, 1.0)] * 20
    >>> drawn = [line(True, 0.1)] * 1 + [line(False, 0.1)] * 94
    >>> found = population(sure + drawn)
    >>> found.lines, round(found.rate.value, 3), round(found.missed.value, 4)
    (1000.0, 0.04, 0.0105)
    """
    sure, drawn = _Stratum(), _Stratum()
    plain: list[bool] = []
    for line in lines:
        if line.propensity > 0:
            (sure if line.propensity >= _CERTAIN else drawn).add(line)
            if line.selected_by == "random" and line.wrong is not None:
                plain.append(line.wrong)
    fair = share(sum(plain), len(plain))
    whole = sure.weight + drawn.weight
    missed = drawn.estimate(finite=False)
    certain = sure.estimate(finite=True)
    selected, known = sure.selected + drawn.selected, sure.known + drawn.known
    if missed is None or (certain is None and sure.selected):
        return Population(None, fair, missed, whole, selected, known)
    parts = [(drawn.weight / whole, missed)]
    if certain is not None:
        parts.append((sure.weight / whole, certain))
    value = sum(part * found.value for part, found in parts)
    below = math.sqrt(sum((part * (found.value - found.low)) ** 2 for part, found in parts))
    above = math.sqrt(sum((part * (found.high - found.value)) ** 2 for part, found in parts))
    rate = Estimate(value, max(0.0, value - below), min(1.0, value + above), known)
    return Population(rate, fair, missed, whole, selected, known)


def hit_rates(lines: Sequence[Chosen]) -> list[HitRate]:
    """Hit rates by what selected the line, in the order of `KINDS`, then ``all``."""
    found = []
    for kind in (*KINDS, "all"):
        mine = [line for line in lines if kind in ("all", line.selected_by)]
        known = [line.wrong for line in mine if line.wrong is not None]
        wrong = sum(known)
        found.append(HitRate(kind, len(mine), len(known), wrong, share(wrong, len(known))))
    return found


def lift(targeted: Estimate | None, random: Estimate | None) -> Estimate | None:
    """How many times as often targeted inspections find something as random ones do.

    The interval is MOVER-R (Donner and Zou, 2012, Statistical Methods in Medical Research 21,
    347-359); its upper end is infinite where random inspections may find nothing at all. None
    without both, or where random ones found nothing (then the lower end alone could be told).

    >>> found = lift(share(60, 100), share(10, 100))
    >>> round(found.value, 1), round(found.low, 1), round(found.high, 1)
    (6.0, 3.3, 11.0)
    """
    if targeted is None or random is None or random.value <= 0:
        return None
    p, q = targeted.value, random.value
    l1, u1, l2, u2 = targeted.low, targeted.high, random.low, random.high
    below = max(0.0, (p * q) ** 2 - l1 * u2 * (2 * p - l1) * (2 * q - u2))
    above = max(0.0, (p * q) ** 2 - u1 * l2 * (2 * p - u1) * (2 * q - l2))
    bottom = u2 * (2 * q - u2)
    low = l1 * (2 * p - l1) / (2 * p * q) if p > 0 else 0.0
    if abs(bottom) > 1e-12:
        low = (p * q - math.sqrt(below)) / bottom
    high = (p * q + math.sqrt(above)) / (l2 * (2 * q - l2)) if l2 > 0 else math.inf
    return Estimate(p / q, max(0.0, low), high, targeted.lines + random.lines)


def targeted(rates: Iterable[HitRate]) -> Estimate | None:
    """The hit rate of everything that was not drawn by chance."""
    mine = [rate for rate in rates if rate.selected_by in KINDS and rate.selected_by != "random"]
    return share(sum(rate.wrong for rate in mine), sum(rate.known for rate in mine))


def calibration(lines: Iterable[Chosen], most_bins: int = 10) -> list[Bin]:
    """Promised probability against found share, in bins of equally many lines, lowest first."""
    pairs = sorted(
        (line.probability, line.wrong)
        for line in lines
        if line.probability is not None and line.wrong is not None
    )
    return [
        Bin(
            len(part),
            sum(p for p, _ in part) / len(part),
            sum(wrong for _, wrong in part) / len(part),
            *wilson(sum(wrong for _, wrong in part), len(part)),
        )
        for part in _bins(pairs, most_bins)
    ]


def revenue_bins(lines: Iterable[Chosen], most_bins: int = 10) -> list[Bin]:
    """Expected against recovered revenue a line, in bins of equally many inspected lines, the
    least expected first: deciles where there are 200 lines or more.

    A line that was right recovered nothing; one that was wrong by an amount that is not known is
    left out. Intervals are of the mean, by a bootstrap with a fixed seed.
    """
    pairs = revenue_pairs(lines)
    return [_mean_bin(part) for part in _bins(pairs, most_bins)]


def revenue_whole(lines: Iterable[Chosen]) -> Bin | None:
    """The same over all inspected lines at once; None under `FEWEST_IN_BIN` lines."""
    pairs = revenue_pairs(lines)
    return _mean_bin(pairs) if len(pairs) >= FEWEST_IN_BIN else None


def revenue_pairs(lines: Iterable[Chosen]) -> list[tuple[float, float]]:
    """Expected and recovered revenue of each line that has both, by expected revenue."""
    return sorted(
        (line.expected, line.revenue if line.wrong and line.revenue is not None else 0.0)
        for line in lines
        if line.expected is not None
        and line.wrong is not None
        and not (line.wrong and line.revenue is None)
    )


def surprise(lines: Iterable[Chosen]) -> tuple[float, int, float] | None:
    """Wrong lines that were expected, those that were found, and how many standard deviations
    (of independent lines with their promised probabilities) lie between; None without any."""
    pairs = [
        (line.probability, line.wrong)
        for line in lines
        if line.probability is not None and line.wrong is not None
    ]
    if not pairs:
        return None
    expected = sum(p for p, _ in pairs)
    found = sum(wrong for _, wrong in pairs)
    spread = math.sqrt(sum(p * (1 - p) for p, _ in pairs)) or 1e-9
    return expected, found, (found - expected) / spread


def enough(rate: float, within: float = 0.5) -> int:
    """How many random inspections tell a share of ``rate`` within ``within`` times itself.

    >>> enough(0.04)
    369
    """
    rate = max(rate, 0.001)
    return math.ceil(1.959964**2 * (1 - rate) / (within**2 * rate))


class _Stratum:
    """Lines of one kind of chance, counted."""

    def __init__(self) -> None:
        self.selected = self.known = 0
        self.weight = self._known = self._squares = self._wrong = 0.0

    def add(self, line: Chosen) -> None:
        weight = 1.0 / line.propensity
        self.selected += 1
        self.weight += weight
        if line.wrong is not None:
            self.known += 1
            self._known += weight
            self._squares += weight * weight
            self._wrong += weight * line.wrong

    def estimate(self, *, finite: bool) -> Estimate | None:
        if not self.known:
            return None
        value = min(1.0, self._wrong / self._known)
        effective = self._known**2 / self._squares
        low, high = wilson(value * effective, effective)
        if finite:
            rest = math.sqrt(1 - self.known / self.selected)
            low, high = value - (value - low) * rest, value + (high - value) * rest
        return Estimate(value, low, high, self.known)


def _bins(ordered: Sequence[T], most: int) -> list[Sequence[T]]:
    count = min(most, len(ordered) // FEWEST_IN_BIN)
    ends = [round(place * len(ordered) / count) for place in range(count + 1)] if count else [0]
    return [ordered[start:end] for start, end in pairwise(ends)]


def _mean_bin(pairs: Sequence[tuple[float, float]]) -> Bin:
    expected, found = np.array(pairs).T
    random = np.random.default_rng(len(pairs))
    drawn = found[random.integers(0, len(found), (_DRAWS, len(found)))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Bin(len(pairs), float(expected.mean()), float(found.mean()), float(low), float(high))
