"""File by upload: the whole file is checked first, then the good declarations are filed.

The file is kept as a draft. What was filed of it is seen from the declarations themselves, so the
page can be closed, reloaded or sent twice at any moment.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from pathlib import PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Principal, Scope
from tradelane.declarations.mapping import Mapping, load, shipped
from tradelane.drafts.model import Draft, DraftKind
from tradelane.journeys.filings import Cleared, Filed
from tradelane.journeys.uploading import (
    MOST_BYTES,
    MOST_LINES,
    Upload,
    inspect,
    refused_rows,
    take,
)
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.kit.plaintext import clean_line
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, check_form, principal_of
from tradelane.web.problems import status_of
from tradelane.web.translation import N_

router = APIRouter(include_in_schema=False)
Asker = Annotated[Asking, Depends(Allow(Scope.DECLARATIONS_WRITE))]
FORM = [Depends(check_form)]
UPLOADS = "/declarations/new/upload"

MAPPING_WORDS = (
    N_("Tradelane's own columns"),
    N_("Korea Customs Service, import declarations (22 columns)"),
)
"""Titles of the mappings that are shipped, marked here: a pack knows no languages."""

SHOWN = 100
"""Problems and declarations that the page lists; the download has all of them."""

AT_ONCE = 500
"""Declarations that are handed to the desk together: others get their turn in between."""

PATIENCE = 2.0
"""Seconds that somebody waits for the answer; what takes longer goes on behind the page."""


@router.get(UPLOADS)
def show_upload_form(request: Request, asker: Asker) -> Response:
    """Choose a file and say what form it has."""
    return _form(request, "tradelane")


@router.post(UPLOADS, dependencies=FORM)
async def take_upload(request: Request, asker: Asker) -> Response:
    """Keep the file if it is one that can be read at all."""
    form = await request.form()
    name = str(form.get("mapping", ""))
    sent = form.get("file")
    data = b""
    try:
        if isinstance(sent, UploadFile):
            data = await sent.read(MOST_BYTES + 1)
    finally:
        await form.close()
    title = clean_line(PurePath(getattr(sent, "filename", "") or "").name)[:80]
    return await run_in_threadpool(_take, request, principal_of(asker), data, name, title)


def _take(request: Request, principal: Principal, data: bytes, name: str, title: str) -> Response:
    lane = request.app.state.lane
    mapping = _mapping(name)
    try:
        data = take(data, mapping)
        with lane.database.read() as tx:
            inspect(lane, tx, data, mapping, principal.declarants)
        about = {"title": title or "upload", "mapping": mapping.id}

        def write(tx: Any) -> int:
            made: int = lane.drafts.begin(
                tx, principal.organisation_id, DraftKind.UPLOAD, about, data
            )
            return made

        draft_id = lane.database.write(write)
    except InputRefused as error:
        return _form(request, mapping.id, error.problems, status_of(error))
    return pages.see_other(f"{UPLOADS}/{draft_id}")


@router.get(UPLOADS + "/{draft_id}")
def show_upload(request: Request, asker: Asker, draft_id: int) -> Response:
    """What is right and wrong with each line, and what is filed by now."""
    draft, _, upload = _open(request, principal_of(asker), draft_id)
    return _done(draft) or _page(request, draft, upload)


@router.post(UPLOADS + "/{draft_id}", dependencies=FORM)
def file_good_ones(request: Request, asker: Asker, draft_id: int) -> Response:
    """File the declarations of the file that are right and not filed yet."""
    principal = principal_of(asker)
    draft, _, upload = _open(request, principal, draft_id)
    done = _done(draft)
    if done is not None:
        return done
    futures: list[Future[Cleared]] = []
    try:
        request.app.state.desk.intake  # noqa: B018 - refuses while no declarations are taken
        waiting = [Filed(declaration) for declaration in upload.to_file]
        until = time.monotonic() + PATIENCE
        for start in range(0, len(waiting), AT_ONCE):
            futures += request.app.state.desk.submit(waiting[start : start + AT_ONCE])
        wait(futures, max(until - time.monotonic(), 0))
    except TradelaneError as error:
        _, _, upload = _open(request, principal, draft_id)
        return _page(request, draft, upload, error.problems, status_of(error))
    _, _, upload = _open(request, principal, draft_id)
    if not upload.to_file and not upload.refused:
        lane = request.app.state.lane
        lane.database.write(lambda tx: lane.drafts.finish(tx, draft_id, "/declarations"))
        return pages.see_other("/declarations", "filed-all")
    return pages.see_other(f"{UPLOADS}/{draft_id}#result")


@router.get(UPLOADS + "/{draft_id}/refused.csv")
def download_refused(request: Request, asker: Asker, draft_id: int) -> Response:
    """The refused rows with their reasons, to correct and upload again."""
    draft, mapping, upload = _open(request, principal_of(asker), draft_id)
    done = _done(draft)
    if done is not None:
        return done
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=mapping.format.delimiter)
    writer.writerows(refused_rows(draft.content, mapping, upload))
    return Response(
        "\ufeff" + out.getvalue(),  # a spreadsheet needs the mark to read UTF-8
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="refused-{draft_id}.csv"'},
    )


@router.post(UPLOADS + "/{draft_id}/discard", dependencies=FORM)
def discard_upload(request: Request, asker: Asker, draft_id: int) -> Response:
    """Throw the file away; what was filed of it stays filed."""
    principal = principal_of(asker)
    lane = request.app.state.lane

    def write(tx: Any) -> None:
        lane.drafts.discard(tx, lane.drafts.get(tx, draft_id, principal.organisation_id))

    lane.database.write(write)
    return pages.see_other("/declarations", "discarded")


def _open(request: Request, principal: Principal, draft_id: int) -> tuple[Draft, Mapping, Upload]:
    lane = request.app.state.lane
    with lane.database.read() as tx:
        draft = lane.drafts.get(tx, draft_id, principal.organisation_id)
        if draft.kind is not DraftKind.UPLOAD:
            raise TradelaneError(Problem("drafts.not_found", f"There is no upload {draft_id}."))
        mapping = _mapping(draft.about["mapping"])
        if draft.filed_as:
            return draft, mapping, Upload((), (), 0)
        upload = inspect(lane, tx, draft.content, mapping, principal.declarants)
    return draft, mapping, upload


def _done(draft: Draft) -> Response | None:
    """Where a file went that is filed whole."""
    return pages.see_other(draft.filed_as) if draft.filed_as else None


def _mapping(name: str) -> Mapping:
    """A mapping that ships; anything else that a form names would be a path."""
    return load(name if name in shipped() else "tradelane")


def _form(
    request: Request, chosen: str, problems: Sequence[Problem] = (), status: int = 200
) -> Response:
    at_field = [
        problem if problem.pointer else replace(problem, pointer="/file")
        for problem in problems[:SHOWN]
    ]
    return pages.render(
        request,
        "trader/upload.html",
        status,
        mappings=[(name, load(name).title) for name in reversed(shipped())],
        chosen=chosen,
        most=MOST_LINES,
        megabytes=MOST_BYTES >> 20,
        problems=[problem.to_dict() for problem in at_field],
    )


def _page(
    request: Request,
    draft: Draft,
    upload: Upload,
    problems: Sequence[Problem] = (),
    status: int = 200,
) -> Response:
    wrong = upload.problems
    return pages.render(
        request,
        "trader/upload_result.html",
        status,
        draft=draft,
        upload=upload,
        wrong=wrong[:SHOWN],
        wrong_count=len(wrong),
        shown=SHOWN,
        path=f"{UPLOADS}/{draft.id}",
        problems=[problem.to_dict() for problem in problems],
    )
