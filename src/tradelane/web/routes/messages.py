"""What customs has written: what waits for an answer first, and the answer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Principal, Scope
from tradelane.correspondence.model import Direction, is_overdue
from tradelane.journeys.casework import Officer, answer
from tradelane.journeys.following import follow
from tradelane.kit.errors import InputRefused
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, check_form, principal_of
from tradelane.web.addresses import declaration_page
from tradelane.web.problems import status_of
from tradelane.web.routes.trader import render_declaration

router = APIRouter(prefix="/messages", include_in_schema=False)
Asker = Annotated[Asking, Depends(Allow(Scope.DECLARATIONS_WRITE))]
MOST = 100


@router.get("")
def show_inbox(request: Request, asker: Asker) -> Response:
    """Unanswered requests by deadline, then the rest, newest first. Seeing them is reading them."""
    principal = principal_of(asker)
    lane = request.app.state.lane
    today = lane.clock.now().date()
    with lane.database.read() as tx:
        found = lane.correspondence.inbox(tx, principal.declarants, MOST)
    unread = [message.id for message in found if message.read_at is None]
    if unread:
        lane.database.write(lambda tx: lane.correspondence.read(tx, unread, Direction.TO_DECLARANT))
    return pages.render(
        request,
        "trader/messages.html",
        waiting=[message for message in found if message.awaits_answer],
        others=[message for message in found if not message.awaits_answer],
        late={message.id for message in found if is_overdue(message, today)},
        new=set(unread),
        today=today,
        most=MOST,
        page_of=declaration_page,
    )


@router.post("/{message_id}/answer", dependencies=[Depends(check_form)])
async def send_answer(request: Request, asker: Asker, message_id: int) -> Response:
    """Answer a message; what cannot be sent comes back as it was typed."""
    text = str((await request.form()).get("text", ""))
    return await run_in_threadpool(_answer, request, principal_of(asker), message_id, text)


def _answer(request: Request, principal: Principal, message_id: int, text: str) -> Response:
    lane = request.app.state.lane
    author = Officer(principal.user_id, principal.login)
    try:
        sent = answer(lane, message_id, text, principal.declarants, author)
    except InputRefused as error:
        return _again(request, principal, message_id, text, error)
    return pages.see_other(
        f"{declaration_page(sent.declarant, sent.reference)}#messages", "answered"
    )


def _again(
    request: Request, principal: Principal, message_id: int, text: str, error: InputRefused
) -> Response:
    lane = request.app.state.lane
    with lane.database.read() as tx:
        asked: Any = lane.correspondence.get(tx, message_id, principal.declarants)
        followed = follow(lane, tx, principal.declarants, asked.declarant, asked.reference)
    return render_declaration(
        request,
        principal,
        followed,
        error.problems,
        status_of(error),
        typed=text,
        answering=message_id,
    )
