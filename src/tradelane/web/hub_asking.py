"""What somebody asks the hub in an address: days, economies, domains, words. All of it is bounded,
and what is wrong is told at its field, everything at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request

from tradelane.governance.conditions import Profile
from tradelane.governance.corpus import Corpus
from tradelane.governance.service import EARLIEST, LATEST, Governance
from tradelane.kit.errors import Problem

MOST_COMPARED = 4
MOST_LISTED = 30
LONGEST_TEXT = 200
LARGEST_PAGE = 1000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SHOWN = 40

Query = Mapping[str, str | Sequence[str]]


class Asked:
    """One request to the hub: what it asks for, read field by field; `problems` grows with it."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.problems: list[Problem] = []
        self.as_of = self.day("as_of")
        self.known_at = self.day("known_at")
        self.engine: Governance = request.app.state.lane.governance_at(self.known_at)
        self.corpus: Corpus = self.engine.corpus

    @property
    def on(self) -> dt.date:
        """The day that is asked about: today, if none was named."""
        return self.as_of or self.engine.today()

    @property
    def wrong(self) -> list[dict[str, Any]]:
        """The problems as the macros take them."""
        return [one.to_dict() for one in self.problems]

    @property
    def status(self) -> int:
        """422 where something is wrong."""
        return 422 if self.problems else 200

    def text(self, name: str, longest: int = LONGEST_TEXT) -> str:
        """Words; too many are refused, not cut."""
        given = self.request.query_params.get(name, "").replace("\0", "").strip()
        if len(given) > longest:
            self.refuse(
                name,
                "web.parameter",
                f"These are {len(given):,} characters; {longest} are taken.",
                "Use fewer words.",
            )
            return given[:longest]
        return given

    def day(self, name: str) -> dt.date | None:
        """A day as ``2026-04-30``; None where none is named, or one that is no day."""
        given = self.request.query_params.get(name, "").strip()
        if not given:
            return None
        try:
            found = dt.date.fromisoformat(given) if _DAY.fullmatch(given) else None
        except ValueError:
            found = None
        if found is None:
            self.refuse(
                name,
                "governance.day",
                f"{_shown(given)} is not a day of the calendar.",
                "Write it as 2026-04-30.",
            )
        elif not EARLIEST <= found <= LATEST:
            self.refuse(
                name,
                "governance.day",
                f"{given} is not between {EARLIEST.year} and {LATEST.year}.",
                "Ask about a day for which rules can be known.",
            )
            found = None
        return found

    def listed(self, name: str) -> list[str]:
        """Values given several times, or with commas, each once."""
        given = ",".join(self.request.query_params.getlist(name))
        return list(dict.fromkeys(filter(None, (one.strip() for one in given.split(",")))))

    def entities(
        self, name: str = "economies", most: int = MOST_LISTED, kinds: Iterable[str] = ()
    ) -> list[str]:
        """Economies, forums, places and agreements by id or name."""
        given = self.listed(name)
        if len(given) > most:
            self.refuse(
                name,
                "web.parameter",
                f"{len(given):,} were named; {most} are taken.",
                "Ask in parts.",
            )
            return []
        allowed = set(kinds)
        found: dict[str, None] = {}
        for one in given:
            entity = self.corpus.entities.get(one.upper()) or self._named(one)
            if entity is not None and (not allowed or entity.kind in allowed):
                found[entity.id] = None
                continue
            names = ", ".join(self.close(one, kinds))
            self.refuse(
                name,
                "governance.unknown_entity",
                f"{_shown(one)} is not known here.",
                f"Close to it: {names}." if names else "Use a code such as KR or SG.",
            )
        return list(found)

    def domains(self, name: str = "domain") -> list[str]:
        """Domains by id."""
        found = []
        for one in self.listed(name)[:MOST_LISTED]:
            if one.lower() in self.corpus.domains:
                found.append(one.lower())
            else:
                self.refuse(
                    name,
                    "governance.unknown_domain",
                    f"{_shown(one)} is not a domain.",
                    f"One of: {', '.join(self.corpus.domains)}.",
                )
        return found

    def choice(self, name: str, allowed: Iterable[str], default: str = "") -> str:
        """One of a few words; anything else is the default."""
        given = self.request.query_params.get(name, "")
        return given if given in set(allowed) else default

    def page(self) -> int:
        """The number of the page, from 1."""
        given = self.request.query_params.get("page", "")
        number = int(given) if given.isascii() and given.isdecimal() and len(given) < 5 else 1
        return min(max(number, 1), LARGEST_PAGE)

    def profile(self) -> Profile:
        """The facts of a product that are stated; a fact without a value is not known."""
        found: dict[str, frozenset[str]] = {}
        for facet in self.corpus.facets.values():
            given = self.listed(facet.id)[:MOST_LISTED]
            wrong = [one for one in given if one not in facet.values]
            if wrong:
                self.refuse(
                    facet.id,
                    "governance.profile",
                    f"{_shown(wrong[0])} is no value of this fact.",
                    "Choose again.",
                )
            elif len(given) > 1 and not facet.many:
                self.refuse(
                    facet.id, "governance.profile", "This fact has one value.", "Choose one."
                )
            elif given:
                found[facet.id] = frozenset(given)
        return found

    def need(self, name: str, found: Sequence[str], least: int, hint: str) -> None:
        """Refuse where too few were named, unless something is wrong with them already."""
        if len(found) < least and not any(one.pointer == f"/{name}" for one in self.problems):
            few = "Nothing is chosen." if not found else f"Choose at least {least}."
            self.refuse(name, "governance.too_few", few, hint)

    def close(self, given: str, kinds: Iterable[str] = ()) -> list[str]:
        """Ids and names of entities that are spelt like something."""
        allowed = set(kinds)
        names: dict[str, str] = {}
        for one in self.corpus.entities.values():
            if not allowed or one.kind in allowed:
                known = (one.id, one.name, one.called)
                names.update({name.lower(): one.id for name in known})
        return nearest(given, names)

    def at(self, path: str, query: Query | None = None, **more: Any) -> str:
        """An address with the same day and the same knowledge."""
        asked: dict[str, Any] = {}
        for name, value in {**(query or {}), **more}.items():
            text = value if isinstance(value, str) else _joined(value)
            if text:
                asked[name] = text
        for name, day in (("as_of", self.as_of), ("known_at", self.known_at)):
            if day is not None and name not in asked:
                asked[name] = day.isoformat()
        return path + (f"?{urlencode(asked, quote_via=quote, safe=',')}" if asked else "")

    def permanent(self, path: str, query: Query | None = None) -> str:
        """The full address that shows the same tomorrow: with the day."""
        origin = self.request.app.state.settings.origin
        return str(origin) + self.at(path, query, as_of=self.on.isoformat())

    def _named(self, given: str) -> Any:
        wanted = given.casefold()
        return next(
            (
                one
                for one in self.corpus.entities.values()
                if wanted in (one.name.casefold(), one.short.casefold())
            ),
            None,
        )

    def refuse(self, name: str, code: str, message: str, hint: str) -> None:
        """Something is wrong with a field."""
        self.problems.append(Problem(code, message, pointer=f"/{name}", hint=hint))


def nearest(given: str, names: Mapping[str, str]) -> list[str]:
    """What is meant, perhaps: up to five values whose keys are spelt like ``given``.

    >>> nearest("kr-aiab", {"kr-aiba": "KR-AIBA", "sg-frame": "SG-FRAME"})
    ['KR-AIBA']
    """
    found = get_close_matches(given.lower()[:80], names, n=8, cutoff=0.6)
    return list(dict.fromkeys(names[one] for one in found))[:5]


def _joined(value: Any) -> str:
    if value is None:
        return ""
    return ",".join(map(str, value)) if isinstance(value, list | tuple | set) else str(value)


def _shown(given: str) -> str:
    return repr(given if len(given) <= _SHOWN else given[:_SHOWN] + "…")
