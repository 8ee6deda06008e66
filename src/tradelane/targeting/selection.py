"""From the numbers of a selection to the lane of a line.

`budget.choose` and `budget.stand` make the numbers; `route` sends any line to its lane from these
numbers, its subject, its score and its novelty alone, so that a replay needs no batch. Chance is
the SHA-256 of the seed and the subject: no one can steer it, anyone can check it.

Who comes first: what chance draws is drawn whatever the score, so that it is a fair sample of all
lines; then what a live rule wants; then the ranking, for what the budget has left; then, of all the
others, those that chance draws for their novelty (`exploration`). Rules and exploration do not give
way to a full budget: the ranking does, and what is more than the budget is said.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from tradelane.kit.errors import InputRefused, Problem
from tradelane.targeting.exploration import MILLION, POWER, WHOLE, nano, width

RED, YELLOW, GREEN = "red", "yellow", "green"
"""Inspect the goods, check the documents, release."""

EXPLORE_NOVEL = 0.75
"""Of what explores, the share that goes to novelty where nobody says another; the rest is plain
chance, without which nothing could be estimated fairly."""

MICRO = Decimal("0.000001")
_HIGHEST = 10**12
FURTHEST = _HIGHEST * 10**6
"""The highest score that can be ranked, and the same in millionths."""


class Candidate(NamedTuple):
    """A line to be decided.

    novelty: 0 (like many before) to 1 (like none); forced: a live rule wants it inspected.
    """

    subject: str
    score: float
    novelty: float = 0.0
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """What decides a batch: all plain JSON values, ready for the ledger.

    seed: hex; draw_below: a line whose draw is under it is inspected by chance;
    cut_score, cut_draw: the last line inspected for its score (ties by the smaller draw), or None
    where no line is; cut_chance: what a line that ties there has as its chance of inspection, None
    where every such line is inspected; engine: ``model`` or ``rule``; novel_rate, novel_power: the
    chance by novelty (`exploration`); forced: lines that live rules wanted inspected.

    Fields with a default are absent from older ledger entries.
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
    cut_chance: str | None = None
    novel_share: str = "0"
    novel_rate: str = "0"
    novel_power: int = POWER
    inspected_as_novel: int = 0
    forced: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The selection as plain JSON; ``Selection(**d)`` gives it back."""
        return asdict(self)

    @property
    def rules_exceed(self) -> bool:
        """Whether rules alone wanted more lines than the budget has beside exploration."""
        explored = Decimal(self.random_share) + Decimal(self.novel_share)
        return self.forced > Decimal(self.budget) * (1 - explored) * self.lines


@dataclass(frozen=True, slots=True)
class Routed:
    """A line's lane, what put it there (``model``, ``rule``, ``random``, ``novel`` or ``none``),
    and the chance it had of being inspected, before chance was drawn."""

    lane: str
    selected_by: str
    propensity: str


class Router(Protocol):
    """Routes lines of one selection; see `router`."""

    def __call__(
        self,
        subject: str,
        score: float,
        needs_person: bool = False,
        novelty: float = 0.0,
        forced: bool = False,
    ) -> Routed: ...


def draw(seed: bytes, subject: str) -> int:
    """A number from 0 to 2**64 - 1 that only the seed and the subject decide.

    >>> draw(b"s", "a/1/1") == draw(b"s", "a/1/1") != draw(b"t", "a/1/1")
    True
    """
    head = len(seed).to_bytes(8, "big") + seed
    return int.from_bytes(hashlib.sha256(head + subject.encode()).digest()[:8], "big")


def route(
    selection: Selection,
    subject: str,
    score: float,
    needs_person: bool = False,
    novelty: float = 0.0,
    forced: bool = False,
) -> Routed:
    """The lane of one line; see `router`, which is quicker for many lines of one selection."""
    return router(selection)(subject, score, needs_person, novelty, forced)


def router(selection: Selection) -> Router:
    """Routes lines by (subject, score, needs_person: somebody must look at its documents, novelty,
    forced: a live rule wants it inspected).

    The propensity of a line that a rule or its score selects is 1; of any other, the chance it had
    to be drawn: plain, and by its novelty. A line that would be selected anyway and is drawn by
    plain chance counts as random, so that these are a fair sample of all lines.
    """
    seed, below = bytes.fromhex(selection.seed), int(selection.draw_below)
    is_ranked = ranking(selection)
    rate, power = nano(selection.novel_rate), selection.novel_power
    plain = Decimal(selection.budget) * Decimal(selection.random_share)
    chance, fair = format(plain.quantize(MICRO), "f"), int(plain * WHOLE)
    tie = micro(float(selection.cut_score or 0), "the cut")
    tied = selection.cut_chance if selection.cut_score is not None else None

    def lane(
        subject: str,
        score: float,
        needs_person: bool = False,
        novelty: float = 0.0,
        forced: bool = False,
    ) -> Routed:
        mine = draw(seed, subject)
        selected = is_ranked(score, mine, subject)
        more = width(rate, power, micro_novelty(novelty, subject), below) if rate else 0
        propensity = _ceiling(fair + more) if more else chance
        if forced:
            propensity = "1.000000"
        elif tied is not None and micro(score, subject) == tie:
            propensity = max(propensity, tied)
        elif selected:
            propensity = "1.000000"
        if mine < below:
            return Routed(RED, "random", propensity)
        if forced:
            return Routed(RED, "rule", propensity)
        if selected:
            return Routed(RED, selection.engine, propensity)
        if mine < below + more:
            return Routed(RED, "novel", propensity)
        return Routed(YELLOW if needs_person else GREEN, "none", propensity)

    return lane


INSPECT = "inspect"
"""The action of a rule that wants the goods inspected; any other wants the documents checked."""


class Matched(Protocol):
    """A rule that matched a line, as rules say it and as it is kept."""

    @property
    def rule(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def shadow(self) -> bool: ...


def forces(hits: Iterable[Matched]) -> bool:
    """Whether a live rule wants the goods inspected."""
    return any(hit.action == INSPECT and not hit.shadow for hit in hits)


class Ranking(Protocol):
    """Whether the ranking alone selects a line; see `ranking`."""

    def __call__(self, score: float, drawn: int, subject: str) -> bool: ...


def ranking(selection: Selection) -> Ranking:
    """Whether a score lies over a selection's cut, or ties at it with a draw that wins."""
    if selection.cut_score is None or selection.cut_draw is None:
        return lambda score, drawn, subject: micro(score, subject) > FURTHEST
    cut, last = micro(float(selection.cut_score), "the cut"), int(selection.cut_draw)

    def selected(score: float, drawn: int, subject: str) -> bool:
        rank = micro(score, subject)
        return rank > cut or (rank == cut and drawn <= last)

    return selected


def _ceiling(wins: int) -> str:
    """So many winning draws as a chance, rounded up: what can be drawn has a chance over 0."""
    return f"{-(-min(wins, WHOLE) * MILLION // WHOLE) / MILLION:.6f}"


def micro(score: float, subject: str) -> int:
    """A score in millionths. Errors: InputRefused ``targeting.score``."""
    if not math.isfinite(score) or abs(score) > _HIGHEST:
        raise InputRefused(
            Problem(
                "targeting.score",
                f"The score of {subject} is {score}, which cannot be ranked.",
                hint="Every line needs a finite score; the price rule gives 0 where it knows none.",
            )
        )
    return round(score * 1_000_000)


def micro_novelty(novelty: float, subject: str) -> int:
    """A novelty in millionths. Errors: InputRefused ``targeting.novelty``."""
    if not 0 <= novelty <= 1:
        raise InputRefused(
            Problem(
                "targeting.novelty",
                f"The novelty of {subject} is {novelty}, not a number between 0 and 1.",
                hint="Give 0 where nothing is known of it.",
            )
        )
    return round(novelty * MILLION)
