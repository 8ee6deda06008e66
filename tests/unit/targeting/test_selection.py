"""A budget is kept, chance is drawn fairly, and any line can be routed again alone."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tradelane.kit import canonical
from tradelane.kit.errors import InputRefused
from tradelane.targeting.selection import Selection, choose, route


def scores(count: int, distinct: int = 10**9) -> list[tuple[str, float]]:
    return [(f"d/{i}/1", (i * 7919 % distinct) / 1000) for i in range(count)]


def lanes(chosen: Selection, batch: list[tuple[str, float]]) -> Counter[str]:
    return Counter(
        r.selected_by if r.lane == "red" else r.lane for r in (route(chosen, *x) for x in batch)
    )


def test_the_budget_is_split_between_ranking_and_chance() -> None:
    batch = scores(1000)
    got = lanes(choose(batch, 0.05, 0.1, b"seed"), batch)
    assert got == {"model": 45, "random": 5, "green": 950}


def test_without_chance_the_highest_scores_are_inspected() -> None:
    batch = scores(200)
    chosen = choose(batch, 0.1, 0.0, b"seed")
    red = {s for s, score in batch if route(chosen, s, score).lane == "red"}
    assert red == {s for s, _ in sorted(batch, key=lambda x: -x[1])[:20]}


def test_all_scores_equal_still_keeps_the_count_and_lets_the_seed_decide() -> None:
    batch = scores(400, distinct=1)
    red = []
    for seed in (b"a", b"b"):
        chosen = choose(batch, 0.05, 0.1, seed)
        red.append({s for s, score in batch if route(chosen, s, score).lane == "red"})
    assert [len(r) for r in red] == [20, 20]
    assert red[0] != red[1]


@pytest.mark.parametrize(("budget", "expected"), [(0.0, 0), (1.0, 50), (0.5, 25)])
@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_the_ends_of_budget_and_chance(budget: float, expected: int, share: float) -> None:
    batch = scores(50)
    chosen = choose(batch, budget, share, b"s")
    got = lanes(chosen, batch)
    assert got["model"] + got["random"] == expected == chosen.inspected
    if share == 1.0:
        assert got["model"] == 0
    if share == 0.0:
        assert got["random"] == 0


def test_an_empty_batch_has_nothing_to_inspect() -> None:
    chosen = choose([], 0.05)
    assert (chosen.lines, chosen.inspected, chosen.cut_score) == (0, 0, None)
    assert route(chosen, "a", 1.0).lane == "green"


def test_many_tiny_batches_add_up_to_the_budget() -> None:
    total = sum(choose(scores(9), 0.05, 0.1, str(i).encode()).inspected for i in range(2000))
    assert 2000 * 9 * 0.05 * 0.9 < total < 2000 * 9 * 0.05 * 1.1


def test_every_line_has_its_propensity() -> None:
    batch = scores(2000)
    chosen = choose(batch, 0.05, 0.2, b"s")
    propensities = Counter(route(chosen, *x).propensity for x in batch)
    assert set(propensities) == {"0.010000", "1.000000"}
    assert 80 <= propensities["1.000000"] <= 82
    low = min(batch, key=lambda x: x[1])
    drawn = [route(choose(batch, 0.05, 0.2, str(i).encode()), *low).selected_by for i in range(300)]
    assert set(drawn) <= {"random", "none"}


def test_chance_reaches_every_line_about_equally() -> None:
    batch = scores(40)
    hits: Counter[str] = Counter()
    for i in range(1500):
        chosen = choose(batch, 0.2, 1.0, str(i).encode())
        hits.update(s for s, score in batch if route(chosen, s, score).lane == "red")
    assert len(hits) == 40
    assert 220 < min(hits.values()) <= max(hits.values()) < 390


def test_who_needs_a_person_goes_to_documents_unless_inspected() -> None:
    batch = scores(100)
    chosen = choose(batch, 0.1, 0.0)
    best, worst = max(batch, key=lambda x: x[1]), min(batch, key=lambda x: x[1])
    assert route(chosen, *best, needs_person=True).lane == "red"
    assert route(chosen, *worst, needs_person=True).lane == "yellow"
    assert route(chosen, *worst).lane == "green"


def test_the_price_rule_counts_as_a_rule() -> None:
    batch = scores(100)
    got = lanes(choose(batch, 0.1, 0.0, engine="rule"), batch)
    assert got == {"rule": 10, "green": 90}


def test_the_selection_survives_the_ledger_and_routes_the_same() -> None:
    batch = scores(300, distinct=7)
    chosen = choose(batch, 0.07, 0.3, b"x")
    again = Selection(**json.loads(canonical.encode(chosen.to_dict())))
    assert [route(again, *x) for x in batch] == [route(chosen, *x) for x in batch]


@pytest.mark.parametrize("budget", [-0.1, 1.5, float("nan")])
def test_a_budget_that_is_no_share_is_refused(budget: float) -> None:
    with pytest.raises(InputRefused) as caught:
        choose(scores(5), budget)
    assert caught.value.problems[0].code == "targeting.budget"


@pytest.mark.parametrize("score", [float("nan"), float("inf"), 1e300])
def test_a_score_that_cannot_be_ranked_is_refused(score: float) -> None:
    with pytest.raises(InputRefused) as caught:
        choose([("a", score)], 0.5)
    assert caught.value.problems[0].code == "targeting.score"
