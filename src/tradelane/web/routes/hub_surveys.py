"""Surveys and consultations: what is asked, an answer of one's own, results, words released."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Scope
from tradelane.contributions.questionnaires import PUBLIC
from tradelane.contributions.surveys import Answer, Round, is_asked
from tradelane.contributions.tallies import FEWEST, Results
from tradelane.journeys import surveying
from tradelane.kit.errors import TradelaneError
from tradelane.web import pages
from tradelane.web.access import PUBLIC as ANYONE
from tradelane.web.access import SIGNED_IN, Allow, Asking, check_form, principal_of
from tradelane.web.hub_contributed import render
from tradelane.web.problems import status_of
from tradelane.web.routes.rules import csv_file
from tradelane.web.routes.sign_in import text_of

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(prefix="/hub/surveys", include_in_schema=False)
Anyone = Annotated[Asking, Depends(ANYONE)]
Person = Annotated[Asking, Depends(SIGNED_IN)]
Opener = Annotated[Asking, Depends(Allow(Scope.SURVEYS_OPEN))]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
FORM = [Depends(check_form)]
_DAYS = 30


@router.get("")
def surveys(request: Request, asker: Anyone) -> Response:
    """What can be answered now, what is over, and what is to come."""
    lane: Tradelane = request.app.state.lane
    today = lane.clock.now().date()
    with lane.database.read() as tx:
        found = lane.surveys.rounds(tx)
    return render(
        request,
        "surveys.html",
        open_now=[one for one in found if one.is_open(today)],
        over=[one for one in found if one.is_over(today)],
        coming=[one for one in found if today < one.opens_on],
        may_open=asker.principal is not None and asker.principal.may(Scope.SURVEYS_OPEN),
    )


@router.get("/new")
def new_round(request: Request, asker: Opener) -> Response:
    """Choose what to ask, and from when until when."""
    today: dt.date = request.app.state.lane.clock.now().date()
    last = today + dt.timedelta(days=_DAYS)
    given = {"definition": "", "instrument": "", "opens_on": str(today), "closes_on": str(last)}
    return _new(request, asker, given)


@router.post("/new", dependencies=FORM)
async def open_round(request: Request, asker: Opener) -> Response:
    """Open a round."""
    form = await request.form()
    names = ("definition", "opens_on", "closes_on", "instrument")
    given = {name: text_of(form, name) for name in names}

    def work() -> Response:
        try:
            made = surveying.open_round(
                request.app.state.lane, principal_of(asker), *(given[name] for name in names)
            )
        except TradelaneError as error:
            return _new(request, asker, given, error)
        return pages.see_other(f"/hub/surveys/{made.id}", "saved")

    return await run_in_threadpool(work)


def _new(
    request: Request,
    asker: Asking,
    given: Mapping[str, str],
    error: TradelaneError | None = None,
) -> Response:
    lane: Tradelane = request.app.state.lane
    economy = principal_of(asker).economy
    corpus, today = lane.governance.corpus, lane.clock.now().date()
    return render(
        request,
        "survey_new.html",
        200 if error is None else status_of(error),
        definitions=list(surveying.definitions().values()),
        consultation=surveying.CONSULTATION,
        drafts=surveying.drafts_of(corpus, economy, today) if economy else [],
        given=given,
        problems=[] if error is None else pages.problems_of(error),
    )


@router.get("/{round_id:int}")
def survey(request: Request, asker: Anyone, round_id: Id) -> Response:
    """What is asked, with a form for who may answer."""
    return _page(request, asker, round_id)


@router.post("/{round_id:int}", dependencies=FORM)
async def answer(request: Request, asker: Person, round_id: Id) -> Response:
    """Answer for one's organisation, or revise its answer."""
    lane: Tradelane = request.app.state.lane
    form = await request.form()
    given = {name: [str(one) for one in form.getlist(name)] for name in form if name != "csrf"}

    def work() -> Response:
        try:
            surveying.answer(lane, principal_of(asker), round_id, given)
        except TradelaneError as error:
            if status_of(error) == 404:
                raise
            return _page(request, asker, round_id, given, error)
        return pages.see_other(f"/hub/surveys/{round_id}", "survey-answered")

    return await run_in_threadpool(work)


@router.get("/{round_id:int}/answer.json")
def own_answer(request: Request, asker: Person, round_id: Id) -> Response:
    """One's organisation's answer with its receipt: what it proves, and how."""
    lane: Tradelane = request.app.state.lane
    principal = principal_of(asker)
    with lane.database.read() as tx:
        found = lane.surveys.get_round(tx, round_id)
        given = _own(lane, tx, found, principal.organisation_id)
        proof = None if given is None else surveying.receipt(lane, tx, given).to_dict()
    body = {
        "survey": found.survey.title,
        "round": round_id,
        "answer": None if given is None else given.content,
        "revision": None if given is None else given.revision,
        "digest": None if given is None else given.digest,
        "receipt": proof,
    }
    headers = {"content-disposition": f'attachment; filename="survey-{round_id}-answer.json"'}
    data = orjson.dumps(body, option=orjson.OPT_INDENT_2)
    return Response(data, media_type="application/json", headers=headers)


@router.get("/{round_id:int}/results")
def results(request: Request, asker: Anyone, round_id: Id) -> Response:
    """The answers in aggregate, when the round is over."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = lane.surveys.get_round(tx, round_id)
        told = lane.surveys.results(tx, found)
        words = [one for one in lane.surveys.words(tx, found) if one.released]
    return render(
        request,
        "survey_results.html",
        round=found,
        results=told,
        words=words if told.respondents else [],
        fewest=FEWEST,
        may_release=asker.principal is not None and asker.principal.may(Scope.SURVEYS_OPEN),
    )


@router.get("/{round_id:int}/results.json")
def results_json(request: Request, asker: Anyone, round_id: Id) -> Response:
    """The same for programs; a withheld count is null."""
    found, told = _told(request, round_id)
    body = {
        "survey": found.survey.id,
        "title": found.survey.title,
        "instrument": found.instrument,
        "opens_on": found.opens_on.isoformat(),
        "closes_on": found.closes_on.isoformat(),
        "fewest": FEWEST,
        "respondents": told.respondents,
        "questions": [
            {
                "id": one.question.id,
                "kind": one.question.kind,
                "text": one.question.text,
                "counts": [
                    {"value": cell.value, "text": cell.text, "count": cell.count}
                    for cell in one.cells
                ],
            }
            for one in told.tallies
        ],
    }
    return Response(orjson.dumps(body, option=orjson.OPT_INDENT_2), media_type="application/json")


@router.get("/{round_id:int}/results.csv")
def results_csv(request: Request, asker: Anyone, round_id: Id) -> Response:
    """The same as a table; a withheld count is empty, and ``withheld`` says so."""
    _, told = _told(request, round_id)
    rows: list[Sequence[Any]] = [
        [
            one.question.id,
            one.question.kind,
            cell.value,
            cell.text,
            cell.count,
            "yes" if cell.count is None else "no",
        ]
        for one in told.tallies
        for cell in one.cells
    ]
    columns = ("question", "kind", "value", "text", "count", "withheld")
    return csv_file(f"survey-{round_id}.csv", columns, rows)


@router.get("/{round_id:int}/words")
def words(request: Request, asker: Opener, round_id: Id) -> Response:
    """What was written and may be published: release it, or take it back."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = lane.surveys.get_round(tx, round_id)
        listed = lane.surveys.words(tx, found)
    texts = {one.id: one.text for one in found.survey.questions}
    return render(request, "survey_words.html", round=found, words=listed, texts=texts)


@router.post("/{round_id:int}/words/{answer_id:int}/{question}", dependencies=FORM)
async def release(
    request: Request, asker: Opener, round_id: Id, answer_id: Id, question: str
) -> Response:
    """Publish somebody's words, or no longer."""
    lane: Tradelane = request.app.state.lane
    form = await request.form()
    publish, login = text_of(form, "publish") == "yes", principal_of(asker).login

    def write(tx: Any) -> None:
        found = lane.surveys.get_round(tx, round_id)
        lane.surveys.release(tx, found, answer_id, question, login, publish=publish)

    await run_in_threadpool(lane.database.write, write)
    return pages.see_other(f"/hub/surveys/{round_id}/words", "saved")


def _told(request: Request, round_id: int) -> tuple[Round, Results]:
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = lane.surveys.get_round(tx, round_id)
        return found, lane.surveys.results(tx, found)


def _own(lane: Tradelane, tx: Any, found: Round, organisation: int | None) -> Answer | None:
    return None if organisation is None else lane.surveys.find_answer(tx, found.id, organisation)


def _page(
    request: Request,
    asker: Asking,
    round_id: int,
    given: Mapping[str, Sequence[str]] | None = None,
    error: TradelaneError | None = None,
) -> Response:
    lane: Tradelane = request.app.state.lane
    principal, today = asker.principal, lane.clock.now().date()
    organisation = None if principal is None else principal.organisation_id
    with lane.database.read() as tx:
        found = lane.surveys.get_round(tx, round_id)
        before = _own(lane, tx, found, organisation)
        kind = "" if organisation is None else lane.accounts.get_organisation(tx, organisation).kind
    asked = organisation is not None and is_asked(found.survey, kind)
    filled = given if given is not None else _filled(before)
    return render(
        request,
        "survey.html",
        200 if error is None else status_of(error),
        round=found,
        is_open=found.is_open(today),
        is_over=found.is_over(today),
        asked=asked,
        before=before,
        filled=filled,
        public=PUBLIC,
        fewest=FEWEST,
        may_release=principal is not None and principal.may(Scope.SURVEYS_OPEN),
        problems=[] if error is None else pages.problems_of(error),
    )


def _filled(before: Answer | None) -> dict[str, Sequence[str]]:
    """What the form shows of an answer that was given."""
    if before is None:
        return {}
    shown: dict[str, Sequence[str]] = {
        name: value if isinstance(value, list) else [value]
        for name, value in before.content["answers"].items()
    }
    return shown | {f"{name}{PUBLIC}": ["yes"] for name in before.content["public"]}
