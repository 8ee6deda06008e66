"""Training, reuse, scores with reasons, and what happens when there is nothing to learn from."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from targeting_histories import line, made_up, table
from tradelane.kit import canonical
from tradelane.kit.errors import InputRefused, IntegrityBroken
from tradelane.registry.service import Registry
from tradelane.targeting import evaluation
from tradelane.targeting.service import Targeting, Trained

HISTORY = made_up(2500, 1)
_NEW = made_up(600, 2)
BATCH = _NEW.with_columns(date=_NEW["date"].dt.offset_by("1y"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return Registry(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def trained(registry: Registry) -> Trained:
    return Targeting(registry).train(HISTORY, seed=3)


@pytest.fixture(scope="module")
def scored(registry: Registry, trained: Trained) -> pl.DataFrame:
    return Targeting(registry).score(trained, BATCH)


def test_the_same_history_and_seed_are_not_trained_twice(
    registry: Registry, trained: Trained
) -> None:
    stages: list[str] = []
    again = Targeting(registry).train(
        HISTORY, seed=3, progress=lambda stage, done, total=None: stages.append(stage)
    )
    assert again.ref == trained.ref
    assert "learning from the outcomes" not in stages
    other = Targeting(registry).train(HISTORY.head(2400), seed=3)
    assert other.ref != trained.ref


def test_a_loaded_model_scores_to_the_same_bytes(
    registry: Registry, trained: Trained, scored: pl.DataFrame
) -> None:
    targeting = Targeting(registry)
    again = targeting.score(targeting.load(trained.ref), BATCH)
    assert again.equals(scored, null_equal=True)


def test_a_line_alone_is_scored_as_in_the_batch(
    registry: Registry, trained: Trained, scored: pl.DataFrame
) -> None:
    for i in (0, 17, 599):
        one = Targeting(registry).score(trained, BATCH[i : i + 1])
        assert one.equals(scored[i : i + 1], null_equal=True)


def test_numbers_come_as_floats_and_as_the_same_fixed_decimals(scored: pl.DataFrame) -> None:
    for name, decimals in (("probability", 6), ("expected_revenue", 2), ("score", 6)):
        for number, text in scored.select(name, f"{name}_text").head(50).iter_rows():
            assert Decimal(text).as_tuple().exponent == -decimals
            assert float(text) == number
    assert canonical.encode(scored.select("subject", "score_text").head(1).to_dicts()[0])


def test_the_planted_schemes_are_found_and_named(scored: pl.DataFrame) -> None:
    frame = scored.with_columns(BATCH["importer"], BATCH["seller"])
    low = frame["importer"].str.slice(1).cast(pl.Int32) % 10 == 0
    heavy = frame["seller"] == "S7"
    truth = (low | heavy).to_numpy()
    assert evaluation.precision_at(frame["probability"].to_numpy(), truth, 0.05) > 0.85
    codes = pl.concat_list("reason_1_code", "reason_2_code", "reason_3_code")
    caught = frame.filter(low & (frame["probability"] > 0.5)).select(codes).to_series().to_list()
    assert len(caught) > 10
    evidence = {"PRICE_LOW", "UNIT_PRICE_LOW", "OWN_PRICE_LOW", "IMPORTER_RECORD"}
    assert np.mean([bool(evidence & set(c)) for c in caught]) > 0.8


def test_a_reason_carries_the_numbers_behind_it(scored: pl.DataFrame) -> None:
    texts = pl.concat([scored[f"reason_{n}_text"].alias("t") for n in (1, 2, 3)]).unique()
    price = texts.filter(texts.str.starts_with("declared") & texts.str.contains("middle half"))
    assert price.str.contains(
        r"^declared [\d,.]+ USD/(kg|NMB); the middle half of [\d,]+ lines of .+ is "
        r"[\d,.]+-[\d,.]+ USD/(kg|NMB)$"
    ).all()
    assert len(price) > 20
    record = texts.filter(texts.str.contains("of this importer were found wrong"))
    assert record.str.contains(
        r"^[\d,]+ of [\d,]+ inspected lines of this importer were found wrong "
        r"\(all lines: \d+ %\)$"
    ).all()
    assert len(record) > 5


def test_where_nothing_raises_the_risk_it_says_so(scored: pl.DataFrame) -> None:
    none = scored.filter(pl.col("reason_3_code") == "NONE")
    assert set(none["reason_3_text"]) <= {
        "nothing else raises the risk",
        "nothing that is known of this line raises its risk",
    }
    order = scored.filter(pl.col("reason_2_code") == "NONE")
    assert (order["reason_3_code"] == "NONE").all()


def test_the_balance_dials_between_probability_and_revenue(
    registry: Registry, trained: Trained
) -> None:
    targeting = Targeting(registry)
    alone = targeting.score(trained, BATCH, balance=0.0)
    assert (alone["score"] == alone["probability"]).all()
    blended = targeting.score(trained, BATCH, balance=0.8)
    top = len(BATCH) // 20

    def revenue(frame: pl.DataFrame) -> float:
        return float(frame.sort("score", descending=True).head(top)["expected_revenue"].sum())

    assert revenue(blended) > revenue(alone)


def test_the_card_says_what_the_labels_can_not(registry: Registry, trained: Trained) -> None:
    card = registry.card(trained.ref)
    assert "Outcomes exist only for lines that were inspected" in card
    assert "forward_auc" in card
    assert "learned from what was recovered" in card


@pytest.mark.parametrize(
    ("history", "code", "words"),
    [
        (made_up(200, 1, inspected=0.0), "targeting.no_labels", "0 inspected lines"),
        (made_up(60, 1), "targeting.no_labels", "at least 50"),
        (
            HISTORY.with_columns(fraud=pl.when(pl.col("fraud").is_not_null()).then(False)),
            "targeting.one_class",
            "are right",
        ),
        (
            HISTORY.with_columns(fraud=pl.when(pl.col("fraud").is_not_null()).then(True)),
            "targeting.one_class",
            "are wrong",
        ),
    ],
)
def test_a_history_that_teaches_nothing_is_refused_or_falls_back_to_the_price_rule(
    tmp_path: Path, history: pl.DataFrame, code: str, words: str
) -> None:
    targeting = Targeting(Registry(tmp_path))
    with pytest.raises(InputRefused, match=words) as caught:
        targeting.train(history)
    assert caught.value.problems[0].code == code
    rule = targeting.train_or_fallback(history)
    assert rule.engine == "rule"
    assert "price rule" in rule.note
    assert "price rule" in Registry(tmp_path).card(rule.ref)
    frame = targeting.score(rule, BATCH)
    assert frame["probability"].null_count() == frame.height
    assert frame["score"].null_count() == 0
    assert set(frame["reason_1_code"]) <= {"PRICE_LOW", "PRICE_USUAL", "NONE"}


def test_a_missing_column_is_not_taken_for_a_lack_of_labels(tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as caught:
        Targeting(Registry(tmp_path)).train_or_fallback(HISTORY.drop("importer"))
    assert caught.value.problems[0].code == "targeting.columns"


def test_few_findings_with_revenue_fall_back_to_charges_and_say_so(tmp_path: Path) -> None:
    targeting = Targeting(Registry(tmp_path))
    poor = HISTORY.with_columns(revenue_recovered=pl.lit(None, pl.Float64))
    trained = targeting.train(poor)
    assert trained.revenue.basis == "charges"
    assert "stand in" in trained.manifest["metrics"]["revenue_basis"]
    row = targeting.score(trained, BATCH.head(1)).row(0, named=True)
    charges = BATCH["customs_value"][0] * BATCH["duty_rate"][0] / 100
    assert row["expected_revenue"] == pytest.approx(row["probability"] * charges, abs=0.006)
    unknown = targeting.train(poor.with_columns(duty_rate=pl.lit(None, pl.Float64)))
    frame = targeting.score(unknown, BATCH.head(5))
    assert frame["expected_revenue"].null_count() == 5
    assert (frame["score"] == frame["probability"]).all()


def test_strange_lines_are_scored_without_a_warning(registry: Registry, trained: Trained) -> None:
    odd = table(
        line(customs_value=0.0, net_mass_kg=0.0, quantity=-1.0),
        line(customs_value=None, duty_rate=None, hs_code="", origin="", currency=""),
        line(customs_value=1e300, net_mass_kg=1e-300, duty_rate=1e9),
        line(customs_value=math.nan, net_mass_kg=math.inf, date=dt.date(1999, 1, 1)),
    )
    frame = Targeting(registry).score(trained, odd)
    assert frame.height == 4
    assert frame["score"].is_finite().all()


def test_no_lines_give_no_scores(registry: Registry, trained: Trained) -> None:
    assert Targeting(registry).score(trained, BATCH.head(0)).height == 0


def test_a_flipped_byte_in_the_stored_history_is_refused(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    trained = Targeting(registry).train(made_up(400, 6))
    path = next(tmp_path.glob("targeting/*/history.arrow"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(IntegrityBroken):
        Targeting(registry).load(trained.ref)
