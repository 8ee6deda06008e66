"""How good a model was on lines that it had not learned from, forward in time: what its card and
its page show, as plain JSON (decimals as text).

Everything is estimated for all lines: each line with an outcome counts as many lines as it stands
for. Groups too small to say anything are counted and not shown.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradelane.kit.intervals import wilson
from tradelane.targeting import weighted
from tradelane.targeting.model import Dial
from tradelane.targeting.weighted import Floats, Measure, Ranking

BUDGET = 0.05
"""The share inspected that precision is told for."""
BUDGETS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
DIAL = tuple(step / 10 for step in range(11))
FEWEST_LINES, FEWEST_WRONG = 50, 5
"""A group with less than so many lines with an outcome, or so many found wrong, is not shown."""
MOST_GROUPS = 24
MOST_MISSED = 15
BINS = 10
COLUMNS = (
    "date",
    "office",
    "hs2",
    "preference",
    "fraud",
    "revenue_recovered",
    "probability",
    "revenue_if_wrong",
    "expected_revenue",
    "weight",
)
"""What a forward table has, one row a line. Amounts in the territory's currency; revenue_recovered
is null where a wrong line's amount is not known; revenue_if_wrong: the estimate that lines are
ranked with; expected_revenue: what is promised of the line, right or wrong; weight: how many lines
of all it stands for; selected_by, where it is there, says what had the line inspected."""

GROUPINGS = ("month", "office", "hs2", "preference")

MEASURES: dict[str, Measure] = {
    "precision": weighted.precision_at(BUDGET),
    "auc": weighted.auc,
    "average_precision": weighted.average_precision,
    "base_rate": weighted.base_rate,
}


def summary(forward: pl.DataFrame, dial: Dial) -> dict[str, Any]:
    """Everything that is told of a model, from `COLUMNS` and the dial that it ranks by; empty where
    there is no line, or only wrong or only right ones."""
    table = forward.drop_nulls(["fraud", "probability"]).with_columns(
        month=pl.col("date").dt.strftime("%Y-%m"),
        revenue=pl.col("revenue_recovered").fill_null(0.0),
    )
    if not table.height or table["fraud"].n_unique() < 2:
        return {}
    ranking = _ranking(table, _column(table, "probability"))
    return {
        "lines": table.height,
        "wrong": int(table["fraud"].sum()),
        "from": str(table["date"].min()),
        "to": str(table["date"].max()),
        "overall": _told(ranking.figures(MEASURES)),
        "groups": {name: _groups(table, name) for name in GROUPINGS},
        "calibration": calibration(table),
        "calibration_error": _text(_calibration_error(table)),
        "revenue": revenue(table),
        "budgets": _budgets(ranking),
        "frontier": _frontier(table, dial),
        "missed": missed(table, ranking),
    }


def importance(contributions: NDArray[np.float64], groups: tuple[str, ...]) -> list[dict[str, str]]:
    """How much each group of reasons moves the score: its share of the mean absolute contribution,
    the largest first. contributions: one row a line, one column a group.

    >>> importance(np.array([[3.0, -1.0], [-3.0, 1.0]]), ("PRICE", "ROUTE"))
    [{'group': 'PRICE', 'share': '0.7500'}, {'group': 'ROUTE', 'share': '0.2500'}]
    """
    moved = np.abs(contributions).mean(axis=0) if len(contributions) else np.zeros(len(groups))
    total = moved.sum() or 1.0
    order = np.argsort(-moved, kind="stable")
    return [{"group": groups[at], "share": _text(moved[at] / total) or ""} for at in order]


def calibration(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Tenths of the lines by probability: what was said, and what was found with its interval."""
    said, wrong = _column(table, "probability"), _column(table, "fraud")
    weight = _column(table, "weight")
    found = []
    for rows in _tenths(said, weight):
        share = np.average(wrong[rows], weights=weight[rows])
        # So many lines of equal weight would say as much.
        worth = weight[rows].sum() ** 2 / (weight[rows] ** 2).sum()
        low, high = wilson(share * worth, worth)
        found.append(
            {
                "said": _text(np.average(said[rows], weights=weight[rows])),
                "found": _text(share),
                "low": _text(low),
                "high": _text(high),
                "lines": len(rows),
            }
        )
    return found


def revenue(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Tenths of the lines by expected revenue: expected and recovered for each line, in the
    territory's currency. Wrong lines whose amount is not known are left out."""
    known = table.filter(
        pl.col("expected_revenue").is_not_null(),
        ~(pl.col("fraud") & pl.col("revenue_recovered").is_null()),
    )
    expected, found = _column(known, "expected_revenue"), _column(known, "revenue")
    weight = _column(known, "weight")
    return [
        {
            "expected": _text(np.average(expected[rows], weights=weight[rows]), 2),
            "recovered": _text(np.average(found[rows], weights=weight[rows]), 2),
            "lines": len(rows),
        }
        for rows in _tenths(expected, weight)
    ]


def missed(table: pl.DataFrame, ranking: Ranking) -> dict[str, Any]:
    """What inspecting the best `BUDGET` alone would have missed: the share of wrong lines and of
    revenue, and the lines that cost most. Where the table says what had a line inspected, only
    those that chance or a rule found are listed: the model's own finds do not show its gaps."""
    place = pl.Series("place", ranking.places())
    low = table.with_columns(place).filter(pl.col("fraud"), pl.col("place") > BUDGET)
    if "selected_by" in table.columns:
        low = low.filter(pl.col("selected_by").is_in(["random", "rule", "novel"]))
    worst = low.sort("revenue", "date", descending=True).head(MOST_MISSED)
    return {
        "share_of_wrong": _text(1 - ranking.measure(weighted.recall_at(BUDGET))),
        "share_of_revenue": _text(1 - ranking.measure(weighted.revenue_at(BUDGET))),
        "lines": low.height,
        "worst": [
            {
                "date": str(row["date"]),
                "office": row["office"],
                "hs2": row["hs2"],
                "preference": row["preference"],
                "place": _text(row["place"]),
                "probability": _text(row["probability"]),
                "revenue": _text(row["revenue"], 2),
            }
            for row in worst.iter_rows(named=True)
        ],
    }


def _groups(table: pl.DataFrame, name: str) -> dict[str, Any]:
    """The measures of each group; those too small are only counted."""
    shown, small = [], []
    for (value,), part in table.group_by(name, maintain_order=True):
        wrong = int(part["fraud"].sum())
        if part.height < FEWEST_LINES or min(wrong, part.height - wrong) < FEWEST_WRONG:
            small.append(part.height)
            continue
        ranking = _ranking(part, _column(part, "probability"))
        figures = _told(ranking.figures(MEASURES, draws=100))
        shown.append(
            {"group": str(value or ""), "lines": part.height, "wrong": wrong, "figures": figures}
        )
    if name == "month":
        shown.sort(key=lambda one: str(one["group"]))
        kept = shown[-MOST_GROUPS:]
    else:
        shown.sort(key=lambda one: (-int(str(one["lines"])), str(one["group"])))
        kept = shown[:MOST_GROUPS]
    left = sum(int(str(one["lines"])) for one in shown if one not in kept)
    return {
        "shown": kept,
        "not_shown": {
            "groups": len(small) + len(shown) - len(kept),
            "lines": sum(small) + left,
        },
    }


def _budgets(ranking: Ranking) -> list[dict[str, Any]]:
    found = ranking.figures({str(budget): weighted.precision_at(budget) for budget in BUDGETS})
    return [
        {
            "budget": _text(budget),
            **dict(zip(("precision", "low", "high"), map(_text, found[str(budget)]), strict=True)),
            "recall": _text(ranking.measure(weighted.recall_at(budget))),
            "revenue": _text(ranking.measure(weighted.revenue_at(budget))),
        }
        for budget in BUDGETS
    ]


def _frontier(table: pl.DataFrame, dial: Dial) -> list[dict[str, Any]]:
    """Precision and share of revenue at `BUDGET` along the dial between probability and revenue."""
    likelihood = _column(table, "probability")
    given_wrong = table["revenue_if_wrong"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    found = []
    for balance in DIAL:
        ranking = _ranking(table, dial.score(likelihood, given_wrong, balance))
        found.append(
            {
                "balance": _text(balance, 1),
                "precision": _text(ranking.measure(weighted.precision_at(BUDGET))),
                "revenue": _text(ranking.measure(weighted.revenue_at(BUDGET))),
            }
        )
    return found


def _calibration_error(table: pl.DataFrame) -> float:
    said, wrong = _column(table, "probability"), _column(table, "fraud")
    weight = _column(table, "weight")
    off = sum(
        weight[rows].sum() * abs(np.average(said[rows] - wrong[rows], weights=weight[rows]))
        for rows in _tenths(said, weight)
    )
    return float(off / weight.sum())


def _tenths(by: Floats, weight: Floats) -> list[NDArray[np.int64]]:
    """Positions in ten parts of about equal weight, in the order of ``by``; equal values stay
    together, empty parts are left out."""
    if not len(by):
        return []
    values, group = np.unique(by, return_inverse=True)
    upto = np.cumsum(np.bincount(group, weights=weight, minlength=len(values)))
    middle = upto - np.bincount(group, weights=weight, minlength=len(values)) / 2
    part = np.minimum((middle / upto[-1] * BINS).astype(np.int64), BINS - 1)[group]
    return [rows for n in range(BINS) if len(rows := np.flatnonzero(part == n))]


def _ranking(table: pl.DataFrame, score: Floats) -> Ranking:
    return Ranking(
        score,
        table["fraud"].to_numpy().astype(np.bool_),
        _column(table, "revenue"),
        _column(table, "weight"),
    )


def _column(table: pl.DataFrame, name: str) -> Floats:
    return table[name].cast(pl.Float64).to_numpy()


def _told(figures: dict[str, tuple[float, float, float]]) -> dict[str, list[str | None]]:
    return {name: [_text(value) for value in found] for name, found in figures.items()}


def _text(value: float, decimals: int = 4) -> str | None:
    return f"{value:.{decimals}f}" if np.isfinite(value) else None
