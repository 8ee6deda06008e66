"""Writing rules: a draft, its rules and watchlists, its YAML, its test, and proposing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Scope
from tradelane.journeys import rulebook
from tradelane.kit.errors import InputRefused, TradelaneError
from tradelane.targeting.rules.changes import changes, describe
from tradelane.targeting.rules.document import MOST_BYTES, dump, parse_bytes
from tradelane.targeting.rules.doubts import doubts
from tradelane.targeting.rules.drafts import Draft
from tradelane.targeting.rules.model import RuleSet
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, check_form, principal_of
from tradelane.web.charts import Chart, interval
from tradelane.web.problems import status_of
from tradelane.web.routes.rules import MOST_CHARTED, list_page, yaml_file
from tradelane.web.translation import translator

if TYPE_CHECKING:
    from tradelane.platform import Tradelane
    from tradelane.targeting.rules.testing import Tested

router = APIRouter(include_in_schema=False)
Writer = Annotated[Asking, Depends(Allow(Scope.RULES_PROPOSE))]
FORM = [Depends(check_form)]
MOST_YAML_SHOWN = 12_000
"""A longer text is edited as a file, not on the page."""
MOST_TOLD = 20
"""So many rules of a test are told on the page; the download has all."""


def draft_of(request: Request, draft_id: int) -> Draft:
    """The draft; raises ``rules.not_found``."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        return lane.rulebook.get(tx, draft_id)


def revision_of(form: Mapping[str, Any]) -> int:
    """The revision that the form was made from; 0, which is none, where it says nothing."""
    text = str(form.get("revision", ""))
    return int(text[:9]) if text.isascii() and text.isdecimal() else 0


def address(draft_id: int) -> str:
    """Where a draft is."""
    return f"/rules/drafts/{draft_id}"


@router.post("/rules/drafts", dependencies=FORM)
async def begin(request: Request, asker: Writer) -> Response:
    """Begin a draft of the rules in force, or of a version that was."""
    form = await request.form()
    name, chosen = str(form.get("name", "")).replace("\0", ""), str(form.get("version", ""))

    def work() -> Response:
        lane: Tradelane = request.app.state.lane
        try:
            before = None
            if chosen.isascii() and chosen.isdecimal():
                with lane.database.read() as tx:
                    before = lane.rulebook.version(tx, int(chosen[:9])).rules
            draft = rulebook.begin(lane, name, principal_of(asker).login, before)
        except TradelaneError as error:
            return list_page(request, asker, error)
        return pages.see_other(address(draft.id))

    return await run_in_threadpool(work)


@router.get("/rules/drafts/{draft_id}")
def draft(request: Request, asker: Writer, draft_id: int) -> Response:
    """A draft: its rules, what they change, and what can be done with them."""
    return _page(request, draft_id)


def _page(
    request: Request,
    draft_id: int,
    error: TradelaneError | None = None,
    *,
    text: str | None = None,
    reason: str = "",
) -> Response:
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = lane.rulebook.get(tx, draft_id)
        now = rulebook.in_force(lane, tx)
    yaml = text
    if text is None and len(found.content) <= MOST_YAML_SHOWN:
        yaml = dump(found.rules.to_dict())
    return pages.render(
        request,
        "rules/draft.html",
        200 if error is None else status_of(error),
        draft=found,
        rules=[(rule, describe(rule.when)) for rule in found.rules.rules],
        changes=changes(now.rules, found.rules),
        doubts=doubts(found.rules, lane.clock.now().date()),
        outdated=found.based_on != now.digest,
        yaml=yaml,
        reason=reason,
        problems=[] if error is None else pages.problems_of(error),
    )


@router.get("/rules/drafts/{draft_id}/rules.yaml")
def draft_yaml(request: Request, asker: Writer, draft_id: int) -> Response:
    """The draft as a file."""
    return yaml_file(f"draft_{draft_id}.yaml", draft_of(request, draft_id).rules.to_dict())


@router.post("/rules/drafts/{draft_id}/yaml", dependencies=FORM)
async def replace_yaml(request: Request, asker: Writer, draft_id: int) -> Response:
    """Replace the whole draft by a text or a file; a bad one is told with its lines."""
    form = await request.form()
    upload, text = form.get("file"), form.get("yaml")
    data = str(text or "").replace("\r\n", "\n").encode("utf-8", "replace")
    kept: str | None = str(text) if isinstance(text, str) else None
    try:
        if isinstance(upload, UploadFile) and upload.filename:
            data, kept = await upload.read(MOST_BYTES + 1), None
    finally:
        await form.close()
    revision, login = revision_of(form), principal_of(asker).login

    def work() -> Response:
        try:
            rules = parse_bytes(data, "The text")
            rulebook.save(request.app.state.lane, draft_id, revision, rules, login)
        except TradelaneError as error:
            # Pointers of a text lead to no field of the page; its lines do.
            told = type(error)(replace(one, pointer="/yaml") for one in error.problems)
            return _page(request, draft_id, told, text=kept)
        return pages.see_other(address(draft_id), "saved")

    return await run_in_threadpool(work)


def change(
    request: Request,
    asker: Asking,
    draft_id: int,
    form: Mapping[str, Any],
    make: Callable[[RuleSet], RuleSet],
) -> Draft:
    """The draft's next revision, of which the whole is read again: what one change breaks
    elsewhere is refused. Errors: those of ``make``, `reading.read` and `RuleBook.save`."""
    found = draft_of(request, draft_id)
    rules = RuleSet.from_dict(make(found.rules).to_dict())
    lane: Tradelane = request.app.state.lane
    return rulebook.save(lane, draft_id, revision_of(form), rules, principal_of(asker).login)


@router.post("/rules/drafts/{draft_id}/discard", dependencies=FORM)
def discard(request: Request, asker: Writer, draft_id: int) -> Response:
    """Throw the draft away."""
    rulebook.discard(request.app.state.lane, draft_id)
    return pages.see_other("/rules", "discarded")


@router.post("/rules/drafts/{draft_id}/propose", dependencies=FORM)
async def propose(request: Request, asker: Writer, draft_id: int) -> Response:
    """Propose the draft as it is; it is tested first."""
    form = await request.form()
    reason = str(form.get("reason", "")).replace("\0", "")[:2000]
    revision, login = revision_of(form), principal_of(asker).login

    def work() -> Response:
        try:
            made = rulebook.propose(request.app.state.lane, draft_id, revision, reason, login)
        except TradelaneError as error:
            return _page(request, draft_id, error, reason=reason)
        return pages.see_other(f"/rules/proposals/{made.id}", "proposed")

    return await run_in_threadpool(work)


# ---------------------------------------------------------------- testing


@router.get("/rules/drafts/{draft_id}/test")
def test_draft(request: Request, asker: Writer, draft_id: int) -> Response:
    """What the draft would have done to every line that is known here."""
    found = draft_of(request, draft_id)
    try:
        tested = rulebook.test(request.app.state.lane, found.rules)
    except InputRefused as error:
        return _page(request, draft_id, error)
    return pages.render(
        request,
        "rules/test.html",
        draft=found,
        tested=tested,
        told=tested.rules[:MOST_TOLD],
        chart=_chart(request, asker, tested),
    )


@router.get("/rules/drafts/{draft_id}/test.json")
def test_json(request: Request, asker: Writer, draft_id: int) -> Response:
    """The test with every figure."""
    tested = rulebook.test(request.app.state.lane, draft_of(request, draft_id).rules)
    headers = {"content-disposition": f'attachment; filename="test_{draft_id}.json"'}
    data = orjson.dumps(tested.to_dict(), option=orjson.OPT_INDENT_2)
    return Response(data, media_type="application/json", headers=headers)


def _chart(request: Request, asker: Asking, tested: Tested) -> Chart | None:
    words = translator(pages.locale_of(request, asker.principal))
    _ = words.gettext
    groups = [(_("all inspected"), tested.outcomes)]
    groups += [(one.id, one.outcomes) for one in tested.rules[:MOST_CHARTED]]
    rows = [
        (name, 100 * found.low, 100 * found.rate, 100 * found.high)
        for name, found in groups
        if found.rate is not None and found.low is not None and found.high is not None
    ]
    title = _("Inspected lines that were wrong, with 95% intervals")
    return interval(rows, "%", title=title, words=words) if rows else None
