"""The price rule: how far the declared price per kilogram lies under the median of its code, which
is drawn towards that of the heading where the code has few lines (`peers`).

The baseline that any model must beat, and what is used where a history has no outcomes to learn
from. A line whose price or peers are not known gets no suspicion from it (raw 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradelane.kit import canonical
from tradelane.targeting import calibration
from tradelane.targeting.catalogue import GROUPS, NAMES
from tradelane.targeting.inputs import Inputs
from tradelane.targeting.scorers import forward

_GAP = NAMES.index("price_kg_gap")
_MOST = 5.0
"""A price under a 150th of the median (e to the fifth) is no more suspect than that."""


class PriceRule:
    """See the module. Raw is ``log(usual price per kg / declared one)``, within 0 and 5."""

    name = "price_rule"

    def __init__(self) -> None:
        self._calibration: calibration.Calibration | None = None
        self.forward = forward.NOTHING

    def fit(
        self,
        x: NDArray[np.float32],
        wrong: NDArray[np.bool_],
        days: NDArray[np.int64],
        weights: NDArray[np.float64],
        seed: int,
    ) -> dict[str, Any]:
        """Learn only how raw turns into a probability; with fewer than two kinds of outcome,
        nothing is learned and there is no probability."""
        if wrong.any() and not wrong.all():
            self._calibration = calibration.fit(self.raw(x), wrong, weights)
        return {"outcomes": len(wrong), "found_wrong": int(wrong.sum())}

    def raw(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        gap = x[:, _GAP].astype(np.float64)
        return np.clip(np.where(np.isnan(gap), 0.0, -gap), 0.0, _MOST)

    def probability(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        return self.calibrated(self.raw(x))

    def calibrated(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._calibration is None:
            return np.full(len(raw), np.nan)
        return self._calibration.apply(raw)

    def contributions(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        grouped = np.zeros((len(x), len(GROUPS)))
        grouped[:, GROUPS.index("PRICE")] = self.raw(x)
        return grouped

    def explained(self, inputs: Inputs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self.raw(inputs.x), self.contributions(inputs.x)

    def dump(self) -> dict[str, bytes]:
        c = self._calibration
        return {"calibration.json": canonical.encode({}) if c is None else c.dump()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        data = files["calibration.json"]
        self._calibration = calibration.load(data) if canonical.decode(data) else None
