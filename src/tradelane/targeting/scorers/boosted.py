"""Boosted trees (xgboost) on lines with known outcomes, calibrated on the latest of them.

Reasons come from path contributions ("Saabas", xgboost's ``approx_contribs``): along each tree's
path, the change of the expected value at a split is credited to its feature. They add up to the
margin exactly, as Shapley values do, and cost a twentieth of these.

What the probability means: outcomes exist only for lines that someone chose to inspect. The trees
learn from them as they are; calibration weighs them so that they stand for all lines, as far as
the choice shows in the features (`selectivity`). What made officers choose and is not in the data
stays: where they knew more, the probability of other lines is too high. The random share of each
batch is there to measure by how much.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from tradelane.kit import canonical
from tradelane.targeting import calibration, evaluation
from tradelane.targeting.catalogue import FEATURES, GROUPS, NAMES
from tradelane.targeting.threads import threads_for

TREES = 140
PARAMETERS: dict[str, Any] = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_depth": 4,
    "eta": 0.06,
    "min_child_weight": 4,
    "subsample": 0.8,
    "colsample_bytree": 0.4,
    "reg_lambda": 5.0,
    "max_bin": 128,
}
FOLDS = (0.4, 0.6, 0.8, 1.0)
"""Calibration and the card's figures come from outcomes that were not learned from: trees grown on
the first 40 % of the days are asked about the next fifth, and so on, forward in time."""
_FEWEST = 20
"""Fewer outcomes of either kind on either side of a cut are not enough for it."""


class Boosted:
    """See the module."""

    name = "boosted"

    def __init__(self) -> None:
        self._booster: xgb.Booster | None = None
        self._calibration = calibration.Calibration()

    def fit(
        self,
        x: NDArray[np.float32],
        wrong: NDArray[np.bool_],
        days: NDArray[np.int64],
        weights: NDArray[np.float64],
        seed: int,
    ) -> dict[str, Any]:
        """Calibrate and measure forward in time, then fit on all outcomes."""
        figures: dict[str, Any] = {"outcomes": len(wrong), "found_wrong": int(wrong.sum())}
        raw, asked = _forward(x, wrong, days, seed)
        figures["calibrated_on"] = len(asked)
        if len(asked):
            self._calibration = calibration.fit(raw, wrong[asked], weights[asked])
            figures |= {
                "forward_auc": f"{evaluation.auc(raw, wrong[asked]):.4f}",
                "forward_precision_at_5_percent": (
                    f"{evaluation.precision_at(raw, wrong[asked], 0.05):.4f}"
                ),
                "forward_share_wrong": f"{wrong[asked].mean():.4f}",
                "forward_share_wrong_weighted": (
                    f"{np.average(wrong[asked], weights=weights[asked]):.4f}"
                ),
            }
        self._booster = _train(x, wrong, seed)
        return figures

    def raw(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        return _margin(self._trained(), x)

    def probability(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        return self._calibration.apply(self.raw(x))

    def contributions(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        if not len(x):
            return np.zeros((0, len(GROUPS)))
        found = self._trained().predict(
            _matrix(x), pred_contribs=True, approx_contribs=True, validate_features=False
        )
        grouped = np.zeros((len(x), len(GROUPS)))
        # Column by column, so that the order of addition never depends on the batch.
        for column, feature in enumerate(FEATURES):
            grouped[:, GROUPS.index(feature.group)] += found[:, column]
        return grouped

    def dump(self) -> dict[str, bytes]:
        c = self._calibration
        about = {"slope": repr(c.slope), "offset": repr(c.offset), "lines": c.lines}
        return {
            "boosted.ubj": bytes(self._trained().save_raw("ubj")),
            "calibration.json": canonical.encode(about),
        }

    def restore(self, files: Mapping[str, bytes]) -> None:
        self._booster = xgb.Booster({"nthread": 1}, model_file=bytearray(files["boosted.ubj"]))
        about = canonical.decode(files["calibration.json"])
        self._calibration = calibration.Calibration(
            float(about["slope"]), float(about["offset"]), about["lines"]
        )

    def _trained(self) -> xgb.Booster:
        if self._booster is None:
            raise RuntimeError("fit or restore the scorer before it is asked")
        return self._booster


def _forward(
    x: NDArray[np.float32], wrong: NDArray[np.bool_], days: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Margins of lines that were not learned from, and which lines these are."""
    edges = np.quantile(days, FOLDS)
    margins, rows = [np.zeros(0)], [np.zeros(0, np.int64)]
    for start, end in pairwise(edges):
        before, after = days <= start, (days > start) & (days <= end)
        sides = (wrong[before], wrong[after])
        if any(min(int(s.sum()), int((~s).sum())) < _FEWEST for s in sides):
            continue
        margins.append(_margin(_train(x[before], wrong[before], seed), x[after]))
        rows.append(np.flatnonzero(after))
    return np.concatenate(margins), np.concatenate(rows)


def _train(x: NDArray[np.float32], wrong: NDArray[np.bool_], seed: int) -> xgb.Booster:
    threads = threads_for(len(x))
    data = xgb.QuantileDMatrix(
        x, wrong.astype(np.float32), feature_names=list(NAMES), nthread=threads, max_bin=128
    )
    return xgb.train({**PARAMETERS, "seed": seed, "nthread": threads}, data, TREES)


def _matrix(x: NDArray[np.float32]) -> xgb.DMatrix:
    return xgb.DMatrix(x, nthread=threads_for(len(x)))


def _margin(booster: xgb.Booster, x: NDArray[np.float32]) -> NDArray[np.float64]:
    if not len(x):  # xgboost warns of an empty matrix
        return np.zeros(0)
    found = booster.predict(_matrix(x), output_margin=True, validate_features=False)
    return np.asarray(found, dtype=np.float64)
