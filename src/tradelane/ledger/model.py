"""What the ledger keeps and hands out: entries, receipts, and what checking them found."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from tradelane.kit import canonical
from tradelane.kit.errors import InputRefused, IntegrityBroken, Problem
from tradelane.ledger.merkle import check_consistency, inclusion_root, leaf_hash
from tradelane.ledger.notes import (
    Checkpoint,
    Trusted,
    VerifierKey,
    open_checkpoint,
    trusted_keys,
    unbase64,
)

KEY_ROTATED = "ledger.key_rotated"
"""The last entry that the old key signs: it names the new one."""
KEY_CONFIRMED = "ledger.key_confirmed"
"""The first entry that the new key signs: whoever has it shows that they do."""
RECEIPT_FORMAT = "tradelane-receipt/1"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: when (`kit.clock.stamp` text), what kind, to what, the facts.

    ``body`` is plain JSON without floats (amounts and probabilities are decimal strings).

    >>> Entry("2026-01-02T03:04:05.000000Z", "lane.assigned", "D-1", {"lane": "red"}).encode()
    b'{"at":"2026-01-02T03:04:05.000000Z","body":{"lane":"red"},"kind":"lane.assigned","subject":"D-1"}'
    """

    at: str
    kind: str
    subject: str
    body: dict[str, Any]

    def __post_init__(self) -> None:
        if not self.kind or not self.subject or "\0" in self.kind or "\0" in self.subject:
            raise InputRefused(
                Problem(
                    "ledger.entry_refused",
                    f"An entry needs a kind and a subject: got {self.kind!r} and {self.subject!r}.",
                )
            )

    def encode(self) -> bytes:
        """The canonical bytes that are hashed and kept."""
        return canonical.encode(
            {"at": self.at, "body": self.body, "kind": self.kind, "subject": self.subject}
        )

    @classmethod
    def decode(cls, data: bytes) -> Entry:
        """Read what `encode` wrote; raises IntegrityBroken ``ledger.entry_malformed``."""
        try:
            value = canonical.decode(data)
            if canonical.encode(value) == data and isinstance(value["body"], dict):
                entry = cls(**value)
                if all(isinstance(text, str) for text in (entry.at, entry.kind, entry.subject)):
                    return entry
        except (ValueError, TypeError, KeyError, InputRefused):
            pass
        raise IntegrityBroken(
            Problem(
                "ledger.entry_malformed",
                f"This is not an entry: got {data[:80]!r}, expected canonical JSON of "
                "at, body, kind and subject.",
            )
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry with its place in the ledger and its bytes."""

    index: int
    entry: Entry
    data: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """How many entries the ledger has, and how many signed checkpoints."""

    size: int
    checkpoints: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that an entry is in the ledger, which anyone can check without the ledger.

    data: the entry's bytes; path: sibling hashes up to the root of the signed ``checkpoint``.
    """

    data: bytes
    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    verifier_key: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON to save or send; `from_dict` reads it."""
        return {
            "format": RECEIPT_FORMAT,
            "entry": self.data.decode(),
            "index": self.index,
            "path": [base64.b64encode(step).decode() for step in self.path],
            "checkpoint": self.checkpoint,
            "verifier_key": self.verifier_key,
        }

    @classmethod
    def from_dict(cls, value: object) -> Receipt:
        """Read a receipt; raises InputRefused ``ledger.receipt_malformed`` with the pointer."""
        if not isinstance(value, dict):
            raise _malformed("", value, "an object")
        if value.get("format") != RECEIPT_FORMAT:
            raise _malformed("/format", value.get("format"), RECEIPT_FORMAT)
        texts: dict[str, str] = {}
        for name in ("entry", "checkpoint", "verifier_key"):
            text = value.get(name)
            if not isinstance(text, str):
                raise _malformed(f"/{name}", text, "text")
            texts[name] = text
        index, steps = value.get("index"), value.get("path")
        if type(index) is not int:
            raise _malformed("/index", index, "a whole number")
        if not isinstance(steps, list) or len(steps) > 64:
            raise _malformed("/path", steps, "a list of at most 64 hashes")
        path = []
        for place, step in enumerate(steps):
            decoded = unbase64(step) if isinstance(step, str) else None
            if decoded is None:
                raise _malformed(f"/path/{place}", step, "base64")
            path.append(decoded)
        try:
            data = texts["entry"].encode()
        except UnicodeEncodeError:
            raise _malformed("/entry", texts["entry"], "well-formed Unicode") from None
        return cls(data, index, tuple(path), texts["checkpoint"], texts["verifier_key"])


def read_receipts(data: bytes) -> list[Receipt]:
    """The receipts in a file: one object or a list of them.

    Errors: InputRefused ``ledger.receipt_malformed``.
    """
    try:
        value = orjson.loads(data)
    except ValueError as error:
        raise _malformed("", data[:80], f"JSON ({error})") from None
    receipts = [Receipt.from_dict(v) for v in (value if isinstance(value, list) else [value])]
    if not receipts:
        raise _malformed("", value, "at least one receipt")
    return receipts


@dataclass(frozen=True, slots=True)
class Checked:
    """What a receipt proves: this entry, at this place, in the ledger as signed then."""

    entry: Entry
    index: int
    checkpoint: Checkpoint
    signed_at: datetime | None
    verifier_key: VerifierKey


def verify_receipt(receipt: Receipt, verifier_key: Trusted | None = None) -> Checked:
    """What the receipt proves; raises IntegrityBroken (got, expected) where it proves nothing.

    ``verifier_key`` is the key (or the keys, where it was changed) of the ledger the reader trusts.
    Without it the key inside the
    receipt is used, which shows only that the receipt fits itself: anyone can make such a one.
    Pure: reads no file, no network, no clock.
    Errors: those of `open_checkpoint`, and ``ledger.key_malformed``, ``ledger.proof_malformed``,
    ``ledger.proof_wrong``, ``ledger.entry_malformed``.
    """
    keys = trusted_keys(verifier_key if verifier_key is not None else receipt.verifier_key)
    signed = open_checkpoint(receipt.checkpoint, keys)
    checkpoint = signed.checkpoint
    root = inclusion_root(leaf_hash(receipt.data), receipt.index, checkpoint.size, receipt.path)
    if root != checkpoint.root:
        raise IntegrityBroken(
            Problem(
                "ledger.proof_wrong",
                f"Entry {receipt.index} is not in the signed ledger: got root {root.hex()}, "
                f"expected {checkpoint.root.hex()}.",
                hint="The entry, its place or the proof was changed.",
            )
        )
    key = keys.for_size(checkpoint.size)
    return Checked(Entry.decode(receipt.data), receipt.index, checkpoint, signed.at, key)


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """Hashes showing that the ledger of ``new`` entries begins with the one of ``old``."""

    old: int
    new: int
    path: tuple[bytes, ...]


def verify_consistency(
    proof: ConsistencyProof,
    old_checkpoint: str,
    new_checkpoint: str,
    verifier_key: Trusted,
) -> tuple[Checkpoint, Checkpoint]:
    """The two signed heads if the newer only added to the older; raises IntegrityBroken if not.

    Errors: those of `open_checkpoint` and `merkle.check_consistency`.
    """
    keys = trusted_keys(verifier_key)
    old = open_checkpoint(old_checkpoint, keys).checkpoint
    new = open_checkpoint(new_checkpoint, keys, old.origin).checkpoint
    if (proof.old, proof.new) != (old.size, new.size):
        raise IntegrityBroken(
            Problem(
                "ledger.proof_malformed",
                f"The proof is for other checkpoints: got sizes {proof.old} and {proof.new}, "
                f"expected {old.size} and {new.size}.",
            )
        )
    check_consistency(old.size, old.root, new.size, new.root, proof.path)
    return old, new


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a ledger: where (the entry's index, if one), what, got, expected."""

    index: int | None
    what: str
    got: str
    expected: str

    def __str__(self) -> str:
        place = f"entry {self.index}: " if self.index is not None else ""
        return f"{place}{self.what}: got {self.got}, expected {self.expected}"


@dataclass(slots=True)
class Report:
    """What reading a whole ledger found. ``findings`` are the first ones, ``found`` counts all."""

    size: int = 0
    checkpoints: int = 0
    latest: Checkpoint | None = None
    findings: list[Finding] = field(default_factory=list)
    found: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing at all was found."""
        return self.found == 0


def _malformed(pointer: str, got: object, expected: str) -> InputRefused:
    return InputRefused(
        Problem(
            "ledger.receipt_malformed",
            f"This is not a receipt: got {str(got)[:80]!r}, expected {expected}.",
            pointer=pointer,
            hint="Use the file as `tradelane ledger prove` wrote it.",
        )
    )
