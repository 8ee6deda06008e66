"""Reads frameworks of others and what their parts are to objectives."""

from __future__ import annotations

from typing import Any

from tradelane.governance.frameworks import Crosswalk, Element, Framework
from tradelane.governance.model import Mapping
from tradelane.governance.reading.gathered import Gathered
from tradelane.governance.reading.places import Findings
from tradelane.governance.reading.tables import rows
from tradelane.governance.vocabulary import MARKS, RELATIONS
from tradelane.kit.packs import Pack

HEADER = (
    "element",
    "relation",
    "objective",
    "strength",
    "basis",
    "reviewer",
    "reviewed_on",
    "pins",
)
_STRENGTHS = ("strong", "weak")


def read_crosswalks(pack: Pack, gathered: Gathered, findings: Findings) -> None:
    """``frameworks/f.yaml`` and ``crosswalks/f.csv``; an id that no longer exists is reported."""
    for path in sorted((pack.root / "frameworks").glob("*.yaml")):
        _read_framework(pack, f"frameworks/{path.name}", gathered, findings)
    for path in sorted((pack.root / "crosswalks").glob("*.csv")):
        file = f"crosswalks/{path.name}"
        framework = gathered.frameworks.get(path.stem)
        if framework is None:
            findings.row("governance.dead_id", f"there is no framework {path.stem!r}.", file, 1)
            continue
        _read_rows(file, framework, gathered, findings)


def _read_framework(pack: Pack, file: str, gathered: Gathered, findings: Findings) -> None:
    content: dict[str, Any] | None = findings.yaml(pack, file)
    if content is None:
        return
    for key in ("id", "title", "issuer", "version", "source", "mark", "read_on", "elements"):
        if key not in content:
            findings.key("governance.missing_key", f"the framework lacks {key}.", file, ())
            return
    if content["mark"] not in MARKS:
        findings.key(
            "governance.unknown_value", f"{content['mark']!r} is no mark.", file, ("mark",)
        )
    elements: dict[str, Element] = {}
    for number, one in enumerate(content["elements"]):
        name = str(one["id"])
        if name in elements:
            findings.key(
                "governance.duplicate_id", f"{name} is there twice.", file, ("elements", number)
            )
        elements[name] = Element(name, one["title"], one.get("mark", content["mark"]))
    gathered.frameworks[content["id"]] = Framework(
        content["id"],
        content["title"],
        content["issuer"],
        str(content["version"]),
        content["source"],
        content["mark"],
        str(content["read_on"]),
        elements,
        content.get("note", ""),
    )


def _read_rows(file: str, framework: Framework, gathered: Gathered, findings: Findings) -> None:
    for row in rows(file, HEADER, findings):
        row.check("relation", RELATIONS)
        row.check("strength", _STRENGTHS)
        row.when("reviewed_on")
        for column, known in (("element", framework.elements), ("objective", gathered.objectives)):
            if row[column] not in known:
                row.wrong(
                    "governance.dead_id",
                    f"{row[column]!r} does not exist (any more).",
                    column,
                    "Ids are never reused: map to what replaced it, or remove the row.",
                )
        gathered.crosswalks.append(
            Crosswalk(
                framework.id,
                row["element"],
                Mapping(row["relation"], row["objective"], row["strength"] == "weak"),
                row["basis"],
                row["reviewer"],
                row["reviewed_on"],
                row["pins"],
                row.file,
                row.line,
            )
        )
