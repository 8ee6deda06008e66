"""How much a provision asks: a partial order of demands.

Three things count: how firmly it is asked, how much of the objective, and of which products. One
demand is at least as strict as another only if it is so in all three; where one is firmer and the
other wider neither is stricter. The rules are told in
``docs/explanation/how-economies-are-compared.md``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from tradelane.governance.conditions import Condition, Part, covers, joined
from tradelane.governance.model import Instrument, Mapping, Provision

_BY_MODALITY = frozenset({"duty", "prohibition", "principle"})
_FIRM = frozenset({"must", "must_not"})
_URGED = frozenset({"should", "should_not"})


class Force(IntEnum):
    """How firmly something is asked, from a mere statement to a rule for everybody."""

    STATED = 0
    ALLOWED = 1
    RECOMMENDED = 2
    URGED_BY_LAW = 3
    REQUIRED_OF_PUBLIC_BODIES = 4
    REQUIRED = 5


FORCE_WORDS = {
    Force.STATED: "stated",
    Force.ALLOWED: "left open",
    Force.RECOMMENDED: "recommended",
    Force.URGED_BY_LAW: "urged by law",
    Force.REQUIRED_OF_PUBLIC_BODIES: "required of public bodies",
    Force.REQUIRED: "required",
}


class Extent(IntEnum):
    """How much of an objective is asked for. Two parts may be different parts."""

    AGAINST = 0
    PART = 1
    WHOLE = 2
    MORE = 3


class Demand(NamedTuple):
    """What a provision asks of an objective, without whose it is."""

    force: Force
    extent: Extent
    within: Condition
    wording: str
    """What tells parts from each other; empty where the whole is asked for."""


def force_of(provision: Provision, form: str) -> Force:
    """How firmly it is asked while its instrument is in force.

    Rights, powers, penalties, reliefs and facts hold by what their instrument is, whatever verb
    they use: that an authority "may" fine is no softer than that it "must".
    """
    legal = {"binding": Force.REQUIRED, "binding_public_sector": Force.REQUIRED_OF_PUBLIC_BODIES}
    if provision.kind not in _BY_MODALITY:
        return legal.get(form, Force.STATED)
    if provision.modality in _FIRM:
        return legal.get(form, Force.RECOMMENDED)
    if provision.modality in _URGED:
        return Force.URGED_BY_LAW if form in legal else Force.RECOMMENDED
    return Force.ALLOWED if provision.modality == "may" else Force.STATED


def extent_of(mapping: Mapping) -> Extent:
    """A thin link never counts for more than a part."""
    if mapping.relation == "contradicts":
        return Extent.AGAINST
    if mapping.weak:
        return Extent.PART
    return {"equal": Extent.WHOLE, "superset": Extent.MORE}.get(mapping.relation, Extent.PART)


def scope_of(provision: Provision, instrument: Instrument, reach: str) -> Condition:
    """Which products it is for: its own condition, its instrument's sectors, its place.

    ``reach``: "whole", or the id of the place within the economy where alone it holds.
    """
    found = [resolve(provision.when, instrument)]
    if instrument.approach == "sectoral":
        words = frozenset(instrument.sectors) or frozenset({instrument.id})
        found.append(Condition((Part("sector", words),)))
    if reach != "whole":
        found.append(Condition((Part("place", frozenset({reach})),)))
    return joined(found)


def resolve(condition: Condition, instrument: Instrument) -> Condition:
    """The condition with a single tier replaced by the facts that lead to it.

    Several tiers at once, or one without facts, stay what they are: a class of that instrument.
    """
    tiers = instrument.tier_conditions()
    parts: list[Condition] = []
    for part in condition.parts:
        if part.facet != "tier":
            parts.append(Condition((part,)))
            continue
        only = tiers.get(next(iter(part.values))) if len(part.values) == 1 else None
        if only is not None and not only.empty and not part.negated:
            parts.append(only)
        else:
            parts.append(Condition((part._replace(facet=f"tier of {instrument.id}"),)))
    return joined([*parts, Condition((), condition.asks)])


def at_least(one: Demand, other: Demand) -> bool:
    """Whether one demand is at least as strict as another.

    >>> law = Demand(Force.REQUIRED, Extent.WHOLE, Condition(), "")
    >>> guide = law._replace(force=Force.RECOMMENDED)
    >>> at_least(law, guide), at_least(guide, law), at_least(law, law)
    (True, False, True)
    """
    if one == other:
        return True
    if one.force < other.force or not covers(one.within, other.within):
        return False
    if one.extent >= Extent.WHOLE:
        return one.extent >= other.extent > Extent.AGAINST
    # Two parts are known to be the same part only by their words; a firmer or wider one outweighs.
    more = one.force > other.force or not covers(other.within, one.within)
    return one.extent is other.extent and more
