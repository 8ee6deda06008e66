"""How little the declared codes of lines fit their descriptions, in the classifier's view.

Asking costs milliseconds a text, far more than all the rest of a score; so it is done where a
setting says so, once for every text. A value belongs to the moment of filing: it is kept with what
was scored, and never worked out again with what was learned later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from tradelane.classification.model import TOO_GENERIC, Suggestion
from tradelane.kit.progress import Progress, silent

RANKS = 20
"""Codes among which the declared one is looked for."""
STEP = 512


class Suggests(Protocol):
    """What is needed of `classification.service.Classification`."""

    def suggest_many(self, texts: Sequence[str], *, limit: int) -> Iterable[Suggestion]: ...


def mismatches(
    classifier: Suggests, lines: Sequence[tuple[str, str]], progress: Progress = silent
) -> list[float | None]:
    """For each (description, code) a value of 0 (fits) to 1, two decimals; None where the text says
    too little."""
    texts = sorted({text for text, _code in lines if text.strip()})
    known: dict[str, Suggestion] = {}
    for start in range(0, len(texts), STEP):
        part = texts[start : start + STEP]
        known |= zip(part, classifier.suggest_many(part, limit=RANKS), strict=True)
        progress("comparing descriptions with codes", start + len(part), len(texts))
    return [None if text not in known else mismatch(known[text], code) for text, code in lines]


def mismatch(said: Suggestion, code: str) -> float | None:
    """How far another code is ahead of the declared one, for which half of its heading counts.

    >>> from tradelane.classification.model import Ranked
    >>> one = Suggestion("router", "code", (Ranked("851762", "subheading", 0.8, ""),))
    >>> mismatch(one, "8517620000"), mismatch(one, "847130")
    (0.0, 0.8)
    """
    if said.decision == TOO_GENERIC or not said.ranked:
        return None
    best = said.ranked[0]
    if code.startswith(best.code):
        return 0.0
    mine = next((one.probability for one in said.ranked if one.code == code[:6]), 0.0)
    above = next((one.probability for one in said.headings if one.code == code[:4]), 0.0)
    return round(max(0.0, best.probability - max(mine, 0.5 * above)), 2)
