"""A mapping file says all that is wrong with it, with line and column; a draft can be checked."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tradelane.declarations import mapping as mappings
from tradelane.declarations.commands import mapping as commands
from tradelane.declarations.draft import draft_mapping
from tradelane.kit.errors import InputRefused

LEAST = """\
id: least
version: 1
columns:
  reference: Ref
  declarant: {constant: SELF}
  date: Day
  importer: Importer
  hs_code: {column: Code, pad: 6}
  origin: Origin
  currency: {column: Currency, default: USD}
  customs_value: {column: Value, scale: 1000}
"""


def problems_of(text: str) -> list[tuple[str, int | None, int | None]]:
    with pytest.raises(InputRefused) as caught:
        mappings.parse(text)
    return [(p.code, p.line, p.column) for p in caught.value.problems]


def test_the_least_mapping_is_read() -> None:
    found = mappings.parse(LEAST)
    assert (found.id, found.version) == ("least", "1")
    assert found.named_columns() == (
        "Ref",
        "Day",
        "Importer",
        "Code",
        "Origin",
        "Currency",
        "Value",
    )
    rule = found.rule("customs_value")
    assert rule is not None
    assert str(rule.scale) == "1000"


def test_every_problem_is_found_at_once_with_its_place() -> None:
    text = """\
id: bad
columns:
  reference: Ref
  importr: Importer
  date: {column: Ref, dates: ["%Q"]}
  hs_code: {column: Code, pad: many}
  currency: {column: C, constant: USD}
  origin: [A, B]
  net_mass_kg: {column: Mass, scale: -1}
  reference: Again
format: {encoding: klingon, delimiter: "::"}
other_columns: maybe
"""
    found = problems_of(text)
    assert ("mapping.missing", 1, 1) in found
    assert ("mapping.unknown_key", 4, 3) in found
    assert ("mapping.duplicate_column", 5, 18) in found
    assert ("mapping.value", 5, 30) in found
    assert ("mapping.value", 6, 32) in found
    assert ("mapping.value", 7, 13) in found
    assert ("mapping.type", 8, 11) in found
    assert ("mapping.value", 9, 38) in found
    assert ("mapping.duplicate_key", 10, 3) in found
    assert ("mapping.value", 11, 20) in found
    assert ("mapping.value", 11, 40) in found
    assert ("mapping.value", 12, 16) in found
    missing = [code for code, line, _ in found if code == "mapping.missing" and line == 3]
    assert len(missing) == 3
    assert found == sorted(found, key=lambda item: (item[1] or 0, item[2] or 0))


def test_a_near_miss_is_guessed() -> None:
    with pytest.raises(InputRefused, match="Did you mean 'importer'"):
        mappings.parse(LEAST.replace("importer:", "importr:"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [", "packs.yaml"),
        ("a: &x 1\nb: *x\n", "packs.alias"),
        ("- a\n", "mapping.type"),
        ("", "mapping.type"),
    ],
)
def test_what_is_no_mapping_is_refused(text: str, code: str) -> None:
    assert problems_of(text)[0][0] == code


def test_a_finding_needs_the_time_since_when_it_was_known() -> None:
    text = LEAST + 'outcome:\n  inspected: {constant: "true"}\n  fraud: Fraud\n'
    assert problems_of(text) == [("mapping.missing", 13, 3)]
    assert (
        mappings.parse(text + "  recorded_at: {days_after_declaration: 30}\n").recorded_after_days
        == 30
    )


def test_norway_and_leading_zeros_stay_what_they_are() -> None:
    text = LEAST.replace("{constant: SELF}", "{constant: no}").replace(
        "  origin: Origin", "  origin: {column: Origin, values: {NO: NO, 047: NO}}"
    )
    found = mappings.parse(text)
    declarant, origin = found.rule("declarant"), found.rule("origin")
    assert declarant is not None
    assert declarant.constant == "no"
    assert origin is not None
    assert origin.values == {"NO": "NO", "047": "NO"}


def test_an_unknown_mapping_names_those_that_ship() -> None:
    with pytest.raises(InputRefused, match="kcs, tradelane"):
        mappings.load("nowhere")


def test_check_says_what_a_mapping_does_and_refuses_a_bad_constant(tmp_path: Path) -> None:
    runner = CliRunner()
    good = runner.invoke(commands, ["check", "kcs"])
    assert good.exit_code == 0
    assert good.output.startswith("OK: mapping kcs")
    assert "recorded_at: 30 days after the declaration" in good.output
    path = tmp_path / "bad.yaml"
    path.write_text(LEAST.replace("default: USD", "default: dollars"), encoding="utf-8")
    bad = runner.invoke(commands, ["check", str(path)])
    assert isinstance(bad.exception, InputRefused)
    assert bad.exception.problems[0].code == "declarations.constant"


def test_the_shipped_mappings_are_listed() -> None:
    output = CliRunner().invoke(commands, ["list"]).output
    assert [line.split()[0] for line in output.splitlines()] == ["kcs", "tradelane"]


def test_a_draft_of_a_full_file_passes_the_check(tmp_path: Path) -> None:
    path = tmp_path / "Customs Export 2026.csv"
    path.write_text(
        "Entry Number;Acceptance Date;Broker;Consignee No;Tariff Code;Origin Country;"
        "Currency;Customs Value;Net Weight (kg);Fraud;Shelf\n"
        "E1;03/01/2026;B;I;8517.13;KR;USD;1.234,50;10,5;0;x\n"
        "E2;25/01/2026;B;I;101.21;CN;USD;99,00;7;1;y\n".replace("101.21", "0101.21"),
        encoding="cp1252",
    )
    draft = draft_mapping(path)
    assert draft.missing == []
    found = mappings.parse(draft.text)
    assert {rule.field: rule.column for rule in found.columns}.items() >= {
        "reference": "Entry Number",
        "date": "Acceptance Date",
        "declarant": "Broker",
        "hs_code": "Tariff Code",
        "customs_value": "Customs Value",
        "net_mass_kg": "Net Weight (kg)",
    }.items()
    assert (found.format.delimiter, found.format.decimal) == (";", ",")
    assert found.format.dates == ("%d/%m/%Y",)
    assert "Fraud" in found.ignored
    assert "Shelf" in found.extra_line
    assert draft.text.count("# guess") >= 9


def test_a_draft_says_what_it_did_not_find(tmp_path: Path) -> None:
    path = tmp_path / "thin.csv"
    path.write_text("Declaration ID,Colour\nA,red\n", encoding="utf-8")
    result = CliRunner().invoke(
        commands, ["draft", str(path), "--out", str(tmp_path / "draft.yaml")]
    )
    assert result.exit_code == 0
    assert "Not found, and required: declarant, date" in result.output
    text = (tmp_path / "draft.yaml").read_text(encoding="utf-8")
    assert "# NOT FOUND, required: importer" in text
    assert {code for code, _, _ in problems_of(text)} == {"mapping.missing"}
