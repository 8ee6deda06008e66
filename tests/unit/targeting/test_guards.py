"""What is said about data before anybody trusts a figure made from it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from targeting_histories import made_up
from tradelane.targeting import guards
from tradelane.targeting.catalogue import NAMES

HISTORY = made_up(400, 3)


def _later(days: int) -> pl.DataFrame:
    last = dt.date.fromisoformat(str(HISTORY["date"].max()))
    return HISTORY.tail(50).with_columns(date=pl.lit(last + dt.timedelta(days=days)))


def test_a_later_batch_of_known_importers_needs_no_remark() -> None:
    assert guards.remarks(HISTORY, _later(3)) == []


def test_a_batch_older_than_the_history_is_said() -> None:
    [remark] = guards.remarks(HISTORY, HISTORY.head(20))
    assert remark.startswith("20 of 20 lines are dated on or before the history's last day")


def test_duplicates_missing_prices_and_strangers_are_said() -> None:
    batch = _later(3)
    odd = pl.concat([batch, batch.head(5)]).with_columns(
        importer=pl.lit("NOBODY"),
        net_mass_kg=pl.when(pl.col("number") >= 0).then(None).otherwise("net_mass_kg"),
    )
    said = " ".join(guards.remarks(HISTORY, odd))
    assert "5 lines are in the batch more than once" in said
    assert "100% of the lines have no value or no net mass" in said
    assert "No importer of the batch is in the history" in said


def test_an_empty_side_is_said_and_nothing_else() -> None:
    assert guards.remarks(HISTORY, HISTORY.head(0)) == ["There is nothing to rank."]
    assert guards.remarks(HISTORY.head(0), HISTORY) == ["The history is empty."]


def test_a_card_says_one_office_wrong_clocks_and_missing_moments() -> None:
    labelled = HISTORY.filter(pl.col("fraud").is_not_null()).with_columns(
        office=pl.lit("PMSEA"),
        recorded_at=pl.when(pl.int_range(pl.len()) < 3)
        .then(pl.lit(dt.datetime(2001, 1, 1, tzinfo=dt.UTC)))
        .cast(pl.Datetime("us", "UTC")),
    )
    said = " ".join(guards.cautions(labelled, np.ones(labelled.height)))
    assert "All outcomes are from one office" in said
    assert "3 outcomes were recorded before their line was filed" in said
    assert f"{labelled.height - 3:,} outcomes have no recorded time" in said


def test_very_selective_inspection_is_said_with_what_it_is_worth() -> None:
    labelled = HISTORY.filter(pl.col("fraud").is_not_null())
    weights = np.ones(labelled.height)
    weights[:3] = 100.0
    assert any("very selective" in one for one in guards.cautions(labelled, weights))


def test_constant_and_counting_features_are_found_and_blanked() -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=(300, len(NAMES))).astype(np.float32)
    x[:, 4] = 7.0
    x[:, 5] = np.nan
    x[:, 6] = np.arange(300) * 2.0
    found = guards.dropped(x)
    assert found == {"constant": [NAMES[4], NAMES[5]], "identifier": [NAMES[6]]}
    kept = guards.blank(x, found["identifier"])
    assert np.isnan(kept[:, 6]).all()
    assert not np.isnan(x[:, 6]).any()
    assert guards.blank(x, []) is x
