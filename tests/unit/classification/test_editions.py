"""Codes of older editions: mapped by the tables that were loaded, or said to be lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from classification_house import csv_of
from tradelane.classification.editions import meant, pairs, today
from tradelane.kit.errors import InputRefused

KNOWN = frozenset({"851713", "851714", "010121", "940161", "847130"})


def test_a_code_of_today_stays_itself_whatever_tables_say() -> None:
    assert today("847130", KNOWN, {"847130": ("851713",)}) == ("847130",)
    assert meant("8471300100", KNOWN, {"847130": ("851713",)}) == "8471300100"


def test_tables_are_followed_over_several_editions_and_cycles_end() -> None:
    newer = {"111111": ("222222",), "222222": ("333333", "111111"), "333333": ("010121",)}
    assert today("111111", KNOWN, newer) == ("010121",)
    assert today("444444", KNOWN, {"444444": ("555555",), "555555": ("444444",)}) == ()


@pytest.mark.parametrize(
    ("became", "code"),
    [
        (("010121",), "010121"),
        (("851713", "851714"), "8517"),
        (("851713", "940161"), ""),
        ((), ""),
    ],
)
def test_an_example_teaches_the_one_code_the_one_heading_or_nothing(
    became: tuple[str, ...], code: str
) -> None:
    assert meant("999999", KNOWN, {"999999": became} if became else {}) == code
    assert meant("8517", KNOWN, {}) == "8517"


@pytest.mark.parametrize(
    "header", ["old,new", "new,old", "from,to", "HS2017,HS2022", "hs 2022,hs 2017", "Old_code,NEW"]
)
def test_the_columns_of_a_table_are_found_by_their_names(tmp_path: Path, header: str) -> None:
    first = header.lower().split(",")[0]
    turned = first in ("new", "hs 2022")
    line = "ex 8517.13,8517.12" if turned else "8517.12,ex 8517.13"
    table = csv_of(tmp_path, f"{header}\n{line}\n,\n")
    assert list(pairs(table, KNOWN)) == [("851712", "851713")]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ("a,b\n851712,851713\n", "classification.columns", 1),
        ("hs2017\n851712\n", "classification.columns", 1),
        ("old,new\n851712,851713\n8517,851713\n", "classification.edition", 3),
        ("old,new\n851712,\n", "classification.edition", 2),
        ("old,new\n", "classification.edition", 1),
        ("old,new\n851713,851712\n", "classification.edition", 2),
        ('old,new\n"851712,851713\n', "classification.csv", 2),
    ],
)
def test_a_bad_table_is_refused_with_its_line(
    tmp_path: Path, content: str, code: str, line: int
) -> None:
    with pytest.raises(InputRefused) as caught:
        list(pairs(csv_of(tmp_path, content), KNOWN))
    (first, *_) = caught.value.problems
    assert (first.code, first.line) == (code, line)
    assert first.hint
