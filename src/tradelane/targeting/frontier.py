"""Where the middle of the dial lies: as much revenue as costs hardly any hits.

Leaning to revenue (`model.objective`) trades hits for it. How fast depends on how revenue differs
between lines, which no two administrations share. So the middle is found on lines that the model
had not learned from: as far as still keeps `KEPT` of the precision.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tradelane.targeting import weighted
from tradelane.targeting.model import MIDDLE, objective

Floats = NDArray[np.float64]

KEPT = 0.93
"""Of the precision of probability alone; less is kept of lines to come than of these."""
BUDGETS = (0.03, 0.05)
"""The precision is averaged over these shares inspected, because one alone is noisy."""
LEANS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
FEWEST_WRONG = 60
"""With fewer lines found wrong than this, precision says too little to choose by."""


def find_middle(
    likelihood: Floats,
    revenue: Floats,
    typical: float,
    furthest: float,
    wrong: NDArray[np.bool_],
    weight: Floats,
) -> float:
    """How far to lean, one of `LEANS`, or `model.MIDDLE` where too little is known; all arguments
    have one value a line."""
    if int(wrong.sum()) < FEWEST_WRONG or np.isnan(revenue).all():
        return MIDDLE
    nothing = np.zeros(len(wrong))

    def precision(lean: float) -> float:
        score = objective(likelihood, revenue, typical, lean, furthest)
        ranking = weighted.Ranking(score, wrong, nothing, weight)
        return float(np.mean([ranking.measure(weighted.precision_at(b)) for b in BUDGETS]))

    least = KEPT * precision(0.0)
    middle = LEANS[0]
    for lean in LEANS:
        if precision(lean) < least:
            break
        middle = lean
    return middle
