"""The numbers of a selection: a budget, split between rules, the ranking and chance.

Counts: ``lines * budget`` lines are inspected, and ``random_share`` of these by chance. Where that
is not whole, the fraction is a chance of one more, drawn from the seed; so many small batches add
up to the budget, where rounding would never inspect anything in a batch of nine at 5 %.
``novel_share`` of the budget is what novelty gets on average; the ranking takes up the difference.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradelane.kit.errors import InputRefused, Problem
from tradelane.targeting.exploration import MILLION, POWER, WHOLE, nano, width
from tradelane.targeting.selection import (
    FURTHEST,
    MICRO,
    Candidate,
    Selection,
    draw,
    micro,
    micro_novelty,
)


def choose(
    lines: Iterable[tuple[Any, ...]],
    budget: float,
    random_share: float = 0.1,
    seed: bytes = b"",
    *,
    novel_share: float = 0.0,
    engine: str = "model",
) -> Selection:
    """Decide a batch of `Candidate`, or of as many of its fields; scores and novelty count to the
    sixth decimal.

    budget: share of lines to inspect, 0 to 1; random_share, novel_share: shares of these drawn by
    plain chance and by chance in proportion to novelty, together at most 1; engine: who made the
    scores, ``model`` or ``rule``. Errors: InputRefused ``targeting.budget``, ``targeting.score``,
    ``targeting.novelty``.

    >>> chosen = choose([("a", 0.9), ("b", 0.1), ("c", 0.5), ("d", 0.2)], 0.5, 0.0)
    >>> from tradelane.targeting.selection import route
    >>> [route(chosen, s, p).lane for s, p in (("a", 0.9), ("b", 0.1), ("c", 0.5))]
    ['red', 'green', 'red']
    """
    share, by_chance, by_novelty = _shares(budget, random_share, novel_share)
    given = _Lines.read(lines, seed)
    count = len(given.draws)
    inspected = min(_count(share * count, seed), count)
    at_random = min(_count(share * by_chance * count, seed), inspected)
    below = 0 if not at_random else int(np.partition(given.draws, at_random - 1)[at_random - 1]) + 1
    # A draw that two lines share (a chance of one in 10**14 a batch of 600,000) is taken for both.
    lucky = given.draws < below if below < WHOLE else np.ones(count, np.bool_)
    others = np.flatnonzero(~lucky & ~given.forced)
    order = others[np.lexsort((given.draws[others], -given.ranks[others]))]
    first = int(lucky.sum()) + int((given.forced & ~lucky).sum())
    left = max(inspected - first, 0)
    wanted = float(share * by_novelty * count)
    unranked = order[max(left - math.floor(wanted), 0) :]
    rate = fill(given.novelty[unranked], float(1 - share * by_chance), wanted)
    novel = given.drawn_as_novel(order, rate, below)
    # Inspected if the ranking takes the first so many: it takes up what chance did not draw.
    total = np.arange(len(order) + 1) + novel.sum() - np.concatenate(([0], np.cumsum(novel)))
    ranked = max(int(np.searchsorted(total, left, side="right")) - 1, 0)
    cut = _cut_after(given, order, ranked, share * by_chance)
    return Selection(
        seed=seed.hex(),
        budget=format(share, "f"),
        random_share=format(by_chance, "f"),
        lines=count,
        inspected=first + int(total[ranked]),
        inspected_at_random=int(lucky.sum()),
        draw_below=str(below),
        cut_score=cut.score,
        cut_draw=cut.draw,
        cut_chance=cut.chance,
        engine=engine,
        novel_share=format(by_novelty, "f"),
        novel_rate=rate,
        inspected_as_novel=int(novel[ranked:].sum()),
        forced=int(given.forced.sum()),
    )


def stand(
    lines: Iterable[tuple[Any, ...]],
    budget: float,
    random_share: float = 0.1,
    seed: bytes = b"",
    *,
    novel_share: float = 0.0,
    engine: str = "model",
) -> Selection:
    """Decide lines that are still to come, by lines like them.

    As `choose`, but nothing is counted: a coming line is drawn by chance with exactly the chance
    that its propensity says, and the cut lies where it would select the budget's rest of ``lines``
    (a share of those that tie at the cut, chosen by their draw). A budget of 1 selects every line,
    however low its score. ``lines`` and ``inspected`` say what the scores were.

    >>> standing = stand([("a", 0.9), ("b", 0.1), ("c", 0.5), ("d", 0.2)], 0.5, 0.0)
    >>> from tradelane.targeting.selection import route
    >>> [route(standing, s, p).lane for s, p in (("x", 0.6), ("y", 0.4))]
    ['red', 'green']
    """
    share, by_chance, by_novelty = _shares(budget, random_share, novel_share)
    given = _Lines.read(lines, seed)
    count, forced = len(given.draws), int(given.forced.sum())
    drawn = share * by_chance
    below = int(drawn * WHOLE)
    others = np.flatnonzero(~given.forced)
    order = others[np.argsort(-given.ranks[others], kind="stable")]
    room = 1 - drawn

    def ranked(as_novel: Decimal) -> Decimal:
        """How many the ranking may take where novelty takes so many."""
        sure = (share * count - drawn * count - as_novel) / room if room else Decimal(0)
        return max(sure - forced, Decimal(0))

    as_novel = share * by_novelty * count
    unranked = given.novelty[order[math.floor(ranked(as_novel)) :]]
    rate = fill(unranked, float(room), float(as_novel))
    as_novel = min(as_novel, room * int((unranked > 0).sum()))
    wanted = ranked(as_novel)
    cut = _NO_CUT
    if share >= 1 and room:
        cut = _cut_at(-FURTHEST, Decimal(1), drawn)
    elif wanted > 0 and len(order):
        ranks = given.ranks[order]
        last = int(ranks[min(math.ceil(wanted), len(ranks)) - 1])
        above, tied = int((ranks > last).sum()), int((ranks == last).sum())
        cut = _cut_at(last, min((wanted - above) / tied, Decimal(1)), drawn)
    return Selection(
        seed=seed.hex(),
        budget=format(share, "f"),
        random_share=format(by_chance, "f"),
        lines=count,
        inspected=round(share * count),
        inspected_at_random=round(drawn * count),
        draw_below=str(below),
        cut_score=cut.score,
        cut_draw=cut.draw,
        cut_chance=cut.chance,
        engine=engine,
        novel_share=format(by_novelty, "f"),
        novel_rate=rate,
        inspected_as_novel=round(as_novel),
        forced=forced,
    )


def fill(novelty: NDArray[np.int64], room: float, wanted: float) -> str:
    """The rate of `exploration` that inspects ``wanted`` of these lines on average, as a text.

    As water fills a basin: whose chance is full gets no more, and the others share the rest.

    novelty: in millionths; room: the chance that a line can have at most beside its plain one.
    Where all lines together cannot take so many, every line with any novelty gets all its room.

    >>> fill(np.array([1_000_000, 500_000, 0]), 1.0, 0.5)
    '0.400000000'
    >>> fill(np.array([0, 0]), 1.0, 0.5)
    '0'
    """
    weights = np.sort((novelty[novelty > 0] / MILLION) ** POWER)[::-1]
    wanted = min(wanted, room * len(weights))
    if wanted <= 0:
        return "0"
    left = wanted - room * np.arange(len(weights))
    rates = left / np.cumsum(weights[::-1])[::-1]
    # The first place from which nobody is full; the last line alone always fits its room.
    full = int(np.argmax(rates * weights <= room * (1 + 1e-12)))
    return f"{rates[full]:.9f}"


class _Lines(NamedTuple):
    """The lines as arrays: draws, scores and novelty in millionths, and who is forced."""

    draws: NDArray[np.uint64]
    ranks: NDArray[np.int64]
    novelty: NDArray[np.int64]
    forced: NDArray[np.bool_]

    @classmethod
    def read(cls, lines: Iterable[tuple[Any, ...]], seed: bytes) -> _Lines:
        draws, ranks, novelty, forced = array("Q"), array("q"), array("q"), array("b")
        for line in lines:
            one = Candidate(*line)
            draws.append(draw(seed, one.subject))
            ranks.append(micro(one.score, one.subject))
            novelty.append(micro_novelty(one.novelty, one.subject))
            forced.append(one.forced)
        return cls(
            np.array(draws, np.uint64),
            np.array(ranks, np.int64),
            np.array(novelty, np.int64),
            np.array(forced, np.bool_),
        )

    def drawn_as_novel(self, order: NDArray[np.int64], rate: str, below: int) -> NDArray[np.bool_]:
        """Of the lines in this order, which are drawn for their novelty unless they are ranked."""
        drawn = np.zeros(len(order), np.bool_)
        each = nano(rate)
        if not each:
            return drawn
        chance = float(rate) * (self.novelty[order] / MILLION) ** POWER
        near = self.draws[order] < below + (chance + 1e-9) * float(WHOLE)
        for place in np.flatnonzero(near & (chance > 0)).tolist():
            at = order[place]
            wins = width(each, POWER, int(self.novelty[at]), below)
            drawn[place] = int(self.draws[at]) < below + wins
        return drawn


class _Cut(NamedTuple):
    """Where the ranking ends, as `Selection` says it."""

    score: str | None = None
    draw: str | None = None
    chance: str | None = None


_NO_CUT = _Cut()


def _cut_after(given: _Lines, order: NDArray[np.int64], ranked: int, drawn: Decimal) -> _Cut:
    """The cut after the first so many of these lines."""
    if not ranked:
        return _NO_CUT
    ranks = given.ranks[order]
    last = int(ranks[ranked - 1])
    tied = np.flatnonzero(ranks == last)
    taken = int((tied < ranked).sum())
    cut = _cut_at(last, Decimal(taken) / len(tied), drawn)
    if taken < len(tied):
        cut = cut._replace(draw=str(int(given.draws[order[ranked - 1]])))
    return cut


def _cut_at(score: int, ties: Decimal, drawn: Decimal) -> _Cut:
    """A cut at a score (in millionths) that takes a share of the lines that tie there; ``drawn``
    is the plain chance of every line, whose draws are the smallest."""
    below = int(drawn * WHOLE)
    chance = drawn + (1 - drawn) * ties
    return _Cut(
        format(Decimal(score) * MICRO, "f"),
        str(min(below + int(ties * (WHOLE - below)), WHOLE - 1)),
        None if ties >= 1 else format(chance.quantize(MICRO), "f"),
    )


def check_shares(budget: float, random_share: float, novel_share: float = 0.0) -> None:
    """Raise InputRefused ``targeting.budget`` unless these are shares from 0 to 1, and the last
    two together."""
    _shares(budget, random_share, novel_share)


def _shares(budget: float, random_share: float, novel_share: float) -> tuple[Decimal, ...]:
    shares = (
        _share("budget", budget),
        _share("random share", random_share),
        _share("share for novelty", novel_share),
    )
    explored = round(random_share + novel_share, 9)
    _share("share of the budget that explores (by chance and for novelty)", explored)
    return shares


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


def _count(expected: Decimal, seed: bytes) -> int:
    """A whole number that is so many on average. The same draw rounds every count of a seed, so
    that a part is never more than its whole."""
    whole = math.floor(expected)
    more = draw(seed, "\0count") < int((expected - whole) * WHOLE)
    return whole + int(more)
