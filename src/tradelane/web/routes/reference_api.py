"""What programs look up: codes of the Harmonized System, and what error codes mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tradelane.nomenclature.model import SHIPPED_EDITION, Code
from tradelane.web import shapes
from tradelane.web.access import PUBLIC, Asking
from tradelane.web.errors_reference import error_codes
from tradelane.web.limiting import limited

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(prefix="/api/v1", tags=["reference"], dependencies=[Depends(limited)])
ANYONE = Annotated[Asking, Depends(PUBLIC)]
_KEPT = {"cache-control": "public, max-age=86400"}

_FOUND = shapes.shape(
    edition=shapes.TEXT,
    items={
        "type": "array",
        "items": shapes.shape(**shapes.CODE["properties"], score={"type": "number"}),
    },
)
_ONE = shapes.shape(
    **shapes.CODE["properties"],
    edition=shapes.TEXT,
    path={"type": "array", "items": shapes.CODE, "description": "From the section down to it."},
)
_ERROR = shapes.shape(code=shapes.TEXT, meaning=shapes.TEXT, what_to_do=shapes.TEXT)


@router.get(
    "/codes",
    summary="Search codes of goods",
    responses=shapes.answers(_FOUND, 422, 429),
)
def search_codes(
    request: Request,
    asker: ANYONE,
    q: Annotated[str, Query(min_length=1, max_length=200, description="What the goods are.")],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Response:
    """Subheadings of HS 2022 whose wording shares rare words with `q`, best first. A finder, not a
    classifier: who declares answers for the code."""
    lane: Tradelane = request.app.state.lane
    hits = lane.nomenclature.search(q, limit)
    items = [{**_view(hit.code), "score": hit.score} for hit in hits]
    return JSONResponse({"edition": SHIPPED_EDITION, "items": items}, headers=_KEPT)


@router.get(
    "/codes/{code}",
    summary="Read a code of goods",
    responses=shapes.answers(_ONE, 404, 422, 429),
)
def get_code(
    request: Request,
    asker: ANYONE,
    code: Annotated[str, Path(max_length=20, examples=["847130"])],
) -> Response:
    """A chapter, heading or subheading with the path that leads to it. Punctuation is ignored."""
    lane: Tradelane = request.app.state.lane
    *above, found = lane.nomenclature.path(code)
    path = [_view(one) for one in (*above, found)]
    return JSONResponse({**_view(found), "edition": SHIPPED_EDITION, "path": path}, headers=_KEPT)


@router.get(
    "/errors",
    summary="List every error code",
    responses=shapes.answers(shapes.many(_ERROR), 429),
)
def list_errors(request: Request, asker: ANYONE) -> Response:
    """What each `code` of a problem means, and what to do. Codes are stable."""
    items = [one._asdict() for one in error_codes()]
    return JSONResponse({"items": items}, headers=_KEPT)


def _view(code: Code) -> dict[str, Any]:
    return {"code": code.code, "level": code.level, "wording": code.wording}
