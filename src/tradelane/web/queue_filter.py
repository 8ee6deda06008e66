"""The queue's filter in an address: read, said again, and kept when an officer goes on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from tradelane.inspections.model import WAITING, CaseFilter, CaseState
from tradelane.kit.errors import InputRefused, Problem

STATES: Mapping[str, tuple[CaseState, ...]] = {
    "open": (CaseState.OPEN,),
    "inspecting": (CaseState.INSPECTING,),
    "referred": (CaseState.REFERRED,),
    "held": (CaseState.HELD,),
    "waiting": WAITING,
    "released": (CaseState.RELEASED,),
    "rejected": (CaseState.REJECTED,),
    "withdrawn": (CaseState.WITHDRAWN,),
    "all": tuple(CaseState),
}
"""What can be asked for, by its name in an address. Without a name: ``open``."""
LANES = ("red", "yellow")
WHOSE = ("mine", "nobody")
FIELDS = ("state", "office", "lane", "whose", "hs", "importer", "q", "from", "to")
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """A filter as it was typed, and what it means for whoever asks."""

    typed: Mapping[str, str]
    wanted: CaseFilter

    @property
    def query(self) -> str:
        """The filter for an address, without what is empty.

        >>> read_filter({"lane": "red", "q": ""}, user=1).query
        'lane=red'
        """
        return urlencode([(name, self.typed[name]) for name in FIELDS if self.typed[name]])

    @property
    def narrows(self) -> bool:
        """Whether it asks for less than every case of a state."""
        return any(self.typed[name] for name in FIELDS if name != "state")


def read_filter(given: Mapping[str, str], user: int) -> QueueFilter:
    """The filter in the parameters of an address. ``user``: who "mine" is.

    Errors: InputRefused ``web.filter`` with every field that cannot be used.
    """
    typed = typed_filter(given)
    problems: list[Problem] = []

    def choose(name: str, among: Mapping[str, object] | tuple[str, ...]) -> str:
        if typed[name] and typed[name] not in among:
            problems.append(_problem(name, "That cannot be chosen.", ", ".join(among)))
            return ""
        return typed[name]

    def day(name: str) -> dt.date | None:
        try:
            return dt.date.fromisoformat(typed[name]) if typed[name] else None
        except ValueError:
            problems.append(_problem(name, "That is not a day.", "2026-10-31"))
            return None

    hs = typed["hs"].replace(".", "").replace(" ", "")
    if hs and not (hs.isascii() and hs.isdecimal() and 2 <= len(hs) <= 10):
        problems.append(_problem("hs", "An HS code begins with 2 to 10 digits.", "8471 or 8471.30"))
    state = choose("state", STATES)
    whose = choose("whose", WHOSE)
    wanted = CaseFilter(
        states=STATES[state or "open"],
        office=typed["office"],
        lane=choose("lane", LANES),
        assigned_to=user if whose == "mine" else None,
        unassigned=whose == "nobody",
        hs_prefix=hs,
        importer=typed["importer"],
        text=typed["q"],
        received_from=day("from"),
        received_to=day("to"),
    )
    if problems:
        raise InputRefused(problems)
    return QueueFilter(typed, wanted)


def typed_filter(given: Mapping[str, str]) -> dict[str, str]:
    """Every field of the filter as it was typed, '' where there is none."""
    return {name: given.get(name, "").replace("\0", "").strip()[:_LONGEST] for name in FIELDS}


def safe_query(text: str) -> str:
    """A filter's query string with nothing in it but the filter: for links made from an address.

    >>> safe_query("lane=red&evil=1&q=%22"), safe_query("")
    ('lane=red&q=%22', '')
    """
    typed = typed_filter(dict(parse_qsl(text[:2000], max_num_fields=50)))
    return urlencode([(name, typed[name]) for name in FIELDS if typed[name]])


def _problem(name: str, message: str, example: str) -> Problem:
    return Problem("web.filter", message, pointer=f"/{name}", hint=f"For example: {example}.")
