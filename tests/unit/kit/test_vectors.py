"""Word vectors: found by any of a word's forms, the same one by one and together."""

from __future__ import annotations

import numpy as np
import pytest

from tradelane.kit import vectors

pytestmark = pytest.mark.skipif(not vectors.available(), reason="the package is not installed")
WORDS = ["shoe", "fibre", "zzqxv", "tea", "jewellery", "battery", "棉制"]


def test_words_together_have_the_vectors_that_they_have_alone() -> None:
    kept, rows = vectors.table(WORDS)
    assert kept == ["shoe", "fibre", "tea", "jewellery", "battery"]
    assert rows.shape == (5, vectors.SIZE)
    for word, row in zip(kept, rows, strict=True):
        one = vectors.vector(word)
        assert one is not None
        assert (one == row).all()
        assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
    assert vectors.vector("zzqxv") is None


def test_a_word_has_the_vector_of_its_most_frequent_form_in_either_spelling() -> None:
    _kept, (ours, theirs) = vectors.table(["colour", "color"])
    assert (ours == theirs).all(), "color is the more frequent of the two"
    _kept, (tea, coffee, iron) = vectors.table(["tea", "coffee", "iron"])
    assert tea @ coffee > tea @ iron, "what is alike lies together"


def test_no_words_have_no_vectors() -> None:
    kept, rows = vectors.table([])
    assert (kept, rows.shape) == ([], (0, vectors.SIZE))
