"""A declaration's draft between the form and the database: what was typed is never lost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request

from tradelane.accounts.model import Principal
from tradelane.drafts.model import Draft, DraftKind
from tradelane.journeys.preparing import FACTS, GOODS, Checked, Sheet, Text, check
from tradelane.kit.errors import Problem, TradelaneError
from tradelane.trade.declaration import Declaration
from tradelane.web.addresses import declaration_page

NEW = "/declarations/new"
_LINE = re.compile(r"lines-(\d{1,5})-([a-z_]{1,40})", re.ASCII)
_LONGEST = 5_000
"""Characters of one field that are kept; the reader refuses far shorter ones with a reason."""


@dataclass
class Opened:
    """A draft that somebody works on, with its sheet and the version that it amends."""

    draft: Draft
    sheet: Sheet
    before: Declaration | None = None

    @property
    def path(self) -> str:
        """Where its pages are."""
        return f"{NEW}/{self.draft.id}"


def open_draft(request: Request, principal: Principal, draft_id: int) -> Opened:
    """The asker's draft. Errors: ``drafts.not_found``; a filed one has an empty sheet."""
    lane = request.app.state.lane
    with lane.database.read() as tx:
        draft = lane.drafts.get(tx, draft_id, principal.organisation_id)
        if draft.kind is DraftKind.UPLOAD:
            raise TradelaneError(Problem("drafts.not_found", f"There is no draft {draft_id}."))
        if draft.filed_as:
            return Opened(draft, Sheet())
        sheet = Sheet.decode(draft.content)
        if not sheet.amends:
            return Opened(draft, sheet)
        kept = lane.declarations.find(tx, *sheet.key)
    return Opened(draft, sheet, None if kept is None else kept.declaration)


def keep(request: Request, opened: Opened, form: Mapping[str, Any]) -> None:
    """Save the sheet, unless somebody else saved another since the page was made.

    Errors: ``drafts.changed``. The same sheet again is no change.
    """
    content = opened.sheet.encode()
    if content == opened.draft.content:
        return
    lane = request.app.state.lane
    seen = str(form.get("revision", ""))
    draft = opened.draft
    if seen.isascii() and seen.isdecimal():
        draft = replace(draft, revision=int(seen[:9]))
    about = {**draft.about, "title": title_of(opened.sheet)}
    lane.database.write(lambda tx: lane.drafts.save(tx, draft, content, about))
    opened.draft = replace(draft, revision=draft.revision + 1, content=content)


def begin(request: Request, principal: Principal, sheet: Sheet) -> int:
    """Keep a new sheet and give the draft's id."""
    lane = request.app.state.lane
    kind = DraftKind.AMENDMENT if sheet.amends else DraftKind.NEW
    about = {"title": title_of(sheet)}
    if sheet.amends:
        about["amends"] = declaration_page(*sheet.key)

    def write(tx: Any) -> int:
        if sheet.amends:
            for other in lane.drafts.open_of(tx, principal.organisation_id, 200):
                if other.about.get("amends") == about["amends"]:
                    found: int = other.id  # go on with the amendment that was begun
                    return found
        made: int = lane.drafts.begin(tx, principal.organisation_id, kind, about, sheet.encode())
        return made

    draft_id: int = lane.database.write(write)
    return draft_id


def title_of(sheet: Sheet) -> str:
    """What a draft is called in a list: its reference, else its goods."""
    goods = next((line["description"] for line in sheet.lines if line.get("description")), "")
    return (sheet.facts.get("reference") or goods).strip()[:80]


def read_checked(request: Request, opened: Opened) -> Checked:
    """The sheet as the API would read it."""
    today = request.app.state.lane.clock.now().date()
    return check(opened.sheet, request.app.state.documents, today, opened.before)


def put_facts(sheet: Sheet, form: Mapping[str, Any]) -> None:
    """What the form says about the whole; who and which stay as they are in an amendment."""
    for name in FACTS:
        if name in form and not (sheet.amends and name in ("declarant", "reference")):
            sheet.facts[name] = _typed(form[name])
    if "reason" in form:
        sheet.reason = _typed(form["reason"])


def put_lines(sheet: Sheet, form: Mapping[str, Any], first: int) -> None:
    """The lines of one page of the form in place of those that the page showed."""
    typed: dict[int, Text] = {}
    for name, value in form.items():
        found = _LINE.fullmatch(name)
        if found is not None and found[2] in (*GOODS, "number"):
            typed.setdefault(int(found[1]), {})[found[2]] = _typed(value)
    text = str(form.get("shown", ""))
    shown = int(text[:4]) if text.isascii() and text.isdecimal() else len(typed)
    sheet.lines[first : first + shown] = [typed[number] for number in sorted(typed)]


def _typed(value: Any) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""
