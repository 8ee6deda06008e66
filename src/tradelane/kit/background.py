"""Durable work beside a server's requests: handed over once, taken up again after kill -9.

What is remembered is DBOS's, as in `kit.durable`; here it runs for as long as the server does. Each
server process has a *place* of its own, held by a lock on a file that its death lets go. Whoever
starts next takes the lowest free place, and with it the work that was begun there.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from tradelane.kit.durable import teach_old_sqlite

log = logging.getLogger(__name__)

QUEUE = "tradelane-background"
VERSION = "1"
"""Of how work is cut into steps. Every step looks at its own progress, so that a newer Tradelane
takes up an older one's work; change this only where it could not."""

_AT_ONCE = 2
_MOST_PLACES = 128

Work = Callable[[str], Iterator[bool]]
"""Does the work of that id, and gives an item for each part that is kept."""


class Background:
    """Runs work of one kind; nothing is launched before there is some."""

    def __init__(self, system_url: str, folder: Path, work: Work) -> None:
        self._system_url = system_url
        self._folder = folder
        self._work = work
        self._lock = threading.Lock()
        self._place: IO[bytes] | None = None
        self._number = -1
        self._durable: Any = None

    def submit(self, work_id: str) -> None:
        """Do the work of that id some time soon; once, however often it is submitted."""
        from dbos import DBOS, SetWorkflowID

        with self._lock:
            self._launch()
            with SetWorkflowID(work_id):
                DBOS.enqueue_workflow(QUEUE, self._durable, work_id)

    def take_up(self, unfinished: Iterable[str]) -> None:
        """Go on with work that is known to be unfinished, unless another process is at it."""
        from dbos import DBOS

        ids = list(unfinished)
        if not ids:
            return
        with self._lock:
            self._launch()
        for work_id in ids:
            status = DBOS.get_workflow_status(work_id)
            if status is None:
                self.submit(work_id)
            elif status.status == "PENDING":
                number = int((status.executor_id or "server--1").rpartition("-")[2])
                if number != self._number and not self._is_held(number):
                    DBOS.resume_workflow(work_id)
            elif status.status != "ENQUEUED":
                DBOS.delete_workflow(work_id)
                self.submit(work_id)

    def close(self) -> None:
        """End. The work must have been told to stop: what it has not done is done after the next
        start."""
        with self._lock:
            if self._durable is None:
                return
            from dbos import DBOS

            DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=10)
            logging.getLogger("dbos").handlers.clear()
            self._durable = None
            if self._place is not None:
                self._place.close()
                self._place = None

    def _launch(self) -> None:
        if self._durable is not None:
            return
        from dbos import DBOS

        teach_old_sqlite()
        self._number, self._place = self._take_place()

        # However often a machine dies, its work is taken up again: no limit on recoveries.
        @DBOS.workflow(name="background", max_recovery_attempts=None)
        def durable(work_id: str) -> int:
            parts = self._work(work_id)
            done = 0
            while DBOS.run_step({"name": f"part {done}"}, next, parts, False):
                done += 1
            return done

        DBOS(
            config={
                "name": "tradelane",
                "system_database_url": self._system_url,
                "application_version": f"background-{VERSION}",
                "executor_id": f"server-{self._number}",
                "log_level": "CRITICAL",
                "console_log_level": "CRITICAL",
            }
        )
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=_AT_ONCE, polling_interval_sec=0.5)
        self._durable = durable

    # ------------------------------------------------------------ places

    def _take_place(self) -> tuple[int, IO[bytes]]:
        self._folder.mkdir(parents=True, exist_ok=True)
        for number in range(_MOST_PLACES):
            file = self._path(number).open("ab")
            if _lock(file):
                return number, file
            file.close()
        raise RuntimeError(f"more than {_MOST_PLACES} server processes share {self._folder}")

    def _is_held(self, number: int) -> bool:
        with suppress(FileNotFoundError), self._path(number).open("rb+") as file:
            return not _lock(file)
        return False

    def _path(self, number: int) -> Path:
        return self._folder / f"process-{number}.lock"


def _lock(file: IO[bytes]) -> bool:
    """Whether the file could be locked; the lock ends with the file or the process."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
