"""Builds the application: the guard, the routes, and how errors are answered."""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tradelane.declarations.documents import Documents
from tradelane.declarations.mapping import load as load_mapping
from tradelane.journeys.intake import IntakeClosed
from tradelane.kit.errors import IntegrityBroken, Problem, TradelaneError
from tradelane.kit.version import VERSION
from tradelane.web import metrics, pages
from tradelane.web.beside import beside
from tradelane.web.guard import Guard
from tradelane.web.idempotency import DeskReplies
from tradelane.web.limiting import Limiter
from tradelane.web.openapi import describe, operation_id
from tradelane.web.problems import headers_of, problem_response, status_of
from tradelane.web.settings import Settings, read_settings
from tradelane.web.squeeze import Squeeze
from tradelane.web.templating import environment

if TYPE_CHECKING:
    from tradelane.journeys.desk import Desk
    from tradelane.platform import Tradelane

log = logging.getLogger("tradelane.web")

ROUTES = (
    "filing",
    "public",
    "sign_in",
    "sign_in_oidc",
    "account",
    "people",
    "declarations_api",
    "bulk_api",
    "events_api",
    "webhooks_api",
    "ledger_api",
    "reference_api",
    "governance_api",
    "api_pages",
    "events_pages",
    "queue",
    "trader_filing",
    "trader_upload",
    "trader_changes",
    "trader",
    "messages",
    "codes",
    "classify",
    "classify_api",
    "classify_batch",
    "classify_sources",
    "operations",
    "overview",
    "selection",
    "models",
    "monitoring",
    "rules",
    "rules_proposals",
    "rules_drafts",
    "rules_editing",
    "audit",
    "oversight_api",
    "cases",
    "findings",
    "cases_api",
    "hub",
    "hub_applies",
    "hub_compare",
    "hub_tables",
    "hub_records",
    "hub_provisions",
    "hub_search",
    "hub_downloads",
    "hub_proposals",
    "hub_feeds",
    "hub_cases",
    "hub_surveys",
)
"""The files of ``web/routes``, each with a ``router``; what is asked most often stands first."""

_DESCRIPTION = (
    "File declarations, follow them, decide cases and check the ledger. Every change is one entry "
    "of a tamper-evident ledger. Errors are problem details (RFC 9457)."
)


def create_app(lane: Tradelane, settings: Settings | None = None) -> FastAPI:
    """The application over a workspace. Its desk runs while the application does."""
    app = FastAPI(
        title="Tradelane",
        version=VERSION,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_life,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    state = app.state
    state.lane = lane
    state.settings = settings or read_settings()
    state.templates = environment()
    state.tokens = {}
    state.limiter = Limiter(state.settings)
    state.documents = Documents(load_mapping("tradelane"), lane.nomenclature)
    state.stop = threading.Event()
    state.own_process = False
    app.add_middleware(Squeeze)
    app.add_middleware(Guard, settings=state.settings, broken=_broken)
    app.add_exception_handler(TradelaneError, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    for name in ROUTES:
        app.include_router(importlib.import_module(f"tradelane.web.routes.{name}").router)
    describe(app)
    return app


def from_environment() -> FastAPI:
    """The application of the workspace that the environment names (for server processes)."""
    from tradelane.platform import Tradelane
    from tradelane.web import logs

    settings = read_settings()
    logs.configure(settings.log_format)
    # The desk computes while the event loop answers: the usual five milliseconds that a thread may
    # keep the interpreter to itself would be added to every answer, several times over.
    sys.setswitchinterval(0.0005)
    app = create_app(Tradelane(), settings)
    app.state.own_process = True
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    lane: Tradelane = app.state.lane
    desk = await run_in_threadpool(lambda: lane.desk)
    desk.observe = lambda count, seconds: _observe(desk, count, seconds)
    desk.replies = DeskReplies(lane)
    desk.start()
    app.state.desk = desk
    await run_in_threadpool(_warm, app)
    dispatcher = lane.dispatcher()
    worker = threading.Thread(
        target=dispatcher.run_forever, args=(app.state.stop,), name="webhooks", daemon=True
    )
    worker.start()
    mailing = lane.mailing(app.state.settings.origin)
    if mailing is not None:
        post = threading.Thread(
            target=mailing.run_forever, args=(app.state.stop,), name="mails", daemon=True
        )
        post.start()
    try:
        async with beside(app, desk):
            yield
    finally:
        app.state.stop.set()
        await run_in_threadpool(desk.close)
        worker.join(15)


def _observe(desk: Desk, count: int, seconds: float) -> None:
    metrics.WAITING.set(desk.waiting)
    metrics.CLEARED.inc(count)
    metrics.GROUP_SECONDS.observe(seconds)


def _warm(app: FastAPI) -> None:
    """Load the engines now, not when the first declaration comes. In a process of our own, take
    what they are made of out of the collector's rounds: with a model in memory a full round stops
    everything for long."""
    with contextlib.suppress(IntakeClosed):
        _ = app.state.lane.desk.intake
    if app.state.own_process:
        gc.collect()
        gc.freeze()


# ---------------------------------------------------------------- errors


def _is_api(request: Request) -> bool:
    return request.url.path.startswith(("/api/", "/health", "/metrics"))


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, TradelaneError)
    status = status_of(error)
    if isinstance(error, IntegrityBroken):
        log.error("integrity", extra={"trace_id": request.state.trace_id}, exc_info=error)
        status = 500
    if _is_api(request):
        answer = problem_response(request, status, error.problems)
        answer.headers.update(headers_of(error, status))
        return answer
    return await run_in_threadpool(pages.error_page, request, error)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = Problem(*_HTTP.get(error.status_code, _HTTP[400]))
    if _is_api(request):
        answer = problem_response(request, error.status_code, (problem,))
    else:
        answer = await run_in_threadpool(pages.plain_error, request, error.status_code, problem)
    answer.headers.update(error.headers or {})
    return answer


_HTTP = {
    400: ("web.request", "The request cannot be read."),
    404: ("web.no_page", "There is nothing at this address."),
    405: ("web.method", "That method is not for this address."),
    415: ("web.media_type", "That kind of content is not taken here."),
}


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = tuple(
        Problem(
            "web.parameter",
            f"{item['msg']}.",
            pointer="/" + "/".join(str(part) for part in item["loc"][1:]),
        )
        for item in error.errors()
    )
    if _is_api(request):
        return problem_response(request, 422, problems)
    return await run_in_threadpool(pages.plain_error, request, 422, problems[0])


async def _broken(request: Request, error: Exception) -> Response:
    log.error("unexpected", extra={"trace_id": request.state.trace_id}, exc_info=error)
    problem = Problem(
        "web.unexpected", "This should not have happened; it is in the log.", hint="Try again."
    )
    if _is_api(request):
        return problem_response(request, 500, (problem,))
    return await run_in_threadpool(pages.plain_error, request, 500, problem)


def route_rules(app: FastAPI) -> list[dict[str, Any]]:
    """Every route with its methods, path and rules, for the authorisation table.

    The description of the API, which FastAPI adds itself and everybody may read, counts as public.
    """
    from tradelane.web.access import PUBLIC, Rule

    found = []
    for route in iter_route_contexts(app.routes):
        if route.path == app.openapi_url:
            rules: list[Rule] = [PUBLIC]
        else:
            needed = route.dependant.dependencies
            rules = [one.call for one in needed if isinstance(one.call, Rule)]
        methods = sorted((route.methods or set()) - {"HEAD"})
        found.append({"methods": methods, "path": route.path, "rules": rules})
    return found
