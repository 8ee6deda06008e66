"""How sure a counted share is."""

from __future__ import annotations

import math


def wilson(hits: float, trials: float, z: float = 1.959964) -> tuple[float, float]:
    """The Wilson score interval of a share, 95 % by default; ``trials`` above 0.

    Wilson, E. B. (1927), Journal of the American Statistical Association 22, 209-212.

    >>> low, high = wilson(1, 10)
    >>> round(low, 4), round(high, 4)
    (0.0179, 0.4042)
    """
    share, z2 = hits / trials, z * z
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    half = spread / (1 + z2 / trials)
    # At 0 and 1 the interval ends exactly there, which floating point misses by a hair.
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
