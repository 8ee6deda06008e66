"""What must hold of a simulation whatever its seed and size."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradelane.kit import packs
from tradelane.simulation.service import simulate


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**40),
    declarations=st.integers(200, 900),
    days=st.integers(30, 700),
    hold_out=st.integers(1, 15),
)
def test_counts_labels_and_cut_hold_for_any_seed(
    seed: int, declarations: int, days: int, hold_out: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        manifest = simulate(
            seed, declarations, days, packs.load("demo"), out, hold_out_days=hold_out
        )
        filed, truth, history = (
            pl.read_csv(out / f"{name}.csv", infer_schema=False)
            for name in ("declarations", "truth", "history")
        )
    assert filed["declaration_id"].n_unique() == declarations
    assert manifest["counts"]["lines"] == filed.height == truth.height
    assert filed["date"].min() >= manifest["first_day"]
    assert filed["date"].max() <= manifest["last_day"]
    assert filed["date"].is_sorted()
    registered = filed.drop_nulls("importer_since")
    assert (registered["importer_since"] <= registered["date"]).all()
    late = truth.filter(pl.col("scheme") == "split_consignments")
    days_of_late = filed.filter((truth["scheme"] == "split_consignments").fill_null(False))["date"]
    assert late.height > 0
    assert days_of_late.min() >= manifest["split_consignments_begin"]
    recorded = history["outcome_recorded_at"].drop_nulls()
    assert recorded.len() == 0 or recorded.max() < manifest["week_begins"]
    honest = truth.filter(pl.col("scheme").is_null())
    assert set(honest["fraud"]) == {"0"}
