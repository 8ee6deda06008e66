"""Reads who makes rules, the domains, the objectives and the facts of a product."""

from __future__ import annotations

from typing import Any

from tradelane.governance.model import Domain, Entity, Facet, Objective
from tradelane.governance.reading.gathered import Gathered
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import Pack

_GROUPS = {"economies": "economy", "places": "place", "forums": "forum", "agreements": "agreement"}


def read_vocabularies(pack: Pack, gathered: Gathered) -> None:
    """Without these nothing else can be read: InputRefused ``governance.vocabulary``."""
    try:
        _read(pack, gathered)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputRefused(
            Problem(
                "governance.vocabulary",
                f"A vocabulary of the pack {pack.id!r} is not as it should be: {error}.",
                hint="See docs/reference/governance.md for entities, domains, objectives, facets.",
            )
        ) from None


def _read(pack: Pack, gathered: Gathered) -> None:
    groups: dict[str, Any] = pack.yaml("entities.yaml")
    for group, kind in _GROUPS.items():
        for one in groups.get(group) or ():
            gathered.entities[one["id"]] = Entity(
                one["id"],
                kind,
                one["name"],
                one.get("short", ""),
                one.get("within", ""),
                one.get("number"),
                tuple(one.get("parties", ())),
            )
    for one in pack.yaml("domains.yaml")["domains"]:
        gathered.domains[one["id"]] = Domain(
            one["id"],
            one["title"],
            bool(one.get("core")),
            one.get("covers", ""),
            tuple(one.get("typical", ())),
        )
    for one in pack.yaml("objectives.yaml")["objectives"]:
        gathered.objectives[one["id"]] = Objective(one["id"], one["domain"], one["statement"])
    facets: dict[str, Any] = pack.yaml("facets.yaml")["facets"]
    for name, one in facets.items():
        gathered.facets[name] = Facet(name, one["title"], bool(one["many"]), one["values"])
    if pack.has("recognition.yaml"):
        content: dict[str, Any] = pack.yaml("recognition.yaml")
        gathered.recognisable = dict(content["recognisable"])
        gathered.bridging = list(content["bridging"])
    for name in (*gathered.recognisable, *gathered.bridging):
        _ = gathered.objectives[name]
    for entity in gathered.entities.values():
        for named in (*entity.parties, *([entity.within] if entity.within else [])):
            _ = gathered.entities[named]
    for objective in gathered.objectives.values():
        _ = gathered.domains[objective.domain]
