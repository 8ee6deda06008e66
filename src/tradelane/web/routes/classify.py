"""Finds the code of goods from their description: what fits, why, and what to say next.

One page whose address holds everything: the description, the answers so far, where a rate is wanted
and, for who files, the line of the draft that the code is for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Principal, Scope
from tradelane.classification.answers import Said
from tradelane.classification.model import Suggestion
from tradelane.journeys.code_rates import ORIGIN, tariffs
from tradelane.kit.errors import Problem
from tradelane.trade.identifiers import ASSIGNED_ECONOMIES
from tradelane.web import pages
from tradelane.web.access import PUBLIC, Asking
from tradelane.web.classifier import Classifier, classifier_of
from tradelane.web.classify_view import (
    MOST_GOODS,
    Question,
    candidates,
    day_of,
    rates_of,
    read_answers,
    tidy,
)
from tradelane.web.economies import economies
from tradelane.web.sheets import open_draft

SOURCE_READERS = (Scope.FIGURES_READ, Scope.CASES_READ, Scope.MODELS_PROPOSE)

router = APIRouter(include_in_schema=False)

_NOTHING = Problem(
    "classification.text_missing",
    "Say what the goods are.",
    pointer="/q",
    hint="For example: men's cotton knitted T-shirt.",
)


@router.get("/classify")
def find_code(
    request: Request,
    asker: Annotated[Asking, Depends(PUBLIC)],
    q: str | None = None,
    answer: Annotated[list[str] | None, Query()] = None,
    change: Annotated[str, Query(max_length=40)] = "",
    territory: Annotated[str, Query(max_length=40)] = "",
    origin: Annotated[str, Query(max_length=40)] = "",
    on: Annotated[str, Query(max_length=40)] = "",
    draft: int | None = None,
    line: int = 0,
) -> Response:
    """Codes that fit a description, likeliest first, and the question that would change that."""
    lane = request.app.state.lane
    wanted = _wanted(request, asker.principal, draft, line)
    if wanted is None:
        draft = None
    text = tidy(q or "") or tidy(wanted or "")
    asked = Question(text, {}, territory, origin.strip().upper()[:2], on, draft, line)
    known = tariffs()
    suggestion: Suggestion | None = None
    answered: list[Said] = []
    rates = rates_of(lane, asked, known)
    if asked.text:
        possible = classifier_of(request).wait().answers
        asked = replace(asked, answers=read_answers(answer or [], possible))
        suggestion = _suggested(classifier_of(request), asked, change)
        answered = [possible.said(*one) for one in (asked.answers or {}).items()]
    problems = []
    if q is not None and not asked.text:
        problems.append(_NOTHING)
    if asked.text and asked.territory and asked.origin not in ASSIGNED_ECONOMIES:
        problems.append(ORIGIN)
    locale = pages.locale_of(request, asker.principal)
    return pages.render(
        request,
        "classify/find.html",
        problems=[problem.to_dict() for problem in problems],
        origin=dict(economies(locale)).get(asked.origin, asked.origin),
        may_read_sources=may_read_sources(asker.principal),
        asked=asked,
        suggestion=suggestion,
        answered=answered,
        changing=bool(change),
        ranked=candidates(lane, suggestion, suggestion.ranked, rates) if suggestion else [],
        headings=candidates(lane, suggestion, suggestion.headings[:3], None) if suggestion else [],
        most_goods=MOST_GOODS,
        tariffs=known,
        rates=rates,
        day=day_of(lane, asked.on).isoformat(),
    )


def _suggested(classifier: Classifier, asked: Question, change: str) -> Suggestion:
    """What is said; ``change``: the question that is asked anew in place of the next one."""
    answers = asked.answers or {}
    found = classifier.suggest(asked.text, answers)
    if change and change not in answers:
        headings = [one.code for one in found.headings]
        again = classifier.service.answers.question(change, headings)
        return found if again is None else replace(found, question=again)
    return found


def may_read_sources(principal: Principal | None) -> bool:
    """Whether somebody may see what codes are learned from."""
    return principal is not None and any(principal.may(scope) for scope in SOURCE_READERS)


def _wanted(
    request: Request, principal: Principal | None, draft: int | None, line: int
) -> str | None:
    """The description of the line that a code is for; None where they have no such draft."""
    if draft is None or principal is None or not principal.may(Scope.DECLARATIONS_WRITE):
        return None
    lines = open_draft(request, principal, draft).sheet.lines
    return lines[line].get("description", "") if 0 <= line < len(lines) else ""
