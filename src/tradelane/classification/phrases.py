"""Finding many phrases in a description at once, longest first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Generic, TypeVar

from tradelane.classification.words import words

T = TypeVar("T")


class Phrases(Generic[T]):
    """What phrases stand for; a phrase is found as whole words that follow one another.

    >>> found = Phrases([("faux leather", 1), ("leather", 2)])
    >>> found.find(words("a belt of faux leather"))
    [(1, 1, 3)]
    """

    def __init__(self, pairs: Iterable[tuple[str, T]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], T]]] = {}
        for phrase, meaning in pairs:
            parts = tuple(words(phrase, keep_empty=True))
            if parts:
                self._by_first.setdefault(parts[0], []).append((parts, meaning))
        for group in self._by_first.values():
            group.sort(key=lambda pair: -len(pair[0]))

    @property
    def first_words(self) -> Collection[str]:
        """The words that phrases begin with."""
        return self._by_first.keys()

    def find(self, text: Sequence[str]) -> list[tuple[T, int, int]]:
        """Meanings with the places (first word, one past the last) where their phrases stand.

        Where several phrases begin at one word, all of the longest count.
        """
        found: list[tuple[T, int, int]] = []
        at = 0
        while at < len(text):
            group = self._by_first.get(text[at])
            if group is None:
                at += 1
                continue
            longest = 0
            for parts, meaning in group:
                size = len(parts)
                if size < longest:
                    break
                if tuple(text[at : at + size]) == parts:
                    found.append((meaning, at, at + size))
                    longest = size
            at += max(longest, 1)
        return found
