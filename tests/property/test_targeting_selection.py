"""Whatever the scores, the count is exact, and order and batch do not matter to a line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tradelane.targeting.selection import choose, route

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
