"""Small corpora for tests: in memory from a few words, and on disk to be broken."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tradelane.governance.conditions import read_condition
from tradelane.governance.corpus import Corpus
from tradelane.governance.dates import read_when
from tradelane.governance.model import (
    Authority,
    Definition,
    Domain,
    Entity,
    Facet,
    Instrument,
    Mapping,
    Objective,
    Provision,
    Source,
    State,
    Verification,
)
from tradelane.governance.reading.provisions import HEADER
from tradelane.governance.service import Governance

TODAY = dt.date(2026, 4, 30)
ENTITIES = (
    Entity("AA", "economy", "Alba"),
    Entity("BB", "economy", "Borea"),
    Entity("CC", "economy", "Cora"),
    Entity("AA-N", "place", "North Alba", within="AA"),
    Entity("PACT", "agreement", "Pact", parties=("AA", "BB")),
)
DOMAINS = (
    Domain("transparency", "Transparency", True),
    Domain("liability", "Liability", True),
    Domain("focus", "Focus", False),
)
OBJECTIVES = (
    Objective("TR-ONE", "transparency", "People are told."),
    Objective("TR-TWO", "transparency", "People can ask why."),
    Objective("LI-ONE", "liability", "Somebody answers for harm."),
)
FACETS = (
    Facet("use", "What it does", True, {"chatbot": "talks", "credit": "judges", "pricing": "sets"}),
    Facet("generative", "Whether it generates", False, {"yes": "does", "no": "does not"}),
    Facet("role", "Who they are", True, {"provider": "provides", "deployer": "uses"}),
    Facet("sector", "Where", True, {"finance": "finance", "health": "health"}),
    Facet("customer", "Who uses it", True, {"private": "firms", "public_body": "public bodies"}),
)


class Rule(NamedTuple):
    """A provision in a few words; each has an instrument of its own."""

    entity: str
    objective: str = "TR-ONE"
    relation: str = "equal"
    modality: str = "must"
    form: str = "binding"
    mark: str = "primary"
    when: str = ""
    kind: str = "duty"
    domain: str = ""
    since: str = "2020-01-01"
    state: str = "in_force"
    statement: str = ""
    weak: bool = False
    valid_from: str = ""
    recorded: str = "2026-01-01"
    approach: str = "horizontal"
    sectors: tuple[str, ...] = ()
    actors: tuple[str, ...] = ("provider",)
    more: tuple[tuple[str, str], ...] = ()
    """Further states: what and from when."""


def corpus_of(rules: Iterable[Rule], entities: tuple[Entity, ...] = ENTITIES) -> Corpus:
    """A corpus of these provisions, in this order."""
    instruments: dict[str, Instrument] = {}
    provisions: dict[str, Provision] = {}
    objectives = {one.id: one for one in OBJECTIVES}
    for number, rule in enumerate(rules):
        name = f"{rule.entity}-{number:03}"
        instruments[name] = Instrument(
            id=name,
            entities=(rule.entity,),
            title=f"Act {number}",
            type="law",
            form=rule.form,
            approach=rule.approach,
            sectors=rule.sectors,
            states=tuple(
                State(what, read_when(since), "primary")
                for what, since in ((rule.state, rule.since), *rule.more)
            ),
            definition=Definition("own", "", "", "primary"),
            authorities=(Authority("Ministry", "existing"),),
            focus=("transparency",),
            verification=Verification("primary", "2026-01-01", ""),
            sources=("S1",),
        )
        mapped = rule.objective in objectives and rule.kind != "none_found"
        domain = rule.domain or (
            objectives[rule.objective].domain if rule.objective in objectives else "transparency"
        )
        provisions[f"{name}.001"] = Provision(
            id=f"{name}.001",
            instrument=name,
            kind=rule.kind,
            domain=domain,
            locator="Art. 1",
            actors=rule.actors,
            modality=rule.modality,
            when=read_condition(rule.when),
            trigger="what it is" if "ask" in rule.when else "",
            statement=rule.statement or f"Provision {number} says something.",
            valid_from=read_when(rule.valid_from) if rule.valid_from else None,
            valid_to=None,
            date_note="",
            objectives=(Mapping(rule.relation, rule.objective, rule.weak),) if mapped else (),
            mark=rule.mark,
            verified_on="2026-01-01",
            sources=("S1",),
            recorded_from=dt.date.fromisoformat(rule.recorded),
            note="",
        )
    return Corpus(
        "sha256:0",
        "test",
        {one.id: one for one in entities},
        {one.id: one for one in DOMAINS},
        objectives,
        {one.id: one for one in FACETS},
        {"S1": Source("S1", "primary_text", "A text", "2026-01-01", "public_law")},
        instruments,
        provisions,
    )


def engine_of(*rules: Rule) -> Governance:
    """The service over a corpus of these provisions; its today is 30 April 2026."""
    return Governance(corpus_of(rules), lambda: TODAY)


# ---------------------------------------------------------------- on disk

VOCABULARIES: dict[str, Any] = {
    "pack.yaml": {"id": "small", "version": "1", "licence": "CC0-1.0", "kind": "governance"},
    "entities.yaml": {"economies": [{"id": "AA", "name": "Alba"}, {"id": "BB", "name": "Borea"}]},
    "domains.yaml": {"domains": [{"id": d.id, "title": d.title, "core": d.core} for d in DOMAINS]},
    "objectives.yaml": {"objectives": [dict(o._asdict()) for o in OBJECTIVES]},
    "facets.yaml": {
        "facets": {
            f.id: {"title": f.title, "many": f.many, "values": dict(f.values)} for f in FACETS
        }
    },
}


def instrument(**changes: Any) -> dict[str, Any]:
    """An instrument as a file has it."""
    found = {
        "id": "AA-ACT",
        "entity": "AA",
        "title": "AI Act of Alba",
        "type": "law",
        "form": "binding",
        "approach": "horizontal",
        "states": [{"state": "in_force", "from": "2025-01-01", "mark": "primary", "source": "S1"}],
        "definition": {"origin": "own", "mark": "primary"},
        "authorities": [{"name": "Ministry", "kind": "existing"}],
        "focus": ["transparency"],
        "tiers": [{"id": "high", "name": "high", "when": "use=credit", "mark": "primary"}],
        "verification": {"mark": "primary", "read_on": "2026-01-01"},
        "sources": ["S1"],
    }
    return {key: value for key, value in {**found, **changes}.items() if value is not None}


def row(**changes: str) -> dict[str, str]:
    """A provision as a file has it."""
    found = dict.fromkeys(HEADER, "")
    found |= {
        "id": "AA-ACT.001",
        "instrument": "AA-ACT",
        "kind": "duty",
        "domain": "transparency",
        "actor": "provider",
        "modality": "must",
        "statement": "Providers tell people that they deal with an AI.",
        "objectives": "equal:TR-ONE",
        "verification": "primary",
        "verified_on": "2026-01-01",
        "source": "S1",
        "recorded_from": "2026-01-01",
    }
    return {**found, **changes}


SOURCES = "id,kind,title,read_on,rights\nS1,primary_text,The text,2026-01-01,public_law\n"


def write_pack(
    folder: Path,
    *,
    instruments: list[dict[str, Any]] | None = None,
    rows: list[dict[str, str]] | None = None,
    questions: list[dict[str, Any]] | None = None,
    files: dict[str, str] | None = None,
) -> Path:
    """A whole small pack in a folder; ``files`` replace or add files by their names."""
    for name, content in VOCABULARIES.items():
        _write(folder / name, yaml.safe_dump(content, sort_keys=False))
    listed = {"instruments": instruments if instruments is not None else [instrument()]}
    _write(folder / "instruments/aa.yaml", yaml.safe_dump(listed, sort_keys=False))
    out = io.StringIO()
    table = csv.DictWriter(out, HEADER, lineterminator="\n")
    table.writeheader()
    table.writerows(rows if rows is not None else [row()])
    _write(folder / "provisions/aa.csv", out.getvalue())
    _write(folder / "sources/aa.csv", SOURCES)
    if questions is not None:
        _write(folder / "tests/aa.yaml", yaml.safe_dump({"questions": questions}))
    for name, text in (files or {}).items():
        _write(folder / name, text)
    return folder


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
