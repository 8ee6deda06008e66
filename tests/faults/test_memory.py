"""A larger file needs no more memory: it goes through in chunks."""

from __future__ import annotations

from pathlib import Path

import pytest

import mortal
from workspaces import Administration, copy_models, read_csv

BYTES_A_LINE = 1000
FEWER, MORE = 25_000, 50_000
"""Below some forty thousand lines what the interpreter and the tables keep for themselves still
grows, so that fewer lines than these would tell of that."""


@pytest.mark.slow
def test_clearing_twice_the_lines_needs_little_more_memory(
    administration: Administration, cleared: object, tmp_path: Path
) -> None:
    peak = {}
    for lines in (FEWER, MORE):
        home = copy_models(cleared.home, tmp_path / f"home-{lines}")  # type: ignore[attr-defined]
        batch = enlarge(administration.batch, tmp_path / f"{lines}.csv", lines)
        words = ["clear", str(batch), "--history", str(administration.history), "--out", str(home)]
        said = tmp_path / "said"
        code, sent = mortal.finish(words, said, chunk=4000)
        assert code == 0, said.read_text()
        assert f"Read {lines:,} rows" in said.read_text()
        peak[lines] = sent[-1][1] * 1024
    growth = (peak[MORE] - peak[FEWER]) / (MORE - FEWER)
    assert growth < BYTES_A_LINE, f"{growth:.0f} bytes a line more"


def enlarge(source: Path, target: Path, lines: int) -> Path:
    """The same declarations again and again under new references, ``lines`` lines of one each."""
    rows = read_csv(source)
    with target.open("w", encoding="utf-8", newline="") as file:
        import csv

        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        for number in range(lines):
            row = rows[number % len(rows)]
            writer.writerow(row | {"declaration_id": f"BIG-{number}", "line": "1"})
    return target
