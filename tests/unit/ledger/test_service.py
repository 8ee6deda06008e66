"""Appending, finding, signing and proving, on every database."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from tradelane.kit.errors import InputRefused, IntegrityBroken
from tradelane.ledger import (
    ConsistencyProof,
    Entry,
    Receipt,
    verify_consistency,
    verify_receipt,
)
from tradelane.ledger.merkle import leaf_hash, root_of
from tradelane.ledger.model import read_receipts
from tradelane.ledger.notes import open_checkpoint


def test_an_empty_ledger_is_sound_and_says_nothing(kept):
    report = kept.verify()
    assert report.ok
    assert (report.size, report.checkpoints, report.latest) == (0, 0, None)
    assert kept.read(kept.ledger.latest_checkpoint) is None
    assert kept.read(kept.ledger.size) == 0
    assert kept.read(lambda tx: kept.ledger.find(tx, "D-0")) == []
    assert kept.read(lambda tx: list(kept.ledger.entries(tx))) == []


def test_entries_keep_their_order_place_and_bytes(kept, make_entries):
    first, second = make_entries(3), make_entries(700, start=3)
    assert kept.write(first) == range(3)
    assert kept.write(second) == range(3, 703)
    stored = kept.read(lambda tx: list(kept.ledger.entries(tx)))
    assert [s.entry for s in stored] == first + second
    assert [s.index for s in stored] == list(range(703))
    assert all(s.data == s.entry.encode() for s in stored)
    assert [s.index for s in kept.read(lambda tx: list(kept.ledger.entries(tx, 5, 9)))] == [
        5, 6, 7, 8,
    ]  # fmt: skip
    assert kept.read(lambda tx: kept.ledger.get(tx, 702)).entry == second[-1]


def test_a_subject_finds_its_entries_and_a_kind_narrows_them(kept, make_entries):
    kept.write(make_entries(10))
    found = kept.read(lambda tx: kept.ledger.find(tx, "D-2"))
    assert [stored.index for stored in found] == [4, 5]
    found = kept.read(lambda tx: kept.ledger.find(tx, "D-2", "lane.assigned"))
    assert [stored.index for stored in found] == [5]
    assert kept.read(lambda tx: kept.ledger.find(tx, "D-2", "duty.assessed")) == []
    wanted = {"D-1", "D-2", "nobody"}
    many = kept.read(lambda tx: list(kept.ledger.find_many(tx, wanted, "lane.assigned")))
    each = [
        stored
        for subject in sorted(wanted)
        for stored in kept.read(lambda tx, one=subject: kept.ledger.find(tx, one, "lane.assigned"))
    ]
    assert sorted(many, key=lambda one: one.index) == sorted(each, key=lambda one: one.index)
    assert len(many) > 1


def test_an_index_that_is_not_there_is_refused(kept, make_entries):
    kept.write(make_entries(2))
    for index in (-1, 2, 10**12):
        with pytest.raises(InputRefused, match=r"ledger\.index_unknown"):
            kept.read(lambda tx, index=index: kept.ledger.get(tx, index))


def test_the_checkpoint_signs_the_root_of_all_entries_and_the_time(kept, make_entries):
    entries = make_entries(300)
    kept.write(entries)
    note = kept.read(kept.ledger.latest_checkpoint)
    signed = open_checkpoint(note, kept.ledger.verifier_key, kept.ledger.origin)
    assert signed.checkpoint.size == 300
    assert signed.checkpoint.root == root_of(b"".join(leaf_hash(e.encode()) for e in entries))
    assert signed.at == datetime(2026, 3, 1, 9, 30, 15, tzinfo=UTC)


def test_signing_twice_without_a_new_entry_gives_the_same_note(kept, make_entries):
    kept.write(make_entries(5))
    first = kept.read(kept.ledger.latest_checkpoint)
    kept.clock.at += timedelta(hours=1)
    assert kept.database.write(kept.ledger.checkpoint) == first
    assert kept.verify().checkpoints == 1


def test_appending_nothing_changes_nothing(kept, make_entries):
    kept.write(make_entries(5))
    assert kept.write([]) == range(5, 5)
    assert kept.verify().ok
    assert kept.read(kept.ledger.size) == 5


def test_the_encoded_path_writes_the_same_ledger(kept, make_entries):
    entries = make_entries(600)
    rows = [(e.kind, e.subject, e.encode()) for e in entries]

    def write(tx):
        kept.ledger.append_encoded(tx, rows[:257])
        kept.ledger.append_encoded(tx, rows[257:])
        return kept.ledger.checkpoint(tx)

    signed = open_checkpoint(kept.database.write(write), kept.ledger.verifier_key)
    assert signed.checkpoint.root == root_of(b"".join(leaf_hash(row[2]) for row in rows))
    assert kept.verify().ok


def test_every_entry_has_a_receipt_that_anyone_can_check(kept, make_entries):
    entries = make_entries(520)
    kept.write(entries[:100])
    kept.write(entries[100:])
    with kept.database.read() as tx:
        receipts = [kept.ledger.prove(tx, index) for index in range(0, 520, 7)]
        old = kept.ledger.prove(tx, 42, size=100)
    for receipt in receipts:
        saved = json.dumps([receipt.to_dict()]).encode()
        checked = verify_receipt(read_receipts(saved)[0], str(kept.ledger.verifier_key))
        assert checked.entry == entries[receipt.index]
        assert checked.checkpoint.size == 520
        assert checked.signed_at == datetime(2026, 3, 1, 9, 30, 15, tzinfo=UTC)
    assert verify_receipt(old).checkpoint.size == 100


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("entry", "{}", "ledger.proof_wrong"),
        ("index", 8, "ledger.proof_wrong"),
        ("index", -1, "ledger.proof_malformed"),
        ("index", True, "ledger.receipt_malformed"),
        ("path", [], "ledger.proof_malformed"),
        ("path", ["AA=="], "ledger.proof_malformed"),
        ("path", ["no base64"], "ledger.receipt_malformed"),
        ("checkpoint", "nothing", "ledger.note_malformed"),
        ("entry", "\ud800", "ledger.receipt_malformed"),
        ("checkpoint", "\ud800\n\n\n", "ledger.note_malformed"),
        ("verifier_key", 3, "ledger.receipt_malformed"),
        ("format", "another/1", "ledger.receipt_malformed"),
    ],
)
def test_a_changed_receipt_is_refused(filed, make_entries, name, value, code):
    filed.write(make_entries(20))
    receipt = filed.read(lambda tx: filed.ledger.prove(tx, 7)).to_dict()
    with pytest.raises((IntegrityBroken, InputRefused)) as refused:
        verify_receipt(Receipt.from_dict(receipt | {name: value}), filed.ledger.verifier_key)
    assert refused.value.problems[0].code == code
    assert "got" in refused.value.problems[0].message
    assert "expected" in refused.value.problems[0].message


def test_a_receipt_of_a_forger_is_refused_by_the_ledgers_own_key(filed, tmp_path, make_entries):
    forger = filed.another(tmp_path / "forger")
    filed.write(make_entries(3), ledger=forger)
    forged = filed.read(lambda tx: forger.prove(tx, 1))
    assert verify_receipt(forged).index == 1  # it fits itself, which proves nothing
    with pytest.raises(IntegrityBroken, match=r"ledger\.note_unsigned"):
        verify_receipt(forged, filed.ledger.verifier_key)


def test_an_entry_that_is_not_signed_yet_has_no_receipt(kept, make_entries):
    kept.write(make_entries(4))
    with pytest.raises(InputRefused, match=r"ledger\.checkpoint_unknown"):
        kept.read(lambda tx: kept.ledger.prove(tx, 1, size=3))
    kept.database.write(lambda tx: kept.ledger.append(tx, make_entries(1, start=4)))
    with pytest.raises(InputRefused, match=r"ledger\.not_signed"):
        kept.read(lambda tx: kept.ledger.prove(tx, 4))


def test_consistency_between_any_two_checkpoints_is_proved(kept, make_entries):
    notes, size = [], 0
    for count in (1, 2, 253, 1, 5, 250, 100):
        kept.write(make_entries(count, start=size))
        size += count
        notes.append((size, kept.read(kept.ledger.latest_checkpoint)))
    for old, old_note in notes:
        for new, new_note in notes:
            if old <= new:
                with kept.database.read() as tx:
                    proof = kept.ledger.prove_consistency(tx, old, new)
                heads = verify_consistency(proof, old_note, new_note, kept.ledger.verifier_key)
                assert [head.size for head in heads] == [old, new]
    with pytest.raises(IntegrityBroken, match=r"ledger\.proof_malformed"):
        verify_consistency(
            ConsistencyProof(1, 3, ()), notes[0][1], notes[-1][1], kept.ledger.verifier_key
        )
    with pytest.raises(InputRefused, match=r"ledger\.sizes_refused"):
        kept.read(lambda tx: kept.ledger.prove_consistency(tx, 9, 3))


def test_a_rewritten_ledger_is_not_consistent_with_the_old_checkpoint(
    filed, tmp_path, make_entries
):
    filed.write(make_entries(10))
    old = filed.read(filed.ledger.latest_checkpoint)
    for table in ("entry", "tile", "checkpoint", "head"):
        filed.change(f"DELETE FROM ledger_{table}")
    rewritten = make_entries(12)
    rewritten[3] = Entry(rewritten[3].at, "lane.assigned", "D-1", {"lane": "green"})
    filed.write(rewritten)
    with filed.database.read() as tx:
        proof = filed.ledger.prove_consistency(tx, 10, 12)
        new = filed.ledger.latest_checkpoint(tx)
    with pytest.raises(IntegrityBroken, match=r"ledger\.inconsistent: .* got .* expected"):
        verify_consistency(proof, old, new, filed.ledger.verifier_key)
    assert filed.verify().ok, "alone, the rewritten ledger looks whole"
    report = filed.verify(trusted_checkpoint=old)
    assert [f.what for f in report.findings] == ["the root of the trusted checkpoint of 10 entries"]


def test_a_failure_in_the_middle_of_a_write_leaves_nothing_of_it(kept, make_entries):
    kept.write(make_entries(300))

    def fail(tx):
        kept.ledger.append(tx, make_entries(500, start=300))
        kept.ledger.checkpoint(tx)
        raise RuntimeError("the power went")

    for _ in range(3):
        with pytest.raises(RuntimeError):
            kept.database.write(fail)
        assert kept.verify().ok
        assert kept.read(kept.ledger.size) == 300
    assert kept.write(make_entries(10, start=300)) == range(300, 310)
    report = kept.verify()
    assert report.ok
    assert report.checkpoints == 2


def test_two_processes_take_turns(kept, tmp_path, make_entries):
    other = kept.another(tmp_path)
    for round_number in range(6):
        start = round_number * 90
        kept.write(make_entries(45, start=start), ledger=kept.ledger)
        kept.write(make_entries(45, start=start + 45), ledger=other)
    assert kept.verify().ok
    stored = kept.read(lambda tx: [s.entry.body["number"] for s in kept.ledger.entries(tx)])
    assert stored == list(range(540))


def test_writers_that_arrive_together_all_get_places_of_their_own(kept, make_entries):
    places, failures = [], []

    def work(worker):
        try:
            for turn in range(10):
                entries = make_entries(7, start=(worker * 10 + turn) * 7)
                places.append((kept.write(entries), entries))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(index for indexes, _ in places for index in indexes) == list(range(420))
    assert kept.verify().ok
    stored = kept.read(lambda tx: list(kept.ledger.entries(tx)))
    for indexes, entries in places:
        assert [stored[index].entry for index in indexes] == entries


def test_a_ledger_whose_end_was_changed_is_not_continued(kept, make_entries):
    kept.write(make_entries(300))
    cases = [
        ("UPDATE ledger_head SET size = 299", r"ledger\.edge_damaged"),
        ("DELETE FROM ledger_head", r"ledger\.edge_damaged"),
        ("DELETE FROM ledger_tile WHERE level = 0 AND \"index\" = 1", r"ledger\.edge_damaged"),
        ("DELETE FROM ledger_entry WHERE \"index\" = 299", None),
    ]  # fmt: skip
    for statement, match in cases:

        def tampered(tx, statement=statement):
            tx.exec_driver_sql(statement)
            kept.ledger.append(tx, make_entries(1, start=300))
            raise RuntimeError("undo")

        with pytest.raises(IntegrityBroken if match else RuntimeError, match=match):
            kept.database.write(tampered)
    kept.change(
        """INSERT INTO ledger_entry ("index", kind, subject, data) VALUES (300, 'k', 's', 'd')"""
    )
    with pytest.raises(IntegrityBroken, match=r"ledger\.index_taken"):
        kept.write(make_entries(1, start=300))


def test_an_altered_edge_is_never_signed(filed, make_entries):
    filed.write(make_entries(20))
    filed.change("UPDATE ledger_tile SET hashes = zeroblob(640) WHERE level = 0")
    for write in (
        lambda tx: filed.ledger.append(tx, make_entries(1, start=20)),
        filed.ledger.checkpoint,
    ):
        with pytest.raises(IntegrityBroken, match=r"ledger\.edge_damaged: .*got.*expected"):
            filed.database.write(write)


def test_an_entry_without_kind_or_subject_is_refused():
    for kind, subject in (("", "D-1"), ("lane.assigned", ""), ("lane\0", "D-1")):
        with pytest.raises(InputRefused, match=r"ledger\.entry_refused"):
            Entry("2026-03-01T09:00:00.000000Z", kind, subject, {})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"at":1}',
        b'{"at":"","body":{},"kind":"k","subject":1}',
        b'{"at":"", "body":{},"kind":"k","subject":"s"}',
        b'{"at":"","body":[],"kind":"k","subject":"s"}',
        b'{"at":"","body":{},"kind":"","subject":"s"}',
        b'{"at":"","body":{},"kind":"k","subject":"s","x":1}',
        b"[" * 100_000,
    ],
)
def test_bytes_that_are_no_entry_are_refused(data):
    with pytest.raises(IntegrityBroken, match=r"ledger\.entry_malformed"):
        Entry.decode(data)
