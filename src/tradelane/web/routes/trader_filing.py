"""File by form: facts, goods, check with the duty before anything is committed, file.

Every step keeps what was typed in a draft before it says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tradelane.accounts.model import Principal, Scope
from tradelane.journeys.filings import Cleared, Filed
from tradelane.journeys.preparing import (
    FACTS,
    GOODS,
    MOST_LINES,
    habits,
    new_sheet,
    reason_problem,
    taken_problem,
)
from tradelane.kit.errors import Problem, TradelaneError
from tradelane.trade.declaration import Declaration
from tradelane.trade.hscode import parse_code
from tradelane.trade.identifiers import TRANSPORT_MODES, UNITS
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, check_form, principal_of
from tradelane.web.addresses import declaration_page
from tradelane.web.economies import economies
from tradelane.web.problems import status_of
from tradelane.web.routes.filing import clear_one
from tradelane.web.sheets import (
    NEW,
    Opened,
    begin,
    keep,
    open_draft,
    put_facts,
    put_lines,
    read_checked,
)

router = APIRouter(include_in_schema=False)
Asker = Annotated[Asking, Depends(Allow(Scope.DECLARATIONS_WRITE))]
FORM = [Depends(check_form)]

LINES_A_PAGE = 8
"""Goods lines that are shown at once: a page must stay light for a phone on a slow line."""


@router.get(NEW)
def choose_way(request: Request, asker: Asker) -> Response:
    """How to file: by form, by file, or by copying."""
    principal = principal_of(asker)
    lane = request.app.state.lane
    with lane.database.read() as tx:
        drafts = lane.drafts.open_of(tx, principal.organisation_id)
    return pages.render(request, "trader/new.html", drafts=drafts, declarants=principal.declarants)


@router.post(NEW, dependencies=FORM)
def begin_form(request: Request, asker: Asker) -> Response:
    """A new draft with what is almost always right."""
    principal = principal_of(asker)
    lane = request.app.state.lane
    with lane.database.read() as tx:
        known = habits(lane, tx, principal.declarants)
    sheet = new_sheet(principal.declarants, known, lane.clock.now().date())
    return pages.see_other(f"{NEW}/{begin(request, principal, sheet)}/facts")


# ---------------------------------------------------------------- the declaration as a whole


@router.get(NEW + "/{draft_id}/facts")
def show_facts(request: Request, asker: Asker, draft_id: int) -> Response:
    """Who declares what to which office."""
    principal = principal_of(asker)
    opened = open_draft(request, principal, draft_id)
    return _filed(opened) or _facts_page(request, principal, opened)


@router.post(NEW + "/{draft_id}/facts", dependencies=FORM)
async def save_facts(request: Request, asker: Asker, draft_id: int) -> Response:
    """Keep them, then say what is wrong or go on."""
    form = await request.form()
    return await run_in_threadpool(_save_facts, request, principal_of(asker), draft_id, form)


def _save_facts(
    request: Request, principal: Principal, draft_id: int, form: Mapping[str, Any]
) -> Response:
    opened = open_draft(request, principal, draft_id)
    if opened.draft.filed_as:
        return pages.see_other(opened.draft.filed_as)
    put_facts(opened.sheet, form)
    try:
        keep(request, opened, form)
    except TradelaneError as error:
        latest = open_draft(request, principal, draft_id)
        opened.draft = latest.draft
        return _facts_page(request, principal, opened, error.problems, status_of(error))
    if form.get("later"):
        return pages.see_other("/declarations", "draft-kept")
    problems = _facts_problems(request, principal, opened)
    if problems:
        return _facts_page(request, principal, opened, problems, 422)
    return pages.see_other(f"{opened.path}/goods")


def _facts_problems(request: Request, principal: Principal, opened: Opened) -> list[Problem]:
    """What is wrong with the whole, in the order of the form."""
    found = list(read_checked(request, opened).of_facts())
    declarant = opened.sheet.key[0]
    if declarant and not principal.owns(declarant):
        found.append(
            Problem(
                "web.not_your_declarant",
                f"The declarant {declarant[:100]!r} is not one of your organisation's.",
                pointer="/declarant",
                hint="Your organisation's identifiers stand on the page 'Account'.",
            )
        )
    if not any(problem.pointer == "/declarant" for problem in found):
        lane = request.app.state.lane
        with lane.database.read() as tx:
            taken = taken_problem(lane, tx, opened.sheet)
        found += [] if taken is None else [taken]
    if opened.sheet.amends:
        missing = reason_problem(opened.sheet.reason)
        found += [] if missing is None else [missing]
    order = {f"/{name}": place for place, name in enumerate(FACTS)}
    return sorted(found, key=lambda problem: order.get(problem.pointer, len(order)))


def _facts_page(
    request: Request,
    principal: Principal,
    opened: Opened,
    problems: Sequence[Problem] = (),
    status: int = 200,
) -> Response:
    lane = request.app.state.lane
    with lane.database.read() as tx:
        known = habits(lane, tx, principal.declarants)
    return pages.render(
        request,
        "trader/facts.html",
        status,
        opened=opened,
        sheet=opened.sheet,
        facts={name: opened.sheet.facts.get(name, "") for name in FACTS},
        declarants=sorted(principal.declarants),
        known=known,
        economies=economies(pages.locale_of(request, principal)),
        modes=TRANSPORT_MODES,
        suggested=f"{lane.clock.now():%Y%m%d}-{opened.draft.id}",
        problems=[problem.to_dict() for problem in problems],
    )


# ---------------------------------------------------------------- the goods


@router.get(NEW + "/{draft_id}/goods")
def show_goods(request: Request, asker: Asker, draft_id: int, first: int = 0) -> Response:
    """The goods lines, some at a time."""
    principal = principal_of(asker)
    opened = open_draft(request, principal, draft_id)
    return _filed(opened) or _goods_page(request, principal, opened, first)


@router.post(NEW + "/{draft_id}/goods", dependencies=FORM)
async def save_goods(request: Request, asker: Asker, draft_id: int) -> Response:
    """Keep the lines, then add or remove one, look up a code, turn the page, or go on."""
    form = await request.form()
    return await run_in_threadpool(_save_goods, request, principal_of(asker), draft_id, form)


def _save_goods(
    request: Request, principal: Principal, draft_id: int, form: Mapping[str, Any]
) -> Response:
    opened = open_draft(request, principal, draft_id)
    if opened.draft.filed_as:
        return pages.see_other(opened.draft.filed_as)
    sheet = opened.sheet
    first = _whole(form.get("first"))
    put_lines(sheet, form, first)
    goal = _change_lines(opened, form)
    try:
        keep(request, opened, form)
    except TradelaneError as error:
        opened.draft = open_draft(request, principal, draft_id).draft
        problems = error.problems
        return _goods_page(request, principal, opened, first, problems, status_of(error))
    if goal:
        return goal
    if form.get("later"):
        return pages.see_other("/declarations", "draft-kept")
    found = read_checked(request, opened).of_lines()
    if found:
        return _goods_page(request, principal, opened, _first_wrong(found), found, 422)
    return pages.see_other(f"{opened.path}/check")


def _change_lines(opened: Opened, form: Mapping[str, Any]) -> Response | None:
    """What a button beside 'continue' asks for, done to the sheet; where it leads."""
    lines, path = opened.sheet.lines, f"{opened.path}/goods"
    if "remove_line" in form:
        number = _whole(form["remove_line"])
        del lines[number : number + 1]
        return pages.see_other(f"{path}?first={_page_of(max(number - 1, 0))}#goods")
    if "add_line" in form:
        if len(lines) < MOST_LINES:
            before = lines[-1] if lines else {}
            lines.append({"origin": before.get("origin", "")})
        last = len(lines) - 1
        return pages.see_other(f"{path}?first={_page_of(last)}#lines-{last}-description")
    if "find" in form:
        number = _whole(form["find"])
        return pages.see_other(f"/classify?draft={opened.draft.id}&line={number}")
    if "go" in form:
        return pages.see_other(f"{path}?first={_whole(form['go'])}#goods")
    opened.sheet.lines = opened.sheet.goods or [{}]  # empty lines say nothing
    return None


def _goods_page(
    request: Request,
    principal: Principal,
    opened: Opened,
    first: int,
    problems: Sequence[Problem] = (),
    status: int = 200,
) -> Response:
    lines = opened.sheet.lines or [{}]
    first = _page_of(min(max(first, 0), len(lines) - 1))
    return pages.render(
        request,
        "trader/goods.html",
        status,
        opened=opened,
        first=first,
        lines=[
            (number, {name: line.get(name, "") for name in (*GOODS, "number")})
            for number, line in list(enumerate(lines))[first : first + LINES_A_PAGE]
        ],
        count=len(lines),
        step=LINES_A_PAGE,
        most=MOST_LINES,
        currency=opened.sheet.facts.get("currency", ""),
        economies=economies(pages.locale_of(request, principal)),
        units=UNITS,
        problems=[problem.to_dict() for problem in problems],
    )


@router.post(NEW + "/{draft_id}/code", dependencies=FORM)
async def choose_code(request: Request, asker: Asker, draft_id: int) -> Response:
    """Put a code that was looked up into its line."""
    form = await request.form()
    principal = principal_of(asker)

    def work() -> Response:
        opened = open_draft(request, principal, draft_id)
        number = _whole(form.get("line"))
        code = parse_code(str(form.get("code", "")))
        if code and number < len(opened.sheet.lines):
            opened.sheet.lines[number]["hs_code"] = code
            keep(request, opened, {})
        return pages.see_other(
            f"{opened.path}/goods?first={_page_of(number)}#lines-{number}-hs_code"
        )

    return await run_in_threadpool(work)


# ---------------------------------------------------------------- check and file


@router.get(NEW + "/{draft_id}/check")
def show_check(request: Request, asker: Asker, draft_id: int) -> Response:
    """Every answer, the duty and how it came about, before anything is committed."""
    principal = principal_of(asker)
    opened = open_draft(request, principal, draft_id)
    return _filed(opened) or _check_page(request, principal, opened)


@router.post(NEW + "/{draft_id}/file", dependencies=FORM)
async def file_draft(request: Request, asker: Asker, draft_id: int) -> Response:
    """File it; the second time it leads to what was filed the first time."""
    principal = principal_of(asker)
    opened = await run_in_threadpool(open_draft, request, principal, draft_id)
    if opened.draft.filed_as:
        return pages.see_other(opened.draft.filed_as)
    problems = await run_in_threadpool(_all_problems, request, principal, opened)
    declaration = None if problems else read_checked(request, opened).declaration
    if declaration is None:
        return await run_in_threadpool(_check_page, request, principal, opened)
    target = declaration_page(*declaration.key)
    lane = request.app.state.lane

    def kept(tx: Any, _: Cleared) -> None:
        lane.drafts.finish(tx, draft_id, target)

    cleared = await clear_one(request, Filed(declaration, opened.sheet.reason.strip(), kept))
    if cleared.problem is None:
        return pages.see_other(target, "amended" if opened.sheet.amends else "filed")
    again = await run_in_threadpool(open_draft, request, principal, draft_id)
    if again.draft.filed_as:
        return pages.see_other(again.draft.filed_as)
    return await run_in_threadpool(_check_page, request, principal, opened, (cleared.problem,), 409)


@router.post(NEW + "/{draft_id}/discard", dependencies=FORM)
def discard_draft(request: Request, asker: Asker, draft_id: int) -> Response:
    """Throw a draft away."""
    principal = principal_of(asker)
    lane = request.app.state.lane

    def write(tx: Any) -> None:
        lane.drafts.discard(tx, lane.drafts.get(tx, draft_id, principal.organisation_id))

    lane.database.write(write)
    return pages.see_other("/declarations", "discarded")


def _all_problems(request: Request, principal: Principal, opened: Opened) -> list[Problem]:
    found = _facts_problems(request, principal, opened)
    found += read_checked(request, opened).of_lines()
    changed = _changed_meanwhile(request, opened)
    return found + ([] if changed is None else [changed])


def _changed_meanwhile(request: Request, opened: Opened) -> Problem | None:
    """The problem that what is amended is another version by now, if it is."""
    if not opened.sheet.amends:
        return None
    lane = request.app.state.lane
    with lane.database.read() as tx:
        known = lane.declarations.known(tx, [opened.sheet.key]).get(opened.sheet.key)
    if known is not None and known.version == opened.sheet.amends:
        return None
    return Problem(
        "declarations.conflict",
        "The declaration was changed by somebody else since you began this amendment.",
        hint="Discard this draft and amend the declaration as it is now.",
    )


def _check_page(
    request: Request,
    principal: Principal,
    opened: Opened,
    problems: Sequence[Problem] = (),
    status: int = 200,
) -> Response:
    facts = _facts_problems(request, principal, opened)
    if facts:
        return _facts_page(request, principal, opened, facts, 422)
    checked = read_checked(request, opened)
    if checked.declaration is None:
        wrong = checked.of_lines()
        return _goods_page(request, principal, opened, _first_wrong(wrong), wrong, 422)
    changed = _changed_meanwhile(request, opened)
    if changed is not None:
        problems, status = (*problems, changed), 409
    assessments, closed = _assess(request, checked.declaration)
    names = dict(economies(pages.locale_of(request, principal)))
    return pages.render(
        request,
        "trader/check.html",
        status,
        opened=opened,
        declaration=checked.declaration,
        notes=checked.notes,
        assessed=assessments,
        total=sum((a.total for a in assessments[1:]), assessments[0].total) if assessments else 0,
        closed=closed,
        names=names,
        modes=TRANSPORT_MODES,
        step=LINES_A_PAGE,
        problems=[problem.to_dict() for problem in problems],
    )


def _assess(request: Request, declaration: Declaration) -> tuple[Sequence[Any], Problem | None]:
    """What is due on each line; nothing, and why, while no declarations are taken."""
    try:
        return request.app.state.desk.intake.duties.assess(declaration), None
    except TradelaneError as error:
        return (), error.problems[0]


def _filed(opened: Opened) -> Response | None:
    return pages.see_other(opened.draft.filed_as) if opened.draft.filed_as else None


def _first_wrong(problems: Sequence[Problem]) -> int:
    parts = problems[0].pointer.split("/") if problems else []
    return int(parts[2]) if len(parts) > 2 and parts[2].isdecimal() else 0


def _page_of(line: int) -> int:
    return line // LINES_A_PAGE * LINES_A_PAGE


def _whole(value: Any) -> int:
    """A number that a form carries for us; 0 where it was tampered with."""
    text = str(value or "")
    return int(text[:6]) if text.isascii() and text.isdecimal() else 0
