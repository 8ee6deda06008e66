"""Features as numbers of one size: normal scores of their ranks, and what is missing told apart.

Amounts run over many powers of ten and histories are full of small counts, so a value is replaced
by the normal score of its rank among the lines that were learned from (van der Waerden 1952),
linearly between some quantiles and never beyond the least and the greatest. An absent value is 0,
the middle, and is told by an indicator beside it. What is always the same says nothing (0).

Every answer for a line is made of elementwise steps on its own numbers, so it is the same to the
bit whichever lines are asked about with it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradelane.targeting.catalogue import FEATURES, GROUPS

Floats = NDArray[np.float64]

AT_ONCE = 1_000
"""Lines that are worked out together: arrays of that length stay in the processor's cache."""

_EDGES = (0.0, 0.002, 0.01, 0.025, *np.linspace(0.05, 0.95, 19).tolist(), 0.975, 0.99, 0.998, 1.0)
"""The quantiles between which normal scores are linear."""
_FEWEST = 20
"""An indicator needs that many lines on either side."""

_GROUP = np.array([GROUPS.index(f.group) for f in FEATURES])


@dataclass(frozen=True)
class Standard:
    """What makes numbers of one size out of features.

    knots, scores, slopes: one row a feature, one column a quantile (knots beyond the last are
    infinite); told: the features that have an indicator. There are as many *inputs* as features
    and indicators together, in that order.
    """

    knots: Floats
    scores: Floats
    slopes: Floats
    told: NDArray[np.int64]

    @property
    def groups(self) -> NDArray[np.int64]:
        """For each input the number of its group in `catalogue.GROUPS`."""
        return np.concatenate([_GROUP, _GROUP[self.told]])

    def inputs(self, x: NDArray[np.float32]) -> Floats:
        """The inputs of lines: one row an input, one column a line."""
        missing = np.isnan(x)
        last = np.where(np.isfinite(self.knots), self.knots, -np.inf).max(axis=1)
        within = np.clip(x.astype(np.float64), self.knots[:, 0], last)
        place = np.maximum((within[:, :, None] >= self.knots).sum(axis=2) - 1, 0)
        row = np.arange(len(self.knots))
        found = (within - self.knots[row, place]) * self.slopes[row, place]
        found += self.scores[row, place]
        found[missing] = 0.0
        return np.concatenate([found.T, missing.T[self.told].astype(np.float64)])

    def parts(self, x: NDArray[np.float32]) -> Iterator[tuple[slice, Floats]]:
        """The inputs of many lines, some at a time, with which lines they are."""
        for start in range(0, len(x), AT_ONCE):
            rows = slice(start, min(start + AT_ONCE, len(x)))
            yield rows, self.inputs(x[rows])

    def table(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """All inputs for learning: one row a line, one column an input, half as precise."""
        table = np.empty((len(x), len(self.knots) + len(self.told)), np.float32)
        for rows, inputs in self.parts(x):
            table[rows] = inputs.T
        return table

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Its arrays by name, for `take`."""
        return {
            "knots": self.knots,
            "scores": self.scores,
            "slopes": self.slopes,
            "told": self.told,
        }


def fit(x: NDArray[np.float32]) -> Standard:
    """Learn the sizes of features from lines."""
    shape = (x.shape[1], len(_EDGES))
    knots, scores, slopes = np.full(shape, np.inf), np.zeros(shape), np.zeros(shape)
    told, patterns = list[int](), set[tuple[int, bytes]]()
    for j in range(x.shape[1]):
        missing = np.isnan(x[:, j])
        at, score = _ranked(np.sort(x[~missing, j].astype(np.float64)))
        knots[j, : len(at)], scores[j, : len(at)] = at, score
        slopes[j, : len(at) - 1] = np.diff(score) / np.diff(at)
        pattern = (int(_GROUP[j]), np.packbits(missing).tobytes())
        few = min(int(missing.sum()), int((~missing).sum())) < _FEWEST
        if not few and pattern not in patterns:
            patterns.add(pattern)
            told.append(j)
    return Standard(knots, scores, slopes, np.array(told, np.int64))


def take(arrays: Mapping[str, NDArray[Any]]) -> Standard:
    """What `Standard.arrays` gave, from among others."""
    return Standard(*(arrays[name] for name in ("knots", "scores", "slopes", "told")))


def added(grouped: Floats, constant: Floats) -> tuple[Floats, Floats]:
    """Log-odds and contributions (one row a line) from contributions of one row a group."""
    raw = np.full(grouped.shape[1], float(constant))
    for part in grouped:
        raw += part
    return raw, np.ascontiguousarray(grouped.T)


def _ranked(values: Floats) -> tuple[Floats, Floats]:
    """Some of the sorted values, each once, with their normal scores."""
    if not len(values):
        return np.zeros(1), np.zeros(1)
    places = np.round(np.array(_EDGES) * (len(values) - 1)).astype(np.int64)
    at = np.unique(values[places])
    below, upto = (np.searchsorted(values, at, side) for side in ("left", "right"))
    shares = (below + upto) / (2.0 * len(values))
    normal = NormalDist()
    return at, np.array([normal.inv_cdf(float(share)) for share in shares])


def pack(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Arrays as bytes, the same for the same arrays."""
    out = io.BytesIO()
    named: dict[str, Any] = dict(arrays)
    np.savez(out, **named)
    return out.getvalue()


def unpack(data: bytes) -> dict[str, NDArray[np.generic]]:
    """The arrays that `pack` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        return dict(found)
