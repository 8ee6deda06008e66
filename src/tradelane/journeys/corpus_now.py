"""The corpus as it is served: the pack that ships, with what two persons published since.

What was published is looked up by a revision each time the corpus is asked for, so that every
server process serves the same; an amended corpus is made once and kept.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

from tradelane.contributions.model import Record, RecordKind
from tradelane.governance.amendments import Amendment, amend, as_known
from tradelane.governance.corpus import Corpus
from tradelane.governance.service import Governance
from tradelane.journeys.workshop import Transactions

log = logging.getLogger(__name__)
_KEPT = 4


class Published(Protocol):
    """What is needed of `contributions.service.Contributions`."""

    def revision(self, tx: Any) -> int: ...
    def all_of(self, tx: Any, *kinds: RecordKind) -> list[Record]: ...


def source_id(proposal: int) -> str:
    """The id of a source that came with a proposal.

    >>> source_id(7)
    'PUB-7'
    """
    return f"PUB-{proposal}"


def amendment_of(record: Record) -> Amendment:
    """A published record as the corpus reads it."""
    return Amendment(
        str(record.kind),
        record.about,
        record.content["values"],
        record.content["source"],
        source_id(record.proposal),
        record.recorded_from,
    )


class CorpusNow:
    """Gives the service over the corpus as it is now, or as it was known on a day.

    ``database``: where records are, or None where nothing can have been published.
    """

    def __init__(
        self,
        load: Callable[[], Corpus],
        today: Callable[[], dt.date],
        published: Published,
        database: Callable[[], Transactions | None],
    ) -> None:
        self._load = load
        self._today = today
        self._published = published
        self._database = database
        self._lock = threading.Lock()
        self._revision = 0
        self._amendments: list[Amendment] = []
        self._services: dict[tuple[str, int], Governance] = {}

    def governance(self, known_at: dt.date | None = None) -> Governance:
        """The service over everything that was published by ``known_at`` (None: by now)."""
        pack = self._pack
        with self._lock:
            self._refresh()
            known = as_known(self._amendments, known_at)
            key = (pack.digest, len(known))
            found = self._services.pop(key, None)
            if found is None:
                found = Governance(self._amended(pack, known), self._today)
                while len(self._services) >= _KEPT:
                    self._services.pop(next(iter(self._services)))
            self._services[key] = found
        return found

    @cached_property
    def _pack(self) -> Corpus:
        return self._load()

    def _refresh(self) -> None:
        database = self._database()
        if database is None:
            return
        with database.read() as tx:
            revision = self._published.revision(tx)
            if revision == self._revision:
                return
            records = self._published.all_of(tx, *RecordKind)
        self._amendments = [amendment_of(one) for one in records]
        self._revision = revision

    @staticmethod
    def _amended(pack: Corpus, known: list[Amendment]) -> Corpus:
        corpus, problems = amend(pack, known)
        for problem in problems:
            log.warning("a published change no longer fits the corpus: %s", problem)
        return corpus
