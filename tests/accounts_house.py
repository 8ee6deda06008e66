"""A small house of people for the tests of accounts: a database, a clock that can be set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pyotp
import pytest
from argon2 import PasswordHasher

from tradelane.accounts.model import NeedsSecondFactor, Role, SignedIn, User
from tradelane.accounts.service import Accounts
from tradelane.accounts.store import SqlAccountStore
from tradelane.kit.clock import FixedClock
from tradelane.kit.database import Database

T = TypeVar("T")

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "a wet gull on the pier"
NEW_PASSWORD = "two dry boats in the shed"
ADDRESS = "192.0.2.7"


@contextmanager
def hashing_cheaply() -> Iterator[None]:
    """In this process passwords are hashed in no time: nearly every test of a page signs in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tradelane.accounts.passwords.PasswordHasher", lambda: CHEAP)
        yield


class House:
    """Accounts in a database, with the verbs that take a transaction made short."""

    def __init__(self, database: Database, hasher: PasswordHasher = CHEAP) -> None:
        self.database = database
        self.clock = FixedClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
        self.accounts = Accounts(SqlAccountStore(), self.clock, hasher=hasher)

    def write(self, verb: Callable[..., T], *arguments: Any, **options: Any) -> T:
        return self.database.write(lambda tx: verb(tx, *arguments, **options))

    def read(self, verb: Callable[..., T], *arguments: Any, **options: Any) -> T:
        with self.database.read() as tx:
            return verb(tx, *arguments, **options)

    def pass_time(self, **how_long: float) -> None:
        self.clock.at += timedelta(**how_long)

    def make(self, login: str = "ana", role: Role = Role.TRADER, **options: Any) -> User:
        options.setdefault("password", PASSWORD)
        return self.write(self.accounts.create_user, login, login.title(), role, **options)

    def sign_in(
        self, login: str = "ana", password: str = PASSWORD, address: str = ADDRESS
    ) -> SignedIn | NeedsSecondFactor:
        return self.accounts.sign_in(self.database, login, password, address)

    def signed_in(self, login: str = "ana") -> SignedIn:
        found = self.sign_in(login)
        assert isinstance(found, SignedIn)
        return found

    def add_second_factor(self, user: User) -> tuple[str, tuple[str, ...]]:
        """The app's secret and the recovery codes."""
        offer = self.write(self.accounts.begin_second_factor, user.id)
        code = self.code(offer.secret)
        return offer.secret, self.write(self.accounts.confirm_second_factor, user.id, code)

    def code(self, secret: str, steps: int = 0) -> str:
        """What the app shows now, or so many steps of 30 seconds later."""
        return pyotp.TOTP(secret).at(self.clock.at, counter_offset=steps)
