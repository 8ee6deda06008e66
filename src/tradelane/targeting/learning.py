"""What is learned from a history's outcomes, with what it would have said of lines to come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradelane.targeting import evaluation, frontier, revenue, scorers
from tradelane.targeting.scorers.forward import splits
from tradelane.targeting.threads import side_by_side

Floats = NDArray[np.float64]

SPREAD_SEEDS = 3
MOST_SPREAD = 10_000
"""Lines on either side of the cut that the spread between seeds is measured on."""


@dataclass(frozen=True)
class Learned:
    """``ahead`` has the columns of `quality.COLUMNS`: lines that were not learned from when they
    were asked about."""

    scorer: scorers.Scorer
    revenue: revenue.Revenue
    figures: dict[str, Any]
    ahead: pl.DataFrame


def learn(
    name: str, x: NDArray[np.float32], labelled: pl.DataFrame, weights: Floats, seed: int
) -> Learned:
    """Learn from lines with an outcome.

    x: their features; labelled: their columns of `trade.table`; weights: how many lines of all each
    stands for.
    """
    wrong = labelled["fraud"].to_numpy().astype(bool)
    days = labelled["date"].cast(pl.Int32).to_numpy().astype(np.int64)
    recovered = labelled["revenue_recovered"].fill_null(np.nan).to_numpy()
    scorer = scorers.new(name)
    if name == "price_rule":
        nothing = np.zeros(0, np.int64)
        ahead = _ahead(labelled, weights, nothing, np.zeros(0), np.zeros(0), np.zeros(0))
        return Learned(scorer, revenue.Revenue(), {"outcomes": len(wrong)}, ahead)
    fitted, spread = side_by_side(
        lambda: scorer.fit(x, wrong, days, weights, seed),
        lambda: _spread(name, x, wrong, days, seed),
    )
    figures = fitted | spread
    has_skill = "skill" not in figures
    found = revenue.fit(x, wrong, recovered, seed) if has_skill else revenue.Revenue()
    raw, rows, risen = scorer.forward
    likely = scorer.calibrated(raw + risen)
    amounts = [
        found.estimate_of(x[after])
        if found.basis == "none"
        else revenue.fit(x[before], wrong[before], recovered[before], seed).estimate_of(x[after])
        for before, after in splits(wrong, days)
    ]
    given_wrong = np.concatenate([np.zeros(0), *amounts])
    furthest = revenue.FURTHEST[found.basis]
    found.middle = frontier.find_middle(
        likely, given_wrong, found.typical, furthest, wrong[rows], weights[rows]
    )
    realised = np.where(wrong[rows], recovered[rows], 0.0)
    found.scale = revenue.calibrate(likely * given_wrong, realised, weights[rows])
    figures["lean_at_the_middle"] = f"{found.middle:g}"
    expected = found.scale.apply(likely * given_wrong)
    ahead = _ahead(labelled, weights, rows, likely, given_wrong, expected)
    return Learned(scorer, found, figures, ahead)


def _spread(
    name: str, x: NDArray[np.float32], wrong: NDArray[np.bool_], days: NDArray[np.int64], seed: int
) -> dict[str, Any]:
    """How much of a figure is the seed's: the last step forward in time, with other seeds."""
    steps = list(splits(wrong, days))
    if not steps:
        return {}
    before, after = (np.flatnonzero(part)[-MOST_SPREAD:] for part in steps[-1])
    found = []
    for other in range(seed + 1, seed + 1 + SPREAD_SEEDS):
        scorer = scorers.new(name)
        # All on one day, so that there is no earlier and later to calibrate on.
        one_day = np.zeros(len(before), np.int64)
        scorer.fit(x[before], wrong[before], one_day, np.ones(len(before)), other)
        found.append(evaluation.precision_at(scorer.raw(x[after]), wrong[after], 0.05))
    return {
        "seeds_tried": SPREAD_SEEDS,
        "precision_at_5_percent_between_seeds": f"{min(found):.4f} to {max(found):.4f}",
    }


def _ahead(
    labelled: pl.DataFrame,
    weights: Floats,
    rows: NDArray[np.int64],
    likely: Floats,
    given_wrong: Floats,
    expected: Floats,
) -> pl.DataFrame:
    return labelled[rows].select(
        "date",
        "office",
        pl.col("hs_code").str.slice(0, 2).alias("hs2"),
        "preference",
        "fraud",
        "revenue_recovered",
        pl.Series("probability", likely),
        pl.Series("revenue_if_wrong", given_wrong).fill_nan(None),
        pl.Series("expected_revenue", expected).fill_nan(None),
        pl.Series("weight", weights[rows]),
    )
