"""The authorisation table: every route with who may ask it, made from the routes themselves.

``python -m tradelane.web.table`` prints docs/reference/authorisation.md; a test holds the page and
the application to it.
"""

from __future__ import annotations

import tempfile
from typing import Any

from fastapi import FastAPI

from tradelane.accounts.model import ROLE_SCOPES, Role
from tradelane.web.access import Allow, Rule, SignedIn
from tradelane.web.app import create_app, route_rules

ROLES = tuple(Role)

_HEAD = """# Authorisation

Who may ask which address. This page is made from the routes themselves
(`python -m tradelane.web.table > docs/reference/authorisation.md`), and a test asks every address
as nobody and in every role and compares.

- **yes**: let through. What is asked for must also be the asker's own to see: a trader's
  organisation must own the declarant, an officer's office must have the case. What is not theirs is
  answered as if it did not exist (404).
- **no**: refused (403), without a word about whether the thing exists.
- **sign in**: pages lead to where one signs in (303), forms and the API answer 401.

An API token has some of its owner's scopes, never more. The pages under `/account` and `/people`
refuse tokens altogether. Every form also needs the secret of the page that it was on.

Rules are scopes; these roles have them:

"""


def letting(rule: Rule, role: Role | None) -> str:
    """What becomes of somebody in this role (None: nobody has signed in): yes, no or sign in.

    >>> from tradelane.web.access import PUBLIC, SIGNED_IN
    >>> letting(PUBLIC, None), letting(SIGNED_IN, None), letting(SIGNED_IN, Role.ANALYST)
    ('yes', 'sign in', 'yes')
    """
    if not isinstance(rule, SignedIn):
        return "yes"
    if role is None:
        return "sign in"
    if isinstance(rule, Allow) and not ROLE_SCOPES[role] & set(rule.scopes):
        return "no"
    return "yes"


def rows(app: FastAPI) -> list[tuple[str, str, Rule]]:
    """Method, path and rule of every route, in the order of the page.

    Raises ValueError where a route has no rule, or more than one.
    """
    found: list[tuple[str, str, Rule]] = []
    for route in route_rules(app):
        if len(route["rules"]) != 1:
            raise ValueError(f"{route['path']} has {len(route['rules'])} rules, not one")
        found.extend((method, route["path"], route["rules"][0]) for method in route["methods"])
    return sorted(found, key=lambda row: (row[1].startswith("/api/"), row[1], row[0]))


def table(app: FastAPI) -> str:
    """The whole page."""
    lines = [_HEAD + "| scope | roles |", "| --- | --- |"]
    for scope in sorted({scope for scopes in ROLE_SCOPES.values() for scope in scopes}):
        having = ", ".join(role for role in ROLES if scope in ROLE_SCOPES[role])
        lines.append(f"| `{scope}` | {having} |")
    for title, api in (("Pages", False), ("API", True)):
        lines += ["", f"## {title}", ""]
        lines.append("| method | path | rule | nobody | " + " | ".join(ROLES) + " |")
        lines.append("| --- | --- | --- | --- |" + " --- |" * len(ROLES))
        for method, path, rule in rows(app):
            if path.startswith("/api/") == api:
                who: tuple[Any, ...] = (None, *ROLES)
                cells = " | ".join(letting(rule, role) for role in who)
                lines.append(f"| {method} | `{path}` | {rule.label} | {cells} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the page."""
    from tradelane.platform import Tradelane

    with tempfile.TemporaryDirectory() as folder:
        print(table(create_app(Tradelane(folder))), end="")


if __name__ == "__main__":
    main()
