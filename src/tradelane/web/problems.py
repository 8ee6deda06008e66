"""Errors as answers: problem details (RFC 9457) for systems, a page for people."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tradelane.accounts.model import Throttled
from tradelane.journeys.desk import DeskOverrun
from tradelane.journeys.record import NotFound
from tradelane.kit.errors import InputRefused, Problem, StorageUnavailable, TradelaneError
from tradelane.web.translation import N_

MEDIA_TYPE = "application/problem+json"

_CONFLICTS = frozenset(
    {
        "declarations.conflict",
        "declarations.already_received",
        "declarations.transition",
        "inspections.changed",
        "inspections.transition",
        "oversight.changed",
        "rules.changed",
        "contributions.outdated",
        "contributions.rival",
        "rules.outdated",
        "web.idempotency_conflict",
        "accounts.login_taken",
        "accounts.declarant_taken",
    }
)
_NOT_FOUND = frozenset(
    {
        "accounts.no_organisation",
        "accounts.no_token",
        "accounts.no_user",
        "approvals.unknown",
        "ledger.checkpoint_unknown",
        "ledger.index_unknown",
        "nomenclature.unknown_code",
        "notifications.no_delivery",
    }
)
"""Beside every code that ends in ``.not_found``."""
_TITLES = {
    400: N_("The request cannot be read"),
    401: N_("Sign in first"),
    403: N_("This is not yours to do"),
    404: N_("There is no such thing here"),
    405: N_("That cannot be done here"),
    409: N_("Something is in the way"),
    413: N_("That is too much"),
    415: N_("That kind of content is not taken"),
    422: N_("Something is wrong with what you sent"),
    429: N_("Too many requests"),
    500: N_("Something went wrong here"),
    503: N_("The service cannot do this at the moment"),
}
_OTHER = N_("An error")


class SignInNeeded(TradelaneError):
    """Nobody has signed in, or the sign-in has ended."""


class NotAllowed(TradelaneError):
    """Whoever asks may not do this."""


class TooLarge(TradelaneError):
    """More was sent than this address takes."""


class UnsupportedMedia(TradelaneError):
    """The body is of a kind that this address does not read."""


class TooManyRequests(TradelaneError):
    """A limit is reached; ``seconds`` until it is worth trying again."""

    def __init__(self, problem: Problem, seconds: int) -> None:
        super().__init__(problem)
        self.seconds = seconds

    def __reduce__(self) -> Any:
        return type(self), (self.problems[0], self.seconds)


def status_of(error: TradelaneError) -> int:
    """The HTTP status of an error."""
    code = error.problems[0].code
    for kind, status in (
        (SignInNeeded, 401),
        (NotAllowed, 403),
        (NotFound, 404),
        (TooLarge, 413),
        (UnsupportedMedia, 415),
        (TooManyRequests, 429),
        (Throttled, 429),
        (StorageUnavailable, 503),
        (DeskOverrun, 503),
    ):
        if isinstance(error, kind):
            return status
    if code == "intake.closed":
        return 503
    if code in _NOT_FOUND or code.endswith(".not_found"):
        return 404
    if code in _CONFLICTS:
        return 409
    if isinstance(error, InputRefused):
        return 422
    return 409


def problem_response(request: Request, status: int, problems: tuple[Problem, ...]) -> Response:
    """RFC 9457: the first problem at the top, every one under ``errors``."""
    first = problems[0] if problems else Problem("web.error", _TITLES.get(status, _OTHER))
    body: dict[str, Any] = {
        "type": f"/api/errors#{first.code}",
        "title": _TITLES.get(status, _OTHER),
        "status": status,
        "detail": first.message,
        "code": first.code,
        "trace": request.state.trace_id,
        "errors": [problem.to_dict() for problem in problems],
    }
    if first.hint:
        body["hint"] = first.hint
    return JSONResponse(body, status, media_type=MEDIA_TYPE)


def headers_of(error: TradelaneError, status: int) -> dict[str, str]:
    """Headers that tell a client when to come back or how to sign in."""
    if isinstance(error, TooManyRequests | Throttled):
        return {"retry-after": str(error.seconds)}
    if status == 503:
        return {"retry-after": "2"}
    if status == 401:
        return {"www-authenticate": 'Bearer realm="tradelane"'}
    return {}


def title_of(status: int) -> str:
    """What a person reads first."""
    return _TITLES.get(status, _OTHER)
