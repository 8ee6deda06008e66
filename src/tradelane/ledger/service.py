"""The ledger's verbs: append, sign, find, prove, verify."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Protocol

from tradelane.kit.canonical import decode
from tradelane.kit.clock import Clock, stamp
from tradelane.kit.errors import InputRefused, IntegrityBroken, Problem
from tradelane.kit.progress import Progress, silent
from tradelane.ledger import audit, tiles
from tradelane.ledger.merkle import (
    HASH_BYTES,
    consistency_ranges,
    inclusion_ranges,
)
from tradelane.ledger.model import (
    KEY_CONFIRMED,
    KEY_ROTATED,
    ConsistencyProof,
    Entry,
    Head,
    Receipt,
    Report,
    Stored,
    verify_receipt,
)
from tradelane.ledger.notes import (
    SIGNED,
    Checkpoint,
    Note,
    Signer,
    VerifierKey,
    VerifierKeys,
    sign_checkpoint,
)


class LedgerStore(audit.AuditedStore, Protocol):
    """What the ledger needs kept. ``tx`` is the store's own kind of open transaction."""

    def lock_head(self, tx: Any) -> Head: ...
    def read_head(self, tx: Any) -> Head: ...
    def write_head(self, tx: Any, now: Head) -> None: ...
    def insert_entries(self, tx: Any, rows: Sequence[tuple[int, str, str, bytes]]) -> None: ...
    def find_entries(self, tx: Any, subject: str, kind: str | None) -> list[tuple[int, bytes]]: ...
    def find_many(
        self, tx: Any, subjects: Collection[str], kind: str
    ) -> Iterator[tuple[int, bytes]]: ...
    def read_entries(self, tx: Any, start: int, stop: int) -> Iterator[tuple[int, bytes]]: ...
    def read_kinds(
        self, tx: Any, start: int, stop: int, kinds: Collection[str]
    ) -> Iterator[tuple[int, str, bytes]]: ...
    def read_tiles(self, tx: Any, keys: Collection[tiles.Key]) -> dict[tiles.Key, bytes]: ...
    def write_tiles(self, tx: Any, changed: Mapping[tiles.Key, bytes]) -> None: ...
    def insert_checkpoint(self, tx: Any, size: int, note: str, at: str) -> None: ...
    def find_checkpoint(self, tx: Any, size: int | None) -> tuple[int, str] | None: ...


class Ledger:
    """One append-only log of entries, signed by ``signer`` under the name ``origin``.

    Every method works in the transaction ``tx`` that the caller opened on the store's database and
    keeps nothing in memory, so a transaction undone or another process cannot confuse it. A write
    appends, then ends with `checkpoint`: entries without one are reported by `verify`.
    """

    def __init__(
        self,
        store: LedgerStore,
        signer: Signer,
        clock: Clock,
        origin: str,
        keys: VerifierKeys | None = None,
    ) -> None:
        self._store = store
        self._signer = signer
        self._clock = clock
        self.origin = origin
        self.verifier_keys = keys or VerifierKeys.of(signer.verifier_key)
        """Every key this ledger was ever signed with, for whoever checks old checkpoints too."""

    @property
    def verifier_key(self) -> VerifierKey:
        """The key that signs now."""
        return self._signer.verifier_key

    def append(self, tx: Any, entries: Sequence[Entry]) -> range:
        """Add entries at the end, in order; returns their indexes.

        Errors: those of `append_encoded`.
        """
        return self.append_encoded(
            tx, [(entry.kind, entry.subject, entry.encode()) for entry in entries]
        )

    def append_encoded(self, tx: Any, rows: Sequence[tuple[str, str, bytes]]) -> range:
        """Add (kind, subject, data) rows, where data is `Entry.encode` of that kind and subject.

        Refuses to continue a ledger whose right edge is not what was last signed.
        Errors: IntegrityBroken ``ledger.edge_damaged``, ``ledger.index_taken``.
        """
        head = self._store.lock_head(tx)
        if not rows:
            return range(head.size, head.size)
        self._extend(tx, head.size, self._edges(tx, head), rows)
        self._store.write_head(tx, Head(head.size + len(rows), head.checkpoints))
        return range(head.size, head.size + len(rows))

    def record(self, tx: Any, rows: Sequence[tuple[str, str, bytes]]) -> range:
        """`append_encoded` and `checkpoint` in one: adds rows and signs the ledger with them.

        Half the work where both are wanted, because the right edge is read once.
        """
        head = self._store.lock_head(tx)
        if not rows:
            return range(head.size, head.size)
        edges = self._edges(tx, head)
        edges |= self._extend(tx, head.size, edges, rows)
        size = head.size + len(rows)
        self._sign(tx, size, edges)
        self._store.write_head(tx, Head(size, head.checkpoints + 1))
        return range(head.size, size)

    def checkpoint(self, tx: Any) -> str:
        """Sign the ledger as it is now and keep the note; the same note while nothing was added.

        Errors: IntegrityBroken ``ledger.edge_damaged``.
        """
        head = self._store.lock_head(tx)
        edges = self._edges(tx, head)
        kept = self._store.find_checkpoint(tx, head.size)
        if kept is not None:
            return kept[1]
        note = self._sign(tx, head.size, edges)
        self._store.write_head(tx, Head(head.size, head.checkpoints + 1))
        return note

    def rotate(self, tx: Any, successor: Signer, reason: str) -> VerifierKeys:
        """Let ``successor`` sign from now on; returns all keys, its own last.

        The last thing the old key signs is an entry that names the new one; the first thing the new
        key signs is an entry that says so: neither key alone can make up a change. This object and
        every other process that has the old key can append no more (``ledger.key_superseded``).
        """
        new = successor.verifier_key
        at = stamp(self._clock.now())
        body = {"from": str(self.verifier_key), "to": str(new), "reason": reason}
        rotated = Entry(at, KEY_ROTATED, "ledger", body)
        [index] = self.record(tx, [(rotated.kind, rotated.subject, rotated.encode())])
        keys = self.verifier_keys.then(index + 1, new)
        confirmed = Entry(at, KEY_CONFIRMED, "ledger", {"key": str(new)})
        after = Ledger(self._store, successor, self._clock, self.origin, keys)
        after.record(tx, [(confirmed.kind, confirmed.subject, confirmed.encode())])
        return keys

    def rotation(self, tx: Any, key: VerifierKey) -> int | None:
        """After how many entries the ledger changed to that key, None where it did not."""
        for stored in self.find(tx, "ledger", KEY_ROTATED):
            if stored.entry.body["to"] == str(key):
                return stored.index + 1
        return None

    def latest_checkpoint(self, tx: Any) -> str | None:
        """The newest signed note, or None where nothing was signed yet."""
        kept = self._store.find_checkpoint(tx, None)
        return kept[1] if kept is not None else None

    def size(self, tx: Any) -> int:
        """How many entries there are."""
        return self._store.read_head(tx).size

    def get(self, tx: Any, index: int) -> Stored:
        """The entry at ``index``; raises InputRefused ``ledger.index_unknown``."""
        for stored in self.entries(tx, index, index + 1):
            return stored
        raise InputRefused(
            Problem(
                "ledger.index_unknown",
                f"The ledger has no entry {index}; it has {self.size(tx)}, counted from 0.",
            )
        )

    def find(self, tx: Any, subject: str, kind: str | None = None) -> list[Stored]:
        """The entries of a subject (of one kind), in order; empty where there are none."""
        return [
            Stored(index, Entry.decode(data), data)
            for index, data in self._store.find_entries(tx, subject, kind)
        ]

    def find_many(self, tx: Any, subjects: Collection[str], kind: str) -> Iterator[Stored]:
        """The entries of a kind of many subjects, streamed; those of one subject in order."""
        for index, data in self._store.find_many(tx, subjects, kind):
            yield Stored(index, Entry.decode(data), data)

    def entries(self, tx: Any, start: int = 0, stop: int | None = None) -> Iterator[Stored]:
        """The entries from ``start`` to ``stop`` (not included), streamed in order."""
        upper = self.size(tx) if stop is None else stop
        for index, data in self._store.read_entries(tx, max(start, 0), upper):
            yield Stored(index, Entry.decode(data), data)

    def read(
        self, tx: Any, start: int = 0, stop: int | None = None
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Index and plain value (at, body, kind, subject) of entries, streamed in order.

        For reading very many: unlike `entries` it does not check that the bytes are canonical,
        which `verify` does.
        """
        upper = self.size(tx) if stop is None else stop
        for index, data in self._store.read_entries(tx, max(start, 0), upper):
            yield index, decode(data)

    def tail(
        self, tx: Any, start: int, stop: int, kinds: Collection[str]
    ) -> Iterator[tuple[int, str, bytes]]:
        """Index, subject and bytes of the entries of these kinds, streamed in order.

        For following the ledger: what is of another kind never leaves the database, and what is of
        another subject need not be decoded.
        """
        return self._store.read_kinds(tx, max(start, 0), stop, kinds)

    def prove(self, tx: Any, index: int, size: int | None = None) -> Receipt:
        """A receipt for the entry at ``index`` under the checkpoint of ``size`` (the latest).

        Errors: InputRefused ``ledger.index_unknown``, ``ledger.checkpoint_unknown``,
        ``ledger.not_signed``; IntegrityBroken where the ledger is damaged there.
        """
        data = self.get(tx, index).data
        signed_size, note = self._signed(tx, size)
        if index >= signed_size:
            raise InputRefused(
                Problem(
                    "ledger.not_signed",
                    f"Entry {index} is not under that checkpoint: it signs {signed_size} entries.",
                    hint="Sign the ledger first, or ask for a newer checkpoint.",
                )
            )
        path = self._path(tx, inclusion_ranges(index, signed_size))
        key = self.verifier_keys.for_size(signed_size)
        receipt = Receipt(data, index, path, note, str(key))
        verify_receipt(receipt, key)
        return receipt

    def prove_consistency(self, tx: Any, old: int, new: int | None = None) -> ConsistencyProof:
        """A proof that the ledger of ``new`` entries (as last signed) begins with that of ``old``.

        Errors: InputRefused ``ledger.checkpoint_unknown``, ``ledger.sizes_refused``.
        """
        size = self._signed(tx, None)[0] if new is None else new
        if not 0 <= old <= size <= self.size(tx):
            raise InputRefused(
                Problem(
                    "ledger.sizes_refused",
                    f"The ledger of {size} entries cannot begin with one of {old}; "
                    f"it has {self.size(tx)}.",
                )
            )
        return ConsistencyProof(old, size, self._path(tx, consistency_ranges(old, size)))

    def verify(
        self, tx: Any, *, trusted_checkpoint: str | None = None, progress: Progress = silent
    ) -> Report:
        """Read everything and report all that is wrong; raises nothing for a broken ledger.

        ``trusted_checkpoint`` is a note saved elsewhere earlier: only such a one can show that the
        ledger was cut back or rewritten by somebody who holds the signing key.
        """
        return audit.Audit(self._store, tx, self.verifier_keys, self.origin, progress).run(
            trusted_checkpoint
        )

    def _extend(
        self,
        tx: Any,
        size: int,
        edges: dict[tiles.Key, bytes],
        rows: Sequence[tuple[str, str, bytes]],
    ) -> dict[tiles.Key, bytes]:
        """Keep rows after ``size`` entries; returns the tiles that changed."""
        leaves = b"".join([sha256(b"\x00" + row[2]).digest() for row in rows])
        self._store.insert_entries(
            tx, [(index, *row) for index, row in enumerate(rows, start=size)]
        )
        changed = tiles.extend(size, edges, leaves)
        self._store.write_tiles(tx, changed)
        return changed

    def _sign(self, tx: Any, size: int, edges: Mapping[tiles.Key, bytes]) -> str:
        at = self._clock.now().replace(microsecond=0)
        root = tiles.edge_root(size, edges)
        note = sign_checkpoint(Checkpoint(self.origin, size, root), self._signer, at)
        self._store.insert_checkpoint(tx, size, note, stamp(at))
        return note

    def _edges(self, tx: Any, head: Head) -> dict[tiles.Key, bytes]:
        """The right edge, if it is what the head and the latest checkpoint say."""
        keys = tiles.edge(head.size)
        edges = self._store.read_tiles(tx, keys)
        for key in keys:
            width = tiles.tile_width(key, head.size) * HASH_BYTES
            if len(edges.get(key, b"")) != width:
                raise _edge_damaged(
                    f"{len(edges.get(key, b''))} bytes in tile {key[1]} of level {key[0]}",
                    f"{width} for {head.size} entries",
                )
        kept = self._store.find_checkpoint(tx, None)
        if kept is not None:
            self._refuse_superseded(*kept)
        if kept is not None and kept[0] >= head.size:
            signed = Checkpoint.parse(Note.parse(kept[1]).text)
            root = tiles.edge_root(head.size, edges)
            if (signed.size, signed.root) != (head.size, root):
                raise _edge_damaged(
                    f"{head.size} entries with root {root.hex()}",
                    f"{signed.size} with {signed.root.hex()}, as signed",
                )
        return edges

    def _refuse_superseded(self, size: int, note: str) -> None:
        """Sign nothing after another key has taken over: a process that was not restarted."""
        key = self.verifier_keys.for_size(size)
        if Note.parse(note).signature(key, SIGNED) is None:
            raise IntegrityBroken(
                Problem(
                    "ledger.key_superseded",
                    f"The checkpoint of {size} entries is not signed by {key}: "
                    "the ledger's key was changed.",
                    hint="Nothing was added. Restart this process; if that does not help, run "
                    "`tradelane ledger rotate-key` once more, which ends what was begun.",
                )
            )

    def _signed(self, tx: Any, size: int | None) -> tuple[int, str]:
        kept = self._store.find_checkpoint(tx, size)
        if kept is None:
            which = "no checkpoint yet" if size is None else f"no checkpoint of {size} entries"
            raise InputRefused(Problem("ledger.checkpoint_unknown", f"The ledger has {which}."))
        return kept

    def _path(self, tx: Any, ranges: list[tuple[int, int]]) -> tuple[bytes, ...]:
        found = self._store.read_tiles(tx, tiles.tiles_of(ranges))
        try:
            return tuple(tiles.range_hash(lower, upper, found) for lower, upper in ranges)
        except KeyError as error:
            level, index = error.args[0]
            raise IntegrityBroken(
                Problem(
                    "ledger.tile_missing",
                    f"Tile {index} of level {level} of the ledger is missing.",
                    hint="Run `tradelane ledger verify`.",
                )
            ) from error


def _edge_damaged(got: str, expected: str) -> IntegrityBroken:
    return IntegrityBroken(
        Problem(
            "ledger.edge_damaged",
            f"The end of the ledger was changed: got {got}, expected {expected}.",
            hint="Nothing was added. Run `tradelane ledger verify`.",
        )
    )
