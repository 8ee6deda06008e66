"""The desk: one thread that clears whatever has arrived, together.

Callers hand over filings and wait for their results; while one group is being kept, the next one
gathers. So a quiet desk answers at once, and a busy one shares each transaction, each signature and
each prediction among as many declarations as came in the meantime.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from tradelane.journeys.deciding import clear_together
from tradelane.journeys.filings import Cleared, Filed, Replies
from tradelane.journeys.intake import (
    Intake,
    IntakeClosed,
    IntakeReplaced,
    current_intake,
    load_intake,
)
from tradelane.journeys.workshop import Workshop
from tradelane.kit.errors import Problem, StorageUnavailable, TradelaneError

log = logging.getLogger("tradelane.desk")

MOST_AT_ONCE = 64
"""Filings a transaction: more would make the first of them wait for the last."""

MOST_WAITING = 5_000
"""Filings that may wait; more are refused at once, so that nobody waits for long in vain."""

LOOK_EVERY = 1.0
"""Seconds after which the desk looks whether a supervisor has opened another intake."""


class DeskOverrun(TradelaneError):
    """More is arriving than can be cleared; nothing was kept; try again a little later."""


@dataclass(slots=True)
class _Waiting:
    filed: Filed
    result: Future[Cleared] = field(default_factory=Future)


class Desk:
    """Takes filings from any thread; `close` lets it end what it has begun."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self.replies: Replies | None = None
        """Remembers what was answered to requests that carry a name (`Filed.once`)."""
        self.observe: Callable[[int, float], None] | None = None
        """Told of every group: how many filings, and the seconds that they took."""
        self._queue: deque[_Waiting] = deque()
        self._arrived = threading.Condition()
        self._closing = False
        self._intake: Intake | None = None
        self._looked = 0.0
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)
        self._began: float | None = None
        self._coming: dt.date | None = None
        self._loading = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many filings wait."""
        return len(self._queue)

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def busy_seconds(self) -> float:
        """For how long it has been at the group that it clears now; 0 between groups."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    @property
    def intake(self) -> Intake:
        """The open intake, loaded if need be; errors as `current_intake`."""
        return self._current()

    def start(self) -> None:
        """Begin to clear."""
        self._thread.start()

    def submit(self, filed: Sequence[Filed]) -> list[Future[Cleared]]:
        """Hand filings over; errors: DeskOverrun ``intake.overrun``, ``intake.closing``."""
        with self._arrived:
            if self._closing:
                raise DeskOverrun(
                    Problem("intake.closing", "The service is stopping; file again in a minute.")
                )
            if len(self._queue) + len(filed) > MOST_WAITING:
                raise DeskOverrun(
                    Problem(
                        "intake.overrun",
                        f"{len(self._queue):,} declarations are waiting already.",
                        hint="Nothing was kept. Try again in some seconds.",
                    )
                )
            waiting = [_Waiting(item) for item in filed]
            self._queue.extend(waiting)
            self._arrived.notify()
        return [item.result for item in waiting]

    def prepare(self, on: dt.date) -> None:
        """Have the peers of that day's month looked up before its first declaration comes. Done
        by the desk's own thread, because `Online` is for one caller at a time."""
        with self._arrived:
            self._coming = on
            self._arrived.notify()

    def close(self) -> None:
        """Clear what waits, then stop."""
        with self._arrived:
            self._closing = True
            self._arrived.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._arrived:
                while not self._queue and not self._closing and self._coming is None:
                    self._arrived.wait()
                group = self._take()
                coming, self._coming = self._coming, None
                closing = self._closing
            if group:
                self._began = time.monotonic()
                self._clear(group)
                self._began = None
            if coming is not None:
                self._look_ahead(coming)
            if closing and not group:
                return

    def _look_ahead(self, on: dt.date) -> None:
        try:
            self._current().online.prepare(on)
        except Exception:  # the month's first declaration will look it up, and say what is wrong
            log.warning("the next month could not be prepared", exc_info=True)

    def _take(self) -> list[_Waiting]:
        """The next group: no declaration twice, because each is looked up before any is kept."""
        group: list[_Waiting] = []
        later: list[_Waiting] = []
        keys: set[tuple[str, str]] = set()
        while self._queue and len(group) < MOST_AT_ONCE:
            item = self._queue.popleft()
            key = item.filed.declaration.key
            (later if key in keys else group).append(item)
            keys.add(key)
        self._queue.extendleft(reversed(later))
        return group

    def _clear(self, group: list[_Waiting]) -> None:
        started = time.perf_counter()
        try:
            results = self._together(group)
        except (StorageUnavailable, IntakeClosed) as error:  # the same for every one of them
            for item in group:
                item.result.set_exception(error)
            return
        except Exception as error:
            if len(group) > 1:  # one of them brought it about: the others shall not suffer for it
                for item in group:
                    self._clear([item])
            else:
                group[0].result.set_exception(error)
            return
        for item, result in zip(group, results, strict=True):
            item.result.set_result(result)
        if self.observe is not None:
            self.observe(len(group), time.perf_counter() - started)

    def _together(self, group: list[_Waiting]) -> list[Cleared]:
        filed = [item.filed for item in group]
        try:
            return clear_together(self._shop, self._current(), filed, self.replies)
        except IntakeReplaced:
            self._looked = 0.0
            return clear_together(self._shop, self._current(), filed, self.replies)

    def _current(self) -> Intake:
        with self._loading:  # pages ask for it too: it shall be loaded once, not twice at a time
            return self._load()

    def _load(self) -> Intake:
        now = time.monotonic()
        if self._intake is None or now - self._looked > LOOK_EVERY or not self._looked:
            with self._shop.database.read() as tx:
                batch_id = current_intake(self._shop, tx)
            if self._intake is None or self._intake.batch_id != batch_id:
                self._intake = load_intake(self._shop, batch_id)
            self._looked = now
        return self._intake
