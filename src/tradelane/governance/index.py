"""The corpus as arrays: what holds on a day is a few operations on all provisions at once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradelane.governance.corpus import Corpus
from tradelane.governance.dates import When
from tradelane.governance.model import Provision
from tradelane.governance.vocabulary import ENDED, FORMS, MARKS

Days = NDArray[np.int32]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.int32]

NEVER = 4_000_000
"""A day after every date."""
NOTHING, DRAFT, PENDING, IN_FORCE, ENDED_STATE = range(5)
_MARKS = tuple(MARKS)
PRIMARY, SECONDARY, NOT_VERIFIED = range(3)


@dataclass(frozen=True, slots=True)
class Span:
    """First and last days of something as ordinals, with what is not sure about them."""

    first: int
    sure_from: int
    last: int
    sure_to: int


class Members(NamedTuple):
    """An entity's provisions (places in the columns), and where each holds: ``reaches`` are
    "whole" or a place within; ``whole`` says the same as a flag."""

    at: Numbers
    reaches: tuple[str, ...]
    whole: Flags


class Index:
    """Columns over all provisions (in the order of the corpus) and over all states."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.provisions: tuple[Provision, ...] = tuple(corpus.provisions.values())
        self.names = [one.id for one in self.provisions]
        self.second_hand = [one.mark == "secondary" for one in self.provisions]
        self.position = {one.id: at for at, one in enumerate(self.provisions)}
        instruments = tuple(corpus.instruments.values())
        self.instruments = instruments
        number = {one.id: at for at, one in enumerate(instruments)}
        domains = {name: at for at, name in enumerate(corpus.domains)}
        count = len(self.provisions)

        def column(values: list[int]) -> Numbers:
            return np.array(values, dtype=np.int32) if count else np.zeros(0, np.int32)

        spans = [_span(one.valid_from, one.valid_to) for one in self.provisions]
        self.first = column([one.first for one in spans])
        self.sure_from = column([one.sure_from for one in spans])
        self.last = column([one.last for one in spans])
        self.sure_to = column([one.sure_to for one in spans])
        self.dated: Flags = np.array([one.valid_from is not None for one in self.provisions], bool)
        self.recorded = column([one.recorded_from.toordinal() for one in self.provisions])
        self.instrument = column([number[one.instrument] for one in self.provisions])
        self.domain = column([domains[one.domain] for one in self.provisions])
        self.mark = column([_MARKS.index(one.mark) for one in self.provisions])
        self.fact: Flags = np.array([one.kind == "fact" for one in self.provisions], bool)
        self.search: Flags = np.array([one.is_search for one in self.provisions], bool)
        self.instrument_recorded: Days = np.array(
            [corpus.recorded[one.id].toordinal() for one in instruments], np.int32
        )
        self.form: Numbers = np.array([FORMS.index(one.form) for one in instruments], np.int32)
        states = [(at, state) for at, one in enumerate(instruments) for state in one.states]
        self.state_of: Numbers = np.array([at for at, _ in states], np.int32)
        self.state_code: Numbers = np.array([_code(one.state) for _, one in states], np.int32)
        self.state_first: Days = np.array([one.since.first.toordinal() for _, one in states])
        self.state_sure: Days = np.array([one.since.last.toordinal() for _, one in states])
        self.state_unread: Flags = np.array([one.mark == "not_verified" for _, one in states], bool)

    @cached_property
    def members(self) -> dict[str, Members]:
        """Each entity's provisions."""
        own: dict[str, list[int]] = {one: [] for one in self.corpus.entities}
        for at, provision in enumerate(self.provisions):
            for name in self.corpus.instruments[provision.instrument].entities:
                own[name].append(at)
        found: dict[str, Members] = {}
        for entity, reaches in self.corpus.reach.items():
            best: dict[int, str] = {}
            for name, reach in reaches.items():
                for at in own[name]:
                    if best.get(at) != "whole":
                        best[at] = reach
            order = sorted(best)
            reached = tuple(best[at] for at in order)
            whole = np.array([one == "whole" for one in reached], bool)
            found[entity] = Members(np.array(order, np.int32), reached, whole)
        return found


def _span(start: When | None, end: When | None) -> Span:
    return Span(
        start.first.toordinal() if start else 0,
        start.last.toordinal() if start else 0,
        end.last.toordinal() if end else NEVER,
        end.first.toordinal() if end else NEVER,
    )


def _code(state: str) -> int:
    if state in ENDED:
        return ENDED_STATE
    return {"proposed": DRAFT, "enacted": PENDING}.get(state, IN_FORCE)


def ordinal(day: dt.date | None) -> int:
    """The day's number; the end of time for None.

    >>> ordinal(None) > ordinal(dt.date(9999, 12, 31))
    True
    """
    return NEVER if day is None else day.toordinal()
