"""The verbs of correspondence: send, answer, read, and see what waits for whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Protocol

from tradelane.correspondence.model import (
    ASKING,
    Direction,
    Kind,
    Message,
    NewMessage,
    problems_of,
)
from tradelane.kit.clock import Clock, stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.kit.plaintext import clean, clean_line


class MessageStore(Protocol):
    """Where messages are kept; ``tx`` is the transaction that the caller opened."""

    def add(self, tx: Any, new: NewMessage, at: str) -> Message: ...
    def find(self, tx: Any, message_id: int) -> Message | None: ...
    def mark_answered(self, tx: Any, message_id: int, at: str) -> None: ...
    def mark_read(self, tx: Any, message_ids: Sequence[int], to: Direction, at: str) -> int: ...
    def thread(self, tx: Any, declarant: str, reference: str) -> list[Message]: ...
    def inbox(self, tx: Any, declarants: Collection[str], limit: int) -> list[Message]: ...
    def arrived(self, tx: Any, office: str, limit: int) -> list[Message]: ...
    def overdue(self, tx: Any, today: dt.date, office: str, limit: int) -> list[Message]: ...
    def count_unread(self, tx: Any, declarants: Collection[str]) -> int: ...


class Correspondence:
    """What officers and declarants write to each other about declarations."""

    def __init__(self, store: MessageStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def send(self, tx: Any, new: NewMessage) -> Message:
        """Send a question, a request for documents or a notice.

        The text is kept without control characters. Errors: InputRefused
        ``correspondence.text``, ``deadline``, ``kind``.
        """
        new = replace(new, text=clean(new.text), author_name=clean_line(new.author_name))
        now = self._clock.now()
        problems = problems_of(new, now.date())
        if problems:
            raise InputRefused(problems)
        return self._store.add(tx, new, stamp(now))

    def answer(
        self,
        tx: Any,
        message_id: int,
        text: str,
        *,
        author_id: int,
        author_name: str,
        declarants: Collection[str] | None = None,
        attachment: int | None = None,
    ) -> Message:
        """Answer a message, the other way; the first answer marks it as answered and read.

        ``declarants``: whose messages the author may answer; None for an officer, who answers what
        came to the administration. Late answers are taken, and further ones. Errors: InputRefused
        ``correspondence.text``, ``not_asked`` (it asks nothing, or was written by the author's own
        side), TradelaneError ``correspondence.not_found``, also for what is not theirs.
        """
        asked = self.get(tx, message_id, declarants)
        mine = Direction.TO_ADMINISTRATION if declarants is None else Direction.TO_DECLARANT
        if asked.kind not in ASKING or asked.direction is not mine:
            raise InputRefused(
                Problem(
                    "correspondence.not_asked",
                    "That message asks you nothing.",
                    hint="Send a question or a notice of your own.",
                )
            )
        new = NewMessage(
            declarant=asked.declarant,
            reference=asked.reference,
            case_id=asked.case_id,
            office=asked.office,
            direction=asked.direction.back,
            kind=Kind.ANSWER,
            text=text,
            author_id=author_id,
            author_name=author_name,
            answers=asked.id,
            attachment=attachment,
        )
        sent = self.send(tx, new)
        self._store.mark_answered(tx, asked.id, sent.sent_at)
        self._store.mark_read(tx, [asked.id], asked.direction, sent.sent_at)
        return sent

    def get(self, tx: Any, message_id: int, declarants: Collection[str] | None = None) -> Message:
        """The message of that id, if it is about a declaration of these declarants (None: of any).

        Raises TradelaneError ``correspondence.not_found``.
        """
        found = self._store.find(tx, message_id)
        if found is None or (declarants is not None and found.declarant not in declarants):
            raise TradelaneError(
                Problem("correspondence.not_found", f"There is no message {message_id}.")
            )
        return found

    def read(self, tx: Any, message_ids: Sequence[int], reader: Direction) -> int:
        """Mark messages as read, and say how many were not before.

        ``reader``: the direction of what the reader receives; messages the other way are the
        reader's own and stay as they are. The first reading counts.
        """
        now = stamp(self._clock.now())
        return self._store.mark_read(tx, message_ids, reader, now)

    def thread(self, tx: Any, declarant: str, reference: str) -> list[Message]:
        """Everything that was written about a declaration, oldest first."""
        return self._store.thread(tx, declarant, reference)

    def inbox(self, tx: Any, declarants: Collection[str], limit: int = 100) -> list[Message]:
        """What was sent to these declarants: unanswered requests first, the earliest deadline
        first (none last), then the rest, newest first. `model.is_overdue` flags what is late."""
        return self._store.inbox(tx, declarants, limit)

    def arrived(self, tx: Any, office: str = "", limit: int = 100) -> list[Message]:
        """What declarants sent to an office ('' for all) and nobody read yet, oldest first."""
        return self._store.arrived(tx, office, limit)

    def overdue(self, tx: Any, today: dt.date, office: str = "", limit: int = 100) -> list[Message]:
        """Requests to declarants whose deadline passed without an answer, longest overdue first;
        of an office, or ('') of all."""
        return self._store.overdue(tx, today, office, limit)

    def count_unread(self, tx: Any, declarants: Collection[str]) -> int:
        """How many messages to these declarants nobody of theirs has read."""
        return self._store.count_unread(tx, declarants)
