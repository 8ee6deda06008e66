"""The model watched at work: alarms first, then the figures that they come from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Principal, Scope
from tradelane.journeys.intake import Intake, IntakeClosed
from tradelane.journeys.record import NotFound
from tradelane.journeys.watching import Watch, watch, watched_period
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.targeting.monitoring.drift import AGED, STEADY, Drift
from tradelane.targeting.monitoring.groups import TRAITS
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, principal_of
from tradelane.web.charts import Chart, bars, interval
from tradelane.web.routes.overview import read_period
from tradelane.web.translation import Translator, translator

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False)
Reader = Annotated[Asking, Depends(Allow(Scope.OVERSIGHT_READ, Scope.FIGURES_READ))]
MOST_FEATURES = 15
"""So many features are on the page; the download has all."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A watched period as somebody may read it; ``watch`` is None while no order is in force."""

    start: dt.date
    end: dt.date
    office: str
    offices: list[str]
    watch: Watch | None
    known: dt.date | None = None

    @property
    def last(self) -> dt.date:
        """The last day of the period."""
        return self.end - dt.timedelta(days=1)

    @property
    def query(self) -> str:
        """The period and office for an address."""
        asked = {"from": self.start, "to": self.last, "office": self.office}
        return urlencode(asked | ({"known": self.known} if self.known else {}))


def read_shown(request: Request, principal: Principal, given: Mapping[str, str]) -> Shown:
    """What ``from``, ``to`` (the last day), ``office`` and ``known`` (outcomes recorded after that
    day are not) ask for; by default the last four weeks of everything that the asker sees, as it
    is known today.

    Errors: InputRefused ``oversight.day``, ``inspections.period``.
    """
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        start, end = read_period(given, *watched_period(lane, tx))
        offices = [principal.office] if principal.office else lane.oversight.offices(tx)
    known = None
    if given.get("known"):
        known = read_period({"from": given["known"], "to": given["known"]}, start, end)[0]
    office = principal.office or given.get("office", "").replace("\0", "")[:100]
    try:
        intake: Intake = request.app.state.desk.intake
    except IntakeClosed:
        return Shown(start, end, office, offices, None)
    found = watch(lane, intake, start, end, office, known)
    return Shown(start, end, office, offices, found, known)


@router.get("/monitoring")
def monitoring(request: Request, asker: Reader) -> Response:
    """How the model in force does, and what to do about it."""
    principal = principal_of(asker)
    given = request.query_params
    error: TradelaneError | None = None
    try:
        shown = read_shown(request, principal, given)
    except InputRefused as refused:
        error = refused
        shown = read_shown(request, principal, {})
    trait = given.get("trait", "")
    words = translator(pages.locale_of(request, principal))
    return pages.render(
        request,
        "monitoring/monitoring.html",
        200 if error is None else 422,
        shown=shown,
        watch=shown.watch,
        tables={} if shown.watch is None else {table.name: table for table in shown.watch.tables},
        charts={} if shown.watch is None else _charts(shown.watch, words),
        moved=[] if shown.watch is None else _moved(shown.watch),
        trait=trait if trait in TRAITS else TRAITS[0],
        traits=TRAITS,
        typed={
            "from": given.get("from") or shown.start.isoformat(),
            "to": given.get("to") or shown.last.isoformat(),
            "known": given.get("known", ""),
        },
        problems=[] if error is None else pages.problems_of(error),
    )


@router.get("/monitoring/figures/{name}.{kind}")
def one_watched_figure(request: Request, asker: Reader, name: str, kind: str) -> Response:
    """One figure as CSV or JSON."""
    shown = read_shown(request, principal_of(asker), request.query_params)
    tables = [] if shown.watch is None else shown.watch.tables
    found = next((table for table in tables if table.name == name), None)
    if found is None or kind not in ("csv", "json"):
        raise NotFound(Problem("web.no_page", "There is no such figure."))
    data = found.to_csv().encode() if kind == "csv" else orjson.dumps(found.to_dict())
    file = f"{shown.start}_{shown.last}_{name}.{kind}"
    return Response(
        data,
        media_type="text/csv" if kind == "csv" else "application/json",
        headers={"content-disposition": f'attachment; filename="{file}"'},
    )


def _moved(watch: Watch) -> list[Drift]:
    drifts = [one for one in watch.report.drifts if one.level not in (STEADY, AGED)]
    return list(drifts or watch.report.drifts)[:MOST_FEATURES]


def _charts(watch: Watch, words: Translator) -> dict[str, Chart]:
    _ = words.gettext
    report = watch.report
    found: dict[str, Chart] = {}
    rates = [
        (span.first.isoformat(), 100 * rate.low, 100 * rate.value, 100 * rate.high)
        for span in report.spans
        if (rate := span.population.rate) is not None
    ]
    if rates:
        title = _("Estimated share of wrong lines by first day of the span, with 95% intervals")
        found["rates"] = interval(rates, "%", title=title, words=words)
    moves = [(s.first.isoformat(), s.scores.index) for s in report.spans if s.scores is not None]
    if moves:
        title = _("Stability index of the probabilities by first day of the span")
        found["scores"] = bars(moves, _("stability index"), title=title, words=words)
    hits = [
        (_by(rate.selected_by, _), 100 * rate.rate.low, 100 * rate.rate.value, 100 * rate.rate.high)
        for rate in report.hit_rates
        if rate.rate is not None
    ]
    if hits:
        title = _("Inspected lines that were wrong, with 95% intervals")
        found["hits"] = interval(hits, "%", title=title, words=words)
    for name, bins, factor, unit, title in (
        (
            "revenue",
            report.revenue,
            1.0,
            _("a line"),
            _("Recovered revenue a line, where the least was expected first"),
        ),
        ("calibration", report.calibration, 100.0, "%", _("Found share by promised probability")),
    ):
        if bins:
            found[name] = interval(
                [
                    (str(place), factor * one.low, factor * one.found, factor * one.high)
                    for place, one in enumerate(bins, 1)
                ],
                unit,
                marks=[factor * one.expected for one in bins],
                title=title,
                words=words,
            )
    return found


def _by(kind: str, _: object) -> str:
    assert callable(_)
    names = {
        "model": _("Model"),
        "rule": _("Rule"),
        "novel": _("Novel"),
        "random": _("Random"),
        "all": _("All"),
    }
    return str(names[kind])
