"""How like two statements are: by their words, pieces of words, form, instrument and meaning.

Each view makes a table of unit rows, and likeness is the weighted sum of the cosines.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from tradelane.governance.words import is_common, stems
from tradelane.kit import vectors

Table = NDArray[np.float32]
_COLUMNS = 1 << 18
_PIECES = (4, 5)
_WORD = re.compile(r"\w+")


class Draft(NamedTuple):
    """A statement to be tagged, with what is known of it already.

    ``objectives`` are their ids and the domains that these are in; ``instrument`` is what is known
    of the instrument ("type law").
    """

    statement: str
    trigger: str = ""
    kind: str = ""
    modality: str = ""
    actors: tuple[str, ...] = ()
    objectives: tuple[str, ...] = ()
    instrument: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All its words."""
        return f"{self.statement} {self.trigger}"


class View(Protocol):
    """One way to look at statements."""

    def learn(self, drafts: Sequence[Draft]) -> sp.csr_matrix | Table:
        """Their rows, and from them what is rare."""

    def rows(self, drafts: Sequence[Draft]) -> sp.csr_matrix | Table:
        """The rows of others."""


class Counted:
    """Features by TF-IDF, hashed into columns."""

    def __init__(self, features: Callable[[Draft], Iterable[str]]) -> None:
        self._features = features

    def learn(self, drafts: Sequence[Draft]) -> sp.csr_matrix:
        """Their rows, and from them what is rare."""
        counts = self._counts(drafts)
        seen = np.bincount(counts.indices, minlength=_COLUMNS)
        self._rarity = np.log(1 + len(drafts) / np.maximum(seen, 1)).astype(np.float32)
        return self._scaled(counts)

    def rows(self, drafts: Sequence[Draft]) -> sp.csr_matrix:
        """The rows of others."""
        return self._scaled(self._counts(drafts))

    def _counts(self, drafts: Sequence[Draft]) -> sp.csr_matrix:
        columns: list[int] = []
        values: list[float] = []
        ends = [0]
        for draft in drafts:
            for feature, count in Counter(self._features(draft)).items():
                columns.append(zlib.crc32(feature.encode()) % _COLUMNS)
                values.append(1 + float(np.log(count)))
            ends.append(len(columns))
        shape = (len(drafts), _COLUMNS)
        found = sp.csr_matrix((np.array(values, np.float32), columns, ends), shape=shape)
        found.sum_duplicates()
        return found

    def _scaled(self, counts: sp.csr_matrix) -> sp.csr_matrix:
        counts.data *= self._rarity[counts.indices]
        lengths = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
        counts.data /= np.repeat(np.where(lengths > 0, lengths, 1), np.diff(counts.indptr))
        return counts


class Meant:
    """The vectors of the words together, the rare ones more (`kit.vectors`)."""

    def learn(self, drafts: Sequence[Draft]) -> Table:
        """Their rows, and from them what is rare."""
        self._among = len(drafts)
        self._seen = Counter(word for draft in drafts for word in set(_spoken(draft)))
        self._middle = np.zeros(vectors.SIZE, np.float32)
        found = self.rows(drafts)
        self._middle = found.mean(axis=0)
        return _unit(found - self._middle)

    def rows(self, drafts: Sequence[Draft]) -> Table:
        """The rows of others."""
        found = np.zeros((len(drafts), vectors.SIZE), np.float32)
        for at, draft in enumerate(drafts):
            for word in _spoken(draft):
                one = vectors.vector(word)
                if one is not None:
                    found[at] += one * np.log(1 + self._among / max(self._seen[word], 1))
        return _unit(_unit(found) - self._middle)


class Space:
    """Statements with tags, to which others are likened."""

    def __init__(self, drafts: Sequence[Draft], views: Sequence[tuple[float, View]]) -> None:
        self._views = views
        self._blocks = [view.learn(drafts) for _, view in views]
        # Turned once: a sparse table is sorted anew for it.
        self._turned: list[Any] = [
            block.T.tocsr() if isinstance(block, sp.csr_matrix) else block.T
            for block in self._blocks
        ]

    def among(self) -> Table:
        """How like every statement is every other."""
        return self._weighed(self._blocks)

    def to(self, drafts: Sequence[Draft]) -> Table:
        """How like others (rows) are to the statements (columns)."""
        return self._weighed([view.rows(drafts) for _, view in self._views])

    def _weighed(self, rows: Sequence[sp.csr_matrix | Table]) -> Table:
        found: Table = np.zeros((rows[0].shape[0], self._blocks[0].shape[0]), np.float32)
        for (weight, _), mine, turned in zip(self._views, rows, self._turned):
            near: Any = mine @ turned
            found += weight * (near.toarray() if sp.issparse(near) else near)
        return found


def by_text() -> list[tuple[float, View]]:
    """What is known of a statement at once."""
    return [
        (0.6, Counted(_in_words)),
        (1.0, Counted(_in_pieces)),
        (0.3, Counted(_in_form)),
        (0.3, Counted(lambda draft: draft.instrument)),
        (0.7, Meant()),
    ]


def by_objectives() -> list[tuple[float, View]]:
    """The same, and its objectives."""
    return [*by_text(), (1.0, Counted(lambda draft: draft.objectives))]


def _in_words(draft: Draft) -> list[str]:
    found = stems(draft.text)
    return found + [f"{one} {other}" for one, other in pairwise(found)]


def _in_pieces(draft: Draft) -> Iterator[str]:
    text = f" {' '.join(_WORD.findall(draft.text.lower()))} "
    for size in _PIECES:
        yield from (text[at : at + size] for at in range(len(text) - size))


def _in_form(draft: Draft) -> list[str]:
    if not draft.kind:
        return []
    return [
        f"kind {draft.kind}",
        f"modality {draft.modality}",
        f"both {draft.kind} {draft.modality}",
        *(f"actor {actor}" for actor in draft.actors),
    ]


def _spoken(draft: Draft) -> list[str]:
    return [word for word in _WORD.findall(draft.text.lower()) if not is_common(word)]


def _unit(rows: Table) -> Table:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-6), dtype=np.float32)
