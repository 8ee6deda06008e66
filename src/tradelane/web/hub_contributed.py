"""Pages of what people contribute, which stand in the hub: they have its navigation."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tradelane.web import pages
from tradelane.web.hub_frame import navigation, words_of


def render(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """A page from a template under ``hub/``."""
    nav = navigation(request, words_of(request))
    return pages.render(request, f"hub/{template}", status, nav=nav, **context)
