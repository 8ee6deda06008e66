"""The week for supervisors and analysts: figures with what they mean, and handing cases over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tradelane.accounts.model import Principal, Role, Scope, User
from tradelane.inspections.model import CaseFilter
from tradelane.journeys.casework import Officer
from tradelane.journeys.figure_tables import FigureTable, all_as_csv, tables_of, week_to_dict
from tradelane.journeys.labels import as_csv, labelled_lines
from tradelane.journeys.oversight import Week, default_period, hand_over, read_week
from tradelane.journeys.record import NotFound
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, check_form, principal_of
from tradelane.web.charts import Chart, columns_over_time, interval
from tradelane.web.problems import status_of
from tradelane.web.translation import translator

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False)
READER = Allow(Scope.OVERSIGHT_READ, Scope.FIGURES_READ)
Reader = Annotated[Asking, Depends(READER)]
Setter = Annotated[Asking, Depends(Allow(Scope.OVERSIGHT_SET))]
MOST_LISTED = 200
_CASE_WORKERS = (Role.OFFICER, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class Shown:
    """A period as somebody may read it."""

    week: Week
    tables: list[FigureTable]
    names: bool
    offices: list[str]

    @property
    def query(self) -> str:
        """The period and office for an address."""
        week = self.week
        return urlencode({"from": week.start, "to": week.last, "office": week.office})


def read_shown(lane: Tradelane, principal: Principal, given: Mapping[str, str]) -> Shown:
    """The figures that ``from``, ``to`` (the last day) and ``office`` ask for; by default the last
    seven days of everything that the asker sees.

    Errors: InputRefused ``oversight.day``, ``inspections.period``.
    """
    names = principal.may(Scope.OVERSIGHT_READ)
    with lane.database.read() as tx:
        start, end = read_period(given, *default_period(lane, tx))
        offices = [principal.office] if principal.office else lane.oversight.offices(tx)
        wanted = principal.office or given.get("office", "").replace("\0", "")[:100]
        logins = {user.id: user.login for user in _everybody(lane, tx)} if names else {}
        week = read_week(lane, tx, start, end, wanted, logins)
    return Shown(week, tables_of(week, names=names), names, offices)


def read_period(given: Mapping[str, str], start: dt.date, end: dt.date) -> tuple[dt.date, dt.date]:
    """The days from ``from`` to ``to`` that were given, both included, or else those of the
    default; the second is the day after. Errors: InputRefused ``oversight.day``."""
    days = {"from": start, "to": end - dt.timedelta(days=1)}
    problems = []
    for name in days:
        if given.get(name):
            try:
                days[name] = dt.date.fromisoformat(given[name])
                if not 1970 <= days[name].year <= 9998:
                    raise ValueError
            except ValueError:
                problems.append(
                    Problem(
                        "oversight.day",
                        f"{given[name][:20]!r} is not a day.",
                        pointer=f"/{name}",
                        hint="Write it like 2026-10-30.",
                    )
                )
    if problems:
        raise InputRefused(problems)
    if given.get("from") and not given.get("to"):
        days["to"] = days["from"] + dt.timedelta(days=6)
    elif given.get("to") and not given.get("from"):
        days["from"] = days["to"] - dt.timedelta(days=6)
    return days["from"], days["to"] + dt.timedelta(days=1)


def _everybody(lane: Tradelane, tx: Any) -> Iterator[User]:
    after = ""
    while found := lane.accounts.users(tx, after=after, limit=500):
        yield from found
        after = found[-1].login


# ---------------------------------------------------------------- the page


@router.get("/overview")
def overview(request: Request, asker: Reader) -> Response:
    """The figures of a period, each with its definition."""
    principal = principal_of(asker)
    lane: Tradelane = request.app.state.lane
    given = request.query_params
    error: TradelaneError | None = None
    try:
        shown = read_shown(lane, principal, given)
    except InputRefused as refused:
        error = refused
        shown = read_shown(lane, principal, {})
    return pages.render(
        request,
        "oversight/overview.html",
        200 if error is None else 422,
        shown=shown,
        week=shown.week,
        tables={table.name: table for table in shown.tables},
        charts=_charts(request, principal, shown.week),
        typed={
            "from": given.get("from") or shown.week.start.isoformat(),
            "to": given.get("to") or shown.week.last.isoformat(),
        },
        problems=[] if error is None else pages.problems_of(error),
        may_set=principal.may(Scope.OVERSIGHT_SET),
    )


def _charts(request: Request, principal: Principal, week: Week) -> dict[str, Chart]:
    words = translator(pages.locale_of(request, principal))
    _ = words.gettext
    days = [row.day.isoformat() for row in week.routed]
    series = [
        (_("Red"), [float(row.red) for row in week.routed], "red"),
        (_("Yellow"), [float(row.yellow) for row in week.routed], "yellow"),
    ]
    if not week.office:
        series.append((_("Green"), [float(row.green or 0) for row in week.routed], "green"))
    labels = {"targeted": _("Targeted"), "random": _("Random")}
    rates = [
        (labels[rate.selected_by], 100 * rate.low, 100 * (rate.rate or 0), 100 * rate.high)
        for rate in week.figures.hit_rates
        if rate.selected_by in labels and rate.low is not None and rate.high is not None
    ]
    lanes = columns_over_time(
        days,
        series,
        unit=_("declarations"),
        title=_("Declarations by lane and day of receipt"),
        words=words,
    )
    found = {"lanes": lanes}
    if rates:
        title = _("Inspections that found something wrong, with 95% intervals")
        found["hits"] = interval(rates, "%", title=title, words=words)
    return found


# ---------------------------------------------------------------- downloads


@router.get("/overview/figures.json")
def all_json(request: Request, asker: Reader) -> Response:
    """Every figure as one JSON object."""
    shown = read_shown(request.app.state.lane, principal_of(asker), request.query_params)
    return _file(orjson.dumps(week_to_dict(shown.week, shown.tables)), _name(shown, "figures.json"))


@router.get("/overview/figures.csv")
def all_csv(request: Request, asker: Reader) -> Response:
    """Every figure as one table."""
    shown = read_shown(request.app.state.lane, principal_of(asker), request.query_params)
    return _file(all_as_csv(shown.tables).encode(), _name(shown, "figures.csv"))


@router.get("/overview/figures/{name}.{kind}")
def one_figure(request: Request, asker: Reader, name: str, kind: str) -> Response:
    """One figure as CSV or JSON."""
    shown = read_shown(request.app.state.lane, principal_of(asker), request.query_params)
    found = next((table for table in shown.tables if table.name == name), None)
    if found is None or kind not in ("csv", "json"):
        raise NotFound(Problem("web.no_page", "There is no such figure."))
    data = found.to_csv().encode() if kind == "csv" else orjson.dumps(found.to_dict())
    return _file(data, _name(shown, f"{name}.{kind}"))


@router.get("/overview/outcomes.csv")
def outcomes(request: Request, asker: Reader) -> Response:
    """Every line with its recorded outcome, as `tradelane target train` takes it."""
    lane: Tradelane = request.app.state.lane

    def pieces() -> Iterator[str]:
        with lane.database.read() as tx:
            yield from as_csv(labelled_lines(lane, tx))

    return StreamingResponse(pieces(), media_type="text/csv", headers=_attached("outcomes.csv"))


def _name(shown: Shown, end: str) -> str:
    return f"{shown.week.start}_{shown.week.last}_{end}"


def _file(data: bytes, name: str) -> Response:
    media = "text/csv" if name.endswith(".csv") else "application/json"
    return Response(data, media_type=media, headers=_attached(name))


def _attached(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}


# ---------------------------------------------------------------- handing cases over


@router.get("/overview/cases")
def cases_of(request: Request, asker: Setter) -> Response:
    """What an officer has to do, to be given to another; without ``officer``: what nobody has."""
    return _cases_page(request, principal_of(asker), request.query_params.get("officer", ""))


@router.post("/overview/cases", dependencies=[Depends(check_form)])
async def give_cases(request: Request, asker: Setter) -> Response:
    """Give the ticked cases to another officer."""
    form = await request.form()
    return await run_in_threadpool(
        _give,
        request,
        principal_of(asker),
        str(form.get("officer", "")),
        [str(value) for value in form.getlist("case")],
        str(form.get("to", "")),
    )


def _give(
    request: Request, principal: Principal, login: str, ticked: list[str], to: str
) -> Response:
    lane: Tradelane = request.app.state.lane
    try:
        with lane.database.read() as tx:
            target = lane.accounts.find_user(tx, to) if to else None
        if target is None or target.disabled or target.role not in _CASE_WORKERS:
            raise InputRefused(
                Problem(
                    "oversight.no_officer",
                    "No officer is chosen who could take the cases.",
                    pointer="/to",
                    hint="Choose one of the list.",
                )
            )
        chosen = [int(one) for one in ticked if one.isascii() and one.isdecimal() and len(one) < 18]
        by = Officer(principal.user_id, principal.login)
        receiver = Officer(target.id, target.login)
        hand_over(lane, chosen, receiver, target.office, by, principal.office)
    except InputRefused as error:
        return _cases_page(request, principal, login, error=error, ticked=ticked, to=to)
    return pages.see_other("/overview/cases?" + urlencode({"officer": login}), "handed-over")


def _cases_page(
    request: Request,
    principal: Principal,
    login: str,
    *,
    error: TradelaneError | None = None,
    ticked: list[str] | None = None,
    to: str = "",
) -> Response:
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        owner = lane.accounts.find_user(tx, login) if login else None
        if login and owner is None:
            raise NotFound(Problem("accounts.not_found", "There is no such officer."))
        wanted = CaseFilter(office=principal.office, unassigned=owner is None)
        if owner is not None:
            wanted = replace(wanted, assigned_to=owner.id)
        found = lane.inspections.queue(tx, wanted, None, MOST_LISTED)
        officers = [
            user
            for user in _everybody(lane, tx)
            if user.role in _CASE_WORKERS and not user.disabled
        ]
    return pages.render(
        request,
        "oversight/cases.html",
        200 if error is None else status_of(error),
        owner=owner,
        cases=found.cases,
        more=found.next is not None,
        officers=officers,
        ticked=ticked or [],
        to=to,
        problems=[] if error is None else pages.problems_of(error),
    )
