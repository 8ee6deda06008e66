"""The officer's queue: what is worth looking at first, filtered, saved, downloaded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from tradelane.accounts.model import Principal, Scope
from tradelane.inspections.model import Cursor
from tradelane.journeys.workbench import Shelf, Viewer, all_cases, next_free, shelf
from tradelane.kit.clock import read_stamp
from tradelane.kit.errors import InputRefused, TradelaneError
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, check_form, principal_of
from tradelane.web.case_views import csv_of, json_of
from tradelane.web.queue_filter import QueueFilter, read_filter, safe_query, typed_filter

router = APIRouter(include_in_schema=False)
Reader = Annotated[Asking, Depends(Allow(Scope.CASES_READ))]

PAGE = 25
MOST_COUNTED = 1000
"""More cases than these are not counted: nobody reads the number, and counting is dear."""


def viewer_of(principal: Principal) -> Viewer:
    """Whoever asks, as the workbench knows them."""
    return Viewer(principal.user_id, principal.office, principal.may(Scope.CASES_DECIDE))


@router.get("/queue")
def queue(request: Request, asker: Reader) -> Response:
    """A page of the queue."""
    return _page(request, principal_of(asker), request.query_params)


@router.get("/queue/next")
def open_next(request: Request, asker: Reader) -> Response:
    """The first case of the filter that nobody else works on; back to the queue where none is."""
    principal = principal_of(asker)
    given = request.query_params
    found = read_filter(given, principal.user_id)
    skip = given.get("skip", "")
    number = int(skip) if skip.isascii() and skip.isdecimal() and len(skip) < 18 else None
    case = next_free(request.app.state.lane, viewer_of(principal), found.wanted, number)
    if case is None:
        return pages.see_other(f"/queue?{found.query}", "no-next")
    go_on = "&go_on=1" if given.get("go_on") == "1" else ""
    return RedirectResponse(f"/cases/{case.id}?from={_nested(found.query)}{go_on}", 303)


@router.get("/queue.csv")
def download_csv(request: Request, asker: Reader) -> Response:
    """The filtered cases as CSV."""
    return _download(request, principal_of(asker), "csv")


@router.get("/queue.json")
def download_json(request: Request, asker: Reader) -> Response:
    """The filtered cases as JSON."""
    return _download(request, principal_of(asker), "json")


@router.post("/queue/views", dependencies=[Depends(check_form)])
async def save_view(request: Request, asker: Reader) -> Response:
    """Keep the filter under a name."""
    principal = principal_of(asker)
    form = await request.form()
    name, query = str(form.get("name", "")), safe_query(str(form.get("query", "")))
    lane = request.app.state.lane

    def work() -> Response:
        try:
            lane.database.write(
                lambda tx: lane.accounts.save_view(tx, principal.user_id, name, query)
            )
        except TradelaneError as error:
            given = typed_filter(_parsed(query))
            return _page(request, principal, given, error=error, name=name)
        return pages.see_other(f"/queue?{query}", "saved")

    return await run_in_threadpool(work)


@router.post("/queue/views/{view_id}/delete", dependencies=[Depends(check_form)])
async def delete_view(request: Request, asker: Reader, view_id: int) -> Response:
    """Forget a saved filter of one's own."""
    principal = principal_of(asker)
    lane = request.app.state.lane

    def work() -> None:
        lane.database.write(lambda tx: lane.accounts.delete_view(tx, principal.user_id, view_id))

    await run_in_threadpool(work)
    return pages.see_other("/queue", "saved")


# ---------------------------------------------------------------- inside


def _page(
    request: Request,
    principal: Principal,
    given: Mapping[str, str],
    *,
    error: TradelaneError | None = None,
    name: str = "",
) -> Response:
    lane = request.app.state.lane
    viewer = viewer_of(principal)
    try:
        found = read_filter(given, principal.user_id)
        after = Cursor.read(given["after"]) if given.get("after") else None
    except InputRefused as refused:
        error, after = refused, None
        found = read_filter({}, principal.user_id)
        found = QueueFilter(typed_filter(given), found.wanted)
    page = shelf(lane, viewer, found.wanted, after, PAGE, most=MOST_COUNTED + 1)
    with lane.database.read() as tx:
        views = lane.accounts.views(tx, principal.user_id)
        answers = lane.correspondence.arrived(tx, principal.office, 20)
    return pages.render(
        request,
        "officer/queue.html",
        200 if error is None else 422,
        problems=[] if error is None else pages.problems_of(error),
        filter=found,
        shelf=page,
        rows=_rows(page, lane.clock.now()),
        most_counted=MOST_COUNTED,
        nested=_nested(found.query),
        next_page=_address(found.query, page.next),
        first_page=f"/queue?{found.query}" if after is not None else None,
        views=views,
        current_view=next((view for view in views if view.query == found.query), None),
        answers=[message for message in answers if message.case_id is not None],
        view_name=name,
    )


def _rows(page: Shelf, now: dt.datetime) -> list[dict[str, Any]]:
    """The cases with their age and the names of whoever works on them."""
    return [
        {
            "case": case,
            "hours": max(0.0, (now - read_stamp(case.received_at)).total_seconds() / 3600),
            "open_by": page.names.get(page.open_by.get(case.id, -1), ""),
            "assigned_to": page.names.get(case.assigned_to or -1, ""),
        }
        for case in page.cases
    ]


def _download(request: Request, principal: Principal, kind: str) -> Response:
    found = read_filter(request.query_params, principal.user_id)
    cases = all_cases(request.app.state.lane, viewer_of(principal), found.wanted)
    body, media = (
        (csv_of(cases), "text/csv; charset=utf-8")
        if kind == "csv"
        else (json_of(cases), "application/json")
    )
    headers = {"content-disposition": f'attachment; filename="cases.{kind}"'}
    return StreamingResponse(body, headers=headers, media_type=media)


def _address(query: str, after: Cursor | None) -> str | None:
    if after is None:
        return None
    return f"/queue?{query}{'&' if query else ''}after={after.text()}"


def _nested(query: str) -> str:
    """A query string as the value of a parameter of another."""

    return quote(query, safe="")


def _parsed(query: str) -> dict[str, str]:

    return dict(parse_qsl(query))
