"""`tradelane accounts`: the first administrator is made here, and what a locked-out one needs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from tradelane.accounts.model import (
    ORGANISATION_KINDS,
    ROLE_SCOPES,
    Organisation,
    Role,
    Scope,
    User,
)
from tradelane.kit.errors import InputRefused, Problem

if TYPE_CHECKING:
    from tradelane.accounts.service import Accounts
    from tradelane.kit.database import Database

T = TypeVar("T")


class _Platform(Protocol):
    @property
    def accounts(self) -> Accounts: ...
    @property
    def database(self) -> Database: ...


_STDIN = click.option(
    "--password-stdin", is_flag=True, help="Read the password from one line of standard input."
)


@click.group()
def accounts() -> None:
    """Accounts: organisations, the people in them, their passwords and tokens."""


@accounts.command("create-organisation")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(ORGANISATION_KINDS),
    default="trader",
    show_default=True,
    help="What it is.",
)
@click.option(
    "--declarant",
    "declarants",
    multiple=True,
    help="An identifier that it declares under, such as D0077. Can be given several times.",
)
@click.pass_obj
def create_organisation(
    platform: _Platform, name: str, kind: str, declarants: tuple[str, ...]
) -> None:
    """Make the organisation NAME, which owns its declarants' declarations."""
    made = platform.database.write(
        lambda tx: platform.accounts.create_organisation(tx, name, kind, declarants)
    )
    click.echo(f"Organisation {made.id}: {made.name} ({made.kind}).")
    if made.declarants:
        click.echo(f"Declarants: {', '.join(made.declarants)}.")


@accounts.command()
@click.argument("login")
@click.option("--name", required=True, help="The person's name, as others see it.")
@click.option(
    "--role",
    type=click.Choice([str(role) for role in Role]),
    required=True,
    help="What they are here for.",
)
@click.option("--organisation", help="The name of their organisation, which must exist.")
@click.option("--office", default="", help="The office whose cases they see. [default: every one]")
@_STDIN
@click.pass_obj
def create(
    platform: _Platform,
    login: str,
    name: str,
    role: str,
    organisation: str | None,
    office: str,
    password_stdin: bool,
) -> None:
    """Make an account for a person who signs in as LOGIN; asks for the password twice.

    The first administrator is made here. Everybody else can be made on the pages then.
    """
    service = platform.accounts
    password = service.prepare_password(_ask(password_stdin), login=login, name=name)

    def make(tx: Any) -> User:
        within = None if organisation is None else _organisation(service, tx, organisation).id
        return service.create_user(tx, login, name, Role(role), within, office, password)

    made = platform.database.write(make)
    click.echo(f"{made.login} can sign in as {made.role}.")


@accounts.command("list")
@click.pass_obj
def list_users(platform: _Platform) -> None:
    """Show every account: login, role, name, organisation, and what is special about it."""
    service = platform.accounts
    with platform.database.read() as tx:
        names = {one.id: one.name for one in service.organisations(tx)}
        count, after = 0, ""
        while page := service.users(tx, after=after, limit=500):
            for user in page:
                click.echo(_line(user, names))
            count, after = count + len(page), page[-1].login
    if not count:
        click.echo("No accounts yet. `tradelane accounts create` makes one.")


@accounts.command()
@click.argument("login")
@click.pass_obj
def disable(platform: _Platform, login: str) -> None:
    """Let LOGIN in no more: their sessions end now, their tokens are refused."""
    _on(platform, login, platform.accounts.disable_user)
    click.echo(f"{login} is disabled.")


@accounts.command()
@click.argument("login")
@click.pass_obj
def enable(platform: _Platform, login: str) -> None:
    """Let LOGIN in again, with the password and tokens that they had."""
    _on(platform, login, platform.accounts.enable_user)
    click.echo(f"{login} can sign in.")


@accounts.command("reset-password")
@click.argument("login")
@_STDIN
@click.pass_obj
def reset_password(platform: _Platform, login: str, password_stdin: bool) -> None:
    """Give LOGIN a new password, asked for twice; ends their sessions and any wait."""
    service = platform.accounts
    with platform.database.read() as tx:
        user = _user(service, tx, login)
    password = service.prepare_password(_ask(password_stdin), login=user.login, name=user.name)
    platform.database.write(lambda tx: service.set_password(tx, user.id, password))
    click.echo(f"{user.login} has a new password. Their sessions have ended.")


@accounts.command()
@click.argument("login")
@click.option("--name", required=True, help="What uses the token.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([str(scope) for scope in Scope]),
    help="What it may do. Can be given several times. [default: all that the role may]",
)
@click.option("--days", default=90, show_default=True, help="How long it holds.")
@click.pass_obj
def token(platform: _Platform, login: str, name: str, scopes: tuple[str, ...], days: int) -> None:
    """Issue an API token in the name of LOGIN and print its secret, once."""

    def issue(tx: Any) -> tuple[str, str]:
        user = _user(platform.accounts, tx, login)
        wanted = [Scope(scope) for scope in scopes] or ROLE_SCOPES[user.role]
        made, secret = platform.accounts.issue_token(tx, user.id, name, wanted, days)
        return secret, made.expires_at

    secret, expires_at = platform.database.write(issue)
    click.echo(secret)
    click.echo(f"Keep it now: it is shown this once. It holds until {expires_at}.", err=True)


@accounts.command("remove-second-factor")
@click.argument("login")
@click.pass_obj
def remove_second_factor(platform: _Platform, login: str) -> None:
    """Let LOGIN sign in by password alone, when telephone and recovery codes are lost."""
    _on(platform, login, platform.accounts.remove_second_factor)
    click.echo(f"{login} signs in by password alone now.")


def _on(platform: _Platform, login: str, verb: Callable[[Any, int], T]) -> T:
    return platform.database.write(lambda tx: verb(tx, _user(platform.accounts, tx, login).id))


def _user(service: Accounts, tx: Any, login: str) -> User:
    found = service.find_user(tx, login)
    if found is None:
        raise InputRefused(
            Problem(
                "accounts.no_login",
                f"There is no user {login!r}.",
                hint="`tradelane accounts list` shows every one.",
            )
        )
    return found


def _organisation(service: Accounts, tx: Any, name: str) -> Organisation:
    for one in service.organisations(tx):
        if one.name == name:
            return one
    raise InputRefused(
        Problem(
            "accounts.no_organisation_named",
            f"There is no organisation {name!r}.",
            hint="Make it first: `tradelane accounts create-organisation`.",
        )
    )


def _ask(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def _line(user: User, organisations: dict[int, str]) -> str:
    notes = [
        note
        for note, holds in (
            ("disabled", user.disabled),
            ("second factor", user.has_second_factor),
            ("demonstration", user.demo),
        )
        if holds
    ]
    within = organisations.get(user.organisation_id or 0, "-")
    return "  ".join([user.login, user.role, user.name, within, user.office or "-", *notes])
