"""What a provision does to whom it concerns: it asks, forbids, grants, eases, threatens, empowers.

The verb alone does not say it: that an authority "may" fine is no permission to anybody else, and
a fine that a binding law knows is not something to be done.
"""

from __future__ import annotations

from enum import StrEnum

from tradelane.governance.model import Provision
from tradelane.governance.strictness import FORCE_WORDS, Force


class Effect(StrEnum):
    """In the order in which somebody who must obey wants to read them."""

    DO = "do"
    AVOID = "avoid"
    RIGHT = "right"
    RELIEF = "relief"
    PENALTY = "penalty"
    POWER = "power"
    CLASS = "class"


EFFECT_WORDS = {
    Effect.DO: "what to do",
    Effect.AVOID: "what not to do",
    Effect.RIGHT: "rights of people",
    Effect.RELIEF: "what is allowed or eased",
    Effect.PENALTY: "what a breach can cost",
    Effect.POWER: "what authorities can do",
    Effect.CLASS: "what the product counts as",
}
"""The headings of groups of provisions."""

ASKED = (Effect.DO, Effect.AVOID, Effect.RIGHT)
"""What somebody has to do, leave or grant; the others follow from it or make it easier."""

_ONE = {
    Effect.RIGHT: "right",
    Effect.RELIEF: "relief",
    Effect.PENALTY: "penalty",
    Effect.POWER: "power",
    Effect.CLASS: "class",
}
_OF_KIND = {
    "prohibition": Effect.AVOID,
    "right": Effect.RIGHT,
    "relief": Effect.RELIEF,
    "penalty": Effect.PENALTY,
    "power": Effect.POWER,
    "fact": Effect.CLASS,
    "definition": Effect.CLASS,
}


def effect_of(provision: Provision) -> Effect:
    """Its kind, and for duties and principles the verb."""
    if provision.kind in _OF_KIND:
        return _OF_KIND[provision.kind]
    if provision.modality in ("must_not", "should_not"):
        return Effect.AVOID
    return Effect.RELIEF if provision.modality == "may" else Effect.DO


def effect_word(effect: Effect, force: Force) -> str:
    """How firmly it is asked; for what asks nothing of the trader, what it is instead.

    >>> effect_word(Effect.DO, Force.REQUIRED), effect_word(Effect.PENALTY, Force.REQUIRED)
    ('required', 'penalty')
    """
    return _ONE.get(effect) or FORCE_WORDS[force]
