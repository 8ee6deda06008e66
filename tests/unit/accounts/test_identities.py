"""Signing in by the word of an identity provider: what it is worth is for the policy to say."""

from __future__ import annotations

from typing import Any

import pytest

from accounts_house import ADDRESS, House
from tradelane.accounts.model import NeedsSecondFactor, OidcPolicy, Role, SignedIn
from tradelane.kit.errors import TradelaneError

ISSUER = "https://id.example.org"


def come(house: House, subject: str = "s1", login: str = "ana@example.org", **options: Any) -> Any:
    settings: dict[str, Any] = {"policy": OidcPolicy(), "role": None, "address": ADDRESS}
    settings |= options
    issuer = settings.pop("issuer", ISSUER)
    return house.write(
        house.accounts.sign_in_with_identity, issuer, subject, login, "Ana Reyes", **settings
    )


def refused(house: House, **options: Any) -> str:
    with pytest.raises(TradelaneError) as caught:
        come(house, **options)
    return caught.value.problems[0].code


CREATING = OidcPolicy(create_users=True)


def test_nobody_is_let_in_without_an_account_unless_the_policy_says_so(house: House):
    assert refused(house, role=Role.OFFICER, verified=True) == "accounts.not_invited"
    assert refused(house, policy=CREATING) == "accounts.no_role"
    found = come(house, policy=CREATING, role=Role.OFFICER, office="north")
    assert isinstance(found, SignedIn)
    assert (found.user.login, found.user.role, found.user.office) == (
        "ana@example.org",
        Role.OFFICER,
        "north",
    )


def test_the_same_identity_is_the_same_user_whatever_else_it_says(house: House):
    first = come(house, policy=CREATING, role=Role.OFFICER)
    again = come(house, login="other@example.org", role=Role.ADMINISTRATOR)
    assert again.user == first.user


def test_an_account_is_linked_only_to_a_verified_login(house: House):
    user = house.make("ana@example.org")
    assert refused(house) == "accounts.not_invited"
    assert refused(house, policy=CREATING, role=Role.OFFICER) == "accounts.login_taken"
    not_linking = OidcPolicy(link_existing=False)
    assert refused(house, policy=not_linking, verified=True) == "accounts.not_invited"
    assert come(house, verified=True).user == user
    assert come(house).user == user


def test_another_subject_or_issuer_is_another_identity(house: House):
    house.make("ana@example.org")
    come(house, verified=True)
    assert refused(house, subject="s2") == "accounts.not_invited"
    assert refused(house, issuer="https://id.example.com") == "accounts.not_invited"


def test_a_disabled_user_is_not_let_in(house: House):
    user = house.make("ana@example.org")
    come(house, verified=True)
    house.write(house.accounts.disable_user, user.id)
    assert refused(house) == "accounts.sign_in_failed"


def test_the_role_follows_the_provider_only_where_the_policy_says_so(house: House):
    come(house, policy=CREATING, role=Role.OFFICER)
    assert come(house, policy=CREATING, role=Role.SUPERVISOR).user.role is Role.OFFICER
    following = OidcPolicy(create_users=True, follow_roles=True)
    changed = come(house, policy=following, role=Role.SUPERVISOR)
    assert (changed.user.role, changed.principal.role) == (Role.SUPERVISOR, Role.SUPERVISOR)
    assert come(house, policy=following, role=None).user.role is Role.SUPERVISOR


def test_a_second_factor_that_somebody_has_here_is_still_asked_for(house: House):
    user = house.make("ana@example.org")
    house.add_second_factor(user)
    assert isinstance(come(house, verified=True), NeedsSecondFactor)


def test_whoever_came_by_identity_alone_has_no_password_to_sign_in_with(house: House):
    come(house, policy=CREATING, role=Role.OFFICER)
    for password in ("", "ana@example.org"):
        with pytest.raises(TradelaneError) as caught:
            house.sign_in("ana@example.org", password)
        assert caught.value.problems[0].code == "accounts.sign_in_failed"


def test_of_several_values_of_the_claim_the_first_in_the_policy_counts():
    policy = OidcPolicy(
        roles={"chiefs": Role.SUPERVISOR, "clerks": Role.OFFICER}, default_role=Role.ANALYST
    )
    assert policy.role_of(["clerks", "chiefs"]) is Role.SUPERVISOR
    assert policy.role_of(["clerks"]) is Role.OFFICER
    assert policy.role_of(["gardeners"]) is Role.ANALYST
    assert OidcPolicy().role_of(["chiefs"]) is None
