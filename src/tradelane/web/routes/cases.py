"""One case on one page: everything that is known of it, and the decision."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Principal, Scope
from tradelane.inspections.files import MOST_BYTES
from tradelane.inspections.findings import Evidence, latest_of
from tradelane.inspections.model import FINAL, CaseState, Decision, StepKind, decisions_in
from tradelane.journeys.casework import Officer, Ruling, assign, decide
from tradelane.journeys.comparables import Comparables, compare
from tradelane.journeys.rule_reasons import rule_hits
from tradelane.journeys.workbench import (
    CaseFile,
    officers_for,
    open_file,
    own_case,
    own_evidence,
)
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.web import case_page, pages
from tradelane.web.access import Allow, Asking, check_form, principal_of
from tradelane.web.case_fits import fits_of
from tradelane.web.problems import NotAllowed, status_of
from tradelane.web.queue_filter import safe_query
from tradelane.web.routes.queue import viewer_of
from tradelane.web.translation import translator

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False)
Reader = Annotated[Asking, Depends(Allow(Scope.CASES_READ))]
Decider = Annotated[Asking, Depends(Allow(Scope.CASES_DECIDE))]
CaseId = Annotated[int, Path(ge=1, lt=2**31)]

ANSWER_WITHIN = 14
"""Days that a declarant is offered for an answer, until the officer says otherwise."""
_TYPED = ("decision", "reason", "message", "deadline", "phrase")


def officer_of(principal: Principal) -> Officer:
    """Whoever asks, as they act."""
    return Officer(principal.user_id, principal.login)


@router.get("/cases/{case_id}")
def show_case(request: Request, asker: Reader, case_id: CaseId) -> Response:
    """The case. Whoever may decide it is noted as having it open."""
    return _page(request, asker, case_id, request.query_params)


@router.post("/cases/{case_id}/decide", dependencies=[Depends(check_form)])
async def decide_case(request: Request, asker: Decider, case_id: CaseId) -> Response:
    """Decide, or put a ready-made message into the form."""
    form = texts_of(await request.form())
    return await run_in_threadpool(_decide, request, asker, case_id, form)


@router.post("/cases/{case_id}/assignment", dependencies=[Depends(check_form)])
async def assign_case(request: Request, asker: Decider, case_id: CaseId) -> Response:
    """Take a case, give it back, or (supervisors) give it to anybody."""
    form = texts_of(await request.form())

    def work() -> Response:
        assign_to(request.app.state.lane, principal_of(asker), case_id, form.get("to", ""))
        return pages.see_other(_address(case_id, form), "saved")

    return await run_in_threadpool(work)


@router.get("/cases/{case_id}/evidence/{evidence_id}")
def download_evidence(
    request: Request, asker: Reader, case_id: CaseId, evidence_id: CaseId
) -> Response:
    """A file, always as a download: no browser shows it as a page of ours."""
    return evidence_response(request.app.state.lane, principal_of(asker), case_id, evidence_id)


@router.post("/cases/{case_id}/evidence", dependencies=[Depends(check_form)])
async def upload_evidence(request: Request, asker: Decider, case_id: CaseId) -> Response:
    """Keep files with a case."""
    given, files = await read_upload(request)

    def work() -> Response:
        problems = add_files(request.app.state.lane, principal_of(asker), case_id, files)
        if problems:
            return _page(request, asker, case_id, given, InputRefused(problems))
        return pages.see_other(_address(case_id, given) + "#evidence", "saved")

    return await run_in_threadpool(work)


# ---------------------------------------------------------------- what the API shares


def assign_to(lane: Tradelane, principal: Principal, case_id: int, to: str) -> None:
    """Assign a case: ``to`` is a login, ``me``, or '' for nobody.

    Errors: ``inspections.not_found``; NotAllowed ``web.assign_others``; InputRefused
    ``web.no_officer``.
    """
    me = officer_of(principal)
    with lane.database.read() as tx:
        case = own_case(lane, tx, case_id, viewer_of(principal))
        among = {user.login: user for user in officers_for(lane, tx, case)}
    others = principal.may(Scope.OVERSIGHT_SET)
    if to in ("me", me.login):
        wanted: Officer | None = me
    elif to == "" and (others or case.assigned_to in (None, me.id)):
        wanted = None
    elif not others:
        raise NotAllowed(
            Problem(
                "web.assign_others",
                "You can take a case or give back your own; only a supervisor gives it to others.",
                hint="Ask a supervisor.",
            )
        )
    elif to in among:
        wanted = Officer(among[to].id, to)
    else:
        raise InputRefused(
            Problem(
                "web.no_officer",
                f"{to[:60]!r} is not an officer of this case's office.",
                pointer="/to",
                hint="Choose one of those who are offered.",
            )
        )
    assign(lane, [case_id], wanted, me)


def evidence_response(
    lane: Tradelane, principal: Principal, case_id: int, evidence_id: int
) -> Response:
    """A file's bytes as a download in a sandbox of its own."""
    found, data = own_evidence(lane, case_id, evidence_id, viewer_of(principal))
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in found.name)
    name = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(found.name, safe='')}"
    headers = {
        "content-disposition": name,
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
    }
    return Response(data, headers=headers, media_type=found.media_type)


async def read_upload(request: Request) -> tuple[dict[str, str], list[tuple[str, bytes]]]:
    """The text fields of a form, and names and bytes of what was chosen in its field ``files``: a
    little more than may be kept of each, so that what is too large is seen and never held whole."""
    form = await request.form()
    found = []
    for item in form.getlist("files"):
        if isinstance(item, UploadFile) and (item.filename or item.size):
            found.append((item.filename or "", await item.read(MOST_BYTES + 1)))
    given = texts_of(form)
    await form.close()
    return given, found


def add_files(
    lane: Tradelane, principal: Principal, case_id: int, files: list[tuple[str, bytes]]
) -> list[Problem]:
    """Keep files; those that may not be evidence are the problems, each naming its file."""
    with lane.database.read() as tx:
        own_case(lane, tx, case_id, viewer_of(principal))
    if not files:
        hint = "Choose a PDF, a picture or a text file."
        return [Problem("web.no_file", "No file was chosen.", pointer="/files", hint=hint)]
    problems = []
    for name, data in files:
        keep = partial(_keep_file, lane, principal.user_id, case_id, name, data)
        try:
            lane.database.write(keep)
        except TradelaneError as error:
            if error.problems[0].code == "inspections.not_found":
                raise
            problems += [_of_file(problem, name) for problem in error.problems]
    return problems


def _keep_file(
    lane: Tradelane, user: int, case_id: int, name: str, data: bytes, tx: Any
) -> Evidence:
    return lane.inspections.add_evidence(tx, case_id, name, data, user)


def _of_file(problem: Problem, name: str) -> Problem:
    message = f"{name[:80]}: {problem.message}" if name[:80] not in problem.message else None
    return Problem(problem.code, message or problem.message, pointer="/files", hint=problem.hint)


def texts_of(form: FormData) -> dict[str, str]:
    """The text fields of a form; of several of one name the first."""
    return {name: value for name, value in reversed(form.multi_items()) if isinstance(value, str)}


def read_day(text: str, pointer: str) -> dt.date | None:
    """A day that was typed, None where nothing was. Errors: InputRefused ``web.field``."""
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise InputRefused(
            Problem("web.field", "That is not a day.", pointer=pointer, hint="Write 2026-10-31.")
        ) from None


def read_decision(text: str) -> Decision:
    """A decision that was chosen. Errors: InputRefused ``web.field``."""
    if text not in set(Decision):
        raise InputRefused(
            Problem(
                "web.field",
                "No decision was chosen." if not text else f"{text[:40]!r} is not a decision.",
                pointer="/decision",
                hint=f"Choose one of: {', '.join(Decision)}.",
            )
        )
    return Decision(text)


# ---------------------------------------------------------------- inside


def _decide(request: Request, asker: Asking, case_id: int, form: dict[str, str]) -> Response:
    lane: Tradelane = request.app.state.lane
    principal = principal_of(asker)
    if "insert_phrase" in form:
        return _page(request, asker, case_id, _with_phrase(request, principal, form))
    revision = form.get("revision", "")
    opened = _opened_at(asker, case_id, form.get("seen", ""))
    try:
        with lane.database.read() as tx:
            own_case(lane, tx, case_id, viewer_of(principal))
        decision = read_decision(form.get("decision", ""))
        asks = decision is Decision.REFER
        ruling = Ruling(
            decision=decision,
            revision=int(revision) if revision.isdecimal() and len(revision) < 9 else -1,
            reason=form.get("reason", ""),
            message=form.get("message", "") if asks else "",
            deadline=read_day(form.get("deadline", ""), "/deadline") if asks else None,
            opened_page=opened is not None,
            read_seconds=None if opened is None else max(0, _now(request) - opened),
        )
        decide(lane, case_id, ruling, officer_of(principal))
    except TradelaneError as error:
        if status_of(error) in (404, 503):
            raise
        return _page(request, asker, case_id, form, error)
    if form.get("go_on") == "1":
        query = safe_query(form.get("from", ""))
        return pages.see_other(f"/queue/next?{query}&skip={case_id}&go_on=1", "decided")
    return pages.see_other(_address(case_id, form), "decided")


def _with_phrase(request: Request, principal: Principal, form: dict[str, str]) -> dict[str, str]:
    """The form with the chosen message in it, to be referred within two weeks."""
    phrase = case_page.PHRASES.get(form.get("phrase", ""))
    if phrase is None:
        return form
    say = translator(pages.locale_of(request, principal)).gettext
    today = request.app.state.lane.clock.now().date()
    until = form.get("deadline") or (today + dt.timedelta(days=ANSWER_WITHIN)).isoformat()
    before = form.get("message", "").strip()
    text = "\n\n".join(part for part in (before, say(phrase[1])) if part)
    return {**form, "message": text, "deadline": until, "decision": str(Decision.REFER)}


def _page(
    request: Request,
    asker: Asking,
    case_id: int,
    given: Mapping[str, str],
    error: TradelaneError | None = None,
) -> Response:
    """The page with what was typed; ``given`` is the form or the address's parameters."""
    lane: Tradelane = request.app.state.lane
    principal = principal_of(asker)
    words = translator(pages.locale_of(request, principal))
    file = open_file(lane, case_id, viewer_of(principal))
    wanted = given.get("line", "")
    chosen = int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 9 else None
    front, shown = case_page.shown_lines(file, chosen)
    comparables = _comparables(request, file, frozenset(shown))
    with lane.database.read() as tx:
        officers = officers_for(lane, tx, file.case) if principal.may(Scope.OVERSIGHT_SET) else ()
        hits = rule_hits(lane, tx, file.record)
    code = "" if error is None else error.problems[0].code
    # What was typed into a page that was refused was read since that page was opened.
    opened = _opened_at(asker, case_id, given.get("seen", "")) or _now(request)
    query = safe_query(given.get("from", ""))
    return pages.render(
        request,
        "officer/case.html",
        200 if error is None else status_of(error),
        problems=[] if error is None else pages.problems_of(error),
        conflict=code == "inspections.changed",
        file=file,
        case=file.case,
        front=front,
        lines=case_page.line_views(file, shown, front, comparables, hits, words),
        fits=fits_of(request, file, shown),
        more_lines=[number for number in case_page.ranked(file) if number not in shown],
        comparables=comparables,
        importer=case_page.importer_here(file),
        timeline=case_page.timeline(file, words),
        found=latest_of(file.findings),
        may_decide=principal.may(Scope.CASES_DECIDE) and file.is_current,
        decisions=_allowed(file),
        officers=officers,
        officer_options=[(user.login, f"{user.name} ({user.login})") for user in officers],
        phrases_said=[(key, words.gettext(name)) for key, (name, _) in case_page.PHRASES.items()],
        typed={name: given.get(name, "") for name in _TYPED},
        go_on=given.get("go_on") == "1",
        seen=_proof(asker, case_id, opened),
        query=query,
        nested=quote(query, safe=""),
        is_final=file.case.state in FINAL,
    )


def _allowed(file: CaseFile) -> tuple[Decision, ...]:
    """What can be decided now: an inspection needs its findings first."""
    case = file.case
    if case.state is CaseState.INSPECTING and file.steps[-1].kind is not StepKind.FOUND:
        return ()
    return decisions_in(case.state)


def _comparables(request: Request, file: CaseFile, numbers: frozenset[int]) -> Comparables | None:
    """What the open intake's history compares with; None while no intake is open."""
    try:
        intake = request.app.state.desk.intake
    except TradelaneError:
        return None
    return compare(intake, file.record.kept.declaration, numbers)


def _proof(asker: Asking, case_id: int, at: int) -> str:
    """What only the page of this case carries, made for this session: that it was opened, and
    when (in seconds of Unix time)."""
    text = f"{asker.csrf} opened case {case_id} at {at}"
    return f"{at}.{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _opened_at(asker: Asking, case_id: int, proof: str) -> int | None:
    """When the page was opened that carries this proof; None where it proves nothing."""
    at = proof.partition(".")[0]
    if not (at.isascii() and at.isdecimal() and len(at) < 12):
        return None
    mine = _proof(asker, case_id, int(at))
    return int(at) if hmac.compare_digest(proof.encode(), mine.encode()) else None


def _now(request: Request) -> int:
    return int(request.app.state.lane.clock.now().timestamp())


def _address(case_id: int, given: Mapping[str, str]) -> str:
    query = safe_query(given.get("from", ""))
    return f"/cases/{case_id}" + (f"?from={quote(query, safe='')}" if query else "")
