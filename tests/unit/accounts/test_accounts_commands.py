"""`tradelane accounts` as a person meets it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from accounts_house import NEW_PASSWORD, PASSWORD, House
from tradelane.accounts.commands import accounts
from tradelane.accounts.model import ROLE_SCOPES, NeedsSecondFactor, Role, Scope
from tradelane.kit.errors import InputRefused, TradelaneError

Run = Callable[..., Result]


@pytest.fixture
def run(house: House) -> Run:
    def invoke(*arguments: str, typed: str | None = None) -> Result:
        result = CliRunner().invoke(accounts, list(arguments), obj=house, input=typed)
        if isinstance(result.exception, TradelaneError):
            raise result.exception
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return invoke


def create(run: Run, login: str, role: str, *more: str) -> Result:
    options = ("--name", login.title(), "--role", role, "--password-stdin", *more)
    return run("create", login, *options, typed=f"{PASSWORD}\n")


@pytest.mark.parametrize("role", list(Role))
def test_a_person_can_be_made_with_any_role(run: Run, house: House, role: Role):
    assert create(run, "ana", str(role)).output == f"ana can sign in as {role}.\n"
    assert house.signed_in().principal.scopes == ROLE_SCOPES[role]


def test_the_password_is_asked_for_twice_and_not_shown(run: Run, house: House):
    arguments = ("create", "ana", "--name", "Ana", "--role", "administrator")
    result = run(*arguments, typed=f"{PASSWORD}\nmistyped it\n{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert house.signed_in()


def test_a_weak_password_makes_no_account(run: Run, house: House):
    with pytest.raises(InputRefused) as caught:
        run("create", "ana", "--name", "Ana", "--role", "officer", "--password-stdin", typed="a\n")
    assert caught.value.problems[0].code == "accounts.password_short"
    assert house.read(house.accounts.users) == []


def test_an_organisation_and_its_people(run: Run, house: House):
    made = run(
        "create-organisation", "Kauri", "--kind", "broker", "--declarant", "D1", "--declarant", "D2"
    )
    assert "Kauri (broker)" in made.output
    assert "D1, D2" in made.output
    create(run, "ana", "broker", "--organisation", "Kauri")
    assert house.signed_in().principal.declarants == {"D1", "D2"}
    with pytest.raises(InputRefused) as caught:
        create(run, "ben", "broker", "--organisation", "Rimu")
    assert caught.value.problems[0].code == "accounts.no_organisation_named"


def test_the_list_says_what_is_special_about_whom(run: Run, house: House):
    assert "No accounts yet" in run("list").output
    create(run, "ana", "officer", "--office", "north")
    house.make("ben", demo=True)
    run("disable", "ana")
    assert run("list").output.splitlines() == [
        "ana  officer  Ana  -  north  disabled",
        "ben  trader  Ben  -  -  demonstration",
    ]


def test_disabling_and_enabling(run: Run, house: House):
    house.make()
    run("disable", "ana")
    with pytest.raises(TradelaneError):
        house.sign_in()
    run("enable", "ANA")
    assert house.signed_in()


def test_a_new_password_for_somebody_who_lost_theirs(run: Run, house: House):
    house.make()
    result = run("reset-password", "ana", typed=f"{NEW_PASSWORD}\n{NEW_PASSWORD}\n")
    assert "new password" in result.output
    assert house.sign_in(password=NEW_PASSWORD)
    run("reset-password", "ana", "--password-stdin", typed=f"{PASSWORD}\n")
    assert house.signed_in()


def test_a_token_is_printed_once_alone_on_standard_output(run: Run, house: House):
    house.make()
    everything = run("token", "ana", "--name", "till")
    found = house.read(house.accounts.find_token, everything.stdout.strip())
    assert found is not None
    assert found.principal.scopes == ROLE_SCOPES[Role.TRADER]
    assert "shown this once" in everything.stderr
    some = run("token", "ana", "--name", "till", "--scope", "events:read", "--days", "7")
    found = house.read(house.accounts.find_token, some.stdout.strip())
    assert found is not None
    assert found.principal.scopes == {Scope.EVENTS_READ}
    with pytest.raises(InputRefused):
        run("token", "ana", "--name", "till", "--scope", "cases:read")


def test_a_lost_telephone(run: Run, house: House):
    house.add_second_factor(house.make())
    assert isinstance(house.sign_in(), NeedsSecondFactor)
    run("remove-second-factor", "ana")
    assert house.signed_in()


@pytest.mark.parametrize("command", ["disable", "enable", "reset-password", "remove-second-factor"])
def test_somebody_who_is_not_there_is_said_not_to_be(run: Run, command: str):
    with pytest.raises(InputRefused) as caught:
        run(command, "nobody", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert caught.value.problems[0].code == "accounts.no_login"
