"""A byte flipped anywhere in the pages of the ledger's tables is found, without a traceback."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from tradelane import cli as doors
from workspaces import Cleared

TABLES = ("ledger_entry", "ledger_tile", "ledger_checkpoint", "ledger_head")
FLIPS = 60


def contents(path: Path) -> list[object]:
    """Everything in the ledger's tables, read by row; the types too, which a flip can change."""
    with sqlite3.connect(path) as connection:
        connection.text_factory = bytes
        found: list[object] = []
        for table in TABLES:
            found += connection.execute(f"SELECT * FROM {table} NOT INDEXED").fetchall()
    connection.close()
    return found


def ledger_pages(path: Path) -> list[int]:
    """The numbers (from 1) of the pages that hold the ledger's tables and their indexes."""
    with sqlite3.connect(path) as connection:
        try:
            rows = connection.execute(
                "SELECT pageno FROM dbstat WHERE name LIKE '%ledger_%' ORDER BY pageno"
            ).fetchall()
        except sqlite3.OperationalError:  # a SQLite without dbstat: all pages
            rows = [(n + 1,) for n in range(connection.execute("PRAGMA page_count").fetchone()[0])]
    connection.close()
    return [row[0] for row in rows]


def verify(home: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["tradelane", "ledger", "verify", "--home", str(home)])
    try:
        doors.main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.mark.slow
def test_a_flipped_byte_in_a_page_of_the_ledger_is_found_or_was_in_free_space(
    cleared: Cleared,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("ledger.key", "ledger.pub"):
        shutil.copy(cleared.home / name, home)
    whole = tmp_path / "whole.db"
    with sqlite3.connect(cleared.home / "tradelane.db") as source:
        copy = sqlite3.connect(whole)
        source.backup(copy)
        copy.close()
    source.close()
    before, data, pages = contents(whole), whole.read_bytes(), ledger_pages(whole)
    size = int.from_bytes(data[16:18], "big")
    assert len(pages) > 50
    chance, found = random.Random(7), 0
    for _ in range(FLIPS):
        offset = (chance.choice(pages) - 1) * size + chance.randrange(size)
        damaged = bytearray(data)
        damaged[offset] ^= 1 << chance.randrange(8)
        for old in home.glob("tradelane.db*"):
            old.unlink()
        (home / "tradelane.db").write_bytes(damaged)
        code = verify(home, monkeypatch)
        said = capsys.readouterr()
        assert code in (0, 1), (offset, said)
        assert said.out + said.err, offset
        if code == 0:
            assert contents(home / "tradelane.db") == before, f"byte {offset} went unseen"
        else:
            found += 1
    assert found > FLIPS * 0.6
