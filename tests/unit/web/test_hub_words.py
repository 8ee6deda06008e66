"""The hub has a word for everything that the corpus may say, and a shape for every verdict."""

from __future__ import annotations

import datetime as dt

import pytest

from tradelane.governance import vocabulary
from tradelane.governance.changes import Change, ChangeKind
from tradelane.governance.comparing import Kind
from tradelane.governance.corpus import Corpus, load
from tradelane.governance.differences import FIELDS
from tradelane.governance.effects import Effect
from tradelane.governance.model import Standing
from tradelane.governance.strictness import FORCE_WORDS
from tradelane.web.hub_pictures import PLACES, SHAPES, STATUS, VERDICTS
from tradelane.web.hub_words import FACTS, GROUPS, MARKS_TOLD, WORDS, Speaker
from tradelane.web.routes.hub import gathered
from tradelane.web.translation import translator


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load()


def test_every_word_of_the_vocabulary_has_one_here(corpus: Corpus) -> None:
    values = {
        *vocabulary.ORIGINS,
        *vocabulary.FORMS,
        *vocabulary.APPROACHES,
        *vocabulary.AUTHORITY_KINDS,
        "yes",
        "no",
    }
    for group, known in {
        "verdict": set(map(str, Kind)),
        "force": set(STATUS),
        "effect": set(map(str, Effect)),
        "standing": set(map(str, Standing)),
        "state": set(vocabulary.STATES),
        "mark": set(vocabulary.MARKS),
        "type": set(vocabulary.TYPES),
        "kind": set(vocabulary.KINDS),
        "modality": set(vocabulary.MODALITIES),
        "actor": set(vocabulary.ACTORS),
        "relation": set(vocabulary.RELATIONS),
        "source": set(vocabulary.SOURCE_KINDS),
        "rights": set(vocabulary.RIGHTS),
        "five": set(FIELDS),
        "value": values,
        "domain": set(corpus.domains),
        "entity": {one.kind for one in corpus.entities.values()},
    }.items():
        assert set(WORDS[group]) == known, group
    assert set(MARKS_TOLD) == set(vocabulary.MARKS)


def test_every_fact_of_a_product_is_asked_once_with_all_its_values(corpus: Corpus) -> None:
    assert {name: set(values) for name, (_, values) in FACTS.items()} == {
        one.id: set(one.values) for one in corpus.facets.values()
    }
    asked = [facet for _, facets in GROUPS for facet in facets]
    assert sorted(asked) == sorted(corpus.facets)


def test_whatever_has_a_colour_has_a_shape() -> None:
    assert set(FORCE_WORDS.values()) <= set(STATUS)
    assert set(VERDICTS) == set(map(str, Kind))
    assert {shape for shape, _ in (*STATUS.values(), *VERDICTS.values())} == set(SHAPES)
    assert len({shape for shape, _ in VERDICTS.values()}) == len(VERDICTS)


def test_every_economy_has_a_tile_of_its_own(corpus: Corpus) -> None:
    assert set(PLACES) == {one.id for one in corpus.economies}
    assert len(set(PLACES.values())) == len(PLACES)


def test_provisions_of_an_instrument_that_begin_on_a_day_are_one_change() -> None:
    day = dt.date(2026, 3, 1)
    found = [
        Change(day, "2026-03-01", ChangeKind.BEGINS, "A", "", ("A.1",), "primary"),
        Change(day, "2026-03-01", ChangeKind.STATE, "A", "in_force", (), "primary"),
        Change(day, "2026-03-01", ChangeKind.BEGINS, "A", "", ("A.2",), "not_verified"),
        Change(day, "2026-03-01", ChangeKind.BEGINS, "B", "", ("B.1",), "primary"),
    ]
    shown = [(one.kind, one.provisions, one.mark) for one in gathered(found)]
    assert shown == [
        (ChangeKind.BEGINS, ("A.1", "A.2"), "not_verified"),
        (ChangeKind.STATE, (), "primary"),
        (ChangeKind.BEGINS, ("B.1",), "primary"),
    ]


def test_a_question_is_not_repeated_before_the_value_that_answers_it(corpus: Corpus) -> None:
    say = Speaker(translator("en"), corpus)
    one = corpus.provisions["KR-AIBA.055"]
    told = say.condition(one.when, corpus.instruments[one.instrument])
    assert told == ["it generates content"]
