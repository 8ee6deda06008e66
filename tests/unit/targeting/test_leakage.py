"""Repetition is told from skill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from targeting_histories import SCHEMA, made_up
from tradelane.targeting import leakage

KCS = Path(__file__).parents[3] / "../shared/data/kcs/train.csv"


def test_labels_tied_to_tuples_are_found() -> None:
    """Each later line repeats one of 150 tuples; a tuple has one label, else chance rules."""
    random = np.random.default_rng(0)
    kinds = random.integers(0, 150, 3000)
    wrong = random.random(150) < 0.25
    leaked = made_up(3000, 1, inspected=1.0).with_columns(
        hs_code=pl.Series([f"84{k:04d}" for k in kinds]),
        net_mass_kg=pl.Series(kinds * 1.5 + 1),
        duty_rate=pl.lit(5.0),
        fraud=pl.Series(wrong[kinds]),
    )
    found = leakage.detect(leaked)
    assert found.found
    assert found.repeats > 0.95
    assert found.same_label == 1.0 > found.by_chance + 0.2
    assert "measure repetition, not detection skill" in found.text


def test_a_history_whose_goods_differ_is_not_accused() -> None:
    found = leakage.detect(made_up(3000, 1))
    assert not found.found
    assert found.repeats < 0.05
    assert found.auc > 0.75
    assert "No sign" in found.text


def test_repeated_tuples_with_independent_labels_are_not_accused() -> None:
    random = np.random.default_rng(0)
    kinds = random.integers(0, 50, 2000)
    repeated = made_up(2000, 1, inspected=1.0).with_columns(
        hs_code=pl.Series([f"84{k:04d}" for k in kinds]),
        net_mass_kg=pl.Series(kinds + 1.0),
        duty_rate=pl.lit(5.0),
        fraud=pl.Series(random.random(2000) < 0.3),
    )
    assert not leakage.detect(repeated).found


@pytest.mark.parametrize("history", [made_up(40), made_up(0), made_up(500, inspected=0.0)])
def test_too_few_labels_are_said_to_be_too_few(history: pl.DataFrame) -> None:
    found = leakage.detect(history)
    assert not found.found
    assert "Too few" in found.text


@pytest.mark.slow
@pytest.mark.skipif(not KCS.exists(), reason="the KCS declarations are not beside the repository")
def test_the_korean_declarations_are_seen_to_leak() -> None:
    rows = pl.read_csv(KCS, infer_schema_length=0)
    number = {"customs_value": "Item Price", "net_mass_kg": "Net Mass", "duty_rate": "Tax Rate"}
    text = {
        "subject": "Declaration ID",
        "declarant": "Declarant ID",
        "importer": "Importer ID",
        "seller": "Seller ID",
        "carrier": "Courier ID",
        "office": "Office ID",
        "departure": "Country of Departure",
        "origin": "Country of Origin",
        "hs_code": "HS6 Code",
        "transport_mode": "Mode of Transport",
        "procedure": "Import Type",
    }
    history = rows.select(
        *(pl.col(column).fill_null("").alias(name) for name, column in text.items()),
        *(pl.col(column).cast(pl.Float64).alias(name) for name, column in number.items()),
        date=pl.col("Date").str.to_date(),
        inspected=pl.lit(True),
        fraud=pl.col("Fraud") == "1",
    )
    history = history.with_columns(
        pl.lit("" if kind == pl.String else None, dtype=kind).alias(name)
        for name, kind in SCHEMA.items()
        if name not in history.columns
    )
    found = leakage.detect(history)
    assert found.found
    assert found.repeats > 0.5
    assert found.same_label > 0.9
    assert 0.5 <= found.auc_grouped <= 0.65 < 0.7 < found.auc
