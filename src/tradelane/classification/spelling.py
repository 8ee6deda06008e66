"""Words that nothing is known of, brought to words that are: "binbags", "step ladder", "basketbal".

A word is parted into two known ones, or corrected by one letter, or completed; two that stand side
by side are joined where they are known as one. Words that have a vector are words of English and
are not corrected. A word without vowels is read as the most frequent word that has its consonants
("rstrng": restoring), and the last word of a text as long as a platform's field as the beginning of
those that it may be, each as much as it is frequent ("... short jacke": jacket).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice, takewhile

import numpy as np

from tradelane.classification.asked import Asked
from tradelane.classification.facets import Facets
from tradelane.kit import vectors

SHORTEST, SHORTEST_PART = 5, 3
CORRECTED = 0.8
"""How much a corrected, parted or joined word counts beside one that was written so."""
FIELD = range(26, 43)
"""Characters of a text whose last word may be cut off."""
LEAST_SHARE = 0.2
"""How frequent a word must be among those that begin so."""
BARE = 0.6
"""How much a word counts that was read from its consonants."""
_LEAST_BARE = 4
_VOWELS = str.maketrans("", "", "aeiou")
_REMEMBERED = 50_000
_MISSING = 3
"""Letters that may be missing at the end of a word."""


class Spelling:
    """Known words, ready to be found from others. known: word to how often it is known."""

    def __init__(self, known: Mapping[str, float], facets: Facets) -> None:
        self._known = known
        self._facets = facets
        self._fixed: dict[str, tuple[str, ...]] = {}
        self._ordered = sorted(word for word in known if word.isascii() and word.isalpha())
        self._words = [word for word in self._ordered if len(word) >= SHORTEST]
        # Hashes of this process instead of the texts: five times as small, and quicker made.
        hashes = [hash(one) for word in self._words for one in (word, *_without_one(word))]
        own = np.repeat(np.arange(len(self._words)), [len(word) + 1 for word in self._words])
        order = np.argsort(np.array(hashes, np.int64), kind="stable")
        self._hashes = np.array(hashes, np.int64)[order]
        self._owners = own[order].astype(np.int32)
        self._bare: dict[str, str] = {}
        for word in self._words:
            bare = word.translate(_VOWELS)
            if bare != word and word[0] == bare[0]:
                self._bare[bare] = max(word, self._bare.get(bare, word), key=self._rank)

    def repair(self, asked: Asked) -> Asked:
        """The description with known words for unknown ones; the same where all are known."""
        instead: dict[str, tuple[str, ...]] = {}
        for word in asked.weights:
            if word not in self._known and (found := self.fix(word)):
                instead[word] = found
        joined = [
            (a + b, a, b)
            for a, b in zip(asked.tokens, asked.tokens[1:], strict=False)
            if a in asked.weights and b in asked.weights and self._known.get(a + b, 0.0) > 0
        ]
        beside = self._beside(asked)
        if not instead and not joined and not beside:
            return asked
        weights = dict(asked.weights)
        naming = asked.naming
        tokens = [new for word in asked.tokens for new in instead.get(word, (word,))]
        for word, found in instead.items():
            for new in found:
                weights[new] = max(weights.get(new, 0.0), CORRECTED * weights[word])
            naming = found[-1] if word == naming else naming
        for word, a, b in joined:
            tokens.append(word)
            weights[word] = max(weights.get(word, 0.0), min(weights[a], weights[b]))
            naming = word if b == naming else naming
        for word, weight in beside:
            tokens.append(word)
            weights[word] = max(weights.get(word, 0.0), weight)
        facets = {**self._facets.find_words(tokens), **asked.facets}
        return replace(asked, tokens=tuple(tokens), weights=weights, naming=naming, facets=facets)

    def _beside(self, asked: Asked) -> list[tuple[str, float]]:
        """Words that stand for others without being all that these may mean."""
        found = []
        for word, weight in asked.weights.items():
            if len(word) >= _LEAST_BARE and (full := self._bare.get(word)):
                found.append((full, BARE * weight))
        last = asked.tokens[-1] if asked.tokens else ""
        if len(asked.text) in FIELD and asked.text.endswith(last) and last in asked.weights:
            found += [(w, CORRECTED * share * asked.weights[last]) for w, share in self.ends(last)]
        return found

    def ends(self, start: str) -> list[tuple[str, float]]:
        """The frequent words that begin so, with how frequent each is among all that do; the
        beginning itself is one of those."""
        if len(start) < SHORTEST_PART or not (start.isascii() and start.isalpha()):
            return []
        at = bisect_left(self._ordered, start)
        end = bisect_left(self._ordered, start + "{", at)  # "{" comes after "z"
        among = self._ordered[at:end]
        total = sum(self._known[word] for word in among)
        shares = ((word, self._known[word] / total) for word in among if word != start)
        return [(word, share) for word, share in shares if share >= LEAST_SHARE]

    def fix(self, word: str) -> tuple[str, ...]:
        """The known words for one that is not, or ()."""
        if word not in self._fixed:
            if len(self._fixed) > _REMEMBERED:
                self._fixed.clear()
            self._fixed[word] = self._find(word)
        return self._fixed[word]

    def _find(self, word: str) -> tuple[str, ...]:
        if len(word) < SHORTEST - 1 or not (word.isascii() and word.isalpha()):
            return ()
        if parted := self._part(word):
            return parted
        if vectors.vector(word) is not None:
            return ()
        near = {other for other in self._near(word) if abs(len(other) - len(word)) <= 1}
        near = {other for other in near if other[0] == word[0]} or near
        best = max(near or self._longer(word), key=self._rank, default="")
        return (best,) if best else ()

    def _near(self, word: str) -> Iterator[str]:
        """Known words that have a letter more, less, or another in one place."""
        asked = np.array([hash(one) for one in (word, *_without_one(word))], np.int64)
        starts = np.searchsorted(self._hashes, asked, side="left").tolist()
        stops = np.searchsorted(self._hashes, asked, side="right").tolist()
        for start, stop in zip(starts, stops, strict=True):
            yield from (self._words[at] for at in self._owners[start:stop].tolist())

    def _longer(self, word: str) -> list[str]:
        """Known words of which this is all but the last letters."""
        at = bisect_right(self._words, word)
        found = takewhile(lambda other: other.startswith(word), islice(self._words, at, None))
        return [other for other in found if len(other) - len(word) <= _MISSING]

    def _part(self, word: str) -> tuple[str, ...]:
        found: tuple[float, tuple[str, str]] | None = None
        for at in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1):
            two = word[:at], word[at:]
            often = min(self._known.get(part, 0.0) for part in two)
            if often >= (2 if min(map(len, two)) > SHORTEST_PART else 6) and (
                found is None or often > found[0]
            ):
                found = often, two
        return found[1] if found else ()

    def _rank(self, word: str) -> tuple[float, str]:
        return self._known[word], word


def _without_one(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1 :] for at in range(len(word)))
