"""For whoever runs the service: is it up, can it work, and its numbers."""

from __future__ import annotations

import hmac
import ipaddress
import logging
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from tradelane.inspections.model import CaseFilter
from tradelane.journeys.intake import IntakeClosed, current_intake
from tradelane.kit import schema
from tradelane.kit.errors import Problem, TradelaneError
from tradelane.web import metrics
from tradelane.web.access import UNASKED, Asking
from tradelane.web.problems import NotAllowed
from tradelane.web.settings import LOOPBACK

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

log = logging.getLogger("tradelane.web")

router = APIRouter(include_in_schema=False)

# Whoever asks is not looked up: a broken database must not keep the answer back, and the token of
# /metrics is not one of an account.
Anyone = Annotated[Asking, Depends(UNASKED)]

STUCK_SECONDS = 30.0
"""A group of declarations takes well under a second; one that takes this long is stuck."""
MOST_COUNTED = 100_000
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


@router.get("/health/live")
async def live(_: Anyone) -> Response:
    """The process answers. Nothing else is asked, so a slow database makes nobody restart it."""
    return JSONResponse({"status": "live"})


@router.get("/health/ready")
def ready(request: Request, _: Anyone) -> Response:
    """Whether a declaration filed now would be cleared; 503 with the reasons where not."""
    reasons = [*_storage(request.app.state.lane), *_desk(request)]
    if reasons:
        body = {"status": "not ready", "reasons": [reason.to_dict() for reason in reasons]}
        return JSONResponse(body, 503, headers={"retry-after": "5"})
    return JSONResponse({"status": "ready", "reasons": []})


@router.get("/metrics")
def numbers(request: Request, _: Anyone) -> Response:
    """The numbers of `web.metrics`, for whoever is on this machine or has the metrics token."""
    if not (_has_token(request) or _is_local(request)):
        raise NotAllowed(
            Problem(
                "web.metrics",
                "The numbers are for this machine, or for whoever has the metrics token.",
                hint="Set TRADELANE_METRICS_TOKEN and send 'Authorization: Bearer ...'.",
            )
        )
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        metrics.LEDGER_SIZE.set(lane.ledger.size(tx))
        metrics.OPEN_CASES.set(lane.inspections.count(tx, CaseFilter(), MOST_COUNTED))
    metrics.WAITING.set(request.app.state.desk.waiting)
    return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _storage(lane: Tradelane) -> list[Problem]:
    try:
        with lane.database.read() as tx:
            if not schema.is_current(tx):
                return [
                    Problem(
                        "web.schema",
                        "The database has another schema than this version expects.",
                        hint="Restart every server process with the same version.",
                    )
                ]
            current_intake(lane, tx)
    except IntakeClosed as error:
        return list(error.problems)
    except TradelaneError:
        # Anybody may ask: where the database is and why it refuses stands in the log alone.
        log.warning("the database does not answer", exc_info=True)
        return [Problem("web.database", "The database does not answer; the log says why.")]
    return []


def _desk(request: Request) -> list[Problem]:
    desk = request.app.state.desk
    if not desk.alive:
        return [Problem("web.desk", "The desk has stopped: nothing is being cleared.")]
    if desk.busy_seconds > STUCK_SECONDS:
        return [
            Problem(
                "web.desk",
                f"The desk has been at one group for {desk.busy_seconds:.0f} seconds; "
                f"{desk.waiting} declarations wait.",
            )
        ]
    return []


def _has_token(request: Request) -> bool:
    expected = request.app.state.settings.metrics_token
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    return bool(
        expected
        and kind.lower() == "bearer"
        and hmac.compare_digest(given.encode(), expected.encode())
    )


def _is_local(request: Request) -> bool:
    """Whether the client is on this machine and speaks to us itself.

    A reverse proxy on this machine also comes from a loopback address, on behalf of anybody: what
    it forwards says so, or asks for the public name.
    """
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        loopback = ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
    return loopback and request.url.hostname in LOOPBACK
