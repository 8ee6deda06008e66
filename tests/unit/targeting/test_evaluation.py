"""Figures of a ranking, against cases that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tradelane.targeting import calibration, evaluation, selectivity


def test_auc_counts_ties_as_half_and_needs_both_classes() -> None:
    scores = np.array([0.5, 0.5, 0.5, 0.5])
    assert evaluation.auc(scores, np.array([True, False, True, False])) == 0.5
    assert math.isnan(evaluation.auc(scores, np.ones(4, bool)))


def test_auc_agrees_with_counting_all_pairs() -> None:
    random = np.random.default_rng(1)
    scores, wrong = random.integers(0, 9, 80).astype(float), random.random(80) < 0.3
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[wrong] for b in scores[~wrong]]
    assert evaluation.auc(scores, wrong) == pytest.approx(np.mean(pairs))


def test_a_perfect_probability_has_no_calibration_error() -> None:
    random = np.random.default_rng(0)
    probability = random.random(200_000)
    wrong = random.random(200_000) < probability
    assert evaluation.calibration_error(probability, wrong) < 0.01
    assert evaluation.calibration_error(np.sqrt(probability), wrong) > 0.1


def test_an_interval_holds_the_figure_and_narrows_with_more_lines() -> None:
    random = np.random.default_rng(0)
    widths = []
    for lines in (200, 20_000):
        hits = random.random(lines) < 0.3
        figure = evaluation.with_interval(lambda rows, h=hits: float(h[rows].mean()), lines)
        assert figure.low <= figure.value <= figure.high
        widths.append(figure.high - figure.low)
    assert widths[1] < widths[0] / 5


def test_without_revenue_or_frauds_there_is_no_share_of_it() -> None:
    scores = np.array([1.0, 0.0])
    assert math.isnan(evaluation.revenue_at(scores, np.zeros(2), 0.5))
    assert math.isnan(evaluation.recall_at(scores, np.zeros(2, bool), 0.5))


def test_calibration_learns_a_shift_and_never_turns_the_ranking() -> None:
    random = np.random.default_rng(0)
    raw = random.normal(0, 2, 20_000)
    wrong = random.random(20_000) < calibration.sigmoid(0.5 * raw - 2.0)
    fitted = calibration.fit(raw, wrong)
    assert fitted.slope == pytest.approx(0.5, abs=0.05)
    assert fitted.offset == pytest.approx(-2.0, abs=0.1)
    assert calibration.fit(-raw, wrong).slope > 0


def test_weights_give_the_probability_of_all_lines_where_inspection_was_selective() -> None:
    """Lines with x > 0 are wrong at 40 %, others at 5 %; nine in ten inspected are of the first."""
    random = np.random.default_rng(0)
    x = random.normal(size=(20_000, 1)).astype(np.float32)
    wrong = random.random(20_000) < np.where(x[:, 0] > 0, 0.4, 0.05)
    inspected = random.random(20_000) < np.where(x[:, 0] > 0, 0.18, 0.02)
    weights = selectivity.weights(x, inspected, x[inspected], 0)
    assert wrong[inspected].mean() > 0.33
    assert np.average(wrong[inspected], weights=weights) == pytest.approx(0.225, abs=0.03)
    flat = np.zeros(int(inspected.sum()))
    fitted = calibration.fit(flat, wrong[inspected], weights)
    assert fitted.apply(np.zeros(1))[0] == pytest.approx(0.225, abs=0.03)


def test_where_all_is_inspected_every_line_weighs_the_same() -> None:
    x = np.zeros((50, 1), np.float32)
    assert (selectivity.weights(x, np.ones(50, bool), x, 0) == 1).all()
