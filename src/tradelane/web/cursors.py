"""Where a list goes on: opaque text that says only a place.

Whose rows are listed always comes from who asks, never from the cursor, so a made-up one leads to
another place in the asker's own list and to nothing else.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import urlencode

from starlette.requests import Request

from tradelane.kit.errors import InputRefused, Problem

_PLACE = re.compile(rb"1\.(\d{1,18})", re.ASCII)


def cursor_at(place: int) -> str:
    """The cursor of a place.

    >>> read_cursor(cursor_at(7)), read_cursor(None)
    (7, None)
    """
    return base64.urlsafe_b64encode(b"1.%d" % place).decode().rstrip("=")


def read_cursor(cursor: str | None) -> int | None:
    """The place of a cursor, None without one. Errors: InputRefused ``web.cursor``."""
    if cursor is None:
        return None
    try:
        data = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (binascii.Error, UnicodeEncodeError, ValueError):
        data = b""
    found = _PLACE.fullmatch(data)
    if found is None:
        raise InputRefused(
            Problem(
                "web.cursor",
                "The cursor is not one that this service gave.",
                pointer="/cursor",
                hint="Follow 'next' of the page before, or begin without a cursor.",
            )
        )
    return int(found[1])


def link_to_next(request: Request, cursor: str | None) -> dict[str, str]:
    """The Link header (RFC 8288) to the next page, nothing on the last one."""
    if cursor is None:
        return {}
    query = [(k, v) for k, v in request.query_params.multi_items() if k != "cursor"]
    address = f"{request.url.path}?{urlencode([*query, ('cursor', cursor)])}"
    return {"link": f'<{address}>; rel="next"'}
