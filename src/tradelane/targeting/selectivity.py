"""How selective inspection was: weights that make inspected lines stand for all lines.

A line with an outcome weighs the inverse of the chance that lines like it were inspected (inverse
propensity weighting), as far as that chance shows in features known at filing. What made officers
choose a line and is not in the data stays uncorrected; only a random share measures that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from tradelane.targeting.threads import threads_for

SAMPLE = 10_000
"""Lines of the history that the chance of inspection is learned from."""

_FURTHEST = 5.0
"""No line weighs more than this or less than its inverse: a rare line must not rule the rest."""

_TREES = 50
_PARAMETERS: dict[str, Any] = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_depth": 3,
    "eta": 0.1,
    "min_child_weight": 10,
    "subsample": 0.8,
    "colsample_bytree": 0.4,
    "max_bin": 64,
}


def weights(
    x: NDArray[np.float32],
    inspected: NDArray[np.bool_],
    labelled: NDArray[np.float32],
    seed: int,
) -> NDArray[np.float64]:
    """The weight of each labelled line; 1 for all where everything (or nothing) was inspected.

    x, inspected: a sample of all lines; labelled: the lines to weigh.
    """
    if not len(labelled) or inspected.all() or not inspected.any():
        return np.ones(len(labelled))
    data = xgb.QuantileDMatrix(x, inspected.astype(np.float32), max_bin=64, nthread=1)
    booster = xgb.train({**_PARAMETERS, "seed": seed, "nthread": 1}, data, _TREES)
    chance = booster.predict(xgb.DMatrix(labelled, nthread=threads_for(len(labelled)))).astype(
        np.float64
    )
    found: NDArray[np.float64] = np.clip(inspected.mean() / chance, 1 / _FURTHEST, _FURTHEST)
    return found
