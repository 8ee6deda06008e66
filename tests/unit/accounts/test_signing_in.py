"""Signing in: who gets in, what is told to whom, and who has to wait."""

from __future__ import annotations

import pickle
from typing import ClassVar, Literal

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from accounts_house import NEW_PASSWORD, PASSWORD, House
from tradelane.accounts.model import Role, SignedIn, Throttled
from tradelane.accounts.tables import attempts as table
from tradelane.accounts.throttle import PER_ADDRESS, PER_LOGIN
from tradelane.kit.errors import TradelaneError


def refused(house: House, **how: str) -> TradelaneError:
    with pytest.raises(TradelaneError) as caught:
        house.sign_in(**how)
    return caught.value


def fail(house: House, times: int, **how: str) -> None:
    for _ in range(times):
        error = refused(house, **{"password": "wrong", **how})
        assert error.problems[0].code == "accounts.sign_in_failed"


def test_whoever_knows_the_password_gets_a_session_and_a_principal(house: House):
    firm = house.write(house.accounts.create_organisation, "Kauri", "trader", ["D1", "D2"])
    user = house.make(organisation_id=firm.id, locale="ko")
    found = house.sign_in(login=" ANA ")
    assert isinstance(found, SignedIn)
    assert found.user == user
    assert found.principal.declarants == {"D1", "D2"}
    assert (found.principal.owns("D1"), found.principal.owns("D3")) == (True, False)
    assert (found.principal.session_id, found.principal.token_id) == (found.session.id, None)
    assert found.principal.locale == "ko"
    assert found.secret not in repr(found)


def test_an_unknown_login_a_wrong_password_and_a_disabled_user_are_told_the_same(house: House):
    house.make("ana")
    house.write(house.accounts.disable_user, house.make("ben").id)
    house.make("cho", password=None)
    answers = {
        str(refused(house, login=login, password=password))
        for login, password in [
            ("ana", "wrong"),
            ("nobody", PASSWORD),
            ("no body\x00", PASSWORD),
            ("\ud800", "\ud800"),
            ("ben", PASSWORD),
            ("cho", ""),
            ("cho", PASSWORD),
            ("ana", PASSWORD + "x" * 100_000),
        ]
    }
    assert len(answers) == 1


class _Noting(PasswordHasher):
    """Notes the parameters of every hash that is looked at: they are what takes the time."""

    looks: ClassVar[list[str]] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
        self.looks.append(str(hash).rsplit("$", 2)[0])
        return super().verify(hash, password)


def test_one_hash_of_the_same_cost_is_looked_at_whoever_comes(house: House):
    noting = House(house.database, _Noting(time_cost=1, memory_cost=16, parallelism=1))
    noting.make("ana")
    noting.make("cho", password=None)
    for login in ("ana", "nobody", "no body\x00", "cho"):
        _Noting.looks.clear()
        refused(noting, login=login, password="wrong")
        assert _Noting.looks == ["$argon2id$v=19$m=16,t=1,p=1"]


def test_five_failures_make_a_login_wait_and_each_further_one_twice_as_long(house: House):
    house.make()
    fail(house, 5)
    for wait in (30, 60, 120):
        error = refused(house)
        assert isinstance(error, Throttled)
        assert error.seconds == wait
        assert f"{wait} seconds" in error.problems[0].hint
        house.pass_time(seconds=wait - 1)
        assert isinstance(refused(house), Throttled)
        house.pass_time(seconds=1)
        fail(house, 1)


def test_waiting_is_never_longer_than_a_quarter_of_an_hour(house: House):
    house.make()
    fail(house, 5)
    for _ in range(12):
        house.pass_time(minutes=15)
        fail(house, 1)
    error = refused(house)
    assert isinstance(error, Throttled)
    assert error.seconds == 900


def test_attempts_while_waiting_do_not_make_the_wait_longer(house: House):
    house.make()
    fail(house, 5)
    for _ in range(20):
        assert isinstance(refused(house), Throttled)
    house.pass_time(seconds=30)
    assert house.signed_in()


def test_a_success_resets_the_count_of_its_login(house: House):
    house.make()
    for _ in range(3):
        fail(house, 4)
        assert house.signed_in()


def test_few_failures_are_forgotten_after_a_quarter_of_an_hour_and_many_after_a_day(house: House):
    house.make()
    fail(house, 4)
    house.pass_time(minutes=15)
    fail(house, 4)
    fail(house, 1)
    house.pass_time(hours=23)
    fail(house, 1)
    error = refused(house)
    assert isinstance(error, Throttled)
    assert error.seconds == 60
    house.pass_time(days=1)
    fail(house, 5)


def test_a_login_that_does_not_exist_waits_too(house: House):
    fail(house, 5, login="nobody")
    assert isinstance(refused(house, login="nobody"), Throttled)


def test_an_address_that_tries_many_logins_waits(house: House):
    house.make()
    for number in range(PER_ADDRESS.free):
        fail(house, 1, login=f"user{number}")
    assert isinstance(refused(house), Throttled)
    assert house.sign_in(address="198.51.100.1")


def test_an_account_of_ones_own_does_not_wipe_the_count_of_the_address(house: House):
    house.make()
    for number in range(PER_ADDRESS.free - 1):
        fail(house, 1, login=f"user{number}")
        house.signed_in()
    fail(house, 1, login="one more")
    assert isinstance(refused(house), Throttled)


def test_a_success_after_the_wait_of_an_address_begins_no_new_wait(house: House):
    house.make()
    for number in range(PER_ADDRESS.free):
        fail(house, 1, login=f"user{number}")
    house.pass_time(seconds=30)
    for _ in range(3):
        assert house.signed_in()


def test_addresses_of_one_ipv6_network_count_together(house: House):
    house.make()
    for number in range(PER_ADDRESS.free):
        fail(house, 1, login=f"user{number}", address=f"2001:db8:1:2::{number:x}")
    assert isinstance(refused(house, address="2001:db8:1:2:ffff::1"), Throttled)
    assert house.sign_in(address="2001:db8:1:3::1")


def test_failures_are_kept_where_every_process_sees_them_without_what_was_typed(house: House):
    house.make()
    fail(house, 5, login="my secret password")
    other_process = House(house.database)
    assert isinstance(refused(other_process, login="my secret password"), Throttled)
    with house.database.read() as tx:
        assert "my secret" not in repr(tx.execute(sa.select(table)).all())


def test_what_counts_no_more_is_forgotten(house: House):
    house.make()
    fail(house, 5)
    house.make("ben")
    house.signed_in("ben")
    house.pass_time(hours=13)
    assert house.write(house.accounts.tidy) >= 1
    assert isinstance(house.sign_in(), SignedIn)
    house.pass_time(hours=25)
    house.write(house.accounts.tidy)
    with house.database.read() as tx:
        assert tx.execute(sa.select(table)).all() == []


def test_a_password_that_is_changed_while_it_is_looked_at_opens_nothing(house: House, monkeypatch):
    user = house.make()
    secret = house.signed_in().secret
    passwords = house.accounts._passwords
    verify = passwords.verify

    def change_meanwhile(known: str | None, password: str) -> bool:
        right = verify(known, password)
        house.write(house.accounts.set_password, user.id, NEW_PASSWORD)
        return right

    monkeypatch.setattr(passwords, "verify", change_meanwhile)
    assert refused(house).problems[0].code == "accounts.sign_in_failed"
    assert house.read(house.accounts.find_session, secret) is None
    assert house.read(house.accounts.sessions_of, user.id) == []


def test_a_parallel_burst_of_guesses_gets_no_more_looks_than_one_after_the_other(
    house: House, monkeypatch
):
    house.make(role=Role.OFFICER)
    passwords = house.accounts._passwords
    verify, looks = passwords.verify, []

    def guess_meanwhile(known: str | None, password: str) -> bool:
        # The next guess arrives before this one is found to be wrong.
        looks.append(password)
        with pytest.raises(TradelaneError):
            house.sign_in(password="wrong")
        return verify(known, password)

    monkeypatch.setattr(passwords, "verify", guess_meanwhile)
    monkeypatch.setattr(passwords, "_turns", _Free())
    with pytest.raises(TradelaneError):
        house.sign_in(password="wrong")
    assert len(looks) == PER_LOGIN.free


class _Free:
    """A semaphore that lets everybody in."""

    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def test_a_wait_survives_the_way_to_another_process():
    again = pickle.loads(pickle.dumps(Throttled(42)))
    assert (again.seconds, str(again)) == (42, str(Throttled(42)))
