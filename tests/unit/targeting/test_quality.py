"""What is told of a model: figures forward in time, with intervals, by group, and its gaps."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import polars as pl
import pytest

from tradelane.targeting import evaluation, quality, weighted
from tradelane.targeting.model import Dial
from tradelane.targeting.weighted import Ranking

DIAL = Dial(typical=600.0)


def forward(lines: int = 4000, seed: int = 1) -> pl.DataFrame:
    """A model whose probability is right, and a revenue that it knows half of."""
    random = np.random.default_rng(seed)
    probability = random.beta(0.6, 8.0, lines)
    wrong = random.random(lines) < probability
    at_stake = random.lognormal(6.0, 1.0, lines)
    return pl.DataFrame(
        {
            "date": [dt.date(2026, 1, 1) + dt.timedelta(int(d)) for d in np.arange(lines) % 180],
            "office": random.choice(["NORTH", "SOUTH", "RARE"], lines, p=[0.6, 0.395, 0.005]),
            "hs2": random.choice(["84", "61"], lines),
            "preference": random.choice(["", "FTA"], lines),
            "fraud": wrong,
            "revenue_recovered": np.where(wrong, at_stake * random.lognormal(0, 0.3, lines), 0.0),
            "probability": np.round(probability, 2),
            "revenue_if_wrong": at_stake,
            "expected_revenue": probability * at_stake,
            "weight": random.choice([1.0, 4.0], lines),
        }
    )


@pytest.fixture(scope="module")
def told() -> dict[str, object]:
    return quality.summary(forward(), DIAL)


def test_without_weights_and_ties_the_figures_are_the_usual_ones():
    random = np.random.default_rng(0)
    scores, wrong = random.permutation(1000) / 1000, random.random(1000) < 0.2
    ranking = Ranking(scores, wrong, np.ones(1000), np.ones(1000))
    assert ranking.measure(weighted.auc) == pytest.approx(evaluation.auc(scores, wrong))
    for budget in (0.01, 0.05, 0.5):
        usual = evaluation.precision_at(scores, wrong, budget)
        assert ranking.measure(weighted.precision_at(budget)) == pytest.approx(usual)


def test_a_line_that_stands_for_three_counts_like_three_lines():
    random = np.random.default_rng(0)
    scores, wrong = random.integers(0, 50, 300) / 50, random.random(300) < 0.3
    revenue, times = random.random(300) * wrong, random.integers(1, 4, 300)
    one = Ranking(scores, wrong, revenue, times.astype(float))
    many = Ranking(
        *(np.repeat(part, times) for part in (scores, wrong, revenue)), np.ones(times.sum())
    )
    for measure in (
        weighted.auc,
        weighted.average_precision,
        weighted.base_rate,
        weighted.precision_at(0.05),
        weighted.recall_at(0.05),
        weighted.revenue_at(0.05),
    ):
        assert one.measure(measure) == pytest.approx(many.measure(measure))


def test_the_order_of_equal_scores_does_not_matter():
    random = np.random.default_rng(0)
    scores, wrong = random.integers(0, 5, 200).astype(float), random.random(200) < 0.3
    shuffled = random.permutation(200)
    for measure in (weighted.auc, weighted.average_precision, weighted.precision_at(0.05)):
        figures = [
            Ranking(scores[o], wrong[o], np.ones(200), np.ones(200)).measure(measure)
            for o in (np.arange(200), shuffled)
        ]
        assert figures[0] == pytest.approx(figures[1])


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    held = 0
    for seed in range(60):
        table = forward(800, seed)
        columns = [table[name].to_numpy() for name in ("probability", "fraud", "expected_revenue")]
        value, low, high = Ranking(*columns, np.ones(800)).figure(weighted.base_rate)
        held += low <= 0.6 / 8.6 <= high
        assert low <= value <= high
    assert held >= 52


def test_a_calibrated_model_is_told_to_be_calibrated(told):
    assert float(told["calibration_error"]) < 0.02
    assert len(told["calibration"]) >= 5
    inside = sum(
        float(b["low"]) <= float(b["said"]) <= float(b["high"]) for b in told["calibration"]
    )
    assert inside >= len(told["calibration"]) - 1


def test_groups_are_told_with_intervals_and_small_ones_are_only_counted(told):
    offices = told["groups"]["office"]
    assert {one["group"] for one in offices["shown"]} == {"NORTH", "SOUTH"}
    assert offices["not_shown"]["groups"] == 1
    assert offices["not_shown"]["lines"] < quality.FEWEST_LINES
    months = [one["group"] for one in told["groups"]["month"]["shown"]]
    assert months == sorted(months)
    for one in offices["shown"]:
        value, low, high = map(float, one["figures"]["precision"])
        assert 0 <= low <= value <= high <= 1


def test_the_dial_goes_from_precision_to_revenue(told):
    first, last = told["frontier"][0], told["frontier"][-1]
    assert (first["balance"], last["balance"]) == ("0.0", "1.0")
    assert float(first["precision"]) > float(last["precision"])
    assert float(first["revenue"]) < float(last["revenue"])


def test_correcting_what_is_promised_changes_no_place_of_the_dial(told):
    promised = forward().with_columns(expected_revenue=pl.col("expected_revenue").sqrt() * 9)
    assert quality.summary(promised, DIAL)["frontier"] == told["frontier"]


def test_where_no_revenue_is_known_every_place_of_the_dial_finds_the_same():
    unknown = forward().with_columns(revenue_if_wrong=pl.lit(None, pl.Float64))
    found = quality.summary(unknown, DIAL)["frontier"]
    assert len({one["precision"] for one in found}) == 1


def test_precision_falls_and_recall_grows_with_the_budget(told):
    recalls = [float(one["recall"]) for one in told["budgets"]]
    assert recalls == sorted(recalls)
    assert float(told["budgets"][0]["precision"]) > float(told["budgets"][-1]["precision"])


def test_expected_revenue_is_set_against_what_was_recovered(told):
    expected = [float(one["expected"]) for one in told["revenue"]]
    assert expected == sorted(expected)
    assert float(told["revenue"][-1]["recovered"]) == pytest.approx(expected[-1], rel=0.35)


def test_what_would_have_been_missed_is_listed_with_the_dearest_first(told):
    worst = told["missed"]["worst"]
    amounts = [float(one["revenue"]) for one in worst]
    assert amounts == sorted(amounts, reverse=True)
    assert len(worst) == quality.MOST_MISSED
    assert all(float(one["place"]) > quality.BUDGET for one in worst)
    assert 0 < float(told["missed"]["share_of_wrong"]) < 1


def test_only_what_chance_or_a_rule_found_shows_a_gap_of_the_model():
    table = forward().with_columns(selected_by=pl.lit("model"))
    assert quality.summary(table, DIAL)["missed"]["lines"] == 0


@pytest.mark.parametrize("fraud", [True, False, None])
def test_nothing_is_told_where_all_outcomes_are_alike(fraud):
    table = forward(100).with_columns(fraud=pl.lit(fraud, pl.Boolean))
    assert quality.summary(table, DIAL) == {}


def test_a_column_that_is_nowhere_known_is_no_obstacle():
    table = forward().with_columns(
        expected_revenue=pl.lit(None, pl.Float64), revenue_recovered=pl.lit(None, pl.Float64)
    )
    told = quality.summary(table, DIAL)
    assert told["revenue"] == []
    assert told["budgets"][0]["revenue"] is None


def test_many_lines_take_seconds():
    table = forward(20_000)
    start = time.perf_counter()
    quality.summary(table, DIAL)
    assert time.perf_counter() - start < 20
