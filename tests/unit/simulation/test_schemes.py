"""Every planted scheme occurs, leaves the trace it is documented with, and gives nothing away."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tradelane.simulation.model import SCHEMES

FRAUDS = SCHEMES[:5]


def relative(simulated, top: str, bottom: str) -> pl.Series:
    """The log of a ratio against the median of the same declared code and currency."""
    table = simulated.declarations.select(
        "hs_code",
        "currency",
        (pl.col(top).cast(pl.Float64) / pl.col(bottom).cast(pl.Float64)).log().alias("ratio"),
    )
    return table.select(
        pl.col("ratio") - pl.col("ratio").median().over("hs_code", "currency")
    ).to_series()


def test_fraud_and_inspection_rates_are_in_range(simulated) -> None:
    fraud = simulated.truth["fraud"].cast(pl.Int64)
    assert 0.035 < fraud.mean() < 0.065
    inspected = simulated.inspections["inspected"].cast(pl.Int64)
    assert 0.075 < inspected.mean() < 0.105


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_is_planted(simulated, scheme: str) -> None:
    planted = simulated.of(scheme)
    assert planted.sum() >= 15
    assert planted.sum() == simulated.manifest["counts"]["by_scheme"][scheme]
    labels = set(simulated.truth.filter(planted)["fraud"])
    assert labels == ({"0"} if scheme == "innocent_error" else {"1"})


def test_honest_lines_are_declared_as_they_are(simulated) -> None:
    honest = simulated.truth["scheme"].is_null()
    filed, truth = simulated.declarations.filter(honest), simulated.truth.filter(honest)
    assert (filed["hs_code"] == truth["true_hs_code"]).all()
    assert (filed["origin"] == truth["true_origin"]).all()
    assert (filed["customs_value"] == truth["true_value"]).all()
    assert (truth["revenue_lost"] == "0").all()


def test_an_undervalued_line_declares_a_fraction_and_its_price_shows_it(simulated) -> None:
    lines = simulated.of("undervaluation")
    share = simulated.number("customs_value") / simulated.truth["true_value"].cast(pl.Float64)
    assert share.filter(lines).min() > 0.34
    assert share.filter(lines).max() < 0.76
    price = relative(simulated, "customs_value", "net_mass_kg")
    assert price.filter(lines).median() < -0.35
    freight = relative(simulated, "freight", "customs_value")
    assert freight.filter(lines).median() > 0.15


def test_a_misclassified_line_has_a_cheaper_sibling_of_its_chapter(simulated) -> None:
    lines = simulated.of("misclassification")
    declared = simulated.declarations.filter(lines)["hs_code"]
    true = simulated.truth.filter(lines)["true_hs_code"]
    assert (declared != true).all()
    assert (declared.str.slice(0, 2) == true.str.slice(0, 2)).all()
    assert simulated.truth.filter(lines)["revenue_lost"].cast(pl.Float64).min() > 0


def test_a_false_origin_claims_a_preference_while_the_departure_often_stays(simulated) -> None:
    lines = simulated.of("false_origin")
    filed, truth = simulated.declarations.filter(lines), simulated.truth.filter(lines)
    assert (filed["origin"] != truth["true_origin"]).all()
    assert filed["preference"].null_count() == 0
    differs = (simulated.declarations["origin"] != simulated.declarations["departure"]).fill_null(
        False
    )
    assert differs.filter(lines).mean() > 0.45
    assert differs.filter(~lines).mean() < 0.3


def test_understated_quantity_shows_in_mass_for_each_piece_or_gross_mass(simulated) -> None:
    lines = simulated.of("quantity")
    per_piece = relative(simulated, "net_mass_kg", "quantity").abs()
    tare = relative(simulated, "gross_mass_kg", "net_mass_kg")
    off = ((per_piece > 0.25) | (tare > 0.2)).fill_null(False)
    assert off.filter(lines).mean() > 2 * off.filter(~lines).mean()


def test_splitting_begins_late_with_young_importers_under_the_threshold(simulated) -> None:
    lines = simulated.of("split_consignments")
    filed = simulated.declarations.filter(lines)
    assert filed["date"].min() >= simulated.manifest["split_consignments_begin"]
    assert filed["office"].unique().to_list() == ["PMEXP"]
    since = filed["importer_since"].str.to_date()
    age = (filed["date"].str.to_date() - since).dt.total_days().drop_nulls()
    assert age.min() >= 0
    assert age.median() < 100
    shared = filed.drop_nulls("seller").group_by("seller").agg(pl.col("importer").n_unique())
    assert shared["importer"].max() >= 2
    dollars = filed.filter(pl.col("currency") == "XMD")["customs_value"].cast(pl.Float64)
    assert dollars.len() == 0 or dollars.max() < 300


def test_innocent_errors_cost_the_trader_as_well_as_the_treasury(simulated) -> None:
    lost = simulated.truth.filter(simulated.of("innocent_error"))["revenue_lost"].cast(pl.Float64)
    assert (lost < 0).sum() > 5
    assert (lost > 0).sum() > 5


def test_inspectors_find_most_frauds_and_accuse_nobody_else(simulated) -> None:
    truth, seen = simulated.truth, simulated.inspections["inspected"] == "1"
    guilty = (truth["fraud"] == "1") & seen
    found = (simulated.inspections["fraud"] == "1").fill_null(False)
    assert not (found & ~guilty).any()
    assert 0.7 < (found & guilty).sum() / guilty.sum() < 0.97
    lost = truth["revenue_lost"].cast(pl.Float64).filter(found)
    taken = simulated.inspections["revenue_recovered"].cast(pl.Float64).filter(found)
    assert np.corrcoef(lost, taken)[0, 1] > 0.95
    assert (lost != taken).any()


def area(score: np.ndarray, label: np.ndarray) -> float:
    """The area under the ROC curve, ties counted half."""
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    below = np.cumsum(counts) - counts
    rank = (below + (counts + 1) / 2)[place]
    positive = label.sum()
    return float(
        (rank[label == 1].sum() - positive * (positive + 1) / 2)
        / (positive * (len(label) - positive))
    )


def encoded(simulated, name: str, label: np.ndarray) -> np.ndarray:
    """A column as a number: its own, or the fraud rate of its value in the other folds."""
    if name in (
        "customs_value",
        "net_mass_kg",
        "gross_mass_kg",
        "quantity",
        "freight",
        "insurance",
    ):
        return simulated.number(name).fill_null(-1).to_numpy()
    key = np.unique(simulated.declarations[name].fill_null("").to_numpy(), return_inverse=True)[1]
    fold = np.random.default_rng(0).integers(5, size=len(label))
    score = np.zeros(len(label))
    for one in range(5):
        other = fold != one
        seen = np.bincount(key[other], minlength=key.max() + 1)
        bad = np.bincount(key[other], weights=label[other], minlength=key.max() + 1)
        score[~other] = ((bad + 1) / (seen + 20))[key[~other]]
    return score


def test_no_single_column_gives_the_frauds_away(simulated) -> None:
    label = simulated.truth["fraud"].cast(pl.Int64).to_numpy()
    for name in simulated.declarations.columns:
        strength = area(encoded(simulated, name, label), label)
        assert max(strength, 1 - strength) < 0.8, name


def test_empty_cells_say_nothing_about_fraud(simulated) -> None:
    label = simulated.truth["fraud"].cast(pl.Int64)
    for name in ("net_mass_kg", "gross_mass_kg", "quantity", "freight", "insurance"):
        rate = label.filter(simulated.declarations[name].is_null()).mean()
        assert rate < 0.12, name


def test_a_simple_model_learns_something_from_the_raw_columns(simulated) -> None:
    import xgboost

    label = simulated.truth["fraud"].cast(pl.Int64).to_numpy()
    price = relative(simulated, "customs_value", "net_mass_kg").fill_null(0).to_numpy()
    tare = relative(simulated, "gross_mass_kg", "net_mass_kg").fill_null(0).to_numpy()
    names = ("importer", "seller", "hs_code", "origin", "departure", "preference", "office")
    table = np.column_stack([price, tare, *(encoded(simulated, n, label) for n in names)])
    cut = int(len(label) * 0.7)
    trees = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 4, "eta": 0.15, "seed": 0, "nthread": 1},
        xgboost.DMatrix(table[:cut], label[:cut]),
        60,
    )
    found = area(trees.predict(xgboost.DMatrix(table[cut:])), label[cut:])
    assert 0.68 < found < 0.98
