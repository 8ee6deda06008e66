"""Economies by domains on a day: how firm, how much, how verified; never an empty cell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tradelane.governance.day import Day
from tradelane.governance.index import DRAFT, IN_FORCE, PENDING, Flags, Index, Numbers
from tradelane.governance.strictness import FORCE_WORDS, Force, force_of
from tradelane.governance.vocabulary import ASKING

FACTS = "facts only"
PLACES = "places only"
COMING = "coming"
DRAFTS = "draft only"
NONE_FOUND = "none found"
NOT_VERIFIED = "not verified"


class Cell(NamedTuple):
    """One economy in one domain.

    status: the firmest that holds ("required", ...), or facts only, places only (rules of places
    within the economy), coming (adopted, not yet held), draft only, none found, not verified.
    Counts are of provisions; the marks are of those that hold.
    """

    economy: str
    domain: str
    status: str
    holding: int
    primary: int
    secondary: int
    not_verified: int
    coming: int
    drafts: int
    searches: int


class Matrix(NamedTuple):
    """Rows are economies, columns domains; ``cells`` row by row."""

    as_of: dt.date
    known_at: dt.date | None
    economies: tuple[str, ...]
    domains: tuple[str, ...]
    cells: tuple[Cell, ...]

    def cell(self, economy: str, domain: str) -> Cell:
        """The cell of an economy in a domain."""
        row, column = self.economies.index(economy), self.domains.index(domain)
        return self.cells[row * len(self.domains) + column]


class Forces:
    """How firm each provision is while it holds; -1 where it asks nothing."""

    def __init__(self, index: Index) -> None:
        corpus = index.corpus
        self.all: Numbers = np.array(
            [
                int(force_of(one, corpus.instruments[one.instrument].form))
                if one.kind in ASKING
                else -1
                for one in index.provisions
            ],
            np.int32,
        )


def matrix(day: Day, forces: Forces, economies: Sequence[str], domains: Sequence[str]) -> Matrix:
    """The cells of some economies and domains on a day."""
    index = day.index
    numbers = [list(index.corpus.domains).index(name) for name in domains]
    cells: list[Cell] = []
    for economy in economies:
        members = index.members[economy]
        cells.extend(_row(day, forces, economy, members.at, members.whole, domains, numbers))
    return Matrix(day.as_of, day.known_at, tuple(economies), tuple(domains), tuple(cells))


def _row(
    day: Day,
    forces: Forces,
    economy: str,
    members: Numbers,
    whole: Flags,
    domains: Sequence[str],
    numbers: list[int],
) -> list[Cell]:
    index = day.index
    count = len(index.corpus.domains)
    domain = index.domain[members]
    holds = day.asks[members]
    state = day.states[0][index.instrument[members]]
    known = day.known[members] & ~index.search[members]
    later = known & ~holds & (index.last[members] >= day.as_of.toordinal())

    def counted(chosen: Flags) -> list[int]:
        found: list[int] = np.bincount(domain[chosen], minlength=count).tolist()
        return found

    own = holds & whole
    firmest = np.full(count, -2, np.int32)
    np.maximum.at(firmest, domain[own], forces.all[members[own]])
    holding = counted(holds)
    marks = [counted(holds & (index.mark[members] == mark)) for mark in range(3)]
    coming = counted(later & ((state == PENDING) | (state == IN_FORCE)))
    drafts = counted(later & (state == DRAFT))
    searches = counted(day.searches[members])
    return [
        Cell(
            economy,
            name,
            _status(int(firmest[at]), holding[at], coming[at], drafts[at], searches[at]),
            holding[at],
            marks[0][at],
            marks[1][at],
            marks[2][at],
            coming[at],
            drafts[at],
            searches[at],
        )
        for name, at in zip(domains, numbers)
    ]


def _status(firmest: int, holding: int, coming: int, drafts: int, searches: int) -> str:
    if firmest >= 0:
        return FORCE_WORDS[Force(firmest)]
    if firmest == -1:
        return FACTS
    for count, status in (
        (holding, PLACES),
        (coming, COMING),
        (drafts, DRAFTS),
        (searches, NONE_FOUND),
    ):
        if count:
            return status
    return NOT_VERIFIED
