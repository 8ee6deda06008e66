"""Sessions: who asks through this browser, and for how long that holds."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tradelane.accounts.model import (
    FILERS,
    ROLE_SCOPES,
    FoundSession,
    NeedsSecondFactor,
    Principal,
    Role,
    Session,
    SignedIn,
    User,
)
from tradelane.accounts.needs import Keeping, digest
from tradelane.accounts.throttle import MANY_FORGOTTEN
from tradelane.kit.clock import read_stamp, stamp

IDLE_OF_OFFICIALS = timedelta(minutes=30)
IDLE_OF_FILERS = timedelta(hours=8)
LONGEST = timedelta(hours=12)
TOUCH_AFTER = timedelta(minutes=1)


def idle_limit(role: Role) -> timedelta:
    """How long nothing may happen before somebody has to sign in again.

    >>> idle_limit(Role.TRADER).total_seconds() / 3600, idle_limit(Role.OFFICER).total_seconds()
    (8.0, 1800.0)
    """
    return IDLE_OF_FILERS if role in FILERS else IDLE_OF_OFFICIALS


class Sessions(Keeping):
    """What begins with signing in and ends with signing out, idleness or the end of the day."""

    def find_session(self, tx: Any, secret: str) -> FoundSession | None:
        """The session with that secret if it holds at this moment; may be called in a read.

        None: there is none, it was idle too long, it ended, or its user was disabled. Without a
        principal: the second factor is still missing.
        """
        found = self._store.session_of_secret(tx, digest(secret))
        if found is None:
            return None
        session, user = found
        now, seen = self._now(), read_stamp(session.last_seen_at)
        ended = now >= read_stamp(session.expires_at) or now - seen >= idle_limit(user.role)
        if ended or user.disabled:
            return None
        principal = None
        if session.second_factor_done or not user.has_second_factor:
            principal = self._principal(tx, user, session)
        return FoundSession(session, principal, now - seen >= TOUCH_AFTER)

    def touch_session(self, tx: Any, session_id: str) -> None:
        """Keep that a session is in use now; of one that has ended meanwhile nothing is kept."""
        self._store.update_session(tx, session_id, last_seen_at=self._stamp())

    def sessions_of(self, tx: Any, user_id: int) -> list[Session]:
        """The sessions of a user that are kept, the last used first; some may be idle too long."""
        now = self._stamp()
        return [s for s in self._store.sessions_of(tx, user_id) if s.expires_at > now]

    def end_session(self, tx: Any, session_id: str) -> bool:
        """Sign out; whether there was such a session."""
        return self._store.end_session(tx, session_id)

    def end_sessions_of(self, tx: Any, user_id: int, *, but: str | None = None) -> int:
        """Sign a user out everywhere, but for the session of the id ``but``; returns how many."""
        return self._store.end_sessions_of(tx, user_id, but=but)

    def tidy(self, tx: Any) -> int:
        """Forget sessions that are over and failures that count no more; returns how many rows.

        Nothing depends on it but the size of the database: run it once an hour or a day.
        """
        old = stamp(self._now() - MANY_FORGOTTEN)
        return self._store.forget_sessions(tx, self._stamp()) + self._store.forget_attempts(tx, old)

    def _open_session(self, tx: Any, user: User, address: str) -> SignedIn | NeedsSecondFactor:
        """A new session with a new secret: never one that a browser brought along."""
        now = self._now()
        secret = secrets.token_urlsafe(32)
        session = Session(
            id=secrets.token_hex(8),
            user_id=user.id,
            created_at=stamp(now),
            last_seen_at=stamp(now),
            expires_at=stamp(now + LONGEST),
            csrf=secrets.token_urlsafe(32),
            second_factor_done=False,
            address=address[:100],
        )
        self._store.add_session(tx, session, digest(secret))
        if user.has_second_factor:
            return NeedsSecondFactor(user, session, secret)
        return SignedIn(user, session, self._principal(tx, user, session), secret)

    def _raise_session(self, tx: Any, user: User, session: Session) -> SignedIn:
        """The session with its second factor done, under a new secret and a new CSRF value."""
        secret = secrets.token_urlsafe(32)
        raised = replace(
            session,
            second_factor_done=True,
            csrf=secrets.token_urlsafe(32),
            last_seen_at=self._stamp(),
        )
        self._store.update_session(
            tx,
            session.id,
            secret_digest=digest(secret),
            csrf=raised.csrf,
            second_factor_done=True,
            last_seen_at=raised.last_seen_at,
        )
        return SignedIn(user, raised, self._principal(tx, user, raised), secret)

    def _principal(self, tx: Any, user: User, session: Session) -> Principal:
        return Principal(
            user_id=user.id,
            login=user.login,
            name=user.name,
            role=user.role,
            scopes=ROLE_SCOPES[user.role],
            organisation_id=user.organisation_id,
            declarants=self._declarants(tx, user),
            office=user.office,
            locale=user.locale,
            session_id=session.id,
            token_id=None,
            economy=self._economy(tx, user),
        )
