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
from tradelane.targeting.inputs import Inputs
from tradelane.targeting.model import MIDDLE, Dial

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


@dataclass(frozen=True, slots=True)
class Scale:
    """How an expected revenue (probability times revenue if wrong) turns into what inspections
    really bring: times a factor, in the same currency.

    at: logarithms of expected amounts, rising; factors: the logarithm of the factor at each,
    straight between them and constant beyond. Without any, amounts stay.
    """

    at: tuple[float, ...] = ()
    factors: tuple[float, ...] = ()

    def apply(self, expected: Floats) -> Floats:
        """The corrected amounts; NaN stays.

        >>> Scale().apply(np.array([0.0, 12.5])).tolist()
        [0.0, 12.5]
        >>> Scale((0.0,), (np.log(2.0),)).apply(np.array([0.0, 3.0])).round(6).tolist()
        [0.0, 6.0]
        """
        if not self.at:
            return np.maximum(expected, 0.0)
        with np.errstate(all="ignore"):
            factors = np.interp(np.log(expected), self.at, self.factors)
        found: Floats = np.maximum(expected, 0.0) * np.exp(factors)
        return found


@dataclass
class Revenue:
    """An estimator of revenue given that the line is wrong; ``basis`` is a key of `BASES`.

    typical: the median recovery; middle: how far the ranking leans to revenue at the
    middle of the dial (`frontier`); scale: what corrects an expected revenue.
    """

    basis: str = "none"
    typical: float = 1.0
    smear: float = 1.0
    """Duan's (1983) factor: the mean of exp(residual), because the model predicts a logarithm."""
    cap: float = 0.0
    booster: xgb.Booster | None = None
    middle: float = MIDDLE
    scale: Scale = Scale()

    @property
    def dial(self) -> Dial:
        """How the two goals are weighed by what is known of revenue."""
        return Dial(self.typical, FURTHEST[self.basis], self.middle)

    def estimate_of(self, x: NDArray[np.float32]) -> Floats:
        """As `estimate`, for features as an array."""
        return self.estimate(Inputs(x))

    def estimate(self, inputs: Inputs) -> Floats:
        """Revenue for each line, in the history's currency; NaN where the basis is none."""
        x = inputs.x
        if self.basis == "none" or not len(x):
            return np.full(len(x), np.nan)
        if self.booster is None:
            charges = np.exp(x[:, _CHARGES].astype(np.float64)) - 1.0
            return np.where(np.isnan(charges), self.typical, charges)
        found = self.booster.predict(inputs.matrix, validate_features=False)
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
            "middle": repr(self.middle),
            "scale_at": [repr(value) for value in self.scale.at],
            "scale_factors": [repr(value) for value in self.scale.factors],
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
    data = xgb.QuantileDMatrix(x[found], target, nthread=1)
    booster = xgb.train({**_PARAMETERS, "seed": seed, "nthread": 1}, data, _TREES)
    fitted = booster.predict(xgb.DMatrix(x[found], nthread=1), validate_features=False)
    smear = float(np.mean(np.exp(target - fitted)))
    return Revenue("model", float(np.median(amounts)), smear, cap, booster)


TENTHS = 10
_PULL = 10.0
"""How many findings it takes before a tenth is half believed, over what all lines say."""
_FURTHEST_FACTOR = 1.5
"""No tenth is corrected by more than e to this beside the rest."""


def calibrate(expected: Floats, realised: Floats, weights: Floats) -> Scale:
    """The correction that makes expected and realised revenue agree: one factor for all lines, and
    beside it one for each tenth by expected revenue, drawn to none the fewer findings are in it. A
    tenth's total hangs on a few large findings, so alone it would follow their accident.

    All one value a line, NaN where not known; weights: how many lines of all each stands for.

    >>> doubled = calibrate(np.array([1.0, 2.0, 4.0] * 40), np.array([2.0, 4.0, 8.0] * 40),
    ...     np.ones(120))
    >>> round(float(doubled.apply(np.array([3.0]))[0]), 2)
    6.0
    """
    known = np.isfinite(expected) & np.isfinite(realised) & (expected > 0)
    if int((realised[known] > 0).sum()) < FEWEST_FINDINGS // 2:
        return Scale()
    order = np.flatnonzero(known)[np.argsort(expected[known], kind="stable")]
    promised, brought, w = expected[order], realised[order], weights[order]
    overall = float((w * brought).sum() / (w * promised).sum())
    reached = np.cumsum(w)
    tenth = np.minimum((reached / reached[-1] * TENTHS).astype(np.int64), TENTHS - 1)
    at, factors = list[float](), list[float]()
    for number in range(TENTHS):
        rows = tenth == number
        if not rows.any():
            continue
        here, found = (w * promised)[rows].sum(), (w * brought)[rows].sum()
        findings = float((brought[rows] > 0).sum())
        beside = np.log(found / (overall * here)) if found > 0 else 0.0
        beside = float(np.clip(beside, -_FURTHEST_FACTOR, _FURTHEST_FACTOR))
        at.append(float(np.log(here / w[rows].sum())))
        factors.append(float(np.log(overall)) + beside * findings / (findings + _PULL))
    # Equal expectations may fill more than one tenth.
    distinct, first = np.unique(at, return_index=True)
    return Scale(tuple(distinct.tolist()), tuple(factors[i] for i in first.tolist()))


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
        float(about["middle"]),
        Scale(*(tuple(map(float, about[name])) for name in ("scale_at", "scale_factors"))),
    )
