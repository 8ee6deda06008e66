"""Accounts keep the same rules on SQLite and on PostgreSQL, also when many come at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts_house import NEW_PASSWORD, House
from tradelane.accounts.model import NeedsSecondFactor, OidcPolicy, Role, Scope, SignedIn, Throttled
from tradelane.accounts.throttle import PER_LOGIN
from tradelane.kit import schema
from tradelane.kit.database import Database
from tradelane.kit.errors import TradelaneError


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres_url") if postgres else f"sqlite:///{tmp_path / 'a.db'}"
    database = Database(url)
    schema.upgrade(database)
    yield House(database)
    database.close()


def at_once(count: int, what: Callable[[int], Any]) -> list[Any]:
    """What each of so many threads returned or raised, all begun together."""
    barrier, results = threading.Barrier(count), [None] * count

    def run(number: int) -> None:
        barrier.wait()
        try:
            results[number] = what(number)
        except TradelaneError as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_day_of_a_broker(house: House):
    accounts = house.accounts
    firm = house.write(accounts.create_organisation, "Kauri", "broker", ["D1", "D2"])
    user = house.make(role=Role.BROKER, organisation_id=firm.id, locale="es_PE", demo=True)
    assert house.read(accounts.has_demo_users)
    found = house.signed_in()
    known = house.read(accounts.find_session, found.secret)
    assert known is not None
    assert (known.session, known.principal) == (found.session, found.principal)
    token, secret = house.write(accounts.issue_token, user.id, "till", [Scope.EVENTS_READ], 9)
    bearer = house.read(accounts.find_token, secret)
    assert bearer is not None
    assert (bearer.token, bearer.principal.declarants) == (token, {"D1", "D2"})
    house.write(accounts.touch_token, token.id)
    house.write(accounts.revoke_token, user.id, token.id)
    assert house.read(accounts.find_token, secret) is None
    view = house.write(accounts.save_view, user.id, "Mine", "a=1")
    assert house.write(accounts.save_view, user.id, "Mine", "a=2").id == view.id
    app, codes = house.add_second_factor(user)
    house.pass_time(minutes=2)
    half = house.sign_in()
    assert isinstance(half, NeedsSecondFactor)
    whole = accounts.check_second_factor(house.database, half.session, house.code(app))
    assert whole.principal.role is Role.BROKER
    again = house.sign_in()
    assert accounts.check_second_factor(house.database, again.session, codes[0])
    house.write(accounts.remove_second_factor, user.id)
    house.write(accounts.set_password, user.id, NEW_PASSWORD)
    assert not house.read(accounts.has_demo_users)
    house.write(accounts.end_sessions_of, user.id)
    house.pass_time(days=2)
    assert house.write(accounts.tidy) >= 1


def test_what_is_taken_is_said_to_be_taken(house: House):
    accounts = house.accounts
    house.write(accounts.create_organisation, "Kauri", "trader", ["D1"])
    house.make()
    for verb, arguments, code in (
        (accounts.create_organisation, ("Kauri", "trader"), "organisation_taken"),
        (accounts.create_organisation, ("Rimu", "trader", ["D1"]), "declarant_taken"),
        (accounts.create_user, ("ana", "Ana", Role.TRADER), "login_taken"),
    ):
        with pytest.raises(TradelaneError) as caught:
            house.write(verb, *arguments)
        assert caught.value.problems[0].code == f"accounts.{code}"
    assert [one.name for one in house.read(accounts.organisations)] == ["Kauri"]


def test_texts_that_a_database_refuses_are_refused_before_it(house: House):
    house.make()
    for login in ("\x00", "ana\x00", "\ud800"):
        assert house.read(house.accounts.find_user, login) is None
        with pytest.raises(TradelaneError):
            house.sign_in(login, "\x00\ud800")
    assert house.read(house.accounts.find_token, "tl_\x00\ud800") is None
    assert house.read(house.accounts.find_session, "\x00\ud800") is None
    assert len(house.read(house.accounts.users, search="\x00", after="\ud800")) == 1


def test_of_many_guesses_at_once_no_more_are_looked_at_than_allowed(house: House):
    house.make()

    def guess(number: int) -> Any:
        return house.accounts.sign_in(house.database, "ana", "wrong", f"192.0.2.{number}")

    results = at_once(12, guess)
    assert all(isinstance(result, TradelaneError) for result in results)
    looked = sum(not isinstance(result, Throttled) for result in results)
    assert looked == PER_LOGIN.free


def test_one_code_given_many_times_at_once_lets_one_in(house: House):
    app, _ = house.add_second_factor(house.make())
    house.pass_time(minutes=2)
    halves = [house.sign_in() for _ in range(PER_LOGIN.free)]
    code = house.code(app)

    def give(number: int) -> SignedIn:
        session = halves[number].session
        return house.accounts.check_second_factor(house.database, session, code)

    results = at_once(len(halves), give)
    assert sum(isinstance(result, SignedIn) for result in results) == 1


def test_one_login_wanted_by_many_at_once_goes_to_one(house: House):
    results = at_once(6, lambda _: house.make("ana"))
    assert sum(not isinstance(result, TradelaneError) for result in results) == 1
    assert len(house.read(house.accounts.users)) == 1


def test_an_identity_is_linked_once(house: House):
    def come() -> SignedIn | NeedsSecondFactor:
        return house.write(
            house.accounts.sign_in_with_identity,
            "https://id.example.org",
            "s1",
            "ana@example.org",
            "Ana",
            policy=OidcPolicy(create_users=True),
            role=Role.OFFICER,
            address="192.0.2.1",
        )

    assert come().user == come().user
