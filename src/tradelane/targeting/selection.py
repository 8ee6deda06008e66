"""Which lines are inspected: a budget, split between the ranking and pure chance.

`choose` looks at all scores of a batch once and returns the few numbers that decide; `route` then
sends any line to its lane from these numbers, its subject and its score alone, so that a replay
needs no batch. Chance is the SHA-256 of the seed and the subject: no one can steer it, anyone can
check it.

Counts: ``lines * budget`` lines are inspected, and ``random_share`` of these by chance. Where that
is not whole, the fraction is a chance of one more, drawn from the seed; so many small batches add
up to the budget, where rounding would never inspect anything in a batch of nine at 5 %.
"""

from __future__ import annotations

import hashlib
import math
from array import array
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from tradelane.kit.errors import InputRefused, Problem

RED, YELLOW, GREEN = "red", "yellow", "green"
"""Inspect the goods, check the documents, release."""

_WHOLE = 1 << 64
_MICRO = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Selection:
    """What decides a batch: all plain JSON values, ready for the ledger.

    seed: hex; draw_below: a line whose draw is under it is inspected by chance;
    cut_score, cut_draw: the last line inspected for its score (ties by the smaller draw), or None
    where no line is; engine: ``model`` or ``rule``.
    """

    seed: str
    budget: str
    random_share: str
    lines: int
    inspected: int
    inspected_at_random: int
    draw_below: str
    cut_score: str | None
    cut_draw: str | None
    engine: str

    def to_dict(self) -> dict[str, Any]:
        """The selection as plain JSON; ``Selection(**d)`` gives it back."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Routed:
    """A line's lane, what put it there (``model``, ``rule``, ``random`` or ``none``), and the
    chance it had of being inspected, before chance was drawn."""

    lane: str
    selected_by: str
    propensity: str


def draw(seed: bytes, subject: str) -> int:
    """A number from 0 to 2**64 - 1 that only the seed and the subject decide.

    >>> draw(b"s", "a/1/1") == draw(b"s", "a/1/1") != draw(b"t", "a/1/1")
    True
    """
    head = len(seed).to_bytes(8, "big") + seed
    return int.from_bytes(hashlib.sha256(head + subject.encode()).digest()[:8], "big")


def choose(
    scores: Iterable[tuple[str, float]],
    budget: float,
    random_share: float = 0.1,
    seed: bytes = b"",
    *,
    engine: str = "model",
) -> Selection:
    """Decide a batch of (subject, score); scores count to the sixth decimal.

    budget: share of lines to inspect, 0 to 1; random_share: share of these drawn by chance, 0 to 1;
    engine: who made the scores, ``model`` or ``rule``.
    Errors: InputRefused ``targeting.budget``, ``targeting.score``.

    >>> chosen = choose([("a", 0.9), ("b", 0.1), ("c", 0.5), ("d", 0.2)], 0.5, 0.0)
    >>> [route(chosen, s, p).lane for s, p in (("a", 0.9), ("b", 0.1), ("c", 0.5))]
    ['red', 'green', 'red']
    """
    import numpy as np

    share, by_chance = _share("budget", budget), _share("random share", random_share)
    draws, ranks = array("Q"), array("q")
    for subject, score in scores:
        draws.append(draw(seed, subject))
        ranks.append(_micro(score, subject))
    drawn, ranked = np.array(draws, np.uint64), np.array(ranks, np.int64)
    lines = len(drawn)
    inspected = min(_count(share * lines, seed, "inspected"), lines)
    at_random = min(_count(share * by_chance * lines, seed, "random"), inspected)
    below = 0 if not at_random else int(np.partition(drawn, at_random - 1)[at_random - 1]) + 1
    # A draw that two lines share (a chance of one in 10**14 a batch of 600,000) is taken for both.
    rest = np.flatnonzero(drawn >= below) if below < _WHOLE else np.empty(0, np.int64)
    wanted = min(inspected - (lines - len(rest)), len(rest))
    last = None
    if wanted > 0:
        last = rest[np.lexsort((drawn[rest], -ranked[rest]))[wanted - 1]]
    return Selection(
        seed=seed.hex(),
        budget=format(share, "f"),
        random_share=format(by_chance, "f"),
        lines=lines,
        inspected=max(inspected, lines - len(rest)),
        inspected_at_random=lines - len(rest),
        draw_below=str(below),
        cut_score=None if last is None else format(Decimal(int(ranked[last])) * _MICRO, "f"),
        cut_draw=None if last is None else str(int(drawn[last])),
        engine=engine,
    )


def route(selection: Selection, subject: str, score: float, needs_person: bool = False) -> Routed:
    """The lane of one line; see `router`, which is quicker for many lines of one selection."""
    return router(selection)(subject, score, needs_person)


def router(selection: Selection) -> Callable[[str, float, bool], Routed]:
    """Routes lines by (subject, score, needs_person: an engine found what a person must look at).

    The propensity of a line that its score selects is 1; of any other, the chance it had in the
    random draw.
    """
    seed, below = bytes.fromhex(selection.seed), int(selection.draw_below)
    by_rank = selection.cut_score is not None and selection.cut_draw is not None
    cut = _micro(float(selection.cut_score or 0), "the cut")
    cut_draw = int(selection.cut_draw or 0)
    chance = format(
        (Decimal(selection.budget) * Decimal(selection.random_share)).quantize(_MICRO), "f"
    )
    by_score, by_chance = Routed(RED, selection.engine, "1.000000"), Routed(RED, "random", chance)
    by_both = Routed(RED, "random", "1.000000")
    open_question, free = Routed(YELLOW, "none", chance), Routed(GREEN, "none", chance)

    def lane(subject: str, score: float, needs_person: bool) -> Routed:
        mine, rank = draw(seed, subject), _micro(score, subject)
        selected = by_rank and (rank > cut or (rank == cut and mine <= cut_draw))
        if mine < below:
            return by_both if selected else by_chance
        if selected:
            return by_score
        return open_question if needs_person else free

    return lane


def check_shares(budget: float, random_share: float) -> None:
    """Raise InputRefused ``targeting.budget`` unless both are shares from 0 to 1."""
    _share("budget", budget)
    _share("random share", random_share)


def _share(what: str, value: float) -> Decimal:
    if not 0 <= value <= 1:
        raise InputRefused(
            Problem(
                "targeting.budget",
                f"The {what} is {value}, not a share between 0 and 1.",
                hint="Write 5 % as 0.05.",
            )
        )
    return Decimal(str(value))


def _count(expected: Decimal, seed: bytes, purpose: str) -> int:
    whole = math.floor(expected)
    more = draw(seed, f"\0count/{purpose}") < int((expected - whole) * _WHOLE)
    return whole + int(more)


def _micro(score: float, subject: str) -> int:
    if not math.isfinite(score) or abs(score) > 1e12:
        raise InputRefused(
            Problem(
                "targeting.score",
                f"The score of {subject} is {score}, which cannot be ranked.",
                hint="Every line needs a finite score; the price rule gives 0 where it knows none.",
            )
        )
    return round(score * 1_000_000)
