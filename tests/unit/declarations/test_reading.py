"""Reading good files: rows become declarations with their lines and outcomes."""

from __future__ import annotations

import datetime as dt
import json
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tradelane.declarations import mapping as mappings
from tradelane.declarations.model import Filing
from tradelane.declarations.reader import count_rows, read
from tradelane.nomenclature import Nomenclature

Reading = Callable[..., list[Filing]]
Rows = Callable[..., str]

FULL = {
    "declaration_id": "D9",
    "line": "1",
    "date": "2026-03-01",
    "declarant": "BROKER",
    "importer": "IMP",
    "importer_since": "2019-05-01",
    "seller": "SELL",
    "carrier": "CARR",
    "office": "PUS",
    "departure": "CN",
    "transport_mode": "1",
    "procedure": "40",
    "hs_code": "8517.13",
    "description": "Telephones",
    "origin": "KR",
    "currency": "USD",
    "customs_value": "100.50",
    "net_mass_kg": "10",
    "gross_mass_kg": "12.5",
    "quantity": "3",
    "quantity_unit": "NMB",
    "freight": "5",
    "insurance": "1",
    "preference": "FTA1",
    "declared_duty_rate": "8",
    "inspected": "1",
    "fraud": "0",
    "revenue_recovered": "0",
    "outcome_recorded_at": "2026-04-01T10:00:00+09:00",
}


def test_every_native_column_reaches_its_field(reading: Reading) -> None:
    [filing] = reading(",".join(FULL) + "\n" + ",".join(FULL.values()) + "\n")
    declaration = filing.declaration
    assert declaration is not None
    line = declaration.lines[0]
    assert declaration.key == ("BROKER", "D9")
    assert declaration.importer_since == dt.date(2019, 5, 1)
    assert (declaration.departure, declaration.transport_mode) == ("CN", "1")
    assert (declaration.seller, declaration.carrier, declaration.office) == ("SELL", "CARR", "PUS")
    assert (line.hs_code, line.customs_value) == ("851713", Decimal("100.50"))
    assert (line.net_mass_kg, line.gross_mass_kg) == (Decimal(10), Decimal("12.5"))
    assert (line.quantity, line.quantity_unit, line.preference) == (Decimal(3), "NMB", "FTA1")
    assert (line.freight, line.insurance, line.declared_duty_rate) == (5, 1, 8)
    [outcome] = filing.outcomes
    assert outcome is not None
    assert (outcome.inspected, outcome.fraud) == (True, False)
    assert outcome.recorded_at == dt.datetime(2026, 4, 1, 1, tzinfo=dt.UTC)


def test_csv_flat_json_ndjson_and_documents_give_the_same_declaration(reading: Reading) -> None:
    flat = json.dumps(FULL)
    header = {
        k: v
        for k, v in FULL.items()
        if k
        in (
            "declaration_id",
            "date",
            "declarant",
            "importer",
            "importer_since",
            "seller",
            "carrier",
            "office",
            "departure",
            "transport_mode",
            "procedure",
        )
    }
    document = {**header, "lines": [{k: v for k, v in FULL.items() if k not in header}]}
    texts = [
        ",".join(FULL) + "\n" + ",".join(FULL.values()) + "\n",
        f"[{flat}]",
        f"{flat}\n",
        json.dumps([document]),
        json.dumps(document) + "\n",
    ]
    found = [reading(text) for text in texts]
    assert {len(filings) for filings in found} == {1}
    assert all(filings[0].declaration == found[0][0].declaration for filings in found)
    assert all(filings[0].outcomes == found[0][0].outcomes for filings in found)


def test_consecutive_rows_with_one_key_are_one_declaration(
    reading: Reading, sheet: Rows, good_row: Rows
) -> None:
    found = reading(sheet(good_row("A"), good_row("A", hs_code="010121"), good_row("B")))
    assert [(f.reference, f.rows, f.first_row, f.line) for f in found] == [
        ("A", 2, 0, 2),
        ("B", 1, 2, 4),
    ]
    assert found[0].declaration is not None
    assert [line.number for line in found[0].declaration.lines] == [1, 2]


def test_reading_goes_on_where_an_earlier_reading_stopped(
    reading: Reading, sheet: Rows, good_row: Rows
) -> None:
    text = sheet(*(good_row(f"D{i // 2}", hs_code="010121") for i in range(10)))
    whole = reading(text)
    for cut in range(len(whole) + 1):
        skip = sum(filing.rows for filing in whole[:cut])
        assert reading(text, skip_rows=skip) == whole[cut:]


def test_a_column_that_the_native_mapping_does_not_know_is_kept_with_the_line(
    reading: Reading, sheet: Rows, good_row: Rows
) -> None:
    text = sheet(good_row()).replace("customs_value", "customs_value,colour", 1)
    [filing] = reading(text.replace("100.50", "100.50,red"))
    assert filing.declaration is not None
    assert filing.declaration.lines[0].extra == {"colour": "red"}


def test_a_finding_of_a_day_is_known_when_that_day_is_over(
    reading: Reading, sheet: Rows, good_row: Rows
) -> None:
    text = sheet(good_row()).replace(
        "customs_value", "customs_value,inspected,fraud,outcome_recorded_at", 1
    )
    [filing] = reading(text.replace("100.50", "100.50,yes,true,2026-03-05"))
    assert filing.outcomes[0] is not None
    assert filing.outcomes[0].recorded_at == dt.datetime(2026, 3, 6, tzinfo=dt.UTC)


def test_a_line_that_was_not_inspected_has_no_outcome(
    reading: Reading, sheet: Rows, good_row: Rows
) -> None:
    text = sheet(good_row()).replace("customs_value", "customs_value,inspected", 1)
    [filing] = reading(text.replace("100.50", "100.50,0"))
    assert filing.outcomes == (None,)


def test_a_zero_value_is_read_with_a_note(reading: Reading, sheet: Rows, good_row: Rows) -> None:
    [filing] = reading(sheet(good_row(customs_value="0")))
    assert filing.declaration is not None
    assert [note.code for note in filing.notes] == ["declarations.zero_value"]


def test_a_code_of_an_older_edition_is_read_with_a_note(
    reading: Reading, sheet: Rows, good_row: Rows
) -> None:
    [filing] = reading(sheet(good_row(hs_code="851712", date="2021-05-01")))
    assert filing.declaration is not None
    [note] = filing.notes
    assert note.code == "declarations.hs_unchecked"
    assert "HS 2017 was in force" in note.message


def test_a_million_character_cell_and_its_neighbours(
    reading: Reading, sheet: Rows, good_row: Rows
) -> None:
    found = reading(sheet(good_row("A"), good_row("B", importer="x" * 1_000_000), good_row("C")))
    assert [f.declaration is not None for f in found] == [True, False, True]
    assert found[1].problems[0].code == "declarations.cell_too_long"
    assert found[1].problems[0].line == 3


@pytest.mark.parametrize("form", ["csv", "json", "ndjson"])
def test_a_large_file_is_streamed_with_bounded_memory(
    tmp_path: Path, nomenclature: Nomenclature, good_row: Rows, sheet: Rows, form: str
) -> None:
    path = tmp_path / "large"
    keys = sheet().strip().split(",")
    with path.open("w") as file:
        file.write(sheet() if form == "csv" else "[\n" if form == "json" else "")
        for i in range(8_000):
            text = good_row(f"D{i}", importer="I" * 90)
            if form != "csv":
                comma = ",\n" if form == "json" and i < 7_999 else "\n"
                text = json.dumps(dict(zip(keys, text.split(","), strict=True))) + comma
            else:
                text += "\n"
            file.write(text)
        file.write("]" if form == "json" else "")
    mapping = mappings.load("tradelane")
    assert path.stat().st_size > 1_000_000
    tracemalloc.start()
    rows = sum(
        filing.rows for filing in read(path, mapping, codes=nomenclature, today=dt.date(2026, 6, 1))
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows == 8_000 == count_rows(path, mapping)
    assert peak < 1_000_000
