"""Where an entity stands on an objective on a day: the strictest of what it asks.

Two readings are kept: what is sure, and what may be. A comparison is sure of something only if it
is so whichever of the unverified demands are true.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress
from typing import NamedTuple

import numpy as np

from tradelane.governance.day import Day
from tradelane.governance.demands import Demands, grade_of
from tradelane.governance.index import Numbers
from tradelane.governance.scales import Scale
from tradelane.governance.strictness import Force


class Reading:
    """A set of demands: their grades, those that ask for the whole among them, and the others as
    parts (see `demands.Rows`)."""

    __slots__ = ("_covered", "against", "grades", "parts", "towards", "wholes")

    def __init__(self, grades: set[int], parts: Iterable[int], scale: Scale) -> None:
        whole, against = scale.wholes, scale.against
        self.grades = grades
        self.wholes = {grade for grade in grades if whole[grade]}
        self.parts = (
            {part for part in parts if not whole[grade_of(part)]} if self.wholes else set(parts)
        )
        kinds = {against[grade] for grade in grades}
        self.against = True in kinds
        self.towards = False in kinds
        self._covered: int | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is asked."""
        return not self.grades

    def covers(self, below: list[int]) -> int:
        """Every grade that something in it outdoes, as bits; worked out once."""
        if self._covered is None:
            covered = 0
            for grade in self.grades:
                covered |= below[grade]
            self._covered = covered
        return self._covered


class Position:
    """What an entity asks on one subject: what is sure, and what may be."""

    __slots__ = ("_rows", "_span", "maybe", "scale", "sure")

    def __init__(self, rows: _Chosen, span: slice, scale: Scale) -> None:
        self._rows = rows
        self._span = span
        self.scale = scale
        parts, sure = rows.parts[span], rows.sure[span]
        self.maybe = Reading({grade_of(part) for part in parts}, parts, scale)
        if all(sure):
            self.sure = self.maybe
        else:
            verified = list(compress(parts, sure))
            self.sure = Reading({grade_of(part) for part in verified}, verified, scale)

    @property
    def empty(self) -> bool:
        """Whether nothing is asked, not even by hearsay."""
        return not self.maybe.grades

    def strictest(self) -> tuple[list[int], list[int]]:
        """The provisions that nothing else here outdoes, in the order of the corpus: those that
        are verified, and the others. What is only hearsay outdoes nothing."""
        outdone = 0
        for grade in self.sure.grades:
            outdone |= self.scale.strictly_below[grade]
        left = {grade for grade in self.maybe.grades if not outdone >> grade & 1}
        found: tuple[list[int], list[int]] = [], []
        members = self._rows.members[self._span].tolist()
        for member, part, sure in zip(
            members, self._rows.parts[self._span], self._rows.sure[self._span]
        ):
            if grade_of(part) in left:
                found[0 if sure else 1].append(member)
        return found

    def force(self) -> Force:
        """How firmly it is asked at most; not to be asked of an empty position."""
        return max(map(self.scale.forces.__getitem__, self.maybe.grades))


class _Chosen(NamedTuple):
    """The demands of an entity that count on a day, in the order of their subjects."""

    members: Numbers
    parts: list[int]
    sure: list[bool]


class Positions:
    """The positions of one entity on one day, by subject; each worked out when it is needed."""

    def __init__(self, day: Day, demands: Demands, entity: str) -> None:
        self.demands = demands
        rows = demands.of[entity]
        chosen = day.asks[rows.member]
        member, subject = rows.member[chosen], rows.subject[chosen]
        self._chosen = _Chosen(member, rows.part[chosen].tolist(), day.verified[member].tolist())
        subjects, starts = np.unique(subject, return_index=True)
        ends = [*starts.tolist()[1:], len(subject)]
        self._spans = dict(zip(subjects.tolist(), map(slice, starts.tolist(), ends)))
        self._at: dict[int, Position] = {}
        count = len(day.index.corpus.domains)
        stand = subject * count + day.index.domain[member]
        at_home = subjects * count + demands.homes[subjects]
        self._within: dict[int, set[int]] = {}
        for pair in np.unique(np.concatenate((stand, at_home))).tolist():
            self._within.setdefault(pair % count, set()).add(pair // count)

    def within(self, domain: int) -> set[int]:
        """What is asked in a domain (its number): on its objectives, or by provisions in it."""
        return self._within.get(domain, set())

    def on(self, subject: int) -> Position:
        """The position on a subject; an empty one where nothing is asked."""
        found = self._at.get(subject)
        if found is None:
            span = self._spans.get(subject, slice(0, 0))
            found = self._at[subject] = Position(self._chosen, span, self.demands.scales[subject])
        return found


def outdoes(one: Reading, other: Reading, scale: Scale, *, plainly: bool) -> bool:
    """Whether everything that the other reading asks is met by something in this.

    ``plainly``: this one makes no exceptions, so those of the other need not be met.
    """
    if other.empty:
        return True
    if one.empty:
        return False
    covered = one.covers(scale.below)
    if not all(covered >> grade & 1 for grade in other.wholes):
        return False
    against = scale.against
    return all(
        part in one.parts or covered >> grade_of(part) & 1 or (plainly and against[grade_of(part)])
        for part in other.parts
    )
