"""Permanent pages of provisions, and of the objectives that they serve."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from tradelane.governance.applying import begins_on
from tradelane.governance.corpus import Corpus
from tradelane.governance.day import Day
from tradelane.governance.model import Provision
from tradelane.governance.strictness import FORCE_WORDS, Force, force_of
from tradelane.governance.views import provision_view
from tradelane.governance.vocabulary import ASKING
from tradelane.web import hub_frame
from tradelane.web.access import PUBLIC, Asking
from tradelane.web.hub_asking import Asked, nearest
from tradelane.web.routes.hub_records import held, provisions_table

ANSWER = "/hub/applies/result"
router = APIRouter(include_in_schema=False)
Asker = Annotated[Asking, Depends(PUBLIC)]


class Standpoint(NamedTuple):
    """Who asks for an objective: the firmest provision decides; ``places`` where alone it holds."""

    entity: str
    force: Force
    provisions: tuple[Provision, ...]
    places: tuple[str, ...]


# ---------------------------------------------------------------- provisions


@router.get("/hub/provisions/{provision_id}.json")
def provision_json(request: Request, asker: Asker, provision_id: str) -> Response:
    """The provision for programs."""
    asked = Asked(request)
    one = asked.corpus.get_provision(provision_id)
    return hub_frame.as_json(one.id, provision_view(one, asked.corpus))


@router.get("/hub/provisions/{provision_id}")
def provision(request: Request, asker: Asker, provision_id: str) -> Response:
    """One provision: what it says, where, since when, how it was verified, who else asks it."""
    asked = Asked(request)
    corpus = asked.corpus
    one = corpus.provisions.get(provision_id.upper())
    if one is None:
        return _no_provision(asked, provision_id)
    whole = corpus.instruments[one.instrument]
    day = asked.engine.day(asked.as_of, asked.known_at)
    at = asked.engine.index.position[one.id]
    siblings = corpus.by_instrument[one.instrument]
    place = siblings.index(one)
    return hub_frame.page(
        asked,
        "provision.html",
        one=one,
        whole=whole,
        path=f"/hub/provisions/{one.id}",
        holds=bool(day.holds[at] or day.searches[at]),
        unsure=bool(day.unsure[at]),
        begins=begins_on(one, whole, asked.on),
        asks=one.kind in ASKING,
        force=FORCE_WORDS[force_of(one, whole.form)],
        others=[
            (
                mapping,
                [
                    a
                    for a in _askers(asked, day, mapping.objective)
                    if a.entity not in whole.entities
                ],
            )
            for mapping in one.objectives
        ],
        crosswalk=_crosswalk(corpus, {mapping.objective for mapping in one.objectives}),
        conflicts=whole.conflicts,
        before=siblings[place - 1] if place else None,
        after=siblings[place + 1] if place + 1 < len(siblings) else None,
        came_from=_answer_before(request),
    )


def _answer_before(request: Request) -> str:
    """The answer with the reader's facts that led here, so that nobody has to state them again.

    Only the path and the query of what the browser says are used, and only for that one page.
    """
    before = urlsplit(request.headers.get("referer", ""))
    if before.path != ANSWER or before.netloc != request.url.netloc:
        return ""
    return f"{ANSWER}?{before.query}"


def _no_provision(asked: Asked, given: str) -> Response:
    corpus = asked.corpus
    instrument = corpus.instruments.get(given.upper().rpartition(".")[0])
    of = corpus.by_instrument[instrument.id] if instrument else corpus.provisions.values()
    found = nearest(given, {one.id.lower(): one.id for one in of})
    close = [
        (f"{name}: {corpus.provisions[name].statement}", asked.at(f"/hub/provisions/{name}"))
        for name in found
    ]
    return hub_frame.missing(asked, "provision", given, close)


def _crosswalk(corpus: Corpus, objectives: set[str]) -> list[tuple[Any, Any, Any]]:
    """Framework, element and mapping of every row that leads to one of the objectives."""
    return [
        (
            corpus.frameworks[row.framework],
            corpus.frameworks[row.framework].elements[row.element],
            row,
        )
        for row in corpus.crosswalks
        if row.mapping.objective in objectives
        and row.element in corpus.frameworks[row.framework].elements
    ]


# ---------------------------------------------------------------- objectives


@router.get("/hub/objectives/{objective_id}.csv")
def objective_csv(request: Request, asker: Asker, objective_id: str) -> Response:
    """Every provision on an objective that holds on the day."""
    asked = Asked(request)
    one = asked.corpus.objectives.get(objective_id.upper())
    if one is None:
        return _no_objective(asked, objective_id)
    if asked.problems:
        return hub_frame.refused(asked)
    return provisions_table(asked, held(asked, objective=one.id), one.id)


@router.get("/hub/objectives")
def objectives(request: Request, asker: Asker) -> Response:
    """What rules want to be true, in words of no framework, and how many ask for each."""
    asked = Asked(request)
    corpus = asked.corpus
    day = asked.engine.day(asked.as_of, asked.known_at)
    domain = asked.choice("domain", corpus.domains)
    sort = asked.choice("sort", ("asked",))
    economies = [one.id for one in corpus.economies]
    counted = _counts(asked, day, economies)
    rows = [
        (one, *counted.get(one.id, (0, 0)))
        for one in corpus.objectives.values()
        if not domain or one.domain == domain
    ]
    if sort:
        rows.sort(key=lambda row: -row[1])
    return hub_frame.page(
        asked,
        "objectives.html",
        rows=rows,
        domain=domain,
        sort=sort,
        count=len(economies),
        domains=list(dict.fromkeys(one.domain for one in corpus.objectives.values())),
    )


def _counts(asked: Asked, day: Day, economies: list[str]) -> dict[str, tuple[int, int]]:
    """By objective: how many economies ask for it, and how many by binding rules."""
    index = asked.engine.index
    asking: dict[str, set[str]] = {}
    firmly: dict[str, set[str]] = {}
    for name in economies:
        for at in index.members[name].at.tolist():
            if not day.asks[at]:
                continue
            one = index.provisions[at]
            firm = asked.corpus.instruments[one.instrument].form != "non_binding"
            for mapping in one.objectives:
                if mapping.relation != "contradicts":
                    asking.setdefault(mapping.objective, set()).add(name)
                    if firm:
                        firmly.setdefault(mapping.objective, set()).add(name)
    return {name: (len(many), len(firmly.get(name, ()))) for name, many in asking.items()}


@router.get("/hub/objectives/{objective_id}")
def objective(request: Request, asker: Asker, objective_id: str) -> Response:
    """An objective: which economies ask for it and how firmly, which forums, which frameworks."""
    asked = Asked(request)
    corpus = asked.corpus
    one = corpus.objectives.get(objective_id.upper())
    if one is None:
        return _no_objective(asked, objective_id)
    day = asked.engine.day(asked.as_of, asked.known_at)
    askers = _askers(asked, day, one.id)
    who = {asker.entity for asker in askers}
    return hub_frame.page(
        asked,
        "objective.html",
        one=one,
        path=f"/hub/objectives/{one.id}",
        askers=askers,
        silent=[e.id for e in corpus.economies if e.id not in who],
        forces=FORCE_WORDS,
        crosswalk=_crosswalk(corpus, {one.id}),
        recognisable=corpus.recognisable.get(one.id, ""),
    )


def _askers(asked: Asked, day: Day, objective: str) -> list[Standpoint]:
    """Entities whose rules ask for the objective on the day, the firmest first; economies before
    forums, and nobody for what a place within alone asks."""
    index, corpus = asked.engine.index, asked.corpus
    found = []
    for entity in corpus.entities.values():
        if entity.kind == "place":
            continue
        members = index.members[entity.id]
        own = [
            (index.provisions[at], reach)
            for at, reach in zip(members.at.tolist(), members.reaches, strict=True)
            if day.asks[at]
            and any(
                m.objective == objective and m.relation != "contradicts"
                for m in index.provisions[at].objectives
            )
        ]
        if not own:
            continue
        own.sort(key=lambda pair: -_force(pair[0], corpus))
        places = tuple(dict.fromkeys(reach for _, reach in own if reach != "whole"))
        alone = all(reach != "whole" for _, reach in own)
        provisions = tuple(provision for provision, _ in own)
        force = _force(provisions[0], corpus)
        found.append(Standpoint(entity.id, force, provisions, places if alone else ()))
    order = {"economy": 0, "forum": 1, "agreement": 2}
    return sorted(
        found, key=lambda one: (order[corpus.entities[one.entity].kind], -one.force, one.entity)
    )


def _force(one: Provision, corpus: Corpus) -> Force:
    return force_of(one, corpus.instruments[one.instrument].form)


def _no_objective(asked: Asked, given: str) -> Response:
    names = {}
    for one in asked.corpus.objectives.values():
        names.update({one.id.lower(): one.id, one.statement.lower(): one.id})
    close = [
        (f"{name}: {asked.corpus.objectives[name].statement}", asked.at(f"/hub/objectives/{name}"))
        for name in nearest(given, names)
    ]
    return hub_frame.missing(asked, "objective", given, close)
