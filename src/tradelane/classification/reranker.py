"""The reranker: a weighted sum of features, chosen among candidates by a softmax.

With no examples it has the weights of the pack, a small table with its provenance; with examples it
learns its own, and a second set for each source that its texts are written like. Boosted trees were
tried in its place: a point better on one kind of text, worse on others, ten times slower.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Weighted:
    """``score = (weights + what the sources add) * features``; a feature that it does not know
    counts nothing. added: source to what it adds to the weights, in proportion to how likely a text
    is that source's."""

    weights: Mapping[str, float]
    added: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def scores(
        self,
        features: Floats,
        names: Sequence[str],
        sources: Mapping[str, Floats] | None = None,
    ) -> Floats:
        """A row a description, a column a candidate; higher is better.

        sources: how likely each description is of each source.
        """
        found: Floats = features @ _column(self.weights, names)
        for source, added in self.added.items():
            likely = (sources or {}).get(source)
            if likely is not None:
                found += likely[:, None] * (features @ _column(added, names))
        return found


def _column(weights: Mapping[str, float], names: Sequence[str]) -> Floats:
    return np.array([weights.get(name, 0.0) for name in names], np.float32)


def fit(
    features: Floats,
    truth: NDArray[np.int64],
    names: Sequence[str],
    *,
    ridge: float = 3.0,
    start: Mapping[str, float] | None = None,
    steps: int = 60,
) -> dict[str, float]:
    """Weights that make the true candidate likely (conditional logit, McFadden 1974).

    features: descriptions x candidates x features; truth: the true candidate of each. Features are
    brought to one scale first; weights are pulled to ``start`` (0) by a ridge.
    """
    from scipy.optimize import minimize

    spread = features.reshape(-1, features.shape[2]).std(axis=0).astype(np.float64)
    known = spread > 1e-6
    spread[~known] = 1.0
    x = features / spread.astype(np.float32)
    middle = np.array([(start or {}).get(name, 0.0) for name in names]) * spread
    rows = np.arange(len(x))
    chosen = x[rows, truth].sum(axis=0, dtype=np.float64)
    flat = x.reshape(-1, x.shape[2])

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = (flat @ w.astype(np.float32)).reshape(x.shape[:2])
        z -= z.max(axis=1, keepdims=True)
        p = np.exp(z)
        total = p.sum(axis=1)
        value = float(np.log(total).sum() - z[rows, truth].sum(dtype=np.float64))
        p /= total[:, None]
        pull = w - middle
        slope = (p.ravel() @ flat).astype(np.float64) - chosen + ridge * pull
        return value + ridge * float(pull @ pull) / 2, np.where(known, slope, 0.0)

    done = minimize(loss, middle, jac=True, method="L-BFGS-B", options={"maxiter": steps})
    return {n: float(w) for n, w in zip(names, done.x / spread, strict=True) if w}
