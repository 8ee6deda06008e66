"""The hub's front page, what it covers, and what changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from tradelane.governance.answers import change_view
from tradelane.governance.changes import Change, ChangeKind
from tradelane.governance.coverage import Row, coverage, total
from tradelane.governance.vocabulary import MARKS
from tradelane.web import hub_frame
from tradelane.web.access import PUBLIC, Asking
from tradelane.web.hub_asking import Asked

router = APIRouter(include_in_schema=False)
Asker = Annotated[Asking, Depends(PUBLIC)]

CHANGES = "/hub/changes"
_LATELY = dt.timedelta(days=183)
_LATEST = 6
_PART = 40
_SORTS = {
    "": lambda row: 0,
    "provisions": lambda row: -row.provisions,
    "primary": lambda row: -row.primary / max(1, row.provisions),
    "name": lambda row: row.entity.called,
}
_COVERAGE_COLUMNS = (
    "entity",
    "name",
    "kind",
    "instruments",
    "provisions",
    "none_found",
    "binding",
    "binding_with_locator",
    "primary",
    "secondary",
    "not_verified",
    "with_objective",
    "conflicts",
    "empty_cells",
)


@router.get("/hub")
def home(request: Request, asker: Asker) -> Response:
    """What the hub is for, the three ways in, what it covers and what changed lately."""
    asked = Asked(request)
    engine, today = asked.engine, asked.on
    return hub_frame.page(
        asked,
        "home.html",
        total=total(asked.corpus),
        economies=sum(1 for one in coverage(asked.corpus) if _is_covered(one)),
        lately=gathered(_in_the_world(engine.changes(today - _LATELY, today))[::-1])[:_LATEST],
        ahead=gathered(_in_the_world(engine.changes(today, today + 2 * _LATELY)))[:_LATEST],
        doors=hub_frame.contributions(request),
    )


def _is_covered(row: Row) -> bool:
    return row.entity.kind == "economy" and row.provisions > row.none_found


def _in_the_world(found: Iterable[Change]) -> list[Change]:
    return [one for one in found if one.kind is not ChangeKind.RECORDED]


def gathered(found: Iterable[Change]) -> list[Change]:
    """Provisions of an instrument that begin, or end, on one day as one change, where the first
    of them stands. The mark is that of the least verified."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for at, one in enumerate(found):
        moves = one.kind in (ChangeKind.BEGINS, ChangeKind.ENDS)
        groups.setdefault((one.on, one.kind, one.instrument, None if moves else at), []).append(one)
    return [
        many[0]._replace(
            provisions=tuple(name for one in many for name in one.provisions),
            mark=max((one.mark for one in many), key=tuple(MARKS).index),
        )
        for many in groups.values()
    ]


# ---------------------------------------------------------------- coverage


@router.get("/hub/coverage")
def covered(request: Request, asker: Asker) -> Response:
    """How much the corpus has of each entity, as it is, and where sources disagree."""
    asked = Asked(request)
    kind = asked.choice("kind", ("economy", "place", "forum", "agreement"), "economy")
    sort = asked.choice("sort", _SORTS)
    rows = [row for row in coverage(asked.corpus) if row.entity.kind == kind]
    conflicts = [
        (one, conflict) for one in asked.corpus.instruments.values() for conflict in one.conflicts
    ]
    return hub_frame.page(
        asked,
        "coverage.html",
        rows=sorted(rows, key=_SORTS[sort]),
        total=total(asked.corpus),
        kind=kind,
        sort=sort,
        part=hub_frame.part(asked, conflicts, 20, "/hub/coverage", {"kind": kind, "sort": sort}),
    )


@router.get("/hub/coverage.csv")
def covered_csv(request: Request, asker: Asker) -> Response:
    """The same numbers as a table."""
    rows = (
        (
            row.entity.id,
            row.entity.name,
            row.entity.kind,
            row.instruments,
            row.provisions,
            row.none_found,
            row.binding,
            row.located,
            row.primary,
            row.secondary,
            row.not_verified,
            row.with_objective,
            row.conflicts,
            " ".join(row.empty),
        )
        for row in coverage(Asked(request).corpus)
    )
    return hub_frame.as_csv("coverage", _COVERAGE_COLUMNS, rows)


@router.get("/hub/conflicts.csv")
def conflicts_csv(request: Request, asker: Asker) -> Response:
    """Every conflict of sources: each claim with its source, and what is held here."""
    corpus = Asked(request).corpus
    rows = (
        (one.id, one.title, conflict.about, claim.says, _title(corpus, claim.source), conflict.held)
        for one in corpus.instruments.values()
        for conflict in one.conflicts
        for claim in conflict.claims
    )
    header = ("instrument", "title", "about", "claim", "source", "held_here")
    return hub_frame.as_csv("conflicts", header, rows)


def _title(corpus: Any, source: str) -> str:
    found = corpus.sources.get(source)
    return found.title if found else source


# ---------------------------------------------------------------- changes


@router.get(CHANGES)
def changed(request: Request, asker: Asker) -> Response:
    """What changed between two days, newest first."""
    asked, query = _period(request)
    found = [] if asked.problems else _changes(asked, query)
    return hub_frame.page(
        asked,
        "changes.html",
        part=hub_frame.part(asked, gathered(found), _PART, CHANGES, query),
        query=query,
        kinds=("world", "all", *ChangeKind),
    )


@router.get(CHANGES + ".csv")
def changes_csv(request: Request, asker: Asker) -> Response:
    """The same as a table."""
    asked, query = _period(request)
    if asked.problems:
        return hub_frame.refused(asked)
    views = [change_view(one, asked.corpus) for one in _changes(asked, query)]
    header = ("on", "date", "kind", "instrument", "title", "entities", "what", "provisions", "mark")
    rows = (
        [" ".join(v) if isinstance(v, list) else v for v in (view[name] for name in header)]
        for view in views
    )
    return hub_frame.as_csv("changes", header, rows)


@router.get(CHANGES + ".json")
def changes_json(request: Request, asker: Asker) -> Response:
    """The same for programs."""
    asked, query = _period(request)
    if asked.problems:
        return hub_frame.refused(asked)
    found = _changes(asked, query)
    return hub_frame.as_json("changes", [change_view(one, asked.corpus) for one in found])


def _period(request: Request) -> tuple[Asked, dict[str, Any]]:
    asked = Asked(request)
    since = asked.day("since") or dt.date(asked.on.year, 1, 1)
    until = asked.day("until") or max(asked.on, since)
    if until < since:
        asked.refuse("until", "governance.day", "The last day is before the first.", "Swap them.")
    query = {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "economies": asked.entities(),
        "domain": asked.domains(),
        "kind": asked.choice("kind", ("world", "all", *ChangeKind), "world"),
    }
    return asked, query


def _changes(asked: Asked, query: dict[str, Any]) -> list[Change]:
    found: Iterable[Change] = asked.engine.changes(
        dt.date.fromisoformat(query["since"]) - dt.timedelta(days=1),
        dt.date.fromisoformat(query["until"]),
        entities=query["economies"],
        domains=query["domain"],
        known_at=asked.known_at,
    )
    kind = query["kind"]
    if kind == "world":
        found = _in_the_world(found)
    elif kind != "all":
        found = [one for one in found if one.kind == kind]
    return list(found)[::-1]
