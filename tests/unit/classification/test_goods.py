"""Texts before they are classified: several goods, codes in them, texts that are too long."""

from __future__ import annotations

import pytest

from tradelane.classification.goods import MOST_GOODS, apart, codes_in, too_long


@pytest.mark.parametrize(
    ("text", "goods"),
    [
        ("2 x cotton t-shirt; 1 x leather wallet", ("cotton t-shirt", "leather wallet")),
        ("leather wallet\ngreen tea", ("leather wallet", "green tea")),
        ("usb cable | phone case", ("usb cable", "phone case")),
        ("2 pcs cotton t-shirt, 1 pc leather wallet", ("cotton t-shirt", "leather wallet")),
        ("1x phone case, 2x screen protector", ("phone case", "screen protector")),
        ("3x shirts 2x belts", ("shirts", "belts")),
        ("- cotton t-shirt\n- leather wallet", ("cotton t-shirt", "leather wallet")),
        ("绿茶；钱包", ("绿茶", "钱包")),
        ("cotton t-shirt", ()),
        ("lamp 24 x 36 cm", ()),
        ("paraffin wax / molten wax coating machines", ()),
        ("salt & pepper body scrub", ()),
        ("trailers and semi-trailers; parts thereof", ()),
        ("sewing machines; and accessories for them", ()),
        ("Live horses; other animals — Horses — Pure-bred", ()),
        ("coffee machine with grinder; stainless steel", ()),
        ("shirt; 100% cotton", ()),
        ("shirt; size XL", ()),
        ("12 34; 56 78", ()),
        ("", ()),
        (";;;", ()),
        ("cotton t-shirt; " * 100, ()),
    ],
)
def test_goods_are_told_apart_from_what_describes_them(text: str, goods: tuple[str, ...]) -> None:
    assert apart(text) == goods


def test_a_long_list_is_cut() -> None:
    assert len(apart("; ".join(f"red pen{i} blue" for i in "abcdefghijklmnop"))) == MOST_GOODS


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("laptop 8471.30", ["847130"]),
        ("laptop 8471.30.0100 and 847130", ["847130"]),
        ("laptop 84713001", ["847130"]),
        ("phone 8517.12", ["851712"]),
        ("part 9999.99", ["999999"]),
        ("article 123456", []),
        ("weight 8471.30%", []),
        ("A8471.30", []),
        ("price 1,847130", []),
    ],
)
def test_codes_in_a_text_are_found(text: str, codes: list[str]) -> None:
    found = codes_in(text, {"847130", "851713"}, {"851712": ("851713",)})
    assert [one.code for one in found] == codes


def test_a_code_of_an_older_edition_is_mapped_or_refused_with_the_reason() -> None:
    mapped, unknown = codes_in(
        "8517.12 or 9999.99", {"851713", "851714"}, {"851712": ("851713", "851714")}
    )
    assert mapped.now == ("851713", "851714")
    assert "it became 8517.13, 8517.14" in mapped.note
    assert unknown.now == ()
    assert "no loaded table says what it became" in unknown.note


def test_a_cut_text_says_so() -> None:
    assert too_long("a" * 2_000) == ""
    assert "100,000 characters" in too_long("a" * 100_000)
