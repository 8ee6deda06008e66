"""A filing and its checks' limits, and the life cycle of a declaration."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from tradelane.kit import canonical
from tradelane.kit.errors import Problem
from tradelane.trade.declaration import Declaration, Outcome, content


class Codes(Protocol):
    """What reading needs to know of a nomenclature (`tradelane.nomenclature` has it)."""

    def exists(self, code: str, on: dt.date) -> bool:
        """Whether a bare code of 6, 8 or 10 digits may stand on a declaration of that day."""
        ...

    def note(self, code: str, on: dt.date) -> str:
        """What could not be checked about a code that exists, as a sentence, or ''."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one thing is read before it is refused; sizes in characters."""

    cell: int = 10_000
    row: int = 2_000_000
    description: int = 4_000
    identifier: int = 100
    document: int = 4_000_000
    depth: int = 20
    lines_per_declaration: int = 9_999
    integer_digits: int = 15
    fraction_digits: int = 20
    days_ahead: int = 1


@dataclass(frozen=True, slots=True)
class Filing:
    """One declaration as it stood in a file, read or refused as a whole.

    ``rows``: how many rows (goods lines) of the file it took; ``first_row``: the first of them,
    counted from 0 without the header; ``line``: where that stands in the file, from 1.
    Either ``declaration`` is there, with one entry of ``outcomes`` a line (None: not inspected),
    or ``row_problems`` has at least one problem for every row.
    ``notes`` have the shape of problems and refuse nothing.
    """

    first_row: int
    rows: int
    line: int
    declarant: str
    reference: str
    declaration: Declaration | None
    outcomes: tuple[Outcome | None, ...] = ()
    row_problems: tuple[tuple[Problem, ...], ...] = ()
    notes: tuple[Problem, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem of every row, in order."""
        return tuple(problem for row in self.row_problems for problem in row)


class State(StrEnum):
    """Where a version of a declaration stands."""

    RECEIVED = "received"
    ASSESSED = "assessed"
    SELECTED = "selected"
    HELD = "held"
    UNDER_INSPECTION = "under_inspection"
    RELEASED = "released"
    REJECTED = "rejected"
    AMENDED = "amended"
    CANCELLED = "cancelled"


class Verb(StrEnum):
    """What is done to a declaration."""

    RECEIVE = "receive"
    ASSESS = "assess"
    ROUTE = "route"
    REFER = "refer"
    INSPECT = "inspect"
    RELEASE = "release"
    HOLD = "hold"
    REJECT = "reject"
    AMEND = "amend"
    CANCEL = "cancel"


_OPEN = (State.RECEIVED, State.ASSESSED, State.SELECTED, State.HELD)

TRANSITIONS: Mapping[tuple[State | None, Verb], State] = {
    (None, Verb.RECEIVE): State.RECEIVED,
    (State.RECEIVED, Verb.ASSESS): State.ASSESSED,
    (State.ASSESSED, Verb.ROUTE): State.SELECTED,
    **{(state, Verb.RELEASE): State.RELEASED for state in (State.ASSESSED, State.SELECTED)},
    **{(state, Verb.REFER): State.HELD for state in (State.ASSESSED, State.SELECTED)},
    **{(state, Verb.HOLD): State.HELD for state in (State.ASSESSED, State.SELECTED)},
    (State.SELECTED, Verb.INSPECT): State.UNDER_INSPECTION,
    (State.HELD, Verb.INSPECT): State.UNDER_INSPECTION,
    (State.HELD, Verb.RELEASE): State.RELEASED,
    (State.UNDER_INSPECTION, Verb.RELEASE): State.RELEASED,
    (State.UNDER_INSPECTION, Verb.HOLD): State.HELD,
    (State.UNDER_INSPECTION, Verb.REJECT): State.REJECTED,
    (State.HELD, Verb.REJECT): State.REJECTED,
    **{(state, Verb.AMEND): State.AMENDED for state in _OPEN},
    **{(state, Verb.CANCEL): State.CANCELLED for state in _OPEN},
}
"""Every allowed step. Amending ends a version (its successor is received anew); nothing leaves
released, rejected, amended or cancelled, and nobody amends or cancels what is being inspected."""


def advance(state: State | None, verb: Verb) -> State | Problem:
    """The state after ``verb``, or the problem that it is not allowed there.

    >>> advance(State.HELD, Verb.INSPECT)
    <State.UNDER_INSPECTION: 'under_inspection'>
    >>> print(advance(State.RELEASED, Verb.AMEND).message)
    A declaration that is released cannot be amended.
    """
    found = TRANSITIONS.get((state, verb))
    if found is not None:
        return found
    allowed = ", ".join(sorted(v for s, v in TRANSITIONS if s == state))
    where = f"that is {_SPOKEN.get(state, state)}" if state else "that was not received"
    return Problem(
        "declarations.transition",
        f"A declaration {where} cannot be {_DONE[verb]}.",
        hint=f"Allowed there: {allowed}." if allowed else "It is final.",
    )


_SPOKEN: Mapping[State | None, str] = {State.UNDER_INSPECTION: "under inspection"}
_DONE = {
    Verb.RECEIVE: "received",
    Verb.ASSESS: "assessed",
    Verb.ROUTE: "routed",
    Verb.REFER: "referred",
    Verb.INSPECT: "inspected",
    Verb.RELEASE: "released",
    Verb.HOLD: "held",
    Verb.REJECT: "rejected",
    Verb.AMEND: "amended",
    Verb.CANCEL: "cancelled",
}


def life_cycle_table() -> str:
    """The life cycle as a Markdown table: a row a state, a column a verb.

    >>> life_cycle_table().splitlines()[2]
    '| (none) | received |  |  |  |  |  |  |  |  |  |'
    """
    verbs = list(Verb)
    rows = ["| from | " + " | ".join(verbs) + " |", "| --- " * (len(verbs) + 1) + "|"]
    for state in (None, *State):
        cells = [str(TRANSITIONS.get((state, verb), "")) for verb in verbs]
        rows.append(f"| {state or '(none)'} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def content_digest(declaration: Declaration) -> str:
    """What two declarations with the same content share (``sha256:`` and hex digits).

    Amounts count as they are written: 1.0 and 1.00 differ.
    """
    return canonical.digest(content_bytes(declaration))


def content_bytes(declaration: Declaration) -> bytes:
    """The declaration's canonical JSON, as it is kept and hashed."""
    return canonical.encode(content(declaration))


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a declaration's life, ready for the ledger. ``at`` is an RFC 3339 stamp."""

    declarant: str
    reference: str
    version: int
    verb: Verb
    before: State | None
    after: State
    at: str
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "declarant": self.declarant,
            "reference": self.reference,
            "version": self.version,
            "verb": str(self.verb),
            "before": None if self.before is None else str(self.before),
            "after": str(self.after),
            "at": self.at,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """A file that is being received and how far it is. ``accepted + rejected == rows_read``."""

    id: str
    name: str
    file_digest: str
    settings: Mapping[str, Any]
    opened_at: str
    status: str = "open"
    rows_total: int | None = None
    rows_read: int = 0
    accepted: int = 0
    rejected: int = 0
    closed_at: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a declaration that was received before: its latest version."""

    version: int
    status: State
    content_digest: str
    batch_id: str | None
    first_row: int | None

    def is_elsewhere(self, batch_id: str, content_digest: str) -> bool:
        """Whether the same content came with another batch."""
        return self.content_digest == content_digest and self.batch_id != batch_id


@dataclass(frozen=True, slots=True)
class NewDeclaration:
    """A version of a declaration that is to be kept; ``content`` is its canonical JSON."""

    declarant: str
    reference: str
    version: int
    status: State
    content: bytes
    content_digest: str
    batch_id: str | None
    first_row: int | None
    line_count: int
    received_at: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A version of a declaration as it is kept."""

    declaration: Declaration
    version: int
    status: State
    content_digest: str
    batch_id: str | None
    first_row: int | None
    received_at: str


class Listed(NamedTuple):
    """A declaration as it stands in a list; ``id`` grows with each version that is kept."""

    id: int
    declarant: str
    reference: str
    version: int
    status: State
    line_count: int
    received_at: str


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row of a batch that was refused: counted from 0, its line in the file, and why."""

    row: int
    line: int
    reference: str
    problems: tuple[Problem, ...]


class Arrival(NamedTuple):
    """A filing as it is to be kept, without the declaration's objects: cheap to hand on.

    ``content`` is the declaration's canonical JSON, None where the filing was refused.
    """

    first_row: int
    rows: int
    line: int
    declarant: str
    reference: str
    content: bytes | None
    content_digest: str
    row_problems: tuple[tuple[Problem, ...], ...]


def arrive(filing: Filing) -> Arrival:
    """The filing as it is to be kept."""
    if filing.declaration is not None:
        return arrival_of(filing.declaration)._replace(
            first_row=filing.first_row, rows=filing.rows, line=filing.line
        )
    return Arrival(
        filing.first_row,
        filing.rows,
        filing.line,
        filing.declarant,
        filing.reference,
        None,
        "",
        filing.row_problems,
    )


def arrival_of(declaration: Declaration) -> Arrival:
    """A declaration that came by itself, not in a file: its place is still to be given."""
    content = content_bytes(declaration)
    lines, digest = len(declaration.lines), canonical.digest(content)
    return Arrival(0, lines, 1, declaration.declarant, declaration.reference, content, digest, ())


@dataclass(frozen=True, slots=True)
class Received:
    """What became of arrivals: those accepted, the rows refused, and the batch afterwards.

    ``repeated`` were received before with the same content, each with the batch that has it ('' for
    none): they count as accepted, and nothing is kept or decided a second time.
    """

    accepted: tuple[Arrival, ...]
    repeated: tuple[tuple[Arrival, str], ...]
    rejected: tuple[RejectedRow, ...]
    batch: Batch
