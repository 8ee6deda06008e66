"""Merkle tree hashing and proofs after RFC 9162 section 2.1, on hashes alone.

A proof is named by ranges ``(start, stop)`` of leaves: whoever keeps the hashes (`tiles`) turns
each range into the hash of its subtree. Verification needs nothing but the proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from tradelane.kit.errors import IntegrityBroken, Problem

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """``SHA-256(0x00 || data)``.

    >>> leaf_hash(b"").hex()[:16]
    '6e340b9cffb37a98'
    """
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """``SHA-256(0x01 || left || right)``."""
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: bytes) -> bytes:
    """The root over concatenated 32-byte node hashes, in order; the last may be incomplete.

    Pairing neighbours and promoting an odd last one gives the same tree as RFC 9162's split at the
    largest power of two.

    >>> root_of(b"") == EMPTY_ROOT, root_of(leaf_hash(b"")) == leaf_hash(b"")
    (True, True)
    """
    if not hashes:
        return EMPTY_ROOT
    while len(hashes) > HASH_BYTES:
        even = len(hashes) - len(hashes) % 64
        paired = [sha256(b"\x01" + hashes[i : i + 64]).digest() for i in range(0, even, 64)]
        hashes = b"".join(paired) + hashes[even:]
    return hashes


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """The ranges whose hashes prove leaf ``index`` in a tree of ``size``, leaf's sibling first.

    >>> inclusion_ranges(5, 7)
    [(4, 5), (6, 7), (0, 4)]
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of size {size}")
    ranges = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    """The ranges whose hashes prove that the tree of ``old`` leaves begins the one of ``new``.

    Empty where ``old`` is 0 or equals ``new``: there is nothing to prove then.

    >>> consistency_ranges(3, 7)
    [(2, 3), (3, 4), (0, 2), (4, 7)]
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of size {old} does not come before one of size {new}")
    if old == 0:
        return []
    ranges = []
    start, stop = 0, new
    while old != stop:
        middle = start + _split(stop - start)
        if old <= middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start > 0:
        ranges.append((start, stop))
    return ranges[::-1]


def inclusion_root(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that an inclusion path leads to (RFC 9162 section 2.1.3.2).

    Errors: IntegrityBroken ``ledger.proof_malformed`` where the path cannot belong to the place.
    """
    if not 0 <= index < size:
        raise _malformed(f"the index is {index}", f"an index below the tree's size {size}")
    position, last, root = index, size - 1, leaf
    for step in path:
        if last == 0 or len(step) != HASH_BYTES:
            raise _malformed(_lengths(path), f"{len(inclusion_ranges(index, size))} hashes of 32")
        if position & 1 or position == last:
            root = node_hash(step, root)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            root = node_hash(root, step)
        position >>= 1
        last >>= 1
    if last != 0:
        raise _malformed(_lengths(path), f"{len(inclusion_ranges(index, size))} hashes of 32")
    return root


def consistency_roots(
    old: int, new: int, old_root: bytes, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """The old and the new root that a consistency path leads to (RFC 9162 section 2.1.4.2).

    For ``0 < old < new``. Errors: IntegrityBroken ``ledger.proof_malformed``.
    """
    expected = f"{len(consistency_ranges(old, new))} hashes of 32"
    steps = list(path)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps or any(len(step) != HASH_BYTES for step in steps):
        raise _malformed(_lengths(path), expected)
    position, last = old - 1, new - 1
    while position & 1:
        position >>= 1
        last >>= 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise _malformed(_lengths(path), expected)
        if position & 1 or position == last:
            first = node_hash(step, first)
            second = node_hash(step, second)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            second = node_hash(second, step)
        position >>= 1
        last >>= 1
    if last != 0:
        raise _malformed(_lengths(path), expected)
    return first, second


def check_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Return if the tree ``new`` only added to the tree ``old``; raise IntegrityBroken if not.

    Errors: ``ledger.proof_malformed``; ``ledger.inconsistent`` with got and expected.
    """
    if not 0 <= old <= new:
        raise _malformed(f"sizes {old} and {new}", "an old size not above the new one")
    if old == 0 or old == new:
        if path:
            raise _malformed(_lengths(path), "an empty path")
        pairs = [(old_root, EMPTY_ROOT)] if old == 0 else [(old_root, new_root)]
    else:
        first, second = consistency_roots(old, new, old_root, path)
        pairs = [(first, old_root), (second, new_root)]
    for got, expected in pairs:
        if got != expected:
            raise IntegrityBroken(
                Problem(
                    "ledger.inconsistent",
                    f"The ledger of {new} entries does not continue the one of {old}: "
                    f"got {got.hex()}, expected {expected.hex()}.",
                    hint="Its past was rewritten, or the two are not the same ledger.",
                )
            )


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def _lengths(path: Sequence[bytes]) -> str:
    return f"{len(path)} hashes"


def _malformed(got: str, expected: str) -> IntegrityBroken:
    return IntegrityBroken(
        Problem(
            "ledger.proof_malformed", f"The proof is malformed: got {got}, expected {expected}."
        )
    )
