"""Words that mean nearly the same: a "skillet" is looked up as "pan" too.

The rarest words of a description are joined by the words of wordings, terms and examples whose
vectors are nearest, as much as they are near and rare; then they are matched as words are. A word
that is not known at all and has no vector is joined by those that are spelled nearly alike.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from tradelane.classification.asked import Asked
from tradelane.classification.known import Known
from tradelane.classification.rankers.matching import Matching
from tradelane.classification.words import grams
from tradelane.kit import vectors

NEAREST, LEAST_NEAR = 8, 0.55
WIDENED = 8
"""Words of a description that are joined by others: the rarest."""
ALIKE = 0.5
"""The share of letter groups that two spellings have in common at least."""
_REMEMBERED = 50_000
_AT_ONCE = 128
_GROUPS = 1 << 14


@dataclass(frozen=True)
class _Spelled:
    """Known words by their letter groups. by_group: a row a group, a column a word; sizes: how many
    groups each word has."""

    words: list[str]
    by_group: sp.csr_matrix
    sizes: NDArray[np.float32]


class Related:
    """See the module."""

    name = "related"

    def learn(self, known: Known) -> None:
        """Wordings, terms and examples, as for `Profile`."""
        self._matching = Matching(known.collected)
        self._places, meanings = known.meanings
        self._vectors = vectors.on_grid(meanings)
        self._words = list(self._places)
        self._joined: dict[str, tuple[tuple[str, float], ...]] = {}

    def scores(self, asked: Sequence[Asked]) -> NDArray[np.float32]:
        """BM25 of the description with its related words."""
        told = [self._rarest(one) for one in asked]
        self._look_up({word for words in told for word in words})
        return self._matching.of_weights([self._widen(*pair) for pair in zip(asked, told)])

    def related(self, word: str) -> tuple[tuple[str, float], ...]:
        """The words that are looked up beside a word, with how much each counts."""
        self._look_up({word})
        return self._joined[word]

    def _rarest(self, one: Asked) -> list[str]:
        by = sorted(one.weights, key=lambda w: (-one.weights[w] * self._matching.rarity_of(w), w))
        return by[:WIDENED]

    def _widen(self, one: Asked, told: Sequence[str]) -> dict[str, float]:
        weights = dict(one.weights)
        for word in told:
            for other, share in self._joined[word]:
                weights[other] = max(weights.get(other, 0.0), one.weights[word] * share)
        return weights

    def _look_up(self, words: set[str]) -> None:
        """Join words that were not met before, all at once: one product of matrices is quicker
        than many of a matrix and a vector."""
        if len(self._joined) > _REMEMBERED:
            self._joined.clear()
        new = sorted(words - self._joined.keys())
        found, asked = self._meant(new) if len(self._words) > NEAREST else ([], self._vectors[:0])
        for start in range(0, len(found), _AT_ONCE):
            part = found[start : start + _AT_ONCE]
            near = vectors.on_grid(asked[start : start + _AT_ONCE]) @ self._vectors.T
            rows, places = np.nonzero(near > LEAST_NEAR)
            ends = np.searchsorted(rows, np.arange(len(part) + 1))
            for at, word in enumerate(part):
                close = places[ends[at] : ends[at + 1]]
                self._joined[word] = self._nearest(word, near[at], close)
        for word in new:
            self._joined[word] = self._joined.get(word) or self._alike(word)

    def _meant(self, words: Sequence[str]) -> tuple[list[str], NDArray[np.float32]]:
        """The words that have a vector, with their vectors."""
        known = [word for word in words if word in self._places]
        own = self._vectors[[self._places[word] for word in known]]
        unknown = [word for word in words if word not in self._matching.vocabulary]
        others = {word: row for word in unknown if (row := vectors.vector(word)) is not None}
        return [*known, *others], np.concatenate([own, *(row[None, :] for row in others.values())])

    def _nearest(
        self, word: str, near: NDArray[np.float64], close: NDArray[np.intp]
    ) -> tuple[tuple[str, float], ...]:
        rare = self._matching.rarity_of(word)
        part = 0.6 if word in self._matching.vocabulary else 1.0
        return tuple(
            (other, part * (float(near[at]) - 0.35) * min(1.0, rare / rarity))
            for at in close[np.argsort(-near[close], kind="stable")[:NEAREST]]
            if (other := self._words[at]) != word
            for rarity in (max(self._matching.rarity_of(other), 0.1),)
        )

    def _alike(self, word: str) -> tuple[tuple[str, float], ...]:
        if word in self._matching.vocabulary or len(word) < 5 or not word.isascii():
            return ()
        mine = _groups(word)
        known = self._spelled
        shared = np.asarray(known.by_group[mine].sum(axis=0)).ravel()
        likeness = shared / (len(mine) + known.sizes - shared)
        best = np.argsort(-likeness, kind="stable")[:2]
        return tuple((known.words[at], float(likeness[at])) for at in best if likeness[at] >= ALIKE)

    @cached_property
    def _spelled(self) -> _Spelled:
        """Made when the first word is met that has no vector: few descriptions have one."""
        words = [w for w in self._matching.vocabulary if len(w) > 3 and w.isascii() and w.isalpha()]
        groups = [_groups(word) for word in words]
        sizes = np.array([len(one) for one in groups])
        columns = np.repeat(np.arange(len(groups)), sizes)
        rows = np.fromiter((g for one in groups for g in one), np.int64, int(sizes.sum()))
        by_group = sp.csr_matrix(
            (np.ones(len(rows), np.float32), (rows, columns)), shape=(_GROUPS, len(groups))
        )
        return _Spelled(words, by_group, sizes.astype(np.float32))


def _groups(word: str) -> list[int]:
    return sorted({zlib.crc32(gram.encode()) % _GROUPS for gram in grams(word, 3)})
