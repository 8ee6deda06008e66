"""Wrong lines that chance or a rule found show what the model's ranking does not see."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from tradelane.journeys.gaps import read_gaps
from tradelane.targeting.duel_store import Inspected

LINES = [
    Inspected("D/A/1", 0.02, "random", 0.005),
    Inspected("D/B/1", 0.9, "random", 1.0),  # the ranking wanted it too
    Inspected("D/C/1", 0.8, "model", 1.0),
    Inspected("D/D/1", 0.1, "rule", 1.0),
    Inspected("D/E/1", None, "novel", 0.02),
]


def shop(wrong: dict[str, Decimal | None]) -> Any:
    """A workshop where these declarations were found wrong."""

    def declaration(reference: str) -> Any:
        goods = SimpleNamespace(number=1, hs_code="847130", preference="FTA")
        return SimpleNamespace(
            key=("D", reference), date=dt.date(2026, 6, 1), office="NORTH", lines=[goods]
        )

    outcomes = [
        (
            "D",
            reference,
            1,
            1,
            SimpleNamespace(fraud=reference in wrong, revenue_recovered=wrong.get(reference)),
        )
        for reference in "ABCDE"
    ]
    batch = SimpleNamespace(id="b1", name="intake", settings={"model": "sha256:m"})
    return SimpleNamespace(
        declarations=SimpleNamespace(
            batches=lambda tx: [batch],
            find_versions=lambda tx, keys: [
                SimpleNamespace(declaration=declaration(key[1]), version=key[2]) for key in keys
            ],
        ),
        inspections=SimpleNamespace(outcomes=lambda tx: iter(outcomes)),
        duels=SimpleNamespace(inspected=lambda tx, batches: LINES),
    )


def test_only_what_the_ranking_would_have_let_pass_counts_as_missed() -> None:
    everything = {r: Decimal(n) for n, r in enumerate("ABCDE")}
    found = read_gaps(shop(everything), None, "sha256:m")
    assert found is not None
    assert (found.found, found.missed) == (5, 3)
    assert [gap.found_by for gap in found.worst] == ["novel", "rule", "random"]
    assert (found.worst[0].chapter, found.worst[0].office) == ("84", "NORTH")


@pytest.mark.parametrize("wrong", [{}, {"C": None}])
def test_where_chance_found_nothing_wrong_no_gap_is_known(wrong: dict[str, None]) -> None:
    found = read_gaps(shop(wrong), None, "sha256:m")
    assert found is not None
    assert (found.found, found.missed, found.worst) == (len(wrong), 0, [])


def test_a_model_that_was_never_in_force_has_missed_nothing_at_work() -> None:
    assert read_gaps(shop({}), None, "sha256:other") is None
