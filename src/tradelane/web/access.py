"""Who is asking, whether they may, and whether it is their own page that asks.

Every route names its rule as a dependency: `Allow` with a scope, `SignedIn`, or `PUBLIC`. A test
walks over all routes and fails where one has none. Objects are checked where they are read: what
does not belong to the asker is not found.
"""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from tradelane.accounts.model import FILERS, Principal, Scope, Session
from tradelane.kit.errors import Problem
from tradelane.web.problems import NotAllowed, SignInNeeded
from tradelane.web.squeeze import unmasked

if TYPE_CHECKING:
    from tradelane.platform import Tradelane
    from tradelane.web.settings import Settings

BEFORE_SIGN_IN = "tl_before"
"""The cookie that carries the CSRF secret of people who have not signed in."""
_TOKEN_SECONDS = 2.0
"""How long a token is taken to be as it was when it was last looked up."""
_MOST_TOKENS = 10_000


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks: nobody, a person through a session, or a program through a token."""

    principal: Principal | None = None
    session: Session | None = None

    @property
    def csrf(self) -> str:
        """The secret that a form of this session carries."""
        return self.session.csrf if self.session is not None else ""


NOBODY = Asking()


def session_cookie(settings: Settings) -> str:
    """The session cookie's name; over https one that only this host can set."""
    return "__Host-tradelane" if settings.secure else "tradelane"


async def asking(request: Request) -> Asking:
    """Who asks, looked up once a request."""
    known: Asking | None = getattr(request.state, "asking", None)
    if known is not None:
        return known
    header = request.headers.get("authorization")
    if header is not None:
        found = await _by_token(request, header)
    else:
        secret = request.cookies.get(session_cookie(request.app.state.settings))
        found = NOBODY if not secret else await run_in_threadpool(_by_session, request, secret)
    request.state.asking = found
    request.state.user = None if found.principal is None else found.principal.login
    return found


async def _by_token(request: Request, header: str) -> Asking:
    kind, _, secret = header.partition(" ")
    if kind.lower() != "bearer" or not secret:
        raise SignInNeeded(
            Problem(
                "web.token",
                "The Authorization header has no bearer token.",
                hint="Send 'Authorization: Bearer tl_...'.",
            )
        )
    known: dict[str, tuple[float, Principal]] = request.app.state.tokens
    now = time.monotonic()
    cached = known.get(secret)
    if cached is not None and now - cached[0] < _TOKEN_SECONDS:
        return Asking(cached[1])
    principal = await run_in_threadpool(_find_token, request.app.state.lane, secret)
    if principal is None:
        known.pop(secret, None)
        raise SignInNeeded(
            Problem(
                "web.token",
                "This token is not known, has expired or was revoked.",
                hint="Make a new one under Account, API tokens.",
            )
        )
    if len(known) >= _MOST_TOKENS:
        known.clear()
    known[secret] = (now, principal)
    return Asking(principal)


def _find_token(lane: Tradelane, secret: str) -> Principal | None:
    with lane.database.read() as tx:
        found = lane.accounts.find_token(tx, secret)
    if found is None:
        return None
    if found.touch_due:
        lane.database.write(lambda tx: lane.accounts.touch_token(tx, found.token.id))
    return found.principal


def _by_session(request: Request, secret: str) -> Asking:
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = lane.accounts.find_session(tx, secret)
    if found is None:
        return NOBODY
    if found.touch_due:
        lane.database.write(lambda tx: lane.accounts.touch_session(tx, found.session.id))
    return Asking(found.principal, found.session)


# ---------------------------------------------------------------- rules


class Rule:
    """A dependency that lets a request through or refuses it; gives `Asking`."""

    label = ""

    async def __call__(self, request: Request) -> Asking:
        raise NotImplementedError


class _Public(Rule):
    label = "anyone"

    async def __call__(self, request: Request) -> Asking:
        return await asking(request)


PUBLIC = _Public()


class _Unasked(_Public):
    async def __call__(self, request: Request) -> Asking:
        return NOBODY


UNASKED = _Unasked()
"""Like `PUBLIC`, without looking who it is: for answers that are the same for everybody."""


class SignedIn(Rule):
    """Whoever has signed in, whatever their role."""

    label = "signed in"

    async def __call__(self, request: Request) -> Asking:
        found = await asking(request)
        if found.principal is None:
            raise SignInNeeded(Problem("web.sign_in", "Sign in to go on."))
        return found


class Allow(SignedIn):
    """Whoever has one of these scopes."""

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = scopes
        self.label = " or ".join(scopes)

    async def __call__(self, request: Request) -> Asking:
        found = await super().__call__(request)
        assert found.principal is not None
        if not any(found.principal.may(scope) for scope in self.scopes):
            raise NotAllowed(
                Problem(
                    "web.not_allowed",
                    f"Your account ({found.principal.role}) may not do this.",
                    hint="Ask an administrator if you should be able to.",
                )
            )
        return found


SIGNED_IN = SignedIn()


def principal_of(found: Asking) -> Principal:
    """The principal of a request that a rule has let through."""
    assert found.principal is not None
    return found.principal


# ---------------------------------------------------------------- forms


async def check_form(request: Request) -> None:
    """Refuse a form that another site made somebody send. For every POST that a cookie vouches for.

    Two independent checks: what the browser says of where the request comes from, and a secret in
    the form that only a page of ours knows.
    """
    settings: Settings = request.app.state.settings
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    own = {settings.origin, f"{request.url.scheme}://{request.headers['host']}"}
    if site not in ("same-origin", "none") or (origin is not None and origin not in own):
        raise _forged()
    found = await asking(request)
    expected = found.csrf or request.cookies.get(BEFORE_SIGN_IN, "")
    form = await request.form(max_files=30, max_fields=4000, max_part_size=1 << 20)
    given = form.get("csrf")
    if (
        not expected
        or not isinstance(given, str)
        or not hmac.compare_digest(unmasked(given).encode(), expected.encode())
    ):
        raise _forged()


def _forged() -> NotAllowed:
    return NotAllowed(
        Problem(
            "web.form_expired",
            "This form is too old, or it does not come from this service's own page.",
            hint="Go back, load the page again and send it once more.",
        )
    )


def is_official(principal: Principal | None) -> bool:
    """Whether somebody sits with the administration."""
    return principal is not None and principal.role not in FILERS


def scopes_of(rule: Any) -> tuple[Scope, ...]:
    """The scopes that a rule asks for, empty where it asks for none."""
    return rule.scopes if isinstance(rule, Allow) else ()
