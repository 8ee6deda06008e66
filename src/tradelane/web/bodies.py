"""Reads what a program sends: JSON of a known size and depth, and only from where it may come."""

from __future__ import annotations

import re
from typing import Any

import orjson
from starlette.requests import Request

from tradelane.kit.errors import InputRefused, Problem
from tradelane.web.access import asking
from tradelane.web.problems import NotAllowed, TooLarge, UnsupportedMedia
from tradelane.web.settings import Settings

MOST = 64 * 1024
"""Bytes of a JSON body other than a declaration."""
DEEPEST = 20
_JSON = re.compile(r"application/([a-z0-9.+-]+\+)?json\b", re.IGNORECASE)


async def own_site(request: Request) -> None:
    """A dependency: refuse a change that another site makes somebody's browser ask for.

    Only a browser sends the session's cookie by itself, and every browser says where a request
    comes from; a token is never sent by itself.
    """
    found = await asking(request)
    if request.method in ("GET", "HEAD") or found.session is None:
        return
    settings: Settings = request.app.state.settings
    origin = request.headers.get("origin")
    own = {settings.origin, f"{request.url.scheme}://{request.headers['host']}"}
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site not in ("same-origin", "none") or (origin is not None and origin not in own):
        raise NotAllowed(
            Problem(
                "web.other_site",
                "This request comes from another site.",
                hint="Programs send a token in the Authorization header.",
            )
        )


def check_media(request: Request) -> None:
    """Errors: UnsupportedMedia ``web.media_type`` unless the body is said to be JSON."""
    given = request.headers.get("content-type", "")
    if not _JSON.match(given):
        raise UnsupportedMedia(
            Problem(
                "web.media_type",
                f"The body is said to be {given[:60] or 'nothing'!r}; this address takes JSON.",
                hint="Send 'Content-Type: application/json'.",
            )
        )


async def read_bytes(request: Request, most: int = MOST) -> bytes:
    """The body, of at most so many bytes. Errors: TooLarge ``web.body_too_large``."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise TooLarge(
                Problem("web.body_too_large", f"This address takes at most {most:,} bytes.")
            )
        parts.append(part)
    return b"".join(parts)


async def read_object(request: Request, most: int = MOST) -> dict[str, Any]:
    """The JSON object in the body. Errors: those of `check_media`, `read_bytes`, `parse_object`."""
    check_media(request)
    return parse_object(await read_bytes(request, most))


def parse_object(data: bytes) -> dict[str, Any]:
    """A JSON object that is not too deep. Errors: InputRefused ``web.json``."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _not_json(f"The body is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise _not_json("The body has to be a JSON object.")
    if _is_deeper(value, DEEPEST):
        raise _not_json(f"The body is nested more than {DEEPEST} deep.")
    return value


def text_of(value: dict[str, Any], name: str, most: int, *, required: bool = True) -> str:
    """A text field of an object. Errors: InputRefused ``web.field``."""
    found = value.get(name)
    if found is None and not required:
        return ""
    good = isinstance(found, str) and len(found) <= most and "\0" not in found
    if not good or (required and not str(found).strip()):
        raise InputRefused(
            Problem(
                "web.field",
                f"The field {name!r} has to be text of 1 to {most:,} characters.",
                pointer=f"/{name}",
            )
        )
    return str(found)


def only(value: dict[str, Any], *names: str) -> None:
    """Refuse fields that an address does not know, so that a slip of the pen is noticed.

    Errors: InputRefused ``web.field``.
    """
    unknown = [name for name in value if name not in names]
    if unknown:
        raise InputRefused(
            [
                Problem(
                    "web.field",
                    f"There is no field {name[:60]!r} here.",
                    pointer=f"/{name[:60]}",
                    hint="The fields are: " + ", ".join(names) + ".",
                )
                for name in unknown[:20]
            ]
        )


def _is_deeper(value: Any, most: int) -> bool:
    level: list[Any] = [value]
    for _ in range(most):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        if not below:
            return False
        level = below
    return True


def _not_json(message: str) -> InputRefused:
    return InputRefused(Problem("web.json", message, hint="Send one JSON object in UTF-8."))
