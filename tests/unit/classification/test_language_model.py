"""What a language model of the operator's own may change: little, and marked."""

from __future__ import annotations

import pytest

from tradelane.classification.language_model import from_environment, reordered, worded
from tradelane.classification.model import Evidence, Question, Ranked
from tradelane.kit.errors import InputRefused

PREFIX = "TRADELANE_LANGUAGE_MODEL_"


def ranked(code: str, probability: float, *kinds: str) -> Ranked:
    evidence = tuple(Evidence(kind, "text", "source", "place", code) for kind in kinds)
    return Ranked(code, "subheading", probability, "wording", evidence=evidence)


def order_of(found: tuple[Ranked, ...]) -> list[str]:
    return [one.code for one in found]


def test_candidates_that_evidence_does_not_tell_apart_are_ordered() -> None:
    found, moved = reordered(
        [ranked("610910", 0.30, "wording"), ranked("610990", 0.28, "wording")],
        ["610990", "610910"],
    )
    assert order_of(found) == ["610990", "610910"]
    assert moved == ("610990",)
    assert [one.probability for one in found] == [0.28, 0.30], "no probability changes"


@pytest.mark.parametrize("kind", ["term", "example"])
def test_it_never_outranks_evidence(kind: str) -> None:
    given = [ranked("610910", 0.30, kind), ranked("610990", 0.30, "wording")]
    found, moved = reordered(given, ["610990", "610910"])
    assert (order_of(found), moved) == (["610910", "610990"], ())


def test_it_never_outranks_what_is_clearly_likelier() -> None:
    given = [ranked("610910", 0.40, "term"), ranked("610990", 0.30, "example")]
    assert order_of(reordered(given, ["610990", "610910"])[0]) == ["610910", "610990"]


@pytest.mark.parametrize(
    "order",
    [[], ["999999"], ["610990"], [None, 7, {}], ["610910", "610990", "610910"], ["x"] * 1000],
)
def test_nonsense_changes_nothing_and_adds_no_code(order: list[object]) -> None:
    given = (ranked("610910", 0.30, "wording"), ranked("610990", 0.30, "wording"))
    assert reordered(given, order) == (given, ())


@pytest.mark.parametrize(
    "said",
    [
        None,
        7,
        "",
        "The code is 6109.10.",
        "a" * 300 + "?",
        "See http://evil.example/?",
        "<b>Knitted?</b> ok?",
    ],
)
def test_words_that_are_no_plain_question_are_not_taken(said: object) -> None:
    question = Question("Knitted or woven?", "made", (("knitted", "knitted"),), 0.5)
    assert worded(question, said) is question
    assert worded(None, "Knitted?") is None


def test_a_worded_question_keeps_its_options() -> None:
    question = Question("Knitted or woven?", "made", (("knitted", "knitted"),), 0.5)
    found = worded(question, "Is the shirt\nknitted\u202e?")
    assert found is not None
    assert found.text == "Is the shirt knitted?"
    assert (found.facet, found.options) == (question.facet, question.options)


def test_it_is_off_unless_an_address_is_set() -> None:
    assert from_environment({}) is None
    assert from_environment({f"{PREFIX}NAME": "m"}) is None


@pytest.mark.parametrize(
    "settings",
    [
        {"URL": "ftp://here/v1", "NAME": "m"},
        {"URL": "http://", "NAME": "m"},
        {"URL": "http://[::1", "NAME": "m"},
        {"URL": "http://here:99999999/v1", "NAME": "m"},
        {"URL": "http://user:word@here/v1", "NAME": "m"},
        {"URL": "http://here/v1?key=1", "NAME": "m"},
        {"URL": "http://here/v1"},
        {"URL": "http://here/v1", "NAME": "m", "KEY": "secret"},
        {"URL": "http://here/v1", "NAME": "m", "SECONDS": "soon"},
        {"URL": "http://here/v1", "NAME": "m", "SECONDS": "nan"},
        {"URL": "http://here/v1", "NAME": "m", "SECONDS": "3600"},
    ],
)
def test_bad_settings_are_refused_and_a_key_is_never_shown(settings: dict[str, str]) -> None:
    with pytest.raises(InputRefused) as caught:
        from_environment({PREFIX + name: value for name, value in settings.items()})
    assert caught.value.problems[0].code == "classification.language_model"
    assert "secret" not in str(caught.value)


def test_good_settings_make_one() -> None:
    found = from_environment({f"{PREFIX}URL": "https://here/v1/", f"{PREFIX}NAME": "m"})
    assert found is not None
    assert found.name == "m"
