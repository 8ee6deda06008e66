"""Chance in proportion to novelty: how the part of exploration is spent that looks for the new.

A line that nothing selects has, beside its plain chance, ``rate * novelty ** power``: a line like
many seen before has next to none of it, a line unlike any has the most. `budget.fill` finds the
rate. `width` is that chance in whole numbers, so that every machine comes to the same.
"""

from __future__ import annotations

from decimal import Decimal

WHOLE = 1 << 64
"""A draw is a whole number under this; a chance is the share of these numbers that win."""
MILLION = 1_000_000
POWER = 2
"""Novelty counts squared: what is rather like the known shall not eat the chance of the new."""
_NANO = 10**9


def nano(rate: str) -> int:
    """A rate's text as a whole number of billionths."""
    return int(Decimal(rate).scaleb(9))


def width(rate: int, power: int, novelty: int, below: int) -> int:
    """So many draws from ``below`` on are won by a line's novelty (in millionths).

    >>> width(nano("0.5"), 1, 500_000, 0) == WHOLE // 4
    True
    """
    wins: int = rate * novelty**power * WHOLE // (_NANO * MILLION**power)
    return min(WHOLE - below, wins)
