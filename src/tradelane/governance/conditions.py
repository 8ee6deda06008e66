"""Whom a provision catches: conditions over the facts of a product, and what they answer.

``use=chatbot|companion; not established=inside; tier=high; ask`` holds if all its parts do. A part
holds if any of its values is among the product's. ``ask`` stands for what no fact can say: the
provision's trigger puts it into words. What a profile does not state is unknown, so the answer is
"ask", never a silent "no".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

Profile = Mapping[str, frozenset[str]]
"""The facts of a product: a facet's values; a facet that is missing is not known."""

_PART = re.compile(r"(not )?(\w+)=([\w-]+(?:\|[\w-]+)*)")
TIER = "tier"


class Answer(StrEnum):
    """Whether a provision is for a product."""

    YES = "yes"
    NO = "no"
    ASK = "ask"


class Part(NamedTuple):
    """One part of a condition; ``negated`` turns it round."""

    facet: str
    values: frozenset[str]
    negated: bool = False

    def __str__(self) -> str:
        words = f"{self.facet}={'|'.join(sorted(self.values))}"
        return f"not {words}" if self.negated else words

    def implies(self, other: Part) -> bool:
        """Whether every product for which this holds is one for which the other holds."""
        if self.facet != other.facet or self.negated != other.negated:
            return False
        return other.values <= self.values if self.negated else self.values <= other.values


class Condition(NamedTuple):
    """All parts must hold; ``asks``: and somebody must be asked what the trigger says."""

    parts: tuple[Part, ...] = ()
    asks: bool = False

    def __str__(self) -> str:
        return "; ".join([*map(str, self.parts), *(["ask"] if self.asks else [])])

    @property
    def empty(self) -> bool:
        """Whether it holds for every product."""
        return not self.parts and not self.asks


class Verdict(NamedTuple):
    """An answer with what decided it: the part that fails, or what is not known."""

    answer: Answer
    failed: Part | None = None
    unknown: tuple[str, ...] = ()
    """Facets (or tiers, as ``tier=high``) to ask for; ``trigger`` where the words must be asked."""


ALWAYS = Condition()


def read_condition(text: str) -> Condition:
    """A condition from its words; raises ValueError with the part that cannot be read.

    >>> str(read_condition("use=companion|chatbot; not established=inside; ask"))
    'use=chatbot|companion; not established=inside; ask'
    """
    parts: list[Part] = []
    asks = False
    for words in filter(None, (one.strip() for one in text.split(";"))):
        if words == "ask":
            asks = True
            continue
        found = _PART.fullmatch(words)
        if found is None:
            raise ValueError(words)
        parts.append(Part(found[2], frozenset(found[3].split("|")), bool(found[1])))
    return Condition(tuple(parts), asks)


def joined(conditions: Iterable[Condition]) -> Condition:
    """All of them at once."""
    parts: dict[Part, None] = {}
    asks = False
    for one in conditions:
        parts.update(dict.fromkeys(one.parts))
        asks = asks or one.asks
    return Condition(tuple(parts), asks)


def decide(
    condition: Condition, profile: Profile, tiers: Mapping[str, Condition] | None = None
) -> Verdict:
    """Whether a condition holds for a product.

    ``tiers`` are the instrument's own classes with the conditions that lead to them. A part that
    fails decides; else anything that is not known asks.

    >>> chatbot = {"use": frozenset({"chatbot"})}
    >>> decide(read_condition("use=chatbot|companion"), chatbot).answer.value
    'yes'
    >>> decide(read_condition("use=chatbot; generative=yes"), chatbot)[::2]
    (<Answer.ASK: 'ask'>, ('generative',))
    """
    unknown: list[str] = []
    for part in condition.parts:
        answer, asked = (
            _decide_tier(part, profile, tiers or {})
            if part.facet == TIER
            else _decide_part(part, profile)
        )
        if answer is Answer.NO:
            return Verdict(Answer.NO, failed=part)
        unknown.extend(asked)
    if condition.asks:
        unknown.append("trigger")
    if unknown:
        return Verdict(Answer.ASK, unknown=tuple(dict.fromkeys(unknown)))
    return Verdict(Answer.YES)


def covers(wider: Condition, narrower: Condition) -> bool:
    """Whether every product that the narrower condition catches is caught by the wider.

    What must be asked is not known to be wider than anything.

    >>> covers(ALWAYS, read_condition("use=chatbot"))
    True
    >>> covers(read_condition("use=chatbot"), read_condition("use=chatbot|companion"))
    False
    """
    if wider == narrower:
        return True
    if wider.asks:
        return False
    return all(any(mine.implies(part) for mine in narrower.parts) for part in wider.parts)


def _decide_part(part: Part, profile: Profile) -> tuple[Answer, tuple[str, ...]]:
    known = profile.get(part.facet)
    if not known:
        return Answer.ASK, (part.facet,)
    meets = not known.isdisjoint(part.values)
    return (Answer.YES if meets != part.negated else Answer.NO), ()


def _decide_tier(
    part: Part, profile: Profile, tiers: Mapping[str, Condition]
) -> tuple[Answer, tuple[str, ...]]:
    """In one of the tiers: yes if one is certain, no if none can be, else ask which."""
    asked: list[str] = []
    found = Answer.NO
    for name in sorted(part.values):
        condition = tiers.get(name, ALWAYS)
        if condition.empty:  # the instrument has the class, and no facts that lead to it
            verdict = Verdict(Answer.ASK, unknown=(f"{TIER}={name}",))
        else:
            verdict = decide(condition, profile, {})
        if verdict.answer is Answer.YES:
            found = Answer.YES
            break
        if verdict.answer is Answer.ASK:
            found = Answer.ASK
            asked.extend(f"{TIER}={name}" if one == "trigger" else one for one in verdict.unknown)
    if found is Answer.ASK:
        return found, tuple(asked)
    if part.negated:
        found = Answer.NO if found is Answer.YES else Answer.YES
    return found, ()
