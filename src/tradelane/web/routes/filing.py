"""File a declaration over the API: all steps, durable before the answer is sent."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Principal, Scope
from tradelane.declarations.model import Filing
from tradelane.journeys.filings import Cleared, Filed
from tradelane.journeys.record import NotFound
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.web.access import Allow, Asking, principal_of
from tradelane.web.addresses import declaration_address
from tradelane.web.idempotency import Once
from tradelane.web.limiting import limited
from tradelane.web.schemas import DECLARATION_BODY, described
from tradelane.web.views import assessment_view

router = APIRouter(prefix="/api/v1", tags=["declarations"], dependencies=[Depends(limited)])
WRITE = Allow(Scope.DECLARATIONS_WRITE)

Asker = Annotated[Asking, Depends(WRITE)]


@router.post(
    "/declarations",
    status_code=201,
    summary="File a declaration",
    openapi_extra=DECLARATION_BODY,
    responses=described(201, 200, 401, 403, 404, 409, 413, 422, 429, 503),
)
async def file_declaration(request: Request, asker: Asker) -> Response:
    """Reads, checks, assesses, scores and routes one declaration, and keeps every step before it
    answers. The same declaration sent again is answered with 200 and not decided again."""
    principal = principal_of(asker)
    body = await request.body()
    once = Once(request, principal.user_id, body)
    declaration = own(read_one(request, body), principal)
    cleared = await clear_one(request, Filed(declaration, once=once if once.key else None))
    return answer(cleared, once)


@router.post(
    "/assessments",
    summary="Assess a declaration without filing it",
    openapi_extra=DECLARATION_BODY,
    responses=described(200, 401, 403, 404, 413, 422, 429, 503),
)
async def assess(request: Request, asker: Asker) -> Response:
    """Duty, taxes and relief with every step of the computation. Nothing is kept."""
    declaration = own(read_one(request, await request.body()), principal_of(asker))

    def work() -> bytes:
        duties = request.app.state.desk.intake.duties
        return orjson.dumps(assessment_view(declaration, duties.assess(declaration)))

    return Response(await run_in_threadpool(work), media_type="application/json")


# ---------------------------------------------------------------- what other doors share


def read_one(request: Request, body: bytes) -> Filing:
    """The filing in a request's body. Errors: InputRefused with every problem of the document."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise InputRefused(
            Problem("declarations.bytes", "The body is not UTF-8 text.", hint="Send JSON in UTF-8.")
        ) from None
    today = request.app.state.lane.clock.now().date()
    filing: Filing = request.app.state.documents.read(text, today)
    if filing.declaration is None:
        raise InputRefused(real_problems(filing))
    return filing


def real_problems(filing: Filing) -> list[Problem]:
    """A refused document's problems without those that only say that another line was wrong."""
    found = [p for p in filing.problems if p.code != "declarations.sibling_rejected"]
    return found or list(filing.problems)


def own(filing: Filing, principal: Principal) -> Any:
    """The declaration if its declarant is the asker's own.

    Errors: NotFound ``web.not_your_declarant``.
    """
    declaration = filing.declaration
    if declaration is None or not principal.owns(declaration.declarant):
        raise NotFound(
            Problem(
                "web.not_your_declarant",
                f"The declarant {filing.declarant!r} is not one of your organisation's.",
                pointer="/declarant",
                hint="Your organisation's identifiers stand on the page 'Account'.",
            )
        )
    return declaration


async def clear_one(request: Request, filed: Filed) -> Cleared:
    """Hand a filing to the desk and wait for what became of it."""
    [future] = request.app.state.desk.submit([filed])
    return await asyncio.wrap_future(future)


def answer(cleared: Cleared, once: Once) -> Response:
    """What became of a filing, as a response. Errors: TradelaneError for what was refused."""
    if cleared.problem is not None:
        raise TradelaneError(cleared.problem)
    if cleared.status == "answered":
        return once.replay(cleared.reply)
    reply = once.answered(cleared)
    headers = {"location": declaration_address(cleared.declarant, cleared.reference)}
    return Response(reply.body, reply.status, headers, media_type="application/json")
