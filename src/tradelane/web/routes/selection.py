"""The order of selection: what is in force, what was, proposing another one, and agreeing to it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Scope
from tradelane.journeys import orders
from tradelane.journeys.adoption import listed
from tradelane.journeys.cards import read_card
from tradelane.journeys.foresight import foresee
from tradelane.journeys.intake import IntakeClosed
from tradelane.journeys.orders import Standing, history, standing, standing_in_force
from tradelane.journeys.terms import Terms, offices_text, read_terms
from tradelane.kit.errors import TradelaneError
from tradelane.kit.spreadsheet import safe_cell
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, check_form, principal_of
from tradelane.web.charts import Chart
from tradelane.web.model_charts import pictures
from tradelane.web.problems import status_of
from tradelane.web.translation import translator

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False)
Reader = Annotated[Asking, Depends(Allow(Scope.OVERSIGHT_READ))]
Setter = Annotated[Asking, Depends(Allow(Scope.OVERSIGHT_SET))]
_SETTINGS = (
    *("opened_at", "ordered_by", "agreed_by", "budget", "random_share", "novel_share", "balance"),
    *("model", "challenger", "rules", "pack_id", "reason"),
)
_FIELDS = (
    *("budget", "random_share", "novel_share", "balance", "offices"),
    *("model", "challenger", "reason", "seen"),
)


@router.get("/selection")
def selection(request: Request, asker: Reader) -> Response:
    """The order in force, what is proposed in its place, and the orders before it."""
    return _page(request, asker)


@router.get("/selection/orders.csv")
def orders_csv(request: Request, asker: Reader) -> Response:
    """The orders so far as a table, newest first; shares from 0 to 1."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = history(lane, tx)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["id", *_SETTINGS, "offices", "cut_score", "lines", "selected", "entry"])
    for order in found:
        settings = order.settings
        cells = [order.batch_id, *(settings.get(name, "") for name in _SETTINGS)]
        cells += [offices_text(Terms.of(settings, "").offices).replace("\n", "; ")]
        cells += [order.selection.cut_score or "", order.lines, order.inspected]
        cells += [order.opened.index]
        writer.writerow([safe_cell(str(cell)) for cell in cells])
    headers = {"content-disposition": 'attachment; filename="orders.csv"'}
    return Response(out.getvalue(), media_type="text/csv", headers=headers)


@router.post("/selection/preview", dependencies=[Depends(check_form)])
async def preview(request: Request, asker: Setter) -> Response:
    """What a new order would have done to the latest lines; nothing is changed."""
    typed = await _typed(request)
    lane: Tradelane = request.app.state.lane

    def work() -> Response:
        try:
            with lane.database.read() as tx:
                now = standing_in_force(lane, tx)
                terms = _terms(typed, now)
                orders.check(lane, tx, terms)
                foreseen = foresee(lane, tx, terms)
                dial = _dial(request, asker, tx, terms)
        except TradelaneError as error:
            return _page(request, asker, typed=typed, error=error)
        return pages.render(
            request,
            "oversight/preview.html",
            terms=terms,
            foreseen=foreseen,
            dial=dial,
            typed=typed,
            proposal=None,
            problems=[],
        )

    return await run_in_threadpool(work)


@router.post("/selection", dependencies=[Depends(check_form)])
async def propose(request: Request, asker: Setter) -> Response:
    """Propose the new order; a second person has to agree."""
    typed = await _typed(request)
    lane: Tradelane = request.app.state.lane

    def work() -> Response:
        try:
            with lane.database.read() as tx:
                terms = _terms(typed, standing_in_force(lane, tx))
            orders.propose(lane, terms, typed["seen"], principal_of(asker).login)
        except TradelaneError as error:
            return _page(request, asker, typed=typed, error=error)
        return pages.see_other("/selection", "proposed")

    return await run_in_threadpool(work)


@router.get("/selection/proposals/{number}")
def proposal(request: Request, number: int, asker: Reader) -> Response:
    """A proposed order with what it would have done to the latest lines, to agree to or decline."""
    return _proposal(request, number, asker)


@router.post("/selection/proposals/{number}/agree", dependencies=[Depends(check_form)])
async def agree(request: Request, number: int, asker: Setter) -> Response:
    """Put a colleague's proposal in force."""
    digest = await _text(request, "digest")
    login = principal_of(asker).login
    return await _decided(
        request, number, asker, lambda lane: orders.agree(lane, number, login, digest), "ordered"
    )


@router.post("/selection/proposals/{number}/decline", dependencies=[Depends(check_form)])
async def decline(request: Request, number: int, asker: Setter) -> Response:
    """Say no to a colleague's proposal, and why."""
    remark = await _text(request, "remark")
    login = principal_of(asker).login
    return await _decided(
        request, number, asker, lambda lane: orders.decline(lane, number, login, remark), "saved"
    )


@router.post("/selection/proposals/{number}/withdraw", dependencies=[Depends(check_form)])
async def withdraw(request: Request, number: int, asker: Setter) -> Response:
    """Take one's own proposal back."""
    login = principal_of(asker).login
    return await _decided(
        request, number, asker, lambda lane: orders.withdraw(lane, number, login), "saved"
    )


async def _decided(
    request: Request,
    number: int,
    asker: Asking,
    decide: Callable[[Tradelane], Any],
    notice: str,
) -> Response:
    def work() -> Response:
        try:
            decide(request.app.state.lane)
        except TradelaneError as error:
            return _proposal(request, number, asker, error)
        return pages.see_other("/selection", notice)

    return await run_in_threadpool(work)


async def _typed(request: Request) -> dict[str, str]:
    form = await request.form()
    return {name: str(form.get(name, "")).replace("\0", "")[:4000] for name in _FIELDS}


async def _text(request: Request, name: str) -> str:
    form = await request.form()
    return str(form.get(name, "")).replace("\0", "")[:2000]


def _terms(typed: dict[str, str], now: Standing) -> Terms:
    """What was typed, with the rules that are in force: they are changed on their own page."""
    return read_terms(typed, now.settings.get("rules", ""))


def _page(
    request: Request,
    asker: Asking,
    *,
    typed: dict[str, str] | None = None,
    error: TradelaneError | None = None,
) -> Response:
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = history(lane, tx)
        models = listed(lane, tx)
        proposed = orders.proposals(lane, tx)
    now = next((order for order in found if order.closed is None), None)
    return pages.render(
        request,
        "oversight/selection.html",
        200 if error is None else status_of(error),
        now=now,
        orders=found,
        proposals=proposed,
        models=models,
        typed=_kept(typed, now),
        may_set=principal_of(asker).may(Scope.OVERSIGHT_SET) and now is not None,
        problems=[] if error is None else pages.problems_of(error),
        closed=now is None or isinstance(error, IntakeClosed),
    )


def _proposal(
    request: Request, number: int, asker: Asking, error: TradelaneError | None = None
) -> Response:
    lane: Tradelane = request.app.state.lane
    who = principal_of(asker)
    with lane.database.read() as tx:
        found = orders.get_proposal(lane, tx, number)
        terms = Terms.of(found.content, found.reason)
        now = standing(lane, tx)
        fits = found.is_open and now is not None and now.batch_id == found.content["seen"]
        foreseen = foresee(lane, tx, terms) if fits and error is None else None
        dial = _dial(request, asker, tx, terms) if foreseen is not None else None
    return pages.render(
        request,
        "oversight/preview.html",
        200 if error is None else status_of(error),
        terms=terms,
        foreseen=foreseen,
        dial=dial,
        typed={},
        proposal=found,
        fits=fits,
        own_proposal=found.proposed_by == who.login,
        may_set=who.may(Scope.OVERSIGHT_SET),
        problems=[] if error is None else pages.problems_of(error),
    )


def _dial(request: Request, asker: Asking, tx: Any, terms: Terms) -> Chart | None:
    """How precision and revenue change along the balance, where the model was measured for it."""
    quality = read_card(request.app.state.lane, tx, terms.model).quality
    words = translator(pages.locale_of(request, principal_of(asker)))
    return pictures(quality, words).get("frontier")


def _kept(typed: dict[str, str] | None, now: Standing | None) -> dict[str, str]:
    if typed is not None:
        # After a conflict the page shows the order that is in force now: that one is seen.
        return {**typed, "seen": now.batch_id if now else ""}
    if now is None:
        return dict.fromkeys(_FIELDS, "")
    terms = Terms.of(now.settings, "")
    return {
        "budget": f"{100 * terms.budget:g}",
        "random_share": f"{100 * terms.random_share:g}",
        "novel_share": f"{100 * terms.novel_share:g}",
        "balance": "" if terms.balance is None else f"{terms.balance:g}",
        "offices": offices_text(terms.offices),
        "model": terms.model,
        "challenger": terms.challenger,
        "reason": "",
        "seen": now.batch_id,
    }
