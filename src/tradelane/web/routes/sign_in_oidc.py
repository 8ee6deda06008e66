"""Signing in with an account of somewhere else: there and back."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from tradelane.accounts.model import NeedsSecondFactor, SignedIn
from tradelane.kit.errors import TradelaneError
from tradelane.web import pages
from tradelane.web.access import PUBLIC, Asking
from tradelane.web.oidc import SECONDS_AWAY, Provider, ProviderFailed, policy_of
from tradelane.web.routes.sign_in import address_of, opened_answer

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

log = logging.getLogger("tradelane.web")

router = APIRouter(include_in_schema=False)

Asker = Annotated[Asking, Depends(PUBLIC)]
_COOKIE = "tl_oidc"
_PATH = "/sign-in/oidc"
_Text = Annotated[str, Query(max_length=2000)]


@router.get("/sign-in/oidc")
def go(request: Request, asker: Asker, return_to: _Text = "/") -> Response:
    """Send somebody to the provider; a cookie remembers that it was this browser."""
    provider = _provider(request)
    settings = request.app.state.settings
    try:
        address, cookie = provider.begin(pages.own_path(return_to), _callback(request))
    except ProviderFailed as error:
        return _error(request, error)
    answer = RedirectResponse(address, 303)
    answer.set_cookie(
        _COOKIE,
        cookie,
        max_age=SECONDS_AWAY,
        path=_PATH,
        httponly=True,
        samesite="lax",
        secure=settings.secure,
    )
    return answer


@router.get("/sign-in/oidc/callback")
def come_back(
    request: Request,
    asker: Asker,
    state: _Text = "",
    code: _Text = "",
    error: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Open a session for whom the provider vouches."""
    provider, lane = _provider(request), _lane(request)
    settings = request.app.state.settings
    try:
        away = provider.away(request.cookies.get(_COOKIE, ""), state)
        if error or not code:
            # The person said no there, or the provider did: they know why, and we repeat nothing.
            answer: Response = RedirectResponse("/sign-in", 303)
        else:
            who = provider.identify(away, code, _callback(request))
            policy = policy_of(settings)

            def open_it(tx: Any) -> SignedIn | NeedsSecondFactor:
                return lane.accounts.sign_in_with_identity(
                    tx,
                    who.issuer,
                    who.subject,
                    who.login,
                    who.name,
                    policy=policy,
                    role=policy.role_of(who.roles),
                    address=address_of(request),
                    verified=who.verified,
                )

            opened = lane.database.write(open_it)
            answer = opened_answer(request, asker.session, opened, away.return_to)
    except TradelaneError as refused:
        answer = _error(request, refused)
    answer.delete_cookie(_COOKIE, path=_PATH, httponly=True, samesite="lax", secure=settings.secure)
    return answer


def _provider(request: Request) -> Provider:
    state = request.app.state
    if not state.settings.oidc_issuer:
        raise HTTPException(404)
    provider: Provider | None = getattr(state, "oidc", None)
    if provider is None:
        provider = state.oidc = Provider(state.settings)
    return provider


def _lane(request: Request) -> Tradelane:
    lane: Tradelane = request.app.state.lane
    return lane


def _callback(request: Request) -> str:
    """The address that is registered with the provider: the public one, whatever Host says."""
    return f"{request.app.state.settings.origin}/sign-in/oidc/callback"


def _error(request: Request, error: TradelaneError) -> Response:
    status = 502 if isinstance(error, ProviderFailed) else 403
    log.warning(
        "sign-in", extra={"trace_id": request.state.trace_id, "code": error.problems[0].code}
    )
    return pages.render(
        request, "account/oidc_error.html", status, problems=pages.problems_of(error)
    )
