"""A budget is kept, chance is drawn fairly, and any line can be routed again alone."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tradelane.kit import canonical
from tradelane.kit.errors import InputRefused
from tradelane.targeting.budget import choose, stand
from tradelane.targeting.selection import Candidate, Selection, route, router


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


def test_a_standing_selection_selects_its_budget_of_lines_like_those_it_was_made_from() -> None:
    rng = np.random.default_rng(5)
    past = [(f"p{i}", float(score)) for i, score in enumerate(rng.random(20_000))]
    standing = stand(past, 0.05, 0.2, b"seed")
    coming = [(f"c{i}", float(score)) for i, score in enumerate(rng.random(20_000))]
    routed = [route(standing, subject, score) for subject, score in coming]
    by_model = sum(r.selected_by == "model" for r in routed)
    by_chance = sum(r.selected_by == "random" for r in routed)
    assert abs(by_chance / 20_000 - 0.01) < 0.003
    assert abs((by_model + by_chance) / 20_000 - 0.05) < 0.006


def test_a_standing_selection_shares_out_scores_that_tie_at_the_cut() -> None:
    past = [(f"p{i}", 0.5) for i in range(1000)]
    standing = stand(past, 0.2, 0.0, b"seed")
    routed = [route(standing, f"c{i}", 0.5) for i in range(5000)]
    assert abs(sum(r.lane == "red" for r in routed) / 5000 - 0.2) < 0.03


def test_a_standing_selection_of_everything_takes_a_score_lower_than_any_before() -> None:
    standing = stand([("a", 0.5)], 1.0, 0.1, b"seed")
    assert route(standing, "x", -7.0).lane == "red"
    nothing = stand([("a", 0.5)], 0.0, 0.1, b"seed")
    assert route(nothing, "x", 7.0).lane == "green"


def _lines(count: int, rng: np.random.Generator, rule: float = 0.0) -> list[Candidate]:
    return [
        Candidate(f"n{rng.integers(1 << 40)}/{i}", float(s), float(round(n**3, 6)), bool(f < rule))
        for i, (s, n, f) in enumerate(rng.random((count, 3)))
    ]


def _by(chosen: Selection, lines: list[Candidate]) -> Counter[str]:
    lane = router(chosen)
    routed = (lane(one.subject, one.score, False, one.novelty, one.forced) for one in lines)
    return Counter(r.selected_by for r in routed if r.lane == "red")


def test_a_standing_selection_keeps_every_share_with_rules_and_novelty() -> None:
    rng = np.random.default_rng(3)
    standing = stand(_lines(20_000, rng, 0.01), 0.1, 0.1, b"seed", novel_share=0.2)
    got = _by(standing, _lines(20_000, rng, 0.01))
    assert abs(got["random"] / 20_000 - 0.01) < 0.003
    assert abs(got["novel"] / 20_000 - 0.02) < 0.004
    assert abs(got["rule"] / 20_000 - 0.01) < 0.003
    assert abs(sum(got.values()) / 20_000 - 0.1) < 0.01
    assert not standing.rules_exceed


def test_the_most_novel_lines_are_drawn_most_and_their_propensity_says_how_often() -> None:
    rng = np.random.default_rng(4)
    lines = _lines(5_000, rng)
    standing = stand(lines, 0.05, 0.1, b"", novel_share=0.4)
    hits = np.zeros(len(lines))
    for seed in range(40):
        lane = router(replace(standing, seed=str(seed).encode().hex()))
        hits += [lane(c.subject, c.score, False, c.novelty).lane == "red" for c in lines]
    lane = router(standing)
    chance = np.array([float(lane(c.subject, c.score, False, c.novelty).propensity) for c in lines])
    unsure = chance < 1
    assert abs(hits[unsure].sum() / 40 - chance[unsure].sum()) < 0.05 * chance[unsure].sum()
    new = np.array([c.novelty for c in lines])
    assert chance[unsure & (new > 0.9)].mean() > 5 * chance[unsure & (new < 0.5)].mean()


def test_rules_that_want_more_than_the_budget_fire_all_the_same_and_it_is_said() -> None:
    rng = np.random.default_rng(5)
    lines = _lines(1_000, rng, 0.2)
    chosen = choose(lines, 0.05, 0.1, b"s", novel_share=0.1)
    got = _by(chosen, lines)
    assert chosen.rules_exceed
    assert got["model"] == 0
    assert got["random"] == 5
    assert got["rule"] + got["random"] >= sum(one.forced for one in lines)


def test_without_novelty_known_the_ranking_takes_what_was_meant_for_it() -> None:
    batch = scores(1000)
    got = lanes(choose(batch, 0.05, 0.1, b"seed", novel_share=0.1), batch)
    assert got == {"model": 45, "random": 5, "green": 950}


def test_lines_that_tie_at_the_cut_have_the_chance_of_their_draw() -> None:
    batch = scores(1000, distinct=1)
    chosen = choose(batch, 0.2, 0.0, b"seed")
    assert {route(chosen, *x).propensity for x in batch} == {"0.200000"}


def test_an_order_of_before_exploration_by_novelty_routes_as_it_did() -> None:
    old = choose(scores(300, distinct=7), 0.07, 0.3, b"x").to_dict()
    later = (
        "cut_chance",
        "novel_share",
        "novel_rate",
        "novel_power",
        "inspected_as_novel",
        "forced",
    )
    lane = router(Selection(**{name: old[name] for name in old if name not in later}))
    assert {lane(*x).propensity for x in scores(300, distinct=7)} == {"1.000000", "0.021000"}


@pytest.mark.parametrize("novelty", [-0.1, 1.5, float("nan")])
def test_a_novelty_that_is_none_is_refused(novelty: float) -> None:
    with pytest.raises(InputRefused) as caught:
        choose([("a", 0.5, novelty)], 0.5)
    assert caught.value.problems[0].code == "targeting.novelty"


def test_more_exploration_than_there_is_budget_is_refused() -> None:
    with pytest.raises(InputRefused, match="explores"):
        choose(scores(5), 0.5, 0.6, novel_share=0.5)
