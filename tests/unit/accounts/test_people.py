"""Who is here: organisations, users, roles, preferences."""

from __future__ import annotations

import pytest

from accounts_house import House
from tradelane.accounts.model import ROLE_SCOPES, Role, Scope
from tradelane.accounts.preferences import VIEWS_PER_USER
from tradelane.kit.errors import InputRefused, TradelaneError


def code_of(caught: pytest.ExceptionInfo[TradelaneError]) -> str:
    return caught.value.problems[0].code


def test_an_organisation_owns_its_declarants(house: House):
    made = house.write(
        house.accounts.create_organisation, "Kauri Imports", "trader", ["D2", "D1", "D2"]
    )
    assert made.declarants == ("D1", "D2")
    assert house.read(house.accounts.get_organisation, made.id) == made
    assert house.read(house.accounts.organisations) == [made]


def test_a_declarant_belongs_to_one_organisation_at_most(house: House):
    house.write(house.accounts.create_organisation, "Kauri Imports", "trader", ["D1"])
    with pytest.raises(TradelaneError) as caught:
        house.write(house.accounts.create_organisation, "Rimu Brokers", "broker", ["D2", "D1"])
    assert code_of(caught) == "accounts.declarant_taken"
    assert [one.name for one in house.read(house.accounts.organisations)] == ["Kauri Imports"]


def test_declarants_can_be_handed_over(house: House):
    one = house.write(house.accounts.create_organisation, "Kauri Imports", "trader", ["D1", "D2"])
    two = house.write(house.accounts.create_organisation, "Rimu Brokers", "broker")
    assert house.write(house.accounts.set_declarants, one.id, ["D2"]).declarants == ("D2",)
    assert house.write(house.accounts.set_declarants, two.id, ["D1"]).declarants == ("D1",)


@pytest.mark.parametrize(
    ("name", "kind", "declarants", "code"),
    [
        ("", "trader", [], "accounts.name"),
        ("a\nb", "trader", [], "accounts.name"),
        ("Kauri", "pirate", [], "accounts.organisation_kind"),
        ("Kauri", "trader", ["D 1"], "accounts.declarant"),
        ("Kauri", "trader", ["D\x001"], "accounts.declarant"),
        ("Kauri", "trader", ["D\ud800"], "accounts.declarant"),
        ("Kauri", "trader", [""], "accounts.declarant"),
    ],
)
def test_an_organisation_that_cannot_be_is_refused(house: House, name, kind, declarants, code):
    with pytest.raises(InputRefused) as caught:
        house.write(house.accounts.create_organisation, name, kind, declarants)
    assert code_of(caught) == code


def test_two_organisations_cannot_share_a_name(house: House):
    house.write(house.accounts.create_organisation, "Kauri", "trader")
    with pytest.raises(TradelaneError) as caught:
        house.write(house.accounts.create_organisation, "Kauri", "broker")
    assert code_of(caught) == "accounts.organisation_taken"


def test_logins_are_the_same_in_capitals_and_not(house: House):
    made = house.make("Ana.Reyes@Example.org")
    assert made.login == "ana.reyes@example.org"
    assert house.read(house.accounts.find_user, " ANA.reyes@example.org") == made
    with pytest.raises(TradelaneError) as caught:
        house.make("ana.REYES@example.org")
    assert code_of(caught) == "accounts.login_taken"


@pytest.mark.parametrize("login", ["", "ana reyes", "ana\x00", "анa", "a" * 201, "-ana", "\ud800"])
def test_a_login_that_cannot_be_is_refused_and_not_found(house: House, login: str):
    with pytest.raises(InputRefused) as caught:
        house.write(house.accounts.create_user, login, "Ana", Role.TRADER)
    assert code_of(caught) == "accounts.login"
    assert house.read(house.accounts.find_user, login) is None


def test_a_name_with_signs_that_turn_the_writing_direction_is_refused(house: House):
    with pytest.raises(InputRefused) as caught:
        house.write(house.accounts.create_user, "ana", "ana\u202egnp", Role.TRADER)
    assert code_of(caught) == "accounts.name"


def test_a_user_of_an_organisation_that_is_not_there_is_refused(house: House):
    with pytest.raises(TradelaneError) as caught:
        house.make("ana", organisation_id=99)
    assert code_of(caught) == "accounts.no_organisation"


def test_users_come_in_pages_and_can_be_searched(house: House):
    for number in range(7):
        house.make(f"user{number}")
    house.write(house.accounts.create_user, "ben", "Zoë 100% Quinn", Role.OFFICER)
    first = house.read(house.accounts.users, limit=3)
    second = house.read(house.accounts.users, limit=3, after=first[-1].login)
    assert [u.login for u in first + second] == ["ben", *(f"user{n}" for n in range(5))]
    assert [u.login for u in house.read(house.accounts.users, search="100%")] == ["ben"]
    assert [u.login for u in house.read(house.accounts.users, search="USER3")] == ["user3"]
    assert house.read(house.accounts.users, search="%", limit=0)[0].login == "ben"
    assert house.read(house.accounts.users, search="\x00\ud800zzz") == []


def test_a_disabled_user_loses_sessions_and_comes_back_with_the_same_password(house: House):
    user = house.make()
    secret = house.signed_in().secret
    assert house.write(house.accounts.disable_user, user.id).disabled
    assert house.read(house.accounts.find_session, secret) is None
    with pytest.raises(TradelaneError) as caught:
        house.sign_in()
    assert code_of(caught) == "accounts.sign_in_failed"
    house.write(house.accounts.enable_user, user.id)
    assert house.read(house.accounts.find_session, secret) is None
    assert house.signed_in().user == user


def test_another_role_ends_the_sessions_of_the_old_one(house: House):
    user = house.make(role=Role.OFFICER)
    secret = house.signed_in().secret
    changed = house.write(house.accounts.set_role, user.id, Role.AUDITOR)
    assert changed.role is Role.AUDITOR
    assert house.read(house.accounts.find_session, secret) is None
    assert house.signed_in().principal.scopes == ROLE_SCOPES[Role.AUDITOR]


def test_whoever_moves_sees_what_is_there_from_the_next_request_on(house: House):
    firm = house.write(house.accounts.create_organisation, "Kauri", "trader", ["D1"])
    user = house.make(office="north")
    secret = house.signed_in().secret
    house.write(house.accounts.move_user, user.id, firm.id, " south ")
    found = house.read(house.accounts.find_session, secret)
    assert found is not None
    assert found.principal is not None
    assert (found.principal.office, found.principal.declarants) == ("south", {"D1"})
    for organisation_id, office, code in (
        (99, "", "accounts.no_organisation"),
        (None, "a\nb", "accounts.office"),
    ):
        with pytest.raises(TradelaneError) as caught:
            house.write(house.accounts.move_user, user.id, organisation_id, office)
        assert code_of(caught) == code


def test_whoever_manages_accounts_decides_no_case_and_the_other_way_round():
    assert set(ROLE_SCOPES) == set(Role)
    assert set().union(*ROLE_SCOPES.values()) == set(Scope)
    for scopes in ROLE_SCOPES.values():
        assert not {Scope.ACCOUNTS_MANAGE, Scope.CASES_DECIDE} <= scopes


def test_demonstration_users_are_told_of_until_they_have_a_password_of_their_own(house: House):
    assert not house.read(house.accounts.has_demo_users)
    user = house.make(demo=True)
    assert house.read(house.accounts.has_demo_users)
    house.write(house.accounts.disable_user, user.id)
    assert not house.read(house.accounts.has_demo_users)
    house.write(house.accounts.enable_user, user.id)
    house.write(house.accounts.set_password, user.id, "two dry boats in the shed")
    assert not house.read(house.accounts.has_demo_users)


def test_a_language_is_kept(house: House):
    user = house.make()
    assert house.write(house.accounts.set_locale, user.id, "es_PE").locale == "es_PE"
    assert house.signed_in().principal.locale == "es_PE"
    with pytest.raises(InputRefused) as caught:
        house.write(house.accounts.set_locale, user.id, "../etc")
    assert code_of(caught) == "accounts.locale"


def test_saved_views_are_ones_own(house: House):
    ana, ben = house.make("ana"), house.make("ben")
    view = house.write(house.accounts.save_view, ana.id, " Red ", "lane=red&office=north")
    again = house.write(house.accounts.save_view, ana.id, "Red", "lane=red")
    assert (again.id, again.name) == (view.id, "Red")
    assert house.read(house.accounts.views, ana.id) == [again]
    assert house.read(house.accounts.views, ben.id) == []
    with pytest.raises(TradelaneError) as caught:
        house.write(house.accounts.delete_view, ben.id, view.id)
    assert code_of(caught) == "accounts.no_view"
    house.write(house.accounts.delete_view, ana.id, view.id)
    assert house.read(house.accounts.views, ana.id) == []


def test_saved_views_have_limits(house: House):
    ana = house.make()
    for name, query, code in (
        ("", "", "accounts.view_name"),
        ("a" * 81, "", "accounts.view_name"),
        ("a", "b" * 2001, "accounts.view_query"),
        ("a", "b\r\nc", "accounts.view_query"),
    ):
        with pytest.raises(InputRefused) as caught:
            house.write(house.accounts.save_view, ana.id, name, query)
        assert code_of(caught) == code
    for number in range(VIEWS_PER_USER):
        house.write(house.accounts.save_view, ana.id, f"view {number}", "")
    house.write(house.accounts.save_view, ana.id, "view 7", "lane=red")
    with pytest.raises(TradelaneError) as full:
        house.write(house.accounts.save_view, ana.id, "one more", "")
    assert code_of(full) == "accounts.too_many_views"


def test_what_is_not_there_is_said_so(house: House):
    for verb in (
        house.accounts.get_user,
        house.accounts.disable_user,
        house.accounts.enable_user,
        house.accounts.begin_second_factor,
    ):
        with pytest.raises(TradelaneError) as caught:
            house.write(verb, 99)
        assert code_of(caught) == "accounts.no_user"
