"""Novelty is high where a line is odd and suspect, and nowhere else."""

import numpy as np
import pytest

from tradelane.targeting.features import _ROWS, Answers
from tradelane.targeting.novelty import novelty, oddity, suspicion

ORDINARY = {
    "importer_lines": 10_000.0,
    "hs6_lines": 500.0,
    "origin_lines": 900.0,
    "hs6_origin_lines": 200.0,
    "route_lines": 850.0,
    "price_kg_z": 0.0,
    "importer_hs6_price_gap": 0.0,
    "words_gap": 0.0,
    "overall_share": 0.1,
}


def answers(**other: float) -> Answers:
    """One line of which only these things are known, an ordinary one but for ``other``."""
    found = Answers(np.full((len(_ROWS), 1), np.nan))
    for name, value in (ORDINARY | other).items():
        found[name][:] = value
    return found


def test_an_ordinary_line_has_no_novelty() -> None:
    assert novelty(answers(), np.array([0.9]))[0] < 1e-2


@pytest.mark.parametrize(
    "odd",
    [
        {"price_kg_z": -7.0},
        {"unit_mass_z": 7.0},
        {"importer_hs6_price_gap": 2.0},
        {"words_gap": 0.6},
        {"hs6_origin_lines": 0.0},
        {"route_lines": 0.0},
        {"importer_lines": 0.0},
    ],
)
def test_one_thing_out_of_the_ordinary_is_enough(odd: dict[str, float]) -> None:
    assert oddity(answers(**odd))[0] > 0.15 > 100 * oddity(answers())[0]


def test_what_is_not_known_is_not_odd() -> None:
    unknown = dict.fromkeys(ORDINARY, np.nan) | {"importer_lines": 10_000.0, "origin_lines": 900.0}
    assert oddity(answers(**unknown))[0] < 1e-2


def test_a_code_and_an_origin_that_are_both_rare_are_no_surprise_together() -> None:
    rare = oddity(answers(hs6_lines=1.0, hs6_origin_lines=0.0))
    assert rare < oddity(answers(hs6_origin_lines=0.0)) / 10


def test_of_two_odd_lines_the_more_suspect_one_is_the_more_novel() -> None:
    odd = answers(price_kg_z=3.0)
    low, same, high = (novelty(odd, np.array([p]))[0] for p in (0.01, 0.1, 0.5))
    assert low < same < high
    assert suspicion(odd, np.array([0.1]))[0] == 0.5


def test_where_no_probability_is_known_all_lines_are_equally_suspect() -> None:
    assert suspicion(answers(), np.array([np.nan]))[0] == 0.5
    assert suspicion(answers(overall_share=np.nan), np.array([0.3]))[0] == 0.5


def test_novelty_is_between_nothing_and_one() -> None:
    wild = answers(
        price_kg_z=1e9,
        importer_hs6_price_gap=-1e9,
        words_gap=1e9,
        hs6_origin_lines=0.0,
        route_lines=0.0,
        importer_lines=0.0,
    )
    assert novelty(wild, np.array([1.0]))[0] == 1.0
    assert novelty(answers(overall_share=0.0), np.array([0.0]))[0] < 1e-2
