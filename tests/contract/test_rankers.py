"""One exam for every ranker: whoever finds codes must pass all of it."""

from __future__ import annotations

import numpy as np
import pytest

from classification_house import plain
from tradelane.classification import known
from tradelane.classification.asked import Asked, ask
from tradelane.classification.model import Example
from tradelane.classification.rankers import RANKERS, Ranker, new
from tradelane.classification.rankers.linear import Linear

EXAMPLES = [
    Example(1, "rulings", "men's cotton knitted t-shirt", "610910"),
    Example(2, "rulings", "leather wallet with card slots", "420231"),
    Example(3, "parcels", "usb charging cable", "854442"),
    Example(4, "parcels", "茶叶 绿茶", "090210"),
    Example(5, "parcels", "wooden chair", "9401"),
]
TEXTS = ["cotton t-shirt", "leather wallet", "usb cable", "绿茶", "", "12345", "zzzxq qqqz", "🎁🎁"]
_TRAINED: dict[str, Ranker] = {}


@pytest.fixture(scope="module")
def ground() -> known.Known:
    bare = plain()._bare
    return bare.with_lessons(known.lessons(EXAMPLES, bare.wordings))


@pytest.fixture(params=sorted(RANKERS))
def ranker(request: pytest.FixtureRequest, ground: known.Known) -> Ranker:
    name = str(request.param)
    if name not in _TRAINED:
        _TRAINED[name] = new(name)
        _TRAINED[name].learn(ground)
    return _TRAINED[name]


@pytest.fixture(scope="module")
def asked(ground: known.Known) -> list[Asked]:
    return [ask(text, ground.facets) for text in TEXTS]


def test_at_least_eight_rankers_sit_the_exam() -> None:
    assert len(RANKERS) >= 8
    assert all(new(name).name == name for name in RANKERS)


def test_there_is_a_row_a_description_and_a_column_a_subheading(
    ranker: Ranker, ground: known.Known, asked: list[Asked]
) -> None:
    scores = ranker.scores(asked)
    assert scores.shape == (len(TEXTS), len(ground.wordings.codes))
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()


def test_one_description_alone_is_scored_as_among_others(
    ranker: Ranker, asked: list[Asked]
) -> None:
    together = ranker.scores(asked)
    for at, one in enumerate(asked):
        assert np.allclose(ranker.scores([one])[0], together[at], atol=1e-4)


def test_no_descriptions_get_no_scores(ranker: Ranker, ground: known.Known) -> None:
    assert ranker.scores([]).shape == (0, len(ground.wordings.codes))


def test_the_true_code_of_plain_goods_is_among_the_best_twenty(
    ranker: Ranker, ground: known.Known, asked: list[Asked]
) -> None:
    if ranker.name == "habits":
        return  # it knows what sources usually declare, not what words mean
    row = ranker.scores(asked[:2])[0]
    best = np.argsort(-row, kind="stable")[:20]
    assert "610910" in {ground.wordings.codes[place] for place in best}


def test_learning_again_gives_the_same_scores(
    ranker: Ranker, ground: known.Known, asked: list[Asked]
) -> None:
    if ranker.name == "linear":
        return  # its exam is saving: see below
    again = new(ranker.name)
    again.learn(ground)
    assert np.array_equal(again.scores(asked[:3]), ranker.scores(asked[:3]))


def test_what_is_saved_comes_back_to_the_byte(ranker: Ranker, asked: list[Asked]) -> None:
    if not isinstance(ranker, Linear):
        return  # the others are made anew from what they know
    files = ranker.dump()
    back = Linear()
    back.restore(files)
    assert back.dump() == files
    assert np.allclose(back.scores(asked), ranker.scores(asked), rtol=1e-3)


def test_an_example_raises_its_code_for_whoever_learns_from_examples(
    ranker: Ranker, ground: known.Known
) -> None:
    """A word that only an example has."""
    if ranker.name not in ("neighbours", "profile", "related", "linear"):
        return
    (one,) = [ask("绿茶", ground.facets)]
    row = ranker.scores([one])[0]
    place = ground.wordings.codes.index("090210")
    assert row[place] == row.max() > 0


def test_unseen_words_break_nothing_and_favour_nobody(ranker: Ranker, asked: list[Asked]) -> None:
    if ranker.name == "linear":
        return  # it has a level for every code
    nonsense = ranker.scores([asked[TEXTS.index("zzzxq qqqz")]])[0]
    plain = ranker.scores([asked[0]])[0]
    assert nonsense.max() <= plain.max() + 1e-6
