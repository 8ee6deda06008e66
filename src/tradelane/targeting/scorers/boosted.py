"""Boosted trees (xgboost) on lines with known outcomes, calibrated on the latest of them.

Reasons come from path contributions ("Saabas", xgboost's ``approx_contribs``): along each tree's
path, the change of the expected value at a split is credited to its feature. They add up to the
margin exactly, as Shapley values do, and cost a twentieth of these.

What the probability means: outcomes exist only for lines that someone chose to inspect. It is the
probability among lines like those inspected; where inspection was selective it is too high for
the rest. The random share of each batch is there to measure by how much.
"""

from __future__ import annotations

from collections.abc import Mapping
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
LATEST = 0.25
"""The share of outcomes, the latest by date, that calibration and the card's figures use."""
_FEWEST = 20
"""Fewer outcomes of either kind in the latest share are not enough to calibrate on."""


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
        seed: int,
    ) -> dict[str, Any]:
        """Fit on the earlier outcomes, calibrate and measure on the latest, then fit on all."""
        late = days > np.quantile(days, 1.0 - LATEST)
        figures: dict[str, Any] = {"outcomes": len(wrong), "found_wrong": int(wrong.sum())}
        enough = all(
            min(int(part.sum()), int((~part).sum())) >= _FEWEST
            for part in (wrong[late], wrong[~late])
        )
        if enough:
            earlier = _train(x[~late], wrong[~late], seed)
            raw = _margin(earlier, x[late])
            self._calibration = calibration.fit(raw, wrong[late])
            figures |= {
                "latest_outcomes": int(late.sum()),
                "latest_auc": f"{evaluation.auc(raw, wrong[late]):.4f}",
                "latest_precision_at_5_percent": (
                    f"{evaluation.precision_at(raw, wrong[late], 0.05):.4f}"
                ),
                "latest_share_wrong": f"{wrong[late].mean():.4f}",
            }
        figures["calibrated"] = enough
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
        self._booster = xgb.Booster({"nthread": 2}, model_file=bytearray(files["boosted.ubj"]))
        about = canonical.decode(files["calibration.json"])
        self._calibration = calibration.Calibration(
            float(about["slope"]), float(about["offset"]), about["lines"]
        )

    def _trained(self) -> xgb.Booster:
        if self._booster is None:
            raise RuntimeError("fit or restore the scorer before it is asked")
        return self._booster


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
