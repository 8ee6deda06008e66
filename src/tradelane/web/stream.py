"""One look at the ledger for everybody who listens: the process's tail of public events.

A listener first reads what it has missed by itself, page by page, and is then handed each new event
by the one task that follows the ledger, which runs only while somebody listens.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool

from tradelane.kit.errors import Problem
from tradelane.notifications.feed import Page
from tradelane.notifications.model import Event
from tradelane.web.problems import TooManyRequests

log = logging.getLogger("tradelane.web")

LOOK_EVERY = 0.5
"""Seconds between two looks at the ledger."""

MOST_A_USER = 5
MOST = 500
MOST_BEHIND = 2_000
"""Events that may wait for a listener that does not take them; then its stream ends, and it comes
back with ``Last-Event-ID``."""

_PAGE = 500


class Reads(Protocol):
    """What the hub needs of the database."""

    def read(self) -> Any: ...


class Follows(Protocol):
    """What the hub needs of the feed (`notifications.feed.Feed`)."""

    def newest(self, tx: Any) -> int: ...
    def read(
        self,
        tx: Any,
        after: int = -1,
        declarants: Collection[str] | None = None,
        *,
        limit: int = 500,
    ) -> Page: ...


class Listener:
    """Somebody who listens. ``declarants`` may change while they do."""

    def __init__(self, declarants: frozenset[str]) -> None:
        self.declarants = declarants
        self.queue: asyncio.Queue[Event] = asyncio.Queue(MOST_BEHIND)
        self.ended = asyncio.Event()
        """Set when nothing more will come: the process ends, or the listener is too slow."""

    def give(self, event: Event) -> None:
        """Hand over an event that is theirs."""
        if event.declarant not in self.declarants or self.ended.is_set():
            return
        if self.queue.full():
            self.ended.set()
        else:
            self.queue.put_nowait(event)


class Hub:
    """The listeners of a process, and the task that follows the ledger for them."""

    def __init__(self, database: Reads, feed: Follows) -> None:
        self._database = database
        self._feed = feed
        self._listeners: set[Listener] = set()
        self._users: Counter[int] = Counter()
        self._position = -1
        self._reading = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @asynccontextmanager
    async def listen(
        self, user_id: int, declarants: frozenset[str]
    ) -> AsyncIterator[tuple[Listener, int]]:
        """A listener, and the id up to which it has to read by itself.

        Errors: TooManyRequests ``web.too_many_streams``.
        """
        if self._users[user_id] >= MOST_A_USER or len(self._listeners) >= MOST:
            raise TooManyRequests(
                Problem(
                    "web.too_many_streams",
                    f"An account can have {MOST_A_USER} open streams of events.",
                    hint="Close one, or ask for several declarants' events in one stream.",
                ),
                30,
            )
        self._users[user_id] += 1
        listener = Listener(declarants)
        try:
            async with self._reading:  # no page may be on its way that was read without them
                if not self._listeners:
                    self._position = await run_in_threadpool(self._newest)
                self._listeners.add(listener)
                position = self._position
            if self._closed:
                listener.ended.set()
            elif self._task is None or self._task.done():
                self._task = asyncio.create_task(self._follow())
            yield listener, position
        finally:
            self._listeners.discard(listener)
            self._users[user_id] -= 1
            if not self._users[user_id]:
                del self._users[user_id]

    async def missed(
        self, after: int, until: int, declarants: frozenset[str]
    ) -> AsyncIterator[Event]:
        """The events above ``after`` and up to ``until``."""
        while after < until:
            page = await run_in_threadpool(self._read, after, declarants)
            for event in page.events:
                if event.id <= until:
                    yield event
            if not page.more:
                return
            after = page.last_seen

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        for listener in self._listeners:
            listener.ended.set()

    async def ended(self) -> None:
        """`close`, and wait for the task."""
        self.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self) -> None:
        while self._listeners and not self._closed:
            try:
                more = await self._look()
            except Exception:
                log.exception("the ledger could not be followed; it is tried again")
                more = False
            if not more:
                await asyncio.sleep(LOOK_EVERY)

    async def _look(self) -> bool:
        async with self._reading:
            if not self._listeners:
                return False
            everyone = frozenset[str]().union(*(one.declarants for one in self._listeners))
            page = await run_in_threadpool(self._read, self._position, everyone)
            self._position = page.last_seen
            for event in page.events:
                for listener in self._listeners:
                    listener.give(event)
            return page.more

    def _newest(self) -> int:
        with self._database.read() as tx:
            return self._feed.newest(tx)

    def _read(self, after: int, declarants: frozenset[str]) -> Page:
        with self._database.read() as tx:
            return self._feed.read(tx, after, declarants, limit=_PAGE)
