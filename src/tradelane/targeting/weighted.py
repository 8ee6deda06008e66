"""Figures of a ranking whose lines stand for different numbers of lines, with bootstrap intervals.

A line that was inspected because it looked risky stands for few, one that was drawn by chance for
many. Ties share their place: the figure does not depend on the order in which equal scores came.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

DRAWS = 200

_STEPS = 1 << 16
_TIMES = np.searchsorted(
    np.cumsum([math.exp(-1.0) / math.factorial(n) for n in range(20)]),
    (np.arange(_STEPS) + 0.5) / _STEPS,
).astype(np.float64)
"""How often a line is taken in a draw, one entry for each of `_STEPS` equally likely cases: the
quantiles of a Poisson distribution of mean 1, many times quicker than drawing from it."""


class Ranking:
    """Lines in the order of a score, highest first.

    wrong: whether an inspection found something; revenue: what it recovered, 0 where nothing;
    weight: how many lines of all each stands for. All of one length, without NaN.
    """

    def __init__(self, score: Floats, wrong: Bools, revenue: Floats, weight: Floats) -> None:
        order = np.argsort(-score, kind="stable")
        ranked = score[order]
        self._order = order
        self._starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
        self._wrong = wrong[order].astype(np.float64)
        self._revenue = revenue[order]
        self._weight = weight[order]

    def drawn(self, times: Floats | None = None) -> Sums:
        """The sums of the lines, each taken so many ``times`` (in the order they were given)."""
        return self._sums(None if times is None else times[self._order])

    def _sums(self, times: Floats | None) -> Sums:
        """As `drawn`, with ``times`` in the order of the ranking."""
        weight = self._weight if times is None else self._weight * times
        parts = [weight, weight * self._wrong, weight * self._revenue]
        if len(self._starts) < len(weight):
            parts = [np.add.reduceat(part, self._starts) for part in parts]
        return Sums(*parts)

    def figure(
        self, measure: Callable[[Sums], float], *, draws: int = DRAWS, seed: int = 0
    ) -> tuple[float, float, float]:
        """A measure with its 95 % percentile bootstrap interval: value, low, high (NaN where the
        lines do not allow it)."""
        return self.figures({"": measure}, draws=draws, seed=seed)[""]

    def figures(
        self, measures: dict[str, Callable[[Sums], float]], *, draws: int = DRAWS, seed: int = 0
    ) -> dict[str, tuple[float, float, float]]:
        """Several measures from the same draws."""
        random = np.random.default_rng(seed)
        whole = self.drawn()
        found: dict[str, list[float]] = {name: [] for name in measures}
        for _ in range(draws):
            sums = self._sums(_TIMES[random.integers(0, len(_TIMES), len(self._weight), np.uint16)])
            for name, measure in measures.items():
                found[name].append(measure(sums))
        return {name: (measure(whole), *between(found[name])) for name, measure in measures.items()}

    def measure(self, measure: Callable[[Sums], float]) -> float:
        """A measure without its interval."""
        return measure(self.drawn())

    def places(self) -> Floats:
        """Of each line, in the order they were given, the share of all that ranks above it or
        equal, from 0 to 1."""
        sums = self.drawn()
        reached = np.cumsum(sums.all) / sums.all.sum()
        sizes = np.diff(np.r_[self._starts, len(self._weight)])
        places = np.empty(len(self._weight))
        places[self._order] = np.repeat(reached, sizes)
        return places


class Sums:
    """Weights, wrong weights and revenue of lines with equal scores, highest score first."""

    def __init__(self, everything: Floats, wrong: Floats, revenue: Floats) -> None:
        self.all, self.wrong, self.revenue = everything, wrong, revenue

    @cached_property
    def reached(self) -> Floats:
        """Weight down to each score."""
        return np.cumsum(self.all)

    def top(self, what: Floats, budget: float) -> float:
        """How much of something lies in the top ``budget``; of equal scores at the edge a part."""
        edge = budget * self.reached[-1]
        at = min(int(np.searchsorted(self.reached, edge)), len(self.all) - 1)
        before = self.reached[at - 1] if at else 0.0
        part = (edge - before) / self.all[at] if self.all[at] else 0.0
        return float(what[:at].sum() + part * what[at])


Measure = Callable[[Sums], float]


def auc(sums: Sums) -> float:
    """The chance that a wrong line ranks above a right one; ties count half."""
    right = sums.all - sums.wrong
    below = right.sum() - np.cumsum(right)
    return _ratio(float((sums.wrong * (below + right / 2)).sum()), sums.wrong.sum() * right.sum())


def average_precision(sums: Sums) -> float:
    """The mean, over wrong lines, of the share wrong down to them."""
    with np.errstate(invalid="ignore"):
        precision = np.nan_to_num(np.cumsum(sums.wrong) / sums.reached)
    return _ratio(float((precision * sums.wrong).sum()), sums.wrong.sum())


def base_rate(sums: Sums) -> float:
    """The share wrong of all."""
    return _ratio(sums.wrong.sum(), sums.reached[-1])


def precision_at(budget: float) -> Measure:
    """The share wrong in the top ``budget``."""
    return lambda sums: _ratio(sums.top(sums.wrong, budget), budget * sums.reached[-1])


def recall_at(budget: float) -> Measure:
    """Of all wrong lines, the share in the top ``budget``."""
    return lambda sums: _ratio(sums.top(sums.wrong, budget), sums.wrong.sum())


def revenue_at(budget: float) -> Measure:
    """Of all revenue, the share in the top ``budget``."""
    return lambda sums: _ratio(sums.top(sums.revenue, budget), sums.revenue.sum())


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def between(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % percentile interval of what was drawn; NaN where nothing could be."""
    if not np.isfinite(values).any():
        return float("nan"), float("nan")
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)
