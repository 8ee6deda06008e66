"""Bad files are refused with a reason; bad rows are refused alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tradelane.declarations import mapping as mappings
from tradelane.declarations.model import Filing, Limits
from tradelane.kit.errors import InputRefused

Reading = Callable[..., list[Filing]]
Rows = Callable[..., str]


def codes_of(filing: Filing) -> list[str]:
    return [problem.code.removeprefix("declarations.") for problem in filing.problems]


def accepted(found: list[Filing]) -> list[str]:
    return [filing.reference for filing in found if filing.declaration is not None]


@pytest.mark.parametrize("name", ["good.csv", "utf8_with_bom.csv", "utf16_with_bom.csv"])
def test_a_byte_order_mark_changes_nothing(reading: Reading, assets: Path, name: str) -> None:
    assert [f.declaration for f in reading(assets / name)] == [
        f.declaration for f in reading(assets / "good.csv")
    ]
    assert accepted(reading(assets / name)) == ["D1", "D2", "D3"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("empty.csv", "declarations.empty"),
        ("utf16_without_bom.csv", "declarations.encoding"),
        ("spreadsheet.xlsx.csv", "declarations.not_text"),
        ("missing.csv", "declarations.unreadable"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    reading: Reading, assets: Path, name: str, code: str
) -> None:
    with pytest.raises(InputRefused) as caught:
        reading(assets / name)
    assert [p.code for p in caught.value.problems] == [code]


def test_a_folder_is_not_a_file(reading: Reading, tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match=r"declarations\.unreadable"):
        reading(tmp_path)


def test_a_file_of_blank_lines_is_empty(reading: Reading) -> None:
    with pytest.raises(InputRefused, match=r"declarations\.empty"):
        reading("\n \n\n")


def test_a_header_alone_is_a_file_without_rows(reading: Reading, assets: Path) -> None:
    assert reading(assets / "header_only.csv") == []


def test_every_missing_column_is_named_at_once(reading: Reading) -> None:
    with pytest.raises(InputRefused) as caught:
        reading("declaration_id,date,declarant\nA,2026-01-01,B\n")
    missing = [p for p in caught.value.problems if p.code == "declarations.missing_column"]
    assert len(missing) == 5


def test_a_column_that_stands_twice_is_refused(reading: Reading, sheet: Rows) -> None:
    with pytest.raises(InputRefused, match=r"declarations\.duplicate_column"):
        reading(sheet().replace("origin", "importer"))


def test_a_strict_mapping_refuses_unknown_columns(reading: Reading) -> None:
    header = ",".join(mappings.load("kcs").named_columns())
    with pytest.raises(InputRefused, match=r"declarations\.unknown_column"):
        reading(header + ",Colour\n", "kcs")


def test_korean_text_needs_its_encoding_declared(reading: Reading, assets: Path) -> None:
    found = reading(assets / "korean_in_cp949.csv")
    assert accepted(found) == ["D2"]
    assert codes_of(found[0]) == ["bytes"]
    assert (found[0].problems[0].line, found[0].problems[0].column) == (2, 7)
    text = (Path(mappings.__file__).parents[1] / "packs/mappings/tradelane.yaml").read_text()
    declared = mappings.parse(text.replace("encoding: utf-8", "encoding: [utf-8, cp949]"))
    found = reading(assets / "korean_in_cp949.csv", declared)
    assert accepted(found) == ["D1", "D2"]
    assert found[0].declaration is not None
    assert found[0].declaration.lines[0].description == "휴대 전화"


def test_a_ragged_row_costs_itself_only(reading: Reading, assets: Path) -> None:
    found = reading(assets / "ragged_rows.csv")
    assert accepted(found) == ["D1"]
    assert [codes_of(f) for f in found[1:]] == [["ragged_row"], ["ragged_row"]]
    assert [f.reference for f in found[1:]] == ["D2", "D3"]
    assert found[1].problems[0].line == 3


def test_an_unclosed_quote_does_not_swallow_the_rows_after_it(
    reading: Reading, assets: Path
) -> None:
    found = reading(assets / "unclosed_quote.csv")
    assert accepted(found) == ["D1", "D3", "D4"]
    assert sum(filing.rows for filing in found) == 4
    assert codes_of(found[1]) == ["unclosed_quote"]


def test_nul_and_control_characters_cost_their_rows(reading: Reading, assets: Path) -> None:
    found = reading(assets / "nul_and_control_characters.csv")
    assert accepted(found) == ["D1"]
    assert [codes_of(f) for f in found[1:]] == [["bytes"], ["control_character"]]


def test_all_that_is_wrong_with_a_line_is_said_at_once(reading: Reading, assets: Path) -> None:
    [filing] = reading(assets / "everything_wrong_in_one_line.csv")
    found = {(p.pointer, p.code.removeprefix("declarations.")) for p in filing.problems}
    assert found == {
        ("/date", "date"),
        ("/importer", "required"),
        ("/lines/0/hs_code", "hs_shape"),
        ("/lines/0/origin", "economy"),
        ("/lines/0/currency", "currency"),
        ("/lines/0/customs_value", "not_finite"),
        ("/lines/0/net_mass_kg", "negative"),
        ("/lines/0/gross_mass_kg", "not_finite"),
        ("/lines/0/quantity", "too_large"),
    }
    assert {p.line for p in filing.problems} == {2}
    assert next(p.column for p in filing.problems if p.pointer == "/lines/0/origin") == 6


def test_one_bad_line_rejects_its_declaration_whole(reading: Reading, assets: Path) -> None:
    found = reading(assets / "two_lines_one_wrong.csv")
    assert accepted(found) == ["D1", "D3"]
    assert found[1].rows == 2
    assert [[p.code for p in row] for row in found[1].row_problems] == [
        ["declarations.sibling_rejected"],
        ["declarations.negative"],
    ]
    assert [row[0].line for row in found[1].row_problems] == [3, 4]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"date": "2026-06-03"}, "date_future"),
        ({"date": "01/02/2026"}, "date"),
        ({"hs_code": "851799"}, "hs_unknown"),
        ({"hs_code": "999999"}, "hs_unknown"),
        ({"hs_code": "85171"}, "hs_shape"),
        ({"hs_code": "８５１７１３"}, "hs_shape"),
        ({"origin": "UK"}, "economy"),
        ({"currency": "dollar"}, "currency"),
        ({"customs_value": "-1"}, "negative"),
        ({"customs_value": "-0.001"}, "negative"),
        ({"customs_value": "nan"}, "not_finite"),
        ({"customs_value": "-Infinity"}, "not_finite"),
        ({"customs_value": "1e400"}, "too_large"),
        ({"customs_value": "1234567890123456"}, "too_large"),
        ({"customs_value": "1e-30"}, "too_precise"),
        ({"customs_value": "1_000"}, "amount"),
        ({"customs_value": "١٢"}, "amount"),
        ({"customs_value": "=1+1"}, "amount"),
        ({"customs_value": ""}, "required"),
        ({"importer": "I\u202eMP"}, "control_character"),
        ({"importer": "I" * 101}, "too_long"),
        ({"declaration_id": ""}, "required"),
    ],
)
def test_a_bad_value_has_its_own_code(
    reading: Reading, sheet: Rows, good_row: Rows, changes: dict[str, str], code: str
) -> None:
    bad = good_row("BAD", **changes)
    found = reading(sheet(good_row("A"), bad, good_row("B")))
    assert accepted(found) == ["A", "B"]
    assert codes_of(found[1]) == [code]


def test_a_date_of_tomorrow_is_read_because_clocks_differ(
    reading: Reading, sheet: Rows, good_row: Rows
) -> None:
    assert accepted(reading(sheet(good_row(date="2026-06-02")))) == ["D1"]


def test_two_currencies_in_one_declaration_are_refused(
    reading: Reading, sheet: Rows, good_row: Rows
) -> None:
    [filing] = reading(sheet(good_row(), good_row(currency="EUR")))
    assert codes_of(filing) == ["sibling_rejected", "mixed_currencies"]


def test_a_line_number_given_twice_is_refused(reading: Reading) -> None:
    header = "declaration_id,line,date,declarant,importer,hs_code,origin,currency,customs_value"
    line = "D1,1,2026-03-01,B,I,851713,KR,USD,1"
    [filing] = reading(f"{header}\n{line}\n{line}\n")
    assert codes_of(filing) == ["sibling_rejected", "duplicate_line"]


def test_lines_that_disagree_about_the_importer_are_refused(
    reading: Reading, sheet: Rows, good_row: Rows
) -> None:
    [filing] = reading(sheet(good_row(), good_row(importer="OTHER")))
    assert codes_of(filing) == ["sibling_rejected", "header_differs"]
    assert filing.problems[1].pointer == "/importer"


def test_a_net_mass_over_the_gross_mass_is_refused(reading: Reading) -> None:
    header = "declaration_id,date,declarant,importer,hs_code,origin,currency,customs_value"
    text = f"{header},net_mass_kg,gross_mass_kg\nD,2026-03-01,B,I,851713,KR,USD,1,11,10\n"
    assert codes_of(reading(text)[0]) == ["net_over_gross"]


def test_a_description_of_more_than_4000_signs_is_refused(reading: Reading) -> None:
    header = "declaration_id,date,declarant,importer,hs_code,origin,currency,customs_value"
    text = f"{header},description\nD,2026-03-01,B,I,851713,KR,USD,1,{'x' * 4001}\n"
    assert codes_of(reading(text)[0]) == ["too_long"]


def test_more_lines_than_a_declaration_may_have_are_refused_together(
    reading: Reading, sheet: Rows, good_row: Rows
) -> None:
    text = sheet(*[good_row()] * 5, good_row("B"))
    found = reading(text, limits=Limits(lines_per_declaration=3))
    assert [(f.rows, f.declaration is None) for f in found] == [(5, True), (1, False)]
    assert "too_many_lines" in codes_of(found[0])


def test_a_row_over_the_limit_is_skipped_without_being_kept(
    reading: Reading, sheet: Rows, good_row: Rows
) -> None:
    text = sheet(good_row("A"), good_row("B", importer="x" * 5000), good_row("C"))
    found = reading(text, limits=Limits(row=1000, cell=500))
    assert accepted(found) == ["A", "C"]
    assert sum(f.rows for f in found) == 3


def test_a_table_that_lacks_the_value_says_so(reading: Reading) -> None:
    kcs = mappings.load("kcs")
    header = ",".join(kcs.named_columns())
    cells = {
        "Declaration ID": "1",
        "Date": "2021-01-01",
        "Office ID": "30",
        "Import Type": "11",
        "Mode of Transport": "77",
        "Declarant ID": "D",
        "Importer ID": "I",
        "HS6 Code": "10121",
        "Country of Departure": "CN",
        "Country of Origin": "CN",
        "Item Price": "1",
        "Fraud": "0",
    }
    text = ",".join(cells.get(name, "") for name in kcs.named_columns())
    found = reading(f"{header}\n{text}\n{text.replace('77', '40')}\n", kcs)
    assert codes_of(found[0])[:1] == ["value_unlisted"]
    assert codes_of(reading(f"{header}\n{text}\n", kcs)[0]) == ["value_unlisted"]
    [good] = reading(f"{header}\n{text.replace('77', '40')}\n", kcs)
    assert good.declaration is not None
    assert good.declaration.lines[0].hs_code == "010121"
    assert good.declaration.transport_mode == "4"


def test_decimal_commas_and_day_first_dates_are_a_matter_of_mapping(
    reading: Reading, assets: Path
) -> None:
    text = (Path(mappings.__file__).parents[1] / "packs/mappings/tradelane.yaml").read_text()
    european = mappings.parse(
        text.replace('delimiter: ","', 'delimiter: ";"')
        .replace('decimal: "."', 'decimal: ","\n  thousands: "."')
        .replace("%Y-%m-%d", "%d.%m.%Y")
    )
    [filing] = reading(assets / "semicolons_and_decimal_commas.csv", european)
    assert filing.declaration is not None
    assert str(filing.declaration.lines[0].customs_value) == "1234567.89"
    assert str(filing.declaration.lines[0].net_mass_kg) == "10.5"
    assert filing.declaration.date.isoformat() == "2026-03-03"
