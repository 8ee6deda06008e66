"""Proofs of what happened to a declaration, for whoever may see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tradelane.journeys import entries
from tradelane.journeys.record import Record
from tradelane.journeys.workshop import Workshop
from tradelane.kit.clock import stamp
from tradelane.kit.errors import InputRefused, IntegrityBroken, Problem
from tradelane.ledger.model import Receipt, Stored, read_receipts, verify_receipt

WHOLLY_PUBLIC = frozenset(
    {
        entries.RECEIVED,
        entries.REPEATED,
        entries.AMENDED,
        entries.CANCELLED,
        entries.ASSESSED,
        entries.MESSAGE_ANSWERED,
    }
)
"""Kinds whose whole entry a declarant may read. A receipt shows all of its entry, so one that names
an officer or a lane has none for declarants, though the event of it may be public."""


def provable(record: Record, *, everything: bool) -> list[Stored]:
    """The entries that a reader may have receipts of; ``everything`` for the administration."""
    return [
        stored for stored in record.all_entries if everything or stored.entry.kind in WHOLLY_PUBLIC
    ]


def receipts(shop: Workshop, tx: Any, found: list[Stored]) -> list[Receipt]:
    """A receipt of each entry under the newest checkpoint. Errors: those of `Ledger.prove`."""
    return [shop.ledger.prove(tx, stored.index) for stored in found]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking a receipt found.

    ``valid``: this ledger's key signed it and the proof is right; ``in_ledger``: the ledger as it
    is now has exactly this entry at its place. Without ``valid`` nothing that the receipt says is
    repeated, and ``problem`` is why. ``size``: entries of the ledger when it was signed.
    """

    valid: bool
    in_ledger: bool = False
    index: int | None = None
    at: str | None = None
    kind: str | None = None
    subject: str | None = None
    signed_at: str | None = None
    size: int | None = None
    problem: Problem | None = None


def check(shop: Workshop, tx: Any, receipt: Receipt) -> Verdict:
    """Whether a receipt is genuine. The ledger is read only once the signature is its own."""
    try:
        checked = verify_receipt(receipt, shop.ledger.verifier_keys)
    except (IntegrityBroken, InputRefused) as error:
        return Verdict(False, problem=error.problems[0])
    stored = next(iter(shop.ledger.entries(tx, checked.index, checked.index + 1)), None)
    return Verdict(
        valid=True,
        in_ledger=stored is not None and stored.data == receipt.data,
        index=checked.index,
        at=checked.entry.at,
        kind=checked.entry.kind,
        subject=checked.entry.subject,
        signed_at=None if checked.signed_at is None else stamp(checked.signed_at),
        size=checked.checkpoint.size,
    )


def check_text(shop: Workshop, tx: Any, text: bytes) -> list[Verdict]:
    """The verdict of each receipt in a file: one object, or a list of them.

    Errors: InputRefused ``ledger.receipt_malformed``.
    """
    return [check(shop, tx, receipt) for receipt in read_receipts(text)]
