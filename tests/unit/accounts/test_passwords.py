"""Which passwords are refused, how they are kept and how they are changed."""

from __future__ import annotations

from contextlib import ExitStack

import argon2
import pytest
import sqlalchemy as sa

from accounts_house import ADDRESS, CHEAP, NEW_PASSWORD, PASSWORD, House
from tradelane.accounts.passwords import AT_ONCE, Passwords, weakness
from tradelane.accounts.tables import accounts as table
from tradelane.kit.errors import InputRefused, TradelaneError


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("elevenchars", "password_short"),
        ("ﬁﬁﬁﬁﬁ", "password_short"),
        ("ä" * 513, "password_long"),
        ("passwordpassword", "password_common"),
        ("Password12345", "password_common"),
        ("!!!!changeme!!!!", "password_common"),
        ("............", "password_common"),
        ("bcdefghijklm", "password_common"),
        ("0987654321098", "password_common"),
        ("1q2w3e4r5t6y", "password_common"),
        ("abab" * 3, "password_common"),
        ("Tradelane2026", "password_common"),
        ("ana.reyes@example.org", "password_personal"),
        ("Ana Reyes 1984", "password_personal"),
        ("reyesreyesreyes!", "password_personal"),
    ],
)
def test_a_weak_password_is_refused(password: str, code: str):
    problem = weakness(password, "ana.reyes@example.org", "Ana Reyes")
    assert problem is not None
    assert problem.code == f"accounts.{code}"


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "lowercaseonlyletters",
        "482911735562",
        "ana likes wet gulls",
        "파도 소리가 들리는 밤에",
        "        twelve",
        "\ud800\ud800 twelve more",
    ],
)
def test_nothing_is_asked_of_a_long_password_but_that_it_is_not_tried_first(password: str):
    assert weakness(password, "ana", "Ana Reyes") is None


def test_the_default_is_the_second_recommendation_of_rfc_9106():
    kept = Passwords().hash(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert Passwords().verify(kept, PASSWORD)


def test_the_same_letters_typed_on_another_keyboard_are_the_same_password():
    passwords = Passwords(CHEAP)
    assert passwords.verify(passwords.hash("cafe\u0301 au lait noir"), "caf\xe9 au lait noir")


def test_a_hash_that_is_damaged_lets_nobody_in():
    assert not Passwords(CHEAP).verify("not a hash", PASSWORD)
    assert not Passwords(CHEAP).verify("$argon2id$v=19$m=8,t=1,p=1$broken", PASSWORD)


def test_the_database_has_no_password(house: House):
    house.make()
    with house.database.read() as tx:
        row = tx.execute(sa.select(table)).one()
    assert PASSWORD not in repr(row)
    assert row.password_hash.startswith("$argon2id$")


def test_a_prepared_password_does_not_show_itself(house: House):
    prepared = house.accounts.prepare_password(PASSWORD, login="ana", name="Ana")
    assert "argon2" not in repr(prepared)
    user = house.make(password=prepared)
    assert house.signed_in().user == user


def test_a_weak_password_is_refused_wherever_it_is_set(house: House):
    user = house.make()
    with pytest.raises(InputRefused):
        house.make("ben", password="short")
    with pytest.raises(InputRefused):
        house.write(house.accounts.set_password, user.id, "short")
    with pytest.raises(InputRefused):
        house.accounts.change_password(house.database, user.id, PASSWORD, "short", ADDRESS)


def test_a_new_password_ends_all_sessions_and_any_wait(house: House):
    user = house.make()
    secret = house.signed_in().secret
    for _ in range(5):
        with pytest.raises(TradelaneError):
            house.sign_in(password="wrong")
    house.write(house.accounts.set_password, user.id, NEW_PASSWORD)
    assert house.read(house.accounts.find_session, secret) is None
    assert house.sign_in(password=NEW_PASSWORD).user.id == user.id


def test_changing_ones_password_takes_the_old_one_and_ends_other_sessions(house: House):
    user = house.make()
    here, elsewhere = house.signed_in(), house.signed_in()
    with pytest.raises(TradelaneError) as caught:
        house.accounts.change_password(house.database, user.id, "wrong", NEW_PASSWORD, ADDRESS)
    assert caught.value.problems[0].code == "accounts.password_wrong"
    house.accounts.change_password(
        house.database, user.id, PASSWORD, NEW_PASSWORD, ADDRESS, keep_session=here.session.id
    )
    assert house.read(house.accounts.find_session, here.secret) is not None
    assert house.read(house.accounts.find_session, elsewhere.secret) is None
    assert house.sign_in(password=NEW_PASSWORD)


def test_guessing_the_old_password_is_throttled_like_signing_in(house: House):
    user = house.make()
    for _ in range(5):
        with pytest.raises(TradelaneError) as caught:
            house.accounts.check_password(house.database, user.id, "wrong", ADDRESS)
        assert caught.value.problems[0].code == "accounts.password_wrong"
    with pytest.raises(TradelaneError) as caught:
        house.accounts.check_password(house.database, user.id, PASSWORD, ADDRESS)
    assert caught.value.problems[0].code == "accounts.throttled"
    house.pass_time(seconds=30)
    assert house.accounts.check_password(house.database, user.id, PASSWORD, ADDRESS) == user


def test_a_hash_with_other_parameters_is_renewed_at_the_next_sign_in(house: House):
    house.make()
    stronger = House(house.database, argon2.PasswordHasher(2, 16, 1))
    stronger.signed_in()
    with house.database.read() as tx:
        kept = tx.execute(sa.select(table.c.password_hash)).scalar_one()
    assert "m=16,t=2,p=1" in kept
    assert stronger.signed_in()


def test_a_password_set_in_a_transaction_waits_for_nobody_who_waits_for_that(house: House):
    user = house.make()
    with ExitStack() as others:
        for _ in range(AT_ONCE):
            others.enter_context(house.accounts._passwords.turn())
        house.write(house.accounts.set_password, user.id, NEW_PASSWORD)
    assert house.sign_in(password=NEW_PASSWORD)
