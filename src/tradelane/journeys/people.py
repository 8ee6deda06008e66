"""Who may do what here is changed by a person, and the ledger says by whom.

Each verb is one transaction: the change in accounts and its entry, or neither. An entry names
logins and numbers, never a person's name. The command line's `accounts` commands work below this:
they are for the machine's owner, who can write to the database anyway, and leave no entry.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from tradelane.accounts.model import NewPassword, Organisation, Principal, Role, User
from tradelane.accounts.service import Accounts
from tradelane.governance.service import Governance
from tradelane.journeys import entries
from tradelane.journeys.workshop import Transactions
from tradelane.kit.clock import Clock, stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.ledger.service import Ledger

_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are taken for another when somebody reads them from paper."""
_GROUPS, _GROUP = 5, 4


class Peopled(Protocol):
    """What these verbs need of the platform."""

    clock: Clock

    @property
    def database(self) -> Transactions: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def ledger(self) -> Ledger: ...


class Spoken(Peopled, Protocol):
    """The same with the economies that an organisation can speak for."""

    @property
    def governance(self) -> Governance: ...


@dataclass(frozen=True, slots=True)
class Handed:
    """A user with the password to hand over. It is shown once and kept nowhere."""

    user: User
    password: str = field(repr=False)


def new_password() -> str:
    """A password to read out or print: 99 bits.

    >>> len(new_password())
    24
    """
    groups = ("".join(secrets.choice(_SIGNS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def create_user(
    shop: Peopled,
    by: Principal,
    *,
    login: str,
    name: str,
    role: Role,
    organisation_id: int | None,
    office: str,
) -> Handed:
    """Make an account with a first password. Errors: those of `Accounts.create_user`."""
    password = new_password()
    prepared = shop.accounts.prepare_password(password, login=login, name=name)

    def write(tx: Any) -> User:
        user = shop.accounts.create_user(tx, login, name, role, organisation_id, office, prepared)
        _record(shop, tx, by, entries.ACCOUNT_CREATED, user)
        return user

    return Handed(shop.database.write(write), password)


def change_user(
    shop: Peopled,
    by: Principal,
    user_id: int,
    *,
    role: Role,
    organisation_id: int | None,
    office: str,
) -> User:
    """Give somebody another role, organisation and office, all of it or nothing.

    Errors: ``accounts.oneself`` (of a role), those of `Accounts.move_user`.
    """

    def change(tx: Any) -> User:
        if role != shop.accounts.get_user(tx, user_id).role:
            _refuse_oneself(by, user_id)
        shop.accounts.set_role(tx, user_id, role)
        return shop.accounts.move_user(tx, user_id, organisation_id, office)

    return _changed(shop, by, user_id, change)


def disable_user(shop: Peopled, by: Principal, user_id: int) -> User:
    """Let somebody in no more. Errors: ``accounts.oneself``, ``accounts.no_user``."""
    _refuse_oneself(by, user_id)

    def write(tx: Any) -> User:
        before = shop.accounts.get_user(tx, user_id)
        user = shop.accounts.disable_user(tx, user_id)
        if not before.disabled:
            _record(shop, tx, by, entries.ACCOUNT_DISABLED, user)
        return user

    return shop.database.write(write)


def enable_user(shop: Peopled, by: Principal, user_id: int) -> User:
    """Let somebody in again. Errors: ``accounts.no_user``."""
    return _changed(shop, by, user_id, lambda tx: shop.accounts.enable_user(tx, user_id))


def hand_new_password(shop: Peopled, by: Principal, user_id: int) -> Handed:
    """Give somebody a new password; all their sessions end.

    An account of oneself has a page for that, which asks for the present password.
    Errors: ``accounts.oneself``, ``accounts.no_user``.
    """
    _refuse_oneself(by, user_id)
    password = new_password()
    with shop.database.read() as tx:
        user = shop.accounts.get_user(tx, user_id)
    prepared: NewPassword = shop.accounts.prepare_password(
        password, login=user.login, name=user.name
    )

    def write(tx: Any) -> User:
        changed = shop.accounts.set_password(tx, user_id, prepared)
        _record(shop, tx, by, entries.ACCOUNT_CHANGED, changed, what="password")
        return changed

    return Handed(shop.database.write(write), password)


def remove_second_factor(shop: Peopled, by: Principal, user_id: int) -> User:
    """For somebody who lost app and recovery codes. Errors: ``accounts.oneself``,
    ``accounts.no_second_factor``."""
    _refuse_oneself(by, user_id)

    def write(tx: Any) -> User:
        changed = shop.accounts.remove_second_factor(tx, user_id)
        _record(shop, tx, by, entries.ACCOUNT_CHANGED, changed, what="second factor removed")
        return changed

    return shop.database.write(write)


def create_organisation(
    shop: Peopled, by: Principal, name: str, kind: str, declarants: Iterable[str]
) -> Organisation:
    """Make an organisation. Errors: those of `Accounts.create_organisation`."""
    return _organisation(
        shop, by, lambda tx: shop.accounts.create_organisation(tx, name, kind, declarants)
    )


def set_declarants(
    shop: Peopled, by: Principal, organisation_id: int, declarants: Iterable[str]
) -> Organisation:
    """Make these the declarants of an organisation. Errors: those of `Accounts.set_declarants`."""
    return _organisation(
        shop, by, lambda tx: shop.accounts.set_declarants(tx, organisation_id, declarants)
    )


def set_economy(shop: Spoken, by: Principal, organisation_id: int, economy: str) -> Organisation:
    """Say which economy an organisation speaks for ("": none); its regulators are its contact
    point. Errors: ``accounts.no_organisation``, InputRefused ``contributions.unknown_economy``."""
    code = economy.strip().upper()
    if code and code not in {one.id for one in shop.governance.corpus.economies}:
        raise InputRefused(
            Problem(
                "contributions.unknown_economy",
                f"{economy!r} is not an economy of the corpus.",
                pointer="/economy",
                hint="Choose one of those listed.",
            )
        )
    return _organisation(shop, by, lambda tx: shop.accounts.set_economy(tx, organisation_id, code))


# ---------------------------------------------------------------- entries


def _changed(shop: Peopled, by: Principal, user_id: int, change: Callable[[Any], User]) -> User:
    """Change a user; where that made no difference, the ledger is told nothing."""

    def write(tx: Any) -> User:
        before = shop.accounts.get_user(tx, user_id)
        after = change(tx)
        differing = [
            name
            for name in ("role", "organisation_id", "office", "disabled")
            if getattr(before, name) != getattr(after, name)
        ]
        if differing:
            _record(shop, tx, by, entries.ACCOUNT_CHANGED, after, what=", ".join(differing))
        return after

    return shop.database.write(write)


def _record(
    shop: Peopled, tx: Any, by: Principal, kind: str, user: User, *, what: str = ""
) -> None:
    body = {
        "user": user.id,
        "login": user.login,
        "role": str(user.role),
        "organisation": user.organisation_id,
        "office": user.office,
        "by": by.login,
    }
    if what:
        body["what"] = what
    at = stamp(shop.clock.now())
    shop.ledger.record(tx, [entries.entry(at, kind, f"account/{user.id}", body)])


def _organisation(
    shop: Peopled, by: Principal, change: Callable[[Any], Organisation]
) -> Organisation:
    def write(tx: Any) -> Organisation:
        made = change(tx)
        body = {
            "organisation": made.id,
            "kind": made.kind,
            "declarants": sorted(made.declarants),
            "economy": made.economy,
            "by": by.login,
        }
        at = stamp(shop.clock.now())
        subject = f"organisation/{made.id}"
        shop.ledger.record(tx, [entries.entry(at, entries.ORGANISATION_CHANGED, subject, body)])
        return made

    return shop.database.write(write)


def _refuse_oneself(by: Principal, user_id: int) -> None:
    if by.user_id == user_id:
        raise TradelaneError(
            Problem(
                "accounts.oneself",
                "You cannot do this to your own account.",
                hint="Ask another administrator: nobody shall lock the last one out.",
            )
        )
