"""What an inspection found, line by line, with the files that show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tradelane.inspections.findings import Discrepancy
from tradelane.inspections.model import CaseState
from tradelane.journeys.casework import record_findings
from tradelane.journeys.workbench import CaseFile, open_file, own_case
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.web import pages
from tradelane.web.access import Asking, check_form, principal_of
from tradelane.web.finding_forms import at_their_lines, read_findings, typed_findings
from tradelane.web.problems import status_of
from tradelane.web.queue_filter import safe_query
from tradelane.web.routes.cases import (
    CaseId,
    Decider,
    add_files,
    officer_of,
    read_upload,
)
from tradelane.web.routes.queue import viewer_of

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False)

AT_ONCE = 20
"""Lines on one page of the form; each page is recorded by itself."""


@router.get("/cases/{case_id}/findings")
def ask_findings(request: Request, asker: Decider, case_id: CaseId) -> Response:
    """The form."""
    return _page(request, asker, case_id, request.query_params)


@router.post("/cases/{case_id}/findings", dependencies=[Depends(check_form)])
async def record(request: Request, asker: Decider, case_id: CaseId) -> Response:
    """Keep the files, then the findings; or only the files, with what was typed still there."""
    given, files = await read_upload(request)
    return await run_in_threadpool(_record, request, asker, case_id, given, files)


def _record(
    request: Request,
    asker: Asking,
    case_id: int,
    given: dict[str, str],
    files: list[tuple[str, bytes]],
) -> Response:
    lane: Tradelane = request.app.state.lane
    principal = principal_of(asker)
    only_files = "only_files" in given
    if files or only_files:
        problems = add_files(lane, principal, case_id, files)
        if problems or only_files:
            error = InputRefused(problems) if problems else None
            return _page(request, asker, case_id, given, error)
    with lane.database.read() as tx:
        case = own_case(lane, tx, case_id, viewer_of(principal))
    revision = given.get("revision", "")
    seen = int(revision) if revision.isdecimal() and len(revision) < 9 else -1
    findings = []
    try:
        findings = read_findings(given, _lines(case.lines, given), case)
        record_findings(lane, case_id, findings, seen, officer_of(principal))
    except TradelaneError as error:
        if status_of(error) in (404, 503):
            raise
        placed = type(error)(at_their_lines(error.problems, findings))
        return _page(request, asker, case_id, given, placed)
    query = safe_query(given.get("from", ""))
    return pages.see_other(
        f"/cases/{case_id}" + (f"?from={quote(query, safe='')}" if query else ""), "found"
    )


def _lines(count: int, given: Mapping[str, str]) -> range:
    """The line numbers of the page that is asked for."""
    wanted = given.get("page", "1")
    page = int(wanted) if wanted.isdecimal() and len(wanted) < 6 else 1
    start = (max(1, page) - 1) * AT_ONCE + 1
    if start > count:
        start = 1
    return range(start, min(start + AT_ONCE, count + 1))


def _page(
    request: Request,
    asker: Asking,
    case_id: int,
    given: Mapping[str, str],
    error: TradelaneError | None = None,
) -> Response:
    lane: Tradelane = request.app.state.lane
    principal = principal_of(asker)
    file = open_file(lane, case_id, viewer_of(principal))
    if file.case.state is not CaseState.INSPECTING and not file.findings:
        raise TradelaneError(
            Problem(
                "inspections.not_inspecting",
                "The case is not being inspected.",
                hint="Decide to inspect first.",
            )
        )
    numbers = _lines(file.case.lines, given)
    query = safe_query(given.get("from", ""))
    return pages.render(
        request,
        "officer/findings.html",
        200 if error is None else status_of(error),
        problems=[] if error is None else pages.problems_of(error),
        file=file,
        case=file.case,
        goods=[line for line in file.record.kept.declaration.lines if line.number in numbers],
        typed=typed_findings(given, numbers, file.findings),
        discrepancies=list(Discrepancy),
        page=(numbers.start - 1) // AT_ONCE + 1,
        pages_of_lines=_pages(file),
        query=query,
        nested=quote(query, safe=""),
        revision=file.case.revision,
    )


def _pages(file: CaseFile) -> list[tuple[int, int, int]]:
    """Number, first and last line of every page of the form."""
    count = file.case.lines
    return [
        (place, start, min(start + AT_ONCE - 1, count))
        for place, start in enumerate(range(1, count + 1, AT_ONCE), 1)
    ]
