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
from itertools import zip_longest
from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from tradelane.targeting import calibration
from tradelane.targeting.catalogue import FEATURES, GROUPS
from tradelane.targeting.inputs import Inputs
from tradelane.targeting.scorers import forward
from tradelane.targeting.threads import side_by_side

MANY = 500
"""From so many lines found wrong on, deeper and more trees find more than they imagine."""
_BINS = 64
"""Finer steps rank lines to come no better and take a third longer to learn."""
PARAMETERS: dict[str, Any] = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_depth": 4,
    "eta": 0.05,
    "min_child_weight": 1,
    "subsample": 0.8,
    "colsample_bytree": 0.4,
    "reg_lambda": 5.0,
    "max_bin": _BINS,
    # A worse record never makes a line less suspect: with few outcomes, trees find such accidents.
    "monotone_constraints": str(
        tuple(int(f.name.endswith(("_share", "_share_recent")) and f.is_record) for f in FEATURES)
    ),
}
_FEW_TREES, _MANY_TREES = 200, 300
_DEEPER = {"max_depth": 5}

_COLUMNS = [[i for i, f in enumerate(FEATURES) if f.group == group] for group in GROUPS]
_TURNS = [list(turn) for turn in zip_longest(*_COLUMNS, fillvalue=len(FEATURES))]
"""The first column of every group, the second of every group, ...; a column of zeros for those
that have no more."""


class Boosted:
    """See the module."""

    name = "boosted"

    def __init__(self) -> None:
        self._booster: xgb.Booster | None = None
        self._calibration = calibration.Calibration()
        self.forward = forward.NOTHING

    def fit(
        self,
        x: NDArray[np.float32],
        wrong: NDArray[np.bool_],
        days: NDArray[np.int64],
        weights: NDArray[np.float64],
        seed: int,
    ) -> dict[str, Any]:
        """Calibrate and measure forward in time, then fit on all outcomes."""

        def learn(x: NDArray[np.float32], wrong: NDArray[np.bool_]) -> forward.Asking:
            booster = _train(x, wrong, seed)
            return lambda asked: _margin(booster, Inputs(asked))

        told, self._booster = side_by_side(
            lambda: forward.calibrate(learn, x, wrong, days, weights),
            lambda: _train(x, wrong, seed),
        )
        self._calibration, figures, self.forward = told
        return figures

    def raw(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        return _margin(self._trained(), Inputs(x))

    def probability(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        return self.calibrated(self.raw(x))

    def calibrated(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._calibration.apply(raw)

    def contributions(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        return self.explained(Inputs(x))[1]

    def explained(self, inputs: Inputs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        raw = _margin(self._trained(), inputs)
        if not len(raw):
            return raw, np.zeros((0, len(GROUPS)))
        found = self._trained().predict(
            inputs.matrix, pred_contribs=True, approx_contribs=True, validate_features=False
        )
        return raw, _by_group(found) * self._calibration.has_skill

    def dump(self) -> dict[str, bytes]:
        return {
            "boosted.ubj": bytes(self._trained().save_raw("ubj")),
            "calibration.json": self._calibration.dump(),
        }

    def restore(self, files: Mapping[str, bytes]) -> None:
        self._booster = xgb.Booster({"nthread": 1}, model_file=bytearray(files["boosted.ubj"]))
        self._calibration = calibration.load(files["calibration.json"])

    def _trained(self) -> xgb.Booster:
        if self._booster is None:
            raise RuntimeError("fit or restore the scorer before it is asked")
        return self._booster


def _train(x: NDArray[np.float32], wrong: NDArray[np.bool_], seed: int) -> xgb.Booster:
    data = xgb.QuantileDMatrix(x, wrong.astype(np.float32), nthread=1, max_bin=_BINS)
    many = int(wrong.sum()) >= MANY
    parameters = {**PARAMETERS, **(_DEEPER if many else {}), "seed": seed, "nthread": 1}
    return xgb.train(parameters, data, _MANY_TREES if many else _FEW_TREES)


def _by_group(contributions: NDArray[np.float32]) -> NDArray[np.float64]:
    """The sums of each group's columns (the last column, the bias, has no group)."""
    nothing = np.zeros((len(contributions), 1))
    wide = np.hstack([contributions[:, :-1], nothing])
    grouped = np.zeros((len(contributions), len(GROUPS)))
    # One column of every group at a time, so that the order of addition never depends on the batch.
    for columns in _TURNS:
        grouped += wide[:, columns]
    return grouped


def _margin(booster: xgb.Booster, inputs: Inputs) -> NDArray[np.float64]:
    if not len(inputs.x):
        return np.zeros(0)
    found = booster.predict(inputs.matrix, output_margin=True, validate_features=False)
    return np.asarray(found, dtype=np.float64)
