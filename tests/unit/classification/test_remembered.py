"""Words of learned examples that are kept: taken back as they were, and not where they are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tradelane.classification import remembered
from tradelane.classification.remembered import Remembered, cut_all, remember
from tradelane.classification.words import words

TEXTS = [
    "Men's T-shirts, of cotton",
    "棉制T恤",
    "used clothing",
    "!!!",
    "T-shirts of cotton, cotton",
]


@pytest.fixture
def kept() -> Remembered:
    found = remember((text, tuple(words(text))) for text in TEXTS)
    back = remembered.restore(found.dump())
    assert back is not None
    assert back.dump() == found.dump(), "equal words give equal bytes"
    return back


def test_texts_have_the_words_that_they_had(kept: Remembered) -> None:
    assert list(cut_all(TEXTS, kept)) == [tuple(words(text)) for text in TEXTS]


def test_what_is_remembered_is_not_cut_again(
    kept: Remembered, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut: list[str] = []
    monkeypatch.setattr(remembered, "CHECKED", 1)

    def counting(text: str) -> list[str]:
        cut.append(text)
        return words(text)

    monkeypatch.setattr(remembered, "words", counting)
    list(cut_all([*TEXTS, "one more"], kept))
    assert cut == [TEXTS[0], "one more"]


def test_changed_and_new_texts_are_cut_anew_in_any_order(kept: Remembered) -> None:
    asked = ["women's trousers", *reversed(TEXTS[1:]), "Men's T-shirts, of wool"]
    assert list(cut_all(asked, kept)) == [tuple(words(text)) for text in asked]


def test_words_of_another_version_count_nothing(kept: Remembered) -> None:
    other = replace(kept, vocabulary=tuple(word.upper() for word in kept.vocabulary))
    assert list(cut_all(TEXTS, other)) == [tuple(words(text)) for text in TEXTS]


def test_a_model_that_kept_no_words_says_so() -> None:
    assert remembered.restore({}) is None
    nothing = remembered.restore(remember([]).dump())
    assert nothing is not None
    assert list(cut_all(TEXTS, nothing)) == [tuple(words(text)) for text in TEXTS]
