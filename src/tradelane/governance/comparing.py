"""Compares entities on objectives and domains at a date; every verdict names its provisions.

Symmetric, reflexive, and the same under any names: a verdict depends on what is asked, never on
who asks it or in which order. The rules are told in
``docs/explanation/how-economies-are-compared.md``.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from tradelane.governance.day import Day
from tradelane.governance.demands import Demands
from tradelane.governance.looked import Looked
from tradelane.governance.positions import Position, Positions, outdoes
from tradelane.governance.sides import Evidence, Side

TYPED_DOMAINS = ("definition", "authority", "focus")
"""Compared as fields, see `differences`."""


class Kind(StrEnum):
    """How two entities stand to each other on something."""

    SAME = "same"
    STRICTER = "stricter"
    DIFFERENT = "different"
    SILENT = "silent"
    CONFLICTING = "conflicting"
    NOT_VERIFIED = "not_verified"


class Verdict(NamedTuple):
    """``stricter``: the entity that is; ``silent``: those that ask nothing."""

    kind: Kind
    sides: tuple[Side, ...]
    stricter: str = ""
    silent: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """The weakest mark of the evidence that it rests on."""
        if self.kind is Kind.NOT_VERIFIED:
            return "not_verified"
        return "primary" if all(side.mark == "primary" for side in self.sides) else "secondary"

    @property
    def differs(self) -> bool:
        """Whether it is known that they do not ask the same."""
        return self.kind in (Kind.STRICTER, Kind.DIFFERENT, Kind.CONFLICTING) or (
            self.kind is Kind.SILENT and any(side.force is not None for side in self.sides)
        )


class OnObjective(NamedTuple):
    """The verdict on an objective; ``objective`` is empty for what is asked beyond objectives."""

    objective: str
    domain: str
    verdict: Verdict


class OnDomain(NamedTuple):
    """The verdict on a domain, and on all in it that at least one side asks."""

    domain: str
    verdict: Verdict
    objectives: tuple[OnObjective, ...]


class Pair(NamedTuple):
    """Two entities compared, in the order of their ids."""

    one: str
    other: str
    domains: tuple[OnDomain, ...]

    @property
    def differences(self) -> tuple[OnObjective, ...]:
        """Every objective on which they are known to differ."""
        return tuple(o for d in self.domains for o in d.objectives if o.verdict.differs)


class Comparer:
    """Compares on one day."""

    def __init__(self, day: Day, demands: Demands) -> None:
        self.day = day
        self.demands = demands
        self.corpus = day.index.corpus
        self._positions: dict[str, Positions] = {}
        self._base = len(self.corpus.objectives)
        self._looked: dict[str, Looked] = {}
        self._sides: dict[tuple[str, int, str], Side] = {}

    def positions(self, entity: str) -> Positions:
        """Where an entity stands on everything."""
        found = self._positions.get(entity)
        if found is None:
            found = self._positions[entity] = Positions(self.day, self.demands, entity)
        return found

    def pair(self, one: str, other: str, domains: Iterable[str] | None = None) -> Pair:
        """Two entities on some domains (default: all but definition, authority and focus)."""
        first, second = sorted((one, other))
        names = list(domains) if domains is not None else self.comparable
        judged: dict[tuple[int, str], Verdict] = {}
        found = tuple(self._domain(first, second, name, judged) for name in names)
        return Pair(first, second, found)

    @property
    def comparable(self) -> list[str]:
        """Domains in which something can be asked; the others are typed fields of instruments."""
        return [name for name in self.corpus.domains if name not in TYPED_DOMAINS]

    # ------------------------------------------------------------ one objective

    def on(self, one: str, other: str, objective: str) -> OnObjective:
        """Two entities on one objective."""
        domain = self.corpus.objectives[objective].domain
        first, second = sorted((one, other))
        verdict = self._judge(first, second, self.demands.subject(objective), domain)
        return OnObjective(objective, domain, verdict)

    def _judge(self, one: str, other: str, subject: int, domain: str) -> Verdict:
        p = self.positions(one).on(subject)
        q = self.positions(other).on(subject)
        sides = (self._side(one, p, subject, domain), self._side(other, q, subject, domain))
        if any(x.empty and not self.saw(s.entity, domain) for s, x in zip(sides, (p, q))):
            return Verdict(Kind.NOT_VERIFIED, sides)
        kind, leader = _relation(p, q)
        if kind is Kind.NOT_VERIFIED:
            return Verdict(kind, sides)
        silent = tuple(s.entity for s, x in zip(sides, (p, q)) if x.empty)
        if silent:
            return Verdict(Kind.SILENT, sides, silent=tuple(dict.fromkeys(silent)))
        stricter = sides[leader].entity if kind is Kind.STRICTER else ""
        return Verdict(kind, sides, stricter)

    def _side(self, entity: str, position: Position, subject: int, domain: str) -> Side:
        key = (entity, subject, domain)
        if key not in self._sides:
            self._sides[key] = self._new_side(entity, position, domain)
        return self._sides[key]

    def _new_side(self, entity: str, position: Position, domain: str) -> Side:
        if position.empty:
            return Side(entity, None, lambda: self._search(entity, domain))
        return Side(entity, position.force(), lambda: self._decisive(position))

    def _search(self, entity: str, domain: str) -> Evidence:
        looked = self._searched(entity, domain)
        marks = {self.corpus.provisions[name].mark for name in looked}
        return Evidence(looked=looked, mark="primary" if marks <= {"primary"} else "secondary")

    def _decisive(self, position: Position) -> Evidence:
        index = self.day.index
        sure, unsure = position.strictest()
        return Evidence(
            tuple([index.names[at] for at in sure]),
            tuple([index.names[at] for at in unsure]),
            mark="secondary" if any(index.second_hand[at] for at in sure) else "primary",
        )

    # ------------------------------------------------------------ a domain

    def _domain(
        self, one: str, other: str, domain: str, judged: dict[tuple[int, str], Verdict]
    ) -> OnDomain:
        """``judged``: verdicts of this pair so far; an objective can matter in several domains."""
        number = self.demands.subject(domain)
        mine, theirs = (self.positions(name).within(number - self._base) for name in (one, other))
        objectives = []
        for subject in sorted(mine | theirs):
            key = (subject, self.demands.home(subject))
            if key not in judged:
                judged[key] = self._judge(one, other, *key)
            name = "" if subject == number else self.demands.subjects[subject]
            objectives.append(OnObjective(name, domain, judged[key]))
        found = tuple(objectives)
        return OnDomain(domain, self._summary(one, other, domain, found), found)

    def _summary(
        self, one: str, other: str, domain: str, objectives: tuple[OnObjective, ...]
    ) -> Verdict:
        sides = tuple(
            self._whole_side(name, domain, [o.verdict.sides[at] for o in objectives])
            for at, name in enumerate((one, other))
        )
        unread = [s.entity for s in sides if s.force is None and not self.saw(s.entity, domain)]
        if unread:
            return Verdict(Kind.NOT_VERIFIED, sides)
        if not objectives:
            return Verdict(Kind.SILENT, sides, silent=_once((one, other)))
        kinds = {o.verdict.kind for o in objectives}
        leaders = {_leader(o.verdict, one, other) for o in objectives} - {""}
        silent = tuple(s.entity for s in sides if s.force is None)
        if Kind.CONFLICTING in kinds:
            return Verdict(Kind.CONFLICTING, sides)
        if Kind.DIFFERENT in kinds or len(leaders) > 1:
            return Verdict(Kind.DIFFERENT, sides)
        if Kind.NOT_VERIFIED in kinds:
            return Verdict(Kind.NOT_VERIFIED, sides)
        if silent:
            return Verdict(Kind.SILENT, sides, silent=silent)
        if leaders:
            return Verdict(Kind.STRICTER, sides, leaders.pop())
        return Verdict(Kind.SAME, sides)

    def _whole_side(self, entity: str, domain: str, parts: list[Side]) -> Side:
        forces = [part.force for part in parts if part.force is not None]

        def find() -> Evidence:
            return Evidence(
                _once(chain.from_iterable(part.provisions for part in parts)),
                _once(chain.from_iterable(part.unsure for part in parts)),
                self._searched(entity, domain),
                "primary" if all(part.mark == "primary" for part in parts) else "secondary",
            )

        return Side(entity, max(forces, default=None), find)

    # ------------------------------------------------------------ what was looked at

    def saw(self, entity: str, domain: str) -> bool:
        """Whether the corpus has anything verified in a domain, if only that nothing was found."""
        return self._seen(entity).saw[self.demands.subject(domain) - self._base]

    def _searched(self, entity: str, domain: str) -> tuple[str, ...]:
        return self._seen(entity).searched[self.demands.subject(domain) - self._base]

    def _seen(self, entity: str) -> Looked:
        found = self._looked.get(entity)
        if found is None:
            found = self._looked[entity] = Looked(self.day, entity)
        return found


def _relation(p: Position, q: Position) -> tuple[Kind, int]:
    """How two positions stand, and which leads if one is stricter."""
    p_sure, q_sure = _surely_outdoes(p, q), _surely_outdoes(q, p)
    if p_sure and q_sure:
        return Kind.SAME, 0
    if _clash(p, q) or _clash(q, p):
        return Kind.CONFLICTING, 0
    if _may_clash(p, q) or _may_clash(q, p):
        return Kind.NOT_VERIFIED, 0
    p_may, q_may = _may_outdo(p, q), _may_outdo(q, p)
    if not p_may and not q_may:
        return Kind.DIFFERENT, 0
    if p_sure and not q_may:
        return Kind.STRICTER, 0
    if q_sure and not p_may:
        return Kind.STRICTER, 1
    return Kind.NOT_VERIFIED, 0


def _surely_outdoes(p: Position, q: Position) -> bool:
    """Whether one is at least as strict whichever unverified demands are true: its sure reading
    against everything that may be on the other side. An exception that the other does not have
    takes that away."""
    if p.maybe.against and not q.sure.against:
        return False
    return outdoes(p.sure, q.maybe, p.scale, plainly=not p.maybe.against)


def _may_outdo(p: Position, q: Position) -> bool:
    """Whether one is at least as strict if the unverified demands are as it needs them."""
    if p.sure.against and not q.maybe.against:
        return False
    return outdoes(p.maybe, q.sure, p.scale, plainly=not p.sure.against)


def _clash(p: Position, q: Position) -> bool:
    """Whether one side is only against what the other only asks for. Who asks for something with
    an exception is not against it."""
    mixed = p.maybe.towards or q.maybe.against
    return p.sure.against and q.sure.towards and not mixed


def _may_clash(p: Position, q: Position) -> bool:
    """Whether they would clash if what is not verified were so."""
    mixed = p.sure.towards or q.sure.against
    return p.maybe.against and q.maybe.towards and not mixed


def _leader(verdict: Verdict, one: str, other: str) -> str:
    if verdict.kind is Kind.STRICTER:
        return verdict.stricter
    if verdict.kind is Kind.SILENT and len(verdict.silent) == 1 and one != other:
        return other if verdict.silent == (one,) else one
    return ""


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
