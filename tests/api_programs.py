"""Programs that ask the API in somebody's name, and declarations for them to file."""

from __future__ import annotations

import copy
import time
from typing import Any
from urllib.parse import quote

from doors import new_session
from tradelane.accounts.model import ROLE_SCOPES, Principal, Scope
from tradelane.journeys.opening import Order, open_intake
from tradelane.platform import Tradelane
from tradelane.web.schemas import EXAMPLE

AT = "/api/v1/declarations"


def principal(house: Any, login: str) -> Principal:
    """Who one of the demonstration's people is."""
    return new_session(house.lane, login).principal


def token(lane: Tradelane, login: str, *scopes: Scope) -> str:
    """A token of somebody's with these scopes, or with all that their role has."""
    user = new_session(lane, login).user
    wanted = scopes or tuple(sorted(ROLE_SCOPES[user.role]))
    return lane.database.write(
        lambda tx: lane.accounts.issue_token(tx, user.id, "tests", wanted, 30)
    )[1]


def program(house: Any, login: str, *scopes: Scope) -> Any:
    """A client with such a token."""
    client = house.visitor()
    client.headers["authorization"] = f"Bearer {token(house.lane, login, *scopes)}"
    return client


def a_declaration(house: Any, reference: str, login: str = "trader") -> dict[str, Any]:
    """A declaration of today that somebody may file."""
    made = copy.deepcopy(EXAMPLE)
    declarant = min(principal(house, login).declarants)
    made |= {"declaration_id": reference, "declarant": declarant}
    made["date"] = house.lane.clock.now().date().isoformat()
    return made


def address(declaration: dict[str, Any], *more: str) -> str:
    """Where the API has it."""
    parts = (declaration["declarant"], declaration["declaration_id"])
    return "/".join((AT, *(quote(part, safe="") for part in parts), *more))


def an_open_one(house: Any, client: Any) -> dict[str, Any]:
    """Order that nearly everything is looked at, and file until one waits for an officer."""
    with house.lane.database.read() as tx:
        [before] = house.lane.declarations.open_batches(tx, "intake")
    open_intake(house.lane, Order("demo", before.settings["model"], budget=0.98, by="supervisor"))
    for number in range(40):
        declaration = a_declaration(house, f"OPEN-{number}")
        if client.post(AT, json=declaration).json()["state"] == "selected":
            return declaration
        time.sleep(0.1)  # until the desk has seen the order
    raise AssertionError("no declaration was selected")
