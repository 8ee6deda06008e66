"""A file of declarations that a system sends in one request, filed in the background.

A job is filed through the desk like declarations that come one by one, so everything holds for it
that holds for them. Each result is kept in the transaction that keeps its declaration: however
often the machine dies, a declaration is filed once, and its result says what really became of it.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from tradelane.declarations import mapping as mappings
from tradelane.declarations.model import Filing
from tradelane.declarations.reader import count_rows, read
from tradelane.journeys.desk import Desk, DeskOverrun
from tradelane.journeys.filings import Cleared, Filed
from tradelane.journeys.workshop import Workshop
from tradelane.kit.clock import stamp
from tradelane.kit.errors import InputRefused, Problem, StorageUnavailable, TradelaneError

log = logging.getLogger(__name__)

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"
UNFINISHED = (WAITING, RUNNING)

MOST_UNFINISHED = 20
"""Jobs of one organisation that may wait or run."""

KEPT_DAYS = 30
"""Jobs that ended are forgotten after so many days."""

_TOGETHER = 48
"""Declarations handed to the desk at once: less than it takes, so that others need not wait."""

_AGAIN = 2.0


@dataclass(frozen=True, slots=True)
class Job:
    """A file that is being filed. ``rows_*`` count goods lines, the others declarations.

    form: ``ndjson`` or ``csv``; state: ``waiting``, ``running``, ``done`` or ``failed``; note: what
    it waits for, or failed on. Times are RFC 3339 stamps.
    """

    id: str
    organisation_id: int
    user_id: int
    mapping: str
    form: str
    size: int
    created_at: str
    state: str = WAITING
    note: str = ""
    rows_total: int | None = None
    rows_read: int = 0
    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    started_at: str | None = None
    finished_at: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one declaration of a job. row: its first goods line, from 0; line: where that
    stands in the file, from 1; status: ``accepted``, ``repeated`` or ``refused``."""

    row: int
    line: int
    declarant: str
    reference: str
    status: str
    version: int = 0
    state: str = ""
    problems: tuple[Mapping[str, Any], ...] = ()


class JobStore(Protocol):
    """Where jobs are kept; ``tx`` is the transaction that the caller opened."""

    def add(self, tx: Any, job: Job) -> None: ...
    def find(self, tx: Any, job_id: str) -> Job | None: ...
    def of_organisation(
        self, tx: Any, organisation_id: int, before: str | None, limit: int
    ) -> list[Job]: ...
    def unfinished(self, tx: Any, organisation_id: int | None = None) -> list[Job]: ...
    def update(self, tx: Any, job_id: str, values: Mapping[str, Any]) -> None: ...
    def add_results(self, tx: Any, job_id: str, results: Iterable[Result]) -> None: ...
    def results(self, tx: Any, job_id: str, after: int, limit: int) -> list[Result]: ...
    def advance(self, tx: Any, job_id: str, first: int, stop: int) -> None: ...
    def known_rows(self, tx: Any, job_id: str, first: int) -> set[int]: ...
    def forget(self, tx: Any, before: str) -> int: ...


class Stopping(BaseException):
    """The process ends; the job is taken up by the next one.

    No `Exception`, so that whoever remembers failures does not remember this as one.
    """


class Bulk:
    """Takes jobs and files them. ``declarants_of(tx, organisation_id)``: what it owns now."""

    def __init__(
        self,
        shop: Workshop,
        desk: Desk,
        jobs: JobStore,
        declarants_of: Callable[[Any, int], Collection[str]],
        stop: threading.Event,
    ) -> None:
        self._shop = shop
        self._desk = desk
        self.jobs = jobs
        self._declarants_of = declarants_of
        self._stop = stop
        self.folder = shop.home / "bulk"

    def file_of(self, job_id: str) -> Path:
        """Where the file of a job lies until it is done."""
        return self.folder / f"{job_id}.part"

    # ------------------------------------------------------------ taking

    def check(self, path: Path, mapping: str, form: str) -> None:
        """Refuse at once what cannot be used at all.

        Errors: InputRefused of the mapping or the file, ``bulk.form``.
        """
        if mapping not in mappings.shipped():  # `load` would also read a file of the server's
            raise InputRefused(
                Problem(
                    "bulk.mapping",
                    f"There is no mapping {mapping!r}.",
                    pointer="/mapping",
                    hint=f"There are: {', '.join(mappings.shipped())}.",
                )
            )
        found = mappings.load(mapping)
        with path.open("rb") as file:
            first = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if first and (first == b"{") != (form == "ndjson"):
            raise InputRefused(
                Problem(
                    "bulk.form",
                    "The body is not what its Content-Type says.",
                    hint="Send one JSON object a line as application/x-ndjson, or a table with "
                    "a header as text/csv.",
                )
            )
        for _ in islice(read(path, found, codes=self._shop.nomenclature, today=self._today()), 1):
            return

    def take(self, tx: Any, job: Job) -> None:
        """Keep a new job. Errors: TradelaneError ``bulk.too_many``."""
        if len(self.jobs.unfinished(tx, job.organisation_id)) >= MOST_UNFINISHED:
            raise TradelaneError(
                Problem(
                    "bulk.too_many",
                    f"{MOST_UNFINISHED} jobs of your organisation are not finished yet.",
                    hint="Wait until one of them is done.",
                )
            )
        self.jobs.add(tx, job)

    # ------------------------------------------------------------ filing

    def chunks(self, job_id: str) -> Iterator[bool]:
        """File a job from where it is; each item is one chunk that is kept, the last is False.

        Raises Stopping when the process ends; never anything else: what is wrong is in the job.
        """
        job = self._begin(job_id)
        if job is None:
            yield False
            return
        try:
            filings = read(
                self.file_of(job.id),
                mappings.load(job.mapping),
                codes=self._shop.nomenclature,
                today=self._today(),
                skip_rows=job.rows_read,
            )
            while group := list(islice(filings, _TOGETHER)):
                self._file(job, group)
                yield True
            self._end(job, DONE, "")
        except Exception as error:
            if self._stop.is_set():  # the house is being closed around us
                raise Stopping from error
            problems = error.problems if isinstance(error, TradelaneError) else ()
            if not problems:
                log.exception("a bulk job failed", extra={"job": job.id})
            self._end(job, FAILED, problems[0].message if problems else "An unexpected error.")
        yield False

    def _begin(self, job_id: str) -> Job | None:
        with self._shop.database.read() as tx:
            job = self.jobs.find(tx, job_id)
        if job is None or job.state not in UNFINISHED:
            return None
        if not self.file_of(job_id).exists():
            self._end(job, FAILED, "Its file is gone; send it again.")
            return None
        values: dict[str, Any] = {"state": RUNNING}
        if job.started_at is None:
            values["started_at"] = stamp(self._shop.clock.now())
            try:
                values["rows_total"] = count_rows(self.file_of(job_id), mappings.load(job.mapping))
            except InputRefused as error:
                self._end(job, FAILED, error.problems[0].message)
                return None
        self._persist(lambda tx: self.jobs.update(tx, job_id, values))
        return replace(job, **values)

    def _file(self, job: Job, group: Sequence[Filing]) -> None:
        first = group[0].first_row
        with self._shop.database.read() as tx:
            owned = frozenset(self._declarants_of(tx, job.organisation_id))
            known = self.jobs.known_rows(tx, job.id, first)
        refused: list[Result] = []
        waiting: dict[int, Filing] = {}
        for filing in group:
            if filing.first_row in known:
                continue
            problems = _refusal(filing, owned)
            if problems:
                refused.append(_refused(filing, problems))
            else:
                waiting[filing.first_row] = filing
        while waiting:
            refused += self._hand_over(job, waiting)
        read_to = group[-1].first_row + group[-1].rows

        def keep(tx: Any) -> None:
            self.jobs.add_results(tx, job.id, refused)
            self.jobs.advance(tx, job.id, first, read_to)

        self._persist(keep)

    def _hand_over(self, job: Job, waiting: dict[int, Filing]) -> list[Result]:
        """File what waits; what could not be tried stays in ``waiting`` for the next round."""
        if self._stop.is_set():
            raise Stopping
        filed = []
        for filing in waiting.values():
            assert filing.declaration is not None
            kept = partial(self._kept, job.id, filing)
            filed.append(Filed(filing.declaration, kept=kept))
        try:
            futures = self._desk.submit(filed)
        except DeskOverrun as error:
            self._pause(job, error)
            return []
        refused: list[Result] = []
        later: TradelaneError | None = None
        for row, future in zip(list(waiting), futures, strict=True):
            try:
                cleared = _result(future)
            except TradelaneError as error:
                if not _passes(error):
                    raise
                later = error
                continue
            filing = waiting.pop(row)
            if cleared.problem is not None:
                refused.append(_refused(filing, [cleared.problem]))
        if later is not None:
            self._pause(job, later)
        return refused

    def _kept(self, job_id: str, filing: Filing, tx: Any, cleared: Cleared) -> None:
        """Called in the transaction that keeps the declaration."""
        result = Result(
            filing.first_row,
            filing.line,
            cleared.declarant,
            cleared.reference,
            cleared.status,
            cleared.version,
            str(cleared.state),
        )
        self.jobs.add_results(tx, job_id, [result])

    def _end(self, job: Job, state: str, note: str) -> None:
        now = stamp(self._shop.clock.now())

        ended = {"state": state, "note": note, "finished_at": now}
        self._persist(lambda tx: self.jobs.update(tx, job.id, ended))
        self.file_of(job.id).unlink(missing_ok=True)

    def _pause(self, job: Job, error: TradelaneError) -> None:
        note = error.problems[0].message
        self._persist(lambda tx: self.jobs.update(tx, job.id, {"note": note}))
        if self._stop.wait(_AGAIN):
            raise Stopping

    def _persist(self, write: Callable[[Any], None]) -> None:
        """Write, waiting for a database that is gone for a while."""
        while True:
            try:
                return self._shop.database.write(write)
            except StorageUnavailable:
                log.warning("a bulk job waits for the database")
                if self._stop.wait(_AGAIN):
                    raise Stopping from None

    # ------------------------------------------------------------ keeping house

    def forget_old(self) -> int:
        """Remove jobs that ended 30 days ago and files that no job needs; how many jobs."""
        now = self._shop.clock.now()
        before = stamp(now - dt.timedelta(days=KEPT_DAYS))
        count = self._shop.database.write(lambda tx: self.jobs.forget(tx, before))
        with self._shop.database.read() as tx:
            needed = {self.file_of(job.id) for job in self.jobs.unfinished(tx)}
        day_ago = dt.datetime.now(dt.UTC).timestamp() - 86_400
        for path in self.folder.glob("*.part"):
            if path not in needed and path.stat().st_mtime < day_ago:
                path.unlink(missing_ok=True)
        return count

    def _today(self) -> dt.date:
        return self._shop.clock.now().date()


def _result(future: Future[Cleared]) -> Cleared:
    return future.result()


def _passes(error: TradelaneError) -> bool:
    """Whether it is worth waiting for the end of an error."""
    code = error.problems[0].code
    return isinstance(error, StorageUnavailable | DeskOverrun) or code == "intake.closed"


def _refusal(filing: Filing, owned: Collection[str]) -> Sequence[Problem]:
    """Why a filing cannot be handed over; nothing if it can."""
    if filing.declaration is None:
        found = [p for p in filing.problems if p.code != "declarations.sibling_rejected"]
        return found or filing.problems
    if filing.declaration.declarant not in owned:
        return [
            Problem(
                "web.not_your_declarant",  # the code that a single filing gets
                f"The declarant {filing.declarant!r} is not one of your organisation's.",
                pointer="/declarant",
                line=filing.line,
            )
        ]
    return ()


def _refused(filing: Filing, problems: Sequence[Problem]) -> Result:
    told = tuple(problem.to_dict() for problem in problems[:100])
    key = (filing.declarant, filing.reference)
    return Result(filing.first_row, filing.line, *key, "refused", problems=told)
