"""Published values: RFC 9162 trees (the eight leaves that certificate-transparency logs test with),
C2SP signed notes and verifier keys. What others computed, restated; nothing here is ours."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tradelane.kit.errors import IntegrityBroken
from tradelane.ledger.keys import LedgerKey
from tradelane.ledger.merkle import (
    check_consistency,
    consistency_ranges,
    inclusion_ranges,
    inclusion_root,
    leaf_hash,
    root_of,
)
from tradelane.ledger.notes import SIGNED, Checkpoint, Note, VerifierKey, open_checkpoint
from tradelane.ledger.tiles import edge, extend, range_hash, tile_width, tiles_of

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
HASHES = b"".join(leaf_hash(leaf) for leaf in LEAVES)
TILES = extend(0, {}, HASHES)

# golang.org/x/mod/sumdb/note, the package's documentation and tests
GO_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_NOTE = (
    GO_TEXT + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZ"
    "SNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# c2sp.org/signed-note, "Verifier keys"
C2SP_PUBLIC = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONn"
    "cAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size):
    assert root_of(HASHES[: size * 32]) == ROOTS[size]


@pytest.mark.parametrize(("place", "path"), INCLUSION.items(), ids=str)
def test_inclusion_paths_are_the_published_ones(place, path):
    index, size = place
    ranges = inclusion_ranges(index, size)
    assert set(TILES) >= tiles_of(ranges)
    ours = [range_hash(lower, upper, TILES) for lower, upper in ranges]
    assert [step.hex() for step in ours] == path
    assert inclusion_root(leaf_hash(LEAVES[index]), index, size, ours) == ROOTS[size]


@pytest.mark.parametrize(("sizes", "path"), CONSISTENCY.items(), ids=str)
def test_consistency_paths_are_the_published_ones(sizes, path):
    old, new = sizes
    ours = [range_hash(lower, upper, TILES) for lower, upper in consistency_ranges(old, new)]
    assert [step.hex() for step in ours] == path
    check_consistency(old, ROOTS[old], new, ROOTS[new], ours)


def test_the_rfc_9162_seven_leaf_example_has_its_paths():
    """RFC 9162 section 2.1.5: letters a to l name the nodes of the tree with seven leaves."""
    assert inclusion_ranges(0, 7) == [(1, 2), (2, 4), (4, 7)]  # b, h, l
    assert inclusion_ranges(3, 7) == [(2, 3), (0, 2), (4, 7)]  # c, g, l
    assert inclusion_ranges(4, 7) == [(5, 6), (6, 7), (0, 4)]  # f, j, k
    assert inclusion_ranges(6, 7) == [(4, 6), (0, 4)]  # i, k
    assert consistency_ranges(3, 7) == [(2, 3), (3, 4), (0, 2), (4, 7)]  # c, d, g, l
    assert consistency_ranges(4, 7) == [(4, 7)]  # l
    assert consistency_ranges(6, 7) == [(4, 6), (6, 7), (0, 4)]  # i, j, k


def test_the_tlog_tiles_example_of_70_000_leaves_has_its_tiles():
    """c2sp.org/tlog-tiles, "Partial Tiles": 273 full and one of 112, one full and one of 17, 1."""
    assert edge(70_000) == [(0, 273), (1, 1), (2, 0), (3, 0)]
    assert [tile_width(key, 70_000) for key in edge(70_000)] == [112, 17, 1, 0]
    assert tile_width((0, 272), 70_000) == tile_width((1, 0), 70_000) == 256
    assert [tile_width(key, 256) for key in ((0, 0), (0, 1), (1, 0))] == [256, 0, 1]


@pytest.mark.parametrize("text", [GO_PUBLIC, C2SP_PUBLIC])
def test_published_verifier_keys_are_read_and_written(text):
    assert str(VerifierKey.parse(text)) == text


@pytest.mark.parametrize(("public", "note"), [(GO_PUBLIC, GO_NOTE), (C2SP_PUBLIC, C2SP_NOTE)])
def test_published_notes_verify(public, note):
    key, parsed = VerifierKey.parse(public), Note.parse(note)
    assert str(parsed) == note
    signature = parsed.signature(key, SIGNED)
    assert signature is not None
    assert key.verifies(signature, parsed.text.encode())
    assert not key.verifies(signature, parsed.text.encode() + b"\n")


def test_signing_the_published_text_gives_the_published_note():
    seed = base64.b64decode(GO_PRIVATE.split("+", 4)[4])[1:]
    key = LedgerKey("PeterNeumann", Ed25519PrivateKey.from_private_bytes(seed))
    assert str(key.verifier_key) == GO_PUBLIC
    blob = key.verifier_key.id(SIGNED) + key.sign(GO_TEXT.encode())
    assert str(Note(GO_TEXT, (("PeterNeumann", blob),))) == GO_NOTE


def test_no_part_of_a_published_verifier_key_is_taken_for_a_whole_one():
    for start in range(len(GO_PUBLIC) + 1):
        for stop in range(start + 1, len(GO_PUBLIC) + 1):
            if (start, stop) != (0, len(GO_PUBLIC)):
                with pytest.raises(IntegrityBroken, match="key_malformed"):
                    VerifierKey.parse(GO_PUBLIC[start:stop])


def test_the_tlog_checkpoint_example_is_read():
    """c2sp.org/tlog-checkpoint; its key is not published, so its signature cannot be checked."""
    note = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhc"
        "yv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    )
    checkpoint = Checkpoint.parse(Note.parse(note).text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert str(Note.parse(note)) == note
    with pytest.raises(IntegrityBroken, match="note_unsigned"):
        open_checkpoint(note, VerifierKey.parse(GO_PUBLIC))
