"""Finds provisions by plain words: BM25 over an index of our own, with the words that were found.

What is searched is a provision's statement and trigger, and less weightily the names of its
instrument, entity and domain. Robertson and Zaragoza, The Probabilistic Relevance Framework (2009).
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradelane.governance.index import Flags, Index
from tradelane.governance.model import Provision
from tradelane.governance.words import stems, words

_K1 = 1.2
_B = 0.6
_NAMES = 0.4
"""How much a word in a name counts against one in the statement."""


class Hit(NamedTuple):
    """A provision that fits; ``marks``: where the words stand in its statement."""

    provision: Provision
    score: float
    marks: tuple[tuple[int, int], ...]


class Words:
    """An inverted index over all provisions."""

    def __init__(self, index: Index) -> None:
        self.index = index
        corpus = index.corpus
        named: dict[tuple[str, str], Counter[str]] = {}
        lengths = np.zeros(len(index.provisions), np.float32)
        listed: dict[str, tuple[list[int], list[float]]] = {}
        for at, one in enumerate(index.provisions):
            key = (one.instrument, one.domain)
            if key not in named:
                instrument = corpus.instruments[one.instrument]
                named[key] = Counter(
                    stems(
                        " ".join(
                            (
                                instrument.title,
                                *instrument.aliases,
                                *(corpus.entities[name].name for name in instrument.entities),
                                corpus.domains[one.domain].title,
                                instrument.id,
                            )
                        )
                    )
                )
            own = Counter(stems(f"{one.statement} {one.trigger}"))
            lengths[at] = own.total()
            counts: dict[str, float] = dict(own)
            for word in named[key]:
                counts[word] = counts.get(word, 0) + _NAMES
            for word, count in counts.items():
                places, weights = listed.setdefault(word, ([], []))
                places.append(at)
                weights.append(count)
        mean = float(lengths.mean()) if len(lengths) else 1.0
        norm = _K1 * (1 - _B + _B * lengths / max(mean, 1.0))
        total = len(index.provisions)
        self._lists: dict[str, tuple[NDArray[np.int32], NDArray[np.float32]]] = {}
        for word, (places, weights) in listed.items():
            at_ = np.array(places, np.int32)
            count_ = np.array(weights, np.float32)
            rarity = np.log(1 + (total - len(places) + 0.5) / (len(places) + 0.5))
            score = rarity * count_ * (_K1 + 1) / (count_ + norm[at_])
            self._lists[word] = at_, score.astype(np.float32)

    def search(self, text: str, among: Flags, limit: int, skip: int = 0) -> tuple[list[Hit], int]:
        """The best provisions among some, and how many there are in all.

        A provision that has more of the words stands before one that has fewer of them often.
        """
        wanted = list(dict.fromkeys(stems(text)))
        scores = np.zeros(len(self.index.provisions), np.float32)
        for word in wanted:
            if word in self._lists:
                places, weights = self._lists[word]
                scores[places] += weights
        scores[~among] = 0
        found = np.flatnonzero(scores)
        upto = min(len(found), skip + limit)
        if upto < len(found):
            # The best, and whatever is as good as the last of them, so that the order is fixed.
            least = np.partition(scores[found], len(found) - upto)[len(found) - upto]
            best = found[scores[found] >= least]
        else:
            best = found
        order = best[np.lexsort((best, -scores[best]))][skip:upto]
        hits = [self._hit(int(at), float(scores[at]), frozenset(wanted)) for at in order]
        return hits, len(found)

    def _hit(self, at: int, score: float, wanted: frozenset[str]) -> Hit:
        provision = self.index.provisions[at]
        marks = tuple(
            (word.start, word.end) for word in words(provision.statement) if word.stem in wanted
        )
        return Hit(provision, round(score, 3), marks)
