"""What codes are learned from: sources with their licence, files of examples, and corrections that
an officer proposes and a second person agrees to."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Principal, Scope
from tradelane.approvals.model import Proposal
from tradelane.classification.store import SqlExampleStore
from tradelane.journeys import goods_examples
from tradelane.journeys.goods_examples import MOST_BYTES, MOST_ROWS
from tradelane.journeys.workbench import read_file
from tradelane.kit.errors import TradelaneError
from tradelane.kit.spreadsheet import safe_cell
from tradelane.trade.hscode import show_code
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, check_form, principal_of
from tradelane.web.case_fits import fit_of
from tradelane.web.classifier import classifier_of
from tradelane.web.problems import status_of
from tradelane.web.routes.classify import SOURCE_READERS
from tradelane.web.routes.queue import viewer_of

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False)
Reader = Annotated[Asking, Depends(Allow(*SOURCE_READERS))]
Teacher = Annotated[Asking, Depends(Allow(Scope.MODELS_PROPOSE))]
Proposer = Annotated[Asking, Depends(Allow(Scope.CASES_DECIDE))]
Agreer = Annotated[Asking, Depends(Allow(Scope.CASES_DECIDE, Scope.MODELS_PROPOSE))]
FORM = [Depends(check_form)]
STORE = SqlExampleStore()
SOURCES = "/classify/sources"
CORRECTIONS = "/classify/corrections"


# ---------------------------------------------------------------- sources


@router.get(SOURCES)
def show_sources(request: Request, asker: Reader) -> Response:
    """Where examples came from, how many there are, and which contradict each other."""
    return _sources(request, asker)


@router.post(SOURCES, dependencies=FORM)
async def teach(request: Request, asker: Teacher) -> Response:
    """Keep a file of examples, or say what is wrong in which line."""
    form = await request.form()
    sent = form.get("file")
    data = await sent.read(MOST_BYTES + 1) if isinstance(sent, UploadFile) else b""
    name = str(form.get("name", ""))[:200]
    licence = str(form.get("licence", ""))[:1000]
    await form.close()

    def work() -> Response:
        lane: Tradelane = request.app.state.lane
        try:
            rows = goods_examples.read_file(data)
            new = goods_examples.teach(
                lane, lane.classification.library, rows, name, licence, principal_of(asker).login
            )
        except TradelaneError as error:
            typed = {"name": name, "licence": licence}
            return _sources(request, asker, error, typed)
        classifier_of(request).forget()
        return _sources(request, asker, kept=(len(rows), sum(new.values())))

    return await run_in_threadpool(work)


@router.get(SOURCES + "/examples.csv")
def download(request: Request, asker: Reader, source: str = "") -> Response:
    """The examples of a source, or of all, as a file that can be corrected and sent again."""
    lane: Tradelane = request.app.state.lane
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["id", "text", "code", "date", "status", "source"])
    with lane.database.read() as tx:
        for one in STORE.all_examples(tx):
            if source in ("", one.source):
                day, status = (
                    (one.revoked_on, "revoked") if one.revoked_on else (one.valid_from, "valid")
                )
                writer.writerow(
                    [one.id, safe_cell(one.text), one.code, day, status, safe_cell(one.source)]
                )
    headers = {"content-disposition": 'attachment; filename="examples.csv"'}
    return Response(
        out.getvalue().encode("utf-8-sig"), headers=headers, media_type="text/csv; charset=utf-8"
    )


def _sources(
    request: Request,
    asker: Asking,
    error: TradelaneError | None = None,
    typed: dict[str, str] | None = None,
    kept: tuple[int, int] | None = None,
) -> Response:
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        sources = STORE.sources(tx)
        revision = STORE.revision(tx)
        found = classifier_of(request).kept(
            ("conflicts", revision),
            lambda: goods_examples.conflicts(STORE.all_examples(tx)),
        )
    return pages.render(
        request,
        "officer/code_sources.html",
        200 if error is None else status_of(error),
        sources=sources,
        conflicts=found,
        kept=kept,
        may_teach=principal_of(asker).may(Scope.MODELS_PROPOSE),
        typed=typed or {"name": "", "licence": ""},
        most=MOST_ROWS,
        megabytes=MOST_BYTES >> 20,
        problems=[] if error is None else pages.problems_of(error),
    )


# ---------------------------------------------------------------- corrections


@router.get(CORRECTIONS)
def show_corrections(request: Request, asker: Agreer) -> Response:
    """What waits for a second person, and what was decided."""
    return _corrections(request, asker)


@router.get(CORRECTIONS + "/new")
def show_new(request: Request, asker: Proposer, case: int, line: int) -> Response:
    """The form of a correction of one line of a case."""
    return _new(request, asker, case, line)


@router.post(CORRECTIONS + "/new", dependencies=FORM)
async def propose(request: Request, asker: Proposer) -> Response:
    """Propose that a description belongs to a code."""
    form = await request.form()
    given = {name: str(form.get(name, ""))[:4000] for name in ("text", "code", "reason")}
    case, line = _whole(form.get("case")), _whole(form.get("line"))

    def work() -> Response:
        lane: Tradelane = request.app.state.lane
        principal = principal_of(asker)
        file = read_file(lane, case, viewer_of(principal))
        declared = {one.goods.number: one.goods.hs_code for one in file.record.lines}
        seen = {
            "declared": declared.get(line, "")[:10],
            "where": f"{file.case.declarant}/{file.case.reference}/{line}",
            "case": file.case.id,
            "office": file.case.office,
        }
        try:
            goods_examples.propose(
                lane,
                given["text"],
                given["code"],
                seen,
                principal.login,
                given["reason"],
            )
        except TradelaneError as error:
            return _new(request, asker, case, line, error, given)
        return pages.see_other(CORRECTIONS, "proposed")

    return await run_in_threadpool(work)


@router.post(CORRECTIONS + "/{proposal_id:int}/{step}", dependencies=FORM)
async def decide(
    request: Request,
    asker: Agreer,
    proposal_id: int,
    step: Literal["agree", "decline", "withdraw"],
) -> Response:
    """Agree to a correction, decline it, or take one's own back."""
    form = await request.form()
    digest, remark = (str(form.get(name, ""))[:2000] for name in ("digest", "remark"))
    login = principal_of(asker).login

    def work() -> Response:
        lane: Tradelane = request.app.state.lane
        try:
            if step == "agree":
                goods_examples.agree(lane, STORE, proposal_id, login, digest)
                classifier_of(request).forget()
            elif step == "decline":
                goods_examples.decline(lane, proposal_id, login, remark)
            else:
                goods_examples.withdraw(lane, proposal_id, login)
        except TradelaneError as error:
            return _corrections(request, asker, error)
        return pages.see_other(CORRECTIONS, "saved")

    return await run_in_threadpool(work)


def _new(
    request: Request,
    asker: Asking,
    case: int,
    line: int,
    error: TradelaneError | None = None,
    given: dict[str, str] | None = None,
) -> Response:
    lane: Tradelane = request.app.state.lane
    file = read_file(lane, case, viewer_of(principal_of(asker)))
    goods = {one.goods.number: one.goods for one in file.record.lines}
    one = goods.get(line) or next(iter(goods.values()))
    typed = given or {"text": one.description, "code": "", "reason": ""}
    classifier = classifier_of(request)
    better = None
    if classifier.is_ready and one.description:
        better = fit_of(classifier, one.description, one.hs_code)
    if given is None and better is not None and better.better is not None:
        typed["code"] = show_code(better.better.code) if len(better.better.code) == 6 else ""
    return pages.render(
        request,
        "officer/code_correction.html",
        200 if error is None else status_of(error),
        case=file.case,
        line=one.number,
        declared=show_code(one.hs_code),
        fit=better,
        typed=typed,
        problems=[] if error is None else pages.problems_of(error),
    )


def _corrections(request: Request, asker: Asking, error: TradelaneError | None = None) -> Response:
    lane: Tradelane = request.app.state.lane
    principal = principal_of(asker)
    with lane.database.read() as tx:
        waiting = lane.approvals.open_proposals(tx, goods_examples.KIND)
        latest = lane.approvals.latest(tx, goods_examples.KIND, most=50)
    wording: dict[str, Any] = {}
    for one in (*waiting, *latest):
        found = lane.nomenclature.find(one.content["code"])
        wording[one.content["code"]] = "" if found is None else found.wording
    return pages.render(
        request,
        "officer/code_corrections.html",
        200 if error is None else status_of(error),
        waiting=waiting,
        decided=[one for one in latest if not one.is_open],
        login=principal.login,
        wording=wording,
        may_open={one.id for one in waiting if _may_open(principal, one)},
        problems=[] if error is None else pages.problems_of(error),
    )


def _may_open(principal: Principal, proposal: Proposal) -> bool:
    """Whether somebody may see the case that a correction comes from: those of their office."""
    offices = ("", proposal.content.get("office") or None)
    return principal.may(Scope.CASES_READ) and principal.office in offices


def _whole(value: Any) -> int:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
