"""Writing one rule or one watchlist of a draft, in forms that need no script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.targeting.rules.fields import FIELDS, LIST_FIELDS
from tradelane.targeting.rules.model import OP_WORDS, Entry, RuleSet, Watchlist
from tradelane.targeting.rules.reading import read, read_rule
from tradelane.web import pages
from tradelane.web.access import Asking
from tradelane.web.problems import status_of
from tradelane.web.routes.rules_drafts import FORM, Writer, address, change, draft_of
from tradelane.web.rule_forms import MOST_ROWS, Row, Typed, data_of, placed, read_form, shown

router = APIRouter(include_in_schema=False)
MOST_SHOWN = 200
_ENTRY = ("value", "reason", "source", "added", "expires")


# ---------------------------------------------------------------- a rule


@router.get("/rules/drafts/{draft_id}/rule")
def edit_rule(request: Request, asker: Writer, draft_id: int) -> Response:
    """The form of a rule; without ``id`` of a new one."""
    wanted = request.query_params.get("id", "")
    found = draft_of(request, draft_id).rules.find_rule(wanted) if wanted else None
    if wanted and found is None:
        raise TradelaneError(Problem("rules.not_found", f"The draft has no rule {wanted[:40]!r}."))
    return _rule_page(request, draft_id, shown(found))


@router.post("/rules/drafts/{draft_id}/rule", dependencies=FORM)
async def save_rule(request: Request, asker: Writer, draft_id: int) -> Response:
    """Keep the rule, remove it, or give another row to write in."""
    form = await request.form()
    return await run_in_threadpool(_save_rule, request, asker, draft_id, form)


def _save_rule(request: Request, asker: Asking, draft_id: int, form: Mapping[str, Any]) -> Response:
    typed = read_form(form)
    if form.get("do") == "row":
        typed.rows.append(Row())
        return _rule_page(request, draft_id, typed)

    def make(rules: RuleSet) -> RuleSet:
        if form.get("do") == "remove":
            return replace(rules, rules=tuple(r for r in rules.rules if r.id != typed.was))
        made = read_rule(data_of(typed), rules.watchlists)
        if made.id != typed.was and rules.find_rule(made.id) is not None:
            raise InputRefused(
                Problem("rules.duplicate", f"Another rule has the id {made.id!r}.", "/id")
            )
        if rules.find_rule(typed.was) is None:
            return replace(rules, rules=(*rules.rules, made))
        kept = tuple(made if rule.id == typed.was else rule for rule in rules.rules)
        return replace(rules, rules=kept)

    try:
        change(request, asker, draft_id, form, make)
    except InputRefused as error:
        return _rule_page(request, draft_id, typed, placed(error, typed))
    except TradelaneError as error:
        return _rule_page(request, draft_id, typed, error)
    return pages.see_other(address(draft_id), "saved")


def _rule_page(
    request: Request, draft_id: int, typed: Typed, error: TradelaneError | None = None
) -> Response:
    draft = draft_of(request, draft_id)
    return pages.render(
        request,
        "rules/edit_rule.html",
        200 if error is None else status_of(error),
        draft=draft,
        typed=typed,
        fields=FIELDS.values(),
        ops=OP_WORDS.items(),
        lists=[one.id for one in draft.rules.watchlists],
        room=len(typed.rows) < MOST_ROWS,
        problems=[] if error is None else pages.problems_of(error),
    )


# ---------------------------------------------------------------- a watchlist


@router.get("/rules/drafts/{draft_id}/list")
def edit_list(request: Request, asker: Writer, draft_id: int) -> Response:
    """The form of a watchlist; without ``id`` of a new one."""
    wanted = request.query_params.get("id", "")
    return _list_page(request, draft_id, wanted, {})


@router.post("/rules/drafts/{draft_id}/list", dependencies=FORM)
async def save_list(request: Request, asker: Writer, draft_id: int) -> Response:
    """Begin a watchlist, add an entry, remove or end those that are ticked, or remove it all."""
    form = await request.form()
    ticked = [str(value) for value in form.getlist("ticked")]
    return await run_in_threadpool(_save_list, request, asker, draft_id, form, ticked)


def _save_list(
    request: Request, asker: Asking, draft_id: int, form: Mapping[str, Any], ticked: list[str]
) -> Response:
    typed = {key: str(value).replace("\0", "").strip()[:500] for key, value in form.items()}
    was, do = typed.get("was", ""), typed.get("do", "")
    today = request.app.state.lane.clock.now().date()

    def make(rules: RuleSet) -> RuleSet:
        found = rules.find_list(was)
        others = [one for one in rules.watchlists if one.id != was]
        if do == "remove":
            return replace(rules, watchlists=tuple(others))
        if found is None:
            made = _read({k: typed.get(k, "") for k in ("id", "title", "column")}, others)
            return replace(rules, watchlists=(*rules.watchlists, made))
        if do == "add":
            entry = {key: typed.get(key, "") for key in _ENTRY}
            data = {**found.to_dict(), "entries": [entry]}
            [added] = _read(data, others, "/entries/0").entries
            if any(one.value == added.value for one in found.entries):
                message = f"{added.value!r} is on the list already."
                raise InputRefused(Problem("rules.duplicate", message, "/value"))
            entries: tuple[Entry, ...] = (added, *found.entries)
        elif do == "end":
            entries = tuple(
                replace(one, expires=max(today, one.added or today)) if one.value in ticked else one
                for one in found.entries
            )
        else:
            entries = tuple(one for one in found.entries if one.value not in ticked)
        made = replace(found, entries=entries)
        lists = tuple(made if one.id == was else one for one in rules.watchlists)
        return replace(rules, watchlists=lists)

    try:
        change(request, asker, draft_id, form, make)
    except TradelaneError as error:
        return _list_page(request, draft_id, was, typed, _on_page(error))
    if do == "remove":
        return pages.see_other(address(draft_id), "saved")
    return pages.see_other(f"{address(draft_id)}/list?id={was or typed['id']}", "saved")


def _read(data: Mapping[str, Any], others: list[Watchlist], inner: str = "") -> Watchlist:
    """A watchlist from what was typed, pointers as the form's fields have them."""
    try:
        found = read({"watchlists": [data]}).watchlists[0]
    except InputRefused as error:
        start = f"/watchlists/0{inner}"
        problems = [replace(one, pointer=one.pointer.removeprefix(start)) for one in error.problems]
        raise InputRefused(problems) from None
    if any(one.id == found.id for one in others):
        message = f"Another watchlist has the id {found.id!r}."
        raise InputRefused(Problem("rules.duplicate", message, "/id"))
    return found


def _on_page(error: TradelaneError) -> TradelaneError:
    """The error without pointers to what the page does not show, such as a rule that still looks
    into the list that is to go."""
    return type(error)(
        replace(one, pointer="") if one.pointer.startswith(("/rules", "/watchlists")) else one
        for one in error.problems
    )


def _list_page(
    request: Request,
    draft_id: int,
    wanted: str,
    typed: Mapping[str, str],
    error: TradelaneError | None = None,
) -> Response:
    draft = draft_of(request, draft_id)
    found = draft.rules.find_list(wanted)
    if wanted and found is None:
        problem = Problem("rules.not_found", f"The draft has no watchlist {wanted[:40]!r}.")
        raise TradelaneError(problem)
    query = request.query_params.get("q", "").replace("\0", "").lower()[:100]
    entries = [] if found is None else found.entries
    matching = [one for one in entries if query in f"{one.value} {one.reason}".lower()]
    return pages.render(
        request,
        "rules/edit_list.html",
        200 if error is None else status_of(error),
        draft=draft,
        watchlist=found,
        entries=matching[:MOST_SHOWN],
        count=len(matching),
        wanted=query,
        typed={**dict.fromkeys(("id", "title", "column", *_ENTRY), ""), **typed},
        columns=list(LIST_FIELDS),
        today=request.app.state.lane.clock.now().date(),
        problems=[] if error is None else pages.problems_of(error),
    )
