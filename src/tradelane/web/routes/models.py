"""Models: what each is and how good, training another, and putting one in force by two persons."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Principal, Scope
from tradelane.journeys import adoption
from tradelane.journeys.adoption import Listed
from tradelane.journeys.cards import card_text, read_card
from tradelane.journeys.duels import read_duel
from tradelane.journeys.gaps import read_gaps
from tradelane.journeys.record import NotFound
from tradelane.journeys.training import Training
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.kit.spreadsheet import safe_cell
from tradelane.registry.card import GROUPINGS, MEASURES
from tradelane.registry.model import short
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, check_form, principal_of
from tradelane.web.model_charts import pictures
from tradelane.web.problems import status_of
from tradelane.web.translation import translator

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False)
Reader = Annotated[Asking, Depends(Allow(Scope.OVERSIGHT_READ, Scope.FIGURES_READ))]
Proposer = Annotated[Asking, Depends(Allow(Scope.MODELS_PROPOSE))]
Agreer = Annotated[Asking, Depends(Allow(Scope.MODELS_AGREE))]
FORM = [Depends(check_form)]

STATES = ("candidate", "proposed", "agreed", "in force", "challenger", "retired")
_SORTS: dict[str, Callable[[Listed], Any]] = {
    "published": lambda one: str(one.manifest["created_at"]),
    "auc": lambda one: float(one.manifest.get("metrics", {}).get("forward_auc", -1)),
    "precision": lambda one: float(
        one.manifest.get("metrics", {}).get("forward_precision_at_5_percent", -1)
    ),
}
_COLUMNS = ("model", "state", "published", "outcomes", "forward_auc", "precision_at_5_percent")


# ---------------------------------------------------------------- the list


@router.get("/models")
def models(request: Request, asker: Reader) -> Response:
    """Every model with where it stands, what waits for a second person, and trainings."""
    return _list(request, principal_of(asker))


@router.get("/models.csv")
def models_csv(request: Request, asker: Reader) -> Response:
    """The list as a table."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = _wanted(request, adoption.listed(lane, tx))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for one in found:
        metrics = one.manifest.get("metrics", {})
        row = (
            one.digest,
            one.state,
            one.manifest["created_at"],
            metrics.get("outcomes", ""),
            metrics.get("forward_auc", ""),
            metrics.get("forward_precision_at_5_percent", ""),
        )
        writer.writerow([safe_cell(str(cell)) for cell in row])
    return _attached(out.getvalue().encode(), "models.csv", "text/csv")


def _wanted(request: Request, found: list[Listed]) -> list[Listed]:
    state = request.query_params.get("state", "")
    sort = request.query_params.get("sort", "published")
    if state in STATES:
        found = [one for one in found if one.state == state]
    return sorted(found, key=_SORTS.get(sort, _SORTS["published"]), reverse=True)


def _list(
    request: Request, principal: Principal, *, error: TradelaneError | None = None, seed: str = "0"
) -> Response:
    lane: Tradelane = request.app.state.lane
    training: Training = request.app.state.training
    with lane.database.read() as tx:
        found = adoption.listed(lane, tx)
        jobs = training.jobs.latest(tx, 10)
        compared = read_duel(lane, tx)
    return pages.render(
        request,
        "models/list.html",
        200 if error is None else status_of(error),
        models=_wanted(request, found),
        now=next((one for one in found if one.state == adoption.IN_FORCE), None),
        challenger=next((one for one in found if one.state == adoption.CHALLENGER), None),
        waiting=[one for one in found if one.proposal is not None and one.proposal.is_open],
        jobs=jobs,
        duel=compared,
        states=STATES,
        given={name: request.query_params.get(name, "") for name in ("state", "sort")},
        query=request.url.query,
        may_propose=principal.may(Scope.MODELS_PROPOSE),
        may_agree=principal.may(Scope.MODELS_AGREE),
        seed=seed,
        problems=[] if error is None else pages.problems_of(error),
        short=short,
    )


@router.post("/models/train", dependencies=FORM)
async def train(request: Request, asker: Proposer) -> Response:
    """Ask for a training; it goes on in the background and ends with a candidate."""
    form = await request.form()
    typed = str(form.get("seed", "0"))[:20]
    principal = principal_of(asker)

    def work() -> Response:
        training: Training = request.app.state.training
        try:
            job = training.ask(principal.login, _seed(typed))
        except TradelaneError as error:
            return _list(request, principal, error=error, seed=typed)
        request.app.state.background.submit(job.id)
        return pages.see_other("/models#trainings", "training")

    return await run_in_threadpool(work)


def _seed(typed: str) -> int:
    if not (typed.isascii() and typed.isdecimal() and int(typed) < 2**31):
        raise InputRefused(
            Problem(
                "training.seed",
                f"{typed!r} is not a seed.",
                pointer="/seed",
                hint="Write a whole number, such as 0.",
            )
        )
    return int(typed)


# ---------------------------------------------------------------- one model


@router.get("/models/{model}")
def model_page(request: Request, asker: Reader, model: str) -> Response:
    """A model's card with its quality, and what can be done with it."""
    return _model(request, principal_of(asker), model)


@router.get("/models/{model}/card.md")
def card_file(request: Request, asker: Reader, model: str) -> Response:
    """The card as Markdown."""
    lane: Tradelane = request.app.state.lane
    digest = _found(lane, model)
    text = card_text(lane, digest)
    return _attached(text.encode(), f"model-{short(digest)}.md", "text/markdown")


@router.get("/models/{model}/quality.json")
def quality_file(request: Request, asker: Reader, model: str) -> Response:
    """What was measured forward in time, as JSON."""
    lane: Tradelane = request.app.state.lane
    digest = _found(lane, model)
    with lane.database.read() as tx:
        card = read_card(lane, tx, digest)
    data = orjson.dumps(dict(card.quality))
    return _attached(data, f"quality-{short(digest)}.json", "application/json")


@router.get("/models/{model}/groups.csv")
def groups_file(request: Request, asker: Reader, model: str) -> Response:
    """The quality by month, office, chapter and preference as one table."""
    lane: Tradelane = request.app.state.lane
    digest = _found(lane, model)
    with lane.database.read() as tx:
        quality = read_card(lane, tx, digest).quality
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    bounds = [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")]
    writer.writerow(["by", "group", "lines", "wrong", *bounds])
    for by, groups in quality.get("groups", {}).items():
        for one in groups["shown"]:
            figures = [value or "" for name in MEASURES for value in one["figures"][name]]
            writer.writerow([by, safe_cell(one["group"]), one["lines"], one["wrong"], *figures])
    return _attached(out.getvalue().encode(), f"groups-{short(digest)}.csv", "text/csv")


def _found(lane: Tradelane, model: str) -> str:
    try:
        return str(lane.registry.get_manifest(model)["digest"])
    except InputRefused as refused:
        raise NotFound(refused.problems) from None


def _model(
    request: Request,
    principal: Principal,
    model: str,
    *,
    error: TradelaneError | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    lane: Tradelane = request.app.state.lane
    digest = _found(lane, model)
    with lane.database.read() as tx:
        card = read_card(lane, tx, digest)
        gaps = read_gaps(lane, tx, digest)
    by = request.query_params.get("by", "office")
    words = translator(pages.locale_of(request, principal))
    return pages.render(
        request,
        "models/model.html",
        200 if error is None else status_of(error),
        card=card,
        model=card.listed,
        quality=card.quality,
        gaps=gaps,
        charts=pictures(card.quality, words),
        by=by if by in GROUPINGS else "office",
        groupings=GROUPINGS,
        measures=MEASURES,
        login=principal.login,
        may_propose=principal.may(Scope.MODELS_PROPOSE),
        may_agree=principal.may(Scope.MODELS_AGREE),
        typed=typed or {"reason": "", "remark": ""},
        problems=[] if error is None else pages.problems_of(error),
        short=short(digest),
    )


# ---------------------------------------------------------------- two persons


@router.post("/models/{model}/propose", dependencies=FORM)
async def propose(request: Request, asker: Proposer, model: str) -> Response:
    """Propose that an order may name the model."""
    login = principal_of(asker).login
    return await _step(
        request,
        asker,
        model,
        "proposed",
        lambda lane, digest, typed: adoption.propose_model(lane, digest, login, typed["reason"]),
    )


@router.post("/models/{model}/agree", dependencies=FORM)
async def agree(request: Request, asker: Agreer, model: str) -> Response:
    """A second person agrees to the proposal that they have seen."""
    login = principal_of(asker).login
    return await _step(
        request,
        asker,
        model,
        "model-agreed",
        lambda lane, digest, typed: adoption.agree_to_model(
            lane, _number(typed), login, typed["seen"]
        ),
    )


@router.post("/models/{model}/decline", dependencies=FORM)
async def decline(request: Request, asker: Agreer, model: str) -> Response:
    """A second person says no, and why."""
    login = principal_of(asker).login
    return await _step(
        request,
        asker,
        model,
        "model-declined",
        lambda lane, digest, typed: adoption.decline_model(
            lane, _number(typed), login, typed["remark"]
        ),
    )


@router.post("/models/{model}/withdraw", dependencies=FORM)
async def withdraw(request: Request, asker: Proposer, model: str) -> Response:
    """Whoever proposed it takes it back."""
    login = principal_of(asker).login
    return await _step(
        request,
        asker,
        model,
        "model-withdrawn",
        lambda lane, digest, typed: adoption.withdraw_model(lane, _number(typed), login),
    )


@router.post("/models/{model}/retire", dependencies=FORM)
async def retire(request: Request, asker: Agreer, model: str) -> Response:
    """No new order may name the model."""
    login = principal_of(asker).login
    return await _step(
        request,
        asker,
        model,
        "model-retired",
        lambda lane, digest, typed: adoption.retire(lane, digest, login),
    )


async def _step(
    request: Request,
    asker: Asking,
    model: str,
    notice: str,
    take: Callable[[Tradelane, str, dict[str, str]], object],
) -> Response:
    form = await request.form()
    typed = {
        name: str(form.get(name, "")).replace("\0", "")[:2000]
        for name in ("reason", "remark", "proposal", "seen")
    }

    def work() -> Response:
        lane: Tradelane = request.app.state.lane
        digest = _found(lane, model)
        try:
            take(lane, digest, typed)
        except TradelaneError as error:
            return _model(request, principal_of(asker), digest, error=error, typed=typed)
        return pages.see_other(f"/models/{short(digest)}", notice)

    return await run_in_threadpool(work)


def _number(typed: dict[str, str]) -> int:
    text = typed["proposal"]
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _attached(data: bytes, name: str, media: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media, headers=headers)
