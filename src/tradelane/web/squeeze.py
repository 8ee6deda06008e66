"""Answers made smaller for slow lines, without telling anybody what is in them.

Compression leaks: where a secret and text of an attacker's choice stand in one compressed answer,
its length tells how alike they are (BREACH). So:

- only answers to GET are compressed. Whatever shows a secret once (a new token, recovery codes, a
  password to hand over) is the answer to a POST;
- the one secret of GET pages, that of their forms, is masked with fresh bytes in every answer
  (`masked`), so that it looks like itself in no two of them;
- streams of events are let through untouched: each must arrive at once.

Static files are compressed once, in `routes.public`. Plain ASGI, for the same reason as the guard.
"""

from __future__ import annotations

import base64
import secrets
import zlib
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KINDS = ("text/html", "text/csv", "text/plain", "application/json", "application/problem+json")
_SMALLEST = 1000
_LEVEL = 5
_GZIP = 16 + zlib.MAX_WBITS


class Squeeze:
    """Compresses what goes out, as it goes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["method"] != "GET"
            or "gzip" not in Headers(scope=scope).get("accept-encoding", "")
        ):
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Squeezing(send))


class _Squeezing:
    """One answer: decides with its head and first bytes, then compresses every part."""

    __slots__ = ("_head", "_send", "_squeezer")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._head: Message | None = None
        self._squeezer: Any = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if _worth_it(message):
                self._head = message  # until the first bytes say whether there is much
            else:
                await self._send(message)
            return
        if self._head is not None:
            await self._begin(message)
        if self._squeezer is not None:
            message = self._squeezed(message)
        await self._send(message)

    async def _begin(self, first: Message) -> None:
        head, self._head = self._head, None
        assert head is not None
        headers = MutableHeaders(raw=head["headers"])
        headers.add_vary_header("accept-encoding")
        if first.get("more_body", False) or len(first.get("body", b"")) >= _SMALLEST:
            self._squeezer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
            headers["content-encoding"] = "gzip"
            del headers["content-length"]
            if "etag" in headers and not headers["etag"].startswith("W/"):
                headers["etag"] = f"W/{headers['etag']}"  # other bytes, the same meaning
            if not first.get("more_body", False):
                body = self._squeezer.compress(first["body"]) + self._squeezer.flush()
                headers["content-length"] = str(len(body))
                first["body"], self._squeezer = body, None
        await self._send(head)

    def _squeezed(self, message: Message) -> Message:
        last = not message.get("more_body", False)
        body = self._squeezer.compress(message.get("body", b""))
        body += self._squeezer.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)
        return {**message, "body": body}


def _worth_it(head: Message) -> bool:
    headers = Headers(raw=head["headers"])
    kind = headers.get("content-type", "").partition(";")[0]
    return kind in _KINDS and "content-encoding" not in headers and head["status"] != 206


# ---------------------------------------------------------------- the secret of forms

_MARK = "~"


def masked(secret: str) -> str:
    """A form's secret as it stands in one page: another text every time.

    >>> unmasked(masked("a secret")), masked("a secret") == masked("a secret")
    ('a secret', False)
    """
    plain = secret.encode()
    mask = secrets.token_bytes(len(plain))
    hidden = bytes(a ^ b for a, b in zip(plain, mask, strict=True))
    return _MARK + base64.urlsafe_b64encode(mask + hidden).decode()


def unmasked(text: str) -> str:
    """The secret that a form sent; what was not masked as it is, what is broken as "".

    >>> unmasked("a secret"), unmasked("~???")
    ('a secret', '')
    """
    if not text.startswith(_MARK):
        return text
    try:
        both = base64.b64decode(text[1:], altchars=b"-_", validate=True)
        half = len(both) // 2
        return bytes(a ^ b for a, b in zip(both[:half], both[half:], strict=True)).decode()
    except ValueError:
        return ""
