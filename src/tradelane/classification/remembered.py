"""The words of the examples that were learned from, kept beside what was learned.

Cutting 25,000 texts into words takes over a second, at every start. A text is found again by its
hash, so that what was changed or added since is cut anew; and where one of some texts from all
through them is cut otherwise today, nothing of it counts.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from sys import intern

import numpy as np
from numpy.typing import NDArray

from tradelane.classification.words import words

FILE = "words.npz"
CHECKED = 50
"""Texts that are cut again to see that words are still what they were."""


@dataclass(frozen=True)
class Remembered:
    """Texts by their hash, in the order in which they were learned.

    vocabulary: every word once; word: the numbers of the texts' words, one text after the other;
    ends: where each text's end, from 0 on.
    """

    texts: NDArray[np.uint64]
    vocabulary: tuple[str, ...]
    word: NDArray[np.int32]
    ends: NDArray[np.int64]

    def dump(self) -> dict[str, bytes]:
        """As a file."""
        buffer = io.BytesIO()
        joined = np.frombuffer("\n".join(self.vocabulary).encode(), np.uint8)
        np.savez(buffer, texts=self.texts, vocabulary=joined, word=self.word, ends=self.ends)
        return {FILE: buffer.getvalue()}


def restore(files: Mapping[str, bytes]) -> Remembered | None:
    """Take back what `Remembered.dump` gave; None where that was not kept."""
    if FILE not in files:
        return None
    with np.load(io.BytesIO(files[FILE])) as held:
        joined = held["vocabulary"].tobytes().decode()
        vocabulary = tuple(joined.split("\n")) if joined else ()
        return Remembered(held["texts"], vocabulary, held["word"], held["ends"])


def remember(cut: Iterable[tuple[str, tuple[str, ...]]]) -> Remembered:
    """Texts with their words."""
    vocabulary: dict[str, int] = {}
    texts: list[int] = []
    word: list[int] = []
    ends = [0]
    for text, parts in cut:
        texts.append(_hash(text))
        word += [vocabulary.setdefault(part, len(vocabulary)) for part in parts]
        ends.append(len(word))
    return Remembered(
        np.array(texts, np.uint64),
        tuple(vocabulary),
        np.array(word, np.int32),
        np.array(ends, np.int64),
    )


def cut_all(texts: Iterable[str], remembered: Remembered | None) -> Iterator[tuple[str, ...]]:
    """The words of every text: those that are remembered, else cut anew."""
    if remembered is None:
        for text in texts:
            yield tuple(map(intern, words(text)))
        return
    texts = list(texts)
    held = dict(zip(remembered.texts.tolist(), _parts(remembered), strict=True))
    hashes = [_hash(text) for text in texts]
    again = [(text, one) for text, one in zip(texts, hashes, strict=True) if one in held]
    some = again[:: max(1, len(again) // CHECKED)]
    if any(held[one] != tuple(words(text)) for text, one in some):
        held = {}
    for text, one in zip(texts, hashes, strict=True):
        found = held.get(one)
        yield tuple(map(intern, words(text))) if found is None else found


def _parts(remembered: Remembered) -> Iterator[tuple[str, ...]]:
    vocabulary = list(map(intern, remembered.vocabulary))
    named = [vocabulary[at] for at in remembered.word.tolist()]
    ends = remembered.ends.tolist()
    return (tuple(named[a:b]) for a, b in pairwise(ends))


def _hash(text: str) -> int:
    data = text.encode(errors="surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little")
