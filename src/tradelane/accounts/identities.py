"""Signing in by the word of an OpenID provider: the rules; the doors speak the protocol."""

from __future__ import annotations

from typing import Any

from tradelane.accounts.model import NeedsSecondFactor, OidcPolicy, Role, SignedIn, User
from tradelane.accounts.people import People
from tradelane.accounts.sessions import Sessions
from tradelane.accounts.signing_in import sign_in_failed
from tradelane.kit.errors import Problem, TradelaneError


class Identities(People, Sessions):
    """Who comes with an identity of somewhere else."""

    def sign_in_with_identity(
        self,
        tx: Any,
        issuer: str,
        subject: str,
        login: str,
        name: str,
        *,
        policy: OidcPolicy,
        role: Role | None,
        address: str,
        verified: bool = False,
        organisation_id: int | None = None,
        office: str = "",
    ) -> SignedIn | NeedsSecondFactor:
        """Open a session for whom an OpenID provider vouches; ``policy`` says what that is worth.

        ``issuer`` and ``subject`` are the ID token's ``iss`` and ``sub``, already verified;
        ``login``: its e-mail address or user name; ``verified``: the provider says that this login
        is theirs (``email_verified``), without which no existing account is taken over; ``role``:
        `OidcPolicy.role_of` the claim. A second factor that they have here is still asked for.

        Errors: TradelaneError with ``accounts.sign_in_failed`` (disabled),
        ``accounts.not_invited``, ``accounts.no_role``, ``accounts.login_taken``.
        """
        user = self._store.user_of_identity(tx, issuer, subject)
        if user is None:
            user = self._existing(tx, login, policy, verified)
            if user is None:
                made_as = _role_for_new(policy, role)
                user = self.create_user(tx, login, name, made_as, organisation_id, office)
            self._store.add_identity(tx, issuer, subject, user.id, self._stamp())
        if user.disabled:
            raise sign_in_failed()
        if policy.follow_roles and role is not None:
            user = self.set_role(tx, user.id, role)
        return self._open_session(tx, user, address)

    def _existing(self, tx: Any, login: str, policy: OidcPolicy, verified: bool) -> User | None:
        return self.find_user(tx, login) if policy.link_existing and verified else None


def _role_for_new(policy: OidcPolicy, role: Role | None) -> Role:
    if not policy.create_users:
        raise TradelaneError(
            Problem(
                "accounts.not_invited",
                "There is no account here for this identity.",
                hint="Ask your administrator to make one with your e-mail address as its login.",
            )
        )
    if role is None:
        raise TradelaneError(
            Problem(
                "accounts.no_role",
                "Your identity provider does not say what your role here is.",
                hint="Ask your administrator to add you to a group that has one.",
            )
        )
    return role
