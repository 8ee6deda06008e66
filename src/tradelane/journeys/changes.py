"""A declaration is amended or cancelled after it was received, and the ledger says so."""

from __future__ import annotations

from typing import Any

from tradelane.declarations.model import Change, content_digest
from tradelane.journeys import entries
from tradelane.journeys.workshop import Workshop
from tradelane.trade.declaration import Declaration
from tradelane.trade.table import subject_of_declaration


def amend(shop: Workshop, declaration: Declaration, reason: str) -> Change:
    """Replace a received declaration by a new version; returns the start of the new one.

    The old version's decisions stay in the ledger; the new one is received and not yet assessed.
    Errors: those of `Declarations.amend` (not found, released, under inspection, unchanged, ...).
    """

    def write(tx: Any) -> Change:
        ended, begun = shop.declarations.amend(tx, declaration, reason)
        subject = subject_of_declaration(declaration.declarant, declaration.reference)
        amended = {**_facts(ended), "content": content_digest(declaration)}
        shop.ledger.record(tx, [entries.entry(ended.at, entries.AMENDED, subject, amended)])
        return begun

    return shop.database.write(write)


def cancel(shop: Workshop, declarant: str, reference: str, reason: str) -> Change:
    """End a declaration before its release. Errors: those of `Declarations.cancel`."""

    def write(tx: Any) -> Change:
        change = shop.declarations.cancel(tx, declarant, reference, reason)
        subject = subject_of_declaration(declarant, reference)
        event = entries.entry(change.at, entries.CANCELLED, subject, _facts(change))
        shop.ledger.record(tx, [event])
        return change

    return shop.database.write(write)


def _facts(change: Change) -> dict[str, Any]:
    data = change.to_dict()
    return {name: data[name] for name in ("version", "before", "after", "reason")}
