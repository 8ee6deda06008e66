"""Logistic regression: the plain baseline that a more elaborate scorer must beat.

Inputs are normal scores with indicators of what is missing (`standard`); weights are held small by
a ridge and found by Newton's method, so no chance is in it. A group's contribution is what its
inputs add to the log-odds against the average line that was learned from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradelane.targeting.calibration import sigmoid
from tradelane.targeting.catalogue import GROUPS
from tradelane.targeting.scorers import standard
from tradelane.targeting.scorers.learner import Fitted, Learner

Floats = NDArray[np.float64]

RIDGE = 100.0
"""How strongly weights are pulled to zero."""
_BLOCK = 20_000
_MOST_STEPS = 30
_FURTHEST = 2.0
"""No weight moves further than this in one step."""


class Linear(Learner):
    """See the module."""

    name = "linear"

    def learn(self, x: NDArray[np.float32], wrong: NDArray[np.bool_], seed: int) -> Fitted:
        inputs = standard.fit(x)
        table = inputs.table(x)
        weights, offset = _newton(table, wrong)
        average = table.mean(axis=0, dtype=np.float64)
        return _Weighed(inputs, weights, average, np.array(offset + average @ weights))

    def take(self, arrays: Mapping[str, NDArray[Any]]) -> Fitted:
        own = {name: arrays[name] for name in ("weights", "average", "constant")}
        return _Weighed(standard.take(arrays), **own)


@dataclass(frozen=True)
class _Weighed:
    """``log-odds = constant + weights * (inputs - average)``."""

    inputs: standard.Standard
    weights: Floats
    average: Floats
    constant: Floats

    def explained(self, x: NDArray[np.float32]) -> tuple[Floats, Floats]:
        grouped = np.zeros((len(GROUPS), len(x)))
        for rows, inputs in self.inputs.parts(x):
            for group, value, weight, average in zip(
                self.inputs.groups, inputs, self.weights, self.average, strict=True
            ):
                grouped[group, rows] += (value - average) * weight
        return standard.added(grouped, self.constant)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        own = {"weights": self.weights, "average": self.average, "constant": self.constant}
        return {**self.inputs.arrays(), **own}


def _newton(table: NDArray[np.float32], wrong: NDArray[np.bool_]) -> tuple[Floats, float]:
    """The weights and the offset that make ``wrong`` most likely, less the ridge."""
    width = table.shape[1]
    found = np.zeros(width + 1)
    share = (wrong.sum() + 0.5) / (len(wrong) + 1.0)
    found[-1] = np.log(share / (1.0 - share))
    pull = np.full(width + 1, RIDGE)
    pull[-1] = 1e-9
    for _ in range(_MOST_STEPS):
        slope, bend = pull * found, np.diag(pull)
        for start in range(0, len(table), _BLOCK):
            part = np.ones((min(_BLOCK, len(table) - start), width + 1))
            part[:, :-1] = table[start : start + _BLOCK]
            likely = sigmoid(part @ found)
            slope += (likely - wrong[start : start + _BLOCK]) @ part
            bend += (part * (likely * (1.0 - likely))[:, None]).T @ part
        step = np.linalg.solve(bend, slope)
        size = float(np.abs(step).max())
        found -= step * min(1.0, _FURTHEST / size)
        if size < 1e-8:
            break
    return found[:-1], float(found[-1])
