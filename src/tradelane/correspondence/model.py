"""A message and the rules of what may be written, by whom, and until when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from tradelane.kit.errors import Problem

LONGEST_TEXT = 4000
"""Characters of a message at most."""

ADMINISTRATION = "Customs"
"""What declarants read in place of an officer's name."""


class Direction(StrEnum):
    """Who a message is for."""

    TO_DECLARANT = "to_declarant"
    TO_ADMINISTRATION = "to_administration"

    @property
    def back(self) -> Direction:
        """The other way."""
        if self is Direction.TO_DECLARANT:
            return Direction.TO_ADMINISTRATION
        return Direction.TO_DECLARANT


class Kind(StrEnum):
    """What a message is."""

    QUESTION = "question"
    DOCUMENT_REQUEST = "document_request"
    NOTICE = "notice"
    ANSWER = "answer"


ASKING = frozenset({Kind.QUESTION, Kind.DOCUMENT_REQUEST})
"""Kinds that wait for an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message that is to be sent about a declaration.

    ``author_name`` is the author's own; `author_for_declarant` is what declarants may see.
    ``office``: the customs office of the declaration ('' where it has none). ``deadline``: the last
    day (UTC) for an answer, only in what asks the declarant. ``answers``: the message that it
    answers. ``attachment``: the id of a file in `inspections` (evidence).
    """

    declarant: str
    reference: str
    direction: Direction
    kind: Kind
    text: str
    author_id: int
    author_name: str
    case_id: int | None = None
    office: str = ""
    deadline: dt.date | None = None
    answers: int | None = None
    attachment: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(NewMessage):
    """A message as it is kept. Times are RFC 3339 stamps, None until it happened.

    ``answered_at`` is when the first answer to it was sent.
    """

    id: int
    sent_at: str
    read_at: str | None = None
    answered_at: str | None = None

    @property
    def author_for_declarant(self) -> str:
        """The author's name as a declarant sees it: `ADMINISTRATION` for every officer."""
        if self.direction is Direction.TO_DECLARANT:
            return ADMINISTRATION
        return self.author_name

    @property
    def awaits_answer(self) -> bool:
        """Whether it asks something that nobody answered yet."""
        return self.kind in ASKING and self.answered_at is None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, for the ledger."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


def is_overdue(message: Message, today: dt.date) -> bool:
    """Whether the day after the deadline has come without an answer; the deadline is inclusive."""
    late = message.deadline is not None and today > message.deadline
    return late and message.awaits_answer


def problems_of(message: NewMessage, today: dt.date) -> list[Problem]:
    """Everything that is wrong with a message that is to be sent on that day; none if it may be.

    ``message.text`` is cleaned already (`tradelane.kit.plaintext`).
    """
    found: list[Problem] = []
    if not message.text:
        found.append(_text("A message has no text.", "Write what you ask or answer."))
    if len(message.text) > LONGEST_TEXT:
        found.append(
            _text(
                f"The message has {len(message.text)} characters; {LONGEST_TEXT} are allowed.",
                "Say it shorter, or attach a file.",
            )
        )
    if (message.kind is Kind.ANSWER) != (message.answers is not None):
        found.append(
            Problem(
                "correspondence.kind",
                "An answer, and nothing else, names the message that it answers.",
                pointer="/kind",
            )
        )
    to_declarant = message.direction is Direction.TO_DECLARANT
    if message.kind is Kind.DOCUMENT_REQUEST and not to_declarant:
        found.append(
            Problem(
                "correspondence.kind",
                "Only the administration asks for documents.",
                pointer="/kind",
                hint="Ask a question.",
            )
        )
    if message.deadline is not None:
        found += _deadline_problems(message, today, to_declarant and message.kind in ASKING)
    return found


def _deadline_problems(message: NewMessage, today: dt.date, may_have_one: bool) -> list[Problem]:
    if not may_have_one:
        return [
            Problem(
                "correspondence.deadline",
                "Only a question or a request to the declarant has a deadline.",
                pointer="/deadline",
                hint="Leave the deadline out.",
            )
        ]
    if message.deadline is not None and message.deadline < today:
        return [
            Problem(
                "correspondence.deadline",
                f"The deadline {message.deadline.isoformat()} is over already.",
                pointer="/deadline",
                hint=f"Give {today.isoformat()} or a later day.",
            )
        ]
    return []


def _text(message: str, hint: str) -> Problem:
    return Problem("correspondence.text", message, pointer="/text", hint=hint)


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return str(value)
    return value.isoformat() if isinstance(value, dt.date) else value
