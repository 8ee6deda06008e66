"""Agreeing to rules, or declining them: what changes, what the test said, who wants it and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Scope
from tradelane.approvals.model import Proposal
from tradelane.journeys import rulebook
from tradelane.kit.errors import TradelaneError
from tradelane.targeting.rules.changes import changes
from tradelane.targeting.rules.doubts import doubts
from tradelane.targeting.rules.model import RuleSet
from tradelane.targeting.rules.testing import count_outcomes
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, check_form, principal_of
from tradelane.web.problems import status_of
from tradelane.web.routes.rules import Reader, yaml_file

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False)
Proposer = Annotated[Asking, Depends(Allow(Scope.RULES_PROPOSE))]
Agreer = Annotated[Asking, Depends(Allow(Scope.RULES_AGREE))]
FORM = [Depends(check_form)]


@router.get("/rules/proposals/{proposal_id}")
def proposal(request: Request, asker: Reader, proposal_id: int) -> Response:
    """What would change, and what became of it."""
    return _page(request, asker, proposal_id)


@router.get("/rules/proposals/{proposal_id}/rules.yaml")
def proposed_yaml(request: Request, asker: Reader, proposal_id: int) -> Response:
    """The proposed rules as a file."""
    return yaml_file(f"proposal_{proposal_id}.yaml", _find(request, proposal_id).content["rules"])


@router.post("/rules/proposals/{proposal_id}/agree", dependencies=FORM)
async def agree(request: Request, asker: Agreer, proposal_id: int) -> Response:
    """Put the proposed rules in force."""
    digest, login = await _text(request, "digest"), principal_of(asker).login

    def work() -> Response:
        lane: Tradelane = request.app.state.lane
        try:
            rulebook.agree(lane, proposal_id, login, digest)
        except TradelaneError as error:
            return _page(request, asker, proposal_id, error)
        return pages.see_other("/rules", "rules-agreed")

    return await run_in_threadpool(work)


@router.post("/rules/proposals/{proposal_id}/decline", dependencies=FORM)
async def decline(request: Request, asker: Agreer, proposal_id: int) -> Response:
    """Say no, and why."""
    remark, login = await _text(request, "remark"), principal_of(asker).login

    def work() -> Response:
        try:
            rulebook.decline(request.app.state.lane, proposal_id, login, remark)
        except TradelaneError as error:
            return _page(request, asker, proposal_id, error, remark)
        return pages.see_other("/rules", "rules-declined")

    return await run_in_threadpool(work)


@router.post("/rules/proposals/{proposal_id}/withdraw", dependencies=FORM)
async def withdraw(request: Request, asker: Proposer, proposal_id: int) -> Response:
    """Take one's own proposal back."""
    login = principal_of(asker).login

    def work() -> Response:
        try:
            rulebook.withdraw(request.app.state.lane, proposal_id, login)
        except TradelaneError as error:
            return _page(request, asker, proposal_id, error)
        return pages.see_other("/rules", "rules-withdrawn")

    return await run_in_threadpool(work)


async def _text(request: Request, name: str) -> str:
    form = await request.form()
    return str(form.get(name, "")).replace("\0", "")[:2000]


def _find(request: Request, proposal_id: int) -> Proposal:
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        return rulebook.get_proposal(lane, tx, proposal_id)


def _page(
    request: Request,
    asker: Asking,
    proposal_id: int,
    error: TradelaneError | None = None,
    remark: str = "",
) -> Response:
    lane: Tradelane = request.app.state.lane
    principal = principal_of(asker)
    with lane.database.read() as tx:
        found = rulebook.get_proposal(lane, tx, proposal_id)
        now = rulebook.in_force(lane, tx)
    proposed = RuleSet.from_dict(found.content["rules"])
    own = found.proposed_by == principal.login
    return pages.render(
        request,
        "rules/proposal.html",
        200 if error is None else status_of(error),
        proposal=found,
        changes=changes(now.rules, proposed) if found.is_open else [],
        doubts=doubts(proposed, lane.clock.now().date()),
        tested=_tested(found.content["tested"]),
        outdated=found.is_open and found.content["based_on"] != now.digest,
        own=own,
        may_agree=found.is_open and not own and principal.may(Scope.RULES_AGREE),
        may_withdraw=found.is_open and own,
        remark=remark,
        problems=[] if error is None else pages.problems_of(error),
    )


def _tested(summary: dict[str, Any]) -> dict[str, Any]:
    """The kept test with the rates of its counts."""
    rules = [
        {
            **one,
            "outcomes": count_outcomes(
                one["lines"], one["known"], one["wrong"], float(one["revenue"])
            ),
        }
        for one in summary["rules"]
    ]
    everything = count_outcomes(summary["lines"], summary["known"], summary["wrong"], 0.0)
    return {**summary, "rules": rules, "outcomes": everything}
