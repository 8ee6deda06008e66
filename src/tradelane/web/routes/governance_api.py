"""What economies and forums ask of AI, for programs: look up, compare at a date, apply, search."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tradelane.kit.errors import InputRefused, Problem
from tradelane.web import shapes
from tradelane.web.access import PUBLIC, Asking
from tradelane.web.cursors import cursor_at, link_to_next, read_cursor
from tradelane.web.limiting import limited

if TYPE_CHECKING:
    from tradelane.governance.service import Governance

router = APIRouter(prefix="/api/governance", tags=["governance"], dependencies=[Depends(limited)])
ANYONE = Annotated[Asking, Depends(PUBLIC)]
MOST_COMPARED = 6
_KEPT = {"cache-control": "public, max-age=300"}
T = TypeVar("T")

AsOf = Annotated[dt.date | None, Query(description="What holds on this day; default: today.")]
Held = Annotated[dt.date | None, Query(description="Only what holds on this day.")]
KnownAt = Annotated[dt.date | None, Query(description="As it was recorded by this day.")]
Economies = Annotated[
    str, Query(max_length=200, description="Codes with commas: KR,SG.", examples=["KR,SG"])
]
Domains = Annotated[
    list[str] | None, Query(alias="domain", max_length=21, description="Only in these domains.")
]
Cursor = Annotated[str | None, Query(max_length=100)]
Limit = Annotated[int, Query(ge=1, le=200)]

_LIST = {"type": "array", "items": shapes.TEXT}
_OBJECTS = {"type": "array", "items": shapes.FREE}
_ENTITY = shapes.shape(id=shapes.TEXT, kind=shapes.TEXT, name=shapes.TEXT, short=shapes.TEXT)
_INSTRUMENT = shapes.shape(
    id=shapes.TEXT,
    entities=_LIST,
    title=shapes.TEXT,
    type=shapes.TEXT,
    form=shapes.TEXT,
    state=shapes.TEXT,
    standing=shapes.TEXT,
)
_PROVISION = shapes.shape(
    id=shapes.TEXT,
    instrument=shapes.TEXT,
    domain=shapes.TEXT,
    locator=shapes.TEXT,
    modality=shapes.TEXT,
    statement=shapes.TEXT,
    mark={**shapes.TEXT, "description": "primary, secondary or not_verified"},
    sources=_OBJECTS,
)
_COMPARISON = shapes.shape(
    entities=_LIST,
    as_of=shapes.TEXT,
    pairs=_OBJECTS,
    five_differences=_OBJECTS,
    provisions=_OBJECTS,
)
_APPLIES = shapes.shape(
    as_of=shapes.TEXT,
    profile=shapes.FREE,
    economies=_OBJECTS,
    everywhere=_OBJECTS,
    to_ask=_OBJECTS,
    provisions=_OBJECTS,
)
_MATRIX = shapes.shape(as_of=shapes.TEXT, domains=_LIST, rows=_OBJECTS)
_CHANGE = shapes.shape(
    on=shapes.TEXT, kind=shapes.TEXT, instrument=shapes.TEXT, what=shapes.TEXT, provisions=_LIST
)
_BRIEF = shapes.shape(
    entities=_LIST,
    as_of=shapes.TEXT,
    core=_OBJECTS,
    differences=_OBJECTS,
    candidates=_OBJECTS,
    unknowns=_OBJECTS,
)
_FOUND = {**_PROVISION, "properties": {**_PROVISION["properties"], "score": {"type": "number"}}}


@router.get(
    "/economies",
    summary="List economies and others that make rules",
    responses=shapes.answers(shapes.many(_ENTITY), 422, 429),
)
def list_governance_economies(
    request: Request,
    asker: ANYONE,
    kind: Annotated[str, Query(pattern="^(economy|place|forum|agreement)?$")] = "",
) -> Response:
    """Economies under the names that APEC uses, places within them, forums and agreements."""
    from tradelane.governance.views import entity_view

    found = _engine(request).corpus.entities.values()
    return _whole([entity_view(one) for one in found if not kind or one.kind == kind])


@router.get(
    "/instruments",
    summary="List instruments",
    responses=shapes.answers(shapes.listing(_INSTRUMENT), 422, 429),
)
def list_instruments(
    request: Request,
    asker: ANYONE,
    economies: Economies = "",
    as_of: AsOf = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Laws, guidelines, strategies and others with what each is on a day."""
    from tradelane.governance.views import instrument_view

    engine = _engine(request)
    on = engine.day(as_of).as_of
    chosen = {one for name in _codes(economies) for one in engine.corpus.reach[_id(engine, name)]}
    found = [
        one
        for one in engine.corpus.instruments.values()
        if not chosen or not chosen.isdisjoint(one.entities)
    ]
    page, after = _page(found, cursor, limit)
    items = [instrument_view(one, on, engine.corpus) for one in page]
    return _part(request, items, after)


@router.get(
    "/instruments/{instrument_id}",
    summary="Read an instrument",
    responses=shapes.answers(_INSTRUMENT, 404, 422, 429),
)
def get_instrument(
    request: Request,
    asker: ANYONE,
    instrument_id: Annotated[str, Path(max_length=80, examples=["KR-AIBA"])],
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Response:
    """An instrument with its states, its five differences, and the provisions that hold."""
    from tradelane.governance.views import instrument_view, provision_view

    engine = _engine(request, known_at)
    one = engine.corpus.get_instrument(instrument_id)
    day = engine.day(as_of, known_at)
    view = instrument_view(one, day.as_of, engine.corpus)
    view["provisions"] = [provision_view(p, engine.corpus) for p in engine.holding(one.id, day)]
    return JSONResponse(view, headers=_KEPT)


@router.get(
    "/provisions",
    summary="List provisions",
    responses=shapes.answers(shapes.listing(_PROVISION), 422, 429),
)
def list_provisions(
    request: Request,
    asker: ANYONE,
    economies: Economies = "",
    domains: Domains = None,
    objective: Annotated[str, Query(max_length=30)] = "",
    instrument: Annotated[str, Query(max_length=80)] = "",
    as_of: Held = None,
    known_at: KnownAt = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Provisions with source and verification mark; with a day only those that hold on it."""
    from tradelane.governance.views import provision_view

    engine = _engine(request, known_at)
    day = engine.day(as_of, known_at) if as_of or known_at else None
    found = engine.select(
        day,
        entities=_codes(economies),
        domains=domains or (),
        objective=objective.upper(),
        instrument=instrument.upper(),
    )
    page, after = _page(found, cursor, limit)
    return _part(request, [provision_view(one, engine.corpus) for one in page], after)


@router.get(
    "/compare",
    summary="Compare economies or forums",
    responses=shapes.answers(_COMPARISON, 422, 429),
)
def compare_economies(
    request: Request,
    asker: ANYONE,
    economies: Economies,
    domains: Domains = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Response:
    """Two to six of them, on every objective: same, stricter, different, silent, conflicting or
    not verified, each with the provisions that decide."""
    from tradelane.governance.views import comparison_view

    engine = _engine(request, known_at)
    found = engine.compare(_few(economies), domains=domains or (), as_of=as_of, known_at=known_at)
    return JSONResponse(comparison_view(found, engine.corpus), headers=_KEPT)


@router.get(
    "/applies",
    summary="Find what applies to a product",
    responses=shapes.answers(_APPLIES, 422, 429),
)
def find_what_applies(
    request: Request,
    asker: ANYONE,
    economies: Economies,
    facts: Annotated[
        list[str] | None,
        Query(
            alias="fact",
            max_length=60,
            description="A fact of the product, as use=chatbot; may be repeated.",
        ),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Response:
    """What applies, what must be asked first, what comes later, and what is the same everywhere.
    A fact that is not told is not known: it leads to a question, never to a no."""
    from tradelane.governance.answers import applies_view
    from tradelane.governance.profiles import read_facts

    engine = _engine(request, known_at)
    profile = read_facts(facts or (), engine.corpus)
    found = engine.applies(profile, _codes(economies), as_of=as_of, known_at=known_at)
    return JSONResponse(applies_view(found, engine.corpus), headers=_KEPT)


@router.get(
    "/search",
    summary="Search provisions",
    responses=shapes.answers(shapes.listing(_FOUND), 422, 429),
)
def search_provisions(
    request: Request,
    asker: ANYONE,
    q: Annotated[str, Query(min_length=1, max_length=300, description="Plain words.")],
    economies: Economies = "",
    domains: Domains = None,
    form: Annotated[str, Query(pattern="^(binding|binding_public_sector|non_binding)?$")] = "",
    as_of: Held = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response:
    """Provisions that have words of `q`, best first, with where the words stand."""
    from tradelane.governance.answers import hit_view

    engine = _engine(request)
    skip = read_cursor(cursor) or 0
    hits, total = engine.search(
        q,
        entities=_codes(economies),
        domains=domains or (),
        form=form,
        as_of=as_of,
        limit=limit,
        skip=skip,
    )
    after = cursor_at(skip + limit) if skip + limit < total else None
    return _part(request, [hit_view(hit, engine.corpus) for hit in hits], after)


@router.get(
    "/changes",
    summary="List what changed",
    responses=shapes.answers(shapes.listing(_CHANGE), 422, 429),
)
def list_changes(
    request: Request,
    asker: ANYONE,
    since: Annotated[dt.date, Query(description="After this day.")],
    until: Annotated[dt.date | None, Query(description="Until this day; default: today.")] = None,
    economies: Economies = "",
    domains: Domains = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """What instruments became, provisions that began or ended, and records that were added."""
    from tradelane.governance.answers import change_view

    engine = _engine(request)
    found = engine.changes(since, until, entities=_codes(economies), domains=domains or ())
    page, after = _page(found, cursor, limit)
    return _part(request, [change_view(one, engine.corpus) for one in page], after)


@router.get(
    "/matrix",
    summary="Read the matrix of economies and domains",
    responses=shapes.answers(_MATRIX, 422, 429),
)
def get_matrix(
    request: Request,
    asker: ANYONE,
    economies: Economies = "",
    domains: Domains = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Response:
    """How firm, how much and how verified, for every economy in every core domain."""
    from tradelane.governance.answers import matrix_view

    found = _engine(request, known_at).matrix(
        as_of, known_at, economies=_codes(economies), domains=domains or ()
    )
    return JSONResponse(matrix_view(found), headers=_KEPT)


@router.get(
    "/brief",
    summary="Read an interoperability brief",
    responses=shapes.answers(_BRIEF, 422, 429),
)
def get_brief(
    request: Request,
    asker: ANYONE,
    economies: Economies,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Response:
    """What two to six economies share, where they differ, what could be recognised between them,
    and what is not known."""
    from tradelane.governance.answers import brief_view

    engine = _engine(request, known_at)
    found = engine.brief(_few(economies), as_of=as_of, known_at=known_at)
    return JSONResponse(brief_view(found, engine.corpus), headers=_KEPT)


def _engine(request: Request, known_at: dt.date | None = None) -> Governance:
    """The corpus as it was known on a day: what was published later is not in it."""
    found: Governance = request.app.state.lane.governance_at(known_at)
    return found


def _id(engine: Governance, name: str) -> str:
    return engine.corpus.get_entity(name).id


def _codes(text: str) -> list[str]:
    """
    >>> _codes("KR, SG,")
    ['KR', 'SG']
    """
    return [code.strip() for code in text.split(",") if code.strip()]


def _few(text: str) -> list[str]:
    codes = _codes(text)
    if len(codes) > MOST_COMPARED:
        raise InputRefused(
            Problem(
                "governance.too_many",
                f"At most {MOST_COMPARED} are compared at once, {len(codes)} came.",
                pointer="/economies",
            )
        )
    return codes


def _page(found: Sequence[T], cursor: str | None, limit: int) -> tuple[Sequence[T], str | None]:
    start = read_cursor(cursor) or 0
    after = cursor_at(start + limit) if start + limit < len(found) else None
    return found[start : start + limit], after


def _whole(items: list[dict[str, Any]]) -> Response:
    return JSONResponse({"items": items}, headers=_KEPT)


def _part(request: Request, items: list[dict[str, Any]], after: str | None) -> Response:
    headers = {**_KEPT, **link_to_next(request, after)}
    return JSONResponse({"items": items, "next": after}, headers=headers)
