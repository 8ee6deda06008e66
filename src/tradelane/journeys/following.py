"""What a declarant may know of a declaration of theirs: state, duty, events, messages, receipts.

Everything is taken from the ledger through the allow-list of public events, so that no page can
show more than a webhook would tell: never a score, a lane, how it was selected, or an officer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tradelane.correspondence.model import Message, is_overdue
from tradelane.declarations.model import Kept, Listed, State
from tradelane.duties.explanation import explain
from tradelane.journeys import entries
from tradelane.journeys.receipts import provable
from tradelane.journeys.record import NotFound, Record, get_record
from tradelane.journeys.workshop import Workshop
from tradelane.kit.canonical import decode
from tradelane.kit.errors import Problem
from tradelane.ledger.model import Receipt, Stored
from tradelane.notifications.model import Event, translate
from tradelane.trade.declaration import Declaration, GoodsLine


@dataclass(frozen=True, slots=True)
class LineDue:
    """What is due on a goods line; amounts are decimals in ``currency``.

    ``trace``: the computation in sentences; ``open``: what a person still has to settle. Without
    an assessment (a declaration amended outside an intake) ``total`` is None.
    """

    goods: GoodsLine
    currency: str = ""
    total: Decimal | None = None
    duty: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    other: Decimal = Decimal(0)
    trace: tuple[str, ...] = ()
    open: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Happening:
    """One moment of a declaration's life; ``total`` is of the duty that was worked out then."""

    at: str
    type: str
    data: Mapping[str, Any]
    total: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Followed:
    """A declaration as its declarant sees it."""

    kept: Kept
    lines: tuple[LineDue, ...]
    happenings: tuple[Happening, ...]
    """Oldest first."""
    messages: tuple[Message, ...]
    receipts: tuple[Stored, ...]
    """The entries whose receipts may be had, in the ledger's order."""

    @property
    def declaration(self) -> Declaration:
        """The latest version."""
        return self.kept.declaration

    @property
    def status(self) -> str:
        """See `status_of`."""
        return status_of(self.kept.status, any(m.awaits_answer for m in self.messages))

    @property
    def currency(self) -> str:
        """The territory's currency, '' before duty was worked out."""
        return next((line.currency for line in self.lines if line.currency), "")

    @property
    def total(self) -> Decimal | None:
        """What is due altogether; None while a line is not assessed."""
        totals = [line.total for line in self.lines]
        known = [total for total in totals if total is not None]
        return sum(known, Decimal(0)) if len(known) == len(totals) else None

    @property
    def is_settled(self) -> bool:
        """Whether nothing about the duty is left for a person to settle."""
        return self.total is not None and not any(line.open for line in self.lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: everything on the page."""
        declaration = self.declaration
        return {
            "declarant": declaration.declarant,
            "reference": declaration.reference,
            "version": self.kept.version,
            "status": self.status,
            "received_at": self.kept.received_at,
            "currency": self.currency,
            "total": None if self.total is None else str(self.total),
            "lines": [_line_dict(line) for line in self.lines],
            "events": [
                {"at": h.at, "type": h.type, **({} if h.total is not None else h.data)}
                for h in self.happenings
            ],
            "messages": [message_view(message) for message in self.messages],
        }


def follow(
    shop: Workshop, tx: Any, declarants: Collection[str], declarant: str, reference: str
) -> Followed:
    """The declaration, if it is of one of these declarants.

    Errors: NotFound ``declarations.not_found``, the same for what is not theirs and what is not.
    """
    if declarant not in declarants:
        raise _not_found(declarant, reference)
    record = get_record(shop, tx, declarant, reference)
    public = [stored for stored in record.all_entries if _event(stored) is not None]
    return Followed(
        record.kept,
        tuple(_due(record, place) for place in range(len(record.lines))),
        tuple(_happenings(event for event in map(_event, public) if event is not None)),
        tuple(shop.correspondence.thread(tx, declarant, reference)),
        tuple(provable(record, everything=False)),
    )


def receipt(shop: Workshop, tx: Any, followed: Followed, index: int) -> Receipt:
    """The receipt of one of its entries. Errors: NotFound ``ledger.index_unknown`` for any other
    entry, whether there is one or not; those of `Ledger.prove`."""
    if index not in {stored.index for stored in followed.receipts}:
        raise NotFound(
            Problem(
                "ledger.index_unknown",
                f"There is no receipt {index} of this declaration.",
                hint="Its receipts are listed on its page.",
            )
        )
    return shop.ledger.prove(tx, index)


def status_of(state: State, asked: bool) -> str:
    """What a declarant is told of a state, as a stable word; ``asked``: a message waits for them.

    >>> status_of(State.HELD, True), status_of(State.HELD, False), status_of(State.SELECTED, False)
    ('needs_you', 'on_hold', 'being_looked_at')
    """
    if asked and state in (State.HELD, State.SELECTED, State.RECEIVED, State.ASSESSED):
        return "needs_you"
    return _STATUS[state]


_STATUS = {
    State.RECEIVED: "received",
    State.ASSESSED: "received",
    State.SELECTED: "being_looked_at",
    State.HELD: "on_hold",
    State.UNDER_INSPECTION: "being_inspected",
    State.RELEASED: "released",
    State.REJECTED: "refused",
    State.AMENDED: "received",
    State.CANCELLED: "withdrawn",
}

STATES_OF: Mapping[str, tuple[State, ...]] = {
    "with_customs": (State.RECEIVED, State.ASSESSED, State.SELECTED),
    "on_hold": (State.HELD,),
    "being_inspected": (State.UNDER_INSPECTION,),
    "released": (State.RELEASED,),
    "refused": (State.REJECTED,),
    "withdrawn": (State.CANCELLED,),
}
"""What a list can be narrowed to, and the states behind it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a declarant: messages to answer, the most urgent first."""

    messages: tuple[Message, ...]
    overdue: frozenset[int]
    """Ids of those whose deadline has passed."""

    def status(self, listed: Listed) -> str:
        """The status of a declaration in a list."""
        asked = (listed.declarant, listed.reference) in {
            (message.declarant, message.reference) for message in self.messages
        }
        return status_of(listed.status, asked)


def waiting(shop: Workshop, tx: Any, declarants: Collection[str]) -> Waiting:
    """The unanswered requests to these declarants (of the hundred most urgent messages)."""
    today = shop.clock.now().date()
    asked = [m for m in shop.correspondence.inbox(tx, declarants) if m.awaits_answer]
    late = frozenset(message.id for message in asked if is_overdue(message, today))
    return Waiting(tuple(asked), late)


def message_view(message: Message) -> dict[str, Any]:
    """A message without who of the administration wrote it."""
    return {
        "id": message.id,
        "direction": str(message.direction),
        "kind": str(message.kind),
        "from": message.author_for_declarant,
        "text": message.text,
        "deadline": _day(message.deadline),
        "answers": message.answers,
        "sent_at": message.sent_at,
        "answered_at": message.answered_at,
    }


def _day(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _event(stored: Stored) -> Event | None:
    return translate(stored.index, decode(stored.data))


def _happenings(events: Iterable[Event]) -> list[Happening]:
    """The events in order; the duty of several lines that was worked out together is one."""
    found: list[Happening] = []
    for event in events:
        if event.type != "duty.assessed":
            found.append(Happening(event.at, event.type, event.data))
            continue
        total = Decimal(event.data["total"])
        last = next((h for h in found if (h.at, h.type) == (event.at, event.type)), None)
        if last is not None and last.total is not None:
            found.remove(last)
            total += last.total
        found.append(Happening(event.at, event.type, {}, total, event.data["currency"]))
    return found


def _due(record: Record, place: int) -> LineDue:
    line = record.lines[place]
    stored = line.latest(entries.ASSESSED)
    started = max((e.index for e in record.happened(entries.AMENDED)), default=-1)
    if stored is None or stored.index < started:
        return LineDue(line.goods)  # what is there was worked out for an earlier version
    body = stored.entry.body
    told = explain({**body, "needs_person": ()})  # those stand apart, in ``open``
    return LineDue(
        line.goods,
        body["currency"],
        Decimal(body["total"]),
        Decimal(body["duty"]),
        Decimal(body["tax"]),
        Decimal(body["other"]),
        tuple(told),
        tuple(body.get("needs_person", ())),
    )


def _line_dict(line: LineDue) -> dict[str, Any]:
    goods = line.goods
    return {
        "number": goods.number,
        "hs_code": goods.hs_code,
        "description": goods.description,
        "origin": goods.origin,
        "customs_value": format(goods.customs_value, "f"),
        "value_currency": goods.currency,
        "duty": str(line.duty) if line.total is not None else None,
        "tax": str(line.tax) if line.total is not None else None,
        "other": str(line.other) if line.total is not None else None,
        "total": str(line.total) if line.total is not None else None,
        "explanation": list(line.trace),
        "open_questions": [dict(problem) for problem in line.open],
    }


def _not_found(declarant: str, reference: str) -> NotFound:
    return NotFound(
        Problem(
            "declarations.not_found",
            f"There is no declaration {reference!r} of {declarant!r}.",
            pointer="/reference",
        )
    )
