"""Webhooks over the API: subscribe, pause, rotate the secret, see deliveries and repeat one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tradelane.accounts.model import Principal, Scope
from tradelane.kit.errors import Problem
from tradelane.notifications.addresses import MAX_URL
from tradelane.notifications.dispatcher import webhook_id
from tradelane.notifications.model import EVENT_TYPES, MOST_TOPICS, Delivery, Subscription
from tradelane.web import shapes
from tradelane.web.access import Allow, Asking, principal_of
from tradelane.web.bodies import only, own_site, read_object, text_of
from tradelane.web.cursors import cursor_at, link_to_next, read_cursor
from tradelane.web.limiting import limited
from tradelane.web.problems import NotAllowed
from tradelane.web.schemas import body, described

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(
    prefix="/api/v1/webhooks",
    tags=["webhooks"],
    dependencies=[Depends(limited), Depends(own_site)],
)
READER = Annotated[Asking, Depends(Allow(Scope.EVENTS_READ))]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]

SUBSCRIBE = shapes.shape(
    url={"type": "string", "maxLength": MAX_URL, "description": "https, a public host."},
    event_types={
        "type": "array",
        "items": {"type": "string", "enum": list(EVENT_TYPES)},
        "description": "Left out or empty: every type.",
    },
    topics={
        "type": "array",
        "items": {"type": "string", "maxLength": 40},
        "maxItems": MOST_TOPICS,
        "description": "Of what is published for everybody only these economies and domains.",
    },
    _optional=("event_types", "topics"),
)
_EXAMPLE = {"url": "https://hooks.example.com/tradelane", "event_types": ["declaration.released"]}


@router.get(
    "",
    summary="List webhooks",
    responses=shapes.answers(shapes.many(shapes.SUBSCRIPTION), 401, 403, 429),
)
def list_webhooks(request: Request, asker: READER) -> Response:
    """Your organisation's webhooks, oldest first, with how their last delivery went."""
    lane: Tradelane = request.app.state.lane
    organisation_id = organisation_of(principal_of(asker))
    with lane.database.read() as tx:
        found = lane.notifications.subscriptions_of(tx, organisation_id)
    return JSONResponse({"items": [subscription_view(one) for one in found]})


@router.post(
    "",
    status_code=201,
    summary="Subscribe a webhook",
    openapi_extra=body(SUBSCRIBE, _EXAMPLE),
    responses=shapes.answers(shapes.SUBSCRIPTION, 401, 403, 413, 415, 422, 429, 503, status=201),
)
async def create_webhook(request: Request, asker: READER) -> Response:
    """Begins to send your organisation's events to a URL, from now on. The `secret` in the answer
    is shown this once: every delivery is signed with it (Standard Webhooks)."""
    value = await read_object(request)
    only(value, "url", "event_types", "topics")
    url = text_of(value, "url", MAX_URL)
    principal = principal_of(asker)
    organisation_id = organisation_of(principal)
    lane: Tradelane = request.app.state.lane

    def write(tx: Any) -> tuple[Subscription, str]:
        return lane.notifications.subscribe(
            tx,
            organisation_id,
            url,
            value.get("event_types"),
            value.get("topics"),
            created_by=principal.user_id,
            position=lane.events.newest(tx) + 1,
        )

    made, secret = await run_in_threadpool(lane.database.write, write)
    return JSONResponse({**subscription_view(made), "secret": secret}, 201)


@router.get(
    "/{webhook}",
    summary="Read a webhook",
    responses=shapes.answers(shapes.SUBSCRIPTION, 401, 403, 404, 422, 429),
)
def get_webhook(request: Request, asker: READER, webhook: Id) -> Response:
    """One webhook, without its secret."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = lane.notifications.get(tx, organisation_of(principal_of(asker)), webhook)
    return JSONResponse(subscription_view(found))


@router.delete(
    "/{webhook}",
    status_code=204,
    response_class=Response,
    summary="Remove a webhook",
    responses=described(204, 401, 403, 404, 422, 429, 503),
)
def delete_webhook(request: Request, asker: READER, webhook: Id) -> Response:
    """Ends a webhook and forgets its deliveries."""
    _write(request, asker, lambda lane, tx, owner: lane.notifications.remove(tx, owner, webhook))
    return Response(status_code=204)


@router.post(
    "/{webhook}/pause",
    summary="Pause a webhook",
    responses=shapes.answers(shapes.SUBSCRIPTION, 401, 403, 404, 422, 429, 503),
)
def pause_webhook(request: Request, asker: READER, webhook: Id) -> Response:
    """Sends nothing until it is resumed; nothing is lost meanwhile."""
    found = _write(
        request, asker, lambda lane, tx, owner: lane.notifications.pause(tx, owner, webhook)
    )
    return JSONResponse(subscription_view(found))


@router.post(
    "/{webhook}/resume",
    summary="Resume a webhook",
    responses=shapes.answers(shapes.SUBSCRIPTION, 401, 403, 404, 422, 429, 503),
)
def resume_webhook(request: Request, asker: READER, webhook: Id) -> Response:
    """Sends again, beginning with what has been waiting."""
    found = _write(
        request, asker, lambda lane, tx, owner: lane.notifications.resume(tx, owner, webhook)
    )
    return JSONResponse(subscription_view(found))


@router.post(
    "/{webhook}/secret",
    summary="Replace a webhook's secret",
    responses=shapes.answers(shapes.SUBSCRIPTION, 401, 403, 404, 422, 429, 503),
)
def rotate_webhook_secret(request: Request, asker: READER, webhook: Id) -> Response:
    """A new secret, shown this once. For 24 hours deliveries carry signatures by both."""

    def rotate(lane: Tradelane, tx: Any, owner: int) -> dict[str, Any]:
        secret = lane.notifications.rotate_secret(tx, owner, webhook)
        return {**subscription_view(lane.notifications.get(tx, owner, webhook)), "secret": secret}

    return JSONResponse(_write(request, asker, rotate))


@router.get(
    "/{webhook}/deliveries",
    summary="List a webhook's deliveries",
    responses=shapes.answers(shapes.listing(shapes.DELIVERY), 401, 403, 404, 422, 429),
)
def list_deliveries(
    request: Request,
    asker: READER,
    webhook: Id,
    state: Annotated[Literal["pending", "delivered", "given_up"] | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=60)] = None,
    limit: Annotated[int, Query(ge=1, le=199)] = 50,
) -> Response:
    """What was sent or is to be sent, newest first, for 30 days after it ended."""
    lane: Tradelane = request.app.state.lane
    owner = organisation_of(principal_of(asker))
    before = read_cursor(cursor)
    with lane.database.read() as tx:
        found = lane.notifications.deliveries(
            tx, owner, webhook, state=state, before=before, limit=limit + 1
        )
    following = cursor_at(found[limit - 1].id) if len(found) > limit else None
    return JSONResponse(
        {"items": [delivery_view(one) for one in found[:limit]], "next": following},
        headers=link_to_next(request, following),
    )


@router.post(
    "/{webhook}/deliveries/{delivery}/redeliver",
    status_code=202,
    summary="Send a delivery again",
    responses=shapes.answers(shapes.DELIVERY, 401, 403, 404, 422, 429, 503, status=202),
)
def redeliver(request: Request, asker: READER, webhook: Id, delivery: Id) -> Response:
    """Sends the event once more, now, under the same `webhook-id`."""
    found = _write(
        request,
        asker,
        lambda lane, tx, owner: lane.notifications.redeliver(tx, owner, webhook, delivery),
    )
    return JSONResponse(delivery_view(found), 202)


def _write(request: Request, asker: Asking, verb: Callable[[Tradelane, Any, int], Any]) -> Any:
    lane: Tradelane = request.app.state.lane
    owner = organisation_of(principal_of(asker))
    return lane.database.write(lambda tx: verb(lane, tx, owner))


def organisation_of(principal: Principal) -> int:
    """The asker's organisation. Errors: NotAllowed ``web.no_organisation``."""
    if principal.organisation_id is None:
        raise NotAllowed(Problem("web.no_organisation", "Your account has no organisation."))
    return principal.organisation_id


def subscription_view(found: Subscription) -> dict[str, Any]:
    """A webhook as JSON, without its secret."""
    return {
        "id": found.id,
        "url": found.url,
        "event_types": list(found.event_types),
        "topics": list(found.topics),
        "created_at": found.created_at,
        "paused": found.paused,
        "failing_since": found.failing_since,
        "last_at": found.last_at,
        "last_status": found.last_status,
        "last_error": found.last_error,
        "old_secret_until": found.old_secret_until,
    }


def delivery_view(found: Delivery) -> dict[str, Any]:
    """A delivery as JSON."""
    return {
        "id": found.id,
        "event_id": found.event_id,
        "webhook_id": webhook_id(found.event_id),
        "event_type": found.event_type,
        "state": found.state,
        "attempts": found.attempts,
        "next_attempt_at": found.next_attempt_at,
        "created_at": found.created_at,
        "last_status": found.last_status,
        "last_error": found.last_error,
        "delivered_at": found.delivered_at,
    }
