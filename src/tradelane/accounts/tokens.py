"""API tokens: leave for a program to ask in somebody's name, for some things and some time."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tradelane.accounts.model import (
    ROLE_SCOPES,
    ApiToken,
    FoundToken,
    Principal,
    Scope,
    User,
)
from tradelane.accounts.needs import Keeping, digest
from tradelane.kit.clock import read_stamp, stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError

SECRET_MARK = "tl_"  # noqa: S105 (it is no password)
"""Every secret begins so: scanners of repositories and logs can recognise it."""
PREFIX_CHARACTERS = len(SECRET_MARK) + 6
MAX_DAYS = 366
TOUCH_AFTER = timedelta(hours=1)
_NAME_CHARACTERS = 80


class Tokens(Keeping):
    """Tokens issued, found by their secret, and revoked."""

    def issue_token(
        self, tx: Any, user_id: int, name: str, scopes: Iterable[Scope], days: int
    ) -> tuple[ApiToken, str]:
        """A new token and its secret, which is shown once and kept nowhere.

        Errors: InputRefused with ``accounts.token_name``, ``accounts.token_scopes``,
        ``accounts.token_days``; TradelaneError with ``accounts.no_user``.
        """
        user = self.get_user(tx, user_id)
        wanted = frozenset(scopes)
        name = name.strip()
        if problems := _problems(user, name, wanted, days):
            raise InputRefused(problems)
        now = self._now()
        secret = SECRET_MARK + secrets.token_urlsafe(32)
        token = ApiToken(
            id=0,
            user_id=user_id,
            name=name,
            scopes=wanted,
            prefix=secret[:PREFIX_CHARACTERS],
            created_at=stamp(now),
            last_used_at=None,
            expires_at=stamp(now + timedelta(days=days)),
            revoked_at=None,
        )
        return replace(token, id=self._store.add_token(tx, token, digest(secret))), secret

    def find_token(self, tx: Any, secret: str) -> FoundToken | None:
        """The token with that secret and who asks with it; may be called in a read.

        None: there is none, it is over, it was revoked, or its owner is disabled. What it allows
        is what it was issued for and its owner's role allows today.
        """
        if not secret.startswith(SECRET_MARK):
            return None
        found = self._store.token_of_secret(tx, digest(secret))
        if found is None:
            return None
        token, user = found
        now = self._now()
        if user.disabled or token.revoked_at is not None or now >= read_stamp(token.expires_at):
            return None
        used = token.last_used_at
        touch_due = used is None or now - read_stamp(used) >= TOUCH_AFTER
        return FoundToken(token, self._bearer(tx, user, token), touch_due)

    def touch_token(self, tx: Any, token_id: int) -> None:
        """Keep that a token is in use now."""
        self._store.update_token(tx, token_id, last_used_at=self._stamp())

    def tokens_of(self, tx: Any, user_id: int) -> list[ApiToken]:
        """The tokens of a user, newest first, those that are over too."""
        return self._store.tokens_of(tx, user_id)

    def revoke_token(self, tx: Any, user_id: int, token_id: int) -> ApiToken:
        """End a token of this user's at once; raises TradelaneError with ``accounts.no_token``."""
        token = self._get_token(tx, user_id, token_id)
        if token.revoked_at is None:
            self._store.update_token(tx, token_id, revoked_at=self._stamp())
        return self._get_token(tx, user_id, token_id)

    def _get_token(self, tx: Any, user_id: int, token_id: int) -> ApiToken:
        for token in self._store.tokens_of(tx, user_id):
            if token.id == token_id:
                return token
        raise TradelaneError(Problem("accounts.no_token", f"There is no token {token_id}."))

    def _bearer(self, tx: Any, user: User, token: ApiToken) -> Principal:
        return Principal(
            user_id=user.id,
            login=user.login,
            name=user.name,
            role=user.role,
            scopes=token.scopes & ROLE_SCOPES[user.role],
            organisation_id=user.organisation_id,
            declarants=self._declarants(tx, user),
            office=user.office,
            locale=user.locale,
            session_id=None,
            token_id=token.id,
            economy=self._economy(tx, user),
        )


def _problems(user: User, name: str, wanted: frozenset[Scope], days: int) -> list[Problem]:
    found = []
    if not 0 < len(name) <= _NAME_CHARACTERS or not name.isprintable():
        found.append(
            Problem(
                "accounts.token_name",
                "This is not a name for a token.",
                pointer="/name",
                hint=f"1 to {_NAME_CHARACTERS} characters that say what uses it.",
            )
        )
    allowed = ROLE_SCOPES[user.role]
    if not wanted or wanted - allowed:
        surplus = ", ".join(sorted(wanted - allowed))
        found.append(
            Problem(
                "accounts.token_scopes",
                f"A token of this user's cannot have: {surplus}."
                if surplus
                else "A token without scopes allows nothing.",
                pointer="/scopes",
                hint=f"Choose from: {', '.join(sorted(allowed))}.",
            )
        )
    if not 1 <= days <= MAX_DAYS:
        found.append(
            Problem(
                "accounts.token_days",
                f"A token holds for 1 to {MAX_DAYS} days.",
                pointer="/days",
                hint="Issue a new one before the old one ends.",
            )
        )
    return found
