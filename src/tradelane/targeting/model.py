"""What the scoring of a line is made of: features with their availability, and the objective."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradelane.kit.errors import InputRefused, Problem

Floats = NDArray[np.float64]

DEFAULT_BALANCE = 0.1
"""Exponent of the revenue in the objective: 0 ranks by probability alone, 1 by expected revenue.
At a tenth the ranking of simulated administrations keeps about nine tenths of its precision and
gains half as much revenue again; how far one can go depends on how revenue differs between lines.
"""

KNOWN_AFTER_INSPECTION = frozenset({"inspected", "fraud", "revenue_recovered", "recorded_at"})
"""Columns that no feature of the same line may use: they do not exist when it is filed."""

AT_FILING = "at filing"


@dataclass(frozen=True, slots=True)
class Feature:
    """One number that the model sees.

    group: the reason it belongs to; needs: the columns of the *same* line that it reads;
    availability: when these are known, which must be at filing.
    """

    name: str
    group: str
    needs: tuple[str, ...]
    availability: str = AT_FILING


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


def objective(
    likelihood: Floats,
    revenue: Floats,
    typical: float,
    balance: float = DEFAULT_BALANCE,
    furthest: float = 100.0,
) -> Floats:
    """What lines are ranked by: ``likelihood * (revenue / typical) ** balance``.

    revenue: what would be recovered if the line is wrong, in the currency of ``typical``, the
    median recovery of the history; the ratio is held within ``1 / furthest`` and ``furthest``.
    Where the revenue is not known (NaN), likelihood alone counts.

    >>> revenues = np.array([1000.0, 9000.0, np.nan])
    >>> objective(np.array([0.5, 0.5, 0.5]), revenues, 1000.0, 0.5).tolist()
    [0.5, 1.5, 0.5]
    """
    ratio = np.clip(revenue / typical, 1.0 / furthest, furthest)
    blended: Floats = likelihood * np.where(np.isnan(ratio), 1.0, ratio**balance)
    return blended
