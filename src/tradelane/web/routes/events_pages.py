"""Webhooks for people: where events are sent, a new address, and how deliveries went."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Scope
from tradelane.kit.errors import TradelaneError
from tradelane.notifications.model import EVENT_TYPES, Subscription
from tradelane.notifications.service import MAX_SUBSCRIPTIONS
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, check_form, principal_of
from tradelane.web.cursors import cursor_at, read_cursor
from tradelane.web.pages import see_other
from tradelane.web.problems import status_of
from tradelane.web.routes.webhooks_api import organisation_of

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(prefix="/events", include_in_schema=False)
READER = Annotated[Asking, Depends(Allow(Scope.EVENTS_READ))]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
_PAGE = 50
_FORM = [Depends(check_form)]


@router.get("")
def show_webhooks(request: Request, asker: READER) -> Response:
    """The organisation's webhooks, and a form for another."""
    return _list(request, asker)


@router.post("", dependencies=_FORM)
async def add_webhook(request: Request, asker: READER) -> Response:
    """A new webhook. The page that answers shows its secret: the only time that anybody sees it."""
    form = await request.form()
    url = str(form.get("url", "")).strip()
    types = [str(one) for one in form.getlist("event_types")]
    topics = str(form.get("topics", ""))
    return await run_in_threadpool(_add, request, asker, url, types, topics)


def _add(request: Request, asker: Asking, url: str, types: list[str], topics: str) -> Response:
    lane: Tradelane = request.app.state.lane
    principal = principal_of(asker)
    owner = organisation_of(principal)

    def write(tx: Any) -> tuple[Subscription, str]:
        return lane.notifications.subscribe(
            tx,
            owner,
            url,
            types,
            topics.replace(",", " ").split(),
            created_by=principal.user_id,
            position=lane.events.newest(tx) + 1,
        )

    try:
        made, secret = lane.database.write(write)
    except TradelaneError as error:
        return _list(request, asker, error=error, url=url, types=types, topics=topics)
    return _one(request, asker, made.id, secret=secret)


@router.get("/{webhook}")
def show_webhook(
    request: Request,
    asker: READER,
    webhook: Id,
    state: Annotated[Literal["pending", "delivered", "given_up", ""], Query()] = "",
    cursor: Annotated[str | None, Query(max_length=60)] = None,
) -> Response:
    """One webhook: how it does, what can be done with it, and its deliveries."""
    return _one(request, asker, webhook, state=state, cursor=cursor)


@router.post("/{webhook}/pause", dependencies=_FORM)
def pause(request: Request, asker: READER, webhook: Id) -> Response:
    """Send nothing until it is resumed."""
    _write(request, asker, lambda lane, tx, owner: lane.notifications.pause(tx, owner, webhook))
    return see_other(f"/events/{webhook}", "saved")


@router.post("/{webhook}/resume", dependencies=_FORM)
def resume(request: Request, asker: READER, webhook: Id) -> Response:
    """Send again."""
    _write(request, asker, lambda lane, tx, owner: lane.notifications.resume(tx, owner, webhook))
    return see_other(f"/events/{webhook}", "saved")


@router.post("/{webhook}/secret", dependencies=_FORM)
def rotate(request: Request, asker: READER, webhook: Id) -> Response:
    """A new secret, shown on the page that answers."""
    secret = _write(
        request,
        asker,
        lambda lane, tx, owner: lane.notifications.rotate_secret(tx, owner, webhook),
    )
    return _one(request, asker, webhook, secret=secret)


@router.post("/{webhook}/remove", dependencies=_FORM)
def remove(request: Request, asker: READER, webhook: Id) -> Response:
    """End it."""
    _write(request, asker, lambda lane, tx, owner: lane.notifications.remove(tx, owner, webhook))
    return see_other("/events", "saved")


@router.post("/{webhook}/deliveries/{delivery}/redeliver", dependencies=_FORM)
def redeliver_again(request: Request, asker: READER, webhook: Id, delivery: Id) -> Response:
    """Send an event once more."""
    _write(
        request,
        asker,
        lambda lane, tx, owner: lane.notifications.redeliver(tx, owner, webhook, delivery),
    )
    return see_other(f"/events/{webhook}", "saved")


def _write(request: Request, asker: Asking, verb: Callable[[Tradelane, Any, int], Any]) -> Any:
    lane: Tradelane = request.app.state.lane
    owner = organisation_of(principal_of(asker))
    return lane.database.write(lambda tx: verb(lane, tx, owner))


def _list(
    request: Request,
    asker: Asking,
    error: TradelaneError | None = None,
    url: str = "",
    types: list[str] | None = None,
    topics: str = "",
) -> Response:
    lane: Tradelane = request.app.state.lane
    owner = organisation_of(principal_of(asker))
    with lane.database.read() as tx:
        found = lane.notifications.subscriptions_of(tx, owner)
    return pages.render(
        request,
        "events/list.html",
        200 if error is None else status_of(error),
        webhooks=found,
        most=MAX_SUBSCRIPTIONS,
        event_types=EVENT_TYPES,
        url=url,
        types=list(EVENT_TYPES) if types is None else types,
        topics=topics[:500],
        problems=[] if error is None else pages.problems_of(error),
    )


def _one(
    request: Request,
    asker: Asking,
    webhook: int,
    *,
    secret: str = "",
    state: str = "",
    cursor: str | None = None,
) -> Response:
    lane: Tradelane = request.app.state.lane
    owner = organisation_of(principal_of(asker))
    before = read_cursor(cursor)
    with lane.database.read() as tx:
        found = lane.notifications.get(tx, owner, webhook)
        deliveries = lane.notifications.deliveries(
            tx, owner, webhook, state=state or None, before=before, limit=_PAGE + 1
        )
    page = deliveries[:_PAGE]
    following = cursor_at(page[-1].id) if len(deliveries) > _PAGE else None
    return pages.render(
        request,
        "events/webhook.html",
        webhook=found,
        secret=secret,
        deliveries=page,
        state=state,
        following=following,
    )
