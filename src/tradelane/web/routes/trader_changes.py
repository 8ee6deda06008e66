"""Amend, withdraw, copy: what a declarant does to a declaration that is filed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Principal, Scope
from tradelane.declarations.model import Verb
from tradelane.journeys.casework import withdraw
from tradelane.journeys.following import Followed, follow
from tradelane.journeys.preparing import change_problem, sheet_of
from tradelane.kit.errors import Problem, TradelaneError
from tradelane.kit.plaintext import clean_line
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, check_form, principal_of
from tradelane.web.addresses import Declarant, Reference, declaration_page
from tradelane.web.problems import status_of
from tradelane.web.routes.trader import show_problem
from tradelane.web.sheets import NEW, begin

router = APIRouter(prefix="/declarations", include_in_schema=False)
Asker = Annotated[Asking, Depends(Allow(Scope.DECLARATIONS_WRITE))]
FORM = [Depends(check_form)]


@router.post("/{declarant}/{reference}/amend", dependencies=FORM)
def begin_amendment(
    request: Request, asker: Asker, declarant: Declarant, reference: Reference
) -> Response:
    """A draft of the next version, with everything as it is now."""
    principal = principal_of(asker)
    followed = _follow(request, principal, declarant, reference)
    refused = change_problem(followed.kept.status, Verb.AMEND)
    if refused is not None:
        return show_problem(request, principal, followed, refused)
    draft_id = begin(request, principal, sheet_of(followed.declaration, followed.kept.version))
    return pages.see_other(f"{NEW}/{draft_id}/facts")


@router.post("/{declarant}/{reference}/copy", dependencies=FORM)
def begin_copy(
    request: Request, asker: Asker, declarant: Declarant, reference: Reference
) -> Response:
    """A new draft like this declaration, without its reference and date."""
    principal = principal_of(asker)
    sheet = sheet_of(_follow(request, principal, declarant, reference).declaration)
    sheet.facts["date"] = request.app.state.lane.clock.now().date().isoformat()
    return pages.see_other(f"{NEW}/{begin(request, principal, sheet)}/facts")


@router.get("/{declarant}/{reference}/withdraw")
def confirm_withdrawal(
    request: Request, asker: Asker, declarant: Declarant, reference: Reference
) -> Response:
    """What it means, and why."""
    principal = principal_of(asker)
    followed = _follow(request, principal, declarant, reference)
    refused = change_problem(followed.kept.status, Verb.CANCEL)
    if refused is not None:
        return show_problem(request, principal, followed, refused)
    return _withdrawal(request, followed, "")


@router.post("/{declarant}/{reference}/withdraw", dependencies=FORM)
async def withdraw_it(
    request: Request, asker: Asker, declarant: Declarant, reference: Reference
) -> Response:
    """Take it back."""
    reason = clean_line(str((await request.form()).get("reason", "")))[:1000]
    principal = principal_of(asker)

    def work() -> Response:
        followed = _follow(request, principal, declarant, reference)
        refused = change_problem(followed.kept.status, Verb.CANCEL)
        if refused is not None:
            return show_problem(request, principal, followed, refused)
        if not reason:
            missing = Problem(
                "declarations.reason_missing",
                "A withdrawal needs a reason.",
                pointer="/reason",
                hint="Say why, in a sentence.",
            )
            return _withdrawal(request, followed, reason, (missing,), 422)
        try:
            withdraw(request.app.state.lane, declarant, reference, reason)
        except TradelaneError as error:
            return _withdrawal(request, followed, reason, error.problems, status_of(error))
        return pages.see_other(declaration_page(declarant, reference), "withdrawn")

    return await run_in_threadpool(work)


def _withdrawal(
    request: Request,
    followed: Followed,
    reason: str,
    problems: Sequence[Problem] = (),
    status: int = 200,
) -> Response:
    return pages.render(
        request,
        "trader/withdraw.html",
        status,
        followed=followed,
        page=declaration_page(*followed.declaration.key),
        reason=reason,
        problems=[problem.to_dict() for problem in problems],
    )


def _follow(request: Request, principal: Principal, declarant: str, reference: str) -> Followed:
    lane = request.app.state.lane
    with lane.database.read() as tx:
        return follow(lane, tx, principal.declarants, declarant, reference)
