"""Reads the cases of a pack."""

from __future__ import annotations

from typing import Any, NamedTuple

from tradelane.governance.cases import FIELDS, STAGES, TOLD, Case
from tradelane.governance.reading.gathered import Gathered
from tradelane.governance.reading.places import Findings, Keys
from tradelane.governance.reading.tables import Cells
from tradelane.governance.vocabulary import MARKS
from tradelane.kit.packs import Pack

FILE = "cases.yaml"


class Known(NamedTuple):
    """What a case may name."""

    economies: frozenset[str]
    uses: frozenset[str]
    provisions: frozenset[str]
    sources: frozenset[str]


def read_cases(pack: Pack, gathered: Gathered, findings: Findings) -> None:
    """The entries of ``cases.yaml``, if the pack has any; provisions must have been read."""
    if not pack.has(FILE):
        return
    content = findings.yaml(pack, FILE)
    listed = content.get("cases") if isinstance(content, dict) else None
    lines = (pack.root / FILE).read_text(encoding="utf-8").splitlines()
    known = known_to(gathered)
    for number, one in enumerate(listed or ()):
        keys: Keys = ("cases", number)
        missing = [n for n in ("id", *FIELDS) if n not in one] if isinstance(one, dict) else ["id"]
        if missing:
            findings.key("governance.missing_key", f"a case lacks {missing[0]}.", FILE, keys)
            continue
        name = str(one["id"])
        if name in gathered.cases:
            findings.key("governance.duplicate_id", f"{name} is there twice.", FILE, keys)
        line = next(
            (at for at, text in enumerate(lines, 1) if text.strip("- ") == f"id: {name}"), 1
        )
        cells = {field: _text(field, one[field]) for field in FIELDS}
        gathered.cases[name] = take_case(Cells({"id": name, **cells}, FILE, line, findings), known)


def known_to(gathered: Gathered) -> Known:
    """What a case may name, of what was read."""
    return Known(
        frozenset(one.id for one in gathered.entities.values() if one.kind == "economy"),
        frozenset(gathered.facets["use"].values) if "use" in gathered.facets else frozenset(),
        frozenset(gathered.provisions),
        frozenset(gathered.sources),
    )


def _text(field: str, value: Any) -> str:
    if isinstance(value, list):
        return ("|" if field == "uses" else " ").join(map(str, value))
    return "" if value is None else " ".join(str(value).split())


def take_case(row: Cells, known: Known) -> Case:
    """A case from its cells; what is wrong is noted at each."""
    row.check("economy", sorted(known.economies))
    row.check("stage", STAGES)
    row.check("mark", MARKS)
    for name in TOLD:
        if not row[name]:
            row.wrong("governance.empty_statement", f"there is no {name}.", name)
    uses = tuple(filter(None, row["uses"].split("|")))
    if not uses or not known.uses.issuperset(uses):
        row.wrong(
            "governance.unknown_value",
            f"{row['uses']!r} is no use of AI.",
            "uses",
            f"Several with | between, of: {', '.join(sorted(known.uses))}.",
        )
    provisions, sources = tuple(row["provisions"].split()), tuple(row["source"].split())
    dead = [one for one in provisions if one not in known.provisions]
    if dead:
        row.wrong("governance.dead_id", f"there is no provision {dead[0]}.", "provisions")
    missing = [one for one in sources if one not in known.sources]
    if missing or not sources:
        named = f" {missing[0]}" if missing else ""
        row.wrong(
            "governance.missing_source",
            f"there is no source{named}.",
            "source",
            "Every case names where it was read.",
        )
    since = row.when("since")
    row.when("read_on", needed=True)
    return Case(
        row["id"],
        row["economy"],
        row["title"],
        row["office"],
        uses,
        row["stage"],
        since,
        row["problem"],
        row["approach"],
        row["outcome"],
        provisions,
        sources,
        row["mark"],
        row["read_on"],
    )
