"""The decisions of a batch, read back from the ledger line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tradelane.journeys import entries
from tradelane.journeys.outputs import Decided
from tradelane.kit.progress import Progress
from tradelane.ledger.model import Entry, Stored
from tradelane.ledger.service import Ledger
from tradelane.trade.table import split_subject


def decided_lines(ledger: Ledger, tx: Any, batch_id: str, progress: Progress) -> Iterator[Decided]:
    """Every accepted line of a closed batch, in the order of its file, repeated ones last.

    A chunk's entries are in the order of its lines, and lanes follow in the same order, so two
    readers of the log, one for the judgements and one for the lanes, walk it side by side.
    """
    subject = f"batch/{batch_id}"
    [opened] = ledger.find(tx, subject, entries.BATCH_OPENED)
    [ranked] = ledger.find(tx, subject, entries.BATCH_RANKED)
    [closed] = ledger.find(tx, subject, entries.BATCH_CLOSED)
    judged = _of_batch(ledger.entries(tx, opened.index, ranked.index), batch_id)
    lanes = (
        found
        for found in _of_batch(ledger.entries(tx, ranked.index, closed.index), batch_id)
        if found.entry.kind == entries.ROUTED
    )
    repeated: list[Stored] = []
    assessed: Stored | None = None
    done = 0
    for found in judged:
        kind = found.entry.kind
        if kind == entries.ASSESSED:
            assessed = found
        elif kind == entries.SCORED:
            assert assessed is not None
            yield _decided("accepted", assessed, found, next(lanes))
            done += 1
            if done % 5000 == 0:
                progress("written", done)
        elif kind == entries.REPEATED:
            repeated.append(found)
    for found in repeated:
        earlier = {kind: ledger.find(tx, found.entry.subject, kind) for kind in entries.DECISIONS}
        routed = earlier[entries.ROUTED] or [_pending(earlier[entries.SCORED][-1])]
        yield _decided(
            "already_received",
            earlier[entries.ASSESSED][-1],
            earlier[entries.SCORED][-1],
            routed[-1],
        )


def _of_batch(stored: Iterator[Stored], batch_id: str) -> Iterator[Stored]:
    return (found for found in stored if found.entry.body.get("batch") == batch_id)


def _pending(scored: Stored) -> Stored:
    """For a line whose own batch was interrupted and never taken up again: it has no lane yet."""
    body = {"lane": "pending", "selected_by": "none", "propensity": None}
    entry = Entry(scored.entry.at, entries.ROUTED, scored.entry.subject, body)
    return Stored(scored.index, entry, b"")


def _decided(status: str, assessed: Stored, scored: Stored, routed: Stored) -> Decided:
    subject = routed.entry.subject
    declarant, reference, number = split_subject(subject)
    return Decided(
        subject=subject,
        reference=reference,
        declarant=declarant,
        number=number,
        hs_code=assessed.entry.body["hs_code"],
        status=status,
        assessed=assessed.entry.body,
        scored=scored.entry.body,
        routed=routed.entry.body,
        index=routed.index,
    )
