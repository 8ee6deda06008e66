"""The five differences between economies as typed fields: definition, form, regulatory approach,
authority, focus areas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from tradelane.governance.day import Day
from tradelane.governance.index import IN_FORCE, PENDING
from tradelane.governance.model import Instrument

FIELDS = ("definition", "form", "approach", "authority", "focus")
_UNKNOWN = "not_verified"


class Field(NamedTuple):
    """One of the five of one entity: its values, and the instruments that they are from."""

    entity: str
    values: tuple[str, ...]
    instruments: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Whether there is a value, and none that nobody verified."""
        return bool(self.values) and _UNKNOWN not in self.values


class Difference(NamedTuple):
    """One of the five for all entities. ``verdict``: same, different or not_verified."""

    field: str
    verdict: str
    sides: tuple[Field, ...]


def differences(day: Day, entities: Iterable[str]) -> tuple[Difference, ...]:
    """The five fields of every entity on a day.

    They are those of its general instruments that are in force, of the strongest form that there
    is; where there are none, of all its instruments in force. Drafts do not count.
    """
    names = sorted(entities)
    leading = {name: _leading(day, name) for name in names}
    return tuple(_difference(field, names, leading) for field in FIELDS)


def _difference(field: str, names: list[str], leading: dict[str, list[Instrument]]) -> Difference:
    sides = tuple(
        Field(
            name,
            tuple(sorted(_all_values(leading[name], field))),
            tuple(one.id for one in leading[name] if any(_values(one, field))),
        )
        for name in names
    )
    if not all(side.known for side in sides):
        verdict = _UNKNOWN
    else:
        verdict = "same" if len({side.values for side in sides}) == 1 else "different"
    return Difference(field, verdict, sides)


def _all_values(leading: list[Instrument], field: str) -> set[str]:
    found = {value for one in leading for value in _values(one, field)}
    # Agreements and rules that define nothing do not undo the definition that another gives.
    return found - {"none"} if field == "definition" and len(found - {"none"}) > 0 else found


def _values(one: Instrument, field: str) -> list[str]:
    if field == "definition":
        return [_UNKNOWN if one.definition.mark == _UNKNOWN else one.definition.origin]
    if field == "form":
        return [one.form]
    if field == "approach":
        return [one.approach]
    if field == "authority":
        return [a.kind for a in one.authorities]
    return list(one.focus)


def _leading(day: Day, entity: str) -> list[Instrument]:
    index = day.index
    members = index.members[entity]
    own = members.at[members.whole & day.known[members.at]]
    state = day.states[0]
    live = [
        index.instruments[at]
        for at in np.unique(index.instrument[own]).tolist()
        if state[at] in (IN_FORCE, PENDING) and index.instruments[at].type != "none"
    ]
    general = [one for one in live if one.approach == "horizontal"] or live
    for form in ("binding", "binding_public_sector", "non_binding"):
        strongest = [one for one in general if one.form == form]
        if strongest:
            return strongest
    return []
