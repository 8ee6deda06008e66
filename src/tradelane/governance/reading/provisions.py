"""Reads provisions, one a row."""

from __future__ import annotations

import re

from tradelane.governance.conditions import ALWAYS, Condition, read_condition
from tradelane.governance.model import Mapping, Provision
from tradelane.governance.reading.conditions import unknown_words
from tradelane.governance.reading.gathered import Gathered
from tradelane.governance.reading.places import Findings, one_of
from tradelane.governance.reading.tables import Cells, rows
from tradelane.governance.vocabulary import ACTORS, KINDS, MARKS, MODALITIES, RELATIONS

HEADER = (
    "id",
    "instrument",
    "kind",
    "domain",
    "locator",
    "actor",
    "modality",
    "when",
    "trigger",
    "statement",
    "valid_from",
    "valid_to",
    "date_note",
    "objectives",
    "verification",
    "verified_on",
    "source",
    "recorded_from",
    "note",
)
_NUMBERED = re.compile(r"\.\d{3,}")
_MAPPING = re.compile(rf"({'|'.join(RELATIONS)}):([A-Z0-9-]+)(/weak)?")


class ProvisionReader:
    """Reads the tables of provisions; instruments and sources must have been read."""

    def __init__(self, gathered: Gathered, findings: Findings) -> None:
        self._gathered = gathered
        self._findings = findings
        self._conditions: dict[str, Condition] = {}
        self._tiers = {
            one.id: frozenset(tier.id for tier in one.tiers)
            for one in gathered.instruments.values()
        }

    def read(self, file: str) -> None:
        """The rows of ``provisions/g.csv``."""
        for row in rows(file, HEADER, self._findings):
            if row["instrument"] not in self._gathered.instruments:
                row.wrong(
                    "governance.unknown_instrument",
                    f"there is no instrument {row['instrument']!r}.",
                    "instrument",
                )
                continue
            self.take(row)

    def check_every_instrument_has_one(self) -> None:
        """An instrument of which nothing is said is not in the corpus."""
        used = {one.instrument for one in self._gathered.provisions.values()}
        for one in self._gathered.instruments.values():
            if one.id not in used:
                self._findings.row(
                    "governance.no_provisions",
                    f"{one.id} has no provision.",
                    one.file.replace("instruments/", "provisions/").replace(".yaml", ".csv"),
                    1,
                    hint="Say at least what was looked for and not found.",
                )

    def take(self, row: Cells) -> None:
        """One row, of an instrument that there is."""
        name = row["id"]
        if _NUMBERED.fullmatch(name.removeprefix(row["instrument"])) is None:
            row.wrong(
                "governance.unknown_value",
                "the id is not the instrument's with a number.",
                "id",
                f"Like {row['instrument']}.001.",
            )
        if name in self._gathered.provisions:
            row.wrong("governance.duplicate_id", "the id is there twice.", "id")
        row.check("kind", KINDS)
        row.check("domain", self._gathered.domains)
        row.check("modality", MODALITIES)
        row.check("verification", MARKS)
        if not row["statement"]:
            row.wrong("governance.empty_statement", "there is no statement.", "statement")
        self._gathered.provisions[name] = Provision(
            name,
            row["instrument"],
            row["kind"],
            row["domain"],
            row["locator"],
            self._actors(row),
            row["modality"],
            self._condition(row),
            row["trigger"],
            row["statement"],
            row.when("valid_from"),
            row.when("valid_to"),
            row["date_note"],
            self._mappings(row),
            row["verification"],
            row["verified_on"] if row.when("verified_on", needed=True) else "",
            self._sources(row),
            row.day("recorded_from"),
            row["note"],
            row.file,
            row.line,
        )

    def _actors(self, row: Cells) -> tuple[str, ...]:
        actors = tuple(row["actor"].split("|"))
        for one in actors:
            if one not in ACTORS:
                row.wrong(
                    "governance.unknown_value", f"{one!r} is no actor.", "actor", one_of(ACTORS)
                )
        return actors

    def _condition(self, row: Cells) -> Condition:
        text = row["when"]
        found = self._conditions.get(text)
        if found is None:
            try:
                found = read_condition(text)
            except ValueError as error:
                self._bad_condition(row, str(error))
                return ALWAYS
            self._conditions[text] = found
        unknown = unknown_words(
            found, self._gathered.facets, self._tiers.get(row["instrument"], frozenset())
        )
        if unknown:
            self._bad_condition(row, unknown)
        if found.asks and not row["trigger"]:
            row.wrong("governance.bad_condition", "ask needs a trigger that says what.", "trigger")
        return found

    def _bad_condition(self, row: Cells, part: str) -> None:
        row.wrong(
            "governance.bad_condition",
            f"{part!r} is no part of a condition.",
            "when",
            "Facts are in facets.yaml, tiers in the instrument: facet=value|value; tier=high.",
        )

    def _mappings(self, row: Cells) -> tuple[Mapping, ...]:
        found = []
        for text in row["objectives"].split():
            parts = _MAPPING.fullmatch(text)
            if parts is None:
                row.wrong(
                    "governance.unknown_value",
                    f"{text!r} is not a relation and an objective.",
                    "objectives",
                    f"Relations: {', '.join(RELATIONS)}.",
                )
            elif parts[2] not in self._gathered.objectives:
                row.wrong(
                    "governance.dead_objective",
                    f"there is no objective {parts[2]!r}.",
                    "objectives",
                )
            else:
                found.append(Mapping(parts[1], parts[2], bool(parts[3])))
        return tuple(found)

    def _sources(self, row: Cells) -> tuple[str, ...]:
        sources = tuple(row["source"].split())
        missing = [one for one in sources if one not in self._gathered.sources]
        if missing or not sources:
            named = ", ".join(missing)
            row.wrong(
                "governance.missing_source",
                f"there is no source {named}." if missing else "there is no source.",
                "source",
                "Every provision names a row of a sources table.",
            )
        return sources
