"""From what a history says about lines to what is said of them: one function for file and door."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradelane.targeting import features
from tradelane.targeting.inputs import Inputs
from tradelane.targeting.novelty import has_ground, novelty
from tradelane.targeting.reasons import MOST, NO_GROUND, NOTHING_ELSE, explain
from tradelane.targeting.sentences import Facts

if TYPE_CHECKING:
    from tradelane.targeting.service import Trained

SCORES: dict[str, pl.DataType] = {
    **{
        name: kind
        for amount in ("probability", "expected_revenue", "score", "novelty")
        for name, kind in ((amount, pl.Float64()), (f"{amount}_text", pl.String()))
    },
    **{
        f"reason_{place}_{part}": pl.String()
        for place in range(1, MOST + 1)
        for part in ("code", "text")
    },
    "features_digest": pl.String(),
}
"""What is said of a line beside its subject, as `service.Targeting.score` tells it."""


def judge(
    trained: Trained,
    answers: features.Answers,
    column: Callable[[str], list[Any]],
    balance: float,
) -> dict[str, list[Any]]:
    """The columns of `SCORES` for lines about which the history was asked.

    column: gives a column of the lines themselves (None where absent); balance: the dial, 0 to 1.
    A line where the model has no ground to stand on gets the score 0, which no ranking selects.
    """
    x = features.matrix(answers)
    inputs = Inputs(x)
    raw, contributions = trained.scorer.explained(inputs)
    probability = trained.scorer.calibrated(raw)
    money = trained.revenue
    given_wrong = money.estimate(inputs)
    likelihood = np.where(np.isnan(probability), raw, probability)
    score = money.dial.score(likelihood, given_wrong, balance)
    grounded = has_ground(answers)
    columns: dict[str, list[Any]] = {}
    for name, values, decimals in (
        ("probability", probability, 6),
        ("expected_revenue", money.scale.apply(probability * given_wrong), 2),
        ("score", np.where(grounded, score, 0.0), 6),
        ("novelty", np.where(grounded, novelty(answers, probability), 1.0), 6),
    ):
        texts = _fixed(values, decimals)
        columns[name] = [None if text is None else float(text) for text in texts]
        columns[f"{name}_text"] = texts
    reasons = explain(contributions, Facts(answers, column))
    for row in np.flatnonzero(~grounded).tolist():
        for place, (codes, sentences) in enumerate(reasons):
            codes[row], sentences[row] = NO_GROUND if place == 0 else NOTHING_ELSE
    for place, (codes, sentences) in enumerate(reasons, start=1):
        columns |= {f"reason_{place}_code": codes, f"reason_{place}_text": sentences}
    columns["features_digest"] = _digests(x)
    return columns


def _fixed(values: NDArray[np.float64], decimals: int) -> list[str | None]:
    return [None if v != v else f"{v:.{decimals}f}" for v in values.tolist()]


def _digests(x: NDArray[np.float32]) -> list[str]:
    data, width = x.tobytes(), x.shape[1] * x.itemsize
    return [
        "sha256:" + hashlib.sha256(data[start : start + width]).hexdigest()
        for start in range(0, len(data), width)
    ]
