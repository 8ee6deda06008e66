"""A small neural network: one hidden layer, beside a straight line, several seeds averaged.

A challenger of another family than trees: smooth, with every feature in every answer. Inputs are
normal scores with indicators of what is missing (`standard`). The networks of the seeds stand side
by side and the mean of their log-odds counts, which is again one network.

Contributions follow DeepLIFT's rescale rule (Shrikumar, Greenside, Kundaje 2017): the change of a
hidden unit against the average line is shared among its inputs in proportion to what each adds to
it. They add up to the change of the log-odds, as the contributions of trees do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradelane.targeting.catalogue import GROUPS
from tradelane.targeting.scorers import standard
from tradelane.targeting.scorers.learner import Fitted, Learner

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

SEEDS = 4
HIDDEN = 12
"""Hidden units for each seed."""
BATCH = 256
MOST_STEPS = 2_000
PASSES = 25
"""How often each outcome is seen, unless that would be more than `MOST_STEPS` batches."""
RATE = 0.004
DECAY = 0.5
"""How strongly weights are pulled to zero at each step, in units of the rate."""
_SAME = 1e-7
"""A hidden unit that moved by less than this is taken to change as its slope says."""


class Network(Learner):
    """See the module."""

    name = "network"

    def learn(self, x: Singles, wrong: NDArray[np.bool_], seed: int) -> Fitted:
        inputs = standard.fit(x)
        table = inputs.table(x)
        first, bias, last, straight, offset = _adam(table, wrong.astype(np.float32), seed)
        average = table.mean(axis=0, dtype=np.float64)
        own = [a.astype(np.float64) for a in (first, last.ravel() / SEEDS, straight.mean(axis=1))]
        rest = average @ own[0] + bias
        constant = offset.mean() + _bent(rest) @ own[1] + average @ own[2]
        return _Layers(inputs, own[0], own[1], own[2], average, rest, np.array(constant))

    def take(self, arrays: Mapping[str, NDArray[Any]]) -> Fitted:
        names = ("first", "last", "straight", "average", "rest", "constant")
        return _Layers(standard.take(arrays), **{name: arrays[name] for name in names})


@dataclass(frozen=True)
class _Layers:
    """``log-odds = last * bent(rest + first * moved) + straight * moved``, where ``moved`` is how
    far the inputs lie from the average; ``constant``: the log-odds of the average line.

    first: one row an input, one column a hidden unit; rest: hidden units before bending, for the
    average line.
    """

    inputs: standard.Standard
    first: Floats
    last: Floats
    straight: Floats
    average: Floats
    rest: Floats
    constant: Floats

    def explained(self, x: Singles) -> tuple[Floats, Floats]:
        grouped = np.zeros((len(GROUPS), len(x)))
        for rows, inputs in self.inputs.parts(x):
            grouped[:, rows] = self._grouped(inputs)
        return standard.added(grouped, self.constant)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        return {
            **self.inputs.arrays(),
            "first": self.first,
            "last": self.last,
            "straight": self.straight,
            "average": self.average,
            "rest": self.rest,
            "constant": self.constant,
        }

    def _grouped(self, inputs: Floats) -> Floats:
        """Contributions: one row a group, one column a line. Sums are taken one by one in a fixed
        order, because the order inside a matrix product depends on how many lines there are."""
        lines = inputs.shape[1]
        added = np.zeros((len(GROUPS), len(self.last), lines))
        found = np.zeros((len(GROUPS), lines))
        for group, value, average, first, straight in zip(
            self.inputs.groups, inputs, self.average, self.first, self.straight, strict=True
        ):
            moved = value - average
            added[group] += first[:, None] * moved
            found[group] += straight * moved
        hidden = np.zeros((len(self.last), lines))
        for part in added:
            hidden += part
        rest = self.rest[:, None]
        same = np.abs(hidden) < _SAME
        steep = (_bent(rest + hidden) - _bent(rest)) / np.where(same, 1.0, hidden)
        steep = np.where(same, _slope(rest), steep) * self.last[:, None]
        for unit, factor in enumerate(steep):
            found += factor * added[:, unit]
        return found


def _bent(value: Any) -> Any:
    """The bend of hidden units, from -1 to 1. Only what every processor rounds alike is in it."""
    return value / np.sqrt(1.0 + value * value)


def _slope(value: Any) -> Any:
    root = np.sqrt(1.0 + value * value)
    return 1.0 / (root * root * root)


def _adam(table: Singles, wrong: Singles, seed: int) -> list[Singles]:
    """Learn with Adam (Kingma and Ba 2015), decoupled decay of weights (Loshchilov and Hutter 2019)
    and a rate that falls to zero along a cosine; all seeds see the same batches."""
    random = np.random.default_rng([seed, 2017])
    width = table.shape[1]
    share = float(np.clip(wrong.mean(), 1e-4, 1.0 - 1e-4))
    weights = [
        random.normal(0.0, width**-0.5, (width, SEEDS * HIDDEN)),
        random.normal(0.0, 0.1, SEEDS * HIDDEN),
        random.normal(0.0, HIDDEN**-0.5, (SEEDS, HIDDEN)),
        np.zeros((width, SEEDS)),
        np.full(SEEDS, np.log(share / (1.0 - share))),
    ]
    now = [w.astype(np.float32) for w in weights]
    mean, square = [np.zeros_like(w) for w in now], [np.zeros_like(w) for w in now]
    decayed = (0, 2, 3)
    batch = min(BATCH, len(table))
    steps = min(MOST_STEPS, max(len(table) * PASSES // batch, 1))
    order = np.zeros(0, np.int64)
    for step in range(1, steps + 1):
        if len(order) < batch:
            order = np.concatenate([order, random.permutation(len(table))])
        rows, order = order[:batch], order[batch:]
        slopes = _slopes(now, table[rows], wrong[rows])
        rate = RATE * 0.5 * (1.0 + np.cos(np.pi * (step - 1) / steps))
        for i, slope in enumerate(slopes):
            mean[i] += 0.1 * (slope - mean[i])
            square[i] += 0.001 * (slope * slope - square[i])
            size = np.sqrt(square[i] / (1.0 - 0.999**step)) + 1e-8
            move = mean[i] / (1.0 - 0.9**step) / size
            if i in decayed:
                move = move + DECAY * now[i]
            now[i] = (now[i] - rate * move).astype(np.float32)
    return now


def _slopes(now: list[Singles], table: Singles, wrong: Singles) -> list[Singles]:
    """The gradient of the mean log loss of every seed's network, in the order of ``now``."""
    first, bias, last, straight, offset = now
    before = table @ first + bias
    hidden = _bent(before).reshape(len(table), SEEDS, HIDDEN)
    margin = (hidden * last).sum(axis=2) + table @ straight + offset
    error = (1.0 / (1.0 + np.exp(-np.clip(margin, -40, 40))) - wrong[:, None]) / len(table)
    back = (error[:, :, None] * last).reshape(before.shape) * _slope(before)
    return [
        table.T @ back,
        back.sum(axis=0),
        (error[:, :, None] * hidden).sum(axis=0),
        table.T @ error,
        error.sum(axis=0),
    ]
