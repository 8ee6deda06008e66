"""Files for others: CSV, JSON, OSCAL, SSSOM, the same bytes for the same corpus."""

from __future__ import annotations

import csv
import json

import pytest

from governance_corpora import Rule, corpus_of, write_pack
from tradelane.governance import sssom
from tradelane.governance.corpus import load
from tradelane.governance.exporting import FORMATS, export
from tradelane.kit.errors import InputRefused

CORPUS = corpus_of(
    [
        Rule("AA", statement="=1+1 is not a formula here."),
        Rule("BB", relation="subset", weak=True),
        Rule("BB", relation="contradicts"),
    ]
)


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_corpus_gives_the_same_files(tmp_path, form):
    first = [path.read_bytes() for path in export(CORPUS, form, tmp_path / "a")]
    second = [path.read_bytes() for path in export(CORPUS, form, tmp_path / "b")]
    assert first == second
    assert first


def test_the_table_has_every_provision_and_runs_no_formula(tmp_path):
    export(CORPUS, "csv", tmp_path)
    with (tmp_path / "provisions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [one["id"] for one in rows] == list(CORPUS.provisions)
    assert rows[0]["statement"].startswith("'=")
    assert rows[1]["objectives"] == "subset:TR-ONE/weak"


def test_json_has_everything(tmp_path):
    (path,) = export(CORPUS, "json", tmp_path)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert len(found["provisions"]) == 3
    assert found["advice"] == "Facts, not legal advice."


def test_sssom_that_was_written_is_read_back():
    text = sssom.write("provision", "All", sssom.provision_rows(CORPUS), CORPUS)
    rows, problems = sssom.read(text, CORPUS)
    assert not problems
    assert [(one.subject, one.mapping) for one in rows] == [
        (one.id, mapping) for one in CORPUS.provisions.values() for mapping in one.objectives
    ]


@pytest.mark.parametrize(
    ("old", "new", "code", "pointer"),
    [
        ("objective:TR-ONE", "objective:TR-GONE", "governance.dead_id", "/object_id"),
        ("provision:AA-000.001", "provision:AA-999.001", "governance.dead_id", "/subject_id"),
        ("provision:AA-000.001", "lost:1", "governance.dead_id", "/subject_id"),
        ("skos:exactMatch", "skos:someMatch", "governance.unknown_value", "/predicate_id"),
        (sssom.UNREVIEWED_JUSTIFICATION, "", "governance.missing_key", "/mapping_justification"),
    ],
)
def test_a_mapping_to_what_does_not_exist_is_reported_with_its_line(old, new, code, pointer):
    text = sssom.write("provision", "All", sssom.provision_rows(CORPUS), CORPUS)
    lines = text.splitlines()
    first = next(at for at, line in enumerate(lines) if not line.startswith("#")) + 1
    lines[first] = lines[first].replace(old, new)
    rows, problems = sssom.read("\n".join(lines), CORPUS)
    assert [(one.code, one.pointer, one.line) for one in problems] == [(code, pointer, first + 1)]
    assert len(rows) == 2


def test_what_is_no_table_of_mappings_is_refused():
    with pytest.raises(InputRefused) as refused:
        sssom.read("a,b\n1,2\n", CORPUS)
    assert refused.value.problems[0].code == "governance.sssom"


def test_frameworks_are_written_as_mapping_sets(tmp_path):
    framework = (
        "{id: f, title: F, issuer: I, version: '1', source: s, mark: primary, "
        "read_on: 2026-01-01, elements: [{id: '1', title: one}]}\n"
    )
    rows = (
        "element,relation,objective,strength,basis,reviewer,reviewed_on,pins\n"
        "1,superset,TR-ONE,strong,read,,,f 1\n"
    )
    corpus = load(
        write_pack(tmp_path, files={"frameworks/f.yaml": framework, "crosswalks/f.csv": rows})
    )
    text = dict(FORMATS["sssom"](corpus))["f.sssom.tsv"]
    (cells,) = csv.DictReader(text.split("\n#")[-1].splitlines()[1:], dialect="excel-tab")
    assert cells["reviewer_label"] == "not reviewed"
    assert cells["mapping_justification"] == "semapv:UnspecifiedMatching"
    (row,), problems = sssom.read(text, corpus)
    assert not problems
    assert not row.reviewer
    assert (row.subject, str(row.mapping), row.comment) == ("1", "superset:TR-ONE", "read")
