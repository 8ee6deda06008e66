"""Every provision's demands, numbered subject by subject, for comparing them many at a time.

A demand that asks for a whole objective is the same demand wherever it stands. Parts of an
objective may be different parts, so each keeps its wording: parts are the same only by that.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradelane.governance.index import Index, Numbers
from tradelane.governance.scales import Scale, Scopes
from tradelane.governance.strictness import Demand, Extent, extent_of, force_of, scope_of
from tradelane.governance.vocabulary import ASKING


class Rows(NamedTuple):
    """An entity's demands in the order of their subjects: of which provision, on which subject,
    and which: the grade (on the subject's scale) and the wording in one number."""

    member: Numbers
    subject: Numbers
    part: NDArray[np.int64]


_WORDING_BITS = 32


def grade_of(part: int) -> int:
    """The grade of a demand."""
    return part >> _WORDING_BITS


class Demands:
    """The demands of every entity, day by day chosen from by `positions`."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.subjects: tuple[str, ...] = (*index.corpus.objectives, *index.corpus.domains)
        """Objectives, then domains: what a provision asks beyond every objective counts there."""
        self._subject = {name: at for at, name in enumerate(self.subjects)}
        self._wordings: dict[str, int] = {"": 0}
        scopes = Scopes()
        self.scales = [Scale(scopes) for _ in self.subjects]
        self.of: dict[str, Rows] = {name: self._rows(name) for name in index.corpus.entities}

    def subject(self, name: str) -> int:
        """The number of an objective or domain."""
        return self._subject[name]

    def home(self, subject: int) -> str:
        """The domain of an objective; a domain is its own."""
        return self.subjects[int(self.homes[subject]) + len(self.index.corpus.objectives)]

    @cached_property
    def homes(self) -> Numbers:
        """The number (among domains) of the domain in which each subject is at home."""
        corpus = self.index.corpus
        numbers = {name: at for at, name in enumerate(corpus.domains)}
        objectives = [numbers[one.domain] for one in corpus.objectives.values()]
        return np.array([*objectives, *numbers.values()], np.int32)

    def _rows(self, entity: str) -> Rows:
        found: list[tuple[int, int, int]] = []
        members, reaches, _ = self.index.members[entity]
        instruments = self.index.corpus.instruments
        for at, reach in zip(members.tolist(), reaches):
            provision = self.index.provisions[at]
            if provision.is_search:
                continue
            on = [(one.objective, extent_of(one)) for one in provision.objectives]
            if not on and provision.kind in ASKING:
                on = [(provision.domain, Extent.PART)]
            if not on:
                continue
            instrument = instruments[provision.instrument]
            force = force_of(provision, instrument.form)
            scope = scope_of(provision, instrument, reach)
            for name, extent in on:
                subject = self._subject[name]
                grade = self.scales[subject].number(Demand(force, extent, scope, ""))
                words = "" if extent >= Extent.WHOLE else provision.statement.casefold()
                wording = self._wordings.setdefault(words, len(self._wordings))
                found.append((subject, at, grade << _WORDING_BITS | wording))
        found.sort(key=lambda row: row[:2])
        table = np.array(found, np.int64).reshape(-1, 3)
        member, subjects = table[:, 1].astype(np.int32), table[:, 0].astype(np.int32)
        return Rows(member, subjects, np.ascontiguousarray(table[:, 2]))
