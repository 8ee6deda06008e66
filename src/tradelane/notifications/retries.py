"""When a webhook that failed is sent again, and when that ends."""

from __future__ import annotations

from datetime import datetime, timedelta

WAITS = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""How long is waited after the first, second ... failure; after the ninth it is given up."""

MAX_ATTEMPTS = len(WAITS) + 1
JITTER = 0.1
"""Up to a tenth of a wait is added by chance, so that an endpoint that comes back is not met by
all at once."""
PAUSE_AFTER = timedelta(days=3)
"""A subscription that only failed for so long is paused."""


def next_attempt(attempts: int, now: datetime, chance: float) -> datetime | None:
    """When to send again after ``attempts`` failed ones; None: give up.

    ``chance``: 0 (inclusive) to 1, the jitter's draw.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> [next_attempt(n, noon, 0.0).isoformat()[11:19] for n in (1, 2, 3, 4, 5)]
    ['12:00:10', '12:01:00', '12:05:00', '12:30:00', '14:00:00']
    >>> next_attempt(1, noon, 0.5).isoformat()[11:], next_attempt(9, noon, 0.0)
    ('12:00:10.500000+00:00', None)
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    return now + WAITS[attempts - 1] * (1 + JITTER * chance)


def is_success(status: int | None) -> bool:
    """Whether an endpoint took a webhook: any 2xx. A redirect is not followed, so it did not.

    >>> [is_success(status) for status in (200, 204, 302, 410, 500, None)]
    [True, True, False, False, False, False]
    """
    return status is not None and 200 <= status <= 299
