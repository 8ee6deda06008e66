"""The second factor of a user: begin, confirm, give, remove. `second_factor` has its arithmetic."""

from __future__ import annotations

from typing import Any

from tradelane.accounts import second_factor
from tradelane.accounts.attempts import Charging
from tradelane.accounts.model import Credentials, SecondFactorOffer, Session, SignedIn, User
from tradelane.accounts.needs import Database
from tradelane.accounts.sessions import Sessions
from tradelane.kit.errors import Problem, TradelaneError


class SecondSteps(Sessions, Charging):
    """What somebody has, beside what they know."""

    def begin_second_factor(self, tx: Any, user_id: int) -> SecondFactorOffer:
        """A secret for an authenticator app; it counts once a code of it was given.

        Errors: TradelaneError with ``accounts.second_factor_exists``.
        """
        user = self.get_user(tx, user_id)
        if user.has_second_factor:
            raise TradelaneError(
                Problem(
                    "accounts.second_factor_exists",
                    "There is a second factor already.",
                    hint="Remove it first.",
                )
            )
        secret = second_factor.new_secret()
        self._store.update_user(tx, user_id, totp_pending=secret)
        return SecondFactorOffer(secret, second_factor.provisioning_uri(secret, user.login))

    def confirm_second_factor(
        self, tx: Any, user_id: int, code: str, *, keep_session: str | None = None
    ) -> tuple[str, ...]:
        """Ask for the second factor from now on; returns ten recovery codes, to be shown once.

        ``keep_session``: the id of the session in which the code was given; all others end.

        Errors: TradelaneError with ``accounts.second_factor_not_begun``,
        ``accounts.second_factor_wrong``.
        """
        known = self._get_credentials(tx, user_id)
        if known.totp_pending is None:
            raise TradelaneError(
                Problem(
                    "accounts.second_factor_not_begun",
                    "No second factor waits to be confirmed.",
                    hint="Begin again and scan the new code.",
                )
            )
        step = second_factor.matching_step(known.totp_pending, code, self._now(), after=-1)
        if step is None:
            raise _second_factor_wrong()
        self._store.update_user(
            tx, user_id, totp_secret=known.totp_pending, totp_pending=None, totp_step=step
        )
        codes = second_factor.new_recovery_codes()
        self._store.set_recovery_codes(
            tx, user_id, [second_factor.recovery_digest(one) for one in codes]
        )
        self._store.end_sessions_of(tx, user_id, but=keep_session)
        if keep_session is not None:
            self._store.update_session(tx, keep_session, second_factor_done=True)
        return codes

    def check_second_factor(self, database: Database, session: Session, code: str) -> SignedIn:
        """Give the session of `NeedsSecondFactor` its principal, for a code or a recovery code.

        The session keeps its id and gets a new secret and CSRF value. No code works twice.

        Errors: `Throttled`; TradelaneError with ``accounts.second_factor_wrong``.
        """
        user_id = session.user_id
        charges = self._attempt_second_factor(database, user_id)

        def check(tx: Any) -> SignedIn | None:
            known = self._get_credentials(tx, user_id)
            kept = self._store.session(tx, session.id)
            if kept is None or kept.user_id != user_id or known.user.disabled:
                return None
            if kept.expires_at <= self._stamp() or not self._use_code(tx, known, code):
                return None
            self._refund(tx, charges)
            return self._raise_session(tx, known.user, kept)

        signed_in = database.write(check)
        if signed_in is None:
            raise _second_factor_wrong()
        return signed_in

    def remove_second_factor(self, tx: Any, user_id: int) -> User:
        """Ask for a password alone again. Sessions that wait for a second factor end: the password
        must not have been enough for them.

        Errors: TradelaneError with ``accounts.no_second_factor``.
        """
        if not self.get_user(tx, user_id).has_second_factor:
            raise TradelaneError(
                Problem("accounts.no_second_factor", "There is no second factor to remove.")
            )
        self._store.update_user(tx, user_id, totp_secret=None, totp_pending=None, totp_step=-1)
        self._store.set_recovery_codes(tx, user_id, [])
        self._store.end_sessions_of(tx, user_id, only_unfinished=True)
        return self.get_user(tx, user_id)

    def recovery_codes_left(self, tx: Any, user_id: int) -> int:
        """How many recovery codes were not used yet."""
        return self._store.count_recovery_codes(tx, user_id)

    def _use_code(self, tx: Any, known: Credentials, code: str) -> bool:
        """Whether this is a code that was never used; it is used now."""
        if known.totp_secret is None:
            return False
        step = second_factor.matching_step(known.totp_secret, code, self._now(), known.totp_step)
        if step is not None:
            self._store.update_user(tx, known.user.id, totp_step=step)
            return True
        digest = second_factor.recovery_digest(code)
        return self._store.use_recovery_code(tx, known.user.id, digest)


def _second_factor_wrong() -> TradelaneError:
    return TradelaneError(
        Problem(
            "accounts.second_factor_wrong",
            "This code is not right, or was used already.",
            pointer="/code",
            hint="Wait for the next code of your app, or use a recovery code.",
        )
    )
