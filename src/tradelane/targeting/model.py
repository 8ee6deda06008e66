"""What the scoring of a line is made of: features with their availability, and the objective."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradelane.kit.errors import InputRefused, Problem

Floats = NDArray[np.float64]

DEFAULT_BALANCE = 0.2
"""Where the dial between the two goals stands if nobody turns it: 0 ranks by probability alone, 0.5
is the middle, 1 ranks by expected revenue."""

MIDDLE = 0.05
"""How far the ranking leans to revenue at the middle of the dial, where too little is known to find
a better value (`frontier.find_middle`)."""

KNOWN_AFTER_INSPECTION = frozenset({"inspected", "fraud", "revenue_recovered", "recorded_at"})
"""Columns that no feature of the same line may use: they do not exist when it is filed."""

AT_FILING = "at filing"


@dataclass(frozen=True, slots=True)
class Feature:
    """One number that the model sees.

    group: the reason it belongs to; needs: the columns of the *same* line that it reads;
    availability: when these are known, which must be at filing; is_record: whether it tells what
    is known of an entity's past.
    """

    name: str
    group: str
    needs: tuple[str, ...]
    availability: str = AT_FILING
    is_record: bool = False


def refuse_unavailable(features: Iterable[Feature]) -> None:
    """Raise InputRefused ``targeting.not_at_filing`` for features that look into the future.

    >>> refuse_unavailable([Feature("log_value", "VALUE", ("customs_value",))])
    """
    problems = [
        Problem(
            "targeting.not_at_filing",
            f"The feature {f.name!r} uses what is only known after inspection "
            f"({', '.join(sorted(KNOWN_AFTER_INSPECTION.intersection(f.needs))) or f.availability}"
            ").",
            hint="Leave it out: a score may use only what is known when the line is filed.",
        )
        for f in features
        if f.availability != AT_FILING or KNOWN_AFTER_INSPECTION.intersection(f.needs)
    ]
    if problems:
        raise InputRefused(problems)


def lean_of(balance: float, middle: float = MIDDLE) -> float:
    """How far the ranking leans to revenue at a place of the dial: straight from 0 to ``middle`` at
    0.5, and from there to 1.

    >>> [round(lean_of(at, 0.1), 3) for at in (0.0, 0.25, 0.5, 0.75, 1.0)]
    [0.0, 0.05, 0.1, 0.55, 1.0]
    """
    if balance <= 0.5:
        return 2.0 * balance * middle
    return middle + (2.0 * balance - 1.0) * (1.0 - middle)


def objective(
    likelihood: Floats,
    revenue: Floats,
    typical: float,
    lean: float,
    furthest: float = 100.0,
) -> Floats:
    """What lines are ranked by: ``likelihood * (1 - lean + lean * revenue / typical)``.

    Of all ways to choose so many lines, the best of this score bring the most revenue for their
    number of hits: choosing k lines to maximise expected revenue while expected hits stay at least
    h is, with a multiplier for the condition, ranking by a weighted sum of the two.

    revenue: what would be recovered if the line is wrong, in the currency of ``typical``, the
    median recovery of the history; the ratio is held within ``1 / furthest`` and ``furthest``.
    Where the revenue is not known (NaN), it counts as typical.

    >>> revenues = np.array([1000.0, 9000.0, np.nan])
    >>> objective(np.array([0.5, 0.5, 0.5]), revenues, 1000.0, 0.1).tolist()
    [0.5, 0.9, 0.5]
    """
    ratio = np.clip(revenue / typical, 1.0 / furthest, furthest)
    blended: Floats = likelihood * (1.0 - lean + lean * np.where(np.isnan(ratio), 1.0, ratio))
    return blended


@dataclass(frozen=True, slots=True)
class Dial:
    """The dial of one model: ``typical`` and ``furthest`` as in `objective`, ``middle`` as in
    `lean_of`."""

    typical: float = 1.0
    furthest: float = 100.0
    middle: float = MIDDLE

    def score(self, likelihood: Floats, revenue: Floats, balance: float) -> Floats:
        """What lines are ranked by at a place of the dial, from 0 to 1; one value a line.

        >>> Dial().score(np.array([0.5, 0.2]), np.array([1.0, 9.0]), 0.0).tolist()
        [0.5, 0.2]
        """
        lean = lean_of(balance, self.middle)
        return objective(likelihood, revenue, self.typical, lean, self.furthest)
