"""One's own account: password, sessions, second factor and API tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import segno
from fastapi import APIRouter, Depends, Request
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tradelane.accounts.model import ROLE_SCOPES, Principal, Scope
from tradelane.accounts.tokens import MAX_DAYS
from tradelane.kit.clock import stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.web import pages
from tradelane.web.access import SIGNED_IN, Asking, check_form, principal_of
from tradelane.web.hashing import with_password
from tradelane.web.problems import NotAllowed, headers_of, status_of
from tradelane.web.routes.sign_in import address_of, text_of
from tradelane.web.translation import N_

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False)

_CHECKED = [Depends(check_form)]
_DAYS = 90

SCOPES: dict[Scope, str] = {
    Scope.DECLARATIONS_WRITE: N_("File, amend and withdraw declarations"),
    Scope.DECLARATIONS_READ: N_("Read declarations, duty and messages"),
    Scope.EVENTS_READ: N_("Receive events"),
    Scope.CASES_READ: N_("Read cases"),
    Scope.CASES_DECIDE: N_("Decide cases"),
    Scope.OVERSIGHT_READ: N_("Read how much is inspected and why"),
    Scope.OVERSIGHT_SET: N_("Set how much is inspected"),
    Scope.AUDIT_READ: N_("Read the ledger and replay decisions"),
    Scope.FIGURES_READ: N_("Read figures"),
    Scope.MODELS_PROPOSE: N_("Train and propose models"),
    Scope.MODELS_AGREE: N_("Agree to models"),
    Scope.RULES_PROPOSE: N_("Write, test and propose rules"),
    Scope.RULES_AGREE: N_("Agree to rules"),
    Scope.CORPUS_PROPOSE: N_("Propose changes to the corpus of AI rules"),
    Scope.CORPUS_REVIEW: N_("Agree to changes of the corpus of AI rules"),
    Scope.SURVEYS_OPEN: N_("Open surveys and consultations"),
    Scope.ACCOUNTS_MANAGE: N_("Manage people and organisations"),
}
"""What each scope lets a program do, in words."""


async def by_browser(asker: Annotated[Asking, Depends(SIGNED_IN)]) -> Asking:
    """Only through a session: an API token must not change passwords or make more tokens."""
    if asker.session is None:
        raise NotAllowed(
            Problem(
                "web.browser_only",
                "An account is changed in a browser, not with a token.",
                hint="Sign in on the pages.",
            )
        )
    return asker


Signed = Annotated[Asking, Depends(SIGNED_IN)]
_PERSONAL = [Depends(by_browser)]


@router.get("/account", dependencies=_PERSONAL)
def account(request: Request, asker: Signed) -> Response:
    """Who somebody is here, and what lets them in."""
    return page(request, principal_of(asker))


@router.post("/account/password", dependencies=[*_PERSONAL, *_CHECKED])
async def change_password(request: Request, asker: Signed) -> Response:
    """A new password for oneself; every other session ends."""
    me, form = principal_of(asker), await request.form()
    old, new = text_of(form, "old_password"), text_of(form, "password")
    lane: Tradelane = request.app.state.lane
    address = address_of(request)

    def work() -> None:
        lane.accounts.change_password(
            lane.database, me.user_id, old, new, address, keep_session=me.session_id
        )

    return await _after(request, me, work, with_password)


@router.post("/account/sessions/{session_id}/end", dependencies=[*_PERSONAL, *_CHECKED])
def end_session(request: Request, asker: Signed, session_id: str) -> Response:
    """End a session of one's own, such as that of a lost telephone."""
    lane: Tradelane = request.app.state.lane
    me = principal_of(asker)

    def work(tx: Any) -> None:
        if any(one.id == session_id for one in lane.accounts.sessions_of(tx, me.user_id)):
            lane.accounts.end_session(tx, session_id)

    lane.database.write(work)
    return pages.see_other("/account", "saved")


# ---------------------------------------------------------------- second factor


@router.post("/account/second-factor", dependencies=[*_PERSONAL, *_CHECKED])
def begin_second_factor(request: Request, asker: Signed) -> Response:
    """Show a new secret for an authenticator app. It is in this answer alone."""
    lane: Tradelane = request.app.state.lane
    me = principal_of(asker)
    try:
        offer = lane.database.write(lambda tx: lane.accounts.begin_second_factor(tx, me.user_id))
    except TradelaneError as error:
        return page(request, me, error)
    return _offer(request, offer.secret, offer.uri)


@router.post("/account/second-factor/confirm", dependencies=[*_PERSONAL, *_CHECKED])
async def confirm_second_factor(request: Request, asker: Signed) -> Response:
    """Ask for the second factor from now on; shows the recovery codes once."""
    lane: Tradelane = request.app.state.lane
    me, form = principal_of(asker), await request.form()
    code = text_of(form, "code")

    def work() -> Response:
        try:
            codes = lane.database.write(
                lambda tx: lane.accounts.confirm_second_factor(
                    tx, me.user_id, code, keep_session=me.session_id
                )
            )
        except TradelaneError as error:
            return page(request, me, error)
        return pages.render(request, "account/recovery_codes.html", codes=codes)

    return await run_in_threadpool(work)


@router.post("/account/second-factor/remove", dependencies=[*_PERSONAL, *_CHECKED])
async def remove_second_factor(request: Request, asker: Signed) -> Response:
    """Ask for a password alone again; the password is asked for once more."""
    lane: Tradelane = request.app.state.lane
    me, form = principal_of(asker), await request.form()
    password, address = text_of(form, "second-factor-password"), address_of(request)

    def work() -> None:
        try:
            lane.accounts.check_password(lane.database, me.user_id, password, address)
        except TradelaneError as error:
            raise _at(error, "/second-factor-password") from error
        lane.database.write(lambda tx: lane.accounts.remove_second_factor(tx, me.user_id))

    return await _after(request, me, work, with_password)


# ---------------------------------------------------------------- API tokens


@router.post("/account/tokens", dependencies=[*_PERSONAL, *_CHECKED])
async def issue_token(request: Request, asker: Signed) -> Response:
    """A new token; its secret is in this answer alone."""
    lane: Tradelane = request.app.state.lane
    me, form = principal_of(asker), await request.form()
    name, days = text_of(form, "name"), text_of(form, "days")
    scopes = [str(one) for one in form.getlist("scopes")]

    def work() -> Response:
        try:
            wanted = [Scope(one) for one in scopes if one in list(Scope)]
            token, secret = lane.database.write(
                lambda tx: lane.accounts.issue_token(tx, me.user_id, name, wanted, _days(days))
            )
        except TradelaneError as error:
            return page(request, me, error, token={"name": name, "days": days, "scopes": scopes})
        return pages.render(request, "account/token.html", token=token, secret=secret)

    return await run_in_threadpool(work)


@router.post("/account/tokens/{token_id}/revoke", dependencies=[*_PERSONAL, *_CHECKED])
def revoke_token(request: Request, asker: Signed, token_id: int) -> Response:
    """End a token of one's own at once."""
    lane: Tradelane = request.app.state.lane
    me = principal_of(asker)
    lane.database.write(lambda tx: lane.accounts.revoke_token(tx, me.user_id, token_id))
    request.app.state.tokens.clear()  # or it would be good for two more seconds
    return pages.see_other("/account", "saved")


# ---------------------------------------------------------------- the page


def page(
    request: Request,
    me: Principal,
    error: TradelaneError | None = None,
    token: dict[str, Any] | None = None,
) -> Response:
    """The account page, with what was wrong with one of its forms."""
    lane: Tradelane = request.app.state.lane
    accounts = lane.accounts
    with lane.database.read() as tx:
        user = accounts.get_user(tx, me.user_id)
        organisation = (
            None
            if user.organisation_id is None
            else accounts.get_organisation(tx, user.organisation_id)
        )
        sessions = accounts.sessions_of(tx, me.user_id)
        tokens = accounts.tokens_of(tx, me.user_id)
        codes_left = accounts.recovery_codes_left(tx, me.user_id)
    status = 200 if error is None else _status(error)
    now = stamp(lane.clock.now())
    return pages.render(
        request,
        "account/account.html",
        status,
        {} if error is None else headers_of(error, status),
        user=user,
        organisation=organisation,
        sessions=sessions,
        tokens=tokens,
        ended=[one.id for one in tokens if one.revoked_at or one.expires_at <= now],
        codes_left=codes_left,
        scopes=[(s, SCOPES[s]) for s in Scope if s in ROLE_SCOPES[user.role]],
        token=token or {"name": "", "days": str(_DAYS), "scopes": []},
        most_days=MAX_DAYS,
        problems=[] if error is None else pages.problems_of(error),
    )


def _offer(request: Request, secret: str, uri: str) -> Response:
    drawn = segno.make(uri, error="m", micro=False)
    # Attributes instead of styles: the content security policy allows no inline style.
    svg = Markup(  # noqa: S704 - made by segno of a URI that it escapes
        drawn.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=False)
    )
    return pages.render(request, "account/second_factor.html", secret=secret, qr=svg)


async def _after(
    request: Request,
    me: Principal,
    work: Callable[[], None],
    run: Callable[..., Any],
) -> Response:
    """Do it and go back to the page, or show the page with what was wrong."""
    try:
        await run(request, work)
    except TradelaneError as error:
        return await run_in_threadpool(page, request, me, error)
    return pages.see_other("/account", "saved")


def _days(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputRefused(
            Problem("accounts.token_days", "The days are not a number.", pointer="/days")
        ) from None


def _at(error: TradelaneError, pointer: str) -> TradelaneError:
    """The error, with a wrong password pointing at the form's own field."""
    first = error.problems[0]
    if first.code != "accounts.password_wrong":
        return error
    return TradelaneError(
        Problem("accounts.password_wrong", first.message, pointer=pointer, hint=first.hint)
    )


def _status(error: TradelaneError) -> int:
    status = status_of(error)
    return status if status in (429, 503) else 422
