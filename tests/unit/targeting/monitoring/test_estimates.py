"""Estimates from inspected lines: by hand on small cases, and their intervals by simulation."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from tradelane.targeting.monitoring.estimates import (
    calibration,
    enough,
    hit_rates,
    lift,
    population,
    revenue_bins,
    revenue_whole,
    share,
    surprise,
    targeted,
)
from tradelane.targeting.monitoring.model import Chosen

DAY = dt.date(2026, 6, 1)


def line(**given: Any) -> Chosen:
    return Chosen(**({"day": DAY, "selected_by": "model", "propensity": 1.0} | given))


def test_each_line_counts_for_as_many_as_its_propensity_says():
    # 10 lines for certain, 4 of them wrong; 5 drawn at 1 in 20, 1 of them wrong: 100 lines.
    lines = [line(wrong=n < 4) for n in range(10)]
    lines += [line(wrong=n < 1, propensity=0.05, selected_by="random") for n in range(5)]
    found = population(lines)
    assert found.lines == pytest.approx(110)
    assert found.rate is not None
    assert found.missed is not None
    assert found.rate.value == pytest.approx((4 + 20) / 110)
    assert found.missed.value == pytest.approx(0.2)
    assert found.fair == share(1, 5)
    assert found.rate.low < found.rate.value < found.rate.high


def test_unequal_chances_are_weighed_each_by_its_own():
    lines = [line(wrong=True, propensity=0.5), line(wrong=False, propensity=0.1)]
    found = population(lines)
    assert found.rate is not None
    assert found.rate.value == pytest.approx(2 / 12)


def test_lines_without_outcome_pass_their_weight_to_those_like_them():
    lines = [line(wrong=True), line(wrong=None), line(wrong=False), line(wrong=None)]
    lines += [line(wrong=w, propensity=0.1) for w in (True, False, False, False, None)]
    found = population(lines)
    assert (found.selected, found.known) == (9, 6)
    assert found.rate is not None
    # 4 lines for certain, half of them wrong; 50 others, a quarter of them.
    assert found.rate.value == pytest.approx((2 + 12.5) / 54)


def test_what_was_all_inspected_is_known_without_uncertainty():
    sure = [line(wrong=n < 30) for n in range(100)]
    drawn = [line(wrong=False, propensity=0.5) for _ in range(4000)]
    found = population([*sure, *drawn])
    assert found.rate is not None
    assert found.rate.low == pytest.approx(30 / 8100)
    assert population([line(wrong=None)] * 3).rate is None
    assert population([]).rate is None


def test_without_lines_drawn_by_chance_nothing_is_said_of_all_lines():
    assert population([line(wrong=True)] * 50).rate is None
    assert population([line(wrong=True, propensity=0.0)] * 50).lines == 0


def _simulated(random: np.random.Generator) -> tuple[list[Chosen], float]:
    """A day of 4,000 lines: the top twentieth by a useful score, and 1 in 20 of all by chance."""
    score = random.random(4000)
    wrong = random.random(4000) < 0.02 + 0.3 * (score > 0.93)
    top = score > 0.95
    drawn = random.random(4000) < 0.05
    lines = [
        line(
            wrong=bool(w) if random.random() < 0.9 else None,
            propensity=1.0 if t else 0.05,
            selected_by="random" if d else "model",
        )
        for w, t, d in zip(wrong, top, drawn, strict=True)
        if t or d
    ]
    return lines, float(wrong.mean())


def test_the_interval_covers_the_truth_as_often_as_it_says():
    random = np.random.default_rng(7)
    covered, off = [], []
    for _ in range(400):
        lines, truth = _simulated(random)
        found = population(lines).rate
        assert found is not None
        covered.append(found.low <= truth <= found.high)
        off.append(found.value - truth)
    assert 0.925 <= np.mean(covered) <= 0.985
    assert abs(np.mean(off)) < 0.002  # the estimate leans to neither side


def test_the_interval_covers_where_lines_are_drawn_for_their_novelty():
    """Chances from 1 to 21 in a hundred, and what is novel is wrong more often."""
    random = np.random.default_rng(6)
    covered, off = [], []
    for _ in range(300):
        novelty, score = random.random(3000) ** 3, random.random(3000)
        wrong = random.random(3000) < 0.02 + 0.3 * (score > 0.95) + 0.1 * novelty
        chance = np.where(score > 0.96, 1.0, 0.01 + 0.2 * novelty**2)
        lines = [
            line(wrong=bool(wrong[n]), propensity=float(chance[n]))
            for n in np.flatnonzero(random.random(3000) < chance)
        ]
        found = population(lines).rate
        assert found is not None
        covered.append(found.low <= wrong.mean() <= found.high)
        off.append(found.value - wrong.mean())
    assert np.mean(covered) >= 0.94
    assert abs(np.mean(off)) < 0.005


def test_the_interval_covers_where_one_line_in_two_hundred_is_wrong():
    random = np.random.default_rng(8)
    covered = []
    for _ in range(400):
        wrong = int(random.binomial(300, 0.005))
        lines = [line(wrong=n < wrong, propensity=0.05) for n in range(300)]
        found = population(lines).rate
        assert found is not None
        covered.append(found.low <= 0.005 <= found.high)
    assert np.mean(covered) >= 0.93


def test_hit_rates_are_told_by_what_selected():
    lines = [line(wrong=True, selected_by="rule"), line(wrong=None, selected_by="rule")]
    lines += [line(wrong=n < 3, selected_by="model") for n in range(4)]
    lines += [line(wrong=False, selected_by="random", propensity=0.1)]
    rates = {rate.selected_by: rate for rate in hit_rates(lines)}
    assert list(rates) == ["model", "rule", "novel", "random", "all"]
    assert (rates["rule"].selected, rates["rule"].known, rates["rule"].wrong) == (2, 1, 1)
    assert rates["novel"].rate is None
    assert (rates["all"].known, rates["all"].wrong) == (6, 4)
    both = targeted(rates.values())
    assert both is not None
    assert both.value == pytest.approx(4 / 5)


def test_lift_has_an_interval_that_covers():
    random = np.random.default_rng(9)
    covered = []
    for _ in range(600):
        a, b = int(random.binomial(200, 0.3)), int(random.binomial(100, 0.1))
        found = lift(share(a, 200), share(b, 100))
        covered.append(found is None or found.low <= 3.0 <= found.high)
    assert 0.92 <= np.mean(covered) <= 0.985
    assert lift(share(5, 10), share(0, 10)) is None
    assert lift(None, share(1, 10)) is None


def test_deciles_hold_expected_against_recovered_revenue():
    lines = [line(expected=float(n), wrong=True, revenue=float(n)) for n in range(200)]
    bins = revenue_bins(lines)
    assert [one.lines for one in bins] == [20] * 10
    assert all(one.found == pytest.approx(one.expected) for one in bins)
    assert bins[0].expected == pytest.approx(9.5)
    whole = revenue_whole(lines)
    assert whole is not None
    assert whole.ratio == pytest.approx(1.0)
    # 59 lines make two groups, and 19 none; an unknown amount is left out, right lines are zero.
    assert len(revenue_bins(lines[:59])) == 2
    assert revenue_bins(lines[:19]) == []
    unknown = [line(expected=10.0, wrong=True, revenue=None)] * 20
    right = [line(expected=10.0, wrong=False)] * 20
    [one] = revenue_bins([*unknown, *right])
    assert (one.lines, one.found) == (20, 0.0)


def test_calibration_bins_and_the_surprise_of_their_sum():
    lines = [line(probability=0.1, wrong=n < 4) for n in range(40)]
    lines += [line(probability=0.9, wrong=n < 36) for n in range(40)]
    bins = calibration(lines, 2)
    assert [(one.expected, one.found) for one in bins] == [
        (pytest.approx(0.1), pytest.approx(0.1)),
        (pytest.approx(0.9), pytest.approx(0.9)),
    ]
    told = surprise(lines)
    assert told is not None
    assert told[:2] == (pytest.approx(40), 40)
    assert told[2] == pytest.approx(0, abs=1e-9)
    assert surprise([line(wrong=None)]) is None


def test_how_many_random_inspections_are_enough_shrinks_with_the_share():
    assert enough(0.5) == 16
    assert enough(0.01) > enough(0.05) > enough(0.2)
