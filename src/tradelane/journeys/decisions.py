"""The decisions of a batch, read back from the ledger line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tradelane.journeys import entries
from tradelane.journeys.outputs import Decided
from tradelane.kit.progress import Progress
from tradelane.ledger.service import Ledger
from tradelane.trade.table import split_subject


def decided_lines(
    ledger: Ledger, tx: Any, batch_id: str, progress: Progress, first: str | None = None
) -> Iterator[Decided]:
    """Every accepted line of a closed batch, in the order of its file, repeated ones last; from
    the line with the subject ``first`` on.

    A chunk's entries are in the order of its lines, and lanes follow in the same order, so two
    readers of the log, one for the judgements and one for the lanes, walk it side by side.
    """
    subject = f"batch/{batch_id}"
    [opened] = ledger.find(tx, subject, entries.BATCH_OPENED)
    [ranked] = ledger.find(tx, subject, entries.BATCH_RANKED)
    [closed] = ledger.find(tx, subject, entries.BATCH_CLOSED)
    judged_from, routed_from = opened.index, ranked.index
    if first is not None:
        found = {e.entry.kind: e.index for e in ledger.find(tx, first)}
        judged_from, routed_from = found[entries.ASSESSED], found[entries.ROUTED]
    lanes = (
        (index, value)
        for index, value in ledger.read(tx, routed_from, closed.index)
        if value["kind"] == entries.ROUTED and value["body"]["batch"] == batch_id
    )
    repeated: list[str] = []
    assessed: dict[str, Any] = {}
    done = 0
    for _, value in ledger.read(tx, judged_from, ranked.index):
        kind, body = value["kind"], value["body"]
        if body.get("batch") != batch_id:
            continue
        if kind == entries.ASSESSED:
            assessed = body
        elif kind == entries.SCORED:
            index, routed = next(lanes)
            yield _decided("accepted", value["subject"], assessed, body, routed["body"], index)
            done += 1
            if done % 5000 == 0:
                progress("written", done)
        elif kind == entries.REPEATED:
            repeated.append(value["subject"])
    for subject in repeated:
        yield _earlier(ledger, tx, subject)


def _earlier(ledger: Ledger, tx: Any, subject: str) -> Decided:
    """A line that an earlier batch decided; without a lane where that batch was never finished."""
    bodies: dict[str, dict[str, Any]] = {
        entries.ROUTED: {"lane": "pending", "selected_by": "none", "propensity": None}
    }
    index = -1
    for stored in ledger.find(tx, subject):
        if stored.entry.kind in entries.DECISIONS:
            bodies[stored.entry.kind] = stored.entry.body
            index = stored.index
    assessed, scored, routed = (bodies[kind] for kind in entries.DECISIONS)
    return _decided("already_received", subject, assessed, scored, routed, index)


def _decided(
    status: str,
    subject: str,
    assessed: dict[str, Any],
    scored: dict[str, Any],
    routed: dict[str, Any],
    index: int,
) -> Decided:
    declarant, reference, number = split_subject(subject)
    return Decided(
        subject,
        reference,
        declarant,
        number,
        assessed["hs_code"],
        status,
        assessed,
        scored,
        routed,
        index,
    )
