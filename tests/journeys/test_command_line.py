"""The command line as people run it: a process of its own, its exit codes and its words."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from workspaces import SEED, Administration, Cleared, read_csv, write_csv

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_clearing_ends_with_0_when_every_row_is_accepted_and_says_it_again(
    workspace: Path, administration: Administration, run_cli: Run
) -> None:
    before = (workspace / "decisions.csv").read_bytes()
    done = run_cli(
        *("clear", administration.batch, "--history", administration.history),
        *("--seed", str(SEED), "--out", workspace),
    )
    assert done.returncode == 0, done.stderr
    assert f"Read {administration.rows:,} rows" in done.stdout
    assert "0 rejected" in done.stdout
    assert str(workspace / "report.html") in done.stdout
    assert (workspace / "decisions.csv").read_bytes() == before


def test_clearing_ends_with_3_when_rows_were_refused(
    new_home: Path, administration: Administration, run_cli: Run, tmp_path: Path
) -> None:
    rows = [administration.row(), administration.row(declaration_id="B", customs_value="x")]
    batch = write_csv(tmp_path / "b.csv", rows)
    done = run_cli("clear", batch, "--history", administration.history, "--out", new_home)
    assert done.returncode == 3, done.stderr
    assert "1 accepted, 1 rejected" in done.stdout
    assert [row["line"] for row in read_csv(new_home / "rejected.csv")] == ["3"]


def test_a_receipt_is_checked_by_someone_who_has_only_the_public_key(
    workspace: Path, cleared: Cleared, run_cli: Run, tmp_path: Path
) -> None:
    row, away = cleared.decisions[3], tmp_path / "away"
    away.mkdir()
    receipt = away / "receipt.json"
    proved = run_cli("ledger", "prove", row["id"], "--out", receipt, "--home", workspace)
    assert proved.returncode == 0, proved.stderr
    shutil.copy(workspace / "ledger.pub", away)
    shutil.rmtree(workspace)

    def check() -> subprocess.CompletedProcess[str]:
        return run_cli(
            *("ledger", "verify", "--receipt", "receipt.json", "--key", "ledger.pub"), cwd=away
        )

    checked = check()
    assert checked.returncode == 0, checked.stderr
    assert f"Sound: entry {row['ledger_index']}" in checked.stdout
    assert row["id"] in checked.stdout
    assert sorted(path.name for path in away.iterdir()) == ["ledger.pub", "receipt.json"]
    receipt.write_text(receipt.read_text().replace(row["lane"], "blue"))
    assert check().returncode == 1


def test_replay_and_verify_end_with_0_on_what_is_sound(cleared: Cleared, run_cli: Run) -> None:
    replayed = run_cli("replay", "--sample", "5", "--home", cleared.home)
    assert (replayed.returncode, "byte for byte" in replayed.stdout) == (0, True), replayed.stderr
    verified = run_cli("--home", cleared.home, "ledger", "verify")
    assert (verified.returncode, verified.stdout[:6]) == (0, "Sound:"), verified.stderr


def test_help_comes_in_half_a_second(run_cli: Run) -> None:
    def measure() -> float:
        started = time.perf_counter()
        assert run_cli("--help").returncode == 0
        return time.perf_counter() - started

    measure()
    best = min(measure() for _ in range(3))
    assert best < 0.5, f"{best:.2f} s"


def test_a_reader_that_goes_away_is_no_error(
    cleared: Cleared, cli_environment: dict[str, str]
) -> None:
    command = [sys.executable, "-m", "tradelane", "codes", "search", "electric"]
    with subprocess.Popen(
        command, env=cli_environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert said == b""


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_a_file_that_may_not_be_read_is_refused(
    administration: Administration, run_cli: Run, tmp_path: Path
) -> None:
    secret = shutil.copy(administration.batch, tmp_path / "secret.csv")
    Path(secret).chmod(0)
    done = run_cli("clear", secret, "--history", administration.history, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
