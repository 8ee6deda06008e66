"""Conditions answer yes, no or ask; what is not told is never a no."""

from __future__ import annotations

import pytest

from tradelane.governance.conditions import Answer, covers, decide, read_condition

CREDIT = {"use": frozenset({"credit"}), "generative": frozenset({"no"})}


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("", "yes"),
        ("use=credit", "yes"),
        ("use=chatbot|credit", "yes"),
        ("use=chatbot", "no"),
        ("not use=chatbot", "yes"),
        ("not use=credit", "no"),
        ("sector=finance", "ask"),
        ("not sector=finance", "ask"),
        ("use=chatbot; sector=finance", "no"),
        ("use=credit; ask", "ask"),
        ("use=chatbot; ask", "no"),
        ("tier=high", "yes"),
        ("tier=low", "no"),
        ("tier=low|high", "yes"),
        ("tier=told", "ask"),
        ("tier=nameless", "ask"),
        ("not tier=high", "no"),
        ("not tier=low", "yes"),
    ],
)
def test_a_condition_is_put_to_a_product(words, answer):
    tiers = {
        "high": read_condition("use=credit"),
        "low": read_condition("use=chatbot"),
        "told": read_condition("use=credit; ask"),
        "nameless": read_condition(""),
    }
    assert decide(read_condition(words), CREDIT, tiers).answer == answer


def test_what_must_be_asked_is_said():
    found = decide(read_condition("sector=finance; customer=private; ask"), CREDIT)
    assert found.answer is Answer.ASK
    assert found.unknown == ("sector", "customer", "trigger")


def test_a_product_of_which_nothing_is_known_is_never_left_out():
    for words in ("use=credit", "not use=credit", "tier=high", "use=credit; ask"):
        assert decide(read_condition(words), {}).answer is Answer.ASK


@pytest.mark.parametrize(
    ("wider", "narrower", "holds"),
    [
        ("", "use=credit", True),
        ("use=credit", "", False),
        ("use=credit|chatbot", "use=credit", True),
        ("not use=credit", "not use=credit|chatbot", True),
        ("use=credit", "use=credit; generative=yes", True),
        ("use=credit; ask", "use=credit", False),
        ("use=credit; ask", "use=credit; ask", True),
        ("generative=yes", "use=credit", False),
    ],
)
def test_one_condition_is_wider_than_another(wider, narrower, holds):
    assert covers(read_condition(wider), read_condition(narrower)) is holds
