"""Codes for many descriptions: a file or pasted lines, how far it is, and what to download."""

from __future__ import annotations

import csv
import io
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from tradelane.kit.clock import stamp
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.plaintext import clean_line
from tradelane.web import pages
from tradelane.web.access import SIGNED_IN, Asking, check_form, principal_of
from tradelane.web.classifier import classifier_of
from tradelane.web.classify_batches import DAYS, MOST_BYTES, MOST_LINES, Batches, read_texts
from tradelane.web.problems import status_of

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False)
Asker = Annotated[Asking, Depends(SIGNED_IN)]
FORM = [Depends(check_form)]
BATCH = "/classify/batch"
MOST_RUNNING = 2
MOST_SHOWN = 50
OVER = "over"
"""The id of the last event of a batch."""


@router.get(BATCH)
def show_form(request: Request, asker: Asker) -> Response:
    """Choose a file or paste lines; what one has begun before."""
    return _form(request, asker)


@router.post(BATCH, dependencies=FORM)
async def take(request: Request, asker: Asker) -> Response:
    """Keep the descriptions and start on them."""
    form = await request.form()
    sent = form.get("file")
    data = await sent.read(MOST_BYTES + 1) if isinstance(sent, UploadFile) else b""
    title = clean_line(PurePath(getattr(sent, "filename", "") or "").name)[:80]
    pasted = str(form.get("pasted", ""))
    await form.close()

    def work() -> Response:
        lane: Tradelane = request.app.state.lane
        owner = principal_of(asker).user_id
        batches = _batches(request)
        try:
            texts = read_texts(data, pasted)
            running = [one for one in batches.of(owner) if one.state == "running"]
            if len(running) >= MOST_RUNNING:
                raise InputRefused(
                    Problem(
                        "classification.batch_busy",
                        "Two of your batches are being worked on already.",
                        hint="Wait until one is done, or throw one away.",
                    )
                )
        except InputRefused as error:
            return _form(request, asker, error, pasted)
        batch = batches.begin(owner, title or texts[0], stamp(lane.clock.now()), texts)
        return pages.see_other(f"{BATCH}/{batch.id}")

    return await run_in_threadpool(work)


@router.get(BATCH + "/{batch_id}")
def show_batch(request: Request, asker: Asker, batch_id: str) -> Response:
    """How far it is, and what came out."""
    batches = _batches(request)
    batch = batches.get(batch_id, principal_of(asker).user_id)
    return pages.render(
        request,
        "classify/batch.html",
        batch=batch,
        rows=batches.first_open(batch, MOST_SHOWN) if batch.state == "done" else [],
        path=f"{BATCH}/{batch.id}",
    )


@router.get(BATCH + "/{batch_id}/progress")
def follow(request: Request, asker: Asker, batch_id: str) -> Response:
    """One event with how far it is; a browser asks again after two seconds, until it is over."""
    batch = _batches(request).get(batch_id, principal_of(asker).user_id)
    over = batch.state != "running"
    if over and request.headers.get("last-event-id") == OVER:
        return Response(status_code=204)
    event = f"id: {OVER if over else batch.done}\nretry: 2000\ndata: {batch.done}\n\n"
    return Response(event, media_type="text/event-stream", headers={"cache-control": "no-store"})


@router.get(BATCH + "/{batch_id}/{which}.csv")
def download(
    request: Request, asker: Asker, batch_id: str, which: Literal["codes", "for-a-person"]
) -> Response:
    """Five codes a line, or the lines that need a person."""
    batches = _batches(request)
    batch = batches.get(batch_id, principal_of(asker).user_id)
    if batch.state != "done":
        return pages.see_other(f"{BATCH}/{batch.id}")
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(
        batches.rows(batch, only_open=which == "for-a-person")
    )
    headers = {"content-disposition": f'attachment; filename="{which}.csv"'}
    return Response(
        out.getvalue().encode("utf-8-sig"), headers=headers, media_type="text/csv; charset=utf-8"
    )


@router.post(BATCH + "/{batch_id}/{step}", dependencies=FORM)
def change(
    request: Request, asker: Asker, batch_id: str, step: Literal["again", "discard"]
) -> Response:
    """Begin one again that was interrupted, or throw one away."""
    batches = _batches(request)
    batch = batches.get(batch_id, principal_of(asker).user_id)
    if step == "discard":
        batches.discard(batch)
        return pages.see_other(BATCH, "discarded")
    if batch.state == "failed":
        batches.again(batch)
    return pages.see_other(f"{BATCH}/{batch.id}")


def _batches(request: Request) -> Batches:
    return Batches(request.app.state.lane.home, classifier_of(request))


def _form(
    request: Request, asker: Asking, error: InputRefused | None = None, pasted: str = ""
) -> Response:
    return pages.render(
        request,
        "classify/batches.html",
        200 if error is None else status_of(error),
        batches=_batches(request).of(principal_of(asker).user_id),
        pasted=pasted[:200_000],
        most=MOST_LINES,
        megabytes=MOST_BYTES >> 20,
        days=DAYS,
        problems=[] if error is None else pages.problems_of(error),
    )
