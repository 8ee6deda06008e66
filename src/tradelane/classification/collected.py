"""All words that are known of a subheading, together: those of its wording, of the terms that mean
it, of its examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tradelane.classification.rankers.matching import Words

if TYPE_CHECKING:
    from tradelane.classification.known import Known

HEADING_ONLY = 0.4
"""How much a word counts of an example that names only a heading."""
OF_TERM = 0.8
"""How much a word of a term counts beside one of the wording."""


class _Spread:
    """Words that stand in all subheadings of a stretch of them, with how strongly."""

    def __init__(self) -> None:
        self._word: list[int] = []
        self._start: list[int] = []
        self._stop: list[int] = []
        self._strength: list[float] = []

    def add(self, words: Sequence[int], places: slice, strength: float) -> None:
        size = len(words)
        self._word += words
        self._start += [places.start] * size
        self._stop += [places.stop] * size
        self._strength += [strength] * size

    def cells(self, columns: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Every pair of a word and a subheading as one number, with its strength."""
        start = np.array(self._start, np.int64)
        sizes = np.array(self._stop, np.int64) - start
        first = np.cumsum(sizes) - sizes
        within = np.arange(int(sizes.sum())) - np.repeat(first, sizes)
        cells = np.repeat(np.array(self._word, np.int64) * columns + start, sizes) + within
        return cells, np.repeat(np.array(self._strength, np.float64), sizes)


def together(known: Known) -> Words:
    """The words of wordings, of examples (the logarithm of how many) and of terms (the strongest),
    for every subheading."""
    vocabulary = dict(known.written.vocabulary)
    terms, wide = _Spread(), _Spread()
    for entry in known.glossary.entries:
        words = [vocabulary.setdefault(word, len(vocabulary)) for word in entry.parts]
        for code in entry.codes:
            if len(code) > 2:
                strength = OF_TERM * len(code) / 6 * entry.weight
                terms.add(words, known.wordings.spread(code), strength)
    lessons = known.columns
    numbers = lessons.numbers(vocabulary)[lessons.word].astype(np.int64)
    for at in np.flatnonzero(lessons.is_heading).tolist():
        own = numbers[lessons.ends[at] : lessons.ends[at + 1]].tolist()
        wide.add(own, known.lessons[at].places, HEADING_ONLY)
    size = len(known.wordings.codes)
    base = known.written
    parts = [(base.word.astype(np.int64) * size + base.document, base.strength.astype(np.float64))]
    for spread in (terms, wide):
        parts.append(_reduced(*spread.cells(size), np.maximum))
    single = np.repeat(~lessons.is_heading, lessons.sizes)
    once = (numbers * size + np.repeat(lessons.at, lessons.sizes))[single]
    keys, counts = np.unique(once, return_counts=True)
    parts.append((keys, np.log1p(counts)))
    keys, strengths = _reduced(
        np.concatenate([key for key, _strength in parts]),
        np.concatenate([strength for _key, strength in parts]),
        np.add,
    )
    return Words(
        vocabulary,
        (keys // size).astype(np.int32),
        (keys % size).astype(np.int32),
        strengths.astype(np.float32),
        size,
    )


def _reduced(
    keys: NDArray[np.int64], values: NDArray[np.float64], how: np.ufunc
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Each key once, with its values brought together."""
    if not len(keys):
        return keys, values
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[starts], how.reduceat(values[order], starts)
