"""Meaning as one vector: the rare words' vectors together, against those of wordings, terms and
examples; the nearest of each subheading counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from tradelane.classification.asked import Asked
from tradelane.classification.groups import Groups
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
        self._known, self._known_rows = known.meanings
        self._vocabulary = known.collected.vocabulary
        self._middle = np.zeros(vectors.SIZE, np.float32)
        wordings = self._vectors(known.documents)
        self._middle = wordings.mean(axis=0)
        self._wordings = vectors.on_grid(_unit(wordings - self._middle))
        columns = known.columns
        six = np.flatnonzero(~columns.is_heading)
        six = six[np.argsort(columns.at[six], kind="stable")]
        self._groups = Groups(columns.at[six])
        rarity = [self._matching.rarity_of(word) for word in columns.vocabulary]
        texts = columns.matrix(rarity)[six[self._groups.order]]
        self._examples = vectors.on_grid(self._meant(texts, self._rows(columns.vocabulary)))

    def scores(self, asked: Sequence[Asked]) -> Floats:
        """The cosine with the nearest text of each subheading; what is below 0 counts as 0."""
        mine = vectors.on_grid(self._vectors([one.weights for one in asked]))
        found: Floats = np.maximum(mine @ self._wordings.T, 0).astype(np.float32)
        if len(self._examples):
            near = self._groups.of_ordered(np.maximum, mine @ self._examples.T)
            held = self._groups.numbers
            found[:, held] = np.maximum(found[:, held], near)
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
        shape = (len(texts), len(place))
        table = sp.csr_matrix((np.array(data, np.float32), indices, ends), shape=shape)
        return self._meant(table, self._rows(place))

    def _rows(self, words: Collection[str]) -> Floats:
        """The vectors of words, 0 for those that have none."""
        known = [self._known.get(word, -1) for word in words]
        held = np.zeros((len(words), vectors.SIZE), np.float32)
        if len(self._known_rows):
            held = self._known_rows[known]
        for at, word in enumerate(words):
            if known[at] < 0:
                one = None if word in self._vocabulary else vectors.vector(word)
                held[at] = 0.0 if one is None else one
        return held

    def _meant(self, texts: sp.csr_matrix, rows: Floats) -> Floats:
        """The vectors of texts that are given as sums of words."""
        found = texts @ rows
        found = _unit(found) - self._middle * (np.abs(found).sum(axis=1, keepdims=True) > 0)
        return _unit(found)


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6))
