"""Changes to the corpus: what waits, a form, a check with the difference, and a second person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Scope
from tradelane.contributions.model import RecordKind
from tradelane.governance.amendments import FIELDS, SOURCE_FIELDS, provision_values
from tradelane.governance.cases import STAGES
from tradelane.governance.corpus import Corpus
from tradelane.governance.vocabulary import (
    ACTORS,
    KINDS,
    MARKS,
    MODALITIES,
    RIGHTS,
    SOURCE_KINDS,
    STATES,
)
from tradelane.journeys import corpus_changes
from tradelane.journeys.corpus_changes import Change
from tradelane.kit.errors import TradelaneError
from tradelane.web import pages
from tradelane.web.access import PUBLIC, Allow, Asking, check_form, principal_of
from tradelane.web.hub_frame import navigation, words_of
from tradelane.web.hub_suggestions import Suggested, suggest, taken
from tradelane.web.hub_words import Speaker
from tradelane.web.problems import status_of
from tradelane.web.routes.sign_in import text_of
from tradelane.web.translation import N_

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(prefix="/hub/proposals", include_in_schema=False)
Anyone = Annotated[Asking, Depends(PUBLIC)]
Reader = Annotated[Asking, Depends(Allow(Scope.CORPUS_PROPOSE, Scope.CORPUS_REVIEW))]
Proposer = Annotated[Asking, Depends(Allow(Scope.CORPUS_PROPOSE))]
Reviewer = Annotated[Asking, Depends(Allow(Scope.CORPUS_REVIEW))]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
FORM = [Depends(check_form)]
_OWN_SOURCE = tuple(f"source_{name}" for name in SOURCE_FIELDS)
_MOST = 50
_LONGEST_USES = 600

CHOICES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "kind": ("kind", KINDS),
    "modality": ("modality", MODALITIES),
    "verification": ("mark", tuple(MARKS)),
    "mark": ("mark", tuple(MARKS)),
    "state": ("state", STATES),
    "stage": ("stage", tuple(STAGES)),
    "source_kind": ("source", SOURCE_KINDS),
    "source_rights": ("rights", RIGHTS),
}
"""Fields of which the corpus knows every value: the group of their words, and the values."""
STAGE_WORDS = {
    "planned": N_("Planned"),
    "trial": N_("On trial"),
    "in_use": N_("In use"),
    "ended": N_("Ended"),
    "not_known": N_("Not known"),
}


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as somebody filled it in. ``what``: provision, state or case; ``about``: the
    provision or case that it corrects, "" for a new one."""

    what: str
    about: str
    cells: Mapping[str, str]
    reason: str = ""


@router.get("")
def proposals(request: Request, asker: Anyone) -> Response:
    """How changes come in; for those who make them also what waits and what became of others."""
    lane: Tradelane = request.app.state.lane
    principal = asker.principal
    reads = principal is not None and (
        principal.may(Scope.CORPUS_PROPOSE) or principal.may(Scope.CORPUS_REVIEW)
    )
    with lane.database.read() as tx:
        found = lane.approvals.latest(tx, corpus_changes.KIND, most=_MOST) if reads else []
        published = lane.contributions.latest(tx, most=10)
    corpus = lane.governance.corpus
    own: dict[str, Any] = {} if reads else {"nav": navigation(request, words_of(request))}
    return pages.render(
        request,
        "hub/proposals.html",
        **own,
        reads=reads,
        may_propose=principal is not None and principal.may(Scope.CORPUS_PROPOSE),
        economy=principal.economy if principal else "",
        corpus=corpus,
        proposals=[(one, title(corpus, corpus_changes.change_of(one))) for one in found],
        published=published,
    )


@router.get("/new")
def new(
    request: Request,
    asker: Proposer,
    what: Annotated[str, Query(max_length=16)] = "",
    instrument: Annotated[str, Query(max_length=80)] = "",
    provision: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """Choose what to change, or the form with what is published now."""
    lane: Tradelane = request.app.state.lane
    corpus = lane.governance.corpus
    if provision:
        found = corpus.get_provision(provision)
        cells = provision_values(found, corpus)
        return form_page(request, Filled(RecordKind.PROVISION, found.id, cells))
    if instrument and what in (RecordKind.PROVISION, RecordKind.STATE):
        named = corpus.get_instrument(instrument)
        return form_page(request, Filled(what, "", {"instrument": named.id}))
    return _choose(request, asker, instrument)


def _choose(request: Request, asker: Asking, name: str) -> Response:
    """The economy's instruments, or the provisions of one of them."""
    corpus = request.app.state.lane.governance.corpus
    economy = principal_of(asker).economy
    own = {economy, *(one.id for one in corpus.entities.values() if one.within == economy)}
    listed = [one for one in corpus.instruments.values() if not own.isdisjoint(one.entities)]
    chosen = corpus.get_instrument(name) if name else None
    return pages.render(
        request,
        "hub/proposal_choose.html",
        economy=economy,
        corpus=corpus,
        instruments=listed,
        chosen=chosen,
        provisions=corpus.by_instrument[chosen.id] if chosen else (),
    )


@router.post("/new", dependencies=FORM)
async def check_or_propose(request: Request, asker: Proposer) -> Response:
    """Show the difference of what was filled in; propose it when that was seen."""
    form = await request.form()
    what = text_of(form, "what")
    kind = what if what in FIELDS else RecordKind.PROVISION
    cells = {name: text_of(form, name) for name in (*FIELDS[kind], *_OWN_SOURCE)}
    if "actor" in cells:  # boxes to tick, or what the check page carries on as one text
        cells["actor"] = "|".join(str(one) for one in form.getlist("actor"))[:_LONGEST_USES]
    if kind == RecordKind.CASE:
        cells["uses"] = "|".join(str(one) for one in form.getlist("uses"))[:_LONGEST_USES]
    filled = Filled(kind, text_of(form, "about")[:80], cells, text_of(form, "reason"))
    step, seen = text_of(form, "step"), text_of(form, "seen")
    newest = int(seen) if seen.isdecimal() and len(seen) < 10 else 0
    return await run_in_threadpool(_step, request, asker, filled, step, newest)


def _step(request: Request, asker: Asking, filled: Filled, step: str, seen: int) -> Response:
    lane: Tradelane = request.app.state.lane
    if step == "change":
        return form_page(request, filled)
    if step.startswith(("suggest", "use:")) and filled.what == RecordKind.PROVISION:
        filled = replace(filled, cells=taken(filled.cells, step))
        return form_page(request, filled, suggested=suggest(lane.governance, filled.cells))
    corpus = lane.governance.corpus
    try:
        change = corpus_changes.read_change(corpus, filled.what, filled.about, filled.cells)
        corpus_changes.expect_own(corpus, change, principal_of(asker))
    except TradelaneError as error:
        return form_page(request, filled, error)
    if step != "propose":
        return _check(request, filled, change)
    try:
        made = corpus_changes.propose(lane, change, principal_of(asker), filled.reason, seen)
    except TradelaneError as error:
        return _check(request, filled, change, error)
    return pages.see_other(f"/hub/proposals/{made.id}", "hub-proposed")


def form_page(
    request: Request,
    filled: Filled,
    error: TradelaneError | None = None,
    suggested: Suggested | None = None,
) -> Response:
    """The form of a provision, a state or a case, with what was wrong at its field."""
    lane: Tradelane = request.app.state.lane
    corpus = lane.governance.corpus
    name = filled.cells.get("instrument", "").strip().upper()
    say = Speaker(words_of(request), corpus)
    return pages.render(
        request,
        "hub/case_form.html" if filled.what == RecordKind.CASE else "hub/proposal_form.html",
        200 if error is None else status_of(error),
        filled=filled,
        instrument=corpus.instruments.get(name),
        choices=_choices(say),
        domains=corpus.domains,
        actors=ACTORS,
        say=say,
        uses=corpus.facets["use"].values if "use" in corpus.facets else {},
        objectives=[
            one for one in corpus.objectives.values() if one.domain == filled.cells.get("domain")
        ],
        today=lane.clock.now().date().isoformat(),
        suggested=suggested,
        problems=[] if error is None else pages.problems_of(error),
    )


def _choices(say: Speaker) -> dict[str, list[tuple[str, str]]]:
    """The values of each field of which the corpus knows every value, in the reader's words."""
    found = {
        name: [
            (
                value,
                say.words.gettext(STAGE_WORDS[value])
                if name == "stage"
                else say.word(group, value),
            )
            for value in values
        ]
        for name, (group, values) in CHOICES.items()
    }
    return {**found, "domain": [(name, say.domain(name)) for name in say.corpus.domains]}


def _check(
    request: Request, filled: Filled, change: Change, error: TradelaneError | None = None
) -> Response:
    lane: Tradelane = request.app.state.lane
    corpus = lane.governance.corpus
    with lane.database.read() as tx:
        rivals = corpus_changes.rivals(lane, tx, change)
    return pages.render(
        request,
        "hub/proposal_check.html",
        200 if error is None else status_of(error),
        filled=filled,
        title=title(corpus, change),
        rows=corpus_changes.rows_of(corpus, change),
        new=not change.about,
        rivals=rivals_shown(corpus, change, rivals),
        seen=max((one.id for one in rivals), default=0),
        problems=[] if error is None else pages.problems_of(error),
    )


@router.get("/{proposal_id:int}")
def proposal(request: Request, asker: Reader, proposal_id: Id) -> Response:
    """What would change against what is published, beside what contradicts it."""
    return _page(request, asker, proposal_id)


@router.post("/{proposal_id:int}/agree", dependencies=FORM)
async def agree(request: Request, asker: Reviewer, proposal_id: Id) -> Response:
    """Publish it."""
    form = await request.form()
    digest, login = text_of(form, "digest"), principal_of(asker).login

    def work() -> Response:
        try:
            record = corpus_changes.agree(request.app.state.lane, proposal_id, login, digest)
        except TradelaneError as error:
            return _page(request, asker, proposal_id, error)
        return pages.see_other(f"/hub/published/{record.id}", "hub-published")

    return await run_in_threadpool(work)


@router.post("/{proposal_id:int}/decline", dependencies=FORM)
async def decline(request: Request, asker: Reviewer, proposal_id: Id) -> Response:
    """Say no, and why."""
    form = await request.form()
    remark, login = text_of(form, "remark"), principal_of(asker).login

    def work() -> Response:
        try:
            corpus_changes.decline(request.app.state.lane, proposal_id, login, remark)
        except TradelaneError as error:
            return _page(request, asker, proposal_id, error, remark)
        return pages.see_other("/hub/proposals", "hub-declined")

    return await run_in_threadpool(work)


@router.post("/{proposal_id:int}/withdraw", dependencies=FORM)
async def withdraw(request: Request, asker: Proposer, proposal_id: Id) -> Response:
    """Take one's own proposal back."""
    login = principal_of(asker).login

    def work() -> Response:
        try:
            corpus_changes.withdraw(request.app.state.lane, proposal_id, login)
        except TradelaneError as error:
            return _page(request, asker, proposal_id, error)
        return pages.see_other("/hub/proposals", "rules-withdrawn")

    return await run_in_threadpool(work)


def _page(
    request: Request,
    asker: Asking,
    proposal_id: int,
    error: TradelaneError | None = None,
    remark: str = "",
) -> Response:
    lane: Tradelane = request.app.state.lane
    principal = principal_of(asker)
    corpus = lane.governance.corpus
    with lane.database.read() as tx:
        found = corpus_changes.show(lane, tx, proposal_id)
    own = found.proposal.proposed_by == principal.login
    waits = found.proposal.is_open
    return pages.render(
        request,
        "hub/proposal.html",
        200 if error is None else status_of(error),
        proposal=found.proposal,
        change=found.change,
        instrument=corpus.instruments.get(found.change.instrument),
        title=title(corpus, found.change),
        sources=[
            corpus.sources[name]
            for name in found.change.values["source"].split()
            if name in corpus.sources
        ],
        rows=found.rows,
        outdated=found.outdated,
        rivals=rivals_shown(corpus, found.change, found.rivals),
        may_agree=waits and not own and principal.may(Scope.CORPUS_REVIEW),
        may_withdraw=waits and own,
        remark=remark,
        problems=[] if error is None else pages.problems_of(error),
    )


def title(corpus: Corpus, change: Change) -> str:
    """What a change is called, cut to a line."""
    found = corpus_changes.title_of(corpus, change)
    return found if len(found) <= 120 else f"{found[:117]}..."


def rivals_shown(corpus: Corpus, change: Change, rivals: list[Any]) -> list[dict[str, Any]]:
    """Each rival with a row for every field in which it or this change differs from what is
    published: field, now, here, there."""
    here = {name: (now, then) for name, now, then in corpus_changes.rows_of(corpus, change)}
    shown = []
    for one in rivals:
        rival = corpus_changes.change_of(one)
        there = {name: (now, then) for name, now, then in corpus_changes.rows_of(corpus, rival)}
        rows = []
        for name in dict.fromkeys([*here, *there]):
            now = (here.get(name) or there[name])[0]
            rows.append((name, now, here.get(name, (now, now))[1], there.get(name, (now, now))[1]))
        shown.append({"proposal": one, "rows": rows})
    return shown
