"""Packs: found by name or path, hashed whole, and refused with a place when they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradelane.kit import packs
from tradelane.kit.errors import InputRefused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pack.yaml").write_text("id: t\nversion: 2026.1\nlicence: CC0-1.0\n")
    (tmp_path / "rates.csv").write_text("code,rate\n01,5\n02,7\n")
    return tmp_path


def refused(call: object, *arguments: object) -> str:
    with pytest.raises(InputRefused) as caught:
        list(call(*arguments) or [])  # type: ignore[operator]
    return caught.value.problems[0].code


def test_rows_know_their_line(folder: Path) -> None:
    rows = list(packs.load(folder).table("rates.csv"))
    assert [(row["code"], row["rate"], row.line) for row in rows] == [
        ("01", "5", 2),
        ("02", "7", 3),
    ]


def test_any_changed_byte_changes_the_digest(folder: Path) -> None:
    before = packs.load(folder).digest
    (folder / "rates.csv").write_text("code,rate\n01,5\n02,8\n")
    assert packs.load(folder).digest != before


def test_a_pack_cannot_reach_outside_its_folder(folder: Path) -> None:
    pack = packs.load(folder)
    assert refused(pack.yaml, "../secret.yaml") == "packs.outside"
    (folder / "link.yaml").symlink_to("/etc/hostname")
    assert refused(pack.yaml, "link.yaml") == "packs.outside"


def test_what_is_missing_or_unreadable_is_said(folder: Path) -> None:
    assert refused(packs.load, "nowhere") == "packs.not_found"
    (folder / "bad.yaml").write_text("a: [1,\n")
    (folder / "bomb.yaml").write_text("a: &a [x]\nb: [*a, *a]\n")
    (folder / "latin.yaml").write_bytes(b"a: \xe9")
    (folder / "deep.yaml").write_text("[" * 20_000)
    (folder / "rates.csv").write_text("code,rate\n01,5,6\n")
    pack = packs.load(folder)
    assert refused(pack.yaml, "bad.yaml") == "packs.yaml"
    assert refused(pack.yaml, "bomb.yaml") == "packs.alias"
    assert refused(pack.yaml, "latin.yaml") == "packs.encoding"
    assert refused(pack.yaml, "deep.yaml") == "packs.yaml"
    assert refused(pack.table, "rates.csv") == "packs.ragged_row"


def test_yaml_cannot_make_objects(folder: Path) -> None:
    (folder / "evil.yaml").write_text("a: !!python/object/apply:os.system ['true']\n")
    assert refused(packs.load(folder).yaml, "evil.yaml") == "packs.yaml"
