"""API tokens: what they allow, to whom and for how long."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from accounts_house import House
from tradelane.accounts.model import ApiToken, Role, Scope
from tradelane.accounts.tables import tokens as table
from tradelane.kit.errors import InputRefused, TradelaneError

BOTH = [Scope.DECLARATIONS_WRITE, Scope.DECLARATIONS_READ]


def issue(house: House, user_id: int, scopes=BOTH, days: int = 30) -> tuple[ApiToken, str]:
    return house.write(house.accounts.issue_token, user_id, "till system", scopes, days)


def test_a_token_asks_in_its_owners_name_for_what_it_was_issued_for(house: House):
    firm = house.write(house.accounts.create_organisation, "Kauri", "trader", ["D1"])
    user = house.make(organisation_id=firm.id)
    token, secret = issue(house, user.id)
    found = house.read(house.accounts.find_token, secret)
    assert found is not None
    assert found.token == token
    assert found.principal.login == "ana"
    assert found.principal.scopes == set(BOTH)
    assert found.principal.declarants == {"D1"}
    assert (found.principal.session_id, found.principal.token_id) == (None, token.id)


def test_a_secret_can_be_recognised_and_is_kept_nowhere(house: House):
    token, secret = issue(house, house.make().id)
    assert re.fullmatch(r"tl_[A-Za-z0-9_-]{43}", secret)
    assert secret.startswith(token.prefix)
    assert len(token.prefix) == 9
    with house.database.read() as tx:
        assert secret not in repr(tx.execute(sa.select(table)).all())


def test_only_the_secret_finds_a_token(house: House):
    token, secret = issue(house, house.make().id)
    for other in ("", "tl_", token.prefix, secret[:-1], secret[3:], "tl_\ud800"):
        assert house.read(house.accounts.find_token, other) is None


@pytest.mark.parametrize(
    ("scopes", "days", "name", "code"),
    [
        ([Scope.CASES_READ], 30, "a", "accounts.token_scopes"),
        ([*BOTH, Scope.ACCOUNTS_MANAGE], 30, "a", "accounts.token_scopes"),
        ([], 30, "a", "accounts.token_scopes"),
        (BOTH, 0, "a", "accounts.token_days"),
        (BOTH, 367, "a", "accounts.token_days"),
        (BOTH, 30, " ", "accounts.token_name"),
        (BOTH, 30, "a\nb", "accounts.token_name"),
        (BOTH, 30, "a" * 81, "accounts.token_name"),
    ],
)
def test_a_token_that_cannot_be_is_refused(house: House, scopes, days, name, code):
    user = house.make()
    with pytest.raises(InputRefused) as caught:
        house.write(house.accounts.issue_token, user.id, name, scopes, days)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_a_token_ends_when_its_days_are_over(house: House):
    _, secret = issue(house, house.make().id, days=1)
    house.pass_time(hours=23, minutes=59)
    assert house.read(house.accounts.find_token, secret) is not None
    house.pass_time(minutes=1)
    assert house.read(house.accounts.find_token, secret) is None


def test_a_token_of_a_disabled_user_asks_nothing(house: House):
    user = house.make()
    _, secret = issue(house, user.id)
    house.write(house.accounts.disable_user, user.id)
    assert house.read(house.accounts.find_token, secret) is None
    house.write(house.accounts.enable_user, user.id)
    assert house.read(house.accounts.find_token, secret) is not None


def test_a_token_never_allows_more_than_its_owners_role_does_today(house: House):
    user = house.make(role=Role.SUPERVISOR)
    _, secret = issue(house, user.id, [Scope.FIGURES_READ, Scope.OVERSIGHT_SET])
    house.write(house.accounts.set_role, user.id, Role.AUDITOR)
    found = house.read(house.accounts.find_token, secret)
    assert found is not None
    assert found.principal.scopes == {Scope.FIGURES_READ}


def test_a_revoked_token_asks_nothing_and_stays_in_the_list(house: House):
    user, other = house.make(), house.make("ben")
    first, secret = issue(house, user.id)
    second, _ = issue(house, user.id)
    with pytest.raises(TradelaneError) as caught:
        house.write(house.accounts.revoke_token, other.id, first.id)
    assert caught.value.problems[0].code == "accounts.no_token"
    revoked = house.write(house.accounts.revoke_token, user.id, first.id)
    assert house.read(house.accounts.find_token, secret) is None
    assert house.read(house.accounts.tokens_of, user.id) == [second, revoked]
    at = revoked.revoked_at
    house.pass_time(hours=1)
    assert house.write(house.accounts.revoke_token, user.id, first.id).revoked_at == at


def test_it_is_written_at_most_once_an_hour_that_a_token_is_in_use(house: House):
    _, secret = issue(house, house.make().id)
    due = []
    for _ in range(5):
        found = house.read(house.accounts.find_token, secret)
        assert found is not None
        due.append(found.touch_due)
        if found.touch_due:
            house.write(house.accounts.touch_token, found.token.id)
        house.pass_time(minutes=30)
    assert due == [True, False, True, False, True]
