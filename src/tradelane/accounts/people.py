"""Organisations and the people in them: who is here, in which role, and by which password."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tradelane.accounts import throttle
from tradelane.accounts.model import (
    ORGANISATION_KINDS,
    NewPassword,
    Organisation,
    Role,
    User,
)
from tradelane.accounts.names import (
    declarant_problem,
    plain_login,
    read_locale,
    read_login,
    read_name,
    read_office,
    without_nul,
)
from tradelane.accounts.needs import Keeping
from tradelane.accounts.passwords import weakness
from tradelane.kit.errors import InputRefused, Problem, TradelaneError

LARGEST_PAGE = 500


class People(Keeping):
    """Organisations, users, and passwords as an administrator sets them."""

    # ------------------------------------------------------------ organisations

    def create_organisation(
        self, tx: Any, name: str, kind: str, declarants: Iterable[str] = ()
    ) -> Organisation:
        """Keep a new organisation.

        Errors: InputRefused with ``accounts.organisation_kind``, ``accounts.name``,
        ``accounts.declarant``; TradelaneError with ``accounts.organisation_taken``,
        ``accounts.declarant_taken``.
        """
        name = read_name(name)
        if kind not in ORGANISATION_KINDS:
            raise InputRefused(
                Problem(
                    "accounts.organisation_kind",
                    f"{kind!r} is not a kind of organisation.",
                    pointer="/kind",
                    hint=f"One of: {', '.join(ORGANISATION_KINDS)}.",
                )
            )
        created = self._store.add_organisation(tx, name, kind, self._stamp())
        if created is None:
            raise TradelaneError(
                Problem(
                    "accounts.organisation_taken",
                    f"There is an organisation {name!r} already.",
                    pointer="/name",
                    hint="Use that one, or add a place to the name.",
                )
            )
        return self.set_declarants(tx, created, declarants)

    def get_organisation(self, tx: Any, organisation_id: int) -> Organisation:
        """The organisation of that id; raises TradelaneError with ``accounts.no_organisation``."""
        found = self._store.organisation(tx, organisation_id)
        if found is None:
            raise TradelaneError(
                Problem(
                    "accounts.no_organisation",
                    f"There is no organisation {organisation_id}.",
                    pointer="/organisation_id",
                )
            )
        return found

    def organisations(self, tx: Any) -> list[Organisation]:
        """Every organisation, by name."""
        return self._store.organisations(tx)

    def set_declarants(
        self, tx: Any, organisation_id: int, declarants: Iterable[str]
    ) -> Organisation:
        """Make these the organisation's declarants, in place of those that it had.

        Errors: ``accounts.no_organisation``, ``accounts.declarant``, ``accounts.declarant_taken``.
        """
        self.get_organisation(tx, organisation_id)
        identifiers = list(dict.fromkeys(declarants))
        if problems := [p for i in identifiers if (p := declarant_problem(i))]:
            raise InputRefused(problems)
        taken = self._store.set_declarants(tx, organisation_id, identifiers)
        if taken:
            raise TradelaneError(
                Problem(
                    "accounts.declarant_taken",
                    f"The declarant {identifier!r} belongs to another organisation.",
                    pointer="/declarants",
                    hint="Take it away from that one first.",
                )
                for identifier in taken
            )
        return self.get_organisation(tx, organisation_id)

    def set_economy(self, tx: Any, organisation_id: int, economy: str) -> Organisation:
        """Say which economy an organisation speaks for: its regulators are the contact point.

        ``economy``: a code that the caller has checked, "" for none. Errors:
        ``accounts.no_organisation``.
        """
        self.get_organisation(tx, organisation_id)
        self._store.set_economy(tx, organisation_id, economy)
        return self.get_organisation(tx, organisation_id)

    # ------------------------------------------------------------ users

    def create_user(
        self,
        tx: Any,
        login: str,
        name: str,
        role: Role,
        organisation_id: int | None = None,
        office: str = "",
        password: str | NewPassword | None = None,
        locale: str = "en",
        demo: bool = False,
    ) -> User:
        """Keep a new user. Logins are kept in small letters.

        ``password``: without one they can sign in through an identity provider alone. As text it
        is hashed here, which takes tens of milliseconds of the transaction; give what
        `prepare_password` returned where others wait. ``demo``: the password is a published one.

        Errors: InputRefused with ``accounts.login``, ``accounts.name``, ``accounts.office``,
        ``accounts.locale`` or a password's problem; TradelaneError with ``accounts.login_taken``,
        ``accounts.no_organisation``.
        """
        login, name = read_login(login), read_name(name)
        if organisation_id is not None:
            self.get_organisation(tx, organisation_id)
        hashed = None if password is None else self._hashed(password, login, name)
        created = self._store.add_user(
            tx,
            {
                "login": login,
                "name": name,
                "role": str(role),
                "organisation_id": organisation_id,
                "office": read_office(office),
                "locale": read_locale(locale),
                "disabled": False,
                "demo": demo,
                "password_hash": hashed,
                "totp_secret": None,
                "totp_pending": None,
                "totp_step": -1,
                "created_at": self._stamp(),
            },
        )
        if created is None:
            raise TradelaneError(
                Problem(
                    "accounts.login_taken",
                    f"There is a user {login!r} already.",
                    pointer="/login",
                    hint="Choose another login.",
                )
            )
        return self.get_user(tx, created)

    def find_user(self, tx: Any, login: str) -> User | None:
        """The user of that login, in capitals or not, or None."""
        plain = plain_login(login)
        return None if plain is None else self._store.user_by_login(tx, plain)

    def users(
        self,
        tx: Any,
        *,
        after: str = "",
        limit: int = 50,
        search: str = "",
        organisation_id: int | None = None,
    ) -> list[User]:
        """A page of users by login: those after the login ``after``, at most ``limit`` (500).

        ``search``: a text that the login or name has. The next page begins after the last login.
        """
        return self._store.users(
            tx,
            after=without_nul(after),
            limit=max(1, min(limit, LARGEST_PAGE)),
            search=without_nul(search),
            organisation_id=organisation_id,
        )

    def disable_user(self, tx: Any, user_id: int) -> User:
        """Let a user in no more: their sessions end, their tokens are refused."""
        self.get_user(tx, user_id)
        self._store.update_user(tx, user_id, disabled=True)
        self._store.end_sessions_of(tx, user_id)
        return self.get_user(tx, user_id)

    def enable_user(self, tx: Any, user_id: int) -> User:
        """Let a user in again, with the password and tokens that they had."""
        self.get_user(tx, user_id)
        self._store.update_user(tx, user_id, disabled=False)
        return self.get_user(tx, user_id)

    def set_role(self, tx: Any, user_id: int, role: Role) -> User:
        """Give a user another role; their sessions end, so that nobody keeps what they had."""
        if self.get_user(tx, user_id).role != role:
            self._store.update_user(tx, user_id, role=str(role))
            self._store.end_sessions_of(tx, user_id)
        return self.get_user(tx, user_id)

    def move_user(self, tx: Any, user_id: int, organisation_id: int | None, office: str) -> User:
        """Give a user another organisation and office; holds from their next request on.

        Errors: ``accounts.no_user``, ``accounts.no_organisation``, ``accounts.office``.
        """
        self.get_user(tx, user_id)
        if organisation_id is not None:
            self.get_organisation(tx, organisation_id)
        changes = {"organisation_id": organisation_id, "office": read_office(office)}
        self._store.update_user(tx, user_id, **changes)
        return self.get_user(tx, user_id)

    def has_demo_users(self, tx: Any) -> bool:
        """Whether somebody with a published password can sign in: every page then says so."""
        return self._store.has_demo_users(tx)

    # ------------------------------------------------------------ passwords

    def prepare_password(self, password: str, *, login: str, name: str) -> NewPassword:
        """Check and hash a password before a transaction; raises InputRefused with its problem.

        Problems: ``accounts.password_short``, ``accounts.password_long``,
        ``accounts.password_common``, ``accounts.password_personal``.
        """
        _refuse_weak(password, login, name)
        with self._passwords.turn():
            return NewPassword(self._passwords.hash(password))

    def set_password(self, tx: Any, user_id: int, password: str | NewPassword) -> User:
        """Give a user a new password, as an administrator does; ends all their sessions.

        Whoever was made to wait by failed attempts need not wait with the new one.
        """
        user = self.get_user(tx, user_id)
        hashed = self._hashed(password, user.login, user.name)
        self._store.update_user(tx, user_id, password_hash=hashed, demo=False)
        self._store.end_sessions_of(tx, user_id)
        key = throttle.login_key(user.login)
        self._store.attempts(tx, key)
        self._store.set_attempts(tx, key, 0, None)
        return self.get_user(tx, user_id)

    def _hashed(self, password: str | NewPassword, login: str, name: str) -> str:
        if isinstance(password, NewPassword):
            return password.hash
        _refuse_weak(password, login, name)
        # Without waiting for a turn: whoever has one may be waiting for this transaction's end.
        return self._passwords.hash(password)


def _refuse_weak(password: str, login: str, name: str) -> None:
    problem = weakness(password, login, name)
    if problem is not None:
        raise InputRefused(problem)
