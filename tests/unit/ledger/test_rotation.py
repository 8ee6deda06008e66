"""The ledger gets a new key: what the old one signed stays good, and it signs nothing more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tradelane.kit.errors import IntegrityBroken
from tradelane.ledger import (
    Entry,
    LedgerKey,
    VerifierKeys,
    verify_consistency,
    verify_receipt,
)
from tradelane.ledger.commands import ledger as commands
from tradelane.platform import LEDGER_ORIGIN, Tradelane

AT = "2026-03-01T09:00:00.000000Z"


@pytest.fixture
def lane(tmp_path: Path, opened: Any) -> Tradelane:
    """A workspace with three entries under one checkpoint."""
    lane: Tradelane = opened(tmp_path / "home")
    lane.database_url = None
    _add(lane, 3)
    return lane


def _add(lane: Tradelane, count: int) -> None:
    rows = [Entry(AT, "batch.opened", f"batch/{n}", {"n": n}) for n in range(count)]
    lane.database.write(
        lambda tx: lane.ledger.record(tx, [(e.kind, e.subject, e.encode()) for e in rows])
    )


def _verify(lane: Tradelane, trusted: str | None = None) -> list[str]:
    with lane.database.read() as tx:
        return [str(f) for f in lane.ledger.verify(tx, trusted_checkpoint=trusted).findings]


def _again(lane: Tradelane, opened: Any) -> Tradelane:
    """The workspace as another process opens it."""
    other: Tradelane = opened(lane.home)
    other.database_url = None
    return other


def test_a_ledger_is_sound_across_two_changes_of_its_key(lane: Tradelane, opened: Any):
    with lane.database.read() as tx:
        saved = lane.ledger.latest_checkpoint(tx)
    for reason in ("the yearly change", "the administrator left"):
        keys = lane.rotate_ledger_key(reason)
        _add(lane, 2)
    assert [after for after, _ in keys.keys] == [0, 4, 8]
    for workspace in (lane, _again(lane, opened)):
        assert _verify(workspace) == []
        assert _verify(workspace, saved) == []
        assert workspace.ledger.verifier_keys == keys
    assert (lane.home / "ledger.pub").read_text() == f"{keys}\n"
    assert not (lane.home / "ledger.key.next").exists()
    assert (lane.home / "ledger.key").stat().st_mode & 0o777 == 0o600


def test_receipts_and_proofs_of_before_and_after_are_good(lane: Tradelane):
    old_key = lane.ledger.verifier_key
    with lane.database.read() as tx:
        before = lane.ledger.prove(tx, 1)
        old_note = lane.ledger.latest_checkpoint(tx)
    keys = lane.rotate_ledger_key("why")
    with lane.database.read() as tx:
        after = lane.ledger.prove(tx, 1)
        under_old = lane.ledger.prove(tx, 1, 3)
        new_note = lane.ledger.latest_checkpoint(tx)
        proof = lane.ledger.prove_consistency(tx, 3)
    assert verify_receipt(before, keys).verifier_key == old_key
    assert under_old.verifier_key == str(old_key)
    assert verify_receipt(after, str(keys)).verifier_key == keys.current
    assert old_note is not None
    assert new_note is not None
    verify_consistency(proof, old_note, new_note, keys)
    with pytest.raises(IntegrityBroken, match=r"ledger\.note_unsigned"):
        verify_receipt(after, old_key)


def test_who_has_only_the_old_key_can_check_which_the_new_one_is(lane: Tradelane):
    old_key = lane.ledger.verifier_key
    keys = lane.rotate_ledger_key("why")
    after = keys.keys[-1][0]
    with lane.database.read() as tx:
        receipt = lane.ledger.prove(tx, after - 1, after)
    entry = verify_receipt(receipt, old_key).entry
    assert entry.kind == "ledger.key_rotated"
    assert entry.body == {"from": str(old_key), "to": str(keys.current), "reason": "why"}


def test_a_process_that_was_not_restarted_adds_nothing(lane: Tradelane, opened: Any):
    other = _again(lane, opened)
    _ = other.ledger
    lane.rotate_ledger_key("why")
    with pytest.raises(IntegrityBroken, match=r"ledger\.key_superseded: .*Restart"):
        _add(other, 1)
    assert _verify(lane) == []


def test_the_old_key_cannot_go_on_signing_nor_the_new_one_rewrite_the_past(
    lane: Tradelane, tmp_path: Path
):
    keys = lane.rotate_ledger_key("why")
    swapped = VerifierKeys(((0, keys.current), (keys.keys[1][0], keys.keys[0][1])))
    lane.ledger.verifier_keys = swapped
    assert any("not signed by the key" in finding for finding in _verify(lane))


def test_a_key_that_the_ledger_does_not_name_is_found(lane: Tradelane, tmp_path: Path):
    stranger = LedgerKey.load_or_create(tmp_path / "other", LEDGER_ORIGIN)
    lane.ledger.verifier_keys = lane.ledger.verifier_keys.then(9, stranger.verifier_key)
    assert any("changes of the ledger's key" in finding for finding in _verify(lane))


@pytest.mark.parametrize("stopped_at", ["before the ledger", "after the ledger", "between files"])
def test_a_change_that_was_interrupted_is_ended_by_the_next_one(
    lane: Tradelane, opened: Any, stopped_at: str
):
    coming = LedgerKey.prepare_next(lane.home, LEDGER_ORIGIN)
    if stopped_at != "before the ledger":
        keys = lane.database.write(lambda tx: lane.ledger.rotate(tx, coming, "why"))
    other = _again(lane, opened)
    if stopped_at == "between files":
        (lane.home / "ledger.pub").write_text(f"{keys}\n")
    else:
        keys = other.rotate_ledger_key("why")
    _add(other, 2)
    assert _verify(other) == []
    assert other.ledger.verifier_key == coming.verifier_key
    assert other.ledger.verifier_keys == keys


def test_a_backup_taken_after_a_change_is_sound(lane: Tradelane, tmp_path: Path):
    lane.rotate_ledger_key("why")
    _add(lane, 2)
    lane.backup(tmp_path / "backup.tar.gz")
    assert lane.restore(tmp_path / "backup.tar.gz", tmp_path / "restored").ok


def test_the_command_says_which_key_holds_from_where(lane: Tradelane):
    done = CliRunner().invoke(commands, ["rotate-key", "--reason", "why"], obj=lane)
    assert done.exit_code == 0, done.output
    assert str(lane.ledger.verifier_key) in done.output
    assert "more than 4 entries" in done.output
    assert CliRunner().invoke(commands, ["verify"], obj=lane).exit_code == 0


@pytest.mark.parametrize("bad", ["", " x", " 0", " 04", " -1"])
def test_a_later_key_must_say_from_where_it_holds(lane: Tradelane, bad: str):
    key = lane.ledger.verifier_key
    with pytest.raises(IntegrityBroken, match=r"ledger\.key_malformed"):
        VerifierKeys.parse(f"{key}\n{key}{bad}")
