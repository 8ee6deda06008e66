"""Scorers: one way of ranking lines a file, all held to the exam in tests/contract."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tradelane.targeting.inputs import Inputs
    from tradelane.targeting.scorers.forward import Forward

__all__ = ["SCORERS", "Scorer", "new"]


class Scorer(Protocol):
    """Ranks lines by their features.

    ``x`` is float32, one row a line, one column a feature in the order of `catalogue.NAMES`, NaN
    where absent. Every answer for a row depends on that row alone, to the bit.
    """

    name: str
    forward: Forward
    """After `fit`: what it said of lines that it had not learned from then."""

    def fit(
        self,
        x: NDArray[np.float32],
        wrong: NDArray[np.bool_],
        days: NDArray[np.int64],
        weights: NDArray[np.float64],
        seed: int,
    ) -> dict[str, Any]:
        """Learn from lines with known outcomes; returns figures for the model card.

        days: of filing; weights: how many lines of all each stands for (`selectivity`).
        """
        ...

    def raw(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """What lines are ranked by, higher is more suspect; never NaN."""
        ...

    def probability(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """The calibrated probability that an inspection finds the line wrong, or NaN throughout
        where the scorer was never shown outcomes."""
        ...

    def contributions(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """How much each group of `catalogue.GROUPS` raised (or lowered) ``raw``."""
        ...

    def calibrated(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """The `probability` of lines whose ``raw`` is known."""
        ...

    def explained(self, inputs: Inputs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """``raw`` and ``contributions`` together, for less than both one after the other."""
        ...

    def dump(self) -> dict[str, bytes]:
        """Everything that was learned, as files; equal learning gives equal bytes."""
        ...

    def restore(self, files: Mapping[str, bytes]) -> None:
        """Take back what `dump` gave."""
        ...


SCORERS = {
    "boosted": "tradelane.targeting.scorers.boosted:Boosted",
    "linear": "tradelane.targeting.scorers.linear:Linear",
    "network": "tradelane.targeting.scorers.network:Network",
    "price_rule": "tradelane.targeting.scorers.price_rule:PriceRule",
}
"""Every scorer by its name; loaded only when it is asked for."""


def new(name: str) -> Scorer:
    """An untrained scorer of that name; raises KeyError for an unknown one."""
    module, _, attribute = SCORERS[name].partition(":")
    made: Scorer = getattr(import_module(module), attribute)()
    return made
