"""Cases for what a cleared file has left to officers.

A file is cleared without anybody looking on; the lines that it routed to red and yellow become
cases here, one a declaration, with what its most urgent line says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradelane.inspections.model import NewCase
from tradelane.journeys import entries
from tradelane.journeys.workshop import Workshop
from tradelane.kit.clock import stamp
from tradelane.targeting.selection import GREEN, RED
from tradelane.trade.table import split_subject

if TYPE_CHECKING:
    from tradelane.targeting.store import Selected

_AT_ONCE = 500


def open_cases(shop: Workshop, batch_id: str, after: int = -1) -> int:
    """Open cases for the next lines of a batch after line ``after`` that need an officer; returns
    the last line that was looked at, or -1 when there are no more. Safe to call again."""
    with shop.database.read() as tx:
        selected = shop.selections.selected(tx, batch_id, after, _AT_ONCE, GREEN)
        if not selected:
            return -1
        cases = _cases(shop, tx, selected)

    def write(tx: Any) -> None:
        before = {
            case.key
            for new in cases
            for case in shop.inspections.find(tx, new.declarant, new.reference)
        }
        at = stamp(shop.clock.now())
        opened = shop.inspections.open_many(tx, cases)
        events = [entries.case_opened(at, case) for case in opened if case.key not in before]
        if events:
            shop.ledger.record(tx, events)

    shop.database.write(write)
    last: int = selected[-1].line
    return last


def _cases(shop: Workshop, tx: Any, selected: list[Selected]) -> list[NewCase]:
    """One case a declaration: its strictest lane, its highest score."""
    worst: dict[tuple[str, str], Selected] = {}
    revenue: dict[tuple[str, str], float] = {}
    for item in selected:
        declarant, reference, _ = split_subject(item.subject)
        key = (declarant, reference)
        revenue[key] = revenue.get(key, 0.0) + (item.expected_revenue or 0.0)
        now = worst.get(key)
        if now is None or (item.lane == RED, item.score) > (now.lane == RED, now.score):
            worst[key] = item
    return [_case(shop, tx, key, item, revenue[key]) for key, item in worst.items()]


def _case(shop: Workshop, tx: Any, key: tuple[str, str], item: Selected, revenue: float) -> NewCase:
    kept = shop.declarations.find(tx, *key)
    assert kept is not None
    declaration = kept.declaration
    number = split_subject(item.subject)[2]
    goods = next(line for line in declaration.lines if line.number == number)
    bodies = {e.entry.kind: e.entry.body for e in shop.ledger.find(tx, item.subject)}
    questions = bodies[entries.ASSESSED].get("needs_person", ())
    reason = bodies[entries.SCORED]["reasons"][0][1]
    if item.lane != RED and questions:
        reason = questions[0]["message"]
    return NewCase(
        declarant=declaration.declarant,
        reference=declaration.reference,
        version=kept.version,
        lane=item.lane,
        selected_by=item.selected_by,
        score=item.score,
        probability=item.probability,
        expected_revenue=revenue or None,
        currency=bodies[entries.ASSESSED]["currency"],
        office=declaration.office,
        importer=declaration.importer,
        hs_code=goods.hs_code,
        reason=reason,
        lines=len(declaration.lines),
        received_at=kept.received_at,
    )
