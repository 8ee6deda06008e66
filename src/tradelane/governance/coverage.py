"""How much the corpus has, as it is: counts, marks, locators, and cells with nothing in them."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from tradelane.governance.corpus import Corpus
from tradelane.governance.model import Entity, Provision


class Row(NamedTuple):
    """What the corpus has of one entity; ``empty``: an economy's core domains without a provision.

    Shares are of provisions: ``primary`` read in the text, ``located`` of the binding ones.
    """

    entity: Entity
    instruments: int
    provisions: int
    none_found: int
    binding: int
    located: int
    primary: int
    secondary: int
    not_verified: int
    with_objective: int
    conflicts: int
    empty: tuple[str, ...]


def coverage(corpus: Corpus) -> tuple[Row, ...]:
    """One row for each entity that has something, and for every economy and forum with a number."""
    of: dict[str, list[Provision]] = {name: [] for name in corpus.entities}
    instruments: Counter[str] = Counter()
    conflicts: Counter[str] = Counter()
    for one in corpus.instruments.values():
        for name in one.entities:
            if one.type != "none":
                instruments[name] += 1
            conflicts[name] += len(one.conflicts)
            of[name].extend(corpus.by_instrument[one.id])
    core = [one.id for one in corpus.domains.values() if one.core]
    return tuple(
        _row(
            entity,
            of[entity.id],
            corpus,
            core if entity.kind == "economy" else [],
            instruments,
            conflicts,
        )
        for entity in corpus.entities.values()
        if of[entity.id] or entity.kind == "economy" or entity.number
    )


def total(corpus: Corpus) -> Row:
    """The same of the whole corpus, each provision counted once."""
    everything = Entity("", "all", "All")
    found = list(corpus.provisions.values())
    instruments = Counter({"": sum(one.type != "none" for one in corpus.instruments.values())})
    conflicts = Counter({"": sum(len(one.conflicts) for one in corpus.instruments.values())})
    empty = sum(len(row.empty) for row in coverage(corpus))
    row = _row(everything, found, corpus, [], instruments, conflicts)
    return row._replace(empty=("",) * empty)


def _row(
    entity: Entity,
    provisions: list[Provision],
    corpus: Corpus,
    core: list[str],
    instruments: Counter[str],
    conflicts: Counter[str],
) -> Row:
    marks = Counter(one.mark for one in provisions)
    real = [one for one in provisions if not one.is_search]
    binding = [one for one in real if corpus.instruments[one.instrument].form != "non_binding"]
    seen = {one.domain for one in provisions}
    return Row(
        entity,
        instruments[entity.id],
        len(provisions),
        len(provisions) - len(real),
        len(binding),
        sum(bool(one.locator) for one in binding),
        marks["primary"],
        marks["secondary"],
        marks["not_verified"],
        sum(bool(one.objectives) for one in real),
        conflicts[entity.id],
        tuple(name for name in core if name not in seen),
    )
