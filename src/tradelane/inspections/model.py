"""A case and its life, and how cases stand in the queue."""

from __future__ import annotations

import base64
import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tradelane.kit.clock import read_stamp
from tradelane.kit.errors import InputRefused, Problem


class Decision(StrEnum):
    """What an officer decides about a declaration."""

    RELEASE = "release"
    INSPECT = "inspect"
    REFER = "refer"
    HOLD = "hold"
    REJECT = "reject"


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    """Nobody decided yet."""
    INSPECTING = "inspecting"
    """It was decided to inspect; findings are awaited."""
    REFERRED = "referred"
    """The declarant was asked; an answer is awaited."""
    HELD = "held"
    RELEASED = "released"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    """The declarant amended or cancelled the declaration."""


FINAL = frozenset({CaseState.RELEASED, CaseState.REJECTED, CaseState.WITHDRAWN})
"""States that nothing leaves."""
WAITING = tuple(state for state in CaseState if state not in FINAL)
"""States in which somebody still has to do something."""

_ASKED = (CaseState.OPEN, CaseState.REFERRED, CaseState.HELD)

TRANSITIONS: Mapping[tuple[CaseState, Decision], CaseState] = {
    **{(state, Decision.RELEASE): CaseState.RELEASED for state in _ASKED},
    **{(state, Decision.INSPECT): CaseState.INSPECTING for state in _ASKED},
    **{(state, Decision.REFER): CaseState.REFERRED for state in _ASKED},
    **{(state, Decision.HOLD): CaseState.HELD for state in _ASKED},
    (CaseState.HELD, Decision.REJECT): CaseState.REJECTED,
    (CaseState.INSPECTING, Decision.RELEASE): CaseState.RELEASED,
    (CaseState.INSPECTING, Decision.HOLD): CaseState.HELD,
    (CaseState.INSPECTING, Decision.REJECT): CaseState.REJECTED,
}
"""Every allowed decision. What leaves `INSPECTING` needs findings too (the service asks)."""

SHORTEST_REASON = 10
"""Characters that a reason has at least, where one is needed."""

DONE: Mapping[Decision, str] = {
    Decision.RELEASE: "released",
    Decision.INSPECT: "sent to inspection",
    Decision.REFER: "referred to the declarant",
    Decision.HOLD: "held",
    Decision.REJECT: "rejected",
}
"""How a decision is said of a case to which it was done."""

_SPOKEN: Mapping[CaseState, str] = {
    CaseState.INSPECTING: "being inspected",
    CaseState.REFERRED: "referred to the declarant",
}


def decisions_in(state: CaseState) -> tuple[Decision, ...]:
    """What can be decided there, in the order of `Decision`.

    >>> [str(decision) for decision in decisions_in(CaseState.INSPECTING)]
    ['release', 'hold', 'reject']
    """
    return tuple(decision for decision in Decision if (state, decision) in TRANSITIONS)


def advance(state: CaseState, decision: Decision) -> CaseState | Problem:
    """The state after ``decision``, or the problem that it cannot be decided there.

    >>> advance(CaseState.OPEN, Decision.INSPECT)
    <CaseState.INSPECTING: 'inspecting'>
    >>> print(advance(CaseState.RELEASED, Decision.HOLD).message)
    A case that is released cannot be held.
    """
    found = TRANSITIONS.get((state, decision))
    if found is not None:
        return found
    allowed = ", ".join(decisions_in(state))
    return Problem(
        "inspections.transition",
        f"A case that is {_SPOKEN.get(state, state)} cannot be {DONE[decision]}.",
        pointer="/decision",
        hint=f"Allowed there: {allowed}." if allowed else "It is final.",
    )


def recommendation_of(lane: str) -> Decision:
    """What the lane recommends; raises ValueError for a lane that needs no officer.

    >>> [str(recommendation_of(lane)) for lane in ("red", "yellow")]
    ['inspect', 'refer']
    """
    if lane not in _RECOMMENDED:
        raise ValueError(f"no officer is needed in the lane {lane!r}")
    return _RECOMMENDED[lane]


_RECOMMENDED = {"red": Decision.INSPECT, "yellow": Decision.REFER}


def is_against(recommendation: Decision, decision: Decision, followed: bool) -> bool:
    """Whether a decision goes against the recommendation.

    A recommendation stands until it was followed once (``followed``): to release a red case after
    its inspection is no override, to release it after a mere question is.

    >>> is_against(Decision.INSPECT, Decision.RELEASE, followed=False)
    True
    >>> is_against(Decision.INSPECT, Decision.RELEASE, followed=True)
    False
    """
    return not followed and decision is not recommendation


def needs_reason(decision: Decision, against: bool) -> bool:
    """Whether a decision says why: against the recommendation, or stopping goods.

    >>> needs_reason(Decision.HOLD, against=False), needs_reason(Decision.RELEASE, against=False)
    (True, False)
    """
    return against or decision in (Decision.HOLD, Decision.REJECT)


def is_lighter(recommendation: Decision, decision: Decision) -> bool:
    """Whether an override asks less of the goods than was recommended (else it asks more).

    >>> is_lighter(Decision.INSPECT, Decision.REFER), is_lighter(Decision.REFER, Decision.INSPECT)
    (True, False)
    """
    return decision is Decision.RELEASE or (
        recommendation is Decision.INSPECT and decision is Decision.REFER
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A version of a declaration that needs an officer. ``received_at`` is an RFC 3339 stamp.

    score: what the queue is ordered by, finite, highest first; probability: 0 to 1;
    expected_revenue: in ``currency``; both None where nothing estimated them. ``selected_by``:
    ``model``, ``rule``, ``random`` or ``none``. ``hs_code`` and ``reason`` (one sentence) are of
    the line that gave the case its score; ``lines``: how many the declaration has.
    """

    declarant: str
    reference: str
    version: int
    lane: str
    selected_by: str
    score: float
    probability: float | None
    expected_revenue: float | None
    currency: str
    office: str
    importer: str
    hs_code: str
    reason: str
    lines: int
    received_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(NewCase):
    """A case as it is kept. Times are RFC 3339 stamps, people are user ids.

    ``revision``: how many steps the case has had; whoever decides names the one that was seen.
    ``decision``, ``decided_by`` and ``decided_at`` are the latest decision's.
    ``opened_by`` has had its page open since ``opened_by_at`` (a claim of `CLAIM_MINUTES`).
    ``deadline``: until when the declarant was asked to answer, inclusive.
    ``found_wrong``: whether the latest findings have a discrepancy; None before any.
    """

    id: int
    state: CaseState
    recommendation: Decision
    revision: int
    opened_at: str
    assigned_to: int | None = None
    opened_by: int | None = None
    opened_by_at: str | None = None
    decision: Decision | None = None
    decided_by: int | None = None
    decided_at: str | None = None
    deadline: dt.date | None = None
    first_decided_at: str | None = None
    found_at: str | None = None
    found_wrong: bool | None = None
    released_at: str | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        """What makes it the same case: (declarant, reference, version)."""
        return (self.declarant, self.reference, self.version)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, numbers that are no integers as decimal text (for the ledger)."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}


def stronger(one: NewCase, other: NewCase) -> NewCase:
    """One case of two for the same version: the worse lane, then the higher score, decides all of
    it but the score, which is the higher of both."""
    first = max(one, other, key=lambda case: (case.lane == "red", case.score))
    return replace(first, score=max(one.score, other.score))


CLAIM_MINUTES = 15
"""How long a page counts as open after it was last asked for."""


def who_has_it_open(case: Case, user: int, now: dt.datetime) -> int | None:
    """The other user who opened the case in the last `CLAIM_MINUTES`, or None."""
    if case.opened_by in (None, user) or case.opened_by_at is None:
        return None
    age = now - read_stamp(case.opened_by_at)
    return case.opened_by if age < dt.timedelta(minutes=CLAIM_MINUTES) else None


@dataclass(frozen=True, slots=True)
class Taken:
    """A case that somebody opened, and the other user who has it open (None: nobody)."""

    case: Case
    also_open_by: int | None
    since: str | None


@dataclass(frozen=True, slots=True)
class Assigned:
    """A case as it is after it was assigned, whose it was before, who did it and when."""

    case: Case
    before: int | None
    by: int
    at: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, for the ledger."""
        return {
            "case_id": self.case.id,
            "assigned_to": self.case.assigned_to,
            "before": self.before,
            "by": self.by,
            "at": self.at,
        }


class StepKind(StrEnum):
    """What happened in a step of a case."""

    DECIDED = "decided"
    FOUND = "found"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a case's life: a decision, findings, or its withdrawal.

    ``number`` counts from 1 and is the case's revision after it. ``by`` and ``login`` are the
    officer's (None and '' where the declarant ended it). ``decision`` is None in steps that decide
    nothing. ``opened_page``: whether the officer had opened the case's page before deciding;
    ``read_seconds``: how long before, None where that is not known.
    """

    case_id: int
    number: int
    kind: StepKind
    at: str
    by: int | None
    login: str
    decision: Decision | None
    before: CaseState
    after: CaseState
    reason: str = ""
    against_recommendation: bool = False
    opened_page: bool = True
    deadline: dt.date | None = None
    read_seconds: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, for the ledger."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}


class Stage(StrEnum):
    """A stretch of a case's time; each is measured in whole seconds when it ends."""

    RECEIVED_TO_DECIDED = "received_to_decided"
    """From the declaration's receipt to the first decision."""
    DECIDED_TO_FOUND = "decided_to_found"
    """From the decision to inspect to its findings."""
    FOUND_TO_RELEASED = "found_to_released"
    RECEIVED_TO_RELEASED = "received_to_released"


# ---------------------------------------------------------------- the queue


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases; what is not given does not restrict.

    text: the beginning of a reference, or a whole importer or declarant id; received_from and
    received_to: days (UTC), both inclusive; unassigned: only cases that are assigned to nobody.
    """

    states: tuple[CaseState, ...] = WAITING
    office: str = ""
    lane: str = ""
    assigned_to: int | None = None
    unassigned: bool = False
    hs_prefix: str = ""
    importer: str = ""
    text: str = ""
    received_from: dt.date | None = None
    received_to: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the queue: just after the case with that score and id.

    >>> Cursor.read(Cursor(0.125, 7).text())
    Cursor(score=0.125, id=7)
    """

    score: float
    id: int

    def text(self) -> str:
        """The cursor for a URL."""
        plain = f"{self.score!r}:{self.id}".encode()
        return base64.urlsafe_b64encode(plain).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Cursor:
        """What `text` wrote; InputRefused ``inspections.cursor`` for anything else."""
        try:
            plain = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode()
            score, number = plain.split(":")
            found = cls(float(score), int(number))
            if not math.isfinite(found.score) or not 0 <= found.id < 2**63:
                raise ValueError
        except ValueError as error:
            raise InputRefused(
                Problem(
                    "inspections.cursor",
                    "That is not a place in the queue.",
                    pointer="/after",
                    hint="Use the cursor of the page before as it is, or begin without one.",
                )
            ) from error
        return found


@dataclass(frozen=True, slots=True)
class Page:
    """Cases in the queue's order, and where the next page begins (None: this is the last)."""

    cases: tuple[Case, ...]
    next: Cursor | None


def plain(value: Any) -> Any:
    """A field's value as JSON has it."""
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, float):
        return format(value, ".6f")
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, dt.date) else value
