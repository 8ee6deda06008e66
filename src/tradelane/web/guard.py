"""What stands before every request: host, size, pace, trace id, headers, log line, metrics.

Written as plain ASGI because it is on the way of every declaration: Starlette's own base class for
middleware costs a task and two queues a request.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tradelane.web.addresses import keep_encoded
from tradelane.web.metrics import REQUESTS, SECONDS
from tradelane.web.settings import Settings

log = logging.getLogger("tradelane.access")

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_STRICT = (b"strict-transport-security", b"max-age=31536000")
_TRACE = re.compile(rb"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?")


Broken = Callable[[Request, Exception], Awaitable[Response]]
"""Answers a request whose handling failed in a way that nobody foresaw."""


class BodyTooLarge(Exception):
    """More bytes came than are taken."""


class BodyTooSlow(Exception):
    """The client paused for too long."""


class Guard:
    """See the module."""

    def __init__(self, app: ASGIApp, settings: Settings, broken: Broken) -> None:
        self._app = app
        self._settings = settings
        self._broken = broken
        self._headers = [*HEADERS, _STRICT] if settings.secure else list(HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        keep_encoded(scope)
        headers = dict(scope["headers"])
        trace = _trace_of(headers)
        scope.setdefault("state", {})["trace_id"] = trace
        seen = {"status": 500, "begun": False}

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"], seen["begun"] = message["status"], True
                message["headers"] = self._complete(message.get("headers", ()), scope, trace)
            await send(message)

        refused = self._refusal(headers)
        try:
            if refused is not None:
                await _refuse(answer, *refused, trace)
            else:
                await self._app(scope, _Body(receive, self._settings), answer)
        except (BodyTooLarge, BodyTooSlow) as error:
            if seen["begun"]:
                raise
            await _refuse(answer, *_BODY[type(error)], trace)
        except Exception as error:
            if seen["begun"]:
                raise
            response = await self._broken(Request(scope), error)
            await response(scope, receive, answer)
        finally:
            self._note(scope, seen["status"], time.perf_counter() - started, trace)

    def _refusal(self, headers: MutableMapping[bytes, bytes]) -> tuple[int, str, str] | None:
        host = _HOST.fullmatch(headers.get(b"host", b"").decode("latin-1"))
        if host is None or host[1].lower() not in self._settings.hosts:
            return 400, "web.host", "This service is not reached under that name."
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._settings.most_body:
            return _BODY[BodyTooLarge]
        return None

    def _complete(self, given: Any, scope: Scope, trace: str) -> list[tuple[bytes, bytes]]:
        names = {name.lower() for name, _ in given}
        headers = [*given, *((n, v) for n, v in self._headers if n not in names)]
        if b"cache-control" not in names:
            headers.append((b"cache-control", b"no-store"))
        headers.append((b"x-trace-id", trace.encode()))
        return headers

    def _note(self, scope: Scope, status: int, seconds: float, trace: str) -> None:
        route = scope.get("route")
        path = getattr(route, "path", None) or "(none)"
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        REQUESTS.labels(method, path, str(status)).inc()
        SECONDS.labels(method, path).observe(seconds)
        if log.isEnabledFor(logging.INFO) and path not in _QUIET:
            log.info(
                "request",
                extra={
                    "trace_id": trace,
                    "method": method,
                    "route": path,
                    "status": status,
                    "milliseconds": round(seconds * 1000, 1),
                    "user": scope["state"].get("user"),
                },
            )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/health/live", "/health/ready", "/metrics", "/static/{path:path}"})
_BODY = {
    BodyTooLarge: (413, "web.body_too_large", "The request is larger than this service takes."),
    BodyTooSlow: (408, "web.body_too_slow", "The request's body came too slowly."),
}


class _Body:
    """Counts what comes in, and does not wait for ever for it."""

    __slots__ = ("_left", "_receive", "_seconds", "_whole")

    def __init__(self, receive: Receive, settings: Settings) -> None:
        self._receive = receive
        self._left = settings.most_body
        self._seconds = settings.body_seconds
        self._whole = False

    async def __call__(self) -> Message:
        if self._whole:  # what comes now is only the news that the client has gone
            return await self._receive()
        try:
            async with asyncio.timeout(self._seconds):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow from None
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise BodyTooLarge
        self._whole = not message.get("more_body", False)
        return message


def _trace_of(headers: MutableMapping[bytes, bytes]) -> str:
    """The caller's W3C trace id if it sent a good one, else a new one."""
    given = _TRACE.fullmatch(headers.get(b"traceparent", b""))
    return given[1].decode() if given else os.urandom(16).hex()


async def _refuse(send: Send, status: int, code: str, sentence: str, trace: str) -> None:
    body = json.dumps(
        {"type": "about:blank", "title": sentence, "status": status, "code": code, "trace": trace}
    ).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
