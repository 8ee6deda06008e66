"""From scores of candidates to probabilities, and up from subheadings to headings.

Scores become shares by a softmax; a heading has the sum of its subheadings' shares, which is the
log-sum-exp of their scores, so that a heading of many weak candidates does not outweigh one strong
one. How far the best shares can be trusted is learned from descriptions whose code is known: a
logistic curve on the log-odds of the share, with the description's size and the closeness of the
best evidence beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_EDGE = 1e-6


def shares(scores: NDArray[np.float32]) -> Floats:
    """The softmax of every row.

    >>> shares(np.array([[0.0, 0.0]], np.float32)).tolist()
    [[0.5, 0.5]]
    """
    z = scores.astype(np.float64)
    z -= z.max(axis=1, keepdims=True)
    found = np.exp(z)
    found /= found.sum(axis=1, keepdims=True)
    return found


def log_odds(share: Floats) -> Floats:
    """The log-odds of shares, kept away from 0 and 1."""
    held = np.clip(share, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(held) - np.log1p(-held))


@dataclass(frozen=True)
class Curve:
    """``probability = sigmoid(weights * inputs + offset)``; inputs are `confidence`'s."""

    weights: tuple[float, ...]
    offset: float

    def apply(self, inputs: Floats) -> Floats:
        """The probability that the best is right."""
        z = inputs @ np.array(self.weights) + self.offset
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(z, -30, 30))))


@dataclass(frozen=True)
class Calibration:
    """Curves for the best subheading and the best heading; by source where there were enough."""

    six: Curve
    four: Curve
    by_source: Mapping[str, tuple[Curve, Curve]] = field(default_factory=dict)

    def curves(self, source: str) -> tuple[Curve, Curve]:
        """Those of the source that the best evidence is from, else the general ones."""
        return self.by_source.get(source, (self.six, self.four))


def confidence(
    share: Floats, second: Floats, size: Floats, closeness: Floats, coverage: Floats, level: Floats
) -> Floats:
    """The inputs of a curve: log-odds of the best share, its lead on the second (log), words of
    the description (log), closeness of the nearest example, share of the words that are known,
    strength of the best term of the glossary."""
    lead = np.log(np.clip(share, _EDGE, 1)) - np.log(np.clip(second, _EDGE, 1))
    return np.column_stack(
        [log_odds(share), np.minimum(lead, 8.0), size, closeness, coverage, level]
    )


def fit(inputs: Floats, right: NDArray[np.bool_], *, ridge: float = 2.0) -> Curve:
    """The curve that makes the outcomes most likely, pulled towards the share itself."""
    from scipy.optimize import minimize

    middle = np.zeros(inputs.shape[1] + 1)
    middle[0] = 0.5
    x = np.column_stack([inputs, np.ones(len(inputs))])
    pull = np.full(x.shape[1], ridge)
    pull[-1] = 1e-3

    def loss(w: Floats) -> tuple[float, Floats]:
        z = np.clip(x @ w, -30, 30)
        p = 1 / (1 + np.exp(-z))
        value = np.logaddexp(0, z).sum() - z[right].sum() + (pull * (w - middle) ** 2).sum() / 2
        return float(value), x.T @ (p - right) + pull * (w - middle)

    found = minimize(loss, middle, jac=True, method="L-BFGS-B").x
    return Curve(tuple(float(v) for v in found[:-1]), float(found[-1]))


def spread_rest(share: Floats, best: Floats) -> Floats:
    """The shares of a row after its best one was set to a calibrated probability: the others keep
    their proportions in what is left, none above the best.

    >>> spread_rest(np.array([0.5, 0.3, 0.2]), np.array(0.6)).round(3).tolist()
    [0.6, 0.24, 0.16]
    """
    found = share.copy()
    rest = 1.0 - share[0]
    found[0] = best
    if len(found) > 1:
        found[1:] *= (1.0 - best) / max(rest, _EDGE)
        found[1:] = np.minimum(found[1:], best)
    return found


def errors(probability: Floats, right: Sequence[bool], bins: int = 10) -> float:
    """The expected calibration error over bins of equally many descriptions."""
    p, r = np.asarray(probability), np.asarray(right, dtype=float)
    order = np.argsort(p, kind="stable")
    parts = np.array_split(order, min(bins, max(len(p), 1)))
    return float(
        sum(len(i) * abs(p[i].mean() - r[i].mean()) for i in parts if len(i)) / max(len(p), 1)
    )
