"""All words that are known of a subheading, together: those of its wording, of the terms that mean
it, of its examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradelane.classification.rankers.matching import Words

if TYPE_CHECKING:
    from tradelane.classification.known import Known

HEADING_ONLY = 0.4
"""How much a word counts of an example that names only a heading."""
OF_TERM = 0.8
"""How much a word of a term counts beside one of the wording."""


class _Columns(NamedTuple):
    word: list[int]
    document: list[NDArray[np.int32]]
    strength: list[float]

    def add(self, word: int, documents: NDArray[np.int32], strength: float) -> None:
        self.word.append(word)
        self.document.append(documents)
        self.strength.append(strength)

    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        sizes = [len(documents) for documents in self.document]
        return (
            np.repeat(np.array(self.word, np.int64), sizes),
            np.concatenate([*self.document, np.zeros(0, np.int32)]).astype(np.int64),
            np.repeat(np.array(self.strength, np.float64), sizes),
        )


def together(known: Known) -> Words:
    """The words of wordings, of examples (the logarithm of how many) and of terms (the strongest),
    for every subheading."""
    vocabulary = dict(known.written.vocabulary)
    terms, wide = (_Columns([], [], []) for _ in range(2))
    places: dict[str, NDArray[np.int32]] = {}
    every = np.arange(len(known.wordings.codes), dtype=np.int32)
    for entry in known.glossary.entries:
        for code in entry.codes:
            if len(code) > 2:
                if code not in places:
                    places[code] = every[known.wordings.spread(code)]
                strength = OF_TERM * len(code) / 6 * entry.weight
                for word in entry.parts:
                    at = vocabulary.setdefault(word, len(vocabulary))
                    terms.add(at, places[code], strength)
    lessons = known.columns
    numbers = lessons.numbers(vocabulary)[lessons.word].astype(np.int64)
    for at in np.flatnonzero(lessons.is_heading).tolist():
        documents = every[known.lessons[at].places]
        for word in numbers[lessons.ends[at] : lessons.ends[at + 1]].tolist():
            wide.add(word, documents, HEADING_ONLY)
    size = len(every)
    base = known.written
    parts = [(base.word.astype(np.int64) * size + base.document, base.strength.astype(np.float64))]
    for columns in (terms, wide):
        at_words, at_documents, strengths = columns.arrays()
        parts.append(_reduced(at_words * size + at_documents, strengths, np.maximum))
    single = np.repeat(~lessons.is_heading, lessons.sizes)
    once = (numbers * size + np.repeat(lessons.at, lessons.sizes))[single]
    keys, counts = _reduced(once, np.ones(len(once)), np.add)
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
