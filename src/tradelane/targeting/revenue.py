"""What would be recovered if a line is found wrong: learned from findings, else charges at stake.

Amounts are in the currency that the history's findings and values are in; a history in several
currencies must be converted before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from tradelane.kit import canonical
from tradelane.targeting.catalogue import NAMES
from tradelane.targeting.threads import threads_for

Floats = NDArray[np.float64]

FEWEST_FINDINGS = 50
"""Fewer findings with revenue than this are not learned from; charges at stake stand in."""

BASES = {
    "model": "learned from what was recovered on lines found wrong",
    "charges": "too few findings with revenue to learn from: the line's duty and taxes stand in",
    "none": "not known: neither findings with revenue nor duty rates; lines rank by probability",
}

FURTHEST = {"model": 100.0, "charges": 10.0, "none": 1.0}
"""How far a line's revenue may lie from the typical one in the objective. Charges at stake are not
what would be recovered, and they vary over many powers of ten, so they may say less."""

_CHARGES = NAMES.index("log_charges")
_TREES = 80
_PARAMETERS: dict[str, Any] = {
    "objective": "reg:squarederror",
    "tree_method": "hist",
    "max_depth": 4,
    "eta": 0.08,
    "min_child_weight": 5,
    "subsample": 0.8,
    "colsample_bytree": 0.5,
    "reg_lambda": 5.0,
}


@dataclass
class Revenue:
    """An estimator of revenue given that the line is wrong; ``basis`` is a key of `BASES`."""

    basis: str = "none"
    typical: float = 1.0
    smear: float = 1.0
    """Duan's (1983) factor: the mean of exp(residual), because the model predicts a logarithm."""
    cap: float = 0.0
    booster: xgb.Booster | None = None

    def estimate(self, x: NDArray[np.float32]) -> Floats:
        """Revenue for each line, in the history's currency; NaN where the basis is none."""
        if self.basis == "none" or not len(x):
            return np.full(len(x), np.nan)
        if self.booster is None:
            charges = np.exp(x[:, _CHARGES].astype(np.float64)) - 1.0
            return np.where(np.isnan(charges), self.typical, charges)
        found = self.booster.predict(
            xgb.DMatrix(x, nthread=threads_for(len(x))), validate_features=False
        )
        # An exponent beyond 60 is over any amount and would only overflow.
        amounts = np.exp(np.minimum(found.astype(np.float64), 60.0)) * self.smear - 1.0
        return np.clip(amounts, 0.0, self.cap)

    def dump(self) -> dict[str, bytes]:
        """The estimator as files."""
        about = {
            "basis": self.basis,
            "typical": repr(self.typical),
            "smear": repr(self.smear),
            "cap": repr(self.cap),
        }
        files = {"revenue.json": canonical.encode(about)}
        if self.booster is not None:
            files["revenue.ubj"] = bytes(self.booster.save_raw("ubj"))
        return files


def fit(x: NDArray[np.float32], wrong: NDArray[np.bool_], recovered: Floats, seed: int) -> Revenue:
    """Learn from lines with outcomes; ``recovered`` is NaN where it is not known."""
    found = wrong & (recovered > 0)
    if int(found.sum()) < FEWEST_FINDINGS:
        return from_charges(x)
    amounts = recovered[found]
    cap = float(np.quantile(amounts, 0.99))
    target = np.log1p(np.minimum(amounts, cap))
    threads = threads_for(len(amounts))
    data = xgb.QuantileDMatrix(x[found], target, feature_names=list(NAMES), nthread=threads)
    booster = xgb.train({**_PARAMETERS, "seed": seed, "nthread": threads}, data, _TREES)
    fitted = booster.predict(xgb.DMatrix(x[found], nthread=threads), validate_features=False)
    smear = float(np.mean(np.exp(target - fitted)))
    return Revenue("model", float(np.median(amounts)), smear, cap, booster)


def from_charges(x: NDArray[np.float32]) -> Revenue:
    """The fallback: a line's own charges, and the median of the history's where it has none."""
    charges = np.exp(x[:, _CHARGES].astype(np.float64)) - 1.0
    charges = charges[charges > 0]
    return Revenue("charges", float(np.median(charges))) if len(charges) else Revenue()


def restore(files: Mapping[str, bytes]) -> Revenue:
    """The estimator that `Revenue.dump` wrote."""
    about = canonical.decode(files["revenue.json"])
    data = files.get("revenue.ubj")
    booster = xgb.Booster({"nthread": 1}, model_file=bytearray(data)) if data else None
    return Revenue(
        about["basis"],
        float(about["typical"]),
        float(about["smear"]),
        float(about["cap"]),
        booster,
    )
