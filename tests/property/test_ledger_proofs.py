"""Trees and proofs of any size agree with RFC 9162's recursive definitions, written out here."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradelane.kit.errors import IntegrityBroken
from tradelane.ledger.merkle import (
    check_consistency,
    consistency_ranges,
    inclusion_ranges,
    inclusion_root,
    leaf_hash,
    root_of,
)
from tradelane.ledger.tiles import (
    Frontier,
    edge,
    edge_root,
    extend,
    range_hash,
    tile_width,
    tiles_of,
)

DATA = [index.to_bytes(3, "big") for index in range(1200)]
LEAVES = [leaf_hash(data) for data in DATA]
SIZES = st.one_of(st.integers(1, 40), st.integers(200, 300), st.integers(1, len(DATA)))


def split(count):
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def tree(data):
    """MTH(D[n]) of RFC 9162 section 2.1.1, word for word."""
    if not data:
        return sha256(b"").digest()
    if len(data) == 1:
        return sha256(b"\x00" + data[0]).digest()
    k = split(len(data))
    return sha256(b"\x01" + tree(data[:k]) + tree(data[k:])).digest()


def path(index, data):
    """PATH(m, D[n]) of section 2.1.3.1."""
    if len(data) == 1:
        return []
    k = split(len(data))
    if index < k:
        return [*path(index, data[:k]), tree(data[k:])]
    return [*path(index - k, data[k:]), tree(data[:k])]


def subproof(old, data, whole):
    """SUBPROOF(m, D[n], b) of section 2.1.4.1."""
    if old == len(data):
        return [] if whole else [tree(data)]
    k = split(len(data))
    if old <= k:
        return [*subproof(old, data[:k], whole), tree(data[k:])]
    return [*subproof(old - k, data[k:], False), tree(data[:k])]


def grow(batches):
    """Tiles as the ledger builds them: batch after batch, from the right edge alone."""
    size, tiles = 0, {}
    for batch in batches:
        edges = {key: tiles[key] for key in edge(size) if key in tiles}
        tiles |= extend(size, edges, b"".join(LEAVES[size : size + batch]))
        size += batch
    return size, tiles


@given(st.lists(st.one_of(st.integers(0, 3), st.integers(0, 200)), max_size=6))
def test_tiles_grown_in_any_batches_hold_the_same_tree(batches):
    size, tiles = grow(batches)
    assert edge_root(size, tiles) == tree(DATA[:size]) == root_of(b"".join(LEAVES[:size]))
    assert (size, tiles) == grow([size])
    assert {key: len(tile) // 32 for key, tile in tiles.items()} == {
        key: tile_width(key, size) for key in tiles
    }


@given(SIZES, st.data())
def test_inclusion_proofs_are_those_of_the_definition(size, data):
    index = data.draw(st.integers(0, size - 1))
    later = data.draw(st.integers(size, len(DATA)))
    _, tiles = grow([later])
    ranges = inclusion_ranges(index, size)
    found = {key: tiles[key] for key in tiles_of(ranges)}
    steps = [range_hash(lower, upper, found) for lower, upper in ranges]
    assert steps == path(index, DATA[:size])
    assert inclusion_root(LEAVES[index], index, size, steps) == tree(DATA[:size])


@given(SIZES, st.data())
def test_consistency_proofs_are_those_of_the_definition(new, data):
    old = data.draw(st.integers(1, new))
    _, tiles = grow([new])
    steps = [range_hash(lower, upper, tiles) for lower, upper in consistency_ranges(old, new)]
    assert steps == subproof(old, DATA[:new], True)
    check_consistency(old, tree(DATA[:old]), new, tree(DATA[:new]), steps)


@given(st.integers(1, 300), st.data())
def test_a_tampered_inclusion_proof_is_refused(size, data):
    index = data.draw(st.integers(0, size - 1))
    steps, leaf, root = path(index, DATA[:size]), LEAVES[index], tree(DATA[:size])
    change = data.draw(st.sampled_from(["leaf", "flip", "drop", "add", "index", "swap", "cut"]))
    place = data.draw(st.integers(0, max(len(steps) - 1, 0)))
    if change == "leaf":
        leaf = flipped(leaf, data)
    elif change == "add":
        steps.insert(place, bytes(32))
    elif change == "index":
        index = data.draw(st.integers(-2, size + 2).filter(lambda other: other != index))
    elif steps and change == "flip":
        steps[place] = flipped(steps[place], data)
    elif steps and change == "drop":
        del steps[place]
    elif steps and change == "cut":
        steps[place] = steps[place][:-1]
    elif len(steps) > 1:
        steps[0], steps[-1] = steps[-1], steps[0]
    else:
        return
    try:
        found = inclusion_root(leaf, index, size, steps)
    except IntegrityBroken:
        return
    assert found != root


@given(st.integers(2, 300), st.data())
def test_a_tampered_consistency_proof_is_refused(new, data):
    old = data.draw(st.integers(1, new - 1))
    steps = subproof(old, DATA[:new], True)
    old_root, new_root = tree(DATA[:old]), tree(DATA[:new])
    change = data.draw(st.sampled_from(["old", "new", "flip", "drop", "add", "sizes", "other"]))
    place = data.draw(st.integers(0, len(steps) - 1))
    if change == "old":
        old_root = flipped(old_root, data)
    elif change == "new":
        new_root = flipped(new_root, data)
    elif change == "flip":
        steps[place] = flipped(steps[place], data)
    elif change == "drop":
        del steps[place]
    elif change == "add":
        steps.append(bytes(32))
    elif change == "sizes":
        old, new = new, old
    else:
        old_root = tree([*DATA[: old - 1], b"rewritten"])
    with pytest.raises(IntegrityBroken, match=r"ledger\.(inconsistent|proof_malformed): .*got.*ex"):
        check_consistency(old, old_root, new, new_root, steps)


@given(st.integers(0, 1200))
def test_a_frontier_knows_the_root_at_every_size(size):
    frontier = Frontier()
    for start in range(0, size - size % 256, 256):
        frontier.push(root_of(b"".join(LEAVES[start : start + 256])), 8)
    for leaf in LEAVES[size - size % 256 : size]:
        frontier.push(leaf)
    assert frontier.root() == root_of(b"".join(LEAVES[:size]))


def flipped(value, data):
    bit = data.draw(st.integers(0, len(value) * 8 - 1))
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
