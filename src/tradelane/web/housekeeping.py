"""What nobody asks for and somebody has to do: forget what is over, and look ahead to next month.

One thread of each server process. Several processes may do the same at once: forgetting twice is
forgetting once, and each has a desk of its own that looks ahead.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING

from tradelane.journeys.bulk import Bulk
from tradelane.journeys.desk import Desk
from tradelane.web.idempotency import sweep

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

log = logging.getLogger("tradelane.web")

ROUND_SECONDS = 300.0
"""It looks around this often."""
DAY = dt.timedelta(days=1)
AHEAD = dt.timedelta(minutes=30)
"""So long before a month begins its peers are looked up."""


class Housekeeper:
    """`run_forever` does what is due, and never ends because of something that failed."""

    def __init__(self, lane: Tradelane, desk: Desk, bulk: Bulk) -> None:
        self._lane = lane
        self._desk = desk
        self._tasks: tuple[tuple[str, Callable[[], int]], ...] = (
            ("sessions", lambda: lane.database.write(lane.accounts.tidy)),
            ("answers under idempotency keys", lambda: sweep(lane)),
            ("bulk jobs", bulk.forget_old),
        )
        self._tidied: dt.datetime | None = None
        self._prepared: dt.date | None = None

    def run_forever(self, stop: Event) -> None:
        """Do what is due now and every five minutes, until ``stop`` is set."""
        while True:
            self.round()
            if stop.wait(ROUND_SECONDS):
                return

    def round(self) -> None:
        """Tidy if the last time is a day ago; prepare the coming month shortly before it begins."""
        now = self._lane.clock.now()
        if self._tidied is None or now - self._tidied >= DAY:
            self._tidied = now
            for what, task in self._tasks:
                _try(what, task)
        coming = (now + AHEAD).date()
        if coming.month != now.month and coming != self._prepared:
            self._prepared = coming
            self._desk.prepare(coming)


def _try(what: str, task: Callable[[], int]) -> None:
    try:
        count = task()
    except Exception:
        log.exception("%s could not be tidied; it is tried again tomorrow", what)
    else:
        if count:
            log.info("%s: %d forgotten", what, count)
