"""Where the hashes of the tree are kept: C2SP tlog-tiles of 256 hashes (a subtree of height 8).

Tile ``(0, n)`` holds leaf hashes, tile ``(level, n)`` the roots of full tiles of the level below.
Only the rightmost tile of a level may be partial. Pure arithmetic: it reads and writes nothing.
Source: https://c2sp.org/tlog-tiles
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from tradelane.ledger.merkle import HASH_BYTES, node_hash, root_of

HEIGHT = 8
WIDTH = 1 << HEIGHT
TILE_BYTES = WIDTH * HASH_BYTES

Key: TypeAlias = tuple[int, int]
"""A tile's level and its index within that level."""


def levels(size: int) -> int:
    """How many levels of tiles a tree of ``size`` leaves has.

    >>> [levels(n) for n in (0, 1, 255, 256, 65535, 65536)]
    [0, 1, 1, 2, 2, 3]
    """
    return (size.bit_length() + HEIGHT - 1) // HEIGHT


def hash_count(level: int, size: int) -> int:
    """How many hashes the level holds in a tree of ``size`` leaves."""
    return size >> (HEIGHT * level)


def tile_width(key: Key, size: int) -> int:
    """How many hashes the tile holds in a tree of ``size``; 0 where it does not exist.

    >>> [tile_width(key, 70_000) for key in ((0, 272), (0, 273), (1, 1), (2, 0), (2, 1))]
    [256, 112, 17, 1, 0]
    """
    level, index = key
    return max(0, min(WIDTH, hash_count(level, size) - index * WIDTH))


def edge(size: int) -> list[Key]:
    """The tile of each level, lowest first, where the next hash of that level goes.

    One level more than the tree has, because the next leaf may open it.
    """
    return [(level, hash_count(level, size) // WIDTH) for level in range(levels(size) + 1)]


def edge_root(size: int, tiles: Mapping[Key, bytes]) -> bytes:
    """The root of a tree of ``size`` leaves from its `edge` tiles (missing ones are empty)."""
    incomplete = b""
    for key in edge(size):
        width = tile_width(key, size)
        hashes = tiles.get(key, b"")[: width * HASH_BYTES] + incomplete
        incomplete = root_of(hashes) if hashes else b""
    return incomplete or root_of(b"")


def extend(size: int, edges: Mapping[Key, bytes], leaves: bytes) -> dict[Key, bytes]:
    """The tiles that change when ``leaves`` (concatenated hashes) follow ``size`` leaves.

    ``edges`` holds the `edge` tiles of ``size``.

    >>> sorted((key, len(tile)) for key, tile in extend(0, {}, bytes(300 * 32)).items())
    [((0, 0), 8192), ((0, 1), 1408), ((1, 0), 32)]
    """
    changed: dict[Key, bytes] = {}
    level, fresh = 0, leaves
    while fresh:
        index, width = divmod(hash_count(level, size), WIDTH)
        hashes = edges.get((level, index), b"")[: width * HASH_BYTES] + fresh
        roots = []
        for offset in range(0, len(hashes), TILE_BYTES):
            tile = hashes[offset : offset + TILE_BYTES]
            changed[level, index] = tile
            if len(tile) == TILE_BYTES:
                roots.append(root_of(tile))
            index += 1
        fresh = b"".join(roots)
        level += 1
    return changed


def tiles_of(ranges: Iterable[tuple[int, int]]) -> set[Key]:
    """The tiles that the hashes of these ranges (from `merkle`) are computed from."""
    return {
        _locate(start, height)[0]
        for lower, upper in ranges
        for start, height in _subtrees(lower, upper)
    }


def range_hash(lower: int, upper: int, tiles: Mapping[Key, bytes]) -> bytes:
    """The hash of the subtree over leaves ``lower`` to ``upper`` (not included).

    Raises KeyError where ``tiles`` lacks one of `tiles_of`.
    """
    result = b""
    for start, height in reversed(_subtrees(lower, upper)):
        key, offset, count = _locate(start, height)
        part = root_of(tiles[key][offset * HASH_BYTES : (offset + count) * HASH_BYTES])
        result = node_hash(part, result) if result else part
    return result


def _subtrees(lower: int, upper: int) -> list[tuple[int, int]]:
    parts = []
    while lower < upper:
        height = (upper - lower).bit_length() - 1
        parts.append((lower, height))
        lower += 1 << height
    return parts


def _locate(start: int, height: int) -> tuple[Key, int, int]:
    level, rest = divmod(height, HEIGHT)
    index, offset = divmod(start >> (HEIGHT * level), WIDTH)
    return (level, index), offset, 1 << rest


class Frontier:
    """The few hashes from which a growing tree's root follows, whatever its size.

    >>> grown = Frontier()
    >>> for part in (b"a" * 32, b"b" * 32, b"c" * 32):
    ...     grown.push(part)
    >>> grown.root() == root_of(b"a" * 32 + b"b" * 32 + b"c" * 32)
    True
    """

    def __init__(self) -> None:
        self.size = 0
        self._nodes: list[bytes] = []

    def push(self, node: bytes, height: int = 0) -> None:
        """Add a complete subtree of ``2**height`` leaves; the size must be a multiple of that."""
        count = self.size >> height
        while count & 1:
            node = node_hash(self._nodes.pop(), node)
            count >>= 1
        self._nodes.append(node)
        self.size += 1 << height

    def root(self) -> bytes:
        """The root over everything pushed so far."""
        result = b""
        for node in reversed(self._nodes):
            result = node_hash(node, result) if result else node
        return result or root_of(b"")

    def copy(self) -> Frontier:
        """Another one that grows on its own."""
        other = Frontier()
        other.size, other._nodes = self.size, self._nodes.copy()
        return other
