"""What happens to your declarations, as a stream of server-sent events or page by page."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tradelane.accounts.model import Principal
from tradelane.accounts.model import Scope as Right
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.notifications.model import EVENT_TYPES
from tradelane.web import shapes
from tradelane.web.access import Allow, Asking, asking, principal_of
from tradelane.web.limiting import limited
from tradelane.web.stream import Hub, Listener

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(prefix="/api/v1", tags=["events"], dependencies=[Depends(limited)])
READER = Annotated[Asking, Depends(Allow(Right.EVENTS_READ))]

HEARTBEAT = 15.0
"""Seconds between two signs of life, and between two looks whether the reader may still read."""

_ID = re.compile(r"\d{1,18}", re.ASCII)
_EVENT = shapes.shape(
    id={"type": "integer", "minimum": 0},
    type={"type": "string", "enum": list(EVENT_TYPES)},
    timestamp=shapes.STAMP,
    data={"type": "object", "required": ["declarant", "reference"]},
)
_EXAMPLE = (
    "id: 4711\nevent: declaration.released\n"
    'data: {"data":{"declarant":"D0077","reference":"2026-000117"},"id":4711,'
    '"timestamp":"2026-10-30T08:15:00.000000Z","type":"declaration.released"}\n\n'
)


class _Listening(StreamingResponse):
    """A stream that lets its place in the hub go however it ends, begun or not."""

    def __init__(self, keeping: AsyncExitStack, stream: AsyncIterator[bytes]) -> None:
        headers = {"x-accel-buffering": "no", "cache-control": "no-store"}
        super().__init__(stream, media_type="text/event-stream", headers=headers)
        self._keeping = keeping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._keeping:
            await super().__call__(scope, receive, send)


@router.get(
    "/events",
    summary="Follow events",
    response_class=Response,
    responses={
        **shapes.answers(
            {"type": "string", "description": "Events, each with id, event and data."},
            401,
            403,
            422,
            429,
            media="text/event-stream",
            example=_EXAMPLE,
        )
    },
)
async def follow_events(
    request: Request,
    asker: READER,
    after: Annotated[
        str | None,
        Query(description="The last id that you have; without it only what happens from now on."),
    ] = None,
    last_event_id: Annotated[
        str | None, Header(description="The same, as browsers send it when they come back.")
    ] = None,
) -> Response:
    """Server-sent events about your organisation's declarations, from any point on and then as they
    happen; a comment every 15 seconds says that the connection lives. Ids are indexes of ledger
    entries, so they grow, with gaps. The stream ends when the token or the session does."""
    hub: Hub = request.app.state.hub
    principal = principal_of(asker)
    place = (
        _place("after", after) if last_event_id is None else _place("last-event-id", last_event_id)
    )
    async with AsyncExitStack() as stack:
        listening = hub.listen(principal.user_id, principal.declarants)
        listener, position = await stack.enter_async_context(listening)
        keeping = stack.pop_all()
    after_id = position if place is None else place
    return _Listening(keeping, _stream(request, hub, listener, after_id, position))


@router.get(
    "/events/history",
    summary="Read events page by page",
    responses=shapes.answers(
        shapes.shape(
            items={"type": "array", "items": _EVENT},
            last_seen={"type": "integer", "description": "Ask for what comes after this next."},
            more={"type": "boolean"},
        ),
        401,
        403,
        422,
        429,
    ),
)
def read_events(
    request: Request,
    asker: READER,
    after: Annotated[int, Query(ge=-1, le=2**53)] = -1,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """The same events for systems that ask now and then: begin with `after=-1`, and go on with
    `last_seen`. One answer looks at a bounded part of the ledger, so it can be empty while `more`
    says to go on."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        page = lane.events.read(tx, after, principal_of(asker).declarants, limit=limit)
    items = [event.to_dict() for event in page.events]
    return JSONResponse({"items": items, "last_seen": page.last_seen, "more": page.more})


def _place(name: str, text: str | None) -> int | None:
    if text is None or text == "-1":
        return None if text is None else -1
    if not _ID.fullmatch(text):
        raise InputRefused(
            Problem(
                "web.event_id",
                "That is not the id of an event.",
                pointer=f"/{name}",
                hint="Send the id of the last event that you have, or leave it out.",
            )
        )
    return int(text)


async def _stream(
    request: Request,
    hub: Hub,
    listener: Listener,
    after: int,
    position: int,
) -> AsyncIterator[bytes]:
    yield b"retry: 3000\n\n"
    async for event in hub.missed(after, position, listener.declarants):
        if listener.ended.is_set():
            return
        yield event.to_server_sent()
    ended = asyncio.create_task(listener.ended.wait())
    try:
        while not listener.ended.is_set():
            taken = asyncio.create_task(listener.queue.get())
            done, _ = await asyncio.wait(
                {taken, ended}, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED
            )
            if taken in done:
                event = taken.result()
                if event.id > after:
                    yield event.to_server_sent()
                continue
            taken.cancel()
            if not done:
                principal = await _still(request)
                if principal is None:
                    return
                listener.declarants = principal.declarants
                yield b": alive\n\n"
    finally:
        ended.cancel()


async def _still(request: Request) -> Principal | None:
    """Who reads, if they still may."""
    request.state.asking = None
    try:
        found = (await asking(request)).principal
    except TradelaneError:
        return None
    return found if found is not None and found.may(Right.EVENTS_READ) else None
