"""From a ranking number to a probability: Platt's two parameters, fitted on later outcomes.

Platt (1999), "Probabilistic outputs for support vector machines", with a weak pull towards leaving
a log-odds margin as it is, so that few outcomes cannot turn the ranking around.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradelane.kit import canonical

Floats = NDArray[np.float64]

_PULL = 1.0
_LEAST_SLOPE = 0.05


@dataclass(frozen=True, slots=True)
class Calibration:
    """``probability = sigmoid(slope * raw + offset)``; ``lines`` outcomes it was fitted on."""

    slope: float = 1.0
    offset: float = 0.0
    lines: int = 0

    @property
    def has_skill(self) -> bool:
        """Whether a higher raw score means a higher probability."""
        return self.slope > 0

    def apply(self, raw: Floats) -> Floats:
        """The probability for each raw score.

        >>> Calibration().apply(np.array([0.0])).tolist()
        [0.5]
        """
        return sigmoid(self.slope * raw + self.offset)

    def dump(self) -> bytes:
        """The same as bytes for `load`."""
        about = {"slope": repr(self.slope), "offset": repr(self.offset), "lines": self.lines}
        return canonical.encode(about)


def load(data: bytes) -> Calibration:
    """What `Calibration.dump` gave.

    >>> load(Calibration(0.5, -2.0, 100).dump())
    Calibration(slope=0.5, offset=-2.0, lines=100)
    """
    about = canonical.decode(data)
    return Calibration(float(about["slope"]), float(about["offset"]), about["lines"])


def flat(wrong: NDArray[np.bool_], weights: Floats) -> Calibration:
    """The share found wrong for every line alike: for a ranking that has shown no skill.

    >>> alike = flat(np.array([True, False, False, False]), np.ones(4))
    >>> alike.has_skill, alike.apply(np.array([-9.0, 9.0])).tolist()
    (False, [0.25, 0.25])
    """
    share = float(np.average(wrong, weights=weights))
    return Calibration(0.0, float(np.log(share / (1.0 - share))), len(wrong))


def fit(raw: Floats, wrong: NDArray[np.bool_], weights: Floats | None = None) -> Calibration:
    """The parameters that make ``wrong`` most likely, by Newton's method; lines weigh ``weights``.

    >>> got = fit(np.array([-1.0, 0.0, 1.0] * 50), np.array([False, False, True] * 50))
    >>> got.slope > 1, bool(got.apply(np.array([1.0]))[0] > 0.6)
    (True, True)
    """
    slope, offset = 1.0, 0.0
    counts = np.ones(len(raw)) if weights is None else weights
    for _ in range(50):
        p = sigmoid(slope * raw + offset)
        weight = counts * np.maximum(p * (1 - p), 1e-9)
        error = counts * (p - wrong)
        gradient = np.array([np.sum(error * raw) + _PULL * (slope - 1.0), np.sum(error)])
        cross = np.sum(weight * raw)
        hessian = np.array(
            [[np.sum(weight * raw * raw) + _PULL, cross], [cross, np.sum(weight) + 1e-6]]
        )
        step = np.clip(np.linalg.solve(hessian, gradient), -2.0, 2.0)
        slope, offset = slope - float(step[0]), offset - float(step[1])
        if np.abs(step).max() < 1e-9:
            break
    return Calibration(max(slope, _LEAST_SLOPE), offset, len(raw))


def sigmoid(margin: Floats) -> Floats:
    """The logistic function, without overflow."""
    return 1.0 / (1.0 + np.exp(-np.clip(margin, -40.0, 40.0)))
