"""What anybody may see: the front page, the files that pages are made of, language and colours."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from tradelane.journeys.receipts import check_text
from tradelane.kit.errors import InputRefused, Problem
from tradelane.web import pages
from tradelane.web.access import PUBLIC, UNASKED, Asking, check_form
from tradelane.web.limiting import limited_by_address
from tradelane.web.templating import STATIC, static_files
from tradelane.web.translation import LANGUAGES

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False)

Asker = Annotated[Asking, Depends(PUBLIC)]
_LARGEST_RECEIPT = 300_000
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_NOW = "public, no-cache"


@router.get("/")
def front(request: Request, asker: Asker) -> Response:
    """What this is; whoever has signed in is sent to their work."""
    if asker.principal is not None:
        return RedirectResponse(pages.home_of(asker.principal), 303)
    return pages.render(request, "public/front.html")


@router.get("/verify")
def verify_page(request: Request, asker: Asker) -> Response:
    """Ask for a receipt."""
    return pages.render(request, "public/verify.html", verdicts=[], text="", problems=[])


@router.post("/verify", dependencies=[Depends(check_form), Depends(limited_by_address)])
async def verify(request: Request, asker: Asker) -> Response:
    """Say whether a receipt is genuine, and exactly what is wrong where it is not."""
    form = await request.form()
    typed, sent = form.get("receipt"), form.get("file")
    given = typed.encode() if isinstance(typed, str) else b""
    if isinstance(sent, UploadFile) and sent.size:
        given = await sent.read(_LARGEST_RECEIPT + 1)
    lane: Tradelane = request.app.state.lane

    def work() -> Response:
        try:
            if len(given) > _LARGEST_RECEIPT:
                raise InputRefused(
                    Problem(
                        "web.receipt_large",
                        f"This is more than {_LARGEST_RECEIPT // 1000} kB.",
                        pointer="/receipt",
                        hint="A receipt has two or three; send fewer at once.",
                    )
                )
            with lane.database.read() as tx:
                verdicts = check_text(lane, tx, given)
        except InputRefused as error:
            # A wrong file is not sent back: it could be of any kind and size.
            kept = typed if isinstance(typed, str) and len(typed) <= _LARGEST_RECEIPT else ""
            found = [{**problem, "pointer": "/receipt"} for problem in pages.problems_of(error)]
            return pages.render(
                request, "public/verify.html", 422, verdicts=[], text=kept, problems=found
            )
        return pages.render(request, "public/verify.html", verdicts=verdicts, text="", problems=[])

    return await run_in_threadpool(work)


@router.get("/accessibility")
def accessibility(request: Request, asker: Asker) -> Response:
    """How far everybody can use these pages, how that was tested, and what is known not to work."""
    return pages.render(request, "public/accessibility.html")


# ---------------------------------------------------------------- language and colours


@router.post("/preferences", dependencies=[Depends(check_form)])
async def prefer(request: Request, asker: Asker) -> Response:
    """Keep the language and the colours in the browser; the language in the account as well."""
    form = await request.form()
    locale, theme = form.get("locale"), form.get("theme")
    return_to = form.get("return_to")
    answer = pages.see_other(return_to if isinstance(return_to, str) else "/")
    secure = request.app.state.settings.secure
    if isinstance(locale, str) and locale in LANGUAGES:
        _keep(answer, pages.LOCALE, locale, secure=secure)
        if asker.principal is not None:
            await run_in_threadpool(_save_locale, request, asker.principal.user_id, locale)
    if theme in ("light", "dark"):
        _keep(answer, pages.THEME, str(theme), secure=secure)
    elif theme == "":
        answer.delete_cookie(pages.THEME, secure=secure, samesite="lax")
    return answer


def _keep(answer: Response, name: str, value: str, *, secure: bool) -> None:
    answer.set_cookie(name, value, max_age=pages.YEAR, secure=secure, samesite="lax", httponly=True)


def _save_locale(request: Request, user_id: int, locale: str) -> None:
    lane: Tradelane = request.app.state.lane
    lane.database.write(lambda tx: lane.accounts.set_locale(tx, user_id, locale))


# ---------------------------------------------------------------- files


@dataclass(frozen=True, slots=True)
class _File:
    kind: str
    body: bytes
    squeezed: bytes | None
    etag: str


@cache
def _file(path: str) -> _File | None:
    """One of the known files, read once and compressed once."""
    if path not in static_files():
        return None
    body = (STATIC / path).read_bytes()
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    if kind.startswith("text/"):
        kind += "; charset=utf-8"
    squeezed = gzip.compress(body, 9, mtime=0)
    smaller = squeezed if len(squeezed) < len(body) else None
    return _File(kind, body, smaller, hashlib.sha256(body).hexdigest()[:32])


@router.get("/static/{path:path}")
def static_file(
    request: Request, path: str, asker: Annotated[Asking, Depends(UNASKED)], v: str = ""
) -> Response:
    """A file of the pages. Under the address that names its content it may be kept for ever."""
    found = _file(path)
    if found is None:
        raise HTTPException(404)
    headers = {
        "cache-control": _FOR_EVER if v == static_files()[path] else _FOR_NOW,
        "vary": "accept-encoding",
    }
    body = found.body
    etag = f'"{found.etag}"'
    if found.squeezed is not None and takes_gzip(request):
        headers["content-encoding"] = "gzip"
        body, etag = found.squeezed, f'"{found.etag}-gz"'
    headers["etag"] = etag
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=found.kind)


def takes_gzip(request: Request) -> bool:
    """Whether the browser takes gzip."""
    return "gzip" in request.headers.get("accept-encoding", "")
