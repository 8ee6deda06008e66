"""How long to wait after attempts that failed: pure rules, so that every process counts alike.

An attempt is charged before the password is looked at and refunded when it was right; a burst of
parallel guesses therefore cannot slip through before the first of them has failed.

Whoever knows a login can make its owner wait, up to a quarter of an hour at a time. That is the
price of a limit that a guesser with many addresses cannot go round.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

FEW_FORGOTTEN = timedelta(minutes=15)
"""Failures that made nobody wait yet count no more after so long without another."""

MANY_FORGOTTEN = timedelta(days=1)
"""Failures that did: longer than the longest wait, so that patience does not reset the count."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often something failed, and when last (None: never)."""

    failures: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Throttle:
    """The wait after ``free`` failures, doubling with each further one; times in seconds.

    >>> rule = Throttle(free=5)
    >>> [rule.wait_after(failures) for failures in (4, 5, 6, 9, 10, 5000)]
    [0, 30, 60, 480, 900, 900]
    """

    free: int
    first_wait: int = 30
    longest_wait: int = 900

    def wait_after(self, failures: int) -> int:
        """The whole wait after so many failures."""
        if failures < self.free:
            return 0
        doublings = min(failures - self.free, 20)
        return min(self.first_wait << doublings, self.longest_wait)

    def standing(self, attempts: Attempts, now: datetime) -> int:
        """How many of the failures still count."""
        if attempts.last_at is None:
            return 0
        forgotten = FEW_FORGOTTEN if attempts.failures < self.free else MANY_FORGOTTEN
        return 0 if now - attempts.last_at >= forgotten else attempts.failures

    def wait(self, attempts: Attempts, now: datetime) -> int:
        """Whole seconds from now until another attempt is looked at."""
        failures = self.standing(attempts, now)
        if attempts.last_at is None or not self.wait_after(failures):
            return 0
        left = attempts.last_at + timedelta(seconds=self.wait_after(failures)) - now
        return max(0, -(-left // timedelta(seconds=1)))


PER_LOGIN = Throttle(free=5)
PER_ADDRESS = Throttle(free=30)
"""More than a login's: a whole office may come from one address."""


def login_key(login: str) -> str:
    """What failures of a login are counted under. A hash: people type passwords into that field.

    >>> login_key("Ana ") == login_key("ana")
    True
    """
    return _key("login", login.strip().casefold())


def address_key(address: str) -> str:
    """What failures of a network address are counted under: with IPv6, the network of 64 bits that
    one customer has.

    >>> address_key("2001:db8::1") == address_key("2001:db8::2")
    True
    >>> address_key("192.0.2.1") == address_key("192.0.2.2")
    False
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return _key("address", address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return _key("address", str(parsed.ipv4_mapped))
        return _key("address", str(ipaddress.ip_network((parsed.packed, 64), strict=False)))
    return _key("address", str(parsed))


def second_factor_key(user_id: int) -> str:
    """What failures of somebody's second factor are counted under."""
    return _key("second", str(user_id))


def _key(kind: str, text: str) -> str:
    return f"{kind}:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
