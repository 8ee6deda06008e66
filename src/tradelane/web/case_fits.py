"""Whether the description of a case's lines fits another code better: only where that is cheap.

The page of a case never waits for the engine. Where it is not ready nothing is said yet; what was
worked out once for a text and a code is kept.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request

from tradelane.classification.model import Fit
from tradelane.journeys.goods_examples import fit
from tradelane.journeys.workbench import CaseFile
from tradelane.web.classifier import Classifier, classifier_of
from tradelane.web.classify_view import tidy

RANKS = 20
"""Codes among which the declared one is looked for."""


def fits_of(request: Request, file: CaseFile, numbers: Iterable[int]) -> dict[int, Fit] | None:
    """Number of a line to what fits its description better, where that is sure enough; None where
    that is not known yet."""
    classifier = classifier_of(request)
    if not classifier.is_ready:
        if request.app.state.own_process:
            classifier.begin()
        return None
    wanted = frozenset(numbers)
    found = {}
    for line in file.record.lines:
        if line.goods.number in wanted and line.goods.description:
            one = fit_of(classifier, line.goods.description, line.goods.hs_code)
            if one is not None:
                found[line.goods.number] = one
    return found


def fit_of(classifier: Classifier, description: str, declared: str) -> Fit | None:
    """What fits one description better than a code; kept."""
    text = tidy(description)
    known: Fit | None = classifier.kept(
        (text, (declared[:6], classifier.revision)),
        lambda: fit(classifier.suggest(text, limit=RANKS), declared),
    )
    return known
