"""The rates of duty beside the codes of a description: classification and tariff together."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from tradelane.kit import packs
from tradelane.kit.errors import InputRefused, Problem
from tradelane.trade.identifiers import ASSIGNED_ECONOMIES

if TYPE_CHECKING:
    from tradelane.duties.service import Duties

ORIGIN = Problem(
    "classification.origin",
    "The origin has to be the two letters of an economy.",
    pointer="/origin",
    hint="For example CN.",
)


@dataclass(frozen=True, slots=True)
class CodeRates:
    """The duty of a territory's tariff for an origin on a day. territory: its pack."""

    territory: str
    duties: Duties
    origin: str
    on: dt.date

    @property
    def name(self) -> str:
        """What the territory is called."""
        return self.duties.territory.name

    def of(self, code: str) -> str:
        """The rate without preference; "" where none is known for as many digits."""
        return self.duties.rate_of(code, self.origin, self.on)

    def beside(self, content: dict[str, Any]) -> dict[str, Any]:
        """A suggestion's content with ``rates`` and, at each subheading, ``duty`` (null where it is
        not known for six digits)."""
        ranked = [{**one, "duty": self.of(one["code"]) or None} for one in content["ranked"]]
        about = {
            "territory": self.territory,
            "name": self.name,
            "origin": self.origin,
            "date": self.on.isoformat(),
        }
        return {**content, "ranked": ranked, "rates": about}


def code_rates(territory: str, duties: Duties, origin: str, on: dt.date) -> CodeRates:
    """Errors: InputRefused ``classification.origin``; ``classification.territory`` where the pack
    has no tariff."""
    if origin.upper() not in ASSIGNED_ECONOMIES:
        raise InputRefused(ORIGIN)
    if duties.territory.tariff is None:
        raise InputRefused(
            Problem(
                "classification.territory",
                f"{duties.territory.name} has no rates of duty.",
                pointer="/territory",
                hint=f"These packs have: {', '.join(name for name, _called in tariffs())}.",
            )
        )
    return CodeRates(territory, duties, origin.upper(), on)


@cache
def tariffs() -> tuple[tuple[str, str], ...]:
    """(id, name) of the packs that ship with a tariff."""
    found = [packs.load(name) for name in packs.shipped()]
    return tuple((p.id, str(p.about.get("name") or p.id)) for p in found if p.has("tariff.csv"))
