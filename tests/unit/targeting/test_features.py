"""Features use what was known when a line was filed, and nothing else."""

from __future__ import annotations

import datetime as dt
import math

import polars as pl
import pytest

from targeting_histories import line, made_up, table
from tradelane.kit.errors import InputRefused
from tradelane.targeting import features
from tradelane.targeting.catalogue import FEATURES, GROUPS, NAMES
from tradelane.targeting.model import Feature, refuse_unavailable
from tradelane.targeting.sentences import SENTENCES
from tradelane.trade.table import OUTCOME_SCHEMA

DAY = dt.date(2025, 6, 15)


def known(day: dt.date, hour: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour), dt.UTC)


def value_of(history: pl.DataFrame, asked: pl.DataFrame, feature: str) -> float:
    return float(features.build(history).features(asked)[feature][0])


def test_lines_of_the_same_day_are_not_seen_and_those_of_the_day_before_are() -> None:
    asked = table(line(date=DAY))
    same, before = table(line(date=DAY)), table(line(date=DAY - dt.timedelta(days=1)))
    assert value_of(same, asked, "importer_lines") == 0
    assert value_of(before, asked, "importer_lines") == 1


@pytest.mark.parametrize(
    ("recorded", "seen"),
    [
        (known(DAY - dt.timedelta(days=1), 23), 1),
        (known(DAY), 0),
        (known(DAY, 9), 0),
        (known(DAY + dt.timedelta(days=5)), 0),
    ],
)
def test_an_outcome_is_seen_only_when_recorded_before_the_day(
    recorded: dt.datetime, seen: int
) -> None:
    old = line(date=dt.date(2025, 5, 1), inspected=True, fraud=True, recorded_at=recorded)
    assert value_of(table(old), table(line(date=DAY)), "importer_checked") == seen
    assert value_of(table(old), table(line(date=DAY)), "importer_lines") == 1


def test_an_outcome_without_a_time_is_taken_as_known_a_month_later() -> None:
    old = table(line(date=dt.date(2025, 5, 1), inspected=True, fraud=True))
    assert value_of(old, table(line(date=dt.date(2025, 5, 31))), "importer_checked") == 0
    assert value_of(old, table(line(date=dt.date(2025, 6, 1))), "importer_checked") == 1


def test_an_outcome_recorded_before_its_own_line_is_not_known_earlier_than_the_line() -> None:
    odd = line(date=DAY, inspected=True, fraud=True, recorded_at=known(DAY - dt.timedelta(days=90)))
    assert value_of(table(odd), table(line(date=DAY)), "importer_checked") == 0
    assert (
        value_of(table(odd), table(line(date=DAY + dt.timedelta(days=1))), "importer_checked") == 1
    )


def test_a_line_that_nobody_inspected_is_not_a_clean_line() -> None:
    unseen = [line(date=dt.date(2025, 5, d)) for d in range(1, 20)]
    caught = line(
        date=dt.date(2025, 5, 1), inspected=True, fraud=True, recorded_at=known(dt.date(2025, 5, 9))
    )
    asked = table(line(date=DAY))
    alone = value_of(table(caught), asked, "importer_share")
    assert value_of(table(caught, *unseen), asked, "importer_share") == alone


def test_the_columns_of_the_outcome_in_the_batch_change_nothing() -> None:
    history = features.build(made_up(300))
    batch = made_up(50, 1)
    bare = batch.drop(*OUTCOME_SCHEMA)
    assert features.matrix(history.features(batch)).tobytes() == (
        features.matrix(history.features(bare)).tobytes()
    )


def test_peers_are_those_up_to_the_end_of_the_month_before() -> None:
    may = [line(date=dt.date(2025, 5, 31)) for _ in range(20)]
    june = [line(date=dt.date(2025, 6, 1), customs_value=9e9) for _ in range(40)]
    asked = table(line(date=DAY, customs_value=500.0))
    frame = features.build(table(*may, *june)).features(asked)
    assert frame["price_kg_peers"][0] == 20
    assert frame["price_kg_level"][0] == 0
    assert frame["price_kg_q50"][0] == pytest.approx(10.0)
    assert frame["price_kg_gap"][0] == pytest.approx(math.log(0.5))


def test_too_few_peers_of_the_origin_ask_the_code_then_the_heading_then_the_chapter() -> None:
    def peers(count: int, **given: str) -> list[dict[str, object]]:
        return [line(date=dt.date(2025, 5, 1), **given) for _ in range(count)]

    asked = table(line(date=DAY))
    close = peers(19)
    for level, wider in enumerate(
        (peers(1), peers(1, origin="VN"), peers(1, hs_code="847150"), peers(1, hs_code="849900"))
    ):
        assert value_of(table(*close, *wider), asked, "price_kg_level") == level
    assert math.isnan(value_of(table(*close), asked, "price_kg_level"))


def test_amounts_in_another_currency_are_peers_only_through_an_exchange_rate() -> None:
    past = table(*[line(date=dt.date(2025, 5, 1)) for _ in range(20)])
    asked = table(line(date=DAY, currency="KRW", customs_value=1_400_000.0))
    assert math.isnan(value_of(past, asked, "price_kg_gap"))
    rated = past.with_columns(exchange_rate=pl.lit(2.0))
    frame = features.build(rated).features(asked.with_columns(exchange_rate=pl.lit(2.0 / 1400)))
    assert frame["price_kg_gap"][0] == pytest.approx(0.0)


def test_what_is_absent_stays_absent() -> None:
    bare = line(date=DAY, importer="", seller="", net_mass_kg=None, quantity=0.0, freight=None)
    row = features.build(made_up(300)).features(table(bare | {"duty_rate": None}))
    for name in (
        "importer_lines",
        "importer_share",
        "seller_hs6_lines",
        "price_kg",
        "price_unit",
        "freight_share",
        "duty_rate",
        "log_charges",
        "importer_registered",
    ):
        assert math.isnan(row[name][0]), name


def test_an_unseen_entity_has_the_overall_share_and_no_lines() -> None:
    row = features.build(made_up(600)).features(table(line(date=dt.date(2026, 1, 1), importer="?")))
    assert row["importer_lines"][0] == 0
    assert row["importer_share"][0] == pytest.approx(row["overall_share"][0])


def test_an_empty_history_still_answers() -> None:
    row = features.build(table()).features(table(line()))
    assert row["importer_lines"][0] == 0
    assert row.height == 1
    assert features.build(made_up(50)).features(table()).height == 0


def test_a_stored_history_gives_the_same_bits() -> None:
    history = features.build(made_up(500))
    batch = made_up(80, 2)
    again = features.load(history.dump())
    assert features.matrix(again.features(batch)).tobytes() == (
        features.matrix(history.features(batch)).tobytes()
    )
    assert again.dump() == history.dump()


def test_missing_columns_and_dates_are_refused_by_name() -> None:
    with pytest.raises(InputRefused, match="no column importer, seller") as caught:
        features.build(made_up(5).drop("seller", "importer"))
    assert caught.value.problems[0].code == "targeting.columns"
    with pytest.raises(InputRefused, match="1 lines have no date"):
        features.build(made_up(5)).features(table(line(date=None)))


@pytest.mark.parametrize(
    "feature",
    [
        Feature("peeks", "VALUE", ("fraud",)),
        Feature("late", "VALUE", ("customs_value",), "after inspection"),
    ],
)
def test_a_feature_that_is_known_only_after_inspection_is_refused(feature: Feature) -> None:
    with pytest.raises(InputRefused, match=feature.name) as caught:
        refuse_unavailable([*FEATURES, feature])
    assert caught.value.problems[0].code == "targeting.not_at_filing"


def test_every_feature_has_one_name_and_every_group_a_sentence() -> None:
    assert len(set(NAMES)) == len(NAMES) > 100
    assert set(SENTENCES) == set(GROUPS)
