"""A fair trial: the same lines ranked by the model and by the price rule, against the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradelane.kit.errors import InputRefused, Problem
from tradelane.targeting import evaluation, features, scorers
from tradelane.targeting.evaluation import Figure
from tradelane.targeting.service import Trained

Rows = NDArray[np.int64]

BUDGETS = (0.01, 0.05, 0.10)


@dataclass(frozen=True, slots=True)
class Result:
    """One figure of one ranking, with its 95 % interval."""

    ranking: str
    measure: str
    figure: Figure


def compare(trained: Trained, lines: pl.DataFrame, scored: pl.DataFrame) -> list[Result]:
    """Every figure of the model's score, of its probability alone, and of the price rule.

    lines: with ``fraud`` (lines where it is null are left out) and, where known,
    ``revenue_recovered``; scored: what `Targeting.score` gave for them, in the same order.
    Errors: InputRefused ``targeting.no_truth``.
    """
    known = lines["fraud"].is_not_null().to_numpy()
    wrong = lines.filter(pl.Series(known))["fraud"].to_numpy().astype(bool)
    if not wrong.any() or wrong.all():
        raise InputRefused(
            Problem(
                "targeting.no_truth",
                f"Of {len(wrong)} lines with a known truth, {int(wrong.sum())} are wrong.",
                hint="A trial needs lines of both kinds; check the truth file's fraud column.",
            )
        )
    revenue = lines["revenue_recovered"].fill_null(0.0).to_numpy()[known]
    x = features.matrix(trained.history.features(lines.filter(pl.Series(known))))
    rankings = {"score": scored["score"].to_numpy()[known]}
    probability = scored["probability"].fill_null(np.nan).to_numpy()[known]
    if not np.isnan(probability).any():
        rankings["probability alone"] = probability
    rankings["price rule"] = scorers.new("price_rule").raw(x)
    results = []
    for name, ranks in rankings.items():
        results += _figures(name, ranks, wrong, revenue)
    if "probability alone" in rankings:
        figure = evaluation.with_interval(
            lambda rows: evaluation.calibration_error(probability[rows], wrong[rows]), len(wrong)
        )
        results.append(Result("probability alone", "calibration error", figure))
    return results


def _figures(
    name: str, ranks: evaluation.Floats, wrong: evaluation.Bools, revenue: evaluation.Floats
) -> list[Result]:
    measures: dict[str, Callable[[Rows], float]] = {
        "AUC": lambda rows: evaluation.auc(ranks[rows], wrong[rows])
    }
    for budget in BUDGETS:
        at = f"at {budget:.0%}".replace("%", " %")
        measures[f"precision {at}"] = _at(evaluation.precision_at, ranks, wrong, budget)
        measures[f"recall {at}"] = _at(evaluation.recall_at, ranks, wrong, budget)
        if revenue.sum() > 0:
            measures[f"share of revenue {at}"] = _at(evaluation.revenue_at, ranks, revenue, budget)
    return [
        Result(name, measure, evaluation.with_interval(of_rows, len(wrong)))
        for measure, of_rows in measures.items()
    ]


def _at(
    figure: Callable[[evaluation.Floats, Any, float], float],
    ranks: evaluation.Floats,
    outcome: NDArray[Any],
    budget: float,
) -> Callable[[Rows], float]:
    return lambda rows: figure(ranks[rows], outcome[rows], budget)
