"""Clearing a file: every line received, assessed, scored and routed, each step in the ledger.

The file goes through in chunks. A chunk is one transaction: its declarations, its rejected rows,
its ledger entries and how far the batch is are kept together or not at all. So when the process
dies, running it again takes up the batch where it was: nothing twice, nothing lost. Lanes need the
whole batch (a budget is a share of it), so routing is a second pass over the stored scores.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from tradelane.declarations.model import Codes, content_digest
from tradelane.declarations.reader import Filing
from tradelane.duties.model import LineAssessment
from tradelane.kit.canonical import encode
from tradelane.kit.clock import Clock, stamp
from tradelane.kit.durable import Steps
from tradelane.kit.errors import Problem
from tradelane.kit.progress import Progress
from tradelane.targeting.selection import Selection, choose, route
from tradelane.trade.declaration import Declaration, content
from tradelane.trade.table import lines_table, subject_of

__all__ = ["CHUNK_ROWS", "Clearance", "Codes", "Job"]

T = TypeVar("T")
CHUNK_ROWS = 5000
"""File rows a transaction: large enough for speed, small enough that little is done again."""


class Transactions(Protocol):
    """Where a step's work is kept, whole or not at all (`kit.database.Database`)."""

    def write(self, run: Callable[[Any], T]) -> T: ...
    def read(self) -> AbstractContextManager[Any]: ...


@dataclass(frozen=True)
class Job:
    """One file to clear and everything that its decisions depend on."""

    batch_id: str
    name: str
    settings: dict[str, Any]
    """Digests of file, history, mapping, pack and rates; budget and random share. Goes into the
    ledger with the batch's first entry."""
    model: dict[str, str]
    budget: str
    random_share: str
    seed: bytes
    open_file: Callable[[int], Iterator[Filing]]
    """The filings of the file after so many rows."""
    rows_total: int | None = None


class Clearance:
    """The story of a file, told over the capabilities that `platform` hands in."""

    def __init__(
        self,
        transactions: Transactions,
        declarations: Any,
        selections: Any,
        ledger: Any,
        assess: Callable[[Declaration], Sequence[LineAssessment]],
        score: Callable[[Any], Any],
        clock: Clock,
        progress: Progress,
    ) -> None:
        self._transactions = transactions
        self._declarations = declarations
        self._selections = selections
        self._ledger = ledger
        self._assess = assess
        self._score = score
        self._clock = clock
        self._progress = progress
        self._stream: Iterator[Filing] | None = None
        self._stream_row = 0

    def run(self, job: Job, steps: Steps) -> dict[str, Any]:
        """Clear the file to its end; returns counts. Safe to call again after any interruption."""
        steps("open", self._open, job)
        at: dict[str, Any] = {"row": 0, "done": False}
        for number in itertools.count():
            at = steps(f"receive {number}", self._receive, job, at["row"])
            self._progress("received, assessed, scored", at["row"], job.rows_total)
            if at["done"]:
                break
        steps("rank", self._rank, job)
        line = 0
        for number in itertools.count():
            routed = steps(f"route {number}", self._route, job, line)
            line = routed["line"]
            self._progress("routed", line, routed["lines"])
            if line >= routed["lines"]:
                break
        return steps("close", self._close, job)
