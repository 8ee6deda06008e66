"""Checks conditions against the facts and tiers that there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tradelane.governance.conditions import TIER, Condition
from tradelane.governance.model import Facet


def unknown_words(condition: Condition, facets: Mapping[str, Facet], tiers: Collection[str]) -> str:
    """The first part that names a fact, value or tier that is not there, else ''."""
    for part in condition.parts:
        known: Collection[str] = (
            tiers
            if part.facet == TIER
            else facets[part.facet].values
            if part.facet in facets
            else ()
        )
        if not part.values <= set(known):
            return str(part)
    return ""
