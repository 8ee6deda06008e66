"""What happened, in an order that cannot be quietly changed."""

from tradelane.ledger.keys import LedgerKey
from tradelane.ledger.model import (
    Checked,
    ConsistencyProof,
    Entry,
    Finding,
    Receipt,
    Report,
    Stored,
    verify_consistency,
    verify_receipt,
)
from tradelane.ledger.notes import VerifierKey, VerifierKeys
from tradelane.ledger.service import Ledger

__all__ = [
    "Checked",
    "ConsistencyProof",
    "Entry",
    "Finding",
    "Ledger",
    "LedgerKey",
    "Receipt",
    "Report",
    "Stored",
    "VerifierKey",
    "VerifierKeys",
    "verify_consistency",
    "verify_receipt",
]
