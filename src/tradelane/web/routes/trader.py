"""A trader's or broker's declarations: the list, one declaration, and everything to take along."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tradelane.accounts.model import Principal, Scope
from tradelane.declarations.model import Listed, State, Verb
from tradelane.journeys.following import (
    STATES_OF,
    Followed,
    Waiting,
    follow,
    receipt,
    waiting,
)
from tradelane.journeys.preparing import change_problem
from tradelane.kit.errors import Problem
from tradelane.kit.plaintext import clean_line
from tradelane.kit.spreadsheet import safe_cell
from tradelane.trade.declaration import content
from tradelane.trade.identifiers import TRANSPORT_MODES
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, principal_of
from tradelane.web.addresses import Declarant, Reference, declaration_page
from tradelane.web.economies import economies

router = APIRouter(include_in_schema=False)
Asker = Annotated[Asking, Depends(Allow(Scope.DECLARATIONS_WRITE))]
"""Only who files: officers read declarations on their own pages."""

A_PAGE = 20
A_CHUNK = 500
COLUMNS = ("declarant", "reference", "version", "status", "state", "lines", "received_at")

State_ = Annotated[str, Query(alias="state", max_length=30)]
Text = Annotated[str, Query(alias="reference", max_length=100)]
Before = Annotated[int | None, Query(ge=1, le=2**62)]


@router.get("/declarations")
def list_declarations(
    request: Request, asker: Asker, state: State_ = "", text: Text = "", before: Before = None
) -> Response:
    """What waits for the reader, then their declarations, newest first."""
    principal = principal_of(asker)
    lane = request.app.state.lane
    text = clean_line(text)
    with lane.database.read() as tx:
        waits = waiting(lane, tx, principal.declarants)
        found = _list(lane, tx, principal, state, text, before, A_PAGE + 1)
        drafts = lane.drafts.open_of(tx, principal.organisation_id, 5)
    kept = {key: value for key, value in (("state", state), ("reference", text)) if value}
    return pages.render(
        request,
        "trader/list.html",
        waits=waits,
        listed=[
            {"item": item, "status": waits.status(item), "href": _page_of(item)}
            for item in found[:A_PAGE]
        ],
        next_page=_address("/declarations", kept, found),
        first_page=None if before is None else _query("/declarations", kept),
        downloads=_query("", kept),
        drafts=drafts,
        state=state if state in STATES_OF else "",
        states=list(STATES_OF),
        reference=text,
        narrowed=bool(kept),
        page_of=declaration_page,
        many_declarants=len(principal.declarants) > 1,
    )


@router.get("/declarations.csv")
def download_csv(
    request: Request, asker: Asker, state: State_ = "", text: Text = ""
) -> StreamingResponse:
    """The list as CSV, whole; cells are safe to open in a spreadsheet."""
    principal = principal_of(asker)

    def lines() -> Iterator[bytes]:
        yield "\ufeff".encode()
        yield _csv_line(COLUMNS)
        for waits, chunk in _chunks(request, principal, state, clean_line(text)):
            for item in chunk:
                row = _row(item, waits)
                yield _csv_line(safe_cell(str(row[name])) for name in COLUMNS)

    return StreamingResponse(
        lines(),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="declarations.csv"'},
    )


@router.get("/declarations.json")
def download_json(
    request: Request, asker: Asker, state: State_ = "", text: Text = ""
) -> StreamingResponse:
    """The list as JSON, whole."""
    principal = principal_of(asker)

    def parts() -> Iterator[bytes]:
        joint = b"[\n"
        for waits, chunk in _chunks(request, principal, state, clean_line(text)):
            for item in chunk:
                yield joint + orjson.dumps(_row(item, waits))
                joint = b",\n"
        yield b"[]\n" if joint == b"[\n" else b"\n]\n"

    return StreamingResponse(
        parts(),
        media_type="application/json",
        headers={"content-disposition": 'attachment; filename="declarations.json"'},
    )


@router.get("/declarations/{declarant}/{reference}")
def show_declaration(
    request: Request, asker: Asker, declarant: Declarant, reference: Reference
) -> Response:
    """One declaration: where it stands, what is due, what was written, what to do."""
    principal = principal_of(asker)
    return render_declaration(request, principal, _follow(request, principal, declarant, reference))


@router.get("/declarations/{declarant}/{reference}/everything.json")
def download_declaration(
    request: Request, asker: Asker, declarant: Declarant, reference: Reference
) -> Response:
    """Everything on its page, and what was declared."""
    followed = _follow(request, principal_of(asker), declarant, reference)
    body = {**followed.to_dict(), "declared": content(followed.declaration)}
    return _json_file(body, "declaration.json")


@router.get("/declarations/{declarant}/{reference}/receipts.json")
def download_receipts(
    request: Request, asker: Asker, declarant: Declarant, reference: Reference
) -> Response:
    """A receipt of each entry that the declarant may have, to keep and to verify."""
    lane = request.app.state.lane
    principal = principal_of(asker)
    with lane.database.read() as tx:
        followed = follow(lane, tx, principal.declarants, declarant, reference)
        found = [receipt(lane, tx, followed, stored.index) for stored in followed.receipts]
    return _json_file([one.to_dict() for one in found], "receipts.json")


@router.get("/declarations/{declarant}/{reference}/receipts/{index}")
def download_receipt(
    request: Request, asker: Asker, declarant: Declarant, reference: Reference, index: int
) -> Response:
    """The receipt of one entry."""
    lane = request.app.state.lane
    principal = principal_of(asker)
    with lane.database.read() as tx:
        followed = follow(lane, tx, principal.declarants, declarant, reference)
        found = receipt(lane, tx, followed, index)
    return _json_file(found.to_dict(), f"receipt-{index}.json")


# ---------------------------------------------------------------- what other pages share


def render_declaration(
    request: Request,
    principal: Principal,
    followed: Followed,
    problems: Sequence[Problem] = (),
    status: int = 200,
    typed: str = "",
    answering: int | None = None,
) -> Response:
    """The page of a declaration; ``typed``: an answer to the message ``answering`` that could not
    be sent."""
    lane = request.app.state.lane
    names = dict(economies(pages.locale_of(request, principal)))
    asked = [message for message in followed.messages if message.awaits_answer]
    return pages.render(
        request,
        "trader/declaration.html",
        status,
        followed=followed,
        declaration=followed.declaration,
        page=declaration_page(*followed.declaration.key),
        may_amend=change_problem(followed.kept.status, Verb.AMEND) is None,
        may_withdraw=change_problem(followed.kept.status, Verb.CANCEL) is None,
        why_not=change_problem(followed.kept.status, Verb.AMEND),
        names=names,
        modes=TRANSPORT_MODES,
        today=lane.clock.now().date(),
        typed=typed,
        answering=answering or (asked[0].id if asked else None),
        problems=[problem.to_dict() for problem in problems],
    )


def show_problem(
    request: Request, principal: Principal, followed: Followed, problem: Problem
) -> Response:
    """The page of a declaration with why something cannot be done to it."""
    return render_declaration(request, principal, followed, (problem,), 409)


def _follow(request: Request, principal: Principal, declarant: str, reference: str) -> Followed:
    lane = request.app.state.lane
    with lane.database.read() as tx:
        return follow(lane, tx, principal.declarants, declarant, reference)


def _list(
    lane: Any,
    tx: Any,
    principal: Principal,
    state: str,
    text: str,
    before: int | None,
    limit: int,
) -> list[Listed]:
    states: tuple[State, ...] = STATES_OF.get(state, ())
    found: list[Listed] = lane.declarations.of_declarants(
        tx, sorted(principal.declarants), states=states, text=text, before=before, limit=limit
    )
    return found


def _chunks(
    request: Request, principal: Principal, state: str, text: str
) -> Iterator[tuple[Waiting, list[Listed]]]:
    """The whole list, some at a time: no transaction stays open while somebody reads slowly."""
    lane = request.app.state.lane
    before: int | None = None
    while True:
        with lane.database.read() as tx:
            waits = waiting(lane, tx, principal.declarants)
            found = _list(lane, tx, principal, state, text, before, A_CHUNK)
        yield waits, found
        if len(found) < A_CHUNK:
            return
        before = found[-1].id


def _row(item: Listed, waits: Waiting) -> dict[str, Any]:
    return {
        "declarant": item.declarant,
        "reference": item.reference,
        "version": item.version,
        "status": waits.status(item),
        "state": str(item.status),
        "lines": item.line_count,
        "received_at": item.received_at,
    }


def _csv_line(cells: Any) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()


def _json_file(body: Any, name: str) -> Response:
    return Response(
        orjson.dumps(body, option=orjson.OPT_INDENT_2),
        media_type="application/json",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _page_of(item: Listed) -> str:
    return declaration_page(item.declarant, item.reference)


def _query(path: str, kept: dict[str, str]) -> str:
    return f"{path}?{urlencode(kept)}" if kept else path


def _address(path: str, kept: dict[str, str], found: Sequence[Listed]) -> str | None:
    """Where the next page is, if there is one."""
    if len(found) <= A_PAGE:
        return None
    return f"{path}?{urlencode({**kept, 'before': found[A_PAGE - 1].id})}"
