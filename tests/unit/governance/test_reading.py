"""A corpus is refused with file, line and key of everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from governance_corpora import SOURCES, instrument, row, write_pack
from tradelane.governance.corpus import inspect, load
from tradelane.kit.errors import InputRefused, Problem


def problems_of(folder: Path, **parts: Any) -> list[Problem]:
    return inspect(write_pack(folder, **parts))[1]


def test_a_pack_that_is_right_is_read(tmp_path):
    corpus = load(write_pack(tmp_path))
    assert corpus.get_instrument("aa-act").title == "AI Act of Alba"
    assert corpus.get_instrument("ai act of alba").id == "AA-ACT"
    assert [one.id for one in corpus.by_instrument["AA-ACT"]] == ["AA-ACT.001"]
    assert load(tmp_path) is corpus


@pytest.mark.parametrize(
    ("code", "column", "changes"),
    [
        ("governance.missing_source", "/source", {"source": "S9"}),
        ("governance.missing_source", "/source", {"source": ""}),
        ("governance.dead_objective", "/objectives", {"objectives": "equal:TR-GONE"}),
        ("governance.unknown_value", "/objectives", {"objectives": "near:TR-ONE"}),
        ("governance.empty_statement", "/statement", {"statement": " "}),
        ("governance.bad_date", "/valid_from", {"valid_from": "2026-02-30"}),
        ("governance.bad_date", "/recorded_from", {"recorded_from": "soon"}),
        ("governance.bad_condition", "/when", {"when": "use=nothing"}),
        ("governance.bad_condition", "/when", {"when": "tier=low"}),
        ("governance.bad_condition", "/when", {"when": "use"}),
        ("governance.bad_condition", "/trigger", {"when": "ask"}),
        ("governance.unknown_value", "/kind", {"kind": "wish"}),
        ("governance.unknown_value", "/domain", {"domain": "weather"}),
        ("governance.unknown_value", "/actor", {"actor": "provider|fairy"}),
        ("governance.unknown_value", "/modality", {"modality": "shall"}),
        ("governance.unknown_value", "/verification", {"verification": "sure"}),
        ("governance.unknown_value", "/id", {"id": "BB-ACT.001"}),
        ("governance.unknown_instrument", "/instrument", {"instrument": "AA-LOST"}),
    ],
)
def test_a_provision_that_is_wrong_is_named_by_file_line_and_column(
    tmp_path, code, column, changes
):
    second = row(**{"id": "AA-ACT.002", "statement": "Another.", **changes})
    found = problems_of(tmp_path, rows=[row(), second])
    assert [(one.code, one.pointer, one.line) for one in found] == [(code, column, 3)]
    assert found[0].message.startswith("provisions/aa.csv: ")
    with pytest.raises(InputRefused):
        load(tmp_path)


@pytest.mark.parametrize(
    ("code", "pointer", "changes"),
    [
        ("governance.missing_key", "/instruments/0", {"states": None}),
        ("governance.missing_key", "/instruments/0/states", {"states": []}),
        ("governance.missing_source", "/instruments/0/sources/0", {"sources": ["S9"]}),
        ("governance.missing_source", "/instruments/0/sources", {"sources": []}),
        ("governance.unknown_entity", "/instruments/0/entity", {"entity": ["AA", "ZZ"]}),
        ("governance.unknown_value", "/instruments/0/type", {"type": "poem"}),
        ("governance.unknown_value", "/instruments/0/form", {"form": "soft"}),
        ("governance.unknown_instrument", "/instruments/0/supersedes/0", {"supersedes": ["AA-X"]}),
        ("governance.bad_shape", "/instruments/0", {"definition": "as usual"}),
        (
            "governance.bad_date",
            "/instruments/0/states/0",
            {"states": [{"state": "in_force", "from": "2025-13", "mark": "primary"}]},
        ),
        (
            "governance.bad_date",
            "/instruments/0/states",
            {
                "states": [
                    {"state": "in_force", "from": "2025-02-01", "mark": "primary"},
                    {"state": "enacted", "from": "2025-01-01", "mark": "primary"},
                ]
            },
        ),
        (
            "governance.one_claim",
            "/instruments/0/conflicts/0",
            {"conflicts": [{"about": "a", "claims": [{"says": "b", "source": "S1"}], "held": "c"}]},
        ),
        (
            "governance.bad_condition",
            "/instruments/0/tiers/0",
            {"tiers": [{"id": "high", "name": "high", "when": "use=x", "mark": "primary"}]},
        ),
    ],
)
def test_an_instrument_that_is_wrong_is_named_by_file_line_and_key(
    tmp_path, code, pointer, changes
):
    found = problems_of(tmp_path, instruments=[instrument(**changes)])
    assert (code, pointer) in [(one.code, one.pointer) for one in found]
    first = next(one for one in found if one.code == code)
    assert first.message.startswith("instruments/aa.yaml: ")
    assert first.line is not None


def test_the_line_is_that_of_the_value(tmp_path):
    found = problems_of(tmp_path, instruments=[instrument(), instrument(id="AA-TWO", form="soft")])
    wrong = next(one for one in found if one.code == "governance.unknown_value")
    lines = (tmp_path / "instruments/aa.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[wrong.line - 1].strip() == "form: soft"


@pytest.mark.parametrize(
    ("code", "file", "text"),
    [
        ("governance.bad_header", "provisions/aa.csv", "id,what\n1,2\n"),
        ("governance.ragged_row", "sources/aa.csv", SOURCES + "S2,press,one, two,2026-01-01,x\n"),
        ("governance.unknown_value", "sources/aa.csv", SOURCES.replace("primary_text", "rumour")),
        ("governance.duplicate_id", "sources/aa.csv", SOURCES + SOURCES.splitlines()[1] + "\n"),
        ("governance.file_missing", "instruments/bb.yaml", "instruments: []\n"),
        ("governance.missing_key", "instruments/aa.yaml", "laws: []\n"),
        ("packs.alias", "instruments/aa.yaml", "instruments: [&a {x: 1}, *a]\n"),
        ("packs.yaml", "tests/aa.yaml", "questions: [\n"),
        ("governance.unknown_value", "tests/aa.yaml", "questions: [{ask: why}]\n"),
        (
            "governance.dead_id",
            "tests/aa.yaml",
            "questions: [{ask: holds, provision: AA-ACT.099, as_of: 2026-01-01, expect: true}]\n",
        ),
    ],
)
def test_a_file_that_is_wrong_is_named(tmp_path, code, file, text):
    found = problems_of(tmp_path, files={file: text})
    assert code in [one.code for one in found]


def test_something_twice_and_something_without_provision_are_found(tmp_path):
    found = problems_of(
        tmp_path, instruments=[instrument(), instrument(id="AA-EMPTY")], rows=[row(), row()]
    )
    assert {one.code for one in found} == {"governance.duplicate_id", "governance.no_provisions"}


def test_a_crosswalk_that_points_to_an_id_that_is_gone_is_reported(tmp_path):
    framework = (
        "{id: f, title: F, issuer: I, version: '1', source: s, mark: primary, "
        "read_on: 2026-01-01, elements: [{id: '1', title: one}]}\n"
    )
    head = "element,relation,objective,strength,basis,reviewer,reviewed_on,pins\n"
    rows = "1,equal,TR-ONE,strong,,,,\n1,equal,TR-GONE,strong,,,,\n2,equal,TR-ONE,weak,,,,\n"
    found = problems_of(
        tmp_path, files={"frameworks/f.yaml": framework, "crosswalks/f.csv": head + rows}
    )
    assert [(one.code, one.line, one.pointer) for one in found] == [
        ("governance.dead_id", 3, "/objective"),
        ("governance.dead_id", 4, "/element"),
    ]


def test_a_pack_without_vocabularies_is_refused(tmp_path):
    write_pack(tmp_path, files={"objectives.yaml": "objectives: [{id: X, domain: none}]\n"})
    with pytest.raises(InputRefused) as refused:
        inspect(tmp_path)
    assert refused.value.problems[0].code == "governance.vocabulary"


def test_a_month_after_a_day_in_it_is_not_before_it(tmp_path):
    states = [
        {"state": "enacted", "from": "2026-08-19", "mark": "primary"},
        {"state": "in_force", "from": "2026-08", "mark": "secondary"},
    ]
    corpus = load(write_pack(tmp_path, instruments=[instrument(states=states)]))
    enacted, in_force = corpus.instruments["AA-ACT"].states
    assert in_force.since.first == enacted.since.first
