"""An interoperability brief for a set of economies: what they share, where they differ, what could
be recognised between them, and what nobody has verified. The same corpus gives the same brief."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from tradelane.governance.comparing import Comparer, Kind, OnObjective
from tradelane.governance.corpus import Corpus
from tradelane.governance.differences import Difference, differences
from tradelane.governance.model import Conflict
from tradelane.governance.strictness import Force

_HARD = (Force.URGED_BY_LAW, Force.REQUIRED_OF_PUBLIC_BODIES, Force.REQUIRED)


class Standpoint(NamedTuple):
    """What one economy asks on an objective, with the provisions that decide."""

    entity: str
    force: Force | None
    provisions: tuple[str, ...]
    unsure: tuple[str, ...]


class Topic(NamedTuple):
    """An objective with everybody's standpoint, and the verdicts between them."""

    objective: str
    domain: str
    verdicts: tuple[str, ...]
    sides: tuple[Standpoint, ...]
    mark: str

    @property
    def same(self) -> bool:
        """Whether all ask for the same."""
        return set(self.verdicts) == {Kind.SAME}


class Candidate(NamedTuple):
    """Something that one economy could accept from another. ``why``: reasons, in sentences."""

    objective: str
    what: str
    why: tuple[str, ...]
    hindrances: tuple[str, ...]
    sides: tuple[Standpoint, ...]


class Unknown(NamedTuple):
    """Something that cannot be said yet, with whom it concerns."""

    domain: str
    objective: str
    entities: tuple[str, ...]
    why: str


class Disagreement(NamedTuple):
    """Sources that contradict each other about an instrument of one of the economies."""

    instrument: str
    conflict: Conflict


class Brief(NamedTuple):
    """``core``: asked by all; ``differences``: the most weighty first."""

    entities: tuple[str, ...]
    as_of: dt.date
    known_at: dt.date | None
    core: tuple[Topic, ...]
    differences: tuple[Topic, ...]
    candidates: tuple[Candidate, ...]
    unknowns: tuple[Unknown, ...]
    disagreements: tuple[Disagreement, ...]
    five: tuple[Difference, ...]


def write_brief(comparer: Comparer, entities: list[str]) -> Brief:
    """The brief for two or more entities on the comparer's day."""
    names = sorted(entities)
    corpus = comparer.corpus
    topics = [
        topic
        for objective in corpus.objectives.values()
        if (topic := _topic(comparer, names, objective.id, objective.domain)) is not None
    ]
    core = [one for one in topics if all(side.provisions for side in one.sides)]
    weighty = [one for one in topics if _weight(one)]
    return Brief(
        tuple(names),
        comparer.day.as_of,
        comparer.day.known_at,
        tuple(sorted(core, key=lambda one: not one.same)),
        tuple(sorted(weighty, key=lambda one: -_weight(one))),
        tuple(_candidates(comparer, names, core)),
        tuple(_unknowns(comparer, names, topics)),
        tuple(_disagreements(comparer, names)),
        differences(comparer.day, names),
    )


def _topic(comparer: Comparer, names: list[str], objective: str, domain: str) -> Topic | None:
    subject = comparer.demands.subject(objective)
    if all(comparer.positions(name).on(subject).empty for name in names):
        return None
    found: list[OnObjective] = []
    for at, one in enumerate(names):
        found.extend(comparer.on(one, other, objective) for other in names[at + 1 :])
    sides: dict[str, Standpoint] = {}
    for verdict in (one.verdict for one in found):
        for side in verdict.sides:
            sides[side.entity] = Standpoint(side.entity, side.force, side.provisions, side.unsure)
    marks = {one.verdict.mark for one in found}
    mark = next(m for m in ("not_verified", "secondary", "primary") if m in marks)
    return Topic(
        objective,
        domain,
        tuple(str(one.verdict.kind) for one in found),
        tuple(sides[name] for name in names),
        mark,
    )


def _weight(topic: Topic) -> int:
    """How much a difference matters: contradiction, then law against nothing, then law against
    advice; 0 where nothing is known to differ in law."""
    kinds = set(topic.verdicts)
    forces = [side.force for side in topic.sides]
    hard = sum(force in _HARD for force in forces)
    if Kind.CONFLICTING in kinds:
        return 4
    if not hard or not kinds & {Kind.STRICTER, Kind.DIFFERENT, Kind.SILENT}:
        return 0
    if None in forces:
        return 3
    return 2 if hard < len(forces) else 1


def _candidates(comparer: Comparer, names: list[str], core: list[Topic]) -> Iterator[Candidate]:
    corpus = comparer.corpus
    bridges = list(_bridges(comparer, names))
    for topic in core:
        what = corpus.recognisable.get(topic.objective)
        if what is None:
            continue
        why = ["Both ask for it" if len(names) == 2 else f"All {len(names)} ask for it"]
        if topic.same:
            why.append("and for the same")
        firm = [side.entity for side in topic.sides if side.force in _HARD]
        if firm:
            why.append(f"by law in {_list(firm, corpus)}")
        reasons = [", ".join(why) + "."]
        shared = sorted(
            {c.framework for c in corpus.crosswalks if c.mapping.objective == topic.objective}
        )
        if shared:
            titles = [corpus.frameworks[name].title for name in shared]
            reasons.append(f"Frameworks that name it: {'; '.join(titles)}.")
        hindrances = []
        if Kind.CONFLICTING in topic.verdicts:
            hindrances.append("What they ask for is in conflict.")
        elif not topic.same:
            hindrances.append("They do not ask for the same: compare extent and scope first.")
        if topic.mark != "primary":
            hindrances.append("Not all of it was read in the texts themselves.")
        yield Candidate(topic.objective, what, (*reasons, *bridges), tuple(hindrances), topic.sides)


def _bridges(comparer: Comparer, names: list[str]) -> Iterator[str]:
    """Agreements between all of them that speak of recognition or interoperability."""
    corpus = comparer.corpus
    index = comparer.day.index
    for entity in corpus.entities.values():
        if entity.kind != "agreement" or not set(names) <= set(entity.parties):
            continue
        members = index.members[entity.id].at
        found = [
            index.provisions[at].id
            for at in members[comparer.day.asks[members]].tolist()
            if any(m.objective in corpus.bridging for m in index.provisions[at].objectives)
        ]
        if found:
            yield f"All are parties to {entity.name} ({', '.join(found)})."


def _unknowns(comparer: Comparer, names: list[str], topics: list[Topic]) -> Iterator[Unknown]:
    for domain in comparer.comparable:
        blind = tuple(name for name in names if not comparer.saw(name, domain))
        if blind:
            yield Unknown(domain, "", blind, "The corpus has nothing verified in this domain.")
    for topic in topics:
        unsure = tuple(side.entity for side in topic.sides if side.unsure)
        if unsure:
            yield Unknown(
                topic.domain,
                topic.objective,
                unsure,
                "Provisions that would matter are not verified, or their dates are not known.",
            )


def _disagreements(comparer: Comparer, names: list[str]) -> Iterator[Disagreement]:
    corpus = comparer.corpus
    reach = {one for name in names for one in corpus.reach[name]}
    for instrument in corpus.instruments.values():
        if not reach.isdisjoint(instrument.entities):
            for conflict in instrument.conflicts:
                yield Disagreement(instrument.id, conflict)


def _list(names: list[str], corpus: Corpus) -> str:
    return ", ".join(corpus.entities[name].called for name in names)
