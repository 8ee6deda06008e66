"""Signed notes: what was signed opens, one changed bit never does, and no text crashes."""

import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from tradelane.kit.errors import IntegrityBroken, TradelaneError
from tradelane.ledger.keys import LedgerKey
from tradelane.ledger.model import read_receipts, verify_receipt
from tradelane.ledger.notes import (
    SIGNED,
    Checkpoint,
    Note,
    VerifierKey,
    open_checkpoint,
    sign_checkpoint,
)

KEY = LedgerKey("customs.example/ledger", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
WHEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
NOTE = sign_checkpoint(Checkpoint("customs.example/ledger", 12, bytes(range(32))), KEY, WHEN)


@given(st.integers(0, 2**53), st.binary(min_size=32, max_size=32), st.integers(0, 253402300799))
def test_what_was_signed_opens_again(size, root, seconds):
    checkpoint = Checkpoint("customs.example/ledger", size, root)
    at = datetime.fromtimestamp(seconds, UTC)
    signed = open_checkpoint(sign_checkpoint(checkpoint, KEY, at), KEY.verifier_key)
    assert (signed.checkpoint, signed.at) == (checkpoint, at)


@given(st.integers(0, len(NOTE.encode()) * 8 - 1))
def test_a_note_with_one_bit_changed_is_refused_or_loses_the_line_that_changed(bit):
    changed = bytearray(NOTE.encode())
    changed[bit // 8] ^= 1 << bit % 8
    try:
        signed = open_checkpoint(changed.decode(), KEY.verifier_key)
    except (IntegrityBroken, UnicodeDecodeError):
        return
    # A name or key id that changed makes a line of an unknown key, which must be ignored.
    assert signed.at is None
    assert signed.checkpoint == Checkpoint.parse(Note.parse(NOTE).text)


@given(st.text(alphabet=st.sampled_from("\n —+=ab01\ud800\u2028\0"), max_size=60))
@example(NOTE.replace("\n", "\r\n"))
@example(NOTE + "\n")
@example(NOTE.removesuffix("\n"))
@example(NOTE.replace("— ", "- "))
@example(NOTE.replace("\n12\n", "\n012\n"))
@example("x" * 100_000)
def test_text_that_nobody_signed_is_refused(text):
    with pytest.raises(IntegrityBroken, match=r"ledger\.\w+: .*got.*expected"):
        open_checkpoint(text, KEY.verifier_key)


@given(st.text(max_size=80))
def test_any_text_is_read_as_a_verifier_key_or_refused(text):
    with pytest.raises(IntegrityBroken, match=r"ledger\.key_malformed"):
        VerifierKey.parse(text)


@given(
    st.one_of(
        st.binary(max_size=60),
        st.recursive(
            st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["format", "entry", "index", "path", "checkpoint", "verifier_key"]
                    ),
                    inner | st.just("tradelane-receipt/1"),
                )
            ),
        ),
    )
)
def test_anything_given_as_a_receipt_is_refused_and_never_crashes(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(TradelaneError):
        verify_receipt(read_receipts(data)[0])


def test_a_witness_may_add_its_line_and_the_log_still_verifies():
    witness = LedgerKey("witness.example", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    parsed = Note.parse(NOTE)
    blob = witness.verifier_key.id(SIGNED) + witness.sign(parsed.text.encode())
    both = str(Note(parsed.text, (*parsed.signatures, ("witness.example", blob))))
    assert open_checkpoint(both, KEY.verifier_key).checkpoint.size == 12
    assert open_checkpoint(both, witness.verifier_key).checkpoint.size == 12
