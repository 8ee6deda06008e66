"""One exam for every scorer: whoever ranks lines must pass all of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from targeting_histories import made_up
from tradelane.kit.errors import InputRefused
from tradelane.registry.service import Registry
from tradelane.targeting import evaluation, features
from tradelane.targeting.catalogue import GROUPS, NAMES
from tradelane.targeting.inputs import Inputs
from tradelane.targeting.scorers import SCORERS, Scorer, new
from tradelane.targeting.service import Targeting

SEED = 5
_PAST = features.build(made_up(2500, 1))
_LABELLED = _PAST.table.filter(_PAST.table["fraud"].is_not_null())
X = features.matrix(_PAST.features(_LABELLED))
WRONG = _LABELLED["fraud"].to_numpy().astype(bool)
DAYS = np.asarray(_LABELLED["date"].cast(int).to_numpy(), dtype=np.int64)
WEIGHTS = np.ones(len(X))
_NEW = made_up(800, 2)
_ASKED = _NEW.with_columns(date=_NEW["date"].dt.offset_by("1y"))
ASKED = features.matrix(_PAST.features(_ASKED))
TRUTH = (
    (_ASKED["importer"].str.slice(1).cast(int) % 10 == 0) | (_ASKED["seller"] == "S7")
).to_numpy()
_TRAINED: dict[str, Scorer] = {}

FLOORS = {"boosted": 0.85, "linear": 0.9, "network": 0.9, "price_rule": 0.65}
"""The least AUC on lines of the same world that were not in the history."""


@pytest.fixture(params=sorted(SCORERS))
def scorer(request: pytest.FixtureRequest) -> Scorer:
    name = str(request.param)
    if name not in _TRAINED:
        _TRAINED[name] = new(name)
        _TRAINED[name].fit(X, WRONG, DAYS, WEIGHTS, SEED)
    return _TRAINED[name]


def answers(scorer: Scorer, x: NDArray[np.float32]) -> bytes:
    parts = scorer.raw(x), scorer.probability(x), scorer.contributions(x)
    return b"".join(np.ascontiguousarray(p).tobytes() for p in parts)


def test_at_least_four_scorers_of_three_families_sit_the_exam() -> None:
    assert {"boosted", "linear", "network", "price_rule"} <= set(SCORERS)
    assert set(SCORERS) == set(FLOORS)
    assert all(new(name).name == name for name in SCORERS)


def test_it_ranks_better_than_chance(scorer: Scorer) -> None:
    assert evaluation.auc(scorer.raw(ASKED), TRUTH) >= FLOORS[scorer.name]


def test_the_same_seed_gives_the_same_bytes(scorer: Scorer) -> None:
    again = new(scorer.name)
    again.fit(X, WRONG, DAYS, WEIGHTS, SEED)
    assert again.dump() == scorer.dump()


def test_saved_and_loaded_it_gives_the_same_bytes(scorer: Scorer) -> None:
    again = new(scorer.name)
    again.restore(scorer.dump())
    assert again.dump() == scorer.dump()
    assert answers(again, ASKED) == answers(scorer, ASKED)


def test_one_line_alone_is_scored_as_in_the_batch(scorer: Scorer) -> None:
    raw, probability = scorer.raw(ASKED), scorer.probability(ASKED)
    reasons = scorer.contributions(ASKED)
    for i in range(0, len(ASKED), 50):
        one = ASKED[i : i + 1]
        assert scorer.raw(one)[0] == raw[i]
        assert scorer.probability(one)[0] == probability[i]
        assert (scorer.contributions(one)[0] == reasons[i]).all()


def test_asked_for_all_at_once_it_says_the_same(scorer: Scorer) -> None:
    raw, reasons = scorer.explained(Inputs(ASKED))
    parts = raw, scorer.calibrated(raw), reasons
    assert b"".join(np.ascontiguousarray(p).tobytes() for p in parts) == answers(scorer, ASKED)


def test_shuffled_lines_have_the_same_scores(scorer: Scorer) -> None:
    order = np.random.default_rng(0).permutation(len(ASKED))
    assert (scorer.raw(ASKED[order]) == scorer.raw(ASKED)[order]).all()


def test_columns_in_another_order_are_refused(scorer: Scorer, tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    about = {"features": list(reversed(NAMES)), "parameters": {"scorer": scorer.name}}
    ref = registry.publish("targeting", scorer.dump(), about)
    with pytest.raises(InputRefused) as refused:
        Targeting(registry).load(ref)
    assert refused.value.problems[0].code == "registry.features"


def test_with_two_values_in_five_missing_it_still_ranks_better_than_chance(
    scorer: Scorer,
) -> None:
    random = np.random.default_rng(SEED)
    holes = [np.where(random.random(x.shape) < 0.4, np.nan, x) for x in (X, ASKED)]
    past, asked = (h.astype(np.float32) for h in holes)
    again = new(scorer.name)
    again.fit(past, WRONG, DAYS, WEIGHTS, SEED)
    assert np.isfinite(again.raw(asked)).all()
    assert evaluation.auc(again.raw(asked), TRUTH) >= 0.55


@pytest.mark.parametrize("value", [7.0, np.nan])
def test_columns_that_are_always_the_same_say_nothing(scorer: Scorer, value: float) -> None:
    silent = [i for i, name in enumerate(NAMES) if name.startswith("seller")]
    assert silent
    past, low, high = X[:600].copy(), ASKED.copy(), ASKED.copy()
    past[:, silent], low[:, silent], high[:, silent] = value, -1e6, 1e6
    again = new(scorer.name)
    again.fit(past, WRONG[:600], DAYS[:600], WEIGHTS[:600], SEED)
    assert (again.raw(low) == again.raw(high)).all()


@pytest.mark.parametrize("wrong", [False, True])
def test_outcomes_that_are_all_alike_are_learned_without_an_error(
    scorer: Scorer, wrong: bool
) -> None:
    again = new(scorer.name)
    figures = again.fit(X[:300], np.full(300, wrong), DAYS[:300], WEIGHTS[:300], SEED)
    assert figures["outcomes"] == 300
    assert np.isfinite(again.raw(ASKED)).all()
    assert np.isfinite(again.contributions(ASKED)).all()
    probability = again.probability(ASKED)
    assert (np.isnan(probability) | ((probability >= 0) & (probability <= 1))).all()


def test_lines_of_which_nothing_is_known_are_scored(scorer: Scorer) -> None:
    nothing = np.full((3, len(NAMES)), np.nan, np.float32)
    assert np.isfinite(scorer.raw(nothing)).all()
    assert ((scorer.probability(nothing) > 0) & (scorer.probability(nothing) < 1)).all()


def test_values_beyond_anything_seen_are_scored(scorer: Scorer) -> None:
    for value in (-3e38, 3e38, 0.0):
        extreme = np.full((2, len(NAMES)), value, np.float32)
        assert np.isfinite(scorer.raw(extreme)).all()
        assert np.isfinite(scorer.contributions(extreme)).all()


def test_probability_rises_with_raw_and_stays_between_0_and_1(scorer: Scorer) -> None:
    order = np.argsort(scorer.raw(ASKED), kind="stable")
    probability = scorer.probability(ASKED)
    assert (np.diff(probability[order]) >= 0).all()
    assert ((probability >= 0) & (probability <= 1)).all()


def test_contributions_add_up_to_raw_but_for_a_constant(scorer: Scorer) -> None:
    reasons = scorer.contributions(ASKED)
    assert reasons.shape == (len(ASKED), len(GROUPS))
    rest = scorer.raw(ASKED) - reasons.sum(axis=1)
    assert np.ptp(rest) < 1e-3


def test_no_lines_get_no_scores(scorer: Scorer) -> None:
    assert len(scorer.raw(ASKED[:0])) == 0
    assert scorer.contributions(ASKED[:0]).shape == (0, len(GROUPS))
