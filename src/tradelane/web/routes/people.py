"""People and organisations, for the administrator of accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tradelane.accounts.model import ORGANISATION_KINDS, Role, Scope
from tradelane.journeys import people as journey
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.kit.spreadsheet import safe_cell
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, check_form, principal_of
from tradelane.web.hashing import with_password
from tradelane.web.problems import status_of
from tradelane.web.routes.account import by_browser
from tradelane.web.routes.sign_in import text_of

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False, dependencies=[Depends(by_browser)])

Manager = Annotated[Asking, Depends(Allow(Scope.ACCOUNTS_MANAGE))]
_CHECKED = [Depends(check_form)]
_PAGE = 50
_COLUMNS = ("login", "name", "role", "organisation", "office", "disabled", "second_factor")


@router.get("/people")
def people(
    request: Request,
    asker: Manager,
    search: Annotated[str, Query(max_length=200)] = "",
    organisation: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Everybody who can sign in, a page at a time."""
    lane: Tradelane = request.app.state.lane
    within = int(organisation) if organisation.isdecimal() else None
    with lane.database.read() as tx:
        found = lane.accounts.users(
            tx, after=after, limit=_PAGE + 1, search=search, organisation_id=within
        )
        organisations = lane.accounts.organisations(tx)
    shown = found[:_PAGE]
    filters = {"search": search, "organisation": organisation}
    more = urlencode({**filters, "after": shown[-1].login}) if len(found) > _PAGE else ""
    return pages.render(
        request,
        "account/people.html",
        people=shown,
        organisations=organisations,
        names={one.id: one.name for one in organisations},
        search=search,
        organisation=organisation,
        filters=urlencode(filters),
        next=f"/people?{more}" if more else None,
        first=f"/people?{urlencode(filters)}" if after else None,
    )


@router.get("/people.csv")
def people_csv(
    request: Request,
    asker: Manager,
    search: Annotated[str, Query(max_length=200)] = "",
    organisation: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Everybody whom the filters let through, as a file."""
    import csv
    import io

    lane: Tradelane = request.app.state.lane
    within = int(organisation) if organisation.isdecimal() else None
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\r\n").writerow
    write(_COLUMNS)
    with lane.database.read() as tx:
        names = {one.id: one.name for one in lane.accounts.organisations(tx)}
        after = ""
        while page := lane.accounts.users(
            tx, after=after, limit=500, search=search, organisation_id=within
        ):
            for user in page:
                cells = (
                    user.login,
                    user.name,
                    str(user.role),
                    names.get(user.organisation_id or 0, ""),
                    user.office,
                    "yes" if user.disabled else "no",
                    "yes" if user.has_second_factor else "no",
                )
                write([safe_cell(cell) for cell in cells])
            after = page[-1].login
    headers = {"content-disposition": 'attachment; filename="people.csv"'}
    return Response(text.getvalue(), headers=headers, media_type="text/csv; charset=utf-8")


@router.get("/people/new")
def new_person(request: Request, asker: Manager) -> Response:
    """Ask for what an account needs."""
    return _new(request)


@router.post("/people/new", dependencies=_CHECKED)
async def create_person(request: Request, asker: Manager) -> Response:
    """Make an account; its first password is in this answer alone."""
    lane: Tradelane = request.app.state.lane
    form = await request.form()
    names = ("login", "name", "role", "organisation", "office")
    given = {name: text_of(form, name) for name in names}

    def work() -> journey.Handed:
        return journey.create_user(
            lane,
            principal_of(asker),
            login=given["login"],
            name=given["name"],
            role=_role(given["role"]),
            organisation_id=_number(given["organisation"]),
            office=given["office"],
        )

    try:
        handed = await with_password(request, work)
    except TradelaneError as error:
        return await run_in_threadpool(_new, request, given, error)
    return await run_in_threadpool(_handed, request, handed)


@router.get("/people/{user_id:int}")
def person(request: Request, asker: Manager, user_id: int) -> Response:
    """One account, and what can be changed of it."""
    return _person(request, user_id)


@router.post("/people/{user_id:int}", dependencies=_CHECKED)
async def change_person(request: Request, asker: Manager, user_id: int) -> Response:
    """Another role, organisation or office."""
    lane: Tradelane = request.app.state.lane
    by, form = principal_of(asker), await request.form()
    role, organisation = text_of(form, "role"), text_of(form, "organisation")
    office = text_of(form, "office")

    def work() -> None:
        journey.change_user(
            lane,
            by,
            user_id,
            role=_role(role),
            organisation_id=_number(organisation),
            office=office,
        )

    return await run_in_threadpool(_try, request, user_id, work)


@router.post("/people/{user_id:int}/disable", dependencies=_CHECKED)
def disable_person(request: Request, asker: Manager, user_id: int) -> Response:
    """Let somebody in no more."""
    lane: Tradelane = request.app.state.lane
    by = principal_of(asker)
    answer = _try(request, user_id, lambda: journey.disable_user(lane, by, user_id))
    request.app.state.tokens.clear()
    return answer


@router.post("/people/{user_id:int}/enable", dependencies=_CHECKED)
def enable_person(request: Request, asker: Manager, user_id: int) -> Response:
    """Let somebody in again."""
    lane: Tradelane = request.app.state.lane
    by = principal_of(asker)
    return _try(request, user_id, lambda: journey.enable_user(lane, by, user_id))


@router.post("/people/{user_id:int}/password", dependencies=_CHECKED)
async def hand_password(request: Request, asker: Manager, user_id: int) -> Response:
    """A new password for somebody who lost theirs; it is in this answer alone."""
    lane: Tradelane = request.app.state.lane
    by = principal_of(asker)
    try:
        handed = await with_password(request, lambda: journey.hand_new_password(lane, by, user_id))
    except TradelaneError as error:
        return await run_in_threadpool(_person, request, user_id, error)
    return await run_in_threadpool(_handed, request, handed)


@router.post("/people/{user_id:int}/second-factor", dependencies=_CHECKED)
def remove_second_factor(request: Request, asker: Manager, user_id: int) -> Response:
    """Take the second factor away from somebody who lost it."""
    lane: Tradelane = request.app.state.lane
    by = principal_of(asker)
    return _try(request, user_id, lambda: journey.remove_second_factor(lane, by, user_id))


# ---------------------------------------------------------------- organisations


@router.get("/people/organisations")
def organisations(request: Request, asker: Manager) -> Response:
    """Every organisation with its declarants."""
    return _organisations(request)


@router.post("/people/organisations", dependencies=_CHECKED)
async def create_organisation(request: Request, asker: Manager) -> Response:
    """Make an organisation."""
    lane: Tradelane = request.app.state.lane
    by, form = principal_of(asker), await request.form()
    given = {name: text_of(form, name) for name in ("name", "kind", "declarants")}

    def work() -> Response:
        try:
            journey.create_organisation(
                lane, by, given["name"], given["kind"], _words(given["declarants"])
            )
        except TradelaneError as error:
            return _organisations(request, given, error)
        return pages.see_other("/people/organisations", "saved")

    return await run_in_threadpool(work)


@router.get("/people/organisations/{organisation_id:int}")
def organisation(request: Request, asker: Manager, organisation_id: int) -> Response:
    """One organisation, and the declarants that it owns."""
    return _organisation(request, organisation_id)


@router.post("/people/organisations/{organisation_id:int}", dependencies=_CHECKED)
async def set_declarants(request: Request, asker: Manager, organisation_id: int) -> Response:
    """Make these the declarants of an organisation."""
    lane: Tradelane = request.app.state.lane
    by, form = principal_of(asker), await request.form()
    given = text_of(form, "declarants")

    def work() -> Response:
        try:
            journey.set_declarants(lane, by, organisation_id, _words(given))
        except TradelaneError as error:
            return _organisation(request, organisation_id, given, error)
        return pages.see_other("/people/organisations", "saved")

    return await run_in_threadpool(work)


@router.post("/people/organisations/{organisation_id:int}/economy", dependencies=_CHECKED)
async def set_economy(request: Request, asker: Manager, organisation_id: int) -> Response:
    """Say which economy an organisation speaks for."""
    lane: Tradelane = request.app.state.lane
    by, form = principal_of(asker), await request.form()
    economy = text_of(form, "economy")

    def work() -> Response:
        try:
            journey.set_economy(lane, by, organisation_id, economy)
        except TradelaneError as error:
            return _organisation(request, organisation_id, None, error)
        return pages.see_other(f"/people/organisations/{organisation_id}", "saved")

    return await run_in_threadpool(work)


# ---------------------------------------------------------------- pages


def _new(
    request: Request, given: dict[str, str] | None = None, error: TradelaneError | None = None
) -> Response:
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = lane.accounts.organisations(tx)
    return pages.render(
        request,
        "account/new_person.html",
        200 if error is None else _status(error),
        given=given or dict.fromkeys(("login", "name", "role", "organisation", "office"), ""),
        organisations=[(one.id, one.name) for one in found],
        roles=list(Role),
        problems=[] if error is None else pages.problems_of(error),
    )


def _person(request: Request, user_id: int, error: TradelaneError | None = None) -> Response:
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        user = lane.accounts.get_user(tx, user_id)
        found = lane.accounts.organisations(tx)
        sessions = len(lane.accounts.sessions_of(tx, user_id))
        history = lane.ledger.find(tx, f"account/{user_id}")
    return pages.render(
        request,
        "account/person.html",
        200 if error is None else _status(error),
        user=user,
        organisations=[(one.id, one.name) for one in found],
        roles=list(Role),
        sessions=sessions,
        history=[stored.entry for stored in reversed(history)],
        problems=[] if error is None else pages.problems_of(error),
    )


def _handed(request: Request, handed: journey.Handed) -> Response:
    return pages.render(request, "account/handed.html", user=handed.user, password=handed.password)


def _organisations(
    request: Request, given: dict[str, str] | None = None, error: TradelaneError | None = None
) -> Response:
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = lane.accounts.organisations(tx)
    return pages.render(
        request,
        "account/organisations.html",
        200 if error is None else _status(error),
        organisations=found,
        kinds=ORGANISATION_KINDS,
        given=given or {"name": "", "kind": "trader", "declarants": ""},
        problems=[] if error is None else pages.problems_of(error),
    )


def _organisation(
    request: Request,
    organisation_id: int,
    given: str | None = None,
    error: TradelaneError | None = None,
) -> Response:
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = lane.accounts.get_organisation(tx, organisation_id)
        users = lane.accounts.users(tx, organisation_id=organisation_id, limit=500)
    return pages.render(
        request,
        "account/organisation.html",
        200 if error is None else _status(error),
        organisation=found,
        declarants="\n".join(found.declarants) if given is None else given,
        people=users,
        economies=[(one.id, one.called) for one in lane.governance.corpus.economies],
        problems=[] if error is None else pages.problems_of(error),
    )


def _try(request: Request, user_id: int, work: Callable[[], Any]) -> Response:
    """Do it and go back to the person, or show the page with what was wrong."""
    try:
        work()
    except TradelaneError as error:
        return _person(request, user_id, error)
    return pages.see_other(f"/people/{user_id}", "saved")


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise InputRefused(
            Problem("web.role", "Choose a role.", pointer="/role", hint="One of those listed.")
        ) from None


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _words(text: str) -> list[str]:
    """Identifiers, one a line or with commas between them."""
    return text.replace(",", " ").split()


def _status(error: TradelaneError) -> int:
    status = status_of(error)
    return status if status in (404, 409, 429, 503) else 422
