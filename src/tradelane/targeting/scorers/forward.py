"""Calibrating and measuring on outcomes that were not learned from, forward in time.

What was learned from the first 40 % of the days is asked about the next fifth, and so on. The
same for every scorer that learns, so that their probabilities and figures can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradelane.targeting import calibration, evaluation

FOLDS = (0.4, 0.6, 0.8, 1.0)
"""Where the days are cut, as shares of the lines with a known outcome."""
_FEWEST = 20
"""Fewer outcomes of either kind on either side of a cut are not enough for it."""

Floats = NDArray[np.float64]
Asking = Callable[[NDArray[np.float32]], Floats]
"""Gives ``raw`` for the lines of ``x``."""
Learning = Callable[[NDArray[np.float32], NDArray[np.bool_]], Asking]
"""Learns from ``x`` and ``wrong``."""


class Forward(NamedTuple):
    """``raw`` of lines that were not learned from, which lines these are, and by how much the
    log-odds of being wrong rose from the lines learned from to these."""

    raw: Floats
    rows: NDArray[np.int64]
    risen: Floats


NO_SKILL = (
    "none: on lines that it had not learned from it ranks no better than chance, so it ranks all "
    "lines alike and leaves the choice to chance and rules"
)
NOTHING = Forward(np.zeros(0), np.zeros(0, np.int64), np.zeros(0))


def calibrate(
    learn: Learning,
    x: NDArray[np.float32],
    wrong: NDArray[np.bool_],
    days: NDArray[np.int64],
    weights: Floats,
) -> tuple[calibration.Calibration, dict[str, Any], Forward]:
    """How ``raw`` turns into a probability, figures for the model card, and what they are from.

    days: of filing; weights: how many lines of all each stands for. Where there are too few
    outcomes for any cut, the log-odds are left as they are and the figures say so
    (``calibrated_on`` is 0). What ranks no better than chance gives every line the same
    probability (``skill``).
    """
    figures: dict[str, Any] = {"outcomes": len(wrong), "found_wrong": int(wrong.sum())}
    found = ask(learn, x, wrong, days)
    raw, asked, risen = found
    figures["calibrated_on"] = len(asked)
    if not len(asked):
        return calibration.Calibration(), figures, NOTHING
    told, weighed = wrong[asked], weights[asked]
    figures |= {
        "forward_auc": f"{evaluation.auc(raw, told):.4f}",
        "forward_precision_at_5_percent": f"{evaluation.precision_at(raw, told, 0.05):.4f}",
        "forward_share_wrong": f"{told.mean():.4f}",
        "forward_share_wrong_weighted": f"{np.average(told, weights=weighed):.4f}",
    }
    if not evaluation.beats_chance(raw, told):
        figures["skill"] = NO_SKILL
        return calibration.flat(told, weighed), figures, found
    # How much is found wrong comes and goes with the weeks. What a step of `raw` means is asked of
    # lines to come; how many are wrong in all, of every line that will have been learned from.
    return calibration.fit(raw + risen, told, weighed), figures, found


def ask(
    learn: Learning, x: NDArray[np.float32], wrong: NDArray[np.bool_], days: NDArray[np.int64]
) -> Forward:
    """Learn from the lines before each cut and ask about those after it."""
    answers, rows, risen = [np.zeros(0)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for before, after in splits(wrong, days):
        answers.append(learn(x[before], wrong[before])(x[after]))
        rows.append(np.flatnonzero(after))
        rise = _log_odds(wrong[after].mean()) - _log_odds(wrong[before].mean())
        risen.append(np.full(int(after.sum()), rise))
    return Forward(np.concatenate(answers), np.concatenate(rows), np.concatenate(risen))


def _log_odds(share: float) -> float:
    return float(np.log(share / (1.0 - share)))


def splits(
    wrong: NDArray[np.bool_], days: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """The lines to learn from and those to ask about, cut by cut."""
    edges = np.quantile(days, FOLDS)
    for start, end in pairwise(edges):
        before, after = days <= start, (days > start) & (days <= end)
        sides = (wrong[before], wrong[after])
        if all(min(int(s.sum()), int((~s).sum())) >= _FEWEST for s in sides):
            yield before, after
