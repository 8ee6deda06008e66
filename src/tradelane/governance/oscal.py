"""The corpus in OSCAL (1.2): instruments and their provisions as a catalog of controls, objectives
as another, and what provisions are to objectives as a mapping collection.

UUIDs are version 5 of what they name, so that the same corpus gives the same file.
"""

from __future__ import annotations

import uuid
from typing import Any

from tradelane.governance.corpus import Corpus
from tradelane.governance.model import Instrument, Provision
from tradelane.governance.vocabulary import ADVICE, NOT_REVIEWED

VERSION = "1.2.1"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://w3id.org/tradelane/governance")
_NS = "https://w3id.org/tradelane/governance/oscal"
CATALOG_FILE = "provisions.oscal.json"
OBJECTIVES_FILE = "objectives.oscal.json"
MAPPING_FILE = "mapping.oscal.json"
_RELATIONSHIPS = {
    "equal": "equal-to",
    "subset": "subset-of",
    "superset": "superset-of",
    "intersects": "intersects-with",
}
"""OSCAL has no word for a contradiction: such an entry has a relationship of our namespace."""


def catalog(corpus: Corpus) -> dict[str, Any]:
    """Every entity a group, every instrument a group in it, every provision a control."""
    groups = []
    for entity in corpus.entities.values():
        inner = [
            _instrument(one, corpus)
            for one in corpus.instruments.values()
            if one.entities[0] == entity.id
        ]
        if inner:
            groups.append({"id": f"e-{entity.id}", "title": entity.name, "groups": inner})
    return {
        "catalog": {
            "uuid": _id("catalog", _edition(corpus)),
            "metadata": _metadata("What economies and forums ask of AI", corpus),
            "groups": groups,
            "back-matter": {
                "resources": [
                    {
                        "uuid": _id("source", source.id),
                        "title": source.title,
                        "props": [_prop("kind", source.kind), _prop("read-on", source.read_on)],
                    }
                    for source in corpus.sources.values()
                ]
            },
        }
    }


def objectives(corpus: Corpus) -> dict[str, Any]:
    """Every domain a group, every objective a control."""
    groups = []
    for domain in corpus.domains.values():
        controls = [
            {
                "id": one.id,
                "title": one.id,
                "parts": [{"id": f"{one.id}_smt", "name": "statement", "prose": one.statement}],
            }
            for one in corpus.objectives.values()
            if one.domain == domain.id
        ]
        if controls:
            groups.append({"id": f"d-{domain.id}", "title": domain.title, "controls": controls})
    return {
        "catalog": {
            "uuid": _id("objectives", corpus.version),
            "metadata": _metadata("Objectives that belong to no framework", corpus),
            "groups": groups,
        }
    }


def mapping_collection(corpus: Corpus) -> dict[str, Any]:
    """What every mapped provision is to its objectives."""
    maps = [
        {
            "uuid": _id("map", f"{one.id} {mapping}"),
            **_relationship(mapping.relation),
            "sources": [{"type": "control", "id-ref": one.id}],
            "targets": [{"type": "control", "id-ref": mapping.objective}],
            "props": [
                _prop("relation", mapping.relation),
                _prop("strength", "weak" if mapping.weak else "strong"),
            ],
        }
        for one in corpus.provisions.values()
        for mapping in one.objectives
    ]
    return {
        "mapping-collection": {
            "uuid": _id("mapping-collection", _edition(corpus)),
            "metadata": _metadata("Provisions and objectives", corpus),
            "provenance": {
                "method": "automation",
                "matching-rationale": "semantic",
                "status": "not-complete",
                "mapping-description": "What each provision wants to be true, drafted by a "
                "language model that read the provisions one by one. No person has reviewed the "
                "mappings that the corpus was shipped with; not every provision is mapped.",
                "props": [_prop("reviewed-by", NOT_REVIEWED)],
            },
            "mappings": [
                {
                    "uuid": _id("mapping", _edition(corpus)),
                    "source-resource": {"type": "catalog", "href": CATALOG_FILE},
                    "target-resource": {"type": "catalog", "href": OBJECTIVES_FILE},
                    "maps": maps,
                }
            ],
        }
    }


def _relationship(relation: str) -> dict[str, str]:
    known = _RELATIONSHIPS.get(relation)
    return {"relationship": known} if known else {"ns": _NS, "relationship": relation}


def _instrument(one: Instrument, corpus: Corpus) -> dict[str, Any]:
    controls = [_control(provision) for provision in corpus.by_instrument[one.id]]
    return {
        "id": f"i-{one.id}",
        "class": one.type,
        "title": one.title,
        "props": [
            _prop("form", one.form),
            _prop("approach", one.approach),
            *(_prop("state", f"{s.state} {s.since.text}") for s in one.states),
        ],
        **({"controls": controls} if controls else {}),  # OSCAL knows no empty list
    }


def _control(one: Provision) -> dict[str, Any]:
    props = [
        _prop("domain", one.domain),
        _prop("modality", one.modality),
        _prop("verification", one.mark),
        *(_prop("actor", actor) for actor in one.actors),
        *([_prop("locator", one.locator)] if one.locator else []),
        *([_prop("when", str(one.when))] if not one.when.empty else []),
        *([_prop("valid-from", one.valid_from.text)] if one.valid_from else []),
        *([_prop("valid-to", one.valid_to.text)] if one.valid_to else []),
    ]
    parts = [{"id": f"{one.id}_smt", "name": "statement", "prose": one.statement}]
    if one.trigger:
        parts.append({"id": f"{one.id}_gdn", "name": "guidance", "prose": one.trigger})
    return {
        "id": one.id,
        "class": one.kind,
        "title": one.locator or one.id,
        "props": props,
        "links": [{"href": f"#{_id('source', name)}", "rel": "reference"} for name in one.sources],
        "parts": parts,
    }


def _metadata(title: str, corpus: Corpus) -> dict[str, Any]:
    last = max((p.recorded_from for p in corpus.provisions.values()), default=None)
    return {
        "title": title,
        "last-modified": f"{last.isoformat() if last else '2026-11-21'}T00:00:00Z",
        "version": corpus.version,
        "oscal-version": VERSION,
        "remarks": ADVICE,
    }


def _edition(corpus: Corpus) -> str:
    """What tells a file apart from one with other provisions: of another version or another day."""
    return f"{corpus.version} {' '.join(corpus.provisions)}"


def _prop(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": _NS, "value": value}


def _id(kind: str, name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{kind}/{name}"))
