"""What scorers have in common that learn arrays of numbers: all but how they learn and answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tradelane.targeting import calibration
from tradelane.targeting.inputs import Inputs
from tradelane.targeting.scorers import forward, standard

Floats = NDArray[np.float64]


class Fitted(Protocol):
    """What was learned."""

    def explained(self, x: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """``raw`` and ``contributions`` of lines."""
        ...

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All of it, by name."""
        ...


class Learner(ABC):
    """A `Scorer` but for two methods."""

    name: str

    def __init__(self) -> None:
        self._fitted: Fitted | None = None
        self._calibration = calibration.Calibration()
        self.forward = forward.NOTHING

    @abstractmethod
    def learn(self, x: NDArray[np.float32], wrong: NDArray[np.bool_], seed: int) -> Fitted:
        """Learn from lines with known outcomes."""

    @abstractmethod
    def take(self, arrays: Mapping[str, NDArray[Any]]) -> Fitted:
        """What was learned, from its `Fitted.arrays`."""

    def fit(
        self,
        x: NDArray[np.float32],
        wrong: NDArray[np.bool_],
        days: NDArray[np.int64],
        weights: Floats,
        seed: int,
    ) -> dict[str, Any]:
        """Calibrate and measure forward in time, then fit on all outcomes."""

        def learn(x: NDArray[np.float32], wrong: NDArray[np.bool_]) -> forward.Asking:
            fitted = self.learn(x, wrong, seed)
            return lambda asked: fitted.explained(asked)[0]

        self._calibration, figures, self.forward = forward.calibrate(learn, x, wrong, days, weights)
        self._fitted = self.learn(x, wrong, seed)
        return figures

    def raw(self, x: NDArray[np.float32]) -> Floats:
        return self._trained().explained(x)[0]

    def probability(self, x: NDArray[np.float32]) -> Floats:
        return self.calibrated(self.raw(x))

    def calibrated(self, raw: Floats) -> Floats:
        return self._calibration.apply(raw)

    def contributions(self, x: NDArray[np.float32]) -> Floats:
        return self.explained(Inputs(x))[1]

    def explained(self, inputs: Inputs) -> tuple[Floats, Floats]:
        raw, contributions = self._trained().explained(inputs.x)
        return raw, contributions * self._calibration.has_skill

    def dump(self) -> dict[str, bytes]:
        return {
            f"{self.name}.npz": standard.pack(self._trained().arrays()),
            "calibration.json": self._calibration.dump(),
        }

    def restore(self, files: Mapping[str, bytes]) -> None:
        self._fitted = self.take(standard.unpack(files[f"{self.name}.npz"]))
        self._calibration = calibration.load(files["calibration.json"])

    def _trained(self) -> Fitted:
        if self._fitted is None:
            raise RuntimeError("fit or restore the scorer before it is asked")
        return self._fitted
