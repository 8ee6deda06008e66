"""What a model was made for: how its features and probabilities were distributed at training.

Kept beside the model as ``reference.json``, so that later lines can be held against it without the
history. The lines are the latest of the history, inspected or not: a model sees all lines, and its
features grow with the history, so older lines would differ without anything having changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tradelane.kit import canonical
from tradelane.kit.errors import InputRefused, Problem

FILE = "reference.json"
BINS = 10
LATEST = 5_000
"""So many of the history's latest lines are the reference."""
PROBABILITY = "probability"
"""The name that the probability has among the features."""
_SMALL = 1e-9


@dataclass(frozen=True, slots=True)
class Distribution:
    """Ascending inner edges, and how many of ``lines`` fell into each bin (one more than edges; a
    value on an edge counts below it), had no value, and were zero or less."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int
    zeros: int

    @property
    def lines(self) -> int:
        """All lines, with and without value."""
        return sum(self.counts) + self.missing

    def count(self, values: NDArray[np.floating[Any]]) -> tuple[tuple[int, ...], int]:
        """Other lines in the same bins, and how many of them had no value."""
        known = values[~np.isnan(values)]
        places = np.searchsorted(np.array(self.edges), known - _SMALL, side="left")
        counts = np.bincount(places, minlength=len(self.edges) + 1)
        return tuple(int(n) for n in counts), len(values) - len(known)


@dataclass(frozen=True, slots=True)
class Reference:
    """The distribution of every feature, and of the probability under `PROBABILITY` (absent where
    the model gives none)."""

    features: Mapping[str, Distribution]

    @property
    def lines(self) -> int:
        """How many lines it was made from."""
        return next((one.lines for one in self.features.values()), 0)


def make(names: Sequence[str], x: NDArray[np.float32], probability: NDArray[np.float64]) -> bytes:
    """The file of lines: ``x`` has a row a line and a column a name, NaN where absent;
    ``probability`` one a line, all NaN where the model gives none.

    >>> data = make(["a"], np.array([[1.0], [2.0], [np.nan]], np.float32), np.array([0.1] * 3))
    >>> read(data).features["a"]
    Distribution(edges=(1.0,), counts=(1, 1), missing=1, zeros=0)
    """
    found = {name: _distribution(x[:, place]) for place, name in enumerate(names)}
    if not np.isnan(probability).all():
        found[PROBABILITY] = _distribution(probability)
    plain = {
        name: {
            "edges": [repr(edge) for edge in one.edges],
            "counts": list(one.counts),
            "missing": one.missing,
            "zeros": one.zeros,
        }
        for name, one in found.items()
    }
    return canonical.encode({"features": plain})


def read(data: bytes) -> Reference:
    """What `make` wrote. Errors: InputRefused ``targeting.reference`` for anything else."""
    try:
        found = {
            str(name): Distribution(
                tuple(float(edge) for edge in one["edges"]),
                tuple(int(n) for n in one["counts"]),
                int(one["missing"]),
                int(one["zeros"]),
            )
            for name, one in json.loads(data)["features"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputRefused(
            Problem(
                "targeting.reference",
                f"{FILE} is not what a model keeps of its training.",
                hint="Train the model again with this version of Tradelane.",
            )
        ) from error
    return Reference(found)


class _Models(Protocol):
    def load(self, model: Any) -> Any: ...


def reference_of(models: _Models, digest: str) -> Reference | None:
    """What a published model keeps of its training; None where it was made before it kept that.
    Errors: those of `registry.service.Registry.load`, and of `read`."""
    data = models.load(digest).files.get(FILE)
    return None if data is None else read(data)


def _distribution(values: NDArray[np.floating[Any]]) -> Distribution:
    known = values[~np.isnan(values)].astype(np.float64)
    inner = np.linspace(0, 1, BINS + 1)[1:-1]
    cuts = np.quantile(known, inner, method="inverted_cdf") if len(known) else np.empty(0)
    # An edge at the largest value would leave an empty bin above it.
    edges = [float(edge) for edge in np.unique(cuts) if edge < known.max() - _SMALL]
    empty = Distribution(tuple(edges), (0,) * (len(edges) + 1), 0, 0)
    return Distribution(tuple(edges), *empty.count(values), int((known <= 0).sum()))
