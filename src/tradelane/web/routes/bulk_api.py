"""Many declarations in one request: taken at once, filed in the background, followed as a job."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import orjson
from fastapi import APIRouter, Depends, Query
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tradelane.accounts.model import Principal, Scope
from tradelane.journeys.bulk import Bulk, Job, Result
from tradelane.journeys.record import NotFound
from tradelane.kit.clock import stamp
from tradelane.kit.errors import Problem
from tradelane.web import shapes
from tradelane.web.access import Allow, Asking, principal_of
from tradelane.web.bodies import own_site
from tradelane.web.cursors import cursor_at, link_to_next, read_cursor
from tradelane.web.idempotency import Once
from tradelane.web.limiting import limited
from tradelane.web.problems import NotAllowed, TooLarge, UnsupportedMedia
from tradelane.web.schemas import EXAMPLE

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(
    prefix="/api/v1", tags=["bulk"], dependencies=[Depends(limited), Depends(own_site)]
)
WRITER = Annotated[Asking, Depends(Allow(Scope.DECLARATIONS_WRITE))]
READER = Annotated[Asking, Depends(Allow(Scope.DECLARATIONS_READ, Scope.DECLARATIONS_WRITE))]
JobId = Annotated[str, InPath(pattern="^[0-9a-f]{14}$", examples=["19a2b3c4d5e6f7"])]

MOST_LINES = 200_000
_FORMS = {"application/x-ndjson": "ndjson", "text/csv": "csv"}
_PIECE = 1 << 20
_PAGE = 500
_LINE = orjson.dumps(EXAMPLE).decode() + "\n"

_BULK_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-ndjson": {
                "schema": {"type": "string", "description": "A declaration a line, as JSON."},
                "example": _LINE,
            },
            "text/csv": {
                "schema": {"type": "string", "description": "A header, then a goods line a row."}
            },
        },
    }
}


@router.post(
    "/declarations/bulk",
    status_code=202,
    summary="File many declarations",
    openapi_extra=_BULK_BODY,
    responses=shapes.answers(shapes.JOB, 401, 403, 409, 413, 415, 422, 429, 503, status=202),
)
async def file_bulk(
    request: Request,
    asker: WRITER,
    mapping: Annotated[
        str, Query(pattern="^[a-z0-9][a-z0-9-]{0,39}$", description="How columns are named.")
    ] = "tradelane",
) -> Response:
    """Takes a file as the body, up to 200,000 lines, and files it in the background; the answer
    says where to follow that. Declarations that were received before are reported as `repeated` and
    not decided again, so that a file can be sent once more after anything. Takes an
    Idempotency-Key."""
    principal = principal_of(asker)
    organisation_id = _organisation_of(principal)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in _FORMS:
        raise UnsupportedMedia(
            Problem(
                "web.media_type",
                f"A body of the kind {media[:60]!r} cannot be filed.",
                hint="Send application/x-ndjson or text/csv.",
            )
        )
    bulk: Bulk = request.app.state.bulk
    lane: Tradelane = request.app.state.lane
    job_id = f"{time.time_ns() // 1_000_000:011x}{secrets.randbelow(4096):03x}"
    path = bulk.file_of(job_id)
    answer: Response | None = None
    try:
        size, digest = await _spool(request, path)
        once = Once(request, principal.user_id, f"{mapping} {media} {digest}".encode())
        job = Job(
            job_id,
            organisation_id,
            principal.user_id,
            mapping,
            _FORMS[media],
            size,
            stamp(lane.clock.now()),
        )
        answer = await run_in_threadpool(_take, bulk, once, path, job)
    finally:
        if answer is None or "idempotency-replayed" in answer.headers:
            path.unlink(missing_ok=True)
    if path.exists():
        await run_in_threadpool(request.app.state.background.submit, job_id)
    answer.headers["location"] = f"/api/v1/jobs/{orjson.loads(answer.body)['id']}"
    return answer


def _take(bulk: Bulk, once: Once, path: Path, job: Job) -> Response:
    before = once.find()
    if before is not None:
        return before
    bulk.check(path, job.mapping, job.form)

    def work(tx: Any) -> tuple[int, bytes]:
        bulk.take(tx, job)
        return 202, orjson.dumps(job_view(job))

    return once.run(work)


async def _spool(request: Request, path: Path) -> tuple[int, str]:
    """Write the body to a file; its bytes and SHA-256. Errors: TooLarge ``bulk.too_many_lines``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, size, lines = hashlib.sha256(), 0, 0
    pieces: list[bytes] = []
    held = 0
    with path.open("wb") as file:
        async for part in request.stream():
            digest.update(part)
            size += len(part)
            held += len(part)
            lines += part.count(b"\n")
            if lines > MOST_LINES:
                raise TooLarge(
                    Problem(
                        "bulk.too_many_lines",
                        f"One request takes at most {MOST_LINES:,} lines.",
                        hint="Send the file in several requests.",
                    )
                )
            pieces.append(part)
            if held >= _PIECE:
                await run_in_threadpool(file.writelines, pieces)
                pieces, held = [], 0
        await run_in_threadpool(_finish, file, pieces)
    return size, digest.hexdigest()


def _finish(file: BinaryIO, pieces: list[bytes]) -> None:
    """The file has to be on the disk before its job is."""
    file.writelines(pieces)
    file.flush()
    os.fsync(file.fileno())


# ---------------------------------------------------------------- following


@router.get(
    "/jobs",
    summary="List bulk jobs",
    responses=shapes.answers(shapes.listing(shapes.JOB), 401, 403, 422, 429),
)
def list_jobs(
    request: Request,
    asker: READER,
    cursor: Annotated[str | None, Query(max_length=60)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The jobs of your organisation, newest first, for 30 days after they ended."""
    lane: Tradelane = request.app.state.lane
    bulk: Bulk = request.app.state.bulk
    organisation_id = _organisation_of(principal_of(asker))
    place = read_cursor(cursor)
    before = None if place is None else f"{place:014x}"
    with lane.database.read() as tx:
        found = bulk.jobs.of_organisation(tx, organisation_id, before, limit + 1)
    following = cursor_at(int(found[limit - 1].id, 16)) if len(found) > limit else None
    return JSONResponse(
        {"items": [job_view(job) for job in found[:limit]], "next": following},
        headers=link_to_next(request, following),
    )


@router.get(
    "/jobs/{job_id}",
    summary="See how far a bulk job is",
    responses=shapes.answers(shapes.JOB, 401, 403, 404, 422, 429),
)
def get_job(request: Request, asker: READER, job_id: JobId) -> Response:
    """State, counts and progress. `note` says what it waits for, or failed on."""
    return JSONResponse(job_view(_find_job(request, asker, job_id)))


@router.get(
    "/jobs/{job_id}/results",
    summary="Get a bulk job's results",
    response_class=Response,
    responses=shapes.answers(
        {"type": "string", "description": "One JSON object a line."},
        401,
        403,
        404,
        422,
        429,
        media="application/x-ndjson",
        example='{"line":1,"declarant":"D0077","reference":"2026-000117","status":"accepted",'
        '"version":1,"state":"released"}\n',
    ),
)
def get_job_results(
    request: Request,
    asker: READER,
    job_id: JobId,
    after: Annotated[
        int, Query(ge=-1, le=2**31 - 1, description="Only what comes after this `row`.")
    ] = -1,
) -> Response:
    """One line of JSON for each declaration that was tried so far, in the order of the file: its
    line there, `accepted`, `repeated` or `refused`, and every problem of what was refused."""
    _find_job(request, asker, job_id)
    pages = _result_lines(request, job_id, after)
    return StreamingResponse(pages, media_type="application/x-ndjson")


def _result_lines(request: Request, job_id: str, after: int) -> Iterator[bytes]:
    lane: Tradelane = request.app.state.lane
    bulk: Bulk = request.app.state.bulk
    while True:
        with lane.database.read() as tx:
            page = bulk.jobs.results(tx, job_id, after, _PAGE)
        if not page:
            return
        yield b"".join(orjson.dumps(result_view(one)) + b"\n" for one in page)
        after = page[-1].row


def _find_job(request: Request, asker: Asking, job_id: str) -> Job:
    lane: Tradelane = request.app.state.lane
    bulk: Bulk = request.app.state.bulk
    with lane.database.read() as tx:
        job = bulk.jobs.find(tx, job_id)
    if job is None or job.organisation_id != principal_of(asker).organisation_id:
        raise NotFound(
            Problem(
                "bulk.not_found",
                f"There is no job {job_id!r}.",
                hint="Jobs are kept for 30 days after they ended.",
            )
        )
    return job


def _organisation_of(principal: Principal) -> int:
    if principal.organisation_id is None:
        raise NotAllowed(Problem("web.no_organisation", "Your account has no organisation."))
    return principal.organisation_id


def job_view(job: Job) -> dict[str, Any]:
    """A job as JSON."""
    return {
        "id": job.id,
        "state": job.state,
        "note": job.note,
        "mapping": job.mapping,
        "bytes": job.size,
        "rows_total": job.rows_total,
        "rows_read": job.rows_read,
        "accepted": job.accepted,
        "repeated": job.repeated,
        "refused": job.refused,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "results": f"/api/v1/jobs/{job.id}/results",
    }


def result_view(result: Result) -> dict[str, Any]:
    """What became of a declaration, as JSON."""
    view: dict[str, Any] = {
        "row": result.row,
        "line": result.line,
        "declarant": result.declarant,
        "reference": result.reference,
        "status": result.status,
    }
    if result.status == "refused":
        view["problems"] = list(result.problems)
    else:
        view |= {"version": result.version, "state": result.state}
    return view
