"""The price rule: how far the declared price per kilogram lies under the median of its code.

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

_GAP = NAMES.index("price_kg_gap")
_MOST = 5.0
"""A price under a 150th of the median (e to the fifth) is no more suspect than that."""


class PriceRule:
    """See the module. Raw is ``log(median of peers / declared price per kg)``, within 0 and 5."""

    name = "price_rule"

    def __init__(self) -> None:
        self._calibration: calibration.Calibration | None = None

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
        if self._calibration is None:
            return np.full(len(x), np.nan)
        return self._calibration.apply(self.raw(x))

    def contributions(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        grouped = np.zeros((len(x), len(GROUPS)))
        grouped[:, GROUPS.index("PRICE")] = self.raw(x)
        return grouped

    def dump(self) -> dict[str, bytes]:
        c = self._calibration
        about = (
            {}
            if c is None
            else {"slope": repr(c.slope), "offset": repr(c.offset), "lines": c.lines}
        )
        return {"calibration.json": canonical.encode(about)}

    def restore(self, files: Mapping[str, bytes]) -> None:
        about = canonical.decode(files["calibration.json"])
        self._calibration = (
            calibration.Calibration(float(about["slope"]), float(about["offset"]), about["lines"])
            if about
            else None
        )
