"""A line that is scored online gets the very bits that it gets in a file."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targeting_histories import line, made_up
from tradelane.registry.service import Registry
from tradelane.targeting.catalogue import INPUT_COLUMNS, OPTIONAL
from tradelane.targeting.online import Online
from tradelane.targeting.service import Targeting, Trained
from tradelane.trade.table import LINE_SCHEMA

SCHEMA = {
    **LINE_SCHEMA,
    "duty_rate": pl.Float64(),
    "exchange_rate": pl.Float64(),
    "text_mismatch": pl.Float64(),
}
KNOWN = made_up(1500, 5).select(pl.col(c) for c in SCHEMA if c not in OPTIONAL)

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
amounts = st.one_of(
    st.none(),
    st.sampled_from([0.0, -1.0, 0.001, 1.0, 1e18, 1e300, 5e-324, float("inf"), float("nan")]),
    st.floats(0.01, 1e9),
)
dates = st.one_of(
    st.dates(dt.date(2025, 1, 1), dt.date(2026, 3, 1)),
    st.dates(dt.date(1901, 1, 1), dt.date(2199, 12, 31)),
)


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    """A line of the history's world, some of whose values are replaced by anything at all."""
    row = KNOWN.row(draw(st.integers(0, KNOWN.height - 1)), named=True)
    row["exchange_rate"] = draw(st.one_of(st.none(), amounts))
    row["text_mismatch"] = draw(amounts)
    row["date"] = draw(dates)
    for name in draw(st.lists(st.sampled_from(INPUT_COLUMNS), max_size=6)):
        if name == "importer_since":
            row[name] = draw(st.one_of(st.none(), dates))
        elif SCHEMA[name] == pl.String:
            seen = st.sampled_from(["", None, "CN", "8471", "84", "KGM", "EUR", "I1", "S7"])
            row[name] = draw(st.one_of(seen, anything))
        elif SCHEMA[name] == pl.Float64:
            row[name] = draw(amounts)
    return row


@pytest.fixture(scope="module")
def targeting(tmp_path_factory: pytest.TempPathFactory) -> Targeting:
    return Targeting(Registry(tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="module")
def trained(targeting: Targeting) -> Trained:
    """A model of a history some of whose lines have an exchange rate, preferences and routes."""
    past = made_up(1500, 5).with_row_index()
    odd = pl.col("index") % 3
    history = past.with_columns(
        exchange_rate=pl.when(odd > 0).then(odd * 0.7),
        currency=pl.when(odd == 1).then(pl.lit("EUR")).otherwise("currency"),
        preference=pl.when(odd == 2).then(pl.lit("RTA")).otherwise(pl.lit("")),
        departure=pl.when(odd == 0).then(pl.lit("SG")).otherwise("departure"),
        quantity_unit=pl.when(pl.col("index") % 5 == 0)
        .then(pl.lit("KGM"))
        .otherwise("quantity_unit"),
    )
    return targeting.train(history.drop("index"), seed=2)


@pytest.fixture(scope="module")
def online(trained: Trained) -> Online:
    return Online(trained)


def in_groups(rows: list[dict[str, Any]], sizes: list[int]) -> Iterator[list[dict[str, Any]]]:
    remaining = iter(rows)
    for size in itertools.chain(sizes, itertools.repeat(len(rows) + 1)):
        group = list(itertools.islice(remaining, size))
        if not group:
            return
        yield group


@settings(max_examples=60, deadline=None)
@given(asked=st.lists(lines(), min_size=1, max_size=12), sizes=st.lists(st.integers(1, 5)))
def test_whatever_a_line_says_and_however_lines_are_grouped_online_equals_the_file(
    targeting: Targeting,
    trained: Trained,
    online: Online,
    asked: list[dict[str, Any]],
    sizes: list[int],
) -> None:
    table = pl.DataFrame(asked, schema=SCHEMA, orient="row")
    whole = targeting.score(trained, table).to_dicts()
    found = [row for group in in_groups(asked, sizes) for row in online.score(group)]
    assert repr(found) == repr(whole)  # the order of the keys too


@settings(max_examples=15, deadline=None)
@given(asked=st.lists(lines(), min_size=1, max_size=20))
def test_the_features_have_the_same_bits(
    trained: Trained, online: Online, asked: list[dict[str, Any]]
) -> None:
    table = pl.DataFrame(asked, schema=SCHEMA, orient="row")
    from_file = trained.history.features(table).values
    assert trained.history.answer(online._ask(asked)).values.tobytes() == from_file.tobytes()


@pytest.mark.parametrize("day", [dt.date(2024, 1, 1), dt.date(2025, 7, 1), dt.date(2027, 2, 3)])
def test_a_prepared_month_and_one_that_is_not_give_the_same(trained: Trained, day: dt.date) -> None:
    prepared = Online(trained)
    prepared.prepare(day)
    row = line(date=day, exchange_rate=1.3)
    assert prepared.score([row]) == Online(trained).score([row])
