"""What holds on a day, as far as it was recorded by another."""

from __future__ import annotations

import datetime as dt
from functools import cached_property

import numpy as np

from tradelane.governance.index import (
    ENDED_STATE,
    IN_FORCE,
    NEVER,
    NOT_VERIFIED,
    NOTHING,
    PENDING,
    Flags,
    Index,
    Numbers,
    ordinal,
)


class Day:
    """The corpus ``as_of`` a day and ``known_at`` another (None: everything that is recorded).

    A provision holds if its own dates allow it and its instrument is in force; one with a date of
    its own holds from that date also while its instrument is adopted and not yet in force. Drafts
    never count, nor what has ended; only a fact that is dated later tells what came after.
    """

    def __init__(self, index: Index, as_of: dt.date, known_at: dt.date | None = None) -> None:
        self.index = index
        self.as_of = as_of
        self.known_at = known_at
        self._on = as_of.toordinal()
        self._known = ordinal(known_at)

    @cached_property
    def known(self) -> Flags:
        """Provisions that were recorded."""
        found: Flags = self.index.recorded <= self._known
        return found

    @cached_property
    def states(self) -> tuple[Numbers, Flags]:
        """What each instrument is, and whether that is not certain (date or mark)."""
        index = self.index
        state = np.full(len(index.instruments), NOTHING, np.int32)
        unsure = np.zeros(len(index.instruments), bool)
        begun = index.state_first <= self._on
        # Of an instrument's states, in their order, the last that has begun stays.
        state[index.state_of[begun]] = index.state_code[begun]
        doubtful = (index.state_sure > self._on) | index.state_unread
        unsure[index.state_of[begun]] = doubtful[begun]
        return state, unsure

    @cached_property
    def holds(self) -> Flags:
        """Provisions that hold."""
        index = self.index
        state = self.states[0][index.instrument]
        live = (state == IN_FORCE) | (index.dated & (state == PENDING))
        found: Flags = (live | self._told_after) & self._in_time & self.known & ~index.search
        return found

    @cached_property
    def asks(self) -> Flags:
        """Of those, what an instrument in force or adopted says: what economies ask."""
        found: Flags = self.holds & ~self._told_after
        return found

    @cached_property
    def searches(self) -> Flags:
        """What was looked for and not found: a search says nothing of one day alone."""
        found: Flags = self.index.search & self.known & self._in_time
        return found

    @cached_property
    def _told_after(self) -> Flags:
        """Facts of ended instruments that are dated on or after their end."""
        index = self.index
        ended = np.full(len(index.instruments), NEVER, np.int32)
        over = (index.state_code == ENDED_STATE) & (index.state_first <= self._on)
        ended[index.state_of[over]] = index.state_first[over]
        gone = self.states[0][index.instrument] == ENDED_STATE
        found: Flags = gone & index.fact & index.dated & (index.first >= ended[index.instrument])
        return found

    @cached_property
    def unsure(self) -> Flags:
        """Provisions of which it is not certain that they hold: dates to the month or year, or a
        state that nobody verified."""
        index = self.index
        begins = (index.first <= self._on) & (index.sure_from > self._on)
        ends = (index.sure_to < self._on) & (index.last >= self._on)
        found: Flags = begins | ends | self.states[1][index.instrument]
        return found

    @cached_property
    def verified(self) -> Flags:
        """Provisions that evidence can rest on."""
        found: Flags = (self.index.mark != NOT_VERIFIED) & ~self.unsure
        return found

    @cached_property
    def _in_time(self) -> Flags:
        found: Flags = (self.index.first <= self._on) & (self._on <= self.index.last)
        return found
