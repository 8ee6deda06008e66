"""Permanent pages of economies, forums and instruments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tradelane.governance.answers import matrix_view
from tradelane.governance.differences import differences
from tradelane.governance.exporting import provisions_csv
from tradelane.governance.model import Entity, Instrument, Provision
from tradelane.governance.views import entity_view, instrument_view, provision_view
from tradelane.web import hub_frame
from tradelane.web.access import PUBLIC, Asking
from tradelane.web.hub_asking import Asked, nearest

router = APIRouter(include_in_schema=False)
Asker = Annotated[Asking, Depends(PUBLIC)]

_PART = 25

_OWN_PAGES = {"economy": "economies", "place": "economies", "forum": "forums"}


def entity_path(one: Entity) -> str:
    """Where an entity's page is: economies and places under one address, the rest under another."""
    return f"/hub/{_OWN_PAGES.get(one.kind, 'forums')}/{one.id}"


# ---------------------------------------------------------------- entities


@router.get("/hub/entities/{entity_id}.csv")
def entity_csv(request: Request, asker: Asker, entity_id: str) -> Response:
    """Every provision of an entity on the day."""
    asked = Asked(request)
    one = asked.corpus.get_entity(entity_id)
    if asked.problems:
        return hub_frame.refused(asked)
    found = held(asked, entities=[one.id])
    return provisions_table(asked, found, f"provisions-{one.id}")


@router.get("/hub/entities/{entity_id}.json")
def entity_json(request: Request, asker: Asker, entity_id: str) -> Response:
    """An entity with its instruments and provisions on the day."""
    asked = Asked(request)
    one = asked.corpus.get_entity(entity_id)
    if asked.problems:
        return hub_frame.refused(asked)
    corpus = asked.corpus
    view: dict[str, Any] = {
        **entity_view(one),
        "as_of": asked.on.isoformat(),
        "instruments": [instrument_view(i, asked.on, corpus) for i in _of_entity(asked, one)],
        "provisions": [provision_view(p, corpus) for p in held(asked, entities=[one.id])],
    }
    if one.kind == "economy":
        found = asked.engine.matrix(
            asked.as_of, asked.known_at, economies=[one.id], domains=corpus.domains
        )
        view["cells"] = matrix_view(found)["rows"][0]["cells"]
    return hub_frame.as_json(one.id, view)


@router.get("/hub/economies/{entity_id}")
def economy(request: Request, asker: Asker, entity_id: str) -> Response:
    """An economy, or a place within one."""
    return _entity(request, entity_id)


@router.get("/hub/forums/{entity_id}")
def forum(request: Request, asker: Asker, entity_id: str) -> Response:
    """A forum or an agreement."""
    return _entity(request, entity_id)


def _entity(request: Request, given: str) -> Response:
    asked = Asked(request)
    corpus = asked.corpus
    one = corpus.entities.get(given.upper())
    if one is None:
        close = [
            (corpus.entities[n].name, asked.at(entity_path(corpus.entities[n])))
            for n in asked.close(given)
        ]
        return hub_frame.missing(asked, "entity", given, close)
    if request.url.path != entity_path(one):
        return RedirectResponse(asked.at(entity_path(one)), 308)
    day = asked.engine.day(asked.as_of, asked.known_at)
    instruments = _of_entity(asked, one)
    kind = asked.choice("standing", ("in_force", "ahead", "ended"))
    chosen = [i for i in instruments if _in(kind, str(i.standing_on(asked.on)))]
    matrix = None
    if one.kind in ("economy", "place"):
        names = list(corpus.domains)
        matrix = asked.engine.matrix(asked.as_of, asked.known_at, economies=[one.id], domains=names)
    query = {"standing": kind}
    return hub_frame.page(
        asked,
        "entity.html",
        entity=one,
        path=entity_path(one),
        cells=matrix.cells if matrix else (),
        five=differences(day, [one.id]),
        part=hub_frame.part(asked, chosen, _PART, entity_path(one), query),
        standing=kind,
        holding={i.id: len(asked.engine.holding(i.id, day)) for i in chosen},
        conflicts=[(i, c) for i in instruments for c in i.conflicts],
        within=[e for e in corpus.entities.values() if e.within == one.id],
        agreements=[e for e in corpus.entities.values() if one.id in e.parties],
    )


def _of_entity(asked: Asked, one: Entity) -> list[Instrument]:
    return [
        i for i in asked.corpus.instruments.values() if one.id in i.entities and i.type != "none"
    ]


def _in(kind: str, standing: str) -> bool:
    groups = {"ahead": ("draft", "pending"), "ended": ("lapsed",)}
    if not kind:
        return True
    if kind == "in_force":
        return standing in ("binding", "binding_public_sector", "non_binding")
    return standing in groups[kind]


# ---------------------------------------------------------------- instruments


@router.get("/hub/instruments/{instrument_id}.csv")
def instrument_csv(request: Request, asker: Asker, instrument_id: str) -> Response:
    """The instrument's provisions that hold on the day, or all with ``all=yes``."""
    asked = Asked(request)
    one = asked.corpus.get_instrument(instrument_id)
    if asked.problems:
        return hub_frame.refused(asked)
    return provisions_table(asked, _of_instrument(asked, one), one.id)


@router.get("/hub/instruments/{instrument_id}.json")
def instrument_json(request: Request, asker: Asker, instrument_id: str) -> Response:
    """The instrument and these provisions for programs."""
    asked = Asked(request)
    one = asked.corpus.get_instrument(instrument_id)
    if asked.problems:
        return hub_frame.refused(asked)
    view = instrument_view(one, asked.on, asked.corpus)
    view["provisions"] = [provision_view(p, asked.corpus) for p in _of_instrument(asked, one)]
    return hub_frame.as_json(one.id, view)


@router.get("/hub/instruments/{instrument_id}")
def instrument(request: Request, asker: Asker, instrument_id: str) -> Response:
    """An instrument: what it is over time, its five fields, its provisions, its sources."""
    asked = Asked(request)
    corpus = asked.corpus
    one = corpus.instruments.get(instrument_id.upper())
    if one is None:
        return _no_instrument(asked, instrument_id)
    path = f"/hub/instruments/{one.id}"
    day = asked.engine.day(asked.as_of, asked.known_at)
    domain = asked.choice("domain", corpus.domains)
    everything = asked.choice("all", ("yes",)) == "yes"
    holding = asked.engine.holding(one.id, day)
    listed = corpus.by_instrument[one.id] if everything else holding
    chosen = [p for p in listed if not domain or p.domain == domain]
    query = {"domain": domain, "all": "yes" if everything else ""}
    return hub_frame.page(
        asked,
        "instrument.html",
        one=one,
        path=path,
        standing=one.standing_on(asked.on),
        domain=domain,
        everything=everything,
        domains=sorted({p.domain for p in corpus.by_instrument[one.id]}),
        count=len(holding),
        whole=len(corpus.by_instrument[one.id]),
        part=hub_frame.part(asked, chosen, _PART, path, query),
        later=[i for i in corpus.instruments.values() if one.id in i.supersedes],
        query=query,
    )


def _of_instrument(asked: Asked, one: Instrument) -> Iterable[Provision]:
    if asked.choice("all", ("yes",)):
        return asked.corpus.by_instrument[one.id]
    return asked.engine.holding(one.id, asked.engine.day(asked.as_of, asked.known_at))


def _no_instrument(asked: Asked, given: str) -> Response:
    names = {}
    for one in asked.corpus.instruments.values():
        names.update({one.id.lower(): one.id, one.title.lower(): one.id})
        names.update({alias.lower(): one.id for alias in one.aliases})
    close = [
        (f"{name}: {asked.corpus.instruments[name].title}", asked.at(f"/hub/instruments/{name}"))
        for name in nearest(given, names)
    ]
    return hub_frame.missing(asked, "instrument", given, close)


def held(asked: Asked, **filters: Any) -> list[Provision]:
    return asked.engine.select(asked.engine.day(asked.as_of, asked.known_at), **filters)


def provisions_table(asked: Asked, found: Iterable[Provision], name: str) -> Response:
    return hub_frame.attached(
        provisions_csv(found, asked.corpus).encode(), f"{name}.csv", "text/csv"
    )
