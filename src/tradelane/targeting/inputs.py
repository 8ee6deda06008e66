"""A model's input, handed to xgboost once for all the trees that are asked about it.

For a single line the handing over costs more than walking through the trees.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from tradelane.targeting.threads import threads_for


class Inputs:
    """``x``: float32, one row a line, one column a feature, NaN where absent; not to be changed."""

    def __init__(self, x: NDArray[np.float32]) -> None:
        self.x = x

    @cached_property
    def matrix(self) -> xgb.DMatrix:
        """The same for xgboost (which warns of an empty one)."""
        return xgb.DMatrix(self.x, nthread=threads_for(len(self.x)))
