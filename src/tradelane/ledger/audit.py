"""Reading a whole ledger and reporting every thing that is not as it was signed.

Each part is held against the one below it (tile against entries, tile against the tiles of the
level below, checkpoint against the tree), so that damage is named where it is and not everywhere
above it. No finding means that every byte follows from the entries and the signatures.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, Protocol

from tradelane.kit.clock import stamp
from tradelane.kit.errors import IntegrityBroken
from tradelane.kit.progress import Progress
from tradelane.ledger.merkle import HASH_BYTES, root_of
from tradelane.ledger.model import KEY_ROTATED, Entry, Finding, Report
from tradelane.ledger.notes import COSIGNED, SIGNED, Note, VerifierKeys, open_checkpoint
from tradelane.ledger.tiles import HEIGHT, TILE_BYTES, WIDTH, Frontier

MOST_FINDINGS = 200
_PROGRESS_TILES = 64

Row = tuple[int, bytes, bytes, bytes, str]
Add = Callable[..., None]


class AuditedStore(Protocol):
    """What reading everything needs; values come as they are, text as bytes."""

    def begin_audit(self, tx: Any) -> list[str]: ...
    def audit_head(self, tx: Any) -> list[tuple[Any, Any, Any]]: ...
    def audit_end(self, tx: Any) -> int: ...
    def audit_entries(self, tx: Any) -> Iterator[Row]: ...
    def audit_checkpoints(self, tx: Any) -> Iterator[tuple[int, bytes, bytes, str]]: ...
    def audit_levels(self, tx: Any) -> list[Any]: ...
    def audit_tiles(self, tx: Any, level: int) -> Iterator[tuple[Any, bytes, str]]: ...


class Audit:
    """One reading of one ledger."""

    def __init__(
        self, store: AuditedStore, tx: Any, keys: VerifierKeys, origin: str, progress: Progress
    ) -> None:
        self._store = store
        self._tx = tx
        self._keys = keys
        self._rotated: list[tuple[int, str]] = []
        self._origin = origin
        self._progress = progress
        self._report = Report()
        self._levels: list[_Level] = []

    def run(self, trusted: str | None) -> Report:
        """Read it all; the report says what was found."""
        try:
            self._progress("database check", 0)
            for line in self._store.begin_audit(self._tx):
                self._add("the database's own check", line, "ok")
            self._report.size = end = self._store.audit_end(self._tx)
            roots = heapq.merge(
                self._signed_roots(), self._trusted_root(trusted), key=lambda root: root[0]
            )
            self._tree(end, _Peek(roots))
            self._head(end)
            self._changes_of_key()
        except IntegrityBroken as error:
            for problem in error.problems:
                self._add(problem.message, "damage", "readable data")
        return self._report

    def _add(self, what: str, got: object, expected: object, index: int | None = None) -> None:
        self._report.found += 1
        if len(self._report.findings) < MOST_FINDINGS:
            self._report.findings.append(Finding(index, what, str(got)[:200], str(expected)[:200]))

    def _tree(self, end: int, roots: _Peek) -> None:
        """Entries, tiles of all levels, and the roots signed at any size."""
        rows = _Peek(self._store.audit_entries(self._tx))
        frontier = Frontier()
        self._check_roots(frontier, b"", roots)
        for number in range((end + WIDTH - 1) // WIDTH):
            if number % _PROGRESS_TILES == 0:
                self._progress("entries", number * WIDTH, end)
            count = min(WIDTH, end - number * WIDTH)
            hashes = self._leaves(number, count, list(rows.below((number + 1) * WIDTH)))
            if hashes is None:
                break
            self._check_roots(frontier, hashes, roots)
            if count == WIDTH:
                root = root_of(hashes)
                frontier.push(root, HEIGHT)
                self._push(1, root)
        else:
            self._progress("entries", end, end)
        for size, *_ in roots:
            self._add("a signed checkpoint reaches beyond the entries", f"{end} entries", size)
        self._close_levels()

    def _leaves(self, number: int, count: int, rows: list[Row]) -> bytes | None:
        """The leaf hashes of a level-0 tile as kept, after comparing them with the entries."""
        start = number * WIDTH
        for row in rows:
            if row[0] < 0:
                self._add("an entry has no place", row[0], "0 or more", row[0])
            self._check_row(row)
        kept = self._level(0).take(number)
        fresh = {row[0]: sha256(b"\x00" + row[3]).digest() for row in rows}
        if not rows and kept is None:
            self._add("entries are missing, reading stopped", "none", f"{count} or more", start)
            return None
        width = count * HASH_BYTES
        if kept is not None and len(kept) != width:
            self._add(f"tile {number} of level 0 has a wrong length", len(kept), width)
        base = kept if kept is not None and len(kept) == width else bytes(width)
        expected = [base[i : i + HASH_BYTES] for i in range(0, width, HASH_BYTES)]
        if kept is None:
            self._add(f"tile {number} of level 0", "nothing", f"{count} hashes")
        for offset in range(count):
            leaf = fresh.get(start + offset)
            if leaf is None:
                self._add("the entry is missing", "nothing", "an entry", start + offset)
            elif base is not kept:
                expected[offset] = leaf
            elif leaf != expected[offset]:
                self._add(
                    f"the entry does not fit tile {number} of level 0",
                    leaf.hex(),
                    expected[offset].hex(),
                    start + offset,
                )
        return b"".join(expected)

    def _check_row(self, row: Row) -> None:
        index, kind, subject, data, types = row
        if types != "text text blob":
            self._add("columns have other types", types, "text text blob", index)
        try:
            entry = Entry.decode(data)
        except IntegrityBroken as error:
            self._add(error.problems[0].message, "unreadable bytes", "an entry", index)
            return
        if kind != entry.kind.encode():
            self._add("the column kind is not the entry's", kind, entry.kind, index)
        if entry.kind == KEY_ROTATED:
            self._rotated.append((index + 1, str(entry.body.get("to"))))
        if subject != entry.subject.encode():
            self._add("the column subject is not the entry's", subject, entry.subject, index)

    def _level(self, level: int) -> _Level:
        while len(self._levels) <= level:
            number = len(self._levels)
            kept = self._store.audit_tiles(self._tx, number)
            self._levels.append(_Level(number, kept, self._add))
        return self._levels[level]

    def _push(self, level: int, root: bytes) -> None:
        above = self._level(level)
        above.hashes += root
        if len(above.hashes) == TILE_BYTES:
            self._push(level + 1, root_of(above.compare()))

    def _close_levels(self) -> None:
        for level in self._levels:
            if level.hashes:
                level.compare()
            level.close()
        for level_found in self._store.audit_levels(self._tx):
            if level_found not in range(len(self._levels)):
                self._add("there are tiles of a level too many", level_found, len(self._levels) - 1)

    def _check_roots(self, frontier: Frontier, hashes: bytes, roots: _Peek) -> None:
        """Hold the roots signed at sizes within this tile (or, before the first, at 0) to it."""
        end = frontier.size + len(hashes) // HASH_BYTES
        growing: Frontier | None = None
        for size, root, what in roots.below(end + 1):
            if size < 0:
                self._add(what, f"size {size}", "0 or more")
                continue
            growing = growing or frontier.copy()
            while growing.size < size:
                at = (growing.size - frontier.size) * HASH_BYTES
                growing.push(hashes[at : at + HASH_BYTES])
            if growing.root() != root:
                self._add(f"{what} of {size} entries", growing.root().hex(), root.hex())

    def _signed_roots(self) -> Iterator[tuple[int, bytes, str]]:
        """Size and root of each kept checkpoint, after checking all else about it."""
        for size, note, at, types in self._store.audit_checkpoints(self._tx):
            self._report.checkpoints += 1
            what = f"the checkpoint of {size} entries"
            if types != "text text":
                self._add(f"{what}: columns have other types", types, "text text")
            try:
                text = note.decode()
                signed = open_checkpoint(text, self._keys, self._origin)
                parsed = Note.parse(text)
            except UnicodeDecodeError:
                self._add(f"{what} is not text", note[:60], "UTF-8")
                continue
            except IntegrityBroken as error:
                self._add(f"{what}: {error.problems[0].message}", "another note", "the signed one")
                continue
            ids = [(name, blob[:4]) for name, blob in parsed.signatures]
            key = self._keys.for_size(signed.checkpoint.size)
            wanted = [(key.name, key.id(kind)) for kind in (SIGNED, COSIGNED)]
            if ids != wanted or str(parsed) != text:
                self._add(f"{what} has other signature lines", ids, wanted)
            when = stamp(signed.at) if signed.at is not None else ""
            if at != when.encode():
                self._add(f"{what} has another time", at, when)
            if size != signed.checkpoint.size:
                self._add(f"{what} was signed for another size", size, signed.checkpoint.size)
                continue
            self._report.latest = signed.checkpoint
            yield size, signed.checkpoint.root, "the root of the checkpoint"

    def _trusted_root(self, trusted: str | None) -> Iterator[tuple[int, bytes, str]]:
        if trusted is None:
            return
        try:
            checkpoint = open_checkpoint(trusted, self._keys, self._origin).checkpoint
        except IntegrityBroken as error:
            self._add(
                f"the trusted checkpoint: {error.problems[0].message}",
                "another note",
                "one that this ledger's key signed",
            )
            return
        yield checkpoint.size, checkpoint.root, "the root of the trusted checkpoint"

    def _changes_of_key(self) -> None:
        """The keys that are trusted are those that the ledger says, from where it says."""
        trusted = [(after, str(key)) for after, key in self._keys.keys[1:]]
        if trusted != self._rotated:
            self._add("the changes of the ledger's key", trusted, self._rotated)

    def _head(self, end: int) -> None:
        rows = self._store.audit_head(self._tx)
        expected = [(1, end, self._report.checkpoints)]
        if rows != expected and not (not rows and end == 0 and self._report.checkpoints == 0):
            self._add("the head row (id, entries, checkpoints)", rows, expected)
        signed = self._report.latest.size if self._report.latest else 0
        if signed < end:
            self._add("entries are not under a signed checkpoint", f"{end} entries", signed, signed)


class _Level:
    """The kept tiles of one level, read along, and the hashes that the next one should hold."""

    def __init__(self, level: int, kept: Iterator[tuple[Any, bytes, str]], add: Add) -> None:
        self._level = level
        self._kept = _Peek(kept)
        self._add = add
        self._next = 0
        self.hashes = b""

    def take(self, number: int) -> bytes | None:
        """The kept tile of that number, or None."""
        self._next = number + 1
        found = None
        for index, hashes, types in self._kept.below(number + 1):
            if types != "blob":
                self._add(f"tile {index} of level {self._level} has another type", types, "blob")
            if index == number:
                found = hashes
            else:
                self._surplus(index)
        return found

    def compare(self) -> bytes:
        """Hold the gathered hashes to the kept tile; returns those to go on with."""
        number, hashes, self.hashes = self._next, self.hashes, b""
        kept = self.take(number)
        if kept != hashes:
            self._add(
                f"tile {number} of level {self._level} does not fit the level below",
                "nothing" if kept is None else sha256(kept).hexdigest(),
                sha256(hashes).hexdigest(),
            )
        return kept if kept is not None and len(kept) == len(hashes) else hashes

    def close(self) -> None:
        """Report the tiles that no entries stand under."""
        for index, *_ in self._kept:
            self._surplus(index)

    def _surplus(self, index: Any) -> None:
        self._add(f"tile {index} of level {self._level} should not be there", "a tile", "none")


class _Peek:
    """An iterator of tuples sorted by their first value that can stop before one."""

    def __init__(self, items: Iterator[Any]) -> None:
        self._items = items
        self._waiting: list[Any] = []

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._waiting.pop() if self._waiting else next(self._items)

    def below(self, stop: int) -> Iterator[Any]:
        """The items whose first value is a number below ``stop``."""
        for item in self:
            if not isinstance(item[0], int | float) or item[0] >= stop:
                self._waiting.append(item)
                return
            yield item
