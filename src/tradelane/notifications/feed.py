"""The events of some declarants in the order in which they happened, from any point on.

Made for following: kinds that are never told do not leave the database, and an entry about
somebody else is dropped by its subject, before its JSON is read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from tradelane.kit.canonical import decode
from tradelane.notifications.model import (
    KINDS,
    PUBLIC_KINDS,
    TRANSLATIONS,
    Event,
    translate,
)
from tradelane.trade.table import subject_of_declaration

SCAN = 20_000
"""How many ledger entries one page looks at, so that a reader far behind holds nobody up."""


class FollowedLedger(Protocol):
    """What the feed needs of the ledger."""

    def size(self, tx: Any) -> int: ...
    def tail(
        self, tx: Any, start: int, stop: int, kinds: Collection[str]
    ) -> Iterator[tuple[int, str, bytes]]: ...


PUBLISHED = "governance/"
"""How subjects of public entries begin; a declarant may be called so too."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some events; ``last_seen``: what to ask for next as ``after``; ``more``: ask at once.

    ``last_seen`` can be beyond the last event's id: what lies between was for others.
    """

    events: list[Event]
    last_seen: int
    more: bool


class Feed:
    """Reads the ledger as public events."""

    def __init__(self, ledger: FollowedLedger) -> None:
        self._ledger = ledger

    def newest(self, tx: Any) -> int:
        """The id after which nothing has happened yet; -1 for an empty ledger."""
        return self._ledger.size(tx) - 1

    def read(
        self,
        tx: Any,
        after: int = -1,
        declarants: Collection[str] | None = None,
        *,
        types: Collection[str] | None = None,
        public: bool = False,
        limit: int = 500,
    ) -> Page:
        """Events with ids above ``after`` (a ``Last-Event-ID``; -1: from the beginning).

        ``declarants``: whose events, None for everyone's, which no declarant may be given;
        ``types``: public event types, None for all; ``public``: also what is for everybody.
        """
        size = self._ledger.size(tx)
        start = max(after + 1, 0)
        stop = min(size, start + SCAN)
        kinds = KINDS if types is None else kinds_of(types)
        if not public:
            kinds = kinds - PUBLIC_KINDS
        # A subject begins with its declarant and a slash, escaped as in the whole subject.
        heads = None if declarants is None else {subject_of_declaration(d, "") for d in declarants}
        events: list[Event] = []
        if start < stop and kinds and (heads is None or heads or public):
            for index, subject, data in self._ledger.tail(tx, start, stop, kinds):
                head = subject[: subject.find("/") + 1]
                theirs = heads is None or head in heads
                if not theirs and not (public and head == PUBLISHED):
                    continue
                event = translate(index, decode(data))
                if event is not None and (theirs or event.is_public):
                    events.append(event)
                    if len(events) >= limit:
                        return Page(events, index, index + 1 < size)
        return Page(events, max(after, stop - 1), stop < size)

    def find(self, tx: Any, event_id: int) -> Event | None:
        """The event of that id, or None where that entry is not public or not there."""
        for index, _, data in self._ledger.tail(tx, event_id, event_id + 1, KINDS):
            return translate(index, decode(data))
        return None


def kinds_of(types: Collection[str]) -> frozenset[str]:
    """The ledger kinds behind public types.

    >>> sorted(kinds_of({"declaration.under_review", "duty.assessed"}))
    ['case.opened', 'duty.assessed']
    """
    return frozenset(kind for kind, told in TRANSLATIONS.items() if told.type in types)
