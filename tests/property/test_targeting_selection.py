"""Whatever the scores, the count is exact, and order and batch do not matter to a line."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tradelane.targeting.budget import choose, fill
from tradelane.targeting.exploration import MILLION, POWER
from tradelane.targeting.selection import Candidate, Selection, route, router

SCORES = st.lists(
    st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 50, width=32)), max_size=60
)
SHARES = st.sampled_from([0.0, 0.01, 0.05, 0.1, 1 / 3, 0.5, 0.99, 1.0])


@given(SCORES, SHARES, SHARES, st.binary(max_size=8))
def test_as_many_are_inspected_as_the_selection_says(
    values: list[float], budget: float, share: float, seed: bytes
) -> None:
    batch = [(f"s{i}", value) for i, value in enumerate(values)]
    chosen = choose(batch, budget, share, seed)
    routed = [route(chosen, *x) for x in batch]
    assert sum(r.lane == "red" for r in routed) == chosen.inspected
    assert sum(r.selected_by == "random" for r in routed) == chosen.inspected_at_random
    assert abs(chosen.inspected - len(batch) * budget) < 1
    unlucky = [v for (_, v), r in zip(batch, routed, strict=True) if r.lane != "red"]
    ranked = [v for (_, v), r in zip(batch, routed, strict=True) if r.selected_by == "model"]
    assert min(ranked, default=1e9) >= max(unlucky, default=-1.0) - 1e-6


@given(SCORES, st.randoms(use_true_random=False))
def test_the_order_of_the_batch_does_not_matter(values: list[float], random: object) -> None:
    batch = [(f"s{i}", value) for i, value in enumerate(values)]
    shuffled = list(batch)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert choose(batch, 0.3, 0.2, b"s") == choose(shuffled, 0.3, 0.2, b"s")


@st.composite
def batches(draw: st.DrawFn) -> list[Candidate]:
    """Up to 60 lines with scores, novelty and what rules want of them."""
    values = draw(SCORES)
    novelty = st.one_of(st.just(0.0), st.floats(0, 1, width=32))
    return [
        Candidate(f"s{i}", value, draw(novelty), draw(st.integers(0, 9)) == 0)
        for i, value in enumerate(values)
    ]


@given(batches(), SHARES, st.sampled_from([0.0, 0.1, 0.5]), st.sampled_from([0.0, 0.1, 0.5]))
def test_with_rules_and_novelty_the_count_is_kept_and_only_chance_and_rules_can_pass_it(
    batch: list[Candidate], budget: float, share: float, novel: float
) -> None:
    chosen = choose(batch, budget, share, b"seed", novel_share=novel)
    lane = router(Selection(**chosen.to_dict()))
    routed = [lane(one.subject, one.score, False, one.novelty, one.forced) for one in batch]
    by = Counter(r.selected_by for r in routed if r.lane == "red")
    assert sum(by.values()) == chosen.inspected
    assert (by["random"], by["novel"]) == (chosen.inspected_at_random, chosen.inspected_as_novel)
    assert all(r.lane == "red" for one, r in zip(batch, routed, strict=True) if one.forced)
    excess = chosen.inspected - len(batch) * budget
    if by["model"]:
        assert abs(excess) < 1
    assert excess < 1 + by["rule"] + by["novel"]
    for one, r in zip(batch, routed, strict=True):
        assert 0 <= float(r.propensity) <= 1
        assert r.lane != "red" or float(r.propensity) > 0
        assert not one.forced or r.propensity == "1.000000"


@given(
    st.lists(st.integers(0, MILLION), max_size=40),
    st.floats(0.01, 1.0),
    st.floats(0, 30),
)
def test_novelty_spends_what_it_is_given_and_no_line_more_than_its_room(
    novelty: list[int], room: float, wanted: float
) -> None:
    rate = float(fill(np.array(novelty, np.int64), room, wanted))
    spent = sum(min(room, rate * (n / MILLION) ** POWER) for n in novelty)
    possible = room * sum(n > 0 for n in novelty)
    assert abs(spent - min(wanted, possible)) < 0.01 * max(possible, 1) + 1e-6
