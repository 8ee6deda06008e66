"""The verbs of published records: publish, list, look up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from tradelane.contributions.model import Record, RecordKind
from tradelane.kit.clock import Clock, stamp
from tradelane.kit.errors import Problem, TradelaneError

MOST_LISTED = 200
"""How many records a list or a feed has at most."""


class RecordStore(Protocol):
    """Where records are kept; ``tx`` is the transaction that the caller opened."""

    def add(self, tx: Any, values: Mapping[str, Any]) -> int: ...
    def find(self, tx: Any, record_id: int) -> Record | None: ...
    def revision(self, tx: Any) -> int: ...
    def all_of(self, tx: Any, kinds: tuple[RecordKind, ...]) -> list[Record]: ...
    def latest(
        self, tx: Any, economy: str, domain: str, kind: RecordKind | None, most: int
    ) -> list[Record]: ...


class Contributions:
    """What was published. Records are added and never changed: a correction is another record."""

    def __init__(self, store: RecordStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def publish(
        self,
        tx: Any,
        kind: RecordKind,
        about: str,
        content: Mapping[str, Any],
        *,
        replaces: str,
        economies: tuple[str, ...],
        domains: tuple[str, ...],
        title: str,
        reason: str,
        proposal: int,
        organisation: str,
        proposed_by: str,
        agreed_by: str,
    ) -> Record:
        """Keep a record, known from today (UTC). ``content``: plain JSON without floats."""
        now = self._clock.now()
        values = {
            "kind": str(kind),
            "about": about,
            "content": content,
            "replaces": replaces,
            "recorded_from": now.date().isoformat(),
            "published_at": stamp(now),
            "economies": economies,
            "domains": domains,
            "title": title,
            "reason": reason,
            "proposal": proposal,
            "organisation": organisation,
            "proposed_by": proposed_by,
            "agreed_by": agreed_by,
        }
        return self.get(tx, self._store.add(tx, values))

    def get(self, tx: Any, record_id: int) -> Record:
        """The record of that number; raises TradelaneError ``contributions.not_found``."""
        found = self._store.find(tx, record_id)
        if found is None:
            raise TradelaneError(
                Problem("contributions.not_found", f"There is no published change {record_id}.")
            )
        return found

    def revision(self, tx: Any) -> int:
        """A number that is larger after every publication; 0 before the first."""
        return self._store.revision(tx)

    def all_of(self, tx: Any, *kinds: RecordKind) -> list[Record]:
        """Every record of some kinds, in the order of publication."""
        return self._store.all_of(tx, kinds)

    def latest(
        self,
        tx: Any,
        economy: str = "",
        domain: str = "",
        kind: RecordKind | None = None,
        most: int = 50,
    ) -> list[Record]:
        """The latest records about an economy, a domain or both, newest first."""
        return self._store.latest(tx, economy, domain, kind, min(max(most, 1), MOST_LISTED))
