"""The API explained to people: every operation, and what every error code means."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from tradelane.web import pages
from tradelane.web.access import PUBLIC, Asking
from tradelane.web.errors_reference import error_codes
from tradelane.web.openapi import TAGS, operations

router = APIRouter(include_in_schema=False)
ANYONE = Annotated[Asking, Depends(PUBLIC)]


@router.get("/api")
def api_reference(request: Request, asker: ANYONE) -> Response:
    """The reference, made from the same description that programs read."""
    spec = request.app.openapi()
    return pages.render(
        request,
        "api/reference.html",
        origin=spec["servers"][0]["url"],
        tags=[(name, about, operations(spec).get(name, [])) for name, about in TAGS],
        example=request.app.state.settings.origin,
    )


@router.get("/api/errors")
def api_errors(request: Request, asker: ANYONE) -> Response:
    """Every code with an anchor of its own: the ``type`` of a problem leads here."""
    groups = groupby(error_codes(), key=lambda one: one.code.partition(".")[0])
    return pages.render(
        request, "api/errors.html", groups=[(name, list(codes)) for name, codes in groups]
    )
