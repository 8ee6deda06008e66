"""Sessions: their secrets, and when they end."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from accounts_house import House
from tradelane.accounts.model import Role
from tradelane.accounts.tables import sessions as table


def test_every_sign_in_has_a_secret_and_a_form_secret_of_its_own(house: House):
    house.make()
    opened = [house.signed_in() for _ in range(5)]
    assert len({one.secret for one in opened} | {one.session.csrf for one in opened}) == 10
    assert len({one.session.id for one in opened}) == 5
    assert all(len(one.secret) == 43 for one in opened)


def test_the_database_has_no_secret_of_a_session(house: House):
    house.make()
    secret = house.signed_in().secret
    with house.database.read() as tx:
        assert secret not in repr(tx.execute(sa.select(table)).all())


def test_only_the_secret_finds_a_session(house: House):
    house.make()
    found = house.signed_in()
    known = house.read(house.accounts.find_session, found.secret)
    assert known is not None
    assert (known.session, known.principal) == (found.session, found.principal)
    for other in (found.session.id, found.session.csrf, "", "\ud800", found.secret[:-1]):
        assert house.read(house.accounts.find_session, other) is None


@pytest.mark.parametrize(
    ("role", "minutes"), [(Role.OFFICER, 30), (Role.TRADER, 8 * 60), (Role.BROKER, 8 * 60)]
)
def test_a_session_that_is_idle_too_long_is_over(house: House, role: Role, minutes: int):
    house.make(role=role)
    secret = house.signed_in().secret
    house.pass_time(minutes=minutes - 1)
    assert house.read(house.accounts.find_session, secret) is not None
    house.pass_time(minutes=1)
    assert house.read(house.accounts.find_session, secret) is None


def test_a_session_in_use_goes_on_but_never_for_more_than_twelve_hours(house: House):
    house.make(role=Role.OFFICER)
    secret = house.signed_in().secret
    for _ in range(12 * 60 // 20 - 1):
        house.pass_time(minutes=20)
        found = house.read(house.accounts.find_session, secret)
        assert found is not None
        house.write(house.accounts.touch_session, found.session.id)
    house.pass_time(minutes=20)
    assert house.read(house.accounts.find_session, secret) is None


def test_it_is_written_at_most_once_a_minute_that_a_session_is_in_use(house: House):
    house.make()
    secret = house.signed_in().secret
    due = []
    for _ in range(5):
        house.pass_time(seconds=30)
        found = house.read(house.accounts.find_session, secret)
        assert found is not None
        due.append(found.touch_due)
        if found.touch_due:
            house.write(house.accounts.touch_session, found.session.id)
    assert due == [False, True, False, True, False]


def test_signing_out_ends_one_session_and_everywhere_ends_all_others(house: House):
    user = house.make()
    one, two, three = (house.signed_in() for _ in range(3))
    assert house.write(house.accounts.end_session, one.session.id)
    assert not house.write(house.accounts.end_session, one.session.id)
    assert {s.id for s in house.read(house.accounts.sessions_of, user.id)} == {
        two.session.id,
        three.session.id,
    }
    ended = house.write(house.accounts.end_sessions_of, user.id, but=three.session.id)
    assert ended == 1
    assert house.read(house.accounts.find_session, two.secret) is None
    assert house.read(house.accounts.find_session, three.secret) is not None


def test_a_declarant_that_was_handed_over_is_not_owned_any_more(house: House):
    firm = house.write(house.accounts.create_organisation, "Kauri", "trader", ["D1"])
    house.make(organisation_id=firm.id)
    secret = house.signed_in().secret
    house.write(house.accounts.set_declarants, firm.id, ["D2"])
    found = house.read(house.accounts.find_session, secret)
    assert found is not None
    assert found.principal is not None
    assert found.principal.declarants == {"D2"}


def test_sessions_that_are_over_are_forgotten(house: House):
    house.make()
    house.signed_in()
    house.pass_time(hours=11)
    kept = house.signed_in()
    house.pass_time(hours=2)
    house.write(house.accounts.tidy)
    with house.database.read() as tx:
        assert tx.execute(sa.select(table.c.id)).scalars().all() == [kept.session.id]
