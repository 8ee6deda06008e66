"""The reranker: a weighted sum of features, with some hidden units beside it, chosen among
candidates by a softmax.

With no examples it has the weights of the pack, a small table with its provenance; with examples it
learns its own, and a second set for each source that its texts are written like. The hidden units
say what features mean together (a term that stands alone in a short text, a part that nobody
named): one to two points more. Boosted trees were tried in its place: a point better on one kind of
text, worse on others, ten times slower.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Hidden:
    """Units ``tanh(into * features + offset)``, each of which counts ``out``. into: feature to its
    weight in every unit."""

    into: Mapping[str, tuple[float, ...]]
    offset: tuple[float, ...]
    out: tuple[float, ...]

    def scores(self, features: Floats, names: Sequence[str]) -> Floats:
        """What the units add to a weighted sum."""
        none = (0.0,) * len(self.out)
        into = np.array([self.into.get(name, none) for name in names], np.float32)
        inside = np.tanh(features @ into + np.array(self.offset, np.float32))
        found: Floats = inside @ np.array(self.out, np.float32)
        return found


@dataclass(frozen=True)
class Weighted:
    """``score = (weights + what the sources add) * features``, and what hidden units say; a feature
    that it does not know counts nothing. added: source to what it adds to the weights, in
    proportion to how likely a text is that source's."""

    weights: Mapping[str, float]
    added: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    hidden: Hidden | None = None

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
        if self.hidden is not None:
            found += self.hidden.scores(features, names)
        for source, added in self.added.items():
            likely = (sources or {}).get(source)
            if likely is not None:
                found += likely[:, None] * (features @ _column(added, names))
        return found


def _column(weights: Mapping[str, float], names: Sequence[str]) -> Floats:
    return np.array([weights.get(name, 0.0) for name in names], np.float32)


UNITS, ROUNDS, AT_ONCE, SPEED, DECAY = 24, 12, 64, 5e-3, 1e-3


def fit_hidden(
    features: Floats,
    truth: NDArray[np.int64],
    names: Sequence[str],
    start: Mapping[str, float],
    *,
    seed: int = 0,
) -> tuple[dict[str, float], Hidden]:
    """Weights and hidden units that make the true candidate likely, from weights that `fit` found
    (Adam: Kingma and Ba 2015)."""
    flat = features.reshape(-1, features.shape[2])
    middle = flat.mean(axis=0, dtype=np.float64).astype(np.float32)
    spread = flat.std(axis=0, dtype=np.float64).astype(np.float32)
    spread[spread < 1e-6] = 1.0
    draw = np.random.default_rng(seed)
    size = len(names)
    begun = _column(start, names) * spread
    layers = [
        (draw.normal(size=(size, UNITS)) * 0.5 / np.sqrt(size)).astype(np.float32),
        np.zeros(UNITS, np.float32),
        (draw.normal(size=UNITS) * 0.1).astype(np.float32),
        begun.copy(),
    ]
    first, second = ([np.zeros_like(layer) for layer in layers] for _ in range(2))
    step = 0
    for turn in range(ROUNDS):
        order = draw.permutation(len(features))
        speed = SPEED * (1 - turn / ROUNDS)
        for at in range(0, len(order), AT_ONCE):
            some = order[at : at + AT_ONCE]
            x = (features[some] - middle) / spread
            slopes = _slopes(layers, x, truth[some], begun)
            step += 1
            for i, slope in enumerate(slopes):
                first[i] = 0.9 * first[i] + 0.1 * slope
                second[i] = 0.999 * second[i] + 0.001 * slope**2
                root = np.sqrt(second[i] / (1 - 0.999**step)) + 1e-8
                layers[i] = layers[i] - speed * first[i] / (1 - 0.9**step) / root
    into = layers[0] / spread[:, None]
    offset = layers[1] - middle @ into
    linear = layers[3] / spread
    hidden = Hidden(
        {name: tuple(map(float, row)) for name, row in zip(names, into, strict=True)},
        tuple(map(float, offset)),
        tuple(map(float, layers[2])),
    )
    return {name: float(w) for name, w in zip(names, linear, strict=True)}, hidden


def _slopes(
    layers: Sequence[Floats], x: Floats, truth: NDArray[np.int64], begun: Floats
) -> list[Floats]:
    """The slopes of the loss for every layer, the pull of `DECAY` with them."""
    into, offset, out, linear = layers
    rows = np.arange(len(x))
    flat = x.reshape(-1, x.shape[2])
    inside = np.tanh(flat @ into + offset)
    z = (inside @ out + flat @ linear).reshape(x.shape[:2])
    z -= z.max(axis=1, keepdims=True)
    p = np.exp(z)
    p /= p.sum(axis=1, keepdims=True)
    p[rows, truth] -= 1
    slope = (p / len(x)).ravel().astype(np.float32)
    back = slope[:, None] * out[None, :] * (1 - inside * inside)
    return [
        flat.T @ back + DECAY * into,
        back.sum(axis=0),
        inside.T @ slope + DECAY * out,
        flat.T @ slope + DECAY * (linear - begun),
    ]


def fit(
    features: Floats,
    truth: NDArray[np.int64],
    names: Sequence[str],
    *,
    ridge: float = 3.0,
    start: Mapping[str, float] | None = None,
    steps: int = 60,
    fixed: Floats | None = None,
) -> dict[str, float]:
    """Weights that make the true candidate likely (conditional logit, McFadden 1974).

    features: descriptions x candidates x features; truth: the true candidate of each; fixed: what
    is added to every candidate's score whatever the weights are. Features are
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
        if fixed is not None:
            z += fixed
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
