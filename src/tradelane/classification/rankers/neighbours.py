"""The most similar examples: their codes, by how many rare words they share (cosine of tf-idf)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from tradelane.classification.asked import Asked
from tradelane.classification.known import Known

HEADING_ONLY = 0.5
"""What an example that names only a heading says of each subheading under it."""
MOST_FREQUENT = 0.05
"""Words that stand in more than this share of many examples are not looked up."""


class Neighbours:
    """See the module."""

    name = "neighbours"

    def learn(self, known: Known) -> None:
        """Only the examples count here."""
        self._columns = len(known.wordings.codes)
        columns = known.columns
        order = np.argsort(columns.at, kind="stable")
        self.lessons = [known.lessons[i] for i in order.tolist()]
        self._places = columns.at[order]
        self._is_heading = columns.is_heading[order]
        self._heading_at = known.wordings.heading_at
        self._headings = len(known.wordings.headings)
        self._vocabulary = columns.vocabulary
        held = np.bincount(columns.word, minlength=len(self._vocabulary))
        self._rarity = np.log((len(self.lessons) + 1) / (held + 0.5)).astype(np.float32)
        matrix = columns.matrix(self._rarity)[order]
        length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        matrix = sp.diags(1.0 / np.maximum(length, 1e-9)) @ matrix
        self._matrix = matrix.T.tocsr().astype(np.float32)
        if len(self.lessons) > 2_000:
            frequent = held > MOST_FREQUENT * len(self.lessons)
            self._matrix = (sp.diags((~frequent).astype(np.float32)) @ self._matrix).tocsr()
            self._matrix.eliminate_zeros()

    def similar(self, asked: Sequence[Asked]) -> sp.csr_matrix:
        """How similar every example is: a row a description, a column an example; 0 to 1."""
        indices: list[int] = []
        data: list[float] = []
        ends = [0]
        unseen = float(np.log(len(self.lessons) + 1.0))
        for one in asked:
            squares = 0.0
            start = len(data)
            for word, weight in one.weights.items():
                at = self._vocabulary.get(word)
                rarity = unseen if at is None else float(self._rarity[at])
                squares += (weight * rarity) ** 2
                if at is not None:
                    indices.append(at)
                    data.append(weight * rarity)
            length = max(squares**0.5, 1e-9)
            data[start:] = [value / length for value in data[start:]]
            ends.append(len(indices))
        shape = (len(asked), len(self._vocabulary))
        matrix = sp.csr_matrix((np.array(data, np.float32), indices, ends), shape=shape)
        return (matrix @ self._matrix).tocsr()

    def scores(self, asked: Sequence[Asked]) -> NDArray[np.float32]:
        """The similarity of the most similar example of each subheading."""
        return self.best(self.similar(asked))

    def best(self, similar: sp.csr_matrix) -> NDArray[np.float32]:
        """For each subheading the most that one of its examples has; part of it where the example
        names its heading only."""
        found = np.zeros((similar.shape[0], self._columns), np.float32)
        rows = np.repeat(np.arange(similar.shape[0]), np.diff(similar.indptr))
        places = self._places[similar.indices]
        six = ~self._is_heading[similar.indices]
        _raise(found, rows[six], places[six], similar.data[six])
        if not six.all():
            above = np.zeros((similar.shape[0], self._headings), np.float32)
            headings = self._heading_at[places[~six]]
            _raise(above, rows[~six], headings, similar.data[~six])
            np.maximum(found, above[:, self._heading_at] * HEADING_ONLY, out=found)
        return found


def _raise(
    table: NDArray[np.float32],
    rows: NDArray[np.intp],
    columns: NDArray[np.int32],
    values: NDArray[np.float32],
) -> None:
    """Cells to at least these values. A flat place is found ten times as fast as a pair of them."""
    np.maximum.at(table.reshape(-1), rows * table.shape[1] + columns, values)
