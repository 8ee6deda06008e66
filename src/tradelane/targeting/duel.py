"""Champion against challenger on the same live lines, of which only some were inspected.

Both ranked every line; the champion's ranking and chance decided which were inspected. Where both
would have selected a line they do equally well, so all that tells them apart are the lines that
only one of them would have selected. Of the challenger's, only those are known that something else
had inspected, mostly chance: each stands for as many as its propensity says.

What lines drawn by plain chance say is told apart: it needs no weights and is the fairest, and it
takes longest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from tradelane.targeting import weighted
from tradelane.targeting.weighted import Bools, Floats, Ranking

BETTER, WORSE, OPEN = "better", "worse", "cannot tell yet"

COLUMNS = ("champion", "challenger", "propensity", "by_chance", "wrong", "revenue")
"""A line as both scored it. propensity: the chance that it had to be inspected; by_chance: whether
plain chance drew it; wrong: what its inspection found, null where it was not inspected or is not
known yet; revenue: what was recovered, null where not known."""

FEWEST = 20
"""Fewer known outcomes than this on either side of the disagreement are no ground for a verdict."""
SMALLEST = 0.05
"""A difference of precision smaller than this is not worth waiting for."""
_DRAWS = 400
_CERTAINTY = (1.959964 + 0.841621) ** 2
"""For a 95 % interval that excludes zero in four trials out of five."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of both and the challenger's minus the champion's, with its 95 % paired bootstrap
    interval; NaN where it is not known."""

    champion: float
    challenger: float
    difference: float
    low: float
    high: float

    @property
    def is_known(self) -> bool:
        """Whether there is a difference with an interval."""
        return not math.isnan(self.low + self.high + self.difference)


@dataclass(frozen=True, slots=True)
class Duel:
    """What the lines say.

    lines: scored by both; budget: the share that each would select; apart: lines that each would
    select and the other not; known_champion, known_challenger: of these, with a known outcome;
    precision: the share wrong of what each would select; revenue: recovered for each line that it
    would select, in the territory's currency; auc: over all inspected lines, weighted; chance: AUC
    on the lines alone that plain chance drew, ``drawn`` of them known; more: about so many more
    outcomes of lines that only one of them selects are needed, None where a verdict is there.
    """

    lines: int
    budget: float
    apart: int
    known_champion: int
    known_challenger: int
    precision: Compared
    revenue: Compared
    auc: Compared
    chance: Compared
    drawn: int
    verdict: str
    more: int | None

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        p = self.precision
        if self.verdict == OPEN:
            return (
                f"It cannot be told yet. Of {self.apart} lines that only the challenger would have "
                f"selected {self.known_challenger} have a known outcome, of those that only the "
                f"model in force selects {self.known_champion}. About {self.more} more are needed; "
                "a larger random share brings them sooner."
            )
        return (
            f"The challenger is {self.verdict}: of as many lines inspected, {p.challenger:.1%} "
            f"would be found wrong instead of {p.champion:.1%}, a difference of "
            f"{100 * p.difference:+.1f} points ({100 * p.low:+.1f} to {100 * p.high:+.1f}, 95 % "
            "interval)."
        )


def duel(table: pl.DataFrame, budget: float, *, seed: int = 0) -> Duel:
    """Hold both against each other; ``table`` has `COLUMNS`, one row a line, without nulls in the
    scores and the propensity; ``budget`` is the share of lines that each may select."""
    table = table.with_columns(pl.col("revenue").fill_null(0.0))
    first, second = (_top(table[name].to_numpy(), budget) for name in COLUMNS[:2])
    known = (table["wrong"].is_not_null() & (table["propensity"] > 0)).to_numpy()
    seen = table.filter(pl.Series(known))
    weight = 1.0 / seen["propensity"].to_numpy()
    wrong = seen["wrong"].to_numpy().astype(np.float64)
    sides = [side[known] for side in (first, second, first & ~second, second & ~first)]
    only_first, only_second = (int(side.sum()) for side in sides[2:])
    apart, selected = int((second & ~first).sum()), int(first.sum())
    draws = np.random.default_rng(seed).poisson(1.0, (_DRAWS, seen.height)).astype(np.float64)
    share = apart / selected if selected else 0.0
    precision = _selected(wrong, weight, sides, share, draws)
    drawn = seen["by_chance"].to_numpy().astype(np.bool_)
    verdict, more = _verdict(precision, only_first, only_second)
    return Duel(
        lines=table.height,
        budget=budget,
        apart=apart,
        known_champion=only_first,
        known_challenger=only_second,
        precision=precision,
        revenue=_selected(seen["revenue"].to_numpy(), weight, sides, share, draws),
        auc=_auc(seen, weight, draws),
        chance=_auc(seen.filter(pl.Series(drawn)), np.ones(int(drawn.sum())), draws[:, drawn]),
        drawn=int(drawn.sum()),
        verdict=verdict,
        more=more,
    )


def _top(score: Floats, budget: float) -> Bools:
    chosen = np.zeros(len(score), np.bool_)
    chosen[np.argsort(-score, kind="stable")[: round(len(score) * budget)]] = True
    return chosen


def _selected(
    what: Floats, weight: Floats, sides: list[Bools], share: float, draws: Floats
) -> Compared:
    """A mean over what each would select. sides: known lines of the champion's selection, the
    challenger's, and those of one alone; share: of a selection, the part that the other lacks."""
    every = np.ones(len(what))

    def apart(times: Floats) -> float:
        return share * (
            _mean(what, weight * times, sides[3]) - _mean(what, weight * times, sides[2])
        )

    difference = apart(every) if share else 0.0
    low, high = weighted.between([apart(times) for times in draws]) if share else (0.0, 0.0)
    champion = _mean(what, weight, sides[0])
    return Compared(champion, champion + difference, difference, low, high)


def _mean(what: Floats, weight: Floats, rows: Bools) -> float:
    total = float(weight[rows].sum())
    return float((what[rows] * weight[rows]).sum() / total) if total else float("nan")


def _auc(seen: pl.DataFrame, weight: Floats, draws: Floats) -> Compared:
    if not seen.height or seen["wrong"].n_unique() < 2:
        nothing = float("nan")
        return Compared(nothing, nothing, nothing, nothing, nothing)
    wrong, revenue = seen["wrong"].to_numpy().astype(np.bool_), seen["revenue"].to_numpy()
    first, second = (Ranking(seen[n].to_numpy(), wrong, revenue, weight) for n in COLUMNS[:2])
    champion, challenger = first.measure(weighted.auc), second.measure(weighted.auc)
    differences = [
        weighted.auc(second.drawn(times)) - weighted.auc(first.drawn(times)) for times in draws
    ]
    return Compared(champion, challenger, challenger - champion, *weighted.between(differences))


def _verdict(precision: Compared, champion: int, challenger: int) -> tuple[str, int | None]:
    known, fewest = champion + challenger, min(champion, challenger)
    if not precision.is_known or fewest < FEWEST:
        return OPEN, max(2 * FEWEST - known, FEWEST - fewest, 1)
    if precision.low > 0:
        return BETTER, None
    if precision.high < 0:
        return WORSE, None
    error = (precision.high - precision.low) / (2 * 1.959964)
    worth = max(abs(precision.difference), SMALLEST)
    needed = known * _CERTAINTY * (error / worth) ** 2
    return OPEN, max(math.ceil(needed - known), FEWEST)
