"""Words that platforms for parcels cut short or off, and what the rankers are given for them."""

from __future__ import annotations

import pytest

import classification_house
from tradelane.classification.asked import ask
from tradelane.classification.facets import Facets
from tradelane.classification.features import KEPT
from tradelane.classification.service import Classification
from tradelane.classification.spelling import BARE, Spelling
from tradelane.classification.words import key, meaning, words

KNOWN = {"jacket": 30.0, "jackal": 1.0, "jackfruit": 2.0, "restoring": 4.0, "short": 9.0}


@pytest.fixture
def plain() -> Classification:
    return classification_house.plain()


@pytest.mark.parametrize(
    ("short", "full"),
    [("crm", ["cream"]), ("edt", ["eau", "toilette"]), ("bdywsh", ["body", "wash"])],
)
def test_a_word_cut_short_is_read_in_full(short: str, full: list[str]) -> None:
    assert list(meaning(short)) == full
    assert words(f"xyzzy {short}") == ["xyzzy", *full]


def test_the_key_of_a_text_keeps_what_was_written() -> None:
    assert key("hand crm") != key("hand cream")


def test_the_last_word_of_a_full_field_may_be_any_frequent_word_that_begins_so(
    plain: Classification,
) -> None:
    facets = plain.engine.known.facets
    spelling = Spelling(KNOWN, facets)
    assert [word for word, _share in spelling.ends("jack")] == ["jacket"]
    full = spelling.repair(ask("contrast stitching short jack", facets))
    assert 0 < full.weights["jacket"] < full.weights["jack"]
    brief = spelling.repair(ask("short jack", facets))
    assert "jacket" not in brief.weights


def test_consonants_are_read_as_the_most_frequent_word_that_has_them() -> None:
    spelling = Spelling(KNOWN, Facets([], {}))
    asked = ask("rstrng balm", Facets([], {}))
    assert spelling.repair(asked).weights["restoring"] == pytest.approx(BARE)


def test_where_a_text_says_nothing_goods_that_terms_name_most_are_candidates(
    plain: Classification,
) -> None:
    engine = plain.engine
    (inside,) = engine.inside([ask("zzyzx", engine.known.facets)])
    codes = [engine.known.wordings.codes[place] for place in inside.places[0]]
    assert len(codes) == KEPT
    assert {"950300", "392690", "330499"} <= set(codes)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nivea hnd crm 50ml", "330499"),
        ("hugo boss edt 100ml", "330300"),
        ("pampers prem prtct sz 4", "961900"),
        ("aptamil first infnt milk", "190110"),
    ],
)
def test_parcel_lines_find_their_code_without_examples(
    plain: Classification, text: str, code: str
) -> None:
    assert code in [one.code for one in plain.suggest(text).ranked[:3]]
