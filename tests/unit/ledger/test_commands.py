"""`tradelane ledger` as a person meets it."""

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from tradelane.kit.errors import InputRefused
from tradelane.ledger.commands import ledger
from tradelane.ledger.notes import open_checkpoint


@pytest.fixture
def run(filed, make_entries):
    filed.write(make_entries(30))
    obj = SimpleNamespace(
        ledger=filed.ledger,
        database=filed.database,
        find_subjects=lambda reference: [reference.upper()],
    )

    def run(*arguments):
        result = CliRunner().invoke(ledger, [str(a) for a in arguments], obj=obj)
        if isinstance(result.exception, InputRefused):
            raise result.exception
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run


def test_a_sound_ledger_is_said_to_be_sound(run):
    result = run("verify")
    assert result.exit_code == 0
    assert "Sound: 30 entries, 1 signed checkpoints" in result.output
    assert "--checkpoint" in result.output


def test_a_broken_ledger_ends_with_exit_code_1_and_names_the_entry(run, filed):
    filed.change("UPDATE ledger_entry SET subject = 'D-99' WHERE \"index\" = 8")
    result = run("verify")
    assert result.exit_code == 1
    assert "BROKEN" in result.output
    assert "entry 8: the column subject is not the entry's: got b'D-99', expected D-4" in (
        result.output
    )


def test_the_printed_checkpoint_is_the_signed_one_and_can_be_held_against_the_ledger(
    run, filed, tmp_path, make_entries
):
    printed = run("checkpoint").output
    assert open_checkpoint(printed, filed.ledger.verifier_key).checkpoint.size == 30
    saved = tmp_path / "saved.txt"
    saved.write_text(printed, encoding="utf-8")
    assert (
        "It continues the checkpoint that you saved." in run("verify", "--checkpoint", saved).output
    )
    for table in ("entry", "tile", "checkpoint", "head"):
        filed.change(f"DELETE FROM ledger_{table}")
    filed.write(make_entries(40, start=1))
    assert run("verify").exit_code == 0
    result = run("verify", "--checkpoint", saved)
    assert result.exit_code == 1
    assert "the root of the trusted checkpoint of 30 entries" in result.output


def test_a_receipt_is_written_and_checked_without_the_ledger(run, filed, tmp_path):
    receipt = tmp_path / "receipt.json"
    assert "1 receipt(s) written" in run("prove", "d-4", "--out", receipt).output
    filed.change("DELETE FROM ledger_entry")
    result = run("verify", "--receipt", receipt, "--key", tmp_path / "ledger.pub")
    assert result.exit_code == 0
    assert "Sound: entry 9 of 30 in customs.example/ledger, signed 2026-03-01 09:30:15 UTC" in (
        result.output
    )
    assert "lane.assigned  D-4" in result.output


def test_a_changed_receipt_ends_with_exit_code_1(run, tmp_path):
    receipts = json.loads(run("prove", "D-4", "--kind", "declaration.received").output)
    assert [receipt["index"] for receipt in receipts] == [8]
    receipts[0]["entry"] = receipts[0]["entry"].replace("D-4", "D-5")
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(receipts), encoding="utf-8")
    result = run("verify", "--receipt", changed)
    assert result.exit_code == 1
    assert "BROKEN: entry 8: ledger.proof_wrong" in result.output
    assert "got root" in result.output


def test_what_the_ledger_says_is_listed_oldest_first(run):
    lines = run("show", "D-4").output.splitlines()
    assert lines[0] == "8  2026-03-01T09:00:00.000008Z  declaration.received  D-4"
    assert lines[3] == "9  2026-03-01T09:00:00.000009Z  lane.assigned  D-4"
    assert "    note: préavis № 7" in lines
    assert "    number: 9" in lines


@pytest.mark.parametrize("command", ["show", "prove"])
def test_an_unknown_id_is_refused(run, command):
    with pytest.raises(InputRefused, match=r"ledger\.subject_unknown"):
        run(command, "D-4000")


def test_bad_input_is_refused_with_a_reason(run, tmp_path):
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputRefused, match=r"ledger\.file_refused"):
        run("verify", "--checkpoint", binary)
    with pytest.raises(InputRefused, match=r"ledger\.receipt_malformed"):
        run("verify", "--receipt", binary)
    with pytest.raises(InputRefused, match=r"ledger\.file_refused"):
        run("prove", "D-4", "--out", tmp_path / "no" / "folder.json")
    assert run("verify", "--key", binary).exit_code == 2
    assert run("verify", "--receipt", binary, "--checkpoint", binary).exit_code == 2
