"""The verbs of accounts, all in one place; each family of them has a file of its own."""

from __future__ import annotations

from argon2 import PasswordHasher

from tradelane.accounts.identities import Identities
from tradelane.accounts.needs import AccountStore, Database
from tradelane.accounts.passwords import Passwords
from tradelane.accounts.preferences import Preferences
from tradelane.accounts.second_steps import SecondSteps
from tradelane.accounts.signing_in import SigningIn
from tradelane.accounts.tokens import Tokens
from tradelane.kit.clock import Clock

__all__ = ["AccountStore", "Accounts", "Database"]


class Accounts(SigningIn, SecondSteps, Identities, Tokens, Preferences):
    """People and programs: who they are, and what each may do.

    ``hasher``: argon2's parameters, by default argon2-cffi's own (RFC 9106, second recommended).
    """

    def __init__(
        self, store: AccountStore, clock: Clock, *, hasher: PasswordHasher | None = None
    ) -> None:
        super().__init__(store, clock, Passwords(hasher))
