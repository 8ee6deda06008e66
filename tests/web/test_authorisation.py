"""Every address, asked as nobody and in every role: the table holds, and the page is the table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tradelane.accounts.model import Role
from tradelane.web import access, table
from tradelane.web.app import create_app

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "authorisation.md"
LOGINS = {role: "admin" if role is Role.ADMINISTRATOR else str(role) for role in Role}
REFUSED = ("web.not_allowed", "may not do this")


def address(path: str) -> str:
    """A path with something in the place of each parameter that nothing is called."""
    return re.sub(r"\{[^}]*\}", "987654321", path)


def ask(client: Any, method: str, path: str, csrf: str) -> Any:
    options: dict[str, Any] = {}
    if method in ("POST", "PUT", "PATCH"):
        options = {"data": {"csrf": csrf}} if not path.startswith("/api/") else {"json": {}}
    return client.request(method, address(path), **options)


def verdict(answer: Any, path: str) -> str:
    if answer.status_code == 401:
        return "sign in"
    if answer.status_code == 303 and answer.headers["location"].startswith("/sign-in?return_to="):
        return "sign in"
    if answer.status_code == 403 and any(words in answer.text for words in REFUSED):
        return "no"
    return "yes"


def quiet(row: tuple[str, str, Any]) -> bool:
    """Whether asking ends: the stream of events does not."""
    return row[1] != "/api/v1/events" or row[0] != "GET"


@pytest.mark.slow
@pytest.mark.parametrize("role", [None, *Role], ids=str)
def test_every_address_lets_through_whom_the_table_says(house: Any, role: Role | None) -> None:
    """What comes after being let through is not looked at here: most of these ask for nothing that
    exists, and forms are empty."""
    rows = [row for row in table.rows(house.app) if quiet(row) and row[1] != "/sign-out"]
    assert len(rows) > 60
    visitor = None if role is None else house.signed_in(LOGINS[role])
    client = house.visitor() if visitor is None else visitor.client
    client.get("/sign-in")  # where somebody without a session gets the secret of their forms
    csrf = client.cookies.get("tl_before", "") if visitor is None else visitor.csrf
    cookies = dict(client.cookies)
    wrong = []
    for method, path, rule in rows:
        client.cookies.clear()
        client.cookies.update(cookies)
        answer = ask(client, method, path, csrf)
        expected = table.letting(rule, role)
        found = verdict(answer, path)
        if found != expected or answer.status_code >= 500:
            wrong.append(f"{method} {path}: {expected} expected, {answer.status_code} ({found})")
    assert not wrong, "\n".join(wrong)


def test_a_token_allows_no_more_than_its_scopes(house: Any) -> None:
    client = house.token("supervisor", access.Scope.FIGURES_READ)
    assert client.get("/api/v1/cases").status_code == 403
    assert client.post("/api/v1/selection", json={}).status_code == 403
    assert client.get("/api/v1/figures").status_code < 400


def test_a_token_changes_no_account_and_no_people(house: Any) -> None:
    for login, scope in (("trader", "declarations:read"), ("admin", "accounts:manage")):
        client = house.token(login, access.Scope(scope))
        for method, path, _ in table.rows(house.app):
            if path.startswith(("/account", "/people")):
                assert ask(client, method, path, "").status_code == 403, path


def test_whatever_changes_something_has_a_check_against_forged_forms(house: Any) -> None:
    """Pages: the secret of the form. The API: a session alone is not enough to change anything
    from another site, because a browser sends no JSON there without asking."""
    visitor = house.signed_in("supervisor")
    others = [r for r in table.rows(house.app) if r[0] != "GET" and not r[1].startswith("/api/")]
    assert len(others) > 15
    for method, path, _ in others:
        answer = visitor.client.request(method, address(path), data={"csrf": "wrong" * 9})
        assert answer.status_code == 403, path


def test_the_page_is_the_table(tmp_path: Path) -> None:
    from tradelane.platform import Tradelane

    made = table.table(create_app(Tradelane(tmp_path)))
    assert PAGE.read_text(encoding="utf-8") == made, (
        "python -m tradelane.web.table > docs/reference/authorisation.md"
    )


def test_a_route_without_a_rule_or_with_two_is_refused(tmp_path: Path) -> None:
    from tradelane.platform import Tradelane

    app = create_app(Tradelane(tmp_path))
    app.get("/forgotten")(lambda: None)
    with pytest.raises(ValueError, match="/forgotten has 0 rules"):
        table.rows(app)
