"""Each text is asked about once, until there is more to know; and nobody waits for that."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tradelane.classification.model import Likelihoods
from tradelane.journeys import text_against_code
from tradelane.journeys.text_against_code import NOTHING, TextAgainstCode, Told

ROUTER = Likelihoods((("851762", 0.8), ("847130", 0.1)), (("8517", 0.85), ("8471", 0.1)))


class Classifier:
    """Knows one kind of goods. ``known``: the engine of today; ``made``: the engine that there is;
    making one waits until it may."""

    def __init__(self) -> None:
        self.known = self.made = "first"
        self.may = threading.Event()
        self.may.set()
        self.asked: list[tuple[str, list[str]]] = []

    @property
    def engine(self) -> str:
        self.may.wait(10)
        self.made = self.known
        return self.made

    @property
    def engine_at_hand(self) -> str | None:
        return self.made if self.made == self.known else None

    def likelihoods(
        self, texts: Sequence[str], *, limit: int, engine: str
    ) -> Iterator[Likelihoods | None]:
        self.asked.append((engine, list(texts)))
        return iter([ROUTER if text == "router" else None for text in texts])


@pytest.fixture
def classifier(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(text_against_code, "LOOK_EVERY", 0.0)
    return Classifier()


def test_a_text_that_comes_again_is_asked_about_once(classifier: Any) -> None:
    texts = TextAgainstCode(classifier)
    told = texts.of([("router", "8471300000"), ("  ", "1"), ("router", "851762"), ("gift", "95")])
    assert told == [Told(0.7, "851762"), NOTHING, Told(0.0, ""), NOTHING]
    assert texts.of([("router", "851713"), ("gift", "9503")]) == [Told(0.38, "851762"), NOTHING]
    assert classifier.asked == [("first", ["gift", "router"])]


def test_only_the_latest_texts_are_remembered(
    classifier: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_against_code, "REMEMBERED", 2)
    texts = TextAgainstCode(classifier)
    for text in ("router", "tea", "router", "cup", "router", "tea"):
        texts.of([(text, "847130")])
    assert [asked for _, [asked] in classifier.asked] == ["router", "tea", "cup", "tea"]


def test_a_file_waits_for_what_was_learned_since(classifier: Any) -> None:
    texts = TextAgainstCode(classifier)
    texts.of([("router", "847130")])
    classifier.known = "second"
    texts.of([("router", "847130")])
    assert [engine for engine, _ in classifier.asked] == ["first", "second"]


def test_a_declaration_is_answered_from_what_was_known_until_more_is(classifier: Any) -> None:
    texts = TextAgainstCode(classifier, waits=False)
    texts.prepare()
    classifier.known = "second"
    classifier.may.clear()
    texts.of([("router", "847130")])
    texts.of([("tea", "847130")])
    assert [engine for engine, _ in classifier.asked] == ["first", "first"]
    classifier.may.set()
    assert texts._renewal is not None
    texts._renewal.join(10)
    texts.of([("router", "847130")])
    assert classifier.asked[-1] == ("second", ["router"])
