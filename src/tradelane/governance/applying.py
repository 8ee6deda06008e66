"""What applies to a product where: yes, no, or what must be asked first.

Two things follow from a provision's place though its condition may not say so: a rule for public
bodies is for products that they use, and where there is no condition a rule of one sector is for
products of that sector. A duty of somebody else in the chain (who uses the product, who hosts it)
is shown as theirs, not left out: who sells must know what the buyer has to do with it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from tradelane.governance.conditions import Answer, Condition, Part, Profile, decide, joined
from tradelane.governance.corpus import Corpus
from tradelane.governance.day import Day
from tradelane.governance.effects import ASKED, Effect, effect_of
from tradelane.governance.model import Instrument, Provision, Standing
from tradelane.governance.strictness import Force, force_of
from tradelane.governance.vocabulary import ASKING, OFFICIALS


class Caught(NamedTuple):
    """A provision and whether it is for the product.

    ``place``: where alone it holds, "" for the whole economy; ``because``: the part of the
    condition that fails; ``unknown``: facts to ask for; ``begins``: the day from which it will
    hold, if it does not yet; ``yours``: whether it falls on whom the profile describes.
    """

    provision: str
    answer: Answer
    effect: Effect
    force: Force
    place: str = ""
    because: str = ""
    unknown: tuple[str, ...] = ()
    begins: dt.date | None = None
    yours: bool = True


class InEconomy(NamedTuple):
    """What one economy asks of the product; ``looked``: where nothing was found."""

    economy: str
    applies: tuple[Caught, ...]
    asks: tuple[Caught, ...]
    nots: tuple[Caught, ...]
    coming: tuple[Caught, ...]
    looked: tuple[str, ...]

    @property
    def asked(self) -> int:
        """How many that apply ask, forbid or grant something."""
        return sum(caught.effect in ASKED for caught in self.applies)

    @property
    def nothing(self) -> bool:
        """Whether no provision was found that applies or might."""
        return not self.applies and not self.asks


class Shared(NamedTuple):
    """An objective that every chosen economy asks of the product, with the provisions of each.

    Penalties, powers and reliefs do not count: they are nothing that could be done once.

    ``certain``: in every economy at least one of them applies without a question.
    """

    objective: str
    provisions: tuple[tuple[str, tuple[str, ...]], ...]
    certain: bool


class Applicability(NamedTuple):
    """What applies where, what is the same everywhere, and which facts would settle most."""

    profile: Profile
    as_of: dt.date
    known_at: dt.date | None
    economies: tuple[InEconomy, ...]
    everywhere: tuple[Shared, ...]
    to_ask: tuple[tuple[str, int], ...]


def applicability(day: Day, profile: Profile, economies: Iterable[str]) -> Applicability:
    """Every provision of some economies against a product on a day."""
    found = tuple(_in_economy(day, profile, name) for name in dict.fromkeys(economies))
    asked = Counter(fact for one in found for caught in one.asks for fact in caught.unknown)
    asked.pop("trigger", None)
    to_ask = tuple(sorted(asked.items(), key=lambda item: (-item[1], item[0])))
    everywhere = _everywhere(found, day.index.corpus)
    return Applicability(profile, day.as_of, day.known_at, found, everywhere, to_ask)


def scope_for_products(provision: Provision, instrument: Instrument, corpus: Corpus) -> Condition:
    """The provision's condition with what follows from its place."""
    found = [provision.when]
    actors = frozenset(provision.actors)
    if instrument.form == "binding_public_sector" or actors == {"public_body"}:
        found.append(_only("customer", {"public_body"}))
    sectors = frozenset(instrument.sectors)
    told = instrument.approach == "sectoral" and sectors <= set(corpus.facets["sector"].values)
    if provision.when.empty and sectors and told:
        found.append(_only("sector", sectors))
    return joined(found)


def _only(facet: str, values: Iterable[str]) -> Condition:
    return Condition((Part(facet, frozenset(values)),))


def _is_for_products(provision: Provision) -> bool:
    """Facts and definitions are if they have a condition: they say which class a product is in."""
    if provision.is_search:
        return False
    if provision.kind not in ASKING:
        return not provision.when.empty
    by_officials = OFFICIALS.issuperset(provision.actors) and provision.when.empty
    return provision.kind == "penalty" or not by_officials


def _falls_on(provision: Provision, profile: Profile, corpus: Corpus) -> bool:
    """Whether the duty is that of the role which the profile states, if it states one."""
    roles = profile.get("role")
    named = frozenset(provision.actors)
    return not roles or not named <= set(corpus.facets["role"].values) or bool(named & roles)


def _in_economy(day: Day, profile: Profile, economy: str) -> InEconomy:
    index = day.index
    corpus = index.corpus
    groups: dict[Answer, list[Caught]] = {answer: [] for answer in Answer}
    coming: list[Caught] = []
    looked: list[str] = []
    members, reaches, _ = index.members[economy]
    for at, reach in zip(members.tolist(), reaches):
        provision = index.provisions[at]
        if day.searches[at]:
            looked.append(provision.id)
        if not day.known[at] or not _is_for_products(provision):
            continue
        instrument = corpus.instruments[provision.instrument]
        begins = None if day.holds[at] else begins_on(provision, instrument, day.as_of)
        if not day.holds[at] and begins is None:
            continue
        scope = scope_for_products(provision, instrument, corpus)
        verdict = decide(scope, profile, instrument.tier_conditions())
        caught = Caught(
            provision.id,
            verdict.answer,
            effect_of(provision),
            force_of(provision, instrument.form),
            "" if reach == "whole" else reach,
            str(verdict.failed) if verdict.failed else "",
            verdict.unknown,
            begins,
            _falls_on(provision, profile, corpus),
        )
        if begins is None:
            groups[verdict.answer].append(caught)
        elif verdict.answer is not Answer.NO:
            coming.append(caught)
    return InEconomy(
        economy,
        _in_reading_order(groups[Answer.YES]),
        _in_reading_order(groups[Answer.ASK]),
        tuple(groups[Answer.NO]),
        tuple(sorted(coming, key=lambda one: (one.begins or day.as_of, one.provision))),
        tuple(looked),
    )


def begins_on(provision: Provision, instrument: Instrument, after: dt.date) -> dt.date | None:
    """The day after ``after`` on which the provision will begin to hold, as far as is known."""
    if provision.is_search:
        return None
    begun = next((s.since.first for s in instrument.states if s.state == "in_force"), None)
    adopted = next((s.since.first for s in instrument.states if s.state == "enacted"), begun)
    start = provision.valid_from.first if provision.valid_from else begun
    if start is None or adopted is None:
        return None
    start = max(start, min(adopted, begun) if begun else adopted)
    if start <= after or (provision.valid_to and provision.valid_to.last < start):
        return None
    return start if instrument.standing_on(start) not in (Standing.LAPSED, Standing.DRAFT) else None


def _in_reading_order(found: list[Caught]) -> tuple[Caught, ...]:
    order = list(Effect)
    return tuple(sorted(found, key=lambda one: (order.index(one.effect), -one.force)))


def _everywhere(found: tuple[InEconomy, ...], corpus: Corpus) -> tuple[Shared, ...]:
    asked: list[dict[str, list[str]]] = []
    certain: list[set[str]] = []
    for one in found:
        of: dict[str, list[str]] = {}
        sure: set[str] = set()
        for caught in (*one.applies, *one.asks):
            if caught.effect not in ASKED:
                continue
            for mapping in corpus.provisions[caught.provision].objectives:
                if mapping.relation != "contradicts":
                    of.setdefault(mapping.objective, []).append(caught.provision)
                    if caught.answer is Answer.YES:
                        sure.add(mapping.objective)
        asked.append(of)
        certain.append(sure)
    if len(found) < 2:
        return ()
    return tuple(
        Shared(
            name,
            tuple((one.economy, tuple(of[name])) for one, of in zip(found, asked)),
            all(name in sure for sure in certain),
        )
        for name in corpus.objectives
        if all(name in of for of in asked)
    )
