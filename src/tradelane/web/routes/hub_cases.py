"""Cases that economies shared: a list to choose from, a page each, and a form for another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Scope
from tradelane.contributions.model import RecordKind
from tradelane.governance.cases import FIELDS, STAGES, Case, cells_of
from tradelane.governance.corpus import Corpus
from tradelane.kit.errors import Problem, TradelaneError
from tradelane.web.access import PUBLIC, Allow, Asking, principal_of
from tradelane.web.hub_contributed import render
from tradelane.web.routes.hub_proposals import Filled, form_page
from tradelane.web.routes.rules import csv_file

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(prefix="/hub/cases", include_in_schema=False)
Anyone = Annotated[Asking, Depends(PUBLIC)]
Proposer = Annotated[Asking, Depends(Allow(Scope.CORPUS_PROPOSE))]
Name = Annotated[str, Query(max_length=40)]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is asked of the list; "" for all."""

    economy: str
    use: str
    stage: str

    @property
    def query(self) -> str:
        """As the end of an address."""
        given = {"economy": self.economy, "use": self.use, "stage": self.stage}
        named = {name: value for name, value in given.items() if value}
        return f"?{urlencode(named)}" if named else ""


def _listed(corpus: Corpus, chosen: Chosen) -> list[Case]:
    found = [
        one
        for one in corpus.cases.values()
        if chosen.economy in ("", one.economy)
        and (not chosen.use or chosen.use in one.uses)
        and chosen.stage in ("", one.stage)
    ]
    return sorted(found, key=lambda one: (corpus.entities[one.economy].called, one.id))


@router.get("")
def cases(
    request: Request, asker: Anyone, economy: Name = "", use: Name = "", stage: Name = ""
) -> Response:
    """The cases, by economy, use and stage."""
    lane: Tradelane = request.app.state.lane
    corpus = lane.governance.corpus
    chosen = Chosen(economy, use, stage)
    economies = {one.economy for one in corpus.cases.values()}
    uses = {use for one in corpus.cases.values() for use in one.uses}
    return render(
        request,
        "cases.html",
        cases=_listed(corpus, chosen),
        corpus=corpus,
        chosen=chosen,
        economies=[(e.id, e.called) for e in corpus.economies if e.id in economies],
        uses=[(name, text) for name, text in _uses(corpus).items() if name in uses],
        use_words=_uses(corpus),
        stages=list(STAGES.items()),
        may_share=asker.principal is not None and bool(asker.principal.economy),
    )


@router.get(".csv")
def cases_csv(
    request: Request, asker: Anyone, economy: Name = "", use: Name = "", stage: Name = ""
) -> Response:
    """The same cases as a table."""
    corpus = request.app.state.lane.governance.corpus
    rows = [
        [one.id, *(cells_of(one)[name] for name in FIELDS)]
        for one in _listed(corpus, Chosen(economy, use, stage))
    ]
    return csv_file("cases.csv", ("id", *FIELDS), rows)


@router.get(".json")
def cases_json(
    request: Request, asker: Anyone, economy: Name = "", use: Name = "", stage: Name = ""
) -> Response:
    """The same cases for programs."""
    corpus = request.app.state.lane.governance.corpus
    found = [_view(one, corpus) for one in _listed(corpus, Chosen(economy, use, stage))]
    data = orjson.dumps({"cases": found}, option=orjson.OPT_INDENT_2)
    return Response(data, media_type="application/json")


@router.get("/new")
def new_case(request: Request, asker: Proposer) -> Response:
    """A form to share a case of one's own economy."""
    cells = {"economy": principal_of(asker).economy, "read_on": _today(request)}
    return form_page(request, Filled(RecordKind.CASE, "", cells))


@router.get("/{case_id}")
def case(request: Request, asker: Anyone, case_id: str) -> Response:
    """One case: problem, approach, outcome, whom to ask, and where it was read."""
    lane: Tradelane = request.app.state.lane
    corpus = lane.governance.corpus
    found = _get(corpus, case_id)
    with lane.database.read() as tx:
        records = [
            one
            for one in lane.contributions.latest(tx, found.economy, "", RecordKind.CASE)
            if one.about == found.id
        ]
    principal = asker.principal
    return render(
        request,
        "case.html",
        case=found,
        corpus=corpus,
        use_words=_uses(corpus),
        records=records,
        may_change=principal is not None
        and principal.may(Scope.CORPUS_PROPOSE)
        and principal.economy == found.economy,
    )


@router.get("/{case_id}/change")
def change_case(request: Request, asker: Proposer, case_id: str) -> Response:
    """The form with what is published of a case."""
    found = _get(request.app.state.lane.governance.corpus, case_id)
    return form_page(request, Filled(RecordKind.CASE, found.id, cells_of(found)))


def _get(corpus: Corpus, name: str) -> Case:
    found = corpus.cases.get(name.upper())
    if found is None:
        raise TradelaneError(Problem("contributions.not_found", f"There is no case {name[:40]!r}."))
    return found


def _uses(corpus: Corpus) -> dict[str, str]:
    return dict(corpus.facets["use"].values) if "use" in corpus.facets else {}


def _view(one: Case, corpus: Corpus) -> dict[str, Any]:
    texts: Sequence[str] = ("economy", "title", "office", "stage", "problem", "approach", "outcome")
    return {
        "id": one.id,
        **{name: getattr(one, name) for name in texts},
        "uses": list(one.uses),
        "since": one.since.text if one.since else "",
        "provisions": list(one.provisions),
        "sources": [dict(corpus.sources[name]._asdict()) for name in one.sources],
        "mark": one.mark,
        "read_on": one.read_on,
    }


def _today(request: Request) -> str:
    found: str = request.app.state.lane.clock.now().date().isoformat()
    return found
