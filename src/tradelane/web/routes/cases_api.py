"""Cases over the API: what the officer's pages do, for an administration's own systems.

Whoever asks with a token acts in its owner's name and sees what its owner sees.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tradelane.accounts.model import Principal, Scope
from tradelane.correspondence.model import LONGEST_TEXT
from tradelane.inspections.findings import Discrepancy, Result
from tradelane.inspections.model import CaseFilter, CaseState, Cursor, Decision
from tradelane.inspections.rules import LONGEST_REASON, seconds_between
from tradelane.journeys.casework import Ruling, decide_within, record_findings_within
from tradelane.journeys.workbench import open_file, own_case, read_file, shelf
from tradelane.kit.clock import stamp
from tradelane.kit.errors import InputRefused
from tradelane.web import shapes
from tradelane.web.access import Allow, Asking, principal_of
from tradelane.web.bodies import check_media, only, own_site, parse_object, read_bytes, text_of
from tradelane.web.case_bodies import FINDING_FIELDS, read_findings, read_revision
from tradelane.web.case_views import case_view, evidence_view, step_view, summary_view
from tradelane.web.cursors import link_to_next
from tradelane.web.idempotency import Once
from tradelane.web.limiting import limited
from tradelane.web.routes.cases import (
    add_files,
    assign_to,
    evidence_response,
    officer_of,
    read_day,
    read_decision,
    read_upload,
)
from tradelane.web.routes.queue import viewer_of
from tradelane.web.schemas import body, described

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(
    prefix="/api/v1/cases", tags=["cases"], dependencies=[Depends(limited), Depends(own_site)]
)
READER = Annotated[Asking, Depends(Allow(Scope.CASES_READ))]
DECIDER = Annotated[Asking, Depends(Allow(Scope.CASES_DECIDE))]
Case = Annotated[int, Path(ge=1, lt=2**31, description="The case's number.")]

_FINDINGS_BYTES = 1 << 20
_NO_NUL = r"^[^\x00]*$"
_STATE = {"type": "string", "enum": [str(state) for state in CaseState]}
_NUMBER = {"type": ["number", "null"]}
SUMMARY = shapes.shape(
    id=shapes.COUNT,
    declarant=shapes.TEXT,
    reference=shapes.TEXT,
    version=shapes.COUNT,
    state=_STATE,
    lane={"type": "string", "enum": ["red", "yellow"]},
    selected_by=shapes.TEXT,
    recommendation=shapes.TEXT,
    score={"type": "number"},
    probability=_NUMBER,
    expected_revenue={**_NUMBER, "description": "In `currency`."},
    currency=shapes.TEXT,
    office=shapes.TEXT,
    importer=shapes.TEXT,
    hs_code=shapes.TEXT,
    lines=shapes.COUNT,
    reason=shapes.TEXT,
    received_at=shapes.STAMP,
    opened_at=shapes.STAMP,
    decision=shapes.MAYBE_TEXT,
    decided_at=shapes.MAYBE_STAMP,
    deadline=shapes.MAYBE_TEXT,
    found_at=shapes.MAYBE_STAMP,
    found_wrong={"type": ["boolean", "null"]},
    revision={**shapes.COUNT, "description": "Name it in what you decide."},
    assigned_to=shapes.MAYBE_TEXT,
    open_by={**shapes.MAYBE_TEXT, "description": "Who else has it open."},
)
_LIST = {"type": "array", "items": shapes.FREE}
CASE = shapes.shape(
    **SUMMARY["properties"],
    allowed={"type": "array", "items": shapes.TEXT},
    is_current={"type": "boolean"},
    declaration=shapes.FREE,
    decisions={**_LIST, "description": "Each line's frozen decisions, as the ledger has them."},
    steps=_LIST,
    findings=_LIST,
    evidence=_LIST,
    messages=_LIST,
)
DECISION = {
    "type": "object",
    "required": ["decision", "revision"],
    "properties": {
        "decision": {"type": "string", "enum": [str(decision) for decision in Decision]},
        "revision": shapes.COUNT,
        "reason": {**shapes.TEXT, "maxLength": LONGEST_REASON},
        "message": {**shapes.TEXT, "maxLength": LONGEST_TEXT},
        "deadline": {"type": "string", "format": "date"},
    },
}
FINDINGS = {
    "type": "object",
    "required": ["revision", "findings"],
    "properties": {
        "revision": shapes.COUNT,
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["line", "result"],
                "properties": {
                    **dict.fromkeys(FINDING_FIELDS, shapes.TEXT),
                    "line": shapes.COUNT,
                    "result": {"type": "string", "enum": [str(result) for result in Result]},
                    "discrepancy": {"type": "string", "enum": [str(kind) for kind in Discrepancy]},
                },
            },
        },
    },
}


@router.get(
    "",
    summary="List cases",
    responses=shapes.answers(shapes.listing(SUMMARY), 401, 403, 422, 429),
)
def list_cases(
    request: Request,
    asker: READER,
    state: Annotated[list[CaseState] | None, Query(description="Default: all that wait.")] = None,
    lane: Annotated[str, Query(pattern="^(red|yellow)?$")] = "",
    office: Annotated[str, Query(max_length=100, pattern=_NO_NUL)] = "",
    importer: Annotated[str, Query(max_length=100, pattern=_NO_NUL)] = "",
    hs_prefix: Annotated[str, Query(pattern=r"^(\d{2,10})?$")] = "",
    text: Annotated[str, Query(max_length=100, pattern=_NO_NUL)] = "",
    mine: bool = False,
    unassigned: bool = False,
    received_from: dt.date | None = None,
    received_to: dt.date | None = None,
    cursor: Annotated[str | None, Query(description="From `next`.", max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Cases by what looking at them is worth, the best first; of your office, if you have one."""
    shop: Tradelane = request.app.state.lane
    principal = principal_of(asker)
    wanted = CaseFilter(
        states=tuple(state) if state else CaseFilter().states,
        office=office,
        lane=lane,
        assigned_to=principal.user_id if mine else None,
        unassigned=unassigned,
        hs_prefix=hs_prefix,
        importer=importer,
        text=text,
        received_from=received_from,
        received_to=received_to,
    )
    after = Cursor.read(cursor) if cursor else None
    page = shelf(shop, viewer_of(principal), wanted, after, limit)
    following = None if page.next is None else page.next.text()
    items = [summary_view(case, page.names, page.open_by.get(case.id)) for case in page.cases]
    return JSONResponse(
        {"items": items, "next": following}, headers=link_to_next(request, following)
    )


@router.get(
    "/{case_id}", summary="Read a case", responses=shapes.answers(CASE, 401, 403, 404, 422, 429)
)
def read_case(request: Request, asker: READER, case_id: Case) -> Response:
    """Everything that is known of a case. Reading marks nothing; `take` says that you have it
    open."""
    shop: Tradelane = request.app.state.lane
    return JSONResponse(case_view(read_file(shop, case_id, viewer_of(principal_of(asker)))))


@router.post(
    "/{case_id}/take",
    summary="Open a case",
    responses=shapes.answers(CASE, 401, 403, 404, 422, 429),
)
def take_case(request: Request, asker: DECIDER, case_id: Case) -> Response:
    """The case, noted as open by you for 15 minutes: others are told, and kept from nothing. A
    decision counts as made with the case open when you took it last."""
    shop: Tradelane = request.app.state.lane
    return JSONResponse(case_view(open_file(shop, case_id, viewer_of(principal_of(asker)))))


@router.post(
    "/{case_id}/decisions",
    status_code=201,
    summary="Decide a case",
    openapi_extra=body(DECISION, {"decision": "inspect", "revision": 0}),
    responses=shapes.answers(shapes.FREE, 401, 403, 404, 409, 413, 422, 429, status=201),
)
async def decide_case(request: Request, asker: DECIDER, case_id: Case) -> Response:
    """Release, inspect, refer, hold or reject. A reason is needed against the recommendation and
    to hold or reject; a referral needs a message. If somebody else was quicker, the answer is 409
    and says who and what."""
    check_media(request)
    data = await read_bytes(request)
    given = parse_object(data)
    only(given, "decision", "revision", "reason", "message", "deadline")
    decision = read_decision(text_of(given, "decision", 20))
    ruling = Ruling(
        decision=decision,
        revision=read_revision(given),
        reason=text_of(given, "reason", LONGEST_REASON, required=False),
        message=text_of(given, "message", LONGEST_TEXT, required=False),
        deadline=read_day(text_of(given, "deadline", 10, required=False), "/deadline"),
    )
    shop: Tradelane = request.app.state.lane
    principal = principal_of(asker)
    once = Once(request, principal.user_id, data)

    def work(tx: Any) -> tuple[int, bytes]:
        case = own_case(shop, tx, case_id, viewer_of(principal))
        opened = case.opened_by == principal.user_id
        seen = Ruling(
            ruling.decision,
            ruling.revision,
            ruling.reason,
            ruling.message,
            ruling.deadline,
            opened_page=opened,
            read_seconds=seconds_between(case.opened_by_at, stamp(shop.clock.now()))
            if opened and case.opened_by_at is not None
            else None,
        )
        step = decide_within(shop, tx, case_id, seen, officer_of(principal))
        return 201, orjson.dumps(step_view(step))

    return await run_in_threadpool(once.run, work)


@router.post(
    "/{case_id}/findings",
    status_code=201,
    summary="Record what was found",
    openapi_extra=body(FINDINGS, {"revision": 1, "findings": [{"line": 1, "result": "conform"}]}),
    responses=shapes.answers(shapes.FREE, 401, 403, 404, 409, 413, 422, 429, status=201),
)
async def record_case_findings(request: Request, asker: DECIDER, case_id: Case) -> Response:
    """One finding for each line that was inspected. It is a label from this moment on; a
    correction is recorded beside what it corrects."""
    check_media(request)
    data = await read_bytes(request, _FINDINGS_BYTES)
    given = parse_object(data)
    only(given, "revision", "findings")
    revision, findings = read_revision(given), read_findings(given.get("findings"))
    shop: Tradelane = request.app.state.lane
    principal = principal_of(asker)
    once = Once(request, principal.user_id, data)

    def work(tx: Any) -> tuple[int, bytes]:
        own_case(shop, tx, case_id, viewer_of(principal))
        step = record_findings_within(shop, tx, case_id, findings, revision, officer_of(principal))
        return 201, orjson.dumps(step_view(step))

    return await run_in_threadpool(once.run, work)


@router.post(
    "/{case_id}/evidence",
    status_code=201,
    summary="Keep a file with a case",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["files"],
                        "properties": {"files": {"type": "string", "format": "binary"}},
                    }
                }
            },
        }
    },
    responses=shapes.answers(shapes.many(shapes.FREE), 401, 403, 404, 413, 422, 429, status=201),
)
async def keep_evidence(request: Request, asker: DECIDER, case_id: Case) -> Response:
    """PDF, JPEG, PNG, WebP, plain text or CSV, up to 5 MB each, in fields named ``files``. The same
    bytes again are kept once. Answers with every file of the case."""
    _, files = await read_upload(request)
    shop: Tradelane = request.app.state.lane
    principal = principal_of(asker)

    def work() -> Response:
        problems = add_files(shop, principal, case_id, files)
        if problems:
            raise InputRefused(problems)
        with shop.database.read() as tx:
            kept = shop.inspections.evidence(tx, case_id)
        return JSONResponse({"items": [evidence_view(item) for item in kept]}, 201)

    return await run_in_threadpool(work)


@router.get(
    "/{case_id}/evidence/{evidence_id}",
    summary="Download a file of a case",
    response_class=Response,
    responses={
        **described(401, 403, 404, 422, 429),
        200: {
            "description": "The file.",
            "content": {media: {} for media in ("application/pdf", "image/jpeg", "image/png")},
        },
    },
)
def read_case_evidence(
    request: Request, asker: READER, case_id: Case, evidence_id: Case
) -> Response:
    """The bytes as they were given, under the media type that they are of."""
    principal = principal_of(asker)
    return evidence_response(request.app.state.lane, principal, case_id, evidence_id)


@router.post(
    "/{case_id}/assignment",
    summary="Assign a case",
    openapi_extra=body(
        shapes.shape(to={**shapes.MAYBE_TEXT, "description": "A login, `me`, or null for nobody."}),
        {"to": "me"},
    ),
    responses=shapes.answers(SUMMARY, 401, 403, 404, 413, 422, 429),
)
async def assign_case_to(request: Request, asker: DECIDER, case_id: Case) -> Response:
    """Take a case or give it back; a supervisor gives it to any officer of its office."""
    check_media(request)
    given = parse_object(await read_bytes(request))
    only(given, "to")
    to = text_of(given, "to", 100, required=False)
    shop: Tradelane = request.app.state.lane
    principal = principal_of(asker)

    def work() -> Response:
        assign_to(shop, principal, case_id, to)
        return JSONResponse(_summary(shop, principal, case_id))

    return await run_in_threadpool(work)


# ---------------------------------------------------------------- inside


def _summary(shop: Tradelane, principal: Principal, case_id: int) -> dict[str, Any]:
    file = read_file(shop, case_id, viewer_of(principal))
    return summary_view(file.case, file.names, file.also_open_by)
