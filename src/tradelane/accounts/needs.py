"""What accounts need from outside, and what all their verbs share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol, TypeVar

from tradelane.accounts.model import (
    ApiToken,
    Credentials,
    Organisation,
    Role,
    SavedView,
    Session,
    User,
)
from tradelane.accounts.passwords import Passwords
from tradelane.accounts.throttle import Attempts
from tradelane.kit.clock import Clock, stamp
from tradelane.kit.errors import Problem, TradelaneError

T = TypeVar("T")


class Database(Protocol):
    """For the few verbs that need several transactions: a slow hash belongs in none."""

    def read(self) -> AbstractContextManager[Any]: ...
    def write(self, run: Callable[[Any], T]) -> T: ...


class AccountStore(Protocol):
    """Where accounts are kept; ``tx`` is the transaction that the caller opened."""

    def add_organisation(self, tx: Any, name: str, kind: str, at: str) -> int | None: ...
    def organisation(self, tx: Any, organisation_id: int) -> Organisation | None: ...
    def organisations(self, tx: Any) -> list[Organisation]: ...
    def set_declarants(
        self, tx: Any, organisation_id: int, identifiers: Iterable[str]
    ) -> list[str]: ...
    def set_economy(self, tx: Any, organisation_id: int, economy: str) -> None: ...
    def declarants_of(self, tx: Any, organisation_id: int) -> frozenset[str]: ...

    def add_user(self, tx: Any, values: Mapping[str, Any]) -> int | None: ...
    def user(self, tx: Any, user_id: int) -> User | None: ...
    def user_by_login(self, tx: Any, login: str) -> User | None: ...
    def users(
        self, tx: Any, *, after: str, limit: int, search: str, organisation_id: int | None
    ) -> list[User]: ...
    def update_user(self, tx: Any, user_id: int, **changes: Any) -> None: ...
    def credentials(self, tx: Any, user_id: int) -> Credentials | None: ...
    def credentials_of_login(self, tx: Any, login: str) -> Credentials | None: ...
    def has_demo_users(self, tx: Any) -> bool: ...

    def add_session(self, tx: Any, session: Session, secret_digest: str) -> None: ...
    def session_of_secret(self, tx: Any, secret_digest: str) -> tuple[Session, User] | None: ...
    def session(self, tx: Any, session_id: str) -> Session | None: ...
    def sessions_of(self, tx: Any, user_id: int) -> list[Session]: ...
    def update_session(self, tx: Any, session_id: str, **changes: Any) -> None: ...
    def end_session(self, tx: Any, session_id: str) -> bool: ...
    def end_sessions_of(
        self, tx: Any, user_id: int, *, but: str | None = None, only_unfinished: bool = False
    ) -> int: ...
    def forget_sessions(self, tx: Any, before: str) -> int: ...

    def attempts(self, tx: Any, key: str) -> Attempts: ...
    def set_attempts(self, tx: Any, key: str, failures: int, last_at: str | None) -> None: ...
    def forget_attempts(self, tx: Any, before: str) -> int: ...

    def set_recovery_codes(self, tx: Any, user_id: int, digests: Sequence[str]) -> None: ...
    def use_recovery_code(self, tx: Any, user_id: int, digest: str) -> bool: ...
    def count_recovery_codes(self, tx: Any, user_id: int) -> int: ...

    def add_token(self, tx: Any, token: ApiToken, secret_digest: str) -> int: ...
    def token_of_secret(self, tx: Any, secret_digest: str) -> tuple[ApiToken, User] | None: ...
    def tokens_of(self, tx: Any, user_id: int) -> list[ApiToken]: ...
    def update_token(self, tx: Any, token_id: int, **changes: Any) -> None: ...

    def user_of_identity(self, tx: Any, issuer: str, subject: str) -> User | None: ...
    def add_identity(self, tx: Any, issuer: str, subject: str, user_id: int, at: str) -> None: ...

    def views(self, tx: Any, user_id: int) -> list[SavedView]: ...
    def save_view(self, tx: Any, user_id: int, name: str, query: str) -> int: ...
    def delete_view(self, tx: Any, user_id: int, view_id: int) -> bool: ...


class Keeping:
    """The store, the clock and the passwords that every verb of accounts works with."""

    def __init__(self, store: AccountStore, clock: Clock, passwords: Passwords) -> None:
        self._store = store
        self._clock = clock
        self._passwords = passwords

    def get_user(self, tx: Any, user_id: int) -> User:
        """The user of that id; raises TradelaneError with ``accounts.no_user``."""
        found = self._store.user(tx, user_id)
        if found is None:
            raise TradelaneError(Problem("accounts.no_user", f"There is no user {user_id}."))
        return found

    def _get_credentials(self, tx: Any, user_id: int) -> Credentials:
        self.get_user(tx, user_id)
        found = self._store.credentials(tx, user_id)
        assert found is not None
        return found

    def _declarants(self, tx: Any, user: User) -> frozenset[str]:
        if user.organisation_id is None:
            return frozenset()
        return self._store.declarants_of(tx, user.organisation_id)

    def _economy(self, tx: Any, user: User) -> str:
        if user.role is not Role.REGULATOR or user.organisation_id is None:
            return ""
        found = self._store.organisation(tx, user.organisation_id)
        return found.economy if found is not None else ""

    def _now(self) -> datetime:
        return self._clock.now()

    def _stamp(self) -> str:
        return stamp(self._clock.now())


def digest(secret: str) -> str:
    """What is kept of a random secret. Nobody can try 256 bits, so no slow hash is needed.

    >>> len(digest("tl_x"))
    64
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
