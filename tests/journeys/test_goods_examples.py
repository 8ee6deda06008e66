"""When another code is said to fit better, which examples contradict each other, files of them."""

from __future__ import annotations

import pytest

from tradelane.classification.model import Example, Ranked, Suggestion
from tradelane.journeys.goods_examples import MOST_BYTES, conflicts, fit, read_file, text_key
from tradelane.kit.errors import InputRefused


def _router(probability: float) -> Suggestion:
    path = (("85", ""), ("8517", "Wireless"))
    one = Ranked("851762", "subheading", probability, "Machines, wireless", path)
    return Suggestion("wireless router", "code", (one,))


def test_only_what_is_sure_enough_is_said() -> None:
    assert fit(_router(0.69), "847130") is None
    assert fit(Suggestion("gift", "too_generic"), "847130") is None
    found = fit(_router(0.9), "847130")
    assert found is not None
    assert found.sentence.endswith("better, because: its wording has: wireless.")
    lead = Ranked("851762", "subheading", 0.44, "Machines", reasons=("“router” usually means it.",))
    heading = Ranked("8517", "heading", 0.83, "Telephone sets")
    told = fit(Suggestion("router", "heading", (lead,), (heading,)), "8471300000")
    assert told is not None
    assert told.sentence == (
        "Declared 8471.30; the description fits 8517 better (first of all 8517.62), "
        "because: “router” usually means it."
    )
    assert text_key("Wireless routers") == text_key("wireless router")


def test_a_declared_code_that_is_possible_is_not_doubted() -> None:
    declared = Ranked("847130", "subheading", 0.2, "Machines")
    sure = _router(0.75)
    both = Suggestion(sure.text, "code", (*sure.ranked, declared))
    assert fit(both, "8471300000") is None
    assert fit(_router(0.75), "851762") is None


def test_a_heading_and_its_subheading_are_no_conflict_nor_is_what_was_revoked() -> None:
    made = [
        Example(1, "a", "whistle", "9503"),
        Example(2, "a", "Whistle", "95030000"),
        Example(3, "a", "whistle", "920590", "", "2020-01-01"),
    ]
    assert conflicts(made) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Choose a file first"),
        (b"text,code\n", "no examples"),
        (b"x" * (MOST_BYTES + 1), "larger than 12 MB"),
    ],
)
def test_a_file_that_holds_no_examples_says_why(data: bytes, said: str) -> None:
    with pytest.raises(InputRefused, match=said) as raised:
        read_file(data)
    assert raised.value.problems[0].pointer == "/file"
