"""However lines are asked for, and whatever happens later, a line's features stay the same."""

from __future__ import annotations

import datetime as dt
import itertools

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from targeting_histories import made_up
from tradelane.targeting import features

PAST = made_up(700, 3)
HISTORY = features.build(PAST)
BATCH = made_up(120, 4)
WHOLE = features.matrix(HISTORY.features(BATCH)).tobytes()


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, BATCH.height - 1), max_size=8, unique=True))
def test_lines_asked_in_any_chunks_have_the_same_bits(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), BATCH.height]
    parts = [
        features.matrix(HISTORY.features(BATCH[a:b])).tobytes()
        for a, b in itertools.pairwise(edges)
    ]
    assert b"".join(parts) == WHOLE


def test_lines_asked_one_by_one_have_the_same_bits() -> None:
    whole = features.matrix(HISTORY.features(BATCH))
    for i in range(0, BATCH.height, 5):
        assert features.matrix(HISTORY.features(BATCH[i : i + 1])).tobytes() == whole[i].tobytes()


@settings(max_examples=8, deadline=None)
@given(st.randoms(use_true_random=False))
def test_lines_asked_in_any_order_have_the_same_bits(random: object) -> None:
    order = list(range(BATCH.height))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = features.matrix(HISTORY.features(BATCH[order]))
    back = sorted(range(len(order)), key=order.__getitem__)
    assert shuffled[back].tobytes() == WHOLE


@settings(max_examples=10, deadline=None)
@given(st.dates(dt.date(2025, 2, 1), dt.date(2025, 12, 1)))
def test_what_is_filed_or_recorded_later_changes_nothing(day: dt.date) -> None:
    """The guard against the future: forget all of it, and the features must not notice."""
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    then = PAST.filter(pl.col("date") < day).with_columns(
        pl.when(pl.col("recorded_at") < start).then(pl.col(c)).alias(c)
        for c in ("fraud", "recorded_at")
    )
    asked = BATCH.head(20).with_columns(date=pl.lit(day))
    now = features.matrix(HISTORY.features(asked)).tobytes()
    assert features.matrix(features.build(then).features(asked)).tobytes() == now
