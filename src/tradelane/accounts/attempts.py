"""Attempts that may fail are charged before they are looked at, and refunded when they were right.

Verbs that look at a password or a code therefore take the database instead of a transaction. They
charge the attempt in a first transaction, which stays whatever comes after, look at the password
in none (that takes tens of milliseconds, in which nobody else may have to wait), and do what was
asked in a last one. So they can raise like any other verb, and failures are counted all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tradelane.accounts.model import Throttled
from tradelane.accounts.needs import Database, Keeping
from tradelane.accounts.throttle import (
    PER_ADDRESS,
    PER_LOGIN,
    Attempts,
    Throttle,
    address_key,
    login_key,
    second_factor_key,
)
from tradelane.kit.clock import stamp


@dataclass(frozen=True, slots=True)
class Charge:
    """An attempt that was counted under a key: ``at`` that stamp; ``before``: what stood there."""

    key: str
    rule: Throttle
    at: str
    before: Attempts


class Charging(Keeping):
    """Counts attempts in the database, so that all processes count together."""

    def _attempt_sign_in(self, database: Database, login: str, address: str) -> list[Charge]:
        keys = [(login_key(login), PER_LOGIN), (address_key(address), PER_ADDRESS)]
        return self._attempt(database, keys)

    def _attempt_second_factor(self, database: Database, user_id: int) -> list[Charge]:
        return self._attempt(database, [(second_factor_key(user_id), PER_LOGIN)])

    def _attempt(self, database: Database, keys: list[tuple[str, Throttle]]) -> list[Charge]:
        """Count an attempt as failed under each key; raises `Throttled` if one has to wait."""

        def charge(tx: Any) -> list[Charge] | int:
            now = self._now()
            charges = [
                Charge(key, rule, stamp(now), self._store.attempts(tx, key)) for key, rule in keys
            ]
            wait = max(one.rule.wait(one.before, now) for one in charges)
            if wait:
                return wait
            for one in charges:
                failures = one.rule.standing(one.before, now) + 1
                self._store.set_attempts(tx, one.key, failures, one.at)
            return charges

        charged = database.write(charge)
        if isinstance(charged, int):
            raise Throttled(charged)
        return charged

    def _refund(self, tx: Any, charges: list[Charge]) -> None:
        """It was right: the first key starts anew, the others lose this attempt alone.

        An address keeps the rest: an account of the attacker's own must not wipe it.
        """
        first, *others = charges
        self._store.set_attempts(tx, first.key, 0, None)
        for one in others:
            now = self._store.attempts(tx, one.key)
            last = now.last_at if now.last_at and stamp(now.last_at) != one.at else None
            last = last or one.before.last_at
            self._store.set_attempts(
                tx, one.key, max(0, now.failures - 1), None if last is None else stamp(last)
            )
