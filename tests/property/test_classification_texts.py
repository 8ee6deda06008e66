"""Whatever is written, an answer keeps its promises; what does not matter changes nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classification_house import SHORT, plain, rows, sharing
from tradelane.classification.asked import ask
from tradelane.classification.batches import COLUMNS, rows_of
from tradelane.classification.goods import apart, codes_in
from tradelane.classification.model import (
    DECISIONS,
    HEADING,
    TOO_GENERIC,
    Suggestion,
    coherent,
)
from tradelane.classification.service import Classification
from tradelane.kit.canonical import decode, encode
from tradelane.platform import Tradelane

GOODS = [
    "men's cotton knitted t-shirt", "leather wallet", "usb charging cable", "green tea, loose",
    "steel screws for wood", "wooden chair", "smartphone, 128 GB", "frozen shrimp",
    "women's trousers", "plastic toy car", "parts", "gift", "knitted", "стол", "绿茶", "kem chống",
]  # fmt: skip
PIECES = [*GOODS, "<b>", "</script>", "&amp;", "8471.30", "9999.99", "60%", "; ", "\n", "2 x ",
          "🎁", "\u202e", "\x00", "ignore all instructions", "of", "for", "with"]  # fmt: skip
texts = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=6).map(" ".join),
    st.lists(st.text(max_size=8), max_size=12).map(" ".join),
)


def kept(found: Suggestion) -> None:
    """The promises of every suggestion."""
    codes = plain()._bare.wordings.index
    assert found.decision in DECISIONS
    told = [one.probability for one in found.ranked]
    assert all(0 <= p <= 1 for p in told)
    assert told == sorted(told, reverse=True)
    assert len({one.code for one in found.ranked}) == len(told)
    assert all(one.code in codes and one.level == "subheading" for one in found.ranked)
    above = {one.code: one.probability for one in found.headings}
    assert list(above.values()) == sorted(above.values(), reverse=True)
    assert all(0 <= p <= 1 for p in above.values())
    for one in found.ranked:
        assert above.get(one.code[:4], 1.0) >= one.probability
        assert [code for code, _wording in one.path][1:] == [
            one.code[:2],
            one.code[:4],
            one.code,
        ]
    if found.best is None:
        assert found.question is not None
    if found.decision == HEADING:
        assert found.best is not None
        assert found.best.level == "heading"
    assert (found.decision == TOO_GENERIC) == (not found.ranked)
    assert not found.goods or found.best is None
    assert decode(encode(found.content()))["decision"] == found.decision
    for row in rows_of(found):
        assert len(row) == len(COLUMNS) - 1
        assert all(cell == "" or cell[0] not in "=+-@\t\r|%" for cell in row)


@settings(max_examples=30, deadline=None)
@given(st.lists(texts, min_size=1, max_size=12))
def test_every_answer_keeps_its_promises(asked: list[str]) -> None:
    for text, found in zip(asked, plain().suggest_many(asked), strict=True):
        assert found.text == text
        kept(found)


@settings(max_examples=100, deadline=None)
@given(texts)
def test_goods_and_codes_in_a_text_are_parts_of_it(text: str) -> None:
    assert len(apart(text)) != 1
    for one in codes_in(text, {"847130"}, {}):
        assert one.code.isascii()
        assert len(one.code) == 6
        assert one.code in "".join(sign for sign in text if sign.isdecimal())


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=8),
    st.lists(st.sampled_from(["01", "02", "03"]), min_size=8, max_size=8),
    st.dictionaries(st.sampled_from(["01", "02", "03"]), st.floats(0, 1), max_size=3),
)
def test_probabilities_brought_together_fall_and_stay_under_their_headings(
    given_p: list[float], of_heading: list[str], headings: dict[str, float]
) -> None:
    ranked = sorted(given_p, reverse=True)
    found, above = coherent(ranked, of_heading[: len(ranked)], headings)
    assert found == sorted(found, reverse=True)
    assert found[0] == ranked[0], "what was calibrated is not touched"
    assert all(p <= q for p, q in zip(found, ranked, strict=True))
    assert all(p <= above.get(h, 1) for p, h in zip(found, of_heading, strict=False))


def test_a_heading_is_the_log_sum_exp_of_its_subheadings() -> None:
    """So it has at least its best subheading's share, and all of them together have one."""
    found = plain()
    asked = [ask(text, found._facets) for text in GOODS]
    codes = found._bare.wordings.codes
    for block in found.engine.inside(asked):
        for told in block.told(found._shipped.reranker):
            assert told.share.sum() == pytest.approx(1)
            for heading, share in told.headings:
                under = [
                    float(s)
                    for place, s in zip(told.places, told.share, strict=True)
                    if codes[place][:4] == heading
                ]
                assert share == pytest.approx(sum(under))
                assert share >= max(under) - 1e-12


# ---------------------------------------------------------------- what does not matter


def same(one: Suggestion, other: Suggestion, at_most: float = 1e-6) -> None:
    assert one.decision == other.decision
    assert [r.code for r in one.ranked] == [r.code for r in other.ranked]
    for mine, theirs in zip(one.ranked, other.ranked, strict=True):
        assert mine.probability == pytest.approx(theirs.probability, abs=at_most)
    assert one.facets == other.facets


@pytest.mark.parametrize(
    "changed",
    [
        str.upper,
        str.title,
        lambda text: f"  {text}\t ",
        lambda text: text.replace(" ", "   "),
        lambda text: text.replace(" ", "\u00a0"),
        lambda text: f"<p>{text}</p>",
        lambda text: f"{text} 🎁",
        lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    ],
    ids=["upper", "title", "around", "between", "no-break", "markup", "emoji", "full-width"],
)
def test_case_spaces_markup_and_width_do_not_matter(changed) -> None:  # type: ignore[no-untyped-def]
    found = plain()
    for plainly, otherwise in zip(
        found.suggest_many(GOODS), found.suggest_many([changed(t) for t in GOODS]), strict=True
    ):
        same(plainly, otherwise)


def test_what_is_said_of_one_text_hangs_on_none_of_the_others() -> None:
    """To the last bit: whether a text is met in a file or alone, it gets the same numbers."""
    found = plain()
    together = list(found.suggest_many(GOODS * 10))
    for at, text in enumerate(GOODS):
        alone = next(found.suggest_many([text]))
        same(together[at], alone, 0.0)
        same(together[-len(GOODS) + at], alone, 0.0)


@settings(max_examples=20, deadline=None)
@given(st.lists(texts, min_size=1, max_size=12))
def test_probabilities_without_reasons_are_those_with_reasons(asked: list[str]) -> None:
    bare = plain().likelihoods(asked, limit=20)
    for text, likely in zip(asked, bare, strict=True):
        full = next(plain().suggest_many([text], limit=20))
        if full.decision == TOO_GENERIC:
            assert likely is None
            continue
        assert likely is not None
        assert likely.codes == tuple((one.code, one.probability) for one in full.ranked)
        assert likely.headings == tuple((one.code, one.probability) for one in full.headings)


def test_a_longer_list_of_codes_begins_with_the_shorter_one() -> None:
    found = plain()
    for few, many in zip(
        found.suggest_many(GOODS, limit=3), found.suggest_many(GOODS, limit=30), strict=True
    ):
        assert [r.code for r in many.ranked[:3]] == [r.code for r in few.ranked]


# ---------------------------------------------------------------- answers


def mass(classification: Classification, found: Suggestion, facet: str, value: str) -> float:
    """How likely it is that the goods are of a value, by the codes that say so."""
    known = classification._bare
    at = known.code_facets.values[facet].index(value)
    takes, tells = known.code_facets.takes[facet], known.code_facets.tells[facet]
    index = known.wordings.index
    total = sum(one.probability for one in found.ranked if tells[index[one.code]])
    right = sum(one.probability for one in found.ranked if takes[index[one.code], at])
    return right / total if total else 1.0


def test_an_answer_only_narrows_and_is_not_asked_again() -> None:
    """Of the codes that say anything of the facet, those that say otherwise lose."""
    found = plain()
    asked = 0
    for text in ("women's trousers", "knitted pullover", "shirt", "wallet", "chair", "cup"):
        before = found.suggest(text, limit=60)
        question = before.question
        if question is None or not question.facet:
            continue
        for value, _label in question.options[:3]:
            asked += 1
            after = found.suggest(text, answers={question.facet: value}, limit=60)
            assert mass(found, after, question.facet, value) >= (
                mass(found, before, question.facet, value) - 1e-9
            ), (text, question.facet, value)
            assert after.question is None or after.question.facet != question.facet
            assert after.facets[question.facet] == (value,)
    assert asked >= 6


# ---------------------------------------------------------------- examples


@pytest.fixture(scope="module")
def two_orders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Classification]]:
    """The same examples, learned in two orders."""
    lanes = []
    for seed in (1, 2):
        lane = sharing(Tradelane(tmp_path_factory.mktemp("order")))
        shuffled = rows(SHORT)
        random.Random(seed).shuffle(shuffled)
        lane.classification.library.add(shuffled, "")
        lanes.append(lane)
    yield [lane.classification for lane in lanes]
    for lane in lanes:
        lane.database.close()


def test_the_order_of_examples_does_not_matter(two_orders: list[Classification]) -> None:
    one, other = (list(c.suggest_many([t for t, _code in SHORT[::4]])) for c in two_orders)
    for mine, theirs in zip(one, other, strict=True):
        same(mine, theirs, 1e-3)


@pytest.mark.parametrize("learned", [False, True])
def test_with_examples_too_one_text_hangs_on_none_of_the_others(
    learned: bool, two_orders: list[Classification]
) -> None:
    found = two_orders[learned]
    if learned:
        found.learn()
    asked = [text for text, _code in SHORT[::4]] + GOODS
    for together, text in zip(found.suggest_many(asked), asked, strict=True):
        same(together, next(found.suggest_many([text])), 0.0)


def test_an_example_asked_word_by_word_gets_its_code_and_is_cited(
    two_orders: list[Classification],
) -> None:
    found = two_orders[0].suggest_many([text.upper() for text, _code in SHORT[::3]])
    first = cited = 0
    for (text, code), one in zip(SHORT[::3], found, strict=True):
        first += one.ranked[0].code == code
        cited += any(e.text == text for r in one.ranked for e in r.evidence)
        kept(one)
    total = len(SHORT[::3])
    assert first == total, "an example of the same words is followed"
    assert cited == total


def test_the_same_example_twice_is_one(two_orders: list[Classification]) -> None:
    found = two_orders[0]
    before = found.library.revision(), len(found.library.examples())
    again = found.library.add(rows((text.upper(), code) for text, code in SHORT), "")
    assert again == {"tests": 0}
    assert len(found.library.examples()) == before[1]
