"""How good a ranking was, with intervals: precision and recall at a budget, AUC, calibration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}-{self.high:.3f})"


def auc(scores: Floats, wrong: Bools) -> float:
    """The chance that a wrong line ranks above a right one (ties count half); NaN for one class.

    >>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    bad, good = int(wrong.sum()), int((~wrong).sum())
    if not bad or not good:
        return float("nan")
    _, group, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(sizes)
    ranks = (ends - (sizes - 1) / 2.0)[group]
    return float((ranks[wrong].sum() - bad * (bad + 1) / 2.0) / (bad * good))


def beats_chance(scores: Floats, wrong: Bools) -> bool:
    """Whether the AUC lies further over a half than chance alone brings about once in twenty times
    (the variance of the Mann-Whitney statistic where scores say nothing).

    >>> random = np.random.default_rng(1)
    >>> wrong = random.random(2000) < 0.1
    >>> beats_chance(random.random(2000), wrong), beats_chance(random.random(2000) + wrong, wrong)
    (False, True)
    """
    bad, good = int(wrong.sum()), int((~wrong).sum())
    if not bad or not good:
        return False
    spread = np.sqrt((bad + good + 1) / (12.0 * bad * good))
    return bool((auc(scores, wrong) - 0.5) / spread > 1.645)


def precision_at(scores: Floats, wrong: Bools, budget: float) -> float:
    """The share found wrong among the top ``budget`` (at least one line; ties by position).

    >>> precision_at(np.array([3.0, 2.0, 1.0, 0.0]), np.array([True, False, True, False]), 0.5)
    0.5
    """
    return float(wrong[_top(scores, budget)].mean())


def recall_at(scores: Floats, wrong: Bools, budget: float) -> float:
    """The share of all wrong lines that is in the top ``budget``; NaN without wrong lines.

    >>> recall_at(np.array([3.0, 2.0, 1.0, 0.0]), np.array([True, False, True, False]), 0.25)
    0.5
    """
    return float(wrong[_top(scores, budget)].sum() / wrong.sum()) if wrong.any() else float("nan")


def revenue_at(scores: Floats, revenue: Floats, budget: float) -> float:
    """The share of all revenue at stake that is in the top ``budget``; NaN without revenue.

    >>> revenue_at(np.array([3.0, 2.0]), np.array([90.0, 10.0]), 0.5)
    0.9
    """
    total = float(np.nansum(revenue))
    return float(np.nansum(revenue[_top(scores, budget)]) / total) if total > 0 else float("nan")


def calibration_error(probability: Floats, wrong: Bools, bins: int = 10) -> float:
    """The mean distance of probability and outcome over equally filled bins (ECE).

    >>> calibration_error(np.array([0.0, 1.0]), np.array([False, True]), 2)
    0.0
    """
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    distances = [abs(probability[p].mean() - wrong[p].mean()) * len(p) for p in parts]
    return float(sum(distances) / max(len(order), 1))


def with_interval(
    measure: Callable[[NDArray[np.int64]], float], lines: int, *, seed: int = 0, draws: int = 200
) -> Figure:
    """A figure of line positions with its 95 % percentile bootstrap interval.

    >>> hits = np.array([True, False] * 50)
    >>> figure = with_interval(lambda rows: float(hits[rows].mean()), 100)
    >>> figure.value, 0.3 < figure.low < 0.5 < figure.high < 0.7
    (0.5, True)
    """
    random = np.random.default_rng(seed)
    drawn = [measure(random.integers(0, lines, lines)) for _ in range(draws)]
    low, high = np.nanquantile(drawn, [0.025, 0.975]) if np.isfinite(drawn).any() else (np.nan,) * 2
    return Figure(measure(np.arange(lines)), float(low), float(high))


def _top(scores: Floats, budget: float) -> NDArray[np.int64]:
    count = max(round(len(scores) * budget), 1)
    return np.argsort(-scores, kind="stable")[:count]
