"""What the engines say of a file's lines, chunk by chunk: work that needs no database.

It is in two halves, so that two processes can share it: `assess_file` reads, checks and assesses
duty; `score` adds the risk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tradelane.declarations import mapping as mappings
from tradelane.declarations.model import Arrival, Filing, arrive
from tradelane.declarations.reader import read
from tradelane.duties.service import Duties
from tradelane.journeys import entries
from tradelane.journeys.entries import Encoded
from tradelane.journeys.tables import scoring_table
from tradelane.journeys.text_against_code import TextAgainstCode, Told, content_of, with_told
from tradelane.journeys.workshop import Workshop
from tradelane.kit.clock import Clock, stamp
from tradelane.kit.collector import between_chunks
from tradelane.targeting.service import Targeting, Trained
from tradelane.trade.table import subject_of, subject_of_declaration

if TYPE_CHECKING:
    import polars as pl

    from tradelane.targeting.rules.model import Hit, RuleSet


class Assessed(NamedTuple):
    """A filing with its arrival's entry and, for each of its lines, the assessment's entry and
    whether a person must look; empty lists if it was refused."""

    arrival: Arrival
    received: list[Encoded]
    lines: list[tuple[Encoded, bool]]


class Chunk(NamedTuple):
    """Consecutive filings of a file, ``rows`` rows from row ``start`` on, with the table of their
    lines that targeting reads (None where every filing was refused)."""

    start: int
    rows: int
    filings: list[Assessed]
    table: pl.DataFrame | None


class Score(NamedTuple):
    """A line's score; amounts in the territory's currency, None where not estimated."""

    subject: str
    probability: float | None
    expected_revenue: float | None
    score: float
    needs_person: bool
    novelty: float | None


class Judged(NamedTuple):
    """An arrival with what is to be kept of it if it is accepted; empty if it was refused.

    ``hits``: of each line the rules that match it.
    """

    arrival: Arrival
    events: list[Encoded]
    scores: list[Score]
    hits: list[tuple[Hit, ...]]


class JudgedChunk(NamedTuple):
    """Consecutive filings, judged: ``rows`` rows from row ``start`` on."""

    start: int
    rows: int
    filings: list[Judged]


class Chunks(Protocol):
    """Gives a file's judged chunks from a row on."""

    def __call__(self, start: int) -> Iterator[JudgedChunk]: ...


@dataclass(frozen=True)
class Asked:
    """Which file to assess and how, in plain values that can be handed to another process."""

    home: Path
    file: Path
    mapping: str | Path
    pack: Path
    rates: Path | None
    batch_id: str
    start: int
    size: int
    """File rows a chunk, at least."""


def assess_file(shop: Workshop, asked: Asked) -> Iterator[Chunk]:
    """The file's chunks from ``asked.start`` on, read, checked and assessed."""
    today = shop.clock.now().date()
    mapping = mappings.load(asked.mapping)
    duties = shop.duties(asked.pack, asked.rates)
    filings = read(asked.file, mapping, codes=shop.nomenclature, today=today, skip_rows=asked.start)
    start, rows, done, taken = asked.start, 0, 0, list[Filing]()
    for filing in filings:
        taken.append(filing)
        rows += filing.rows
        if rows >= asked.size:
            yield _assess(start, rows, taken, asked.batch_id, duties, shop.clock)
            start, rows, taken = start + rows, 0, []
            between_chunks(done)
            done += 1
    if taken:
        yield _assess(start, rows, taken, asked.batch_id, duties, shop.clock)


def _assess(
    start: int, rows: int, filings: list[Filing], batch: str, duties: Duties, clock: Clock
) -> Chunk:
    at = stamp(clock.now())
    found: list[Assessed] = []
    for filing in filings:
        arrival, declaration = arrive(filing), filing.declaration
        if declaration is None:
            found.append(Assessed(arrival, [], []))
            continue
        received = {"batch": batch, "row": arrival.first_row, "content": arrival.content_digest}
        whole = subject_of_declaration(arrival.declarant, arrival.reference)
        lines = []
        for item, assessment in zip(declaration.lines, duties.assess(declaration), strict=True):
            body = entries.assessed_body(batch, duties.digest, item.hs_code, assessment)
            event = entries.entry(at, entries.ASSESSED, subject_of(declaration, item), body)
            lines.append((event, entries.needs_person(assessment)))
        event = entries.entry(at, entries.RECEIVED, whole, received)
        found.append(Assessed(arrival, [event], lines))
    good = [filing.declaration for filing in filings if filing.declaration is not None]
    return Chunk(start, rows, found, scoring_table(good, duties) if good else None)


@dataclass(frozen=True)
class Engines:
    """What judges lines. ``trained`` is asked for the model only when there is something to score;
    balance: the dial, None as the model says; rules: None where there are none; texts: asks the
    classifier, None where the model did not learn from what it says."""

    targeting: Targeting
    trained: Callable[[], Trained]
    balance: float | None = None
    rules: RuleSet | None = None
    texts: TextAgainstCode | None = None

    def hits(self, table: pl.DataFrame) -> list[tuple[Hit, ...]]:
        """Of each line the rules that match it."""
        if self.rules is None:
            return [()] * table.height
        from tradelane.targeting.rules.matching import match_table

        return match_table(self.rules, table)


def score(
    chunks: Iterator[Chunk], batch: str, engines: Engines, clock: Clock
) -> Iterator[JudgedChunk]:
    """The chunks with the scores of their lines, the rules that match them, and every entry in its
    order."""
    for chunk in chunks:
        if chunk.table is None:
            filings = [Judged(filing.arrival, [], [], []) for filing in chunk.filings]
        else:
            model, lines = engines.trained(), chunk.table
            told: Sequence[Told | None] = [None] * lines.height
            if engines.texts is not None:
                told = found = engines.texts.table(lines)
                lines = with_told(lines, found)
            table = engines.targeting.score(model, lines, balance=engines.balance)
            rows = zip(table.iter_rows(named=True), engines.hits(lines), told, strict=True)
            at = stamp(clock.now())
            filings = [_judged(f, rows, at, batch, model.ref.digest) for f in chunk.filings]
        yield JudgedChunk(chunk.start, chunk.rows, filings)


def _judged(
    filing: Assessed,
    rows: Iterator[tuple[dict[str, Any], tuple[Hit, ...], Told | None]],
    at: str,
    batch: str,
    model: str,
) -> Judged:
    events, scores = filing.received.copy(), list[Score]()
    hits: list[tuple[Hit, ...]] = []
    for assessed, needs_person in filing.lines:
        (row, hit, told), subject = next(rows), assessed[1]
        hits.append(hit)
        body = entries.scored_body(batch, model, row, content_of(told))
        events += (assessed, entries.entry(at, entries.SCORED, subject, body))
        scores.append(
            Score(
                subject,
                row["probability"],
                row["expected_revenue"],
                row["score"],
                needs_person,
                row.get("novelty"),
            )
        )
    return Judged(filing.arrival, events, scores, hits)
