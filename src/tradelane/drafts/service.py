"""The verbs of drafts: begin, save, finish, discard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Protocol

from tradelane.drafts.model import KEPT_DAYS, LARGEST, MOST_OPEN, Draft, DraftKind
from tradelane.kit.clock import Clock, stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError


class DraftStore(Protocol):
    """Where drafts are kept; ``tx`` is the transaction that the caller opened."""

    def add(
        self,
        tx: Any,
        organisation_id: int,
        kind: DraftKind,
        about: Mapping[str, Any],
        content: bytes,
        at: str,
    ) -> int: ...
    def find(self, tx: Any, draft_id: int) -> Draft | None: ...
    def save(
        self,
        tx: Any,
        draft_id: int,
        revision: int,
        about: Mapping[str, Any],
        content: bytes,
        at: str,
    ) -> bool: ...
    def finish(self, tx: Any, draft_id: int, filed_as: str, at: str) -> None: ...
    def remove(self, tx: Any, draft_id: int) -> None: ...
    def remove_untouched(self, tx: Any, organisation_id: int, before: str) -> None: ...
    def open_of(self, tx: Any, organisation_id: int, limit: int) -> list[Draft]: ...
    def count_open(self, tx: Any, organisation_id: int) -> int: ...


class Drafts:
    """What organisations have begun. A draft of another organisation is not there."""

    def __init__(self, store: DraftStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def begin(
        self,
        tx: Any,
        organisation_id: int | None,
        kind: DraftKind,
        about: Mapping[str, Any],
        content: bytes,
    ) -> int:
        """Keep a new draft and give its id; what was not touched for `KEPT_DAYS` goes.

        Errors: InputRefused ``drafts.no_organisation``, ``drafts.too_many``, ``drafts.too_large``.
        """
        if organisation_id is None:
            raise InputRefused(
                Problem(
                    "drafts.no_organisation",
                    "Your account belongs to no organisation, so it cannot file.",
                    hint="Ask an administrator to put it into yours.",
                )
            )
        _check_size(content)
        now = self._clock.now()
        self._store.remove_untouched(tx, organisation_id, stamp(now - dt.timedelta(KEPT_DAYS)))
        if self._store.count_open(tx, organisation_id) >= MOST_OPEN:
            raise InputRefused(
                Problem(
                    "drafts.too_many",
                    f"Your organisation has {MOST_OPEN} drafts already.",
                    hint="File or discard some of them first.",
                )
            )
        return self._store.add(tx, organisation_id, kind, about, content, stamp(now))

    def get(self, tx: Any, draft_id: int, organisation_id: int | None) -> Draft:
        """The draft; raises TradelaneError ``drafts.not_found``, also for another's."""
        found = self._store.find(tx, draft_id)
        if found is None or organisation_id is None or found.organisation_id != organisation_id:
            raise TradelaneError(
                Problem(
                    "drafts.not_found",
                    f"There is no draft {draft_id}.",
                    hint="It may have been discarded. Your drafts stand above your declarations.",
                )
            )
        return found

    def save(
        self, tx: Any, draft: Draft, content: bytes, about: Mapping[str, Any] | None = None
    ) -> None:
        """Replace what a draft holds, if it still is as it was read (`Draft.revision`).

        Errors: TradelaneError ``drafts.changed``; InputRefused ``drafts.too_large``.
        """
        _check_size(content)
        facts = draft.about if about is None else about
        now = stamp(self._clock.now())
        if not self._store.save(tx, draft.id, draft.revision, facts, content, now):
            raise TradelaneError(
                Problem(
                    "drafts.changed",
                    "Somebody changed this draft after you opened the page.",
                    hint="What you typed is still here; save once more to replace their version.",
                )
            )

    def finish(self, tx: Any, draft_id: int, filed_as: str) -> None:
        """The draft was filed: only where it went is kept, for who sends the form twice."""
        self._store.finish(tx, draft_id, filed_as, stamp(self._clock.now()))

    def discard(self, tx: Any, draft: Draft) -> None:
        """Throw a draft away."""
        self._store.remove(tx, draft.id)

    def open_of(self, tx: Any, organisation_id: int | None, limit: int = 20) -> list[Draft]:
        """An organisation's drafts that are not filed, the last touched first, without content."""
        return [] if organisation_id is None else self._store.open_of(tx, organisation_id, limit)


def _check_size(content: bytes) -> None:
    if len(content) > LARGEST:
        raise InputRefused(
            Problem(
                "drafts.too_large",
                f"A draft holds at most {LARGEST >> 20} MB.",
                hint="Send the declarations in several files, or over the API.",
            )
        )
