"""What the engines say of a file's lines, chunk by chunk: pure work that needs no database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tradelane.declarations import mapping as mappings
from tradelane.declarations.model import Arrival, Filing, arrive
from tradelane.declarations.reader import read
from tradelane.duties.service import Duties
from tradelane.journeys import entries
from tradelane.journeys.entries import Encoded
from tradelane.journeys.tables import scoring_table
from tradelane.journeys.workshop import Workshop
from tradelane.kit.clock import Clock, stamp
from tradelane.targeting.service import Targeting, Trained
from tradelane.trade.table import subject_of, subject_of_declaration


class Score(NamedTuple):
    """A line's score; amounts in the territory's currency, None where not estimated."""

    subject: str
    probability: float | None
    expected_revenue: float | None
    score: float
    needs_person: bool


class Judged(NamedTuple):
    """An arrival with what is to be kept of it if it is accepted; empty if it was refused."""

    arrival: Arrival
    events: list[Encoded]
    scores: list[Score]


class Chunk(NamedTuple):
    """Consecutive filings of a file, ``rows`` rows from row ``start`` on."""

    start: int
    rows: int
    judged: list[Judged]


class Chunks(Protocol):
    """Judges a file from a row on."""

    def __call__(self, start: int) -> Iterator[Chunk]: ...


@dataclass(frozen=True)
class Asked:
    """What is to be judged, in plain values that can be handed to another process."""

    home: Path
    file: Path
    mapping: str | Path
    pack: Path
    rates: Path | None
    model: str
    batch_id: str
    start: int
    size: int
    """File rows a chunk, at least."""


def judge(shop: Workshop, asked: Asked) -> Iterator[Chunk]:
    """The file's chunks from ``asked.start`` on, judged in this process."""
    today = shop.clock.now().date()
    mapping = mappings.load(asked.mapping)
    filings = read(asked.file, mapping, codes=shop.nomenclature, today=today, skip_rows=asked.start)
    return judge_filings(
        filings,
        asked,
        shop.duties(asked.pack, asked.rates),
        shop.targeting,
        shop.targeting.load(asked.model),
        shop.clock,
    )


def judge_filings(
    filings: Iterator[Filing],
    asked: Asked,
    duties: Duties,
    targeting: Targeting,
    trained: Trained,
    clock: Clock,
) -> Iterator[Chunk]:
    """Chunks of at least ``asked.size`` rows each, the last one smaller."""
    start, rows, taken = asked.start, 0, list[Filing]()

    def judged() -> Chunk:
        at = stamp(clock.now())
        return Chunk(start, rows, _judge(taken, at, asked.batch_id, duties, targeting, trained))

    for filing in filings:
        taken.append(filing)
        rows += filing.rows
        if rows >= asked.size:
            yield judged()
            start, rows, taken = start + rows, 0, []
    if taken:
        yield judged()


def _judge(
    filings: list[Filing],
    at: str,
    batch: str,
    duties: Duties,
    targeting: Targeting,
    trained: Trained,
) -> list[Judged]:
    good = [filing.declaration for filing in filings if filing.declaration is not None]
    scored: Iterator[dict[str, Any]] = iter(())
    if good:
        scored = targeting.score(trained, scoring_table(good, duties)).iter_rows(named=True)
    model, found = trained.ref.digest, []
    for filing in filings:
        arrival = arrive(filing)
        events: list[Encoded] = []
        scores: list[Score] = []
        if filing.declaration is not None:
            events.append(_received(at, batch, arrival))
            lines = zip(filing.declaration.lines, duties.assess(filing.declaration), strict=True)
            for item, assessment in lines:
                row, subject = next(scored), subject_of(filing.declaration, item)
                assessed = entries.assessed_body(batch, duties.digest, item.hs_code, assessment)
                events.append(entries.entry(at, entries.ASSESSED, subject, assessed))
                body = entries.scored_body(batch, model, row)
                events.append(entries.entry(at, entries.SCORED, subject, body))
                scores.append(
                    Score(
                        subject,
                        row["probability"],
                        row["expected_revenue"],
                        row["score"],
                        entries.needs_person(assessment),
                    )
                )
        found.append(Judged(arrival, events, scores))
    return found


def _received(at: str, batch: str, arrival: Arrival) -> Encoded:
    body = {"batch": batch, "row": arrival.first_row, "content": arrival.content_digest}
    subject = subject_of_declaration(arrival.declarant, arrival.reference)
    return entries.entry(at, entries.RECEIVED, subject, body)
