"""The OSCAL files have the fields and formats that the models of OSCAL 1.2 ask for.

What is asked for is told here in our own words (the metaschema of NIST was read, none of it is
copied). The files of the whole corpus were also read by hand with compliance-trestle, whose models
are made from the published schema of OSCAL 1.2.1.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from governance_corpora import Rule, corpus_of
from tradelane.governance import oscal
from tradelane.governance.corpus import Corpus, load

SMALL: Corpus = corpus_of(
    [
        Rule("AA", statement="One is asked for."),
        Rule("BB", relation="subset", weak=True),
        Rule("BB", relation="contradicts"),
    ]
)
TOKEN = re.compile(r"[^\W\d][\w.\-]*")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
LINE = re.compile(r"\S(.*\S)?")
URI = re.compile(r"[a-z][a-z0-9+.\-]*:\S+")
NEEDED = {
    "catalog": {"uuid", "metadata"},
    "mapping-collection": {"uuid", "metadata", "provenance", "mappings"},
    "metadata": {"title", "last-modified", "version", "oscal-version"},
    "groups": {"title"},
    "controls": {"id", "title"},
    "parts": {"name"},
    "props": {"name", "value"},
    "links": {"href"},
    "resources": {"uuid"},
    "provenance": {"method", "matching-rationale", "status", "mapping-description"},
    "mappings": {"uuid", "source-resource", "target-resource", "maps"},
    "source-resource": {"type", "href"},
    "target-resource": {"type", "href"},
    "maps": {"uuid", "relationship", "sources", "targets"},
    "sources": {"type", "id-ref"},
    "targets": {"type", "id-ref"},
}
"""What an object under a name cannot do without."""

MORE = {
    "catalog": {"params", "controls", "groups", "back-matter"},
    "mapping-collection": {"back-matter"},
    "metadata": {"remarks", "props", "links", "published", "parties", "roles"},
    "groups": {"id", "class", "params", "props", "links", "parts", "groups", "controls"},
    "controls": {"class", "params", "props", "links", "parts", "controls"},
    "parts": {"id", "ns", "class", "title", "props", "prose", "parts", "links"},
    "props": {"uuid", "ns", "class", "group", "remarks"},
    "links": {"rel", "media-type", "text", "resource-fragment"},
    "back-matter": {"resources"},
    "resources": {"title", "description", "props", "citation", "rlinks", "remarks"},
    "provenance": {"confidence-score", "coverage", "responsible-parties", "props", "remarks"},
    "mappings": {"method", "matching-rationale", "status", "props", "mapping-description"},
    "maps": {"ns", "matching-rationale", "qualifiers", "confidence-score", "props", "remarks"},
}
"""What else it may have, as far as it is used or may soon be: anything else is a slip of a name."""

FORMS = {
    "uuid": UUID,
    "id": TOKEN,
    "class": TOKEN,
    "name": TOKEN,
    "relationship": TOKEN,
    "type": TOKEN,
    "rel": TOKEN,
    "value": LINE,
    "title": LINE,
    "version": LINE,
    "id-ref": LINE,
    "ns": URI,
    "oscal-version": re.compile(r"1\.2\.\d+"),
}
ALLOWED = {
    "method": {"human", "automation"},
    "matching-rationale": {"syntactic", "semantic", "functional"},
    "status": {"complete", "not-complete", "draft", "deprecated", "superseded"},
}
RELATIONSHIPS = {"equal-to", "equivalent-to", "subset-of", "superset-of", "intersects-with"}


@pytest.fixture(scope="module", params=["small", "shipped", "a day"])
def corpus(request: pytest.FixtureRequest) -> Corpus:
    """One of our making, the shipped one, and what is left of it where few provisions hold."""
    whole = SMALL if request.param == "small" else load()
    if request.param in ("small", "shipped"):
        return whole
    few = {one.id: one for one in whole.provisions.values() if one.id.startswith("KR-AIBA.0")}
    return replace(whole, provisions=few)


def files(corpus: Corpus) -> dict[str, Any]:
    """The three files."""
    return {
        "provisions": oscal.catalog(corpus),
        "objectives": oscal.objectives(corpus),
        "mapping": oscal.mapping_collection(corpus),
    }


def objects(value: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object with the name that it stands under."""
    if isinstance(value, dict):
        if name:
            yield name, value
        for key, inner in value.items():
            yield from objects(inner, key)
    elif isinstance(value, list):
        assert value, f"{name} is empty; OSCAL knows no empty list"
        for inner in value:
            yield from objects(inner, name)


def test_everything_has_its_fields_and_their_formats(corpus: Corpus) -> None:
    looked: Counter[str] = Counter()
    for file in files(corpus).values():
        for name, one in objects(file):
            needed, more = NEEDED.get(name, set()), MORE.get(name, set())
            assert needed <= one.keys(), (name, one)
            assert one.keys() <= needed | more, (name, one)
            for key, form in FORMS.items():
                if key in one:
                    assert form.fullmatch(one[key]), (name, key, one[key])
            for key, allowed in ALLOWED.items():
                assert one.get(key) in {None, *allowed}, (name, key)
            looked[name] += 1
    assert looked["controls"] >= len(corpus.provisions)
    assert {"catalog", "mapping-collection", "metadata", "maps", "props"} <= looked.keys()


def test_a_time_is_an_instant_with_its_zone(corpus: Corpus) -> None:
    for file in files(corpus).values():
        (root,) = file.values()
        assert dt.datetime.fromisoformat(root["metadata"]["last-modified"]).tzinfo is not None


def test_no_two_things_have_the_same_name(corpus: Corpus) -> None:
    for name, file in files(corpus).items():
        for key in ("uuid", "id"):
            found = Counter(one[key] for _, one in objects(file) if key in one)
            assert not [value for value, count in found.items() if count > 1], name


def test_what_is_pointed_to_is_there(corpus: Corpus) -> None:
    made = files(corpus)
    resources = {one["uuid"] for name, one in objects(made["provisions"]) if name == "resources"}
    links = [one["href"] for name, one in objects(made["provisions"]) if name == "links"]
    assert links
    assert {href.removeprefix("#") for href in links} <= resources
    for kind, side in (("provisions", "sources"), ("objectives", "targets")):
        ids = {one["id"] for name, one in objects(made[kind]) if name == "controls"}
        assert {one["id-ref"] for name, one in objects(made["mapping"]) if name == side} <= ids


def test_a_relationship_is_one_of_oscal_or_has_our_namespace(corpus: Corpus) -> None:
    for name, one in objects(oscal.mapping_collection(corpus)):
        if name == "maps":
            assert (one["relationship"] in RELATIONSHIPS) == ("ns" not in one)


def test_a_contradiction_is_not_passed_off_as_an_overlap() -> None:
    (mapping,) = oscal.mapping_collection(SMALL)["mapping-collection"]["mappings"]
    assert [one["relationship"] for one in mapping["maps"]] == [
        "equal-to", "subset-of", "contradicts",
    ]  # fmt: skip


def test_other_provisions_make_another_file() -> None:
    whole = oscal.catalog(SMALL)["catalog"]
    fewer = replace(SMALL, provisions=dict(list(SMALL.provisions.items())[:1]))
    assert whole["uuid"] == oscal.catalog(SMALL)["catalog"]["uuid"]
    assert whole["uuid"] != oscal.catalog(fewer)["catalog"]["uuid"]


def test_nobody_is_said_to_have_reviewed_what_nobody_reviewed(corpus: Corpus) -> None:
    told = oscal.mapping_collection(corpus)["mapping-collection"]["provenance"]
    assert (told["method"], told["status"]) == ("automation", "not-complete")
    assert [(one["name"], one["value"]) for one in told["props"]] == [
        ("reviewed-by", "not reviewed")
    ]
