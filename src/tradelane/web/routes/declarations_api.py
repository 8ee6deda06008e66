"""Follow declarations over the API, change them before their release, and answer questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tradelane.accounts.model import FILERS, Principal, Scope
from tradelane.correspondence.model import LONGEST_TEXT
from tradelane.declarations.model import State
from tradelane.journeys.casework import Officer, withdraw
from tradelane.journeys.casework import answer as answer_message
from tradelane.journeys.filings import Filed
from tradelane.journeys.receipts import provable, receipts
from tradelane.journeys.record import NotFound, Record, get_record
from tradelane.kit.errors import InputRefused, Problem
from tradelane.web import shapes
from tradelane.web.access import Allow, Asking, principal_of
from tradelane.web.addresses import Declarant, Reference
from tradelane.web.bodies import check_media, only, own_site, parse_object, read_object, text_of
from tradelane.web.cursors import cursor_at, link_to_next, read_cursor
from tradelane.web.idempotency import Once
from tradelane.web.limiting import limited
from tradelane.web.record_views import listed_view, message_view, record_view, version_view
from tradelane.web.routes.filing import answer as answer_filing
from tradelane.web.routes.filing import clear_one, own, read_one
from tradelane.web.schemas import DECLARATION, EXAMPLE, body

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(
    prefix="/api/v1/declarations",
    tags=["declarations"],
    dependencies=[Depends(limited), Depends(own_site)],
)
LISTER = Annotated[Asking, Depends(Allow(Scope.DECLARATIONS_READ))]
READER = Annotated[
    Asking, Depends(Allow(Scope.DECLARATIONS_READ, Scope.CASES_READ, Scope.AUDIT_READ))
]
WRITER = Annotated[Asking, Depends(Allow(Scope.DECLARATIONS_WRITE))]
MOST_RECEIPTS = 200
_LONGEST_REASON = 1000
_NO_NUL = r"^[^\x00]*$"


@router.get(
    "",
    summary="List your declarations",
    responses=shapes.answers(shapes.listing(shapes.LISTED), 401, 403, 422, 429),
)
def list_declarations(
    request: Request,
    asker: LISTER,
    state: Annotated[
        list[State] | None, Query(description="Only these states; repeat it for several.")
    ] = None,
    text: Annotated[
        str,
        Query(description="Only references that begin so.", max_length=100, pattern=_NO_NUL),
    ] = "",
    cursor: Annotated[str | None, Query(description="From `next`.", max_length=60)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The latest version of each of your organisation's declarations, newest first."""
    lane: Tradelane = request.app.state.lane
    declarants = sorted(principal_of(asker).declarants)
    before = read_cursor(cursor)
    with lane.database.read() as tx:
        found = lane.declarations.of_declarants(
            tx, declarants, states=state or (), text=text, before=before, limit=limit + 1
        )
    page = found[:limit]
    following = cursor_at(page[-1].id) if len(found) > limit else None
    return JSONResponse(
        {"items": [listed_view(one) for one in page], "next": following},
        headers=link_to_next(request, following),
    )


@router.get(
    "/{declarant}/{reference}",
    summary="Read a declaration's record",
    responses=shapes.answers(shapes.RECORD, 401, 403, 404, 422, 429),
)
def get_declaration(
    request: Request, asker: READER, declarant: Declarant, reference: Reference
) -> Response:
    """What was declared, its state, and what is due on each line with every step of the
    computation, as the ledger has it. Officials also get each line's score, reasons and lane."""
    lane: Tradelane = request.app.state.lane
    principal = principal_of(asker)
    with lane.database.read() as tx:
        record = seen(lane, tx, principal, declarant, reference)
        return JSONResponse(record_view(record, official=sees_decisions(principal)))


@router.get(
    "/{declarant}/{reference}/versions",
    summary="List a declaration's versions",
    responses=shapes.answers(shapes.many(shapes.VERSION), 401, 403, 404, 422, 429),
)
def list_versions(
    request: Request, asker: READER, declarant: Declarant, reference: Reference
) -> Response:
    """Every version with all that was declared in it, newest first."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        seen(lane, tx, principal_of(asker), declarant, reference)
        found = lane.declarations.versions(tx, declarant, reference)
    return JSONResponse({"items": [version_view(kept) for kept in found]})


AMENDMENT = shapes.shape(
    declaration=DECLARATION, reason={**shapes.TEXT, "minLength": 1, "maxLength": _LONGEST_REASON}
)
_AMENDMENT_EXAMPLE = {"declaration": EXAMPLE, "reason": "The net mass was that of another box."}


@router.post(
    "/{declarant}/{reference}/amendments",
    status_code=201,
    summary="Amend a declaration",
    openapi_extra=body(AMENDMENT, _AMENDMENT_EXAMPLE),
    responses=shapes.answers(
        shapes.CLEARED, 401, 403, 404, 409, 413, 415, 422, 429, 503, status=201
    ),
)
async def amend_declaration(
    request: Request, asker: WRITER, declarant: Declarant, reference: Reference
) -> Response:
    """Replaces the latest version by another content, before the release and while nothing is being
    inspected. The new version is assessed and routed at once; the old one stays readable. Takes an
    Idempotency-Key."""
    principal = principal_of(asker)
    check_media(request)
    data = await request.body()
    once = Once(request, principal.user_id, data)
    value = parse_object(data)
    only(value, "declaration", "reason")
    reason = text_of(value, "reason", _LONGEST_REASON).strip()
    await run_in_threadpool(_check_own, request, principal, declarant, reference)
    declaration = own(read_one(request, orjson.dumps(value.get("declaration"))), principal)
    if declaration.key != (declarant, reference):
        raise InputRefused(
            Problem(
                "web.other_declaration",
                "The declaration in the body is not the one of the address.",
                pointer="/declaration/declaration_id",
                hint="An amendment keeps declarant and reference.",
            )
        )
    filed = Filed(declaration, reason, once=once if once.key else None)
    return answer_filing(await clear_one(request, filed), once)


WITHDRAWAL = shapes.shape(reason={**shapes.TEXT, "minLength": 1, "maxLength": _LONGEST_REASON})


@router.post(
    "/{declarant}/{reference}/withdrawal",
    summary="Withdraw a declaration",
    openapi_extra=body(WITHDRAWAL, {"reason": "The consignment was not shipped."}),
    responses=shapes.answers(shapes.CHANGE, 401, 403, 404, 409, 413, 415, 422, 429, 503),
)
async def withdraw_declaration(
    request: Request, asker: WRITER, declarant: Declarant, reference: Reference
) -> Response:
    """Takes a declaration back before its release. Withdrawing it again is refused with 409."""
    value = await read_object(request)
    only(value, "reason")
    reason = text_of(value, "reason", _LONGEST_REASON).strip()

    def work() -> Response:
        _check_own(request, principal_of(asker), declarant, reference)
        change = withdraw(request.app.state.lane, declarant, reference, reason)
        told = change.to_dict()
        view = {name: told[name] for name in ("declarant", "reference", "version", "at", "reason")}
        return JSONResponse({**view, "state": told["after"]})

    return await run_in_threadpool(work)


@router.get(
    "/{declarant}/{reference}/receipts",
    summary="Get receipts for what happened",
    responses=shapes.answers(shapes.listing(shapes.RECEIPT), 401, 403, 404, 422, 429),
)
def list_receipts(
    request: Request,
    asker: READER,
    declarant: Declarant,
    reference: Reference,
    cursor: Annotated[str | None, Query(max_length=60)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_RECEIPTS)] = 50,
) -> Response:
    """A receipt of every entry whose whole content you may read, in the order of the ledger: what
    was received, amended, withdrawn and assessed. Each can be checked without this service
    (docs/how-to/check-a-receipt.md) or with `POST /api/v1/receipts/verify`."""
    lane: Tradelane = request.app.state.lane
    principal = principal_of(asker)
    after = read_cursor(cursor)
    with lane.database.read() as tx:
        record = seen(lane, tx, principal, declarant, reference)
        found = provable(record, everything=sees_decisions(principal))
        rest = [stored for stored in found if after is None or stored.index > after]
        page = [receipt.to_dict() for receipt in receipts(lane, tx, rest[:limit])]
    following = cursor_at(rest[limit - 1].index) if len(rest) > limit else None
    return JSONResponse(
        {"items": page, "next": following}, headers=link_to_next(request, following)
    )


@router.get(
    "/{declarant}/{reference}/messages",
    summary="Read the messages about a declaration",
    responses=shapes.answers(shapes.many(shapes.MESSAGE), 401, 403, 404, 422, 429),
)
def list_messages(
    request: Request, asker: READER, declarant: Declarant, reference: Reference
) -> Response:
    """Everything that customs and declarant wrote to each other about it, oldest first."""
    lane: Tradelane = request.app.state.lane
    principal = principal_of(asker)
    with lane.database.read() as tx:
        seen(lane, tx, principal, declarant, reference)
        thread = lane.correspondence.thread(tx, declarant, reference)
    official = principal.role not in FILERS
    return JSONResponse({"items": [message_view(one, official=official) for one in thread]})


ANSWER = shapes.shape(
    answers={"type": "integer", "minimum": 1, "description": "The id of the message."},
    text={**shapes.TEXT, "minLength": 1, "maxLength": LONGEST_TEXT},
)


@router.post(
    "/{declarant}/{reference}/messages",
    status_code=201,
    summary="Answer a message from customs",
    openapi_extra=body(ANSWER, {"answers": 17, "text": "The invoice is number 4711."}),
    responses=shapes.answers(
        shapes.MESSAGE, 401, 403, 404, 409, 413, 415, 422, 429, 503, status=201
    ),
)
async def post_message(
    request: Request, asker: WRITER, declarant: Declarant, reference: Reference
) -> Response:
    """Answers a question or a request for documents. Every answer is kept: one that is sent twice
    stands in the thread twice."""
    value = await read_object(request)
    only(value, "answers", "text")
    question = value.get("answers")
    if type(question) is not int or not 0 < question < 1 << 62:
        raise InputRefused(
            Problem(
                "web.field",
                "The field 'answers' has to be the id of the message that is answered.",
                pointer="/answers",
            )
        )
    text = text_of(value, "text", LONGEST_TEXT)
    principal = principal_of(asker)

    def work() -> Response:
        lane: Tradelane = request.app.state.lane
        _check_own(request, principal, declarant, reference)
        with lane.database.read() as tx:
            asked = lane.correspondence.get(tx, question, principal.declarants)
        if (asked.declarant, asked.reference) != (declarant, reference):
            raise NotFound(Problem("correspondence.not_found", f"There is no message {question}."))
        author = Officer(principal.user_id, principal.login)
        sent = answer_message(lane, question, text, principal.declarants, author)
        return JSONResponse(message_view(sent, official=False), 201)

    return await run_in_threadpool(work)


# ---------------------------------------------------------------- who may see what


def sees_decisions(principal: Principal) -> bool:
    """Whether score, reasons and lane may be shown: to officials with a scope for it."""
    official = principal.role not in FILERS
    return official and (principal.may(Scope.CASES_READ) or principal.may(Scope.AUDIT_READ))


def seen(lane: Tradelane, tx: Any, principal: Principal, declarant: str, reference: str) -> Record:
    """The record if it is the asker's to see; otherwise NotFound as if it did not exist."""
    record = get_record(lane, tx, declarant, reference)
    if principal.role in FILERS:
        allowed = principal.owns(declarant)
    else:
        allowed = principal.office in ("", record.kept.declaration.office)
    if not allowed:
        raise NotFound(
            Problem(
                "declarations.not_found",
                f"There is no declaration {reference!r} of {declarant!r}.",
                pointer="/reference",
            )
        )
    return record


def _check_own(request: Request, principal: Principal, declarant: str, reference: str) -> None:
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        known = principal.owns(declarant) and lane.declarations.known(tx, [(declarant, reference)])
    if not known:
        raise NotFound(
            Problem(
                "declarations.not_found",
                f"There is no declaration {reference!r} of {declarant!r}.",
                pointer="/reference",
            )
        )
