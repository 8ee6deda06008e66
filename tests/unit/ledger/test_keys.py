"""The key's two files: made once, private, and refused when they are not what they were."""

import stat
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from tradelane.kit.errors import IntegrityBroken
from tradelane.ledger import LedgerKey, VerifierKey

NAME = "customs.example/ledger"


def test_a_key_is_made_once_and_found_again(tmp_path):
    first = LedgerKey.load_or_create(tmp_path / "keys", NAME)
    again = LedgerKey.load_or_create(tmp_path / "keys", NAME)
    assert again.verifier_key == first.verifier_key
    assert again.verifier_key.verifies(first.sign(b"text"), b"text")
    written = (tmp_path / "keys" / "ledger.pub").read_text()
    assert VerifierKey.parse(written) == first.verifier_key
    assert sorted(p.name for p in (tmp_path / "keys").iterdir()) == ["ledger.key", "ledger.pub"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")
def test_the_private_file_is_for_its_owner_alone(tmp_path):
    LedgerKey.load_or_create(tmp_path, NAME)
    private = tmp_path / "ledger.key"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    private.chmod(0o644)
    with pytest.raises(IntegrityBroken, match=r"ledger\.key_loose: .*got mode 0644.*chmod 600"):
        LedgerKey.load_or_create(tmp_path, NAME)


def test_a_lost_public_file_is_written_again_and_a_lost_private_one_is_not(tmp_path):
    key = LedgerKey.load_or_create(tmp_path, NAME)
    (tmp_path / "ledger.pub").unlink()
    assert LedgerKey.load_or_create(tmp_path, NAME).verifier_key == key.verifier_key
    assert (tmp_path / "ledger.pub").exists()
    (tmp_path / "ledger.key").unlink()
    with pytest.raises(IntegrityBroken, match=r"ledger\.key_missing"):
        LedgerKey.load_or_create(tmp_path, NAME)
    assert not (tmp_path / "ledger.key").exists()


@pytest.mark.parametrize("damage", [b"", b"garbage", b"\xff\x00", "half", "other"])
def test_a_damaged_private_file_is_refused(tmp_path, damage):
    LedgerKey.load_or_create(tmp_path, NAME)
    private = tmp_path / "ledger.key"
    if damage == "half":
        damage = private.read_bytes()[:60]
    elif damage == "other":
        damage = generate_private_key(SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    private.write_bytes(damage)
    with pytest.raises(IntegrityBroken, match=r"ledger\.key_unreadable: .*backup"):
        LedgerKey.load_or_create(tmp_path, NAME)


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    LedgerKey.load_or_create(tmp_path / "one", NAME)
    LedgerKey.load_or_create(tmp_path / "two", NAME)
    (tmp_path / "one" / "ledger.pub").replace(tmp_path / "two" / "ledger.pub")
    with pytest.raises(IntegrityBroken, match=r"ledger\.key_mismatch: .*got .*expected"):
        LedgerKey.load_or_create(tmp_path / "two", NAME)
    with pytest.raises(IntegrityBroken, match=r"ledger\.key_mismatch"):
        LedgerKey.load_or_create(tmp_path / "two", "another.example/ledger")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b"])
def test_a_name_that_notes_cannot_carry_is_refused(tmp_path, name):
    with pytest.raises(IntegrityBroken, match=r"ledger\.key_name"):
        LedgerKey.load_or_create(tmp_path, name)
