"""Rules and watchlists in force: each with its own hit rate, and what they were before."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Scope
from tradelane.journeys import rulebook
from tradelane.journeys.rule_figures import RuleFigures, matched_lines, rule_figures
from tradelane.kit.errors import Problem, TradelaneError
from tradelane.kit.spreadsheet import safe_cell
from tradelane.targeting.rules.changes import describe
from tradelane.targeting.rules.document import dump
from tradelane.targeting.rules.doubts import doubts
from tradelane.targeting.rules.fields import FIELDS
from tradelane.targeting.rules.model import Rule, Watchlist
from tradelane.targeting.rules.testing import count_outcomes
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, principal_of
from tradelane.web.charts import Chart, interval
from tradelane.web.problems import status_of
from tradelane.web.translation import translator

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False)
READER = Allow(Scope.OVERSIGHT_READ, Scope.RULES_PROPOSE, Scope.RULES_AGREE)
Reader = Annotated[Asking, Depends(READER)]
MOST_ENTRIES = 500
MOST_LINES = 50
MOST_CHARTED = 20
_NOTHING = count_outcomes(0, 0, 0, 0.0)
NONE = RuleFigures(_NOTHING, _NOTHING, _NOTHING)


@dataclass(frozen=True)
class Listed:
    """A rule in force with its figures."""

    rule: Rule
    figures: RuleFigures

    @property
    def lines(self) -> int:
        """All lines that it matched, fired or in shadow."""
        return self.figures.live.lines + self.figures.shadow.lines

    @property
    def rate(self) -> float:
        """For sorting: the rate while it fired, else in shadow; -1 where none is known."""
        rates = (self.figures.live.rate, self.figures.shadow.rate)
        return next((rate for rate in rates if rate is not None), -1.0)


_SORTS: dict[str, Callable[[Listed], Any]] = {
    "id": lambda one: one.rule.id,
    "lines": lambda one: (-one.lines, one.rule.id),
    "rate": lambda one: (-one.rate, one.rule.id),
}
_COLUMNS = (
    "rule",
    "title",
    "action",
    "status",
    "valid_from",
    "valid_to",
    *(
        f"{when}_{name}"
        for when in ("live", "shadow", "by_chance")
        for name in ("lines", "known", "wrong", "rate", "low", "high", "revenue")
    ),
)


@router.get("/rules")
def rules(request: Request, asker: Reader) -> Response:
    """Every rule in force with its own hit rate, the watchlists, drafts and proposals."""
    return list_page(request, asker)


def list_page(request: Request, asker: Asking, error: TradelaneError | None = None) -> Response:
    """The list, with what was wrong with the last request."""
    lane: Tradelane = request.app.state.lane
    given = {name: request.query_params.get(name, "") for name in ("status", "sort")}
    principal = principal_of(asker)
    with lane.database.read() as tx:
        now = rulebook.in_force(lane, tx)
        listed = _listed(now.rules.rules, rule_figures(lane, tx), given)
        proposals = list(rulebook.proposals(lane, tx))
        drafts, versions = lane.rulebook.drafts(tx), lane.rulebook.versions(tx)
    today = lane.clock.now().date()
    return pages.render(
        request,
        "rules/list.html",
        200 if error is None else status_of(error),
        now_in_force=now,
        listed=listed,
        chart=_chart(request, asker, listed),
        doubts=doubts(now.rules, today),
        today=today,
        proposals=proposals,
        drafts=drafts,
        versions=versions,
        given=given,
        query="&".join(f"{name}={value}" for name, value in given.items() if value.isalpha()),
        may_propose=principal.may(Scope.RULES_PROPOSE),
        problems=[] if error is None else pages.problems_of(error),
    )


def _listed(
    found: Iterable[Rule], figures: dict[str, RuleFigures], given: dict[str, str]
) -> list[Listed]:
    listed = [Listed(rule, figures.get(rule.id, NONE)) for rule in found]
    if given["status"]:
        listed = [one for one in listed if one.rule.status == given["status"]]
    if given["sort"] in _SORTS:
        listed.sort(key=_SORTS[given["sort"]])
    return listed


def _chart(request: Request, asker: Asking, listed: Sequence[Listed]) -> Chart | None:
    words = translator(pages.locale_of(request, asker.principal))
    _ = words.gettext
    rows = []
    for one in listed:
        kinds = ((one.figures.live, ""), (one.figures.shadow, _(" (shadow)")))
        for found, mark in kinds:
            if found.rate is not None and found.low is not None and found.high is not None:
                name = f"{one.rule.id}{mark}"
                rows.append((name, 100 * found.low, 100 * found.rate, 100 * found.high))
    title = _("Inspected lines of each rule that were wrong, with 95% intervals")
    return interval(rows[:MOST_CHARTED], "%", title=title, words=words) if rows else None


@router.get("/rules.csv")
def rules_csv(request: Request, asker: Reader) -> Response:
    """The list with every figure."""
    lane: Tradelane = request.app.state.lane
    given = {name: request.query_params.get(name, "") for name in ("status", "sort")}
    with lane.database.read() as tx:
        found = _listed(rulebook.in_force(lane, tx).rules.rules, rule_figures(lane, tx), given)
    rows = []
    for one in found:
        rule = one.rule
        row: list[Any] = [rule.id, rule.title, rule.action, rule.status]
        row += [rule.valid_from or "", rule.valid_to or ""]
        for outcomes in (one.figures.live, one.figures.shadow, one.figures.by_chance):
            row += [outcomes.lines, outcomes.known, outcomes.wrong, outcomes.rate]
            row += [outcomes.low, outcomes.high, f"{outcomes.revenue:.2f}"]
        rows.append(row)
    return csv_file("rules.csv", _COLUMNS, rows)


@router.get("/rules.yaml")
def rules_yaml(request: Request, asker: Reader) -> Response:
    """The rules in force as a file, which `tradelane target rules` takes too."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = rulebook.in_force(lane, tx).rules
    return yaml_file("rules.yaml", found.to_dict())


@router.get("/rules/versions/{number}.yaml")
def version_yaml(request: Request, asker: Reader, number: int) -> Response:
    """Rules that were in force once."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = lane.rulebook.version(tx, number).rules
    return yaml_file(f"rules_{number}.yaml", found.to_dict())


@router.get("/rules/rule/{rule_id}")
def rule(request: Request, asker: Reader, rule_id: str) -> Response:
    """A rule in force: what it says, what it found, and the latest lines it matched."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        now = rulebook.in_force(lane, tx)
        found = now.rules.find_rule(rule_id)
        if found is None:
            raise TradelaneError(
                Problem("rules.not_found", f"No rule {rule_id[:40]!r} is in force.")
            )
        figures = rule_figures(lane, tx).get(rule_id, NONE)
        lines = matched_lines(lane, tx, rule_id, MOST_LINES) if not asker_office(asker) else []
    return pages.render(
        request,
        "rules/rule.html",
        rule=found,
        when=describe(found.when),
        fields=[FIELDS[name] for name in found.fields],
        figures=figures,
        chart=_chart(request, asker, [Listed(found, figures)]),
        lines=lines,
        yaml=dump(found.to_dict()),
        doubts=[one for one in doubts(now.rules, lane.clock.now().date()) if one.about == rule_id],
        office=asker_office(asker),
    )


def asker_office(asker: Asking) -> str:
    """The one office that the asker sees, "" for all: declarations of others are not listed."""
    return principal_of(asker).office


@router.get("/rules/list/{list_id}")
def watchlist(request: Request, asker: Reader, list_id: str) -> Response:
    """A watchlist in force, its entries filtered by a text."""
    found = _watchlist(request, list_id)
    wanted = request.query_params.get("q", "").replace("\0", "")[:100]
    entries = [
        entry
        for entry in found.entries
        if wanted.lower() in f"{entry.value} {entry.reason} {entry.source}".lower()
    ]
    return pages.render(
        request,
        "rules/watchlist.html",
        watchlist=found,
        entries=entries[:MOST_ENTRIES],
        count=len(entries),
        wanted=wanted,
        today=request.app.state.lane.clock.now().date(),
    )


@router.get("/rules/list/{list_id}/entries.csv")
def watchlist_csv(request: Request, asker: Reader, list_id: str) -> Response:
    """A watchlist's entries."""
    found = _watchlist(request, list_id)
    rows = [[e.value, e.reason, e.source, e.added or "", e.expires or ""] for e in found.entries]
    columns = ("value", "reason", "source", "added", "expires")
    return csv_file(f"{found.id}.csv", columns, rows)


def _watchlist(request: Request, list_id: str) -> Watchlist:
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = rulebook.in_force(lane, tx).rules.find_list(list_id)
    if found is None:
        raise TradelaneError(
            Problem("rules.not_found", f"No watchlist {list_id[:40]!r} is in force.")
        )
    return found


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A table as a download whose cells no spreadsheet runs."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow("" if cell is None else safe_cell(str(cell)) for cell in row)
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(out.getvalue(), media_type="text/csv", headers=headers)


def yaml_file(name: str, data: Any) -> Response:
    """Rules as a download."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(dump(data), media_type="application/yaml", headers=headers)
