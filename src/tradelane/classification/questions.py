"""Which question tells the candidates apart best: one at a time, by expected gain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tradelane.classification import choices
from tradelane.classification.choices import BELIEF
from tradelane.classification.engine import Weighed
from tradelane.classification.known import Known
from tradelane.classification.model import Question

LEAST_GAIN = 0.08
"""Bits that an answer must be expected to bring for the question to be asked."""
WORDINGS_EFFORT = 3.0
"""So many times as much a question of wordings must bring: a property is quicker to say than
wordings are to read."""
_MOST = 40


def next_question(known: Known, weighed: Weighed, least: float = LEAST_GAIN) -> Question | None:
    """The question with the greatest expected gain, or None where none brings enough.

    A candidate that says nothing of a facet takes every answer; one that takes several takes each
    of them. What the text, or an answer, gives away is not asked.
    """
    p = np.asarray(weighed.probabilities[:_MOST], dtype=np.float64)
    p = p / max(float(p.sum()), 1e-9)
    found = [*_of_facets(known, weighed, p), *_of_wordings(known, weighed, p)]
    worth = {one.facet: one.gain / _effort(one) for one in found}
    best = max(found, key=lambda one: worth[one.facet], default=None)
    return best if best is not None and worth[best.facet] >= least else None


def _effort(question: Question) -> float:
    return WORDINGS_EFFORT if question.is_of_wordings else 1.0


def _of_facets(known: Known, weighed: Weighed, p: NDArray[np.float64]) -> list[Question]:
    places = weighed.places[:_MOST]
    found = []
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
        gain = _gain(p, BELIEF * like + (1 - BELIEF) / (len(live) + 1))
        values = [known.code_facets.values[name][i] for i in live]
        facet = known.facets.facets[name]
        options = tuple((value, facet.values[value].label) for value in values)
        found.append(Question(facet.question, name, options, gain))
    return found


def _of_wordings(known: Known, weighed: Weighed, p: NDArray[np.float64]) -> list[Question]:
    codes = [known.wordings.codes[place] for place in weighed.places[:_MOST]]
    return [
        Question(one.text, one.name, one.options, _gain(p, choices.likelihoods(one, codes)))
        for one in choices.possible(known, weighed)
    ]


def _gain(p: NDArray[np.float64], like: NDArray[np.float64]) -> float:
    """Bits that an answer is expected to take from the doubt. p: of candidates, 1 in sum; like:
    candidates x answers, how likely each answer is; what a row lacks to 1 is "not known"."""
    answered = p[:, None] * like
    total = answered.sum(axis=0)
    before = _bits(p)
    after = _bits(answered) - _bits(total)
    left = max(1 - float(total.sum()), 0.0)
    return before - after - left * before


def _bits(p: NDArray[np.float64]) -> float:
    held = p[p > 0]
    return float(-(held * np.log2(held)).sum())
