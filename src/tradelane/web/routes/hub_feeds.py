"""What was published, for everybody: a list, a page for each change, and feeds to follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Scope
from tradelane.contributions.model import Record, RecordKind
from tradelane.governance.amendments import difference
from tradelane.governance.corpus import Corpus
from tradelane.journeys import entries
from tradelane.journeys.mailing import invitation
from tradelane.kit.canonical import digest
from tradelane.kit.clock import stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.web import pages
from tradelane.web.access import (
    PUBLIC,
    SIGNED_IN,
    UNASKED,
    Asking,
    check_form,
    principal_of,
)
from tradelane.web.feeds import ATOM, JSON_FEED, Feed
from tradelane.web.hub_contributed import render
from tradelane.web.problems import status_of
from tradelane.web.routes.sign_in import text_of

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Asking, Depends(PUBLIC)]
Person = Annotated[Asking, Depends(SIGNED_IN)]
Secret = Annotated[str, Path(max_length=60)]
FORM = [Depends(check_form)]
Unasked = Annotated[Asking, Depends(UNASKED)]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
Name = Annotated[str, Query(max_length=40)]
_IN_FEED = 50
_LISTED = 200


@router.get("/hub/published")
def published(request: Request, asker: Anyone, economy: Name = "", domain: Name = "") -> Response:
    """Every published change, or those of an economy, a domain or both."""
    lane: Tradelane = request.app.state.lane
    corpus = lane.governance.corpus
    economy, domain = _known(corpus, economy, domain)
    with lane.database.read() as tx:
        records = lane.contributions.latest(tx, economy, domain, most=_LISTED)
    return render(
        request,
        "published.html",
        records=records,
        corpus=corpus,
        given={"economy": economy, "domain": domain},
        query=query_of(economy, domain),
    )


@router.get("/hub/published/{record_id:int}")
def published_change(request: Request, asker: Anyone, record_id: Id) -> Response:
    """One change: what it was before and is since, who, when, why, and its ledger entry."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        record = lane.contributions.get(tx, record_id)
        stored = lane.ledger.find(tx, f"governance/{record.about}", entries.PUBLISHED)
    index = next((one.index for one in stored if one.entry.body["record"] == record.id), None)
    return render(
        request,
        "published_change.html",
        record=record,
        rows=rows_of(record),
        index=index,
        corpus=lane.governance.corpus,
        may_audit=asker.principal is not None and asker.principal.may(Scope.AUDIT_READ),
    )


@router.get("/hub/feed.atom")
def atom(request: Request, asker: Unasked, economy: Name = "", domain: Name = "") -> Response:
    """The latest changes as an Atom feed."""
    feed = _feed(request, "/hub/feed.atom", economy, domain)
    return _conditional(request, feed.atom(), ATOM)


@router.get("/hub/feed.json")
def json_feed(request: Request, asker: Unasked, economy: Name = "", domain: Name = "") -> Response:
    """The same as a JSON Feed."""
    feed = _feed(request, "/hub/feed.json", economy, domain)
    return _conditional(request, orjson.dumps(feed.json()), JSON_FEED)


# ---------------------------------------------------------------- by mail


@router.get("/hub/feeds")
def feeds(request: Request, asker: Anyone, economy: Name = "", domain: Name = "") -> Response:
    """Ways to be told: feeds, webhooks, e-mail."""
    return _feeds(request, asker, economy, domain)


@router.post("/hub/feeds/mail", dependencies=FORM)
async def follow(request: Request, asker: Person) -> Response:
    """Ask to be told by mail: a link to confirm is sent to the address."""
    lane: Tradelane = request.app.state.lane
    form = await request.form()
    address, economy, domain = (text_of(form, name) for name in ("address", "economy", "domain"))
    site = request.app.state.settings.origin

    def write(tx: Any) -> None:
        found = lane.followings.follow(
            tx, principal_of(asker).user_id, address, *_known(corpus, economy, domain)
        )
        lane.followings.put(
            tx, found.address, *invitation(site, found.economy, found.domain, found.secret)
        )

    corpus = lane.governance.corpus

    def work() -> Response:
        try:
            if lane.mail_settings is None:
                raise _no_mail()
            lane.database.write(write)
        except TradelaneError as error:
            return _feeds(request, asker, economy, domain, address, error)
        return pages.see_other("/hub/feeds", "mail-asked")

    return await run_in_threadpool(work)


@router.post("/hub/feeds/mail/{following_id:int}/remove", dependencies=FORM)
def unfollow(request: Request, asker: Person, following_id: Id) -> Response:
    """End a following of one's own."""
    lane: Tradelane = request.app.state.lane
    user_id = principal_of(asker).user_id
    lane.database.write(lambda tx: lane.followings.remove(tx, user_id, following_id))
    return pages.see_other("/hub/feeds", "mail-ended")


@router.get("/hub/feeds/confirm/{secret}")
def confirming(request: Request, asker: Anyone, secret: Secret) -> Response:
    """Ask the owner of an address whether to write there: a mail program may look at links."""
    return _link(request, secret, "confirm")


@router.post("/hub/feeds/confirm/{secret}", dependencies=FORM)
def confirm(request: Request, asker: Anyone, secret: Secret) -> Response:
    """The owner of the address agrees."""
    lane: Tradelane = request.app.state.lane
    lane.database.write(
        lambda tx: lane.followings.confirm(tx, secret, lane.contributions.revision(tx))
    )
    return pages.see_other("/hub/feeds", "mail-confirmed")


@router.get("/hub/feeds/stop/{secret}")
def stopping(request: Request, asker: Anyone, secret: Secret) -> Response:
    """Ask whether to end these mails."""
    return _link(request, secret, "stop")


@router.post("/hub/feeds/stop/{secret}", dependencies=FORM)
def stop(request: Request, asker: Anyone, secret: Secret) -> Response:
    """End them."""
    lane: Tradelane = request.app.state.lane
    lane.database.write(lambda tx: lane.followings.stop(tx, secret))
    return pages.see_other("/hub/feeds", "mail-ended")


def _link(request: Request, secret: str, what: str) -> Response:
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = lane.followings.get(tx, secret)
    return render(
        request, "feeds_link.html", following=found, what=what, corpus=lane.governance.corpus
    )


def _feeds(
    request: Request,
    asker: Asking,
    economy: str,
    domain: str,
    address: str = "",
    error: TradelaneError | None = None,
) -> Response:
    lane: Tradelane = request.app.state.lane
    corpus = lane.governance.corpus
    economy, domain = ("", "") if error else _known(corpus, economy, domain)
    principal = asker.principal
    with lane.database.read() as tx:
        mine = [] if principal is None else lane.followings.of_user(tx, principal.user_id)
    return render(
        request,
        "feeds.html",
        200 if error is None else status_of(error),
        corpus=corpus,
        given={"economy": economy, "domain": domain},
        query=query_of(economy, domain),
        site=request.app.state.settings.origin,
        mail=lane.mail_settings is not None,
        mine=mine,
        address=address,
        problems=[] if error is None else pages.problems_of(error),
    )


def _no_mail() -> InputRefused:
    return InputRefused(
        Problem(
            "contributions.no_mail",
            "This service sends no mail.",
            pointer="/address",
            hint="Use the feed or a webhook.",
        )
    )


# ---------------------------------------------------------------- feeds


def _feed(request: Request, path: str, economy: str, domain: str) -> Feed:
    lane: Tradelane = request.app.state.lane
    corpus = lane.governance.corpus
    economy, domain = _known(corpus, economy, domain)
    with lane.database.read() as tx:
        records = lane.contributions.latest(tx, economy, domain, most=_IN_FEED)
    about = [corpus.entities[economy].called] if economy else []
    about += [corpus.domains[domain].title] if domain else []
    query = query_of(economy, domain)
    # A feed without an entry is as old as the corpus, not as the moment of asking.
    first = max((one.recorded_from for one in corpus.provisions.values()), default=None)
    beginning = f"{first.isoformat()}T00:00:00Z" if first else stamp(lane.clock.now())
    return Feed(
        request.app.state.settings.origin,
        ": ".join(["Changes to the corpus of AI rules", *([", ".join(about)] if about else [])]),
        path + query,
        f"/hub/published{query}",
        records[0].published_at if records else beginning,
        records,
    )


def query_of(economy: str, domain: str) -> str:
    """The query string of a choice, with its question mark.

    >>> query_of("KR", ""), query_of("", "")
    ('?economy=KR', '')
    """
    chosen = {"economy": economy, "domain": domain}
    given = {name: value for name, value in chosen.items() if value}
    return f"?{urlencode(given)}" if given else ""


def _known(corpus: Corpus, economy: str, domain: str) -> tuple[str, str]:
    """The ids of what was chosen; an error if the corpus has no such thing."""
    return (
        corpus.get_entity(economy).id if economy else "",
        corpus.get_domain(domain).id if domain else "",
    )


def _conditional(request: Request, data: bytes, media: str) -> Response:
    """The feed, or 304 to a reader that has it already."""
    tag = f'"{digest(data)[7:39]}"'
    headers = {"etag": tag, "cache-control": "public, max-age=300"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=media, headers=headers)


def rows_of(record: Record) -> list[tuple[str, str, str]]:
    """What a change changed: field, before, since."""
    if record.kind is RecordKind.CASE:
        return []
    rows = difference(record.content["before"], record.content["values"])
    source = record.content["source"] or {}
    return rows + [(f"source_{name}", "", value) for name, value in source.items() if value]
