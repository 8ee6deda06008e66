"""Which question tells the candidates apart best: one at a time, by expected gain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tradelane.classification.engine import Weighed
from tradelane.classification.known import Known
from tradelane.classification.model import Question

LEAST_GAIN = 0.08
"""Bits that an answer must be expected to bring for the question to be asked."""
_MOST = 40
_BELIEF = 0.85
"""How far an answer is believed: wordings do not say everything that holds of their goods."""


def next_question(known: Known, weighed: Weighed, least: float = LEAST_GAIN) -> Question | None:
    """The question with the greatest expected gain, or None where none brings enough.

    A candidate that says nothing of a facet takes every answer; one that takes several takes each
    of them. Facets that the text, or an answer, gives away are not asked.
    """
    places = weighed.places[:_MOST]
    p = np.asarray(weighed.probabilities[:_MOST], dtype=np.float64)
    p = p / max(float(p.sum()), 1e-9)
    before = _bits(p)
    best: tuple[float, str, list[str]] | None = None
    for name in known.facets.names:
        if name in weighed.asked.facets:
            continue
        takes = known.code_facets.takes[name][places]
        tells = known.code_facets.tells[name][places]
        live = [i for i in range(takes.shape[1]) if p[takes[:, i]].sum() > 0.02]
        if len(live) < 2 and not (live and p[~tells].sum() > 0.1):
            continue
        like = np.where(
            tells[:, None],
            takes[:, live] / np.maximum(takes[:, live].sum(axis=1, keepdims=True), 1),
            1 / (len(live) + 1),
        )
        like = _BELIEF * like + (1 - _BELIEF) / (len(live) + 1)
        answered = p[:, None] * like
        total = answered.sum(axis=0)
        after = sum(t * _bits(answered[:, i] / t) for i, t in enumerate(total) if t > 0)
        left = 1 - float(total.sum())
        gain = before - float(after) - max(left, 0.0) * before
        if best is None or gain > best[0]:
            values = [known.code_facets.values[name][i] for i in live]
            best = (gain, name, values)
    if best is None or best[0] < least:
        return None
    gain, name, values = best
    facet = known.facets.facets[name]
    options = tuple((value, facet.values[value].label) for value in values)
    return Question(facet.question, name, options, gain)


def _bits(p: NDArray[np.float64]) -> float:
    held = p[p > 0]
    return float(-(held * np.log2(held)).sum())
