"""Signing in by password and second factor, and signing out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from tradelane.accounts.model import NeedsSecondFactor, Principal, Session, SignedIn
from tradelane.kit.errors import TradelaneError
from tradelane.web import pages
from tradelane.web.access import (
    BEFORE_SIGN_IN,
    PUBLIC,
    Asking,
    check_form,
    session_cookie,
)
from tradelane.web.hashing import with_password
from tradelane.web.problems import headers_of, status_of
from tradelane.web.translation import N_

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False)

Asker = Annotated[Asking, Depends(PUBLIC)]
_CHECKED = [Depends(check_form)]
_LONGEST_INPUT = 2000
DEMO_WORDS = (
    N_("file and follow declarations"),
    N_("the same for several clients"),
    N_("work through the queue"),
    N_("a second officer, every office"),
    N_("see the week, set the budget"),
    N_("agree to what the other supervisor proposes"),
    N_("walk a decision back to its evidence"),
    N_("download figures"),
    N_("figures and audit"),
    N_("speak for an economy: its AI rules, surveys, cases"),
    N_("people, organisations, tokens"),
)
"""What the demonstration says its people are for, marked here: journeys know no languages."""


@router.get("/sign-in")
def sign_in_page(request: Request, asker: Asker, return_to: str = "/") -> Response:
    """Ask for login and password; whoever has signed in already is sent on."""
    if asker.principal is not None:
        return RedirectResponse(_aim(return_to, asker.principal), 303)
    return _form(request, return_to)


@router.post("/sign-in", dependencies=_CHECKED)
async def sign_in(request: Request, asker: Asker) -> Response:
    """Open a new session. The one that the browser brought along ends: nobody can have planted
    it, and nobody else goes on with it."""
    form = await request.form()
    login, password = text_of(form, "login"), text_of(form, "password")
    return_to = text_of(form, "return_to")
    lane: Tradelane = request.app.state.lane
    address = address_of(request)
    try:
        opened = await with_password(
            request, lambda: lane.accounts.sign_in(lane.database, login, password, address)
        )
    except TradelaneError as error:
        return await run_in_threadpool(_form, request, return_to, login, error)
    return await run_in_threadpool(opened_answer, request, asker.session, opened, return_to)


@router.get("/sign-in/code")
def code_page(request: Request, asker: Asker, return_to: str = "/") -> Response:
    """Ask for the code of the second factor."""
    if asker.principal is not None or asker.session is None:
        return RedirectResponse("/sign-in", 303)
    return _code_form(request, return_to)


@router.post("/sign-in/code", dependencies=_CHECKED)
async def give_code(request: Request, asker: Asker) -> Response:
    """Give a session its principal for a code of the app or a recovery code."""
    if asker.session is None or asker.principal is not None:
        return RedirectResponse("/sign-in", 303)
    session, form = asker.session, await request.form()
    code, return_to = text_of(form, "code"), text_of(form, "return_to")
    lane: Tradelane = request.app.state.lane

    def work() -> Response:
        try:
            opened = lane.accounts.check_second_factor(lane.database, session, code)
        except TradelaneError as error:
            return _code_form(request, return_to, error)
        return opened_answer(request, None, opened, return_to)

    return await run_in_threadpool(work)


@router.post("/sign-out", dependencies=_CHECKED)
def sign_out(request: Request, asker: Asker) -> Response:
    """End the session, here and in the browser."""
    lane: Tradelane = request.app.state.lane
    session = asker.session
    if session is not None:
        lane.database.write(lambda tx: lane.accounts.end_session(tx, session.id))
    answer = pages.see_other("/", "signed-out")
    settings = request.app.state.settings
    answer.delete_cookie(
        session_cookie(settings), secure=settings.secure, httponly=True, samesite="lax"
    )
    # The next person at this browser shall find nothing of this one in its cache.
    answer.headers["clear-site-data"] = '"cache"'
    return answer


# ---------------------------------------------------------------- what other doors share


def text_of(form: Any, name: str) -> str:
    """A text of a form, "" where there is none (or a file in its place)."""
    value = form.get(name)
    return value[:_LONGEST_INPUT] if isinstance(value, str) else ""


def address_of(request: Request) -> str:
    """The network address that a request comes from."""
    return request.client.host if request.client else "unknown"


def opened_answer(
    request: Request,
    before: Session | None,
    opened: SignedIn | NeedsSecondFactor,
    return_to: str,
) -> Response:
    """Hand a new session to the browser and send it on; ``before``, if any, ends."""
    lane: Tradelane = request.app.state.lane
    if before is not None:
        lane.database.write(lambda tx: lane.accounts.end_session(tx, before.id))
    if isinstance(opened, SignedIn):
        answer: Response = RedirectResponse(_aim(return_to, opened.principal), 303)
    else:
        aim = quote(pages.own_path(return_to))
        answer = RedirectResponse(f"/sign-in/code?return_to={aim}", 303)
    settings = request.app.state.settings
    answer.set_cookie(
        session_cookie(settings),
        opened.secret,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.secure,
    )
    answer.delete_cookie(BEFORE_SIGN_IN, secure=settings.secure, httponly=True, samesite="lax")
    return answer


def _aim(return_to: str, principal: Principal) -> str:
    """Where somebody goes after signing in: where they wanted to be, or where their work begins."""
    path = pages.own_path(return_to)
    return pages.home_of(principal) if path == "/" or path.startswith("/sign-") else path


def _form(
    request: Request, return_to: str, login: str = "", error: TradelaneError | None = None
) -> Response:
    from tradelane.journeys.demonstration import ACCOUNTS, PASSWORD

    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        demonstrating = lane.accounts.has_demo_users(tx)
        people = lane.accounts.users(tx, limit=200) if demonstrating else []
    demo = {user.login for user in people if user.demo and not user.disabled}
    settings = request.app.state.settings
    status = 200 if error is None else _status(error)
    return pages.render(
        request,
        "account/sign_in.html",
        status,
        {} if error is None else headers_of(error, status),
        return_to=pages.own_path(return_to),
        login=login,
        problems=[] if error is None else pages.problems_of(error),
        demo_accounts=[one for one in ACCOUNTS if one.login in demo],
        demo_password=PASSWORD,
        provider=settings.oidc_name if settings.oidc_issuer else "",
    )


def _code_form(request: Request, return_to: str, error: TradelaneError | None = None) -> Response:
    status = 200 if error is None else _status(error)
    return pages.render(
        request,
        "account/code.html",
        status,
        {} if error is None else headers_of(error, status),
        return_to=pages.own_path(return_to),
        problems=[] if error is None else pages.problems_of(error),
    )


def _status(error: TradelaneError) -> int:
    """Of a form that was not right: 429 where somebody has to wait, else 422."""
    status = status_of(error)
    return status if status in (429, 503) else 422
