"""A challenger is called better or worse only where the lines allow it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tradelane.targeting.duel import BETTER, OPEN, WORSE, duel

BUDGET = 0.1


def lines(
    seed: int = 0, count: int = 20_000, *, champion: float, challenger: float, chance: float = 0.2
) -> pl.DataFrame:
    """Traffic that the champion decided; each scorer sees what is wrong through so much noise."""
    random = np.random.default_rng(seed)
    risk = random.normal(size=count)
    wrong = random.random(count) < 1 / (1 + np.exp(-(2.0 * risk - 3.0)))
    scores = [risk + random.normal(scale=noise, size=count) for noise in (champion, challenger)]
    selected = scores[0] >= np.quantile(scores[0], 1 - BUDGET)
    drawn = random.random(count) < chance
    return pl.DataFrame(
        {
            "champion": scores[0],
            "challenger": scores[1],
            "propensity": np.where(selected, 1.0, chance),
            "by_chance": drawn,
            "wrong": [
                bool(w) if s or d else None for w, s, d in zip(wrong, selected, drawn, strict=True)
            ],
            "revenue": [
                100.0 * w if s or d else None
                for w, s, d in zip(wrong, selected, drawn, strict=True)
            ],
        },
        schema_overrides={"wrong": pl.Boolean},
    )


def test_a_better_challenger_is_found_better_and_by_about_how_much():
    found = duel(lines(champion=2.0, challenger=0.3), BUDGET)
    assert found.verdict == BETTER
    assert found.more is None
    truth = []
    for seed in range(20):
        whole = lines(100 + seed, champion=2.0, challenger=0.3, chance=1.0)
        tops = [whole.sort(name).tail(2000)["wrong"].mean() for name in ("challenger", "champion")]
        truth.append(tops[0] - tops[1])
    assert found.precision.low < np.mean(truth) < found.precision.high
    assert found.auc.low > 0
    assert found.chance.difference > 0
    assert found.revenue.difference == pytest.approx(100 * found.precision.difference)
    assert "The challenger is better" in found.sentence


def test_a_worse_challenger_is_found_worse():
    found = duel(lines(champion=0.3, challenger=2.0), BUDGET)
    assert (found.verdict, found.auc.high < 0) == (WORSE, True)
    assert "instead of" in found.sentence


def test_equal_ones_are_seldom_told_apart():
    wrongly = sum(
        duel(lines(seed, 5000, champion=1.0, challenger=1.0), BUDGET).verdict != OPEN
        for seed in range(20)
    )
    assert wrongly <= 4


def test_with_few_outcomes_it_cannot_be_told_and_says_how_many_are_missing():
    found = duel(lines(count=2000, champion=2.0, challenger=0.3, chance=0.01), BUDGET)
    assert found.verdict == OPEN
    assert found.more is not None
    assert found.more >= 18
    assert f"About {found.more} more are needed" in found.sentence


def test_a_few_lucky_finds_are_no_verdict():
    table = lines(count=1000, champion=1.0, challenger=1.0, chance=0.05)
    lucky = table.with_columns(
        wrong=pl.when(pl.col("wrong").is_not_null()).then(
            ~(pl.col("champion") >= pl.col("champion").quantile(0.9))
        )
    )
    assert duel(lucky, BUDGET).verdict == OPEN


def test_the_same_ranking_twice_differs_by_nothing():
    table = lines(champion=1.0, challenger=1.0).with_columns(challenger="champion")
    found = duel(table, BUDGET)
    assert (found.apart, found.precision.difference, found.verdict) == (0, 0.0, OPEN)
    assert found.auc.difference == 0.0


def test_without_any_outcome_there_is_no_error():
    table = lines(count=500, champion=1.0, challenger=1.0).with_columns(
        wrong=pl.lit(None, pl.Boolean), revenue=pl.lit(None, pl.Float64)
    )
    found = duel(table, BUDGET)
    assert (found.verdict, found.drawn, found.auc.is_known) == (OPEN, 0, False)
