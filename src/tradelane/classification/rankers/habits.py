"""What a source usually declares: the codes of the sources whose texts are written like this one.

Parcel platforms, brokers and shops each have their own goods; where nothing else speaks, their most
frequent codes are the best candidates.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tradelane.classification.asked import Asked
from tradelane.classification.known import Known
from tradelane.kit.vectors import on_grid

SHIFT = 3.0
"""Added to every count of words, so that few texts say little."""


class Habits:
    """See the module."""

    name = "habits"

    def learn(self, known: Known) -> None:
        """Words and codes of every source are counted."""
        named = sorted({x.example.source for x in known.lessons if not x.is_tariff})
        self.names = tuple(named)
        place = {name: at for at, name in enumerate(named)}
        self._codes = np.zeros((len(named), len(known.wordings.codes)), np.float32)
        columns = known.columns
        source = np.full(len(known.lessons), -1)
        for number, lesson in enumerate(known.lessons):
            if columns.is_tariff[number]:
                continue
            source[number] = at = place[lesson.example.source]
            size = lesson.places.stop - lesson.places.start
            self._codes[at, lesson.places] += 1.0 / size
        self._texts = np.log(np.maximum(self._codes.sum(axis=1), 1.0))
        self._codes /= np.maximum(self._codes.sum(axis=1, keepdims=True), 1.0)
        self._shares = on_grid(self._codes)
        self._vocabulary = columns.vocabulary
        at_words = np.repeat(source, columns.sizes)
        told = at_words >= 0
        cells = columns.word[told].astype(np.int64) * len(named) + at_words[told]
        size = len(self._vocabulary) * len(named)
        held = np.bincount(cells, minlength=size).reshape(-1, len(named)) if named else None
        self._likely = self._logarithms(held) if held is not None else np.zeros((0, 0))
        self._columns = len(known.wordings.codes)

    def scores(self, asked: Sequence[Asked]) -> NDArray[np.float32]:
        """The share of each subheading in the sources that the words are likely of."""
        if not len(self._codes):
            return np.zeros((len(asked), self._columns), np.float32)
        found = on_grid(self.likely(asked)) @ self._shares
        return np.asarray(np.sqrt(found), np.float32)

    def likely(self, asked: Sequence[Asked]) -> NDArray[np.float32]:
        """How likely each description is of each of `names`: they sum to 1 where there are any."""
        rows = [self._sources(one) for one in asked]
        return np.array(rows, np.float32).reshape(len(rows), len(self.names))

    def _logarithms(self, held: NDArray[np.int64]) -> NDArray[np.float64]:
        """How likely each source uses each word, as logarithms: a row a word; 0 for words that none
        of them uses."""
        totals = SHIFT + held.sum(axis=0)
        found = np.log((held + SHIFT * totals / totals.sum()) / totals)
        return np.where(held.any(axis=1, keepdims=True), found, 0.0)

    def _sources(self, one: Asked) -> NDArray[np.float64]:
        if not self.names:
            return np.zeros(0)
        z = self._texts.copy()
        for word in one.weights:
            at = self._vocabulary.get(word)
            if at is not None:
                z += self._likely[at]
        z = 0.5 * (z - z.max())
        found = np.exp(z)
        return np.asarray(found / found.sum())
