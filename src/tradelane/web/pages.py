"""Makes a page: what every template is given, and the few kinds of answers that pages have."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tradelane.accounts.model import Principal, Scope
from tradelane.kit.errors import Problem, TradelaneError
from tradelane.web.access import BEFORE_SIGN_IN, NOBODY, Asking, is_official
from tradelane.web.problems import SignInNeeded, headers_of, status_of, title_of
from tradelane.web.squeeze import masked
from tradelane.web.translation import N_, choose_locale, page_words

LOCALE = "tl_locale"
THEME = "tl_theme"
FLASH = "tl_flash"
YEAR = 365 * 24 * 3600

NAVIGATION: Sequence[tuple[str, str, tuple[Scope, ...]]] = (
    ("/declarations", N_("Declarations"), (Scope.DECLARATIONS_READ,)),
    ("/declarations/new", N_("File a declaration"), (Scope.DECLARATIONS_WRITE,)),
    ("/classify", N_("Find a code"), (Scope.DECLARATIONS_WRITE,)),
    ("/messages", N_("Messages"), (Scope.DECLARATIONS_READ,)),
    ("/events", N_("Events"), (Scope.EVENTS_READ,)),
    ("/queue", N_("Queue"), (Scope.CASES_READ,)),
    ("/overview", N_("Overview"), (Scope.OVERSIGHT_READ, Scope.FIGURES_READ)),
    ("/selection", N_("Selection"), (Scope.OVERSIGHT_READ,)),
    ("/monitoring", N_("Monitoring"), (Scope.OVERSIGHT_READ, Scope.FIGURES_READ)),
    (
        "/rules",
        N_("Rules"),
        (Scope.OVERSIGHT_READ, Scope.RULES_PROPOSE, Scope.RULES_AGREE),
    ),
    ("/models", N_("Models"), (Scope.OVERSIGHT_READ, Scope.FIGURES_READ)),
    ("/classify", N_("Find a code"), (Scope.CASES_READ, Scope.MODELS_PROPOSE)),
    ("/audit", N_("Audit"), (Scope.AUDIT_READ,)),
    ("/hub/proposals", N_("Changes to AI rules"), (Scope.CORPUS_PROPOSE, Scope.CORPUS_REVIEW)),
    ("/people", N_("People"), (Scope.ACCOUNTS_MANAGE,)),
)
"""Address, label (an English sentence that is translated) and the scopes of which one is needed."""

_NOTICES = {
    "saved": ("good", N_("Saved.")),
    "proposed": ("good", N_("Proposed. A second person has to agree before it is in force.")),
    "signed-out": ("info", N_("You have signed out.")),
    "no-next": ("info", N_("No other case of this view is free at the moment.")),
    "decided": ("good", N_("The decision is recorded.")),
    "found": ("good", N_("The findings are recorded. The case can be decided now.")),
    "sent": ("good", N_("The message is sent.")),
    "filed": ("good", N_("Your declaration is filed.")),
    "filed-all": ("good", N_("Everything in the file is filed.")),
    "amended": ("good", N_("Your amendment is filed.")),
    "withdrawn": ("good", N_("The declaration is withdrawn.")),
    "answered": ("good", N_("Your answer is sent to customs.")),
    "discarded": ("info", N_("The draft is discarded.")),
    "training": ("info", N_("The training has begun. It ends with a candidate.")),
    "model-agreed": ("good", N_("Agreed. An order may name this model now.")),
    "model-declined": ("info", N_("Declined. The model stays a candidate.")),
    "model-withdrawn": ("info", N_("The proposal is withdrawn.")),
    "model-retired": ("info", N_("Retired. No new order may name this model.")),
    "rules-agreed": ("good", N_("Agreed. The rules are in force from now on.")),
    "rules-declined": ("info", N_("Declined. The rules in force stay as they are.")),
    "rules-withdrawn": ("info", N_("The proposal is withdrawn.")),
    "hub-proposed": ("good", N_("Proposed. A second person has to agree before it is published.")),
    "hub-published": ("good", N_("Agreed. It is published from now on.")),
    "mail-asked": ("info", N_("A link to confirm is on its way to the address.")),
    "mail-confirmed": ("good", N_("Confirmed. You are told of what is published from now on.")),
    "mail-ended": ("good", N_("Ended. No more mail comes.")),
    "survey-answered": ("good", N_("Your answer is kept. You can revise it until the last day.")),
    "hub-declined": ("info", N_("Declined. What is published stays as it is.")),
    "draft-kept": ("good", N_("Your draft is kept. You can go on with it at any time.")),
}
"""What a page says once after a redirect. The cookie carries only the key: nobody can put words
into our mouth with it."""


def locale_of(request: Request, principal: Principal | None) -> str:
    """The language of whoever reads: chosen in the account, in a cookie, or by the browser."""
    return choose_locale(
        principal.locale if principal else None,
        request.cookies.get(LOCALE),
        request.headers.get("accept-language"),
    )


def render(
    request: Request,
    template: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> Response:
    """A page from a template. Every template also has what base.html says it has."""
    found: Asking = getattr(request.state, "asking", NOBODY)
    principal = found.principal
    locale = locale_of(request, principal)
    words = page_words(locale)
    csrf, fresh = found.csrf, ""
    if not csrf:
        csrf = request.cookies.get(BEFORE_SIGN_IN, "")
        if len(csrf) < 32:
            csrf = fresh = secrets.token_urlsafe(32)
    notice = _NOTICES.get(request.cookies.get(FLASH, ""))
    theme = request.cookies.get(THEME, "")
    path = request.url.path
    common = {
        **words,
        "principal": principal,
        "csrf": masked(csrf),
        "now": request.app.state.lane.clock.now(),
        "nav": _navigation(principal, path, words["_"]),
        "density": "compact" if is_official(principal) else "roomy",
        "theme": theme if theme in ("light", "dark") else "",
        "flash": [] if notice is None else [{"kind": notice[0], "text": words["_"](notice[1])}],
        "path": path,
        "request": request,
    }
    text = request.app.state.templates.get_template(template).render({**common, **context})
    answer = HTMLResponse(text, status, headers=dict(headers or {}))
    settings = request.app.state.settings
    if fresh:
        answer.set_cookie(
            BEFORE_SIGN_IN, fresh, httponly=True, samesite="lax", secure=settings.secure
        )
    if FLASH in request.cookies:
        answer.delete_cookie(FLASH)
    return answer


def _navigation(principal: Principal | None, path: str, say: Any) -> list[dict[str, Any]]:
    if principal is None:
        return []
    allowed = [
        (href, label)
        for href, label, scopes in NAVIGATION
        if any(principal.may(scope) for scope in scopes)
    ]
    within = [href for href, _ in allowed if path == href or path.startswith(href + "/")]
    current = max(within, key=len, default="")
    return [
        {"href": href, "label": say(label), "current": href == current} for href, label in allowed
    ]


def see_other(path: str, notice: str = "") -> Response:
    """After a form: go and look at ``path`` (our own; anything else becomes the front page)."""
    answer = RedirectResponse(own_path(path), 303)
    if notice:
        answer.set_cookie(FLASH, notice, max_age=60, httponly=True, samesite="lax")
    return answer


def own_path(path: str) -> str:
    """The path if it is one of this service, else ``/``: no redirect leads elsewhere.

    >>> own_path("/queue?lane=red"), own_path("//evil.example"), own_path("/\\\\evil.example")
    ('/queue?lane=red', '/', '/')
    """
    parts = urlsplit(path)
    clean = path.isascii() and path.isprintable() and "\\" not in path
    if clean and path.startswith("/") and not path.startswith("//") and not parts.netloc:
        return path
    return "/"


def home_of(principal: Principal) -> str:
    """Where somebody's work begins."""
    return next(
        (href for href, _, scopes in NAVIGATION if any(principal.may(s) for s in scopes)),
        "/account",
    )


def problems_of(error: TradelaneError) -> list[dict[str, Any]]:
    """An error's problems as the macros take them."""
    return [problem.to_dict() for problem in error.problems]


def error_page(request: Request, error: TradelaneError) -> Response:
    """The page of an error; whoever has to sign in first is brought back afterwards."""
    status = status_of(error)
    if isinstance(error, SignInNeeded) and request.method in ("GET", "HEAD"):
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?return_to={quote(target)}", 303)
    return render(
        request,
        "error.html",
        status,
        headers_of(error, status),
        title=title_of(status),
        problems=problems_of(error),
        trace=request.state.trace_id,
    )


def plain_error(request: Request, status: int, problem: Problem) -> Response:
    """The page of an error that is nobody's exception (no such page, method not allowed)."""
    return render(
        request,
        "error.html",
        status,
        title=title_of(status),
        problems=[problem.to_dict()],
        trace=request.state.trace_id,
    )
