"""The corpus as a whole: everything by its id, and whose rules count for whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tradelane.governance.cases import Case
from tradelane.governance.frameworks import Crosswalk, Framework
from tradelane.governance.model import (
    Domain,
    Entity,
    Facet,
    Instrument,
    Objective,
    Provision,
    Question,
    Source,
)
from tradelane.governance.reading import read
from tradelane.kit import packs
from tradelane.kit.errors import InputRefused, Problem

PACK = "governance"
_KEPT = 4
_known: dict[str, Corpus] = {}
"""What the packs that were read last say, by digest."""


@dataclass(frozen=True)
class Corpus:
    """A pack of the kind ``governance``, read and checked."""

    digest: str
    version: str
    entities: Mapping[str, Entity]
    domains: Mapping[str, Domain]
    objectives: Mapping[str, Objective]
    facets: Mapping[str, Facet]
    sources: Mapping[str, Source]
    instruments: Mapping[str, Instrument]
    provisions: Mapping[str, Provision]
    frameworks: Mapping[str, Framework] = field(default_factory=dict)
    crosswalks: tuple[Crosswalk, ...] = ()
    questions: tuple[Question, ...] = ()
    recognisable: Mapping[str, str] = field(default_factory=dict)
    """Objectives that leave something behind which another economy could recognise, and what."""
    bridging: frozenset[str] = frozenset()
    """Objectives of agreements that make recognition easier."""
    cases: Mapping[str, Case] = field(default_factory=dict)

    @cached_property
    def by_instrument(self) -> Mapping[str, tuple[Provision, ...]]:
        """The provisions of each instrument, in their order."""
        found: dict[str, list[Provision]] = {one: [] for one in self.instruments}
        for provision in self.provisions.values():
            found[provision.instrument].append(provision)
        return {one: tuple(many) for one, many in found.items()}

    @cached_property
    def economies(self) -> tuple[Entity, ...]:
        """The economies, in the order of the pack."""
        return tuple(one for one in self.entities.values() if one.kind == "economy")

    @cached_property
    def reach(self) -> Mapping[str, Mapping[str, str]]:
        """Whose rules count for an entity: itself ("whole"), the places within an economy (their
        own id), the agreements that it is a party to, and for a place its economy."""
        found: dict[str, dict[str, str]] = {one: {one: "whole"} for one in self.entities}
        for one in self.entities.values():
            if one.within:
                found[one.within][one.id] = one.id
            for party in one.parties:
                found[party][one.id] = "whole"
        for one in self.entities.values():
            if one.within:
                own = {k: v for k, v in found[one.within].items() if v == "whole"}
                found[one.id].update(own)
        return found

    @cached_property
    def recorded(self) -> Mapping[str, dt.date]:
        """Since when each instrument is in the corpus: its first version, else first provision."""
        found: dict[str, dt.date] = {}
        for one in self.instruments.values():
            found[one.id] = one.recorded
        for provision in self.provisions.values():
            before = found[provision.instrument]
            if before == dt.date.min or provision.recorded_from < before:
                found[provision.instrument] = provision.recorded_from
        return found

    def get_entity(self, name: str) -> Entity:
        """An entity by its id, in any case; InputRefused ``governance.unknown_entity``."""
        found = self.entities.get(name.strip().upper())
        if found is None:
            raise InputRefused(
                Problem(
                    "governance.unknown_entity",
                    f"{name!r} is not an economy, place, forum or agreement of the corpus.",
                    hint=f"Economies: {', '.join(one.id for one in self.economies)}.",
                )
            )
        return found

    def get_domain(self, name: str) -> Domain:
        """A domain by its id; InputRefused ``governance.unknown_domain``."""
        found = self.domains.get(name.strip().lower())
        if found is None:
            raise InputRefused(
                Problem(
                    "governance.unknown_domain",
                    f"{name!r} is not a domain.",
                    hint=f"One of: {', '.join(self.domains)}.",
                )
            )
        return found

    def get_instrument(self, name: str) -> Instrument:
        """An instrument by its id, in any case; InputRefused ``governance.not_found``."""
        found = self.instruments.get(name.strip().upper())
        if found is None:
            wanted = name.strip().casefold()
            found = next(
                (
                    one
                    for one in self.instruments.values()
                    if wanted in (one.title.casefold(), *(a.casefold() for a in one.aliases))
                ),
                None,
            )
        if found is None:
            raise InputRefused(
                Problem(
                    "governance.not_found",
                    f"{name!r} is not an instrument of the corpus.",
                    hint='Search for it: tradelane governance search "words of its title".',
                )
            )
        return found

    def get_provision(self, name: str) -> Provision:
        """A provision by its id, in any case; InputRefused ``governance.not_found``."""
        found = self.provisions.get(name.strip().upper())
        if found is None:
            raise InputRefused(
                Problem(
                    "governance.not_found",
                    f"{name!r} is not a provision of the corpus.",
                    hint="Ids look like KR-AIBA.012; ask for its instrument.",
                )
            )
        return found


def inspect(pack: str | Path = PACK) -> tuple[Corpus, list[Problem]]:
    """The corpus of a pack (a name, or a folder) with everything that is wrong with it."""
    loaded = packs.load(pack)
    found = read(loaded)
    corpus = Corpus(
        loaded.digest,
        loaded.version,
        found.entities,
        found.domains,
        found.objectives,
        found.facets,
        found.sources,
        found.instruments,
        found.provisions,
        found.frameworks,
        tuple(found.crosswalks),
        tuple(found.questions),
        found.recognisable,
        frozenset(found.bridging),
        found.cases,
    )
    return corpus, found.problems


def load(pack: str | Path = PACK) -> Corpus:
    """The corpus of a pack; InputRefused with every problem if anything is wrong with it."""
    digest = packs.load(pack).digest
    known = _known.get(digest)
    if known is None:
        known, problems = inspect(pack)
        if problems:
            raise InputRefused(problems)
        if len(_known) >= _KEPT:
            _known.clear()
        _known[digest] = known
    return known
