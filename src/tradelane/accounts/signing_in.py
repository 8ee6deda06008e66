"""Signing in by password, changing it, and being asked for it again."""

from __future__ import annotations

from typing import Any

from tradelane.accounts.attempts import Charging
from tradelane.accounts.model import Credentials, NeedsSecondFactor, SignedIn, User
from tradelane.accounts.names import plain_login
from tradelane.accounts.needs import Database
from tradelane.accounts.people import People
from tradelane.accounts.sessions import Sessions
from tradelane.kit.errors import Problem, TradelaneError


class SigningIn(People, Sessions, Charging):
    """How somebody shows that they are who they say."""

    def sign_in(
        self, database: Database, login: str, password: str, address: str
    ) -> SignedIn | NeedsSecondFactor:
        """Open a session for whoever knows the password.

        ``address``: the network address of the browser, for throttling and to be shown to the
        user. Waits while `passwords.AT_ONCE` other passwords are looked at in this process.

        Errors: `Throttled` (``accounts.throttled``); TradelaneError with
        ``accounts.sign_in_failed``, the same in text and time for an unknown login, a wrong
        password and a disabled user.
        """
        with self._passwords.turn():
            charges = self._attempt_sign_in(database, login, address)
            known = self._prove(database, plain_login(login), password)
            if known is None:
                raise sign_in_failed()
            fresh = self._refreshed(known, password)

            def open_it(tx: Any) -> SignedIn | NeedsSecondFactor | None:
                now = self._still(tx, known)
                if now is None:
                    return None
                self._refund(tx, charges)
                if fresh is not None:
                    self._store.update_user(tx, now.user.id, password_hash=fresh)
                return self._open_session(tx, now.user, address)

            opened = database.write(open_it)
        if opened is None:
            raise sign_in_failed()
        return opened

    def change_password(
        self,
        database: Database,
        user_id: int,
        old: str,
        new: str,
        address: str,
        *,
        keep_session: str | None = None,
    ) -> User:
        """Give oneself a new password; ends every other session than ``keep_session`` (its id).

        Errors: `Throttled`; TradelaneError with ``accounts.password_wrong``; InputRefused with a
        problem of the new one.
        """
        known = self._prove_again(database, user_id, old, address)
        user = known.user
        prepared = self.prepare_password(new, login=user.login, name=user.name)

        def change(tx: Any) -> User | None:
            if self._still(tx, known) is None:
                return None
            self._store.update_user(tx, user_id, password_hash=prepared.hash, demo=False)
            self._store.end_sessions_of(tx, user_id, but=keep_session)
            return self.get_user(tx, user_id)

        changed = database.write(change)
        if changed is None:
            raise _password_wrong()
        return changed

    def check_password(self, database: Database, user_id: int, password: str, address: str) -> User:
        """Ask a signed-in user for the password again, before something that cannot be undone.

        Errors: `Throttled`; TradelaneError with ``accounts.password_wrong``.
        """
        return self._prove_again(database, user_id, password, address).user

    def _prove_again(
        self, database: Database, user_id: int, password: str, address: str
    ) -> Credentials:
        with database.read() as tx:
            login = self.get_user(tx, user_id).login
        with self._passwords.turn():
            charges = self._attempt_sign_in(database, login, address)
            known = self._prove(database, login, password)
            if known is None:
                raise _password_wrong()
            database.write(lambda tx: self._refund(tx, charges))
        return known

    def _prove(self, database: Database, login: str | None, password: str) -> Credentials | None:
        """The credentials of the login if this is its password; as long a look if there are none.

        ``login``: as it is kept, None for one that nobody can have.
        """
        known = None
        if login is not None:
            with database.read() as tx:
                known = self._store.credentials_of_login(tx, login)
        right = self._passwords.verify(known.password_hash if known else None, password)
        return known if known is not None and right and not known.user.disabled else None

    def _still(self, tx: Any, known: Credentials) -> Credentials | None:
        """The credentials as they are now, None if they do not stand any more as they were."""
        now = self._store.credentials(tx, known.user.id)
        if now is None or now.user.disabled or now.password_hash != known.password_hash:
            return None
        return now

    def _refreshed(self, known: Credentials, password: str) -> str | None:
        """The password hashed anew where that was done with other parameters, else None."""
        if known.password_hash and self._passwords.is_outdated(known.password_hash):
            return self._passwords.hash(password)
        return None


def sign_in_failed() -> TradelaneError:
    """The one answer to whoever could not be let in: it tells nobody which logins there are."""
    return TradelaneError(
        Problem(
            "accounts.sign_in_failed",
            "Signing in did not work: the login or the password is not right.",
            hint="Try again, or ask your administrator for a new password.",
        )
    )


def _password_wrong() -> TradelaneError:
    return TradelaneError(
        Problem(
            "accounts.password_wrong",
            "The present password is not right.",
            pointer="/old_password",
            hint="Type it again.",
        )
    )
