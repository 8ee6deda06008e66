"""The verbs over a corpus: everything as of a day, and as it was known on another."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tradelane.governance.applying import Applicability, applicability
from tradelane.governance.brief import Brief, write_brief
from tradelane.governance.changes import Change, changes
from tradelane.governance.comparing import Comparer, Pair
from tradelane.governance.conditions import Profile
from tradelane.governance.corpus import Corpus
from tradelane.governance.day import Day
from tradelane.governance.demands import Demands
from tradelane.governance.differences import Difference, differences
from tradelane.governance.index import Flags, Index
from tradelane.governance.matrix import Forces, Matrix, matrix
from tradelane.governance.model import Provision
from tradelane.governance.searching import Hit, Words
from tradelane.governance.vocabulary import FORMS
from tradelane.kit.errors import InputRefused, Problem

if TYPE_CHECKING:
    from tradelane.governance.tagging import Tagger

_DAYS_KEPT = 16
EARLIEST = dt.date(1900, 1, 1)
LATEST = dt.date(2200, 1, 1)


class Comparison(NamedTuple):
    """Two or more entities, pair by pair, with the five differences over all of them."""

    entities: tuple[str, ...]
    as_of: dt.date
    known_at: dt.date | None
    pairs: tuple[Pair, ...]
    five: tuple[Difference, ...]


class Governance:
    """What economies and forums ask of AI, under one corpus. Reads only; safe between threads."""

    def __init__(self, corpus: Corpus, today: Callable[[], dt.date]) -> None:
        self.corpus = corpus
        self.today = today
        self._comparers: dict[tuple[dt.date, dt.date | None], Comparer] = {}
        self._lock = threading.Lock()

    @cached_property
    def index(self) -> Index:
        """The corpus as arrays."""
        return Index(self.corpus)

    @cached_property
    def demands(self) -> Demands:
        """What every provision asks."""
        return Demands(self.index)

    @cached_property
    def words(self) -> Words:
        """What search looks in."""
        return Words(self.index)

    @cached_property
    def forces(self) -> Forces:
        """How firm every provision is."""
        return Forces(self.index)

    @cached_property
    def tagger(self) -> Tagger:
        """What proposes tags for new statements; it learns when it is first asked (seconds)."""
        from tradelane.governance.tagging import Tagger

        return Tagger(self.corpus)

    def prepare(self) -> None:
        """Build every index now, not when somebody first asks (about a second)."""
        for scale in self.demands.scales:
            scale.prepare()
        _ = self.words, self.forces

    # ------------------------------------------------------------ days

    def comparer(self, as_of: dt.date | None = None, known_at: dt.date | None = None) -> Comparer:
        """The comparisons of a day (default: today); the last days asked for are kept."""
        on = checked_day(as_of) if as_of else self.today()
        key = (on, known_at)
        with self._lock:
            found = self._comparers.pop(key, None)
            if found is None:
                found = Comparer(Day(self.index, on, known_at), self.demands)
                while len(self._comparers) >= _DAYS_KEPT:
                    self._comparers.pop(next(iter(self._comparers)))
            self._comparers[key] = found
        return found

    def day(self, as_of: dt.date | None = None, known_at: dt.date | None = None) -> Day:
        """What holds on a day."""
        return self.comparer(as_of, known_at).day

    # ------------------------------------------------------------ looking up

    def holding(self, instrument: str, day: Day) -> list[Provision]:
        """The provisions of an instrument that hold, or say that nothing was found."""
        shown = day.holds | day.searches
        return [
            one
            for one in self.corpus.by_instrument[instrument]
            if shown[self.index.position[one.id]]
        ]

    def select(
        self,
        day: Day | None = None,
        *,
        entities: Iterable[str] = (),
        domains: Iterable[str] = (),
        objective: str = "",
        instrument: str = "",
        mark: str = "",
        form: str = "",
        kind: str = "",
    ) -> list[Provision]:
        """Provisions in the order of the corpus, all filters together; with a day those that hold
        or say that nothing was found."""
        chosen = self._chosen(day, entities, domains, form)
        return [
            one
            for at, one in enumerate(self.index.provisions)
            if chosen[at]
            and (not instrument or one.instrument == instrument)
            and (not mark or one.mark == mark)
            and (not kind or one.kind == kind)
            and (not objective or any(m.objective == objective for m in one.objectives))
        ]

    def search(
        self,
        text: str,
        *,
        entities: Iterable[str] = (),
        domains: Iterable[str] = (),
        form: str = "",
        as_of: dt.date | None = None,
        known_at: dt.date | None = None,
        limit: int = 20,
        skip: int = 0,
    ) -> tuple[list[Hit], int]:
        """Provisions that fit some words, best first, and how many there are.

        Without a day everything is searched, drafts and what has ended as well; ``form``: binding,
        binding_public_sector, non_binding.
        """
        day = self.day(as_of, known_at) if as_of or known_at else None
        return self.words.search(text, self._chosen(day, entities, domains, form), limit, skip)

    def matrix(
        self,
        as_of: dt.date | None = None,
        known_at: dt.date | None = None,
        *,
        economies: Iterable[str] = (),
        domains: Iterable[str] = (),
    ) -> Matrix:
        """Economies by domains (default: all economies, the core domains)."""
        rows = self._names(economies, 0) or [one.id for one in self.corpus.economies]
        columns = [self.corpus.get_domain(one).id for one in domains] or [
            one.id for one in self.corpus.domains.values() if one.core
        ]
        return matrix(self.day(as_of, known_at), self.forces, rows, columns)

    def changes(
        self,
        since: dt.date,
        until: dt.date | None = None,
        *,
        entities: Iterable[str] = (),
        domains: Iterable[str] = (),
        known_at: dt.date | None = None,
    ) -> tuple[Change, ...]:
        """What changed after a day, until another (default: today); see `changes`."""
        return changes(
            self.index,
            checked_day(since),
            checked_day(until or self.today()),
            entities=self._names(entities, 0),
            domains=[self.corpus.get_domain(one).id for one in domains],
            known_at=known_at,
        )

    def _chosen(
        self, day: Day | None, entities: Iterable[str], domains: Iterable[str], form: str
    ) -> Flags:
        index = self.index
        found: Flags = np.ones(len(index.provisions), bool)
        if day is not None:
            found &= day.holds | day.searches
        names = self._names(entities, 0)
        if names:
            theirs = np.zeros(len(index.provisions), bool)
            for name in names:
                theirs[index.members[name].at] = True
            found &= theirs
        numbers = [
            list(self.corpus.domains).index(self.corpus.get_domain(one).id) for one in domains
        ]
        if numbers:
            found &= np.isin(index.domain, numbers)
        if form:
            found &= (index.form == FORMS.index(form))[index.instrument] & ~index.search
        return found

    # ------------------------------------------------------------ comparing

    def brief(
        self,
        entities: Iterable[str],
        *,
        as_of: dt.date | None = None,
        known_at: dt.date | None = None,
    ) -> Brief:
        """The interoperability brief of two or more entities; see `brief`."""
        names = dict.fromkeys(self._names(entities, at_least=2))
        return write_brief(self.comparer(as_of, known_at), list(names))

    def compare(
        self,
        entities: Iterable[str],
        *,
        domains: Iterable[str] = (),
        as_of: dt.date | None = None,
        known_at: dt.date | None = None,
    ) -> Comparison:
        """Two or more entities on some domains (default: all); see `comparing`.

        Errors: InputRefused ``governance.unknown_entity``, ``governance.unknown_domain``,
        ``governance.too_few``.
        """
        names = self._names(entities, at_least=2)
        chosen = [self.corpus.get_domain(one).id for one in domains]
        comparer = self.comparer(as_of, known_at)
        found = sorted(names)
        pairs = tuple(comparer.pair(a, b, chosen or None) for a, b in combinations(found, 2))
        return Comparison(
            tuple(found), comparer.day.as_of, known_at, pairs, differences(comparer.day, found)
        )

    # ------------------------------------------------------------ products

    def applies(
        self,
        profile: Profile,
        economies: Iterable[str],
        *,
        as_of: dt.date | None = None,
        known_at: dt.date | None = None,
    ) -> Applicability:
        """What economies ask of a product; see `applying`.

        Errors: InputRefused ``governance.unknown_entity``, ``governance.too_few``.
        """
        names = self._names(economies)
        return applicability(self.day(as_of, known_at), profile, names)

    def _names(self, entities: Iterable[str], at_least: int = 1) -> list[str]:
        names = [self.corpus.get_entity(one).id for one in entities]
        if len(names) < at_least:
            raise InputRefused(
                Problem(
                    "governance.too_few",
                    f"At least {at_least} of them are needed, {len(names)} came.",
                    pointer="/entities",
                    hint="Name economies by their codes: KR SG VN.",
                )
            )
        return names


def checked_day(day: dt.date) -> dt.date:
    """The day, if law can be asked about it; InputRefused ``governance.day``."""
    if not EARLIEST <= day <= LATEST:
        raise InputRefused(
            Problem(
                "governance.day",
                f"{day.isoformat()} is not between {EARLIEST.year} and {LATEST.year}.",
                pointer="/as_of",
            )
        )
    return day
