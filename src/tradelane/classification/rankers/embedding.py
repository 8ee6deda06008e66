"""Meaning as one vector: the rare words' vectors together, against those of wordings, terms and
examples; the nearest of each subheading counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from tradelane.classification.asked import Asked
from tradelane.classification.known import Known
from tradelane.classification.rankers.matching import Matching
from tradelane.kit import vectors

Floats = NDArray[np.float32]


class Embedding:
    """See the module."""

    name = "embedding"

    def learn(self, known: Known) -> None:
        """Wordings and examples are brought to vectors."""
        self._matching = Matching(known.written)
        self._middle = np.zeros(vectors.SIZE, np.float32)
        wordings = self._vectors(known.documents)
        self._middle = wordings.mean(axis=0)
        self._wordings = _unit(wordings - self._middle)
        six = sorted((x for x in known.lessons if not x.is_heading), key=lambda x: x.at)
        self._examples = self._vectors([dict.fromkeys(x.words, 1.0) for x in six])
        places = np.array([x.at for x in six], dtype=np.int64)
        self._held, self._starts = np.unique(places, return_index=True)

    def scores(self, asked: Sequence[Asked]) -> Floats:
        """The cosine with the nearest text of each subheading; what is below 0 counts as 0."""
        mine = self._vectors([one.weights for one in asked])
        found: Floats = np.maximum(mine @ self._wordings.T, 0)
        if len(self._starts):
            near = np.maximum.reduceat(mine @ self._examples.T, self._starts, axis=1)
            found[:, self._held] = np.maximum(found[:, self._held], near)
        return found

    def _vectors(self, texts: Sequence[Mapping[str, float]]) -> Floats:
        place: dict[str, int] = {}
        indices: list[int] = []
        data: list[float] = []
        ends = [0]
        for weights in texts:
            for word, weight in weights.items():
                indices.append(place.setdefault(word, len(place)))
                data.append(weight * self._matching.rarity_of(word))
            ends.append(len(indices))
        held = np.zeros((len(place), vectors.SIZE), np.float32)
        for word, at in place.items():
            one = vectors.vector(word)
            if one is not None:
                held[at] = one
        shape = (len(texts), len(place))
        found = sp.csr_matrix((np.array(data, np.float32), indices, ends), shape=shape) @ held
        found = _unit(found) - self._middle * (np.abs(found).sum(axis=1, keepdims=True) > 0)
        return _unit(found)


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6))
