"""The shipped mappings against what they are for: Tradelane's own columns, and the KCS form."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest

from tradelane.declarations import mapping as mappings
from tradelane.declarations.fields import GOODS_FIELDS, OUTCOME_FIELDS
from tradelane.declarations.reader import read
from tradelane.nomenclature import Nomenclature

KCS = Path(__file__).parents[2] / ".." / "shared" / "data" / "kcs"
needs_kcs = pytest.mark.skipif(
    not KCS.is_dir(), reason="the KCS files are not beside this checkout"
)


def test_the_native_mapping_fills_every_field() -> None:
    native = mappings.load("tradelane")
    assert {rule.field for rule in native.columns} == set(GOODS_FIELDS)
    assert {rule.field for rule in native.outcome} == set(OUTCOME_FIELDS)
    assert {rule.column for rule in native.columns if rule.required} == {
        "declaration_id", "date", "declarant", "importer", "hs_code", "origin", "currency",
        "customs_value",
    }  # fmt: skip


def test_every_shipped_mapping_names_its_source_and_territory() -> None:
    names = mappings.shipped()
    assert len(names) >= 2
    for name in names:
        found = mappings.load(name)
        assert found.id == name
        assert found.source
        assert found.licence
        assert found.territory


def test_the_kcs_mapping_accounts_for_the_22_columns_of_the_form() -> None:
    kcs = mappings.load("kcs")
    assert len(kcs.named_columns()) == 22
    assert kcs.territory == "kr"
    assert "Critical Fraud" in kcs.ignored


@needs_kcs
@pytest.mark.slow
@pytest.mark.parametrize(("name", "rows", "zero"), [("train", 37_385, 358), ("valid", 8_134, 79)])
def test_a_kcs_file_is_read_to_its_last_row(name: str, rows: int, zero: int) -> None:
    kcs, codes = mappings.load("kcs"), Nomenclature()
    notes: Counter[str] = Counter()
    seen = frauds = 0
    filings = read(KCS / f"{name}.csv", kcs, codes=codes, today=dt.date(2026, 6, 1))
    for filing in filings:
        assert filing.declaration is not None, filing.problems
        seen += filing.rows
        notes.update(note.code for note in filing.notes)
        [outcome] = filing.outcomes
        assert outcome is not None
        assert outcome.recorded_at is not None
        assert outcome.recorded_at.date() - filing.declaration.date == dt.timedelta(30)
        frauds += outcome.fraud is True
        assert filing.declaration.lines[0].currency == "KRW"
    assert seen == rows
    assert 0.2 < frauds / seen < 0.22
    assert notes["declarations.zero_value"] == zero
    assert set(notes) == {"declarations.zero_value", "declarations.hs_unchecked"}


@needs_kcs
def test_the_header_of_the_kcs_files_is_the_forms() -> None:
    for name in ("train", "valid"):
        with (KCS / f"{name}.csv").open(encoding="utf-8") as file:
            header = file.readline().strip().split(",")
        assert set(header) == set(mappings.load("kcs").named_columns())
