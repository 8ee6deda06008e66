"""Reads instruments: what they are, what they were when, and what makes them different."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from typing import Any

from tradelane.governance.conditions import ALWAYS, Condition, read_condition
from tradelane.governance.dates import When, read_when
from tradelane.governance.model import (
    Authority,
    Claim,
    Conflict,
    Definition,
    Instrument,
    State,
    Tier,
    Verification,
    Version,
)
from tradelane.governance.reading.conditions import unknown_words
from tradelane.governance.reading.gathered import Gathered
from tradelane.governance.reading.places import Findings, Keys, one_of
from tradelane.governance.vocabulary import (
    APPROACHES,
    AUTHORITY_KINDS,
    FORMS,
    MARKS,
    ORIGINS,
    STATES,
    TYPES,
)
from tradelane.kit.packs import Pack

_NEEDED = (
    "id",
    "entity",
    "title",
    "type",
    "form",
    "approach",
    "states",
    "definition",
    "authorities",
    "focus",
    "verification",
    "sources",
)
_ABROAD = ("yes", "no", "not_verified")


class InstrumentReader:
    """Reads ``instruments/g.yaml``; sources and vocabularies must have been read."""

    def __init__(self, pack: Pack, gathered: Gathered, findings: Findings) -> None:
        self._pack = pack
        self._gathered = gathered
        self._findings = findings
        self._links: list[tuple[str, Keys, str]] = []

    def read(self, file: str) -> None:
        """The instruments of a file."""
        if not self._pack.has(file):
            self._findings.no_file(file)
            return
        content = self._findings.yaml(self._pack, file)
        if content is None:
            return
        listed = content.get("instruments") if isinstance(content, dict) else None
        if not isinstance(listed, list):
            self._findings.key(
                "governance.missing_key", "there is no list of instruments.", file, ()
            )
            return
        for number, one in enumerate(listed):
            keys: Keys = ("instruments", number)
            missing = [key for key in _NEEDED if key not in one] if isinstance(one, dict) else [""]
            if missing:
                name = one.get("id", "an instrument") if isinstance(one, dict) else "an instrument"
                self._findings.key(
                    "governance.missing_key", f"{name} lacks {missing[0]}.", file, keys
                )
                continue
            try:
                self._keep(_One(self, file, keys, one).read(), keys)
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                self._findings.key(
                    "governance.bad_shape",
                    f"{one['id']}: something has not the shape that it should: {error}.",
                    file,
                    keys,
                    "See docs/reference/governance.md.",
                )

    def check_links(self) -> None:
        """Instruments that others name exist."""
        for file, keys, name in self._links:
            if name not in self._gathered.instruments:
                self._findings.key(
                    "governance.unknown_instrument", f"there is no {name!r}.", file, keys
                )

    def _keep(self, found: Instrument, keys: Keys) -> None:
        if found.id in self._gathered.instruments:
            self._findings.key(
                "governance.duplicate_id", f"{found.id} is there twice.", found.file, keys
            )
        self._gathered.instruments[found.id] = found
        for number, name in enumerate(found.supersedes):
            self._links.append((found.file, (*keys, "supersedes", number), name))


class _One:
    """One instrument, as it is read."""

    def __init__(
        self, reader: InstrumentReader, file: str, keys: Keys, content: dict[str, Any]
    ) -> None:
        self._gathered = reader._gathered
        self._findings = reader._findings
        self._file = file
        self._keys = keys
        self._of = content

    def read(self) -> Instrument:
        one = self._of
        entity = one["entity"]
        entities = tuple(entity if isinstance(entity, list) else [entity])
        for name in entities:
            if name not in self._gathered.entities:
                self._wrong("governance.unknown_entity", f"there is no entity {name!r}.", "entity")
        self._check(one["type"], TYPES, "type")
        self._check(one["form"], FORMS, "form")
        self._check(one["approach"], APPROACHES, "approach")
        self._check(one.get("applies_abroad", "not_verified"), _ABROAD, "applies_abroad")
        for name in one["focus"]:
            self._check(name, self._gathered.domains, "focus")
        definition, verification = one["definition"], one["verification"]
        self._check(definition["origin"], ORIGINS, "definition", "origin")
        self._check(verification["mark"], MARKS, "verification", "mark")
        for number, source in enumerate(one["sources"]):
            self._source(source, "sources", number)
        if not one["sources"]:
            self._wrong("governance.missing_source", "there is no source.", "sources")
        tiers = tuple(self._tier(number, t) for number, t in enumerate(one.get("tiers") or ()))
        return Instrument(
            id=one["id"],
            entities=entities,
            title=one["title"],
            type=one["type"],
            form=one["form"],
            approach=one["approach"],
            states=self._states(),
            definition=Definition(
                definition["origin"],
                definition.get("text") or "",
                str(definition.get("locator") or ""),
                self._check(definition.get("mark", verification["mark"]), MARKS, "definition"),
            ),
            authorities=tuple(
                Authority(a["name"], self._check(a["kind"], AUTHORITY_KINDS, "authorities", n))
                for n, a in enumerate(one["authorities"])
            ),
            focus=tuple(one["focus"]),
            verification=Verification(
                verification["mark"],
                str(verification.get("read_on") or ""),
                verification.get("note") or "",
            ),
            sources=tuple(one["sources"]),
            original_title=one.get("original_title") or "",
            aliases=tuple(str(alias) for alias in one.get("aliases") or ()),
            number=str(one.get("number") or ""),
            sectors=tuple(one.get("sectors") or ()),
            addressees=one.get("addressees") or "",
            scope=one.get("scope") or "",
            applies_abroad=one.get("applies_abroad", "not_verified"),
            tiers=tiers,
            versions=tuple(
                self._version(number, v) for number, v in enumerate(one.get("versions") or ())
            ),
            supersedes=tuple(one.get("supersedes") or ()),
            conflicts=tuple(
                self._conflict(number, c) for number, c in enumerate(one.get("conflicts") or ())
            ),
            later=one.get("later") or "",
            file=self._file,
        )

    def _states(self) -> tuple[State, ...]:
        found: list[State] = []
        for number, one in enumerate(self._of["states"]):
            self._check(one["state"], STATES, "states", number)
            self._check(one["mark"], MARKS, "states", number)
            if one.get("source"):
                self._source(one["source"], "states", number)
            since = self._when(one["from"], "states", number)
            if since is not None:
                if found and since.first < found[-1].since.first <= since.last:
                    # "August" after "19 August": not before it.
                    since = since._replace(first=found[-1].since.first)
                found.append(
                    State(
                        one["state"],
                        since,
                        one["mark"],
                        one.get("source") or "",
                        one.get("note") or "",
                    )
                )
        if not found:
            self._wrong("governance.missing_key", "there is no state with a date.", "states")
        if any(a.since.first > b.since.first for a, b in pairwise(found)):
            self._wrong("governance.bad_date", "states are not in the order of time.", "states")
        return tuple(found)

    def _tier(self, number: int, one: dict[str, Any]) -> Tier:
        return Tier(
            str(one["id"]),
            one["name"],
            self._condition(one.get("when") or "", number),
            str(one.get("locator") or ""),
            self._check(one.get("mark", "not_verified"), MARKS, "tiers", number),
            one.get("note") or "",
        )

    def _condition(self, text: str, number: int) -> Condition:
        try:
            found = read_condition(text)
        except ValueError as error:
            self._bad_condition(str(error), number)
            return ALWAYS
        unknown = unknown_words(found, self._gathered.facets, ())
        if unknown:
            self._bad_condition(unknown, number)
        return found

    def _bad_condition(self, part: str, number: int) -> None:
        self._wrong(
            "governance.bad_condition", f"{part!r} is no part of a condition.", "tiers", number
        )

    def _version(self, number: int, one: dict[str, Any]) -> Version:
        valid_from, recorded = one.get("valid_from"), one.get("recorded")
        known = self._when(recorded, "versions", number) if recorded else None
        return Version(
            str(one["label"]),
            self._when(valid_from, "versions", number) if valid_from else None,
            known.first if known else None,
        )

    def _conflict(self, number: int, one: dict[str, Any]) -> Conflict:
        claims = tuple(Claim(c["says"], c["source"]) for c in one["claims"])
        if len(claims) < 2:
            self._wrong(
                "governance.one_claim",
                "a conflict has at least two claims.",
                "conflicts",
                number,
            )
        for claim in claims:
            self._source(claim.source, "conflicts", number)
        return Conflict(one["about"], claims, str(one["held"]))

    def _when(self, given: object, *keys: str | int) -> When | None:
        try:
            return read_when(given)
        except ValueError:
            self._wrong("governance.bad_date", f"{given!r} is not a date.", *keys)
            return None

    def _check(self, value: str, allowed: Collection[str], *keys: str | int) -> str:
        if value not in allowed:
            self._wrong(
                "governance.unknown_value",
                f"{value!r} is no {keys[0]}.",
                *keys,
                hint=one_of(allowed),
            )
        return value

    def _source(self, name: str, *keys: str | int) -> None:
        if name not in self._gathered.sources:
            self._wrong("governance.missing_source", f"there is no source {name!r}.", *keys)

    def _wrong(self, code: str, message: str, *keys: str | int, hint: str = "") -> None:
        self._findings.key(
            code, f"{self._of['id']}: {message}", self._file, (*self._keys, *keys), hint
        )
