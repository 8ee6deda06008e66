"""What exists where and when: the matrix of economies and domains, its map, and the timeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from tradelane.governance.answers import matrix_view
from tradelane.governance.applying import begins_on
from tradelane.governance.exporting import provisions_csv
from tradelane.governance.matrix import Cell, Matrix
from tradelane.governance.model import Instrument, Provision, Standing
from tradelane.governance.vocabulary import FORMS, MARKS
from tradelane.web import hub_frame
from tradelane.web.access import PUBLIC, Asking
from tradelane.web.hub_asking import Asked
from tradelane.web.hub_pictures import PLACES, STATUS, Tile, tile_map, timeline
from tradelane.web.hub_words import Speaker

router = APIRouter(include_in_schema=False)
Asker = Annotated[Asking, Depends(PUBLIC)]

MATRIX = "/hub/matrix"
MAP = "/hub/map"
TIMELINE = "/hub/timeline"
_PART = 20
_BARS = 14
_BINDING = ("required", "required of public bodies", "urged by law")
_CELL_COLUMNS = (
    "economy",
    "name",
    "domain",
    "status",
    "holding",
    "primary",
    "secondary",
    "not_verified",
    "coming",
    "drafts",
    "searches",
)


# ---------------------------------------------------------------- the matrix


@router.get(MATRIX)
def matrix(request: Request, asker: Asker) -> Response:
    """Every economy in every domain of a group on a day; each cell leads to its provisions."""
    asked, query = _read_matrix(request)
    found = _matrix(asked, query)
    width = len(found.domains)
    rows = [
        (economy, found.cells[at * width : (at + 1) * width])
        for at, economy in enumerate(found.economies)
    ]
    if query["sort"]:
        rows.sort(key=lambda row: -sum(cell.status in _BINDING for cell in row[1]))
    return hub_frame.page(
        asked,
        "matrix.html",
        rows=rows,
        domains=found.domains,
        query=query,
        path=MATRIX,
        density="compact",
    )


@router.get(MATRIX + ".csv")
def matrix_csv(request: Request, asker: Asker) -> Response:
    """The same as a table, a row a cell."""
    asked, query = _read_matrix(request)
    if asked.problems:
        return hub_frame.refused(asked)
    found = _matrix(asked, query)
    return hub_frame.as_csv(f"matrix-{asked.on}", _CELL_COLUMNS, _cells(asked, found))


@router.get(MATRIX + ".json")
def matrix_json(request: Request, asker: Asker) -> Response:
    """The same for programs."""
    asked, query = _read_matrix(request)
    if asked.problems:
        return hub_frame.refused(asked)
    return hub_frame.as_json(f"matrix-{asked.on}", matrix_view(_matrix(asked, query)))


def _read_matrix(request: Request) -> tuple[Asked, dict[str, str]]:
    asked = Asked(request)
    group = asked.choice("domains", ("core", "other"), "core")
    return asked, {"domains": group, "sort": asked.choice("sort", ("binding",))}


def _matrix(asked: Asked, query: dict[str, str]) -> Matrix:
    core = query["domains"] == "core"
    domains = [one.id for one in asked.corpus.domains.values() if one.core is core]
    return asked.engine.matrix(asked.as_of, asked.known_at, domains=domains)


def _cells(asked: Asked, found: Matrix) -> Iterator[tuple[Any, ...]]:
    for cell in found.cells:
        yield (cell.economy, asked.corpus.entities[cell.economy].name, *cell[1:])


# ---------------------------------------------------------------- one cell


@router.get("/hub/cells/{entity_id}/{domain_id}.csv")
def cell_csv(request: Request, asker: Asker, entity_id: str, domain_id: str) -> Response:
    """The provisions of a cell that hold on the day."""
    asked = Asked(request)
    entity, domain = asked.corpus.get_entity(entity_id), asked.corpus.get_domain(domain_id)
    if asked.problems:
        return hub_frame.refused(asked)
    found = [one for answer, one in _in_cell(asked, entity.id, domain.id) if answer == "holds"]
    data = provisions_csv(found, asked.corpus).encode()
    return hub_frame.attached(data, f"{entity.id}-{domain.id}.csv", "text/csv")


@router.get("/hub/cells/{entity_id}/{domain_id}")
def cell(request: Request, asker: Asker, entity_id: str, domain_id: str) -> Response:
    """What an entity has in a domain: what holds, what comes, drafts, and what was not found."""
    asked = Asked(request)
    entity = asked.corpus.entities.get(entity_id.upper())
    if entity is None or domain_id not in asked.corpus.domains:
        close = [
            (asked.corpus.entities[n].name, asked.at(f"/hub/cells/{n}/{domain_id}"))
            for n in asked.close(entity_id)
            if domain_id in asked.corpus.domains
        ]
        return hub_frame.missing(asked, "cell", f"{entity_id}/{domain_id}", close)
    path = f"/hub/cells/{entity.id}/{domain_id}"
    mark = asked.choice("mark", MARKS)
    found = _in_cell(asked, entity.id, domain_id)
    chosen = [pair for pair in found if not mark or pair[1].mark == mark]
    matrix = asked.engine.matrix(
        asked.as_of, asked.known_at, economies=[entity.id], domains=[domain_id]
    )
    return hub_frame.page(
        asked,
        "cell.html",
        entity=entity,
        domain=domain_id,
        cell=matrix.cells[0],
        mark=mark,
        marks=tuple(MARKS),
        path=path,
        part=hub_frame.part(asked, chosen, _PART, path, {"mark": mark}),
    )


def _in_cell(asked: Asked, entity: str, domain: str) -> list[tuple[str, Provision]]:
    """Provisions with what they are on the day, what holds first."""
    index = asked.engine.index
    day = asked.engine.day(asked.as_of, asked.known_at)
    found: dict[str, list[Provision]] = {"holds": [], "coming": [], "draft": [], "none": []}
    for at in index.members[entity].at.tolist():
        one = index.provisions[at]
        if one.domain != domain or not day.known[at]:
            continue
        instrument = asked.corpus.instruments[one.instrument]
        if day.searches[at]:
            found["none"].append(one)
        elif day.holds[at]:
            found["holds"].append(one)
        elif begins_on(one, instrument, asked.on):
            found["coming"].append(one)
        elif instrument.standing_on(asked.on) is Standing.DRAFT:
            found["draft"].append(one)
    return [(answer, one) for answer, many in found.items() for one in many]


# ---------------------------------------------------------------- the map


@router.get(MAP)
def economies_map(request: Request, asker: Asker) -> Response:
    """The economies around the Pacific, for one domain and day."""
    asked = Asked(request)
    domain = asked.choice("domain", asked.corpus.domains, next(iter(asked.corpus.domains)))
    found = asked.engine.matrix(asked.as_of, asked.known_at, domains=[domain])
    words = hub_frame.words_of(request)
    say = Speaker(words, asked.corpus)
    sort = asked.choice("sort", ("firmest",))
    cells = [one for one in found.cells if one.economy in PLACES]
    order = list(STATUS)
    title = words.gettext(
        "%(domain)s on %(day)s", domain=say.domain(domain), day=words.date(asked.on)
    )
    return hub_frame.page(
        asked,
        "map.html",
        say=say,
        domain=domain,
        title=title,
        picture=tile_map([_tile(asked, say, one) for one in cells], title),
        cells=sorted(cells, key=lambda c: order.index(c.status)) if sort else cells,
        sort=sort,
        path=MAP,
    )


def _tile(asked: Asked, say: Speaker, one: Cell) -> Tile:
    return Tile(
        one.economy,
        say.name(one.economy),
        one.status,
        say.word("force", one.status),
        one.holding,
        asked.at(f"/hub/cells/{one.economy}/{one.domain}"),
    )


# ---------------------------------------------------------------- the timeline


@router.get(TIMELINE)
def over_time(request: Request, asker: Asker) -> Response:
    """What instruments were over time: proposed, adopted, in force, ended."""
    asked, query = _read_timeline(request)
    found = [] if asked.problems else _instruments(asked, query)
    part = hub_frame.part(asked, found, _BARS, TIMELINE, query)
    words = hub_frame.words_of(request)
    say = Speaker(words, asked.corpus)
    title = words.gettext("Instruments over time")
    about = words.gettext("Instruments and their states; the same stands in the table below.")
    picture = timeline(part.items, asked.on, title, about, lambda one: _label(say, one))
    return hub_frame.page(
        asked,
        "timeline.html",
        say=say,
        part=part,
        picture=picture,
        query=query,
        path=TIMELINE,
        forms=FORMS,
        standings=tuple(str(one) for one in Standing if one is not Standing.NONE),
    )


@router.get(TIMELINE + ".csv")
def timeline_csv(request: Request, asker: Asker) -> Response:
    """Every state of these instruments with its date, as a table."""
    asked, query = _read_timeline(request)
    if asked.problems:
        return hub_frame.refused(asked)
    rows = (
        (one.id, one.title, " ".join(one.entities), one.form, s.state, s.since.text, s.mark, s.note)
        for one in _instruments(asked, query)
        for s in one.states
    )
    header = ("instrument", "title", "entities", "form", "state", "from", "verification", "note")
    return hub_frame.as_csv("timeline", header, rows)


def _label(say: Speaker, one: Instrument) -> str:
    return f"{say.names(one.entities[:2])}: {one.title}"


def _read_timeline(request: Request) -> tuple[Asked, dict[str, Any]]:
    asked = Asked(request)
    query = {
        "economies": asked.entities(),
        "form": asked.choice("form", FORMS),
        "standing": asked.choice("standing", [str(one) for one in Standing]),
        "sort": asked.choice("sort", ("entity", "first")),
    }
    return asked, query


def _instruments(asked: Asked, query: dict[str, Any]) -> list[Instrument]:
    """Those that fit, the last change first, or by entity, or the oldest first."""
    corpus = asked.corpus
    reach = {name for one in query["economies"] for name in corpus.reach[one]}
    found = [
        one
        for one in corpus.instruments.values()
        if one.states
        and one.type != "none"
        and (not reach or not reach.isdisjoint(one.entities))
        and (not query["form"] or one.form == query["form"])
        and (not query["standing"] or one.standing_on(asked.on) == query["standing"])
        and (not asked.known_at or corpus.recorded[one.id] <= asked.known_at)
    ]
    if query["sort"] == "first":
        return sorted(found, key=lambda one: one.states[0].since.first)
    if query["sort"] == "entity":
        return sorted(found, key=lambda one: (one.entities, one.states[0].since.first))
    return sorted(found, key=lambda one: one.states[-1].since.first, reverse=True)
