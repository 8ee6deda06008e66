"""The second factor: nobody gets in without it, and no code works twice."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from accounts_house import House
from tradelane.accounts.model import NeedsSecondFactor, Role, SignedIn, Throttled
from tradelane.accounts.tables import recovery_codes
from tradelane.kit.errors import TradelaneError


def half_way(house: House) -> NeedsSecondFactor:
    found = house.sign_in()
    assert isinstance(found, NeedsSecondFactor)
    return found


def give(house: House, half: NeedsSecondFactor, code: str) -> SignedIn:
    return house.accounts.check_second_factor(house.database, half.session, code)


def refused(house: House, half: NeedsSecondFactor, code: str) -> str:
    with pytest.raises(TradelaneError) as caught:
        give(house, half, code)
    return caught.value.problems[0].code


def test_nothing_is_asked_for_before_a_code_was_given(house: House):
    user = house.make()
    offer = house.write(house.accounts.begin_second_factor, user.id)
    assert house.signed_in()
    with pytest.raises(TradelaneError) as caught:
        house.write(house.accounts.confirm_second_factor, user.id, "000000x")
    assert caught.value.problems[0].code == "accounts.second_factor_wrong"
    codes = house.write(house.accounts.confirm_second_factor, user.id, house.code(offer.secret))
    assert len(set(codes)) == 10
    assert house.read(house.accounts.get_user, user.id).has_second_factor
    assert offer.secret not in repr(offer)


def test_the_address_for_the_app_names_who_and_where(house: House):
    user = house.make("ana@example.org")
    offer = house.write(house.accounts.begin_second_factor, user.id)
    parts = urlsplit(offer.uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parts.path == "/Tradelane:ana%40example.org"
    assert parse_qs(parts.query) == {"secret": [offer.secret], "issuer": ["Tradelane"]}


def test_the_password_alone_opens_a_session_without_a_principal(house: House):
    house.add_second_factor(house.make(role=Role.OFFICER))
    half = half_way(house)
    found = house.read(house.accounts.find_session, half.secret)
    assert found is not None
    assert found.principal is None


def test_a_code_gives_the_session_its_principal_under_a_new_secret(house: House):
    secret, _ = house.add_second_factor(house.make())
    half = half_way(house)
    house.pass_time(seconds=30)
    whole = give(house, half, house.code(secret))
    assert whole.session.id == half.session.id
    assert whole.secret != half.secret
    assert whole.session.csrf != half.session.csrf
    assert house.read(house.accounts.find_session, half.secret) is None
    found = house.read(house.accounts.find_session, whole.secret)
    assert found is not None
    assert (found.session, found.principal) == (whole.session, whole.principal)


def test_codes_of_the_step_before_and_after_are_taken_and_no_others(house: House):
    secret, _ = house.add_second_factor(house.make())
    house.pass_time(minutes=5)
    half = half_way(house)
    for steps in (-2, 2):
        assert refused(house, half, house.code(secret, steps)) == "accounts.second_factor_wrong"
    assert give(house, half, house.code(secret, -1))
    assert give(house, half_way(house), house.code(secret, 1))


def test_no_code_works_twice_nor_an_earlier_one_after_it(house: House):
    secret, _ = house.add_second_factor(house.make())
    assert refused(house, half_way(house), house.code(secret)) == "accounts.second_factor_wrong"
    house.pass_time(minutes=5)
    give(house, half_way(house), house.code(secret))
    half = half_way(house)
    for steps in (0, -1):
        assert refused(house, half, house.code(secret, steps)) == "accounts.second_factor_wrong"


def test_each_recovery_code_works_once_however_it_is_typed(house: House):
    user = house.make()
    _, codes = house.add_second_factor(user)
    assert give(house, half_way(house), codes[0].upper().replace("-", " "))
    assert refused(house, half_way(house), codes[0]) == "accounts.second_factor_wrong"
    assert give(house, half_way(house), codes[1])
    assert house.read(house.accounts.recovery_codes_left, user.id) == 8
    with house.database.read() as tx:
        assert codes[2] not in repr(tx.execute(sa.select(recovery_codes)).all())


def test_somebody_elses_recovery_code_is_none(house: House):
    house.add_second_factor(house.make("ana"))
    _, bens = house.add_second_factor(house.make("ben"))
    assert refused(house, half_way(house), bens[0]) == "accounts.second_factor_wrong"


def test_guessing_codes_is_throttled_also_over_new_sign_ins(house: House):
    secret, _ = house.add_second_factor(house.make())
    house.pass_time(minutes=5)
    for code in ("", "12345", "abcdef", "１２３４５６", "\ud800"):
        assert refused(house, half_way(house), code) == "accounts.second_factor_wrong"
    half = half_way(house)
    with pytest.raises(Throttled) as caught:
        give(house, half, house.code(secret))
    assert caught.value.seconds == 30
    house.pass_time(seconds=30)
    assert give(house, half, house.code(secret))


def test_a_session_that_ended_meanwhile_is_not_raised(house: House):
    user = house.make()
    secret, _ = house.add_second_factor(user)
    house.pass_time(minutes=5)
    half = half_way(house)
    house.write(house.accounts.end_session, half.session.id)
    assert refused(house, half, house.code(secret)) == "accounts.second_factor_wrong"
    old = half_way(house)
    house.pass_time(hours=12)
    assert refused(house, old, house.code(secret)) == "accounts.second_factor_wrong"
    last = half_way(house)
    house.write(house.accounts.disable_user, user.id)
    assert refused(house, last, house.code(secret)) == "accounts.second_factor_wrong"


def test_a_session_of_somebody_else_is_not_raised(house: House):
    from dataclasses import replace

    secret, _ = house.add_second_factor(house.make("ana"))
    ben = house.make("ben")
    house.add_second_factor(ben)
    house.pass_time(minutes=5)
    bens = house.sign_in("ben")
    ana = half_way(house)
    forged = NeedsSecondFactor(ana.user, replace(ana.session, id=bens.session.id), ana.secret)
    assert refused(house, forged, house.code(secret)) == "accounts.second_factor_wrong"


def test_the_session_in_which_it_was_set_up_goes_on_and_others_end(house: House):
    user = house.make()
    here, elsewhere = house.signed_in(), house.signed_in()
    offer = house.write(house.accounts.begin_second_factor, user.id)
    house.write(
        house.accounts.confirm_second_factor,
        user.id,
        house.code(offer.secret),
        keep_session=here.session.id,
    )
    found = house.read(house.accounts.find_session, here.secret)
    assert found is not None
    assert found.principal is not None
    assert house.read(house.accounts.find_session, elsewhere.secret) is None


def test_without_it_the_password_is_enough_again_but_not_for_who_was_waiting(house: House):
    user = house.make()
    house.add_second_factor(user)
    half = half_way(house)
    removed = house.write(house.accounts.remove_second_factor, user.id)
    assert not removed.has_second_factor
    assert house.read(house.accounts.find_session, half.secret) is None
    assert house.read(house.accounts.recovery_codes_left, user.id) == 0
    assert house.signed_in()
    with pytest.raises(TradelaneError) as caught:
        house.write(house.accounts.remove_second_factor, user.id)
    assert caught.value.problems[0].code == "accounts.no_second_factor"


def test_a_second_one_is_not_put_over_the_first(house: House):
    user = house.make()
    house.add_second_factor(user)
    with pytest.raises(TradelaneError) as caught:
        house.write(house.accounts.begin_second_factor, user.id)
    assert caught.value.problems[0].code == "accounts.second_factor_exists"
    with pytest.raises(TradelaneError) as caught:
        house.write(house.accounts.confirm_second_factor, user.id, "123456")
    assert caught.value.problems[0].code == "accounts.second_factor_not_begun"
