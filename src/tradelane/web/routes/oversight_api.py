"""Figures, the order of selection and the ledger's entries over the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tradelane.accounts.model import Scope
from tradelane.journeys.figure_tables import week_to_dict
from tradelane.journeys.foresight import foresee
from tradelane.journeys.intake import IntakeClosed
from tradelane.journeys.orders import Standing, check, propose, standing, standing_in_force
from tradelane.journeys.terms import MOST_OFFICES, Terms
from tradelane.journeys.walk import leaf_of
from tradelane.kit.errors import InputRefused, Problem
from tradelane.web import shapes
from tradelane.web.access import Allow, Asking, principal_of
from tradelane.web.bodies import only, own_site, read_object, text_of
from tradelane.web.limiting import limited
from tradelane.web.routes.overview import read_shown
from tradelane.web.schemas import body

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(
    prefix="/api/v1", tags=["oversight"], dependencies=[Depends(limited), Depends(own_site)]
)
FIGURES = Annotated[Asking, Depends(Allow(Scope.OVERSIGHT_READ, Scope.FIGURES_READ))]
READER = Annotated[Asking, Depends(Allow(Scope.OVERSIGHT_READ))]
SETTER = Annotated[Asking, Depends(Allow(Scope.OVERSIGHT_SET))]
AUDITOR = Annotated[Asking, Depends(Allow(Scope.AUDIT_READ))]
_LONGEST_REASON = 1000

FIGURE = shapes.shape(
    name=shapes.TEXT,
    title=shapes.TEXT,
    unit=shapes.TEXT,
    definition=shapes.TEXT,
    rows={"type": "array", "items": shapes.FREE},
)
_DAY = {"type": "string", "format": "date"}
_PERIOD: dict[str, Any] = {"from": _DAY, "to": _DAY}
WEEK = shapes.shape(
    **_PERIOD,
    office=shapes.TEXT,
    figures={"type": "object", "additionalProperties": FIGURE},
)
ORDER = shapes.shape(
    id=shapes.TEXT,
    budget=shapes.TEXT,
    random_share=shapes.TEXT,
    novel_share=shapes.TEXT,
    balance={**shapes.TEXT, "description": "0 to 1; empty: as the model says."},
    offices={"type": "object", "additionalProperties": shapes.TEXT},
    rules={**shapes.TEXT, "description": "Digest of the rules in force; empty: none."},
    challenger={**shapes.TEXT, "description": "The model that runs in shadow; empty: none."},
    model=shapes.TEXT,
    pack=shapes.TEXT,
    pack_id=shapes.TEXT,
    ordered_by=shapes.TEXT,
    agreed_by={**shapes.TEXT, "description": "Empty where an operator ordered it alone."},
    reason=shapes.TEXT,
    opened_at=shapes.STAMP,
    cut_score=shapes.MAYBE_TEXT,
    lines=shapes.COUNT,
    selected={"type": "object", "additionalProperties": shapes.COUNT},
    entry={**shapes.COUNT, "description": "The order's place in the ledger."},
)
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
PROPOSAL = shapes.shape(
    budget=_SHARE,
    random_share=_SHARE,
    model={**shapes.TEXT, "description": "The model's digest."},
    reason={**shapes.TEXT, "minLength": 10, "maxLength": _LONGEST_REASON},
    novel_share=_SHARE,
    balance={**_SHARE, "description": "0: probability alone; 1: expected revenue."},
    offices={
        "type": "object",
        "additionalProperties": _SHARE,
        "description": "Budgets of offices that have their own.",
    },
    challenger={**shapes.TEXT, "description": "Digest of a model to run in shadow."},
    seen={**shapes.TEXT, "description": "The id of the order that it is to replace."},
    preview={"type": "boolean", "description": "Only say what it would do; change nothing."},
    _optional=("novel_share", "balance", "offices", "challenger", "preview"),
)
PROPOSED = shapes.shape(
    proposal=shapes.COUNT,
    state=shapes.TEXT,
    digest={**shapes.TEXT, "description": "What a second person agrees to."},
    proposed_by=shapes.TEXT,
    proposed_at=shapes.STAMP,
    reason=shapes.TEXT,
)
_EXAMPLE = {
    "budget": 0.05,
    "random_share": 0.1,
    "model": "sha256:...",
    "reason": "The new model found more in the trial.",
    "seen": "42fd384ef76b2817",
    "preview": True,
}
ENTRY = shapes.shape(
    index=shapes.COUNT,
    at=shapes.STAMP,
    kind=shapes.TEXT,
    subject=shapes.TEXT,
    body=shapes.FREE,
    leaf={**shapes.TEXT, "description": "The entry's hash in the ledger's tree, hex."},
)


@router.get(
    "/figures",
    summary="Read the figures of a period",
    responses=shapes.answers(WEEK, 401, 403, 422, 429),
)
def figures(
    request: Request,
    asker: FIGURES,
    first: Annotated[str, Query(alias="from", max_length=10, description="First day (UTC).")] = "",
    last: Annotated[str, Query(alias="to", max_length=10, description="Last day (UTC).")] = "",
    office: Annotated[str, Query(max_length=100, description="One office; else all.")] = "",
) -> Response:
    """Every figure with its definition and unit; by default of the last seven days. Readers without
    oversight of people get officers by numbers in place of logins."""
    given = {"from": first, "to": last, "office": office}
    shown = read_shown(request.app.state.lane, principal_of(asker), given)
    return _json(week_to_dict(shown.week, shown.tables))


@router.get(
    "/selection",
    summary="Read the order of selection in force",
    responses=shapes.answers(ORDER, 401, 403, 429, 503),
)
def get_selection(request: Request, asker: READER) -> Response:
    """Budget, random share, model and pack, who ordered them and why, and what was selected since.
    Answers 503 where no order is in force."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        return _json(_order(standing(lane, tx)))


@router.post(
    "/selection",
    status_code=201,
    summary="Propose another order of selection",
    openapi_extra=body(PROPOSAL, _EXAMPLE),
    responses=shapes.answers(PROPOSED, 401, 403, 409, 413, 415, 422, 429, 503, status=201),
)
async def propose_order(request: Request, asker: SETTER) -> Response:
    """A second person agrees in the browser; then it replaces the order in force within a second.
    With ``preview`` nothing is kept, and the answer (200) says how many of the latest lines it
    would have selected."""
    value = await read_object(request)
    lane: Tradelane = request.app.state.lane
    login = principal_of(asker).login

    def work() -> Response:
        with lane.database.read() as tx:
            terms = _terms(value, standing_in_force(lane, tx))
            if value.get("preview") is True:
                check(lane, tx, terms)
                found = foresee(lane, tx, terms)
                return _json(
                    {
                        "lines": found.lines,
                        "selected": found.selected,
                        "by": found.all.selected,
                        "selected_now": found.all.now,
                        "cut_score": found.cut_score,
                        "rules_exceed": found.rules_exceed,
                    }
                )
        made = propose(lane, terms, text_of(value, "seen", 64), login)
        return _json(
            {
                "proposal": made.id,
                "state": made.state,
                "digest": made.digest,
                "proposed_by": made.proposed_by,
                "proposed_at": made.proposed_at,
                "reason": made.reason,
            },
            201,
        )

    return await run_in_threadpool(work)


@router.get(
    "/audit/entries",
    summary="Read the ledger's entries of a subject",
    responses=shapes.answers(shapes.many(ENTRY), 401, 403, 422, 429),
)
def entries(
    request: Request,
    asker: AUDITOR,
    subject: Annotated[
        str,
        Query(
            min_length=1,
            max_length=700,
            pattern=r"^[^\x00]*$",
            description="`declarant/reference` of a declaration, with `/number` of a line, or "
            "`batch/id` of an order.",
        ),
    ],
) -> Response:
    """Every entry about the subject in the ledger's order; none where it is not known."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = lane.ledger.find(tx, subject)
    items = [
        {
            "index": stored.index,
            "at": stored.entry.at,
            "kind": stored.entry.kind,
            "subject": stored.entry.subject,
            "body": stored.entry.body,
            "leaf": leaf_of(stored),
        }
        for stored in found
    ]
    return JSONResponse({"items": items})


def _order(found: Standing | None) -> dict[str, Any]:
    if found is None:
        raise IntakeClosed(Problem("intake.closed", "No order of selection is in force."))
    settings = found.settings
    names = ("budget", "random_share", "model", "pack", "pack_id", "ordered_by", "reason")
    newer = {"novel_share": "0", "offices": {}}
    return {
        "id": found.batch_id,
        **{name: settings[name] for name in names},
        **{
            name: settings.get(name, newer.get(name, ""))
            for name in ("novel_share", "balance", "offices", "rules", "challenger", "agreed_by")
        },
        "opened_at": settings["opened_at"],
        "cut_score": found.selection.cut_score,
        "lines": found.lines,
        "selected": found.selected,
        "entry": found.opened.index,
    }


def _terms(value: dict[str, Any], now: Standing) -> Terms:
    only(
        value,
        *("budget", "random_share", "novel_share", "balance", "offices", "model", "challenger"),
        *("reason", "seen", "preview"),
    )
    offices = value.get("offices") or {}
    if not isinstance(offices, dict) or len(offices) > MOST_OFFICES:
        raise InputRefused(
            Problem(
                "oversight.offices",
                "The field 'offices' has to be an object of offices and their budgets.",
                pointer="/offices",
                hint='Such as: {"PMSEA": 0.08}.',
            )
        )
    return Terms(
        budget=_share(value, "budget"),
        random_share=_share(value, "random_share"),
        novel_share=_share(value, "novel_share") if "novel_share" in value else 0.0,
        balance=_share(value, "balance") if "balance" in value else None,
        offices={str(name)[:100]: _share(offices, name, "/offices") for name in offices},
        model=text_of(value, "model", 100),
        challenger=text_of(value, "challenger", 100) if "challenger" in value else "",
        reason=text_of(value, "reason", _LONGEST_REASON),
        rules=now.settings.get("rules", ""),
    )


def _share(value: dict[str, Any], name: str, under: str = "") -> float:
    found = value.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 1:
        raise InputRefused(
            Problem(
                "oversight.share",
                f"The field {name!r} has to be a share from 0 to 1.",
                pointer=f"{under}/{name}",
                hint="Write 5 % as 0.05.",
            )
        )
    return float(found)


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")
