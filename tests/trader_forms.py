"""What tests of a trader's pages type, and how they read what comes back."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

from doors import new_session
from tradelane.inspections.model import CaseFilter, Decision
from tradelane.journeys.casework import Officer, Ruling, decide
from tradelane.journeys.filings import Filed

House = Any
Visitor = Any

FACTS = {
    "reference": "T-1",
    "date": "2026-10-30",
    "importer": "IM000215",
    "currency": "USD",
    "office": "PMSEA",
    "departure": "CN",
    "transport_mode": "1",
}
LINE = {
    "lines-0-description": "Laptop computers",
    "lines-0-hs_code": "8471.30",
    "lines-0-origin": "CN",
    "lines-0-customs_value": "12400.00",
    "lines-0-net_mass_kg": "62.5",
}
GOODS = {"first": "0", "shown": "1", **LINE}
ROWS = (
    "declaration_id,declarant,date,importer,line,hs_code,description,origin,currency,customs_value\n"
    "UP-1,{},2026-10-30,IM000215,1,847130,Laptops,CN,USD,100.00\n"
)
SECRET_WORDS = ("probability", "score", "lane", "selected_by", "propensity", "expected revenue")


def own(house: House, visitor: Visitor) -> str:
    """The first declarant of somebody's organisation."""
    people = [new_session(house.lane, login).principal for login in ("trader", "broker")]
    [declarants] = [one.declarants for one in people if one.user_id == visitor.user_id]
    return min(declarants)


def begin(visitor: Visitor) -> str:
    """The address of a new draft."""
    answer = visitor.post("/declarations/new")
    assert answer.status_code == 303
    return str(answer.headers["location"].removesuffix("/facts"))


def typed(house: House, visitor: Visitor, **changes: str) -> str:
    """A draft with good facts and goods."""
    draft = begin(visitor)
    facts = {**FACTS, "declarant": own(house, visitor), **changes}
    assert visitor.post(f"{draft}/facts", facts).headers["location"] == f"{draft}/goods"
    assert visitor.post(f"{draft}/goods", GOODS).headers["location"] == f"{draft}/check"
    return draft


def file(house: House, visitor: Visitor, **changes: str) -> str:
    """The page of a declaration that was filed by form."""
    answer = visitor.post(f"{typed(house, visitor, **changes)}/file")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def value(html: str, name: str) -> str:
    """What a field of a page holds."""
    tag = re.search(rf'<input[^>]* name="{name}"[^>]*>', html)
    assert tag, name
    found = re.search(r'value="([^"]*)"', tag[0])
    return unescape(found[1]) if found else ""


def referred(house: House, visitor: Visitor) -> tuple[str, int]:
    """A page of a declaration with which an officer has asked something, and the message."""
    house.file_more(1)
    lane = house.lane
    declarant = own(house, visitor)
    with lane.database.read() as tx:
        case = lane.inspections.queue(tx, CaseFilter(), None, 500).cases[0]
        kept = lane.declarations.find(tx, case.declarant, case.reference)
    assert kept is not None
    page = selected(house, visitor, replace(kept.declaration, declarant=declarant))
    case = case_of(house, declarant)
    officer = Officer(house.signed_in("officer2").user_id, "officer2")
    ruling = Ruling(
        Decision.REFER,
        case.revision,
        "The documents should settle this.",
        "Send the invoice, please.",
        lane.clock.now().date() + timedelta(5),
    )
    decide(lane, case.id, ruling, officer)
    with lane.database.read() as tx:
        [message] = lane.correspondence.thread(tx, declarant, case.reference)
    return page, message.id


def selected(house: House, visitor: Visitor, like: Any) -> str:
    """The page of a declaration of theirs that waits for an officer."""
    for number in range(60):
        one = replace(like, reference=f"SEL-{number}")
        [future] = house.app.state.desk.submit([Filed(one)])
        if future.result().lane != "green":
            return f"/declarations/{one.declarant}/{one.reference}"
    raise AssertionError("nothing was selected")


def case_of(house: House, declarant: str) -> Any:
    """The newest open case of a declarant."""
    with house.lane.database.read() as tx:
        cases = house.lane.inspections.queue(tx, CaseFilter(), None, 500).cases
    return max((c for c in cases if c.declarant == declarant), key=lambda case: case.id)
