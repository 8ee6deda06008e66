"""Okapi BM25 over sparse matrices: how well the words of descriptions match documents.

Robertson, S. and Zaragoza, H. (2009), "The Probabilistic Relevance Framework: BM25 and Beyond".
In a document a word may stand more or less strongly, not only once or twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from tradelane.classification.asked import Asked

Floats = NDArray[np.float32]

SATURATION, LENGTH = 1.2, 0.5


@dataclass(frozen=True)
class Words:
    """How strongly each word stands in each document: three columns of equal length."""

    vocabulary: dict[str, int]
    word: NDArray[np.int32]
    document: NDArray[np.int32]
    strength: Floats
    documents: int


def written(documents: Sequence[Mapping[str, float]]) -> Words:
    """Documents as mappings of words to how strongly they stand there."""
    vocabulary: dict[str, int] = {}
    word: list[int] = []
    document: list[int] = []
    strength: list[float] = []
    for at, one in enumerate(documents):
        word += [vocabulary.setdefault(w, len(vocabulary)) for w in one]
        document += [at] * len(one)
        strength += one.values()
    return Words(
        vocabulary,
        np.array(word, np.int32),
        np.array(document, np.int32),
        np.array(strength, np.float32),
        len(documents),
    )


class Matching:
    """Documents that descriptions are matched against."""

    def __init__(self, words: Words) -> None:
        self.size = words.documents
        self.vocabulary = words.vocabulary
        held = np.bincount(words.word, minlength=len(self.vocabulary)).astype(np.float32)
        length = np.bincount(words.document, weights=words.strength, minlength=self.size).astype(
            float
        )
        length = length / max(float(length.mean()) if self.size else 1.0, 1e-9)
        self.rarity = np.log1p((self.size - held + 0.5) / (held + 0.5)).astype(np.float32)
        value = words.strength * np.float32(SATURATION + 1)
        damp = SATURATION * (1 - LENGTH + LENGTH * length)
        value /= words.strength + damp.astype(np.float32)[words.document]
        value *= self.rarity[words.word]
        shape = (len(self.vocabulary), self.size)
        self.matrix = sp.csr_matrix((value, (words.word, words.document)), shape=shape)

    @property
    def held(self) -> dict[str, float]:
        """Every word with the number of documents in which it stands."""
        counts = np.diff(self.matrix.indptr).tolist()
        return {word: float(counts[at]) for word, at in self.vocabulary.items()}

    def rarity_of(self, word: str) -> float:
        """How much a word tells; that of a word in no document where it is not known."""
        at = self.vocabulary.get(word)
        return float(self.rarity[at]) if at is not None else float(np.log1p(2.0 * self.size + 1.0))

    def asked(self, asked: Sequence[Mapping[str, float]]) -> sp.csr_matrix:
        """Descriptions' weights of words as a sparse matrix."""
        indices: list[int] = []
        data: list[float] = []
        ends = [0]
        for weights in asked:
            for word, weight in weights.items():
                at = self.vocabulary.get(word)
                if at is not None:
                    indices.append(at)
                    data.append(weight)
            ends.append(len(indices))
        shape = (len(asked), len(self.vocabulary))
        return sp.csr_matrix((np.array(data, np.float32), indices, ends), shape=shape)

    def scores(self, asked: Sequence[Asked]) -> Floats:
        """A row a description, a column a document."""
        return self.of_weights([one.weights for one in asked])

    def of_weights(self, weights: Sequence[Mapping[str, float]]) -> Floats:
        """The same for weights of words."""
        found: Floats = (self.asked(weights) @ self.matrix).toarray()
        return found
