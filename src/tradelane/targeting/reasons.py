"""Why a line ranks where it does, in words that carry the numbers.

The scorer says how much each group of features raised the score; for the three that raised it most
there is one sentence each, made from the same feature values that the scorer saw. So the reasons
of a stored line can be made again from its line, its history and its model.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tradelane.targeting.catalogue import GROUPS
from tradelane.targeting.sentences import RECORDS, SENTENCES, Facts

MOST = 3
NONE = "NONE"
LEAST = 0.01
"""A group that raised the score by less than this is not worth a sentence."""

_NOTHING = "nothing else raises the risk"
NOTHING_ELSE = (NONE, _NOTHING)
NO_GROUND = (
    "NO_GROUND",
    "nothing like this line was seen before (importer, seller, declarant, chapter): the model "
    "abstains, only chance or a rule selects it",
)
"""Code and sentence of a line where the model has no ground to stand on."""
NOVEL = "NOVEL"
"""The first reason's code of a line that was drawn for its novelty."""
_NOTHING_AT_ALL = "nothing that is known of this line raises its risk"


def explain(contributions: NDArray[np.float64], facts: Facts) -> list[tuple[list[str], list[str]]]:
    """Codes and sentences of the first, second and third reason of every line.

    contributions: one row a line, one column a group of `catalogue.GROUPS`.
    """
    # Rounded, so that a last bit never decides between two reasons; then the alphabet does.
    rounded = np.round(contributions, 4)
    order = _strongest(rounded)
    raised = np.take_along_axis(rounded, order, axis=1) >= LEAST
    reasons: list[tuple[list[str], list[str]]] = []
    for place in range(MOST):
        codes, texts = [], []
        for row, (group, counts) in enumerate(
            zip(order[:, place].tolist(), raised[:, place].tolist(), strict=True)
        ):
            if counts:
                code, text = SENTENCES[GROUPS[group]](facts, row)
            else:
                code, text = NONE, _NOTHING if raised[row, 0] else _NOTHING_AT_ALL
            codes.append(code)
            texts.append(text)
        reasons.append((codes, texts))
    return reasons


def novel(novelty: float) -> tuple[str, str]:
    """Code and sentence of a line that chance drew for its novelty.

    >>> novel(0.4326)
    ('NOVEL', 'drawn by chance, the likelier the more out of the ordinary: novelty 0.43 of 1')
    """
    return NOVEL, (
        f"drawn by chance, the likelier the more out of the ordinary: novelty {novelty:.2f} of 1"
    )


def _strongest(rounded: NDArray[np.float64]) -> NDArray[np.intp]:
    """The groups that raised each score most, of records only the strongest while anything of the
    line itself raised it: records of an importer, its seller and the two together mostly tell the
    same, and nothing of the goods."""
    records = np.where(_IS_RECORD, rounded, -np.inf)
    others = _IS_RECORD & (np.arange(len(GROUPS)) != records.argmax(axis=1)[:, None])
    raised = rounded >= LEAST
    last = np.where(raised, others, 2)
    return np.argsort(_BEHIND * last - rounded, axis=1, kind="stable")[:, :MOST]


_BEHIND = float(1 << 20)
"""More than any contribution, and small enough that four decimals are told apart beside it."""
_IS_RECORD = np.array([group in RECORDS for group in GROUPS])
