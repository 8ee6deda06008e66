"""Looks goods up in the Harmonized System; who files can use what was found in a draft."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Scope
from tradelane.journeys.preparing import Text
from tradelane.trade.hscode import show_code
from tradelane.web import pages
from tradelane.web.access import PUBLIC, Asking
from tradelane.web.sheets import open_draft

router = APIRouter(include_in_schema=False)
MOST = 15


@router.get("/codes/search")
def search_codes(
    request: Request,
    asker: Annotated[Asking, Depends(PUBLIC)],
    q: Annotated[str, Query(max_length=300)] = "",
    draft: int | None = None,
    line: int = 0,
) -> Response:
    """Subheadings that fit some words, each with the path that leads to it."""
    goods: Text = {}
    principal = asker.principal
    if draft is not None and principal is not None and principal.may(Scope.DECLARATIONS_WRITE):
        lines = open_draft(request, principal, draft).sheet.lines
        goods = lines[line] if 0 <= line < len(lines) else {}
    else:
        draft = None
    text = q.strip() or goods.get("description", "").strip()
    nomenclature = request.app.state.lane.nomenclature
    found = [
        {
            "code": hit.code.code,
            "shown": show_code(hit.code.code),
            "wording": hit.code.wording,
            "path": [part.wording for part in nomenclature.path(hit.code.code)[1:-1]],
        }
        for hit in (nomenclature.search(text[:300], MOST) if text else [])
    ]
    return pages.render(
        request, "trader/codes.html", q=text, hits=found, draft=draft, line=line, most=MOST
    )
