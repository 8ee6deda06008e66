"""Clearing a file: every line received, assessed, scored and routed, each step in the ledger.

The file goes through in chunks. A chunk is one transaction: its declarations, its rejected rows,
its ledger entries and how far the batch is are kept together or not at all. So when the process
dies, running it again takes up the batch where it was: nothing twice, nothing lost. Lanes need the
whole batch (a budget is a share of it), so routing is a second pass over the stored scores.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradelane.declarations.model import Received, Verb
from tradelane.journeys import entries
from tradelane.journeys.backlog import open_cases
from tradelane.journeys.entries import Encoded
from tradelane.journeys.judging import Chunks, Judged, JudgedChunk
from tradelane.journeys.routing import Routing, find_routing
from tradelane.journeys.workshop import Workshop
from tradelane.kit.canonical import decode
from tradelane.kit.clock import stamp
from tradelane.kit.collector import between_chunks
from tradelane.kit.durable import Steps
from tradelane.kit.progress import Progress
from tradelane.targeting.budget import choose
from tradelane.targeting.selection import Candidate, Routed, forces
from tradelane.trade.declaration import from_content
from tradelane.trade.table import subject_of

if TYPE_CHECKING:
    from tradelane.targeting.store import KeptHit

CHUNK_ROWS = 10_000
"""File rows a transaction: large enough for speed, small enough that little is done again."""


@dataclass(frozen=True)
class Job:
    """One file to clear and everything that its decisions depend on.

    ``settings`` go into the ledger with the batch's first entry; ``engine`` is what made the scores
    (``model`` or ``rule``); ``seed`` None draws an unpredictable one when ranking.
    """

    batch_id: str
    name: str
    settings: dict[str, Any]
    budget: float
    random_share: float
    seed: bytes | None
    engine: str
    rows_total: int


class Clearance:
    """The story of one file, told over the capabilities of the workshop."""

    def __init__(self, shop: Workshop, job: Job, chunks: Chunks, progress: Progress) -> None:
        self._shop = shop
        self._job = job
        self._chunks = chunks
        self._progress = progress
        self._stream: Iterator[JudgedChunk] | None = None
        self._at_row = 0

    def run(self, steps: Steps) -> dict[str, Any]:
        """Clear the file to its end; safe to call again after any interruption."""
        steps("open", self._open)
        at: dict[str, Any] = {"row": 0, "done": False}
        for number in itertools.count():
            at = steps(f"receive {number}", self._receive, at["row"])
            self._progress("received, assessed, scored", at["row"], self._job.rows_total)
            between_chunks(number)
            if at["done"]:
                break
        steps("rank", self._rank)
        line = 0
        for number in itertools.count():
            routed = steps(f"route {number}", self._route, line)
            line = routed["line"]
            self._progress("routed to lanes", line, routed["lines"])
            between_chunks(number)
            if line >= routed["lines"]:
                break
        counts = steps("close", self._close)
        line = -1
        for number in itertools.count():
            line = steps(f"cases {number}", open_cases, self._shop, self._job.batch_id, line)
            if line < 0:
                break
        return counts

    # ------------------------------------------------------------ the steps

    def _open(self) -> None:
        job, shop = self._job, self._shop

        def write(tx: Any) -> None:
            shop.declarations.open_batch(
                tx,
                job.batch_id,
                name=job.name,
                file_digest=job.settings["file"],
                settings=job.settings,
                rows_total=job.rows_total,
            )
            if not shop.ledger.find(tx, self._subject, entries.BATCH_OPENED):
                body = {"batch": job.batch_id, "settings": job.settings}
                self._record(tx, [self._entry(entries.BATCH_OPENED, self._subject, body)])

        shop.database.write(write)

    def _receive(self, start: int) -> dict[str, Any]:
        shop, job = self._shop, self._job
        with shop.database.read() as tx:
            batch = shop.declarations.get_batch(tx, job.batch_id)
        if batch.rows_read > start:  # done in an earlier life that died before it could say so
            return {"row": batch.rows_read, "done": batch.rows_read >= job.rows_total}
        chunk = self._take(start)
        if chunk is None:
            return {"row": start, "done": True}

        def write(tx: Any) -> None:
            arrivals = [judged.arrival for judged in chunk.filings]
            received = shop.declarations.receive_many(tx, job.batch_id, arrivals)
            fresh = {arrival.first_row for arrival in received.accepted}
            accepted = [judged for judged in chunk.filings if judged.arrival.first_row in fresh]
            self._record(tx, self._events(accepted, received))
            first = shop.selections.next_line(tx, job.batch_id)
            scores = itertools.chain.from_iterable(judged.scores for judged in accepted)
            shop.selections.add_scores(
                tx, job.batch_id, [(line, *score) for line, score in enumerate(scores, first)]
            )
            lines = enumerate((found for judged in accepted for found in judged.hits), first)
            hits = [(line, hit) for line, found in lines for hit in found]
            shop.selections.add_hits(tx, job.batch_id, hits)

        shop.database.write(write)
        end = start + chunk.rows
        return {"row": end, "done": end >= job.rows_total}

    def _rank(self) -> None:
        shop, job = self._shop, self._job

        def write(tx: Any) -> None:
            shop.declarations.get_batch(tx, job.batch_id)  # held: another process may rank it too
            if self._selection(tx) is not None:
                return
            forced = {line for line, hits in self._hits(tx).items() if forces(hits)}
            lines = (
                Candidate(s.subject, s.score, s.novelty or 0.0, s.line in forced)
                for s in shop.selections.scores(tx, job.batch_id)
            )
            seed = job.seed if job.seed is not None else os.urandom(16)
            selection = choose(lines, job.budget, job.random_share, seed, engine=job.engine)
            body = Routing(selection).body(job.batch_id)
            self._record(tx, [self._entry(entries.BATCH_RANKED, self._subject, body)])

        shop.database.write(write)

    def _route(self, line: int) -> dict[str, Any]:
        shop, job = self._shop, self._job
        with shop.database.read() as tx:
            lines = shop.selections.next_line(tx, job.batch_id)
            routing = self._selection(tx)
            scored = list(shop.selections.scores(tx, job.batch_id, line, CHUNK_ROWS))
            matched = self._hits(tx, line, CHUNK_ROWS)
        assert routing is not None
        if scored:
            at = stamp(shop.clock.now())
            lanes: dict[Routed, list[int]] = {}
            events = []
            for item in scored:
                row, hits = item._asdict(), matched.get(item.line, [])
                routed = routing.route("", row, item.needs_person, hits)
                lanes.setdefault(routed, []).append(item.line)
                body = routing.body_of(job.batch_id, "", row, routed, hits)
                events.append(entries.entry(at, entries.ROUTED, item.subject, body))

            def write(tx: Any) -> None:
                shop.declarations.get_batch(tx, job.batch_id)  # held, as in ranking
                if shop.selections.is_routed(tx, job.batch_id, scored[-1].line):
                    return
                shop.selections.set_lanes(tx, job.batch_id, lanes)
                self._record(tx, events)

            shop.database.write(write)
        return {"line": line + len(scored), "lines": lines}

    def _close(self) -> dict[str, Any]:
        shop, job = self._shop, self._job

        def write(tx: Any) -> dict[str, Any]:
            before = shop.declarations.get_batch(tx, job.batch_id)
            counts = {
                "read": before.rows_read,
                "accepted": before.accepted,
                "rejected": before.rejected,
            }
            if before.status != "closed":
                shop.declarations.advance_batch(tx, job.batch_id, (Verb.ASSESS, Verb.ROUTE))
                shop.declarations.close_batch(tx, job.batch_id)
                body = {"batch": job.batch_id, **counts}
                self._record(tx, [self._entry(entries.BATCH_CLOSED, self._subject, body)])
            return counts

        return shop.database.write(write)

    # ------------------------------------------------------------ what the steps are made of

    @property
    def _subject(self) -> str:
        return f"batch/{self._job.batch_id}"

    def _entry(self, kind: str, subject: str, body: dict[str, Any]) -> Encoded:
        return entries.entry(stamp(self._shop.clock.now()), kind, subject, body)

    def _record(self, tx: Any, events: list[Encoded]) -> None:
        self._shop.ledger.append_encoded(tx, events)
        self._shop.ledger.checkpoint(tx)

    def _selection(self, tx: Any) -> Routing | None:
        return find_routing(self._shop, tx, self._job.batch_id)

    def _hits(self, tx: Any, first: int = 0, count: int | None = None) -> dict[int, list[KeptHit]]:
        """The rules that matched lines, by line, in the order of their ids."""
        found: dict[int, list[KeptHit]] = {}
        if self._job.settings["rules"]:
            batch = [self._job.batch_id]
            for hit in self._shop.selections.hits(tx, batch, first=first, count=count):
                found.setdefault(hit.line, []).append(hit)
        return found

    def _take(self, start: int) -> JudgedChunk | None:
        if self._stream is None or self._at_row != start:
            self._stream = self._chunks(start)
        chunk = next(self._stream, None)
        if chunk is not None:
            self._at_row = start + chunk.rows
        return chunk

    def _events(self, accepted: list[Judged], received: Received) -> list[Encoded]:
        """The entries of a chunk: accepted with their judgements, repeated, rejected."""
        batch, at = self._job.batch_id, stamp(self._shop.clock.now())
        events = [event for judged in accepted for event in judged.events]
        for arrival, decided_in in received.repeated:
            assert arrival.content is not None
            declaration = from_content(decode(arrival.content))
            repeated = {"batch": batch, "row": arrival.first_row, "decided_in": decided_in}
            for item in declaration.lines:
                subject = subject_of(declaration, item)
                events.append(entries.entry(at, entries.REPEATED, subject, repeated))
        for row in received.rejected:
            body = {"batch": batch, "row": row.row, "codes": sorted({p.code for p in row.problems})}
            subject = f"{self._subject}/row/{row.row}"
            events.append(entries.entry(at, entries.REJECTED, subject, body))
        return events
