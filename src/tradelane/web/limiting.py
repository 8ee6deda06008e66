"""How much one account may ask for: a moving minute, counted in each server process."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import Request

from tradelane.kit.errors import Problem
from tradelane.web.access import asking
from tradelane.web.problems import TooManyRequests
from tradelane.web.settings import Settings


class Limiter:
    """Counts requests by account, and of those without one by address."""

    def __init__(self, settings: Settings) -> None:
        self._item = RateLimitItemPerMinute(settings.requests_a_minute)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def check(self, who: str, most: RateLimitItemPerMinute | None = None) -> None:
        """Count a request; raises TooManyRequests ``web.too_many_requests``."""
        item = most or self._item
        if not self._limiter.hit(item, who):
            raise TooManyRequests(
                Problem(
                    "web.too_many_requests",
                    f"More than {item.amount:,} requests came in a minute.",
                    hint="Wait a minute, or send many declarations in one bulk request.",
                ),
                60,
            )


async def limited(request: Request) -> None:
    """A dependency of every API route."""
    found = await asking(request)
    client = request.client.host if request.client else "unknown"
    who = f"user {found.principal.user_id}" if found.principal else f"address {client}"
    request.app.state.limiter.check(who)


A_MINUTE = RateLimitItemPerMinute(60, namespace="anyone")
"""What one address may ask of an answer that costs more and needs no account."""


async def limited_by_address(request: Request) -> None:
    """A dependency of such routes. Errors: TooManyRequests ``web.too_many_requests``."""
    client = request.client.host if request.client else "unknown"
    request.app.state.limiter.check(f"address {client}", A_MINUTE)
