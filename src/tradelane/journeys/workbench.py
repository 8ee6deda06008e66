"""An officer's workbench: the queue, and one case with everything that is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tradelane.accounts.model import Role, Scope, User
from tradelane.accounts.service import Accounts
from tradelane.correspondence.model import Direction, Message
from tradelane.inspections.findings import Evidence, Recorded
from tradelane.inspections.model import Case, CaseFilter, Cursor, Step, who_has_it_open
from tradelane.journeys.record import Record, find_record
from tradelane.journeys.workshop import Workshop
from tradelane.kit.errors import Problem, TradelaneError

MOST_DOWNLOADED = 10_000
_AT_ONCE = 500
_LOOKED_THROUGH = 100
"""Cases among which the next free one is looked for."""
_OF_IMPORTER = 20
_OFFICERS = 500


class Bench(Workshop, Protocol):
    """A workshop with people."""

    @property
    def accounts(self) -> Accounts: ...


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: the account's number, the office whose cases they see ('' for every office), and
    whether they decide (whoever only reads leaves no trace in a case)."""

    id: int
    office: str
    decides: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """A page of the queue. ``names``: logins by user id, of whoever is named in its cases.
    ``open_by``: by case, the other user who has it open."""

    cases: tuple[Case, ...]
    next: Cursor | None
    names: Mapping[int, str]
    open_by: Mapping[int, int]
    count: int | None


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with everything that is kept of it. ``record`` is of the declaration's latest version,
    which is newer than the case's where the declarant amended it."""

    case: Case
    record: Record
    steps: tuple[Step, ...]
    findings: tuple[Recorded, ...]
    evidence: tuple[Evidence, ...]
    messages: tuple[Message, ...]
    importers_cases: tuple[Case, ...]
    names: Mapping[int, str]
    also_open_by: int | None
    opened_before: bool
    """Whether this viewer was the last who opened it, before this time."""

    @property
    def is_current(self) -> bool:
        """Whether the case is about the latest version of the declaration."""
        return self.record.kept.version == self.case.version


# ---------------------------------------------------------------- the queue


def within(wanted: CaseFilter, viewer: Viewer) -> CaseFilter:
    """The filter, held to the viewer's own office."""
    return replace(wanted, office=viewer.office) if viewer.office else wanted


def shelf(
    shop: Bench,
    viewer: Viewer,
    wanted: CaseFilter,
    after: Cursor | None = None,
    limit: int = 50,
    *,
    most: int | None = None,
) -> Shelf:
    """A page of the queue, best worth looking at first. ``most``: count too, up to so many."""
    wanted = within(wanted, viewer)
    now = shop.clock.now()
    with shop.database.read() as tx:
        page = shop.inspections.queue(tx, wanted, after, limit)
        count = None if most is None else shop.inspections.count(tx, wanted, most)
        open_by = {case.id: who_has_it_open(case, viewer.id, now) for case in page.cases}
        found = {number: user for number, user in open_by.items() if user is not None}
        people = {case.assigned_to for case in page.cases} | set(found.values())
        names = names_of(shop, tx, people)
    return Shelf(page.cases, page.next, names, found, count)


def all_cases(shop: Bench, viewer: Viewer, wanted: CaseFilter) -> Iterator[Case]:
    """The cases of a filter in the queue's order, at most `MOST_DOWNLOADED`, some at a time."""
    wanted, after, left = within(wanted, viewer), None, MOST_DOWNLOADED
    while left > 0:
        with shop.database.read() as tx:
            page = shop.inspections.queue(tx, wanted, after, min(_AT_ONCE, left))
        yield from page.cases
        left -= len(page.cases)
        after = page.next
        if after is None:
            return


def next_free(
    shop: Bench, viewer: Viewer, wanted: CaseFilter, skip: int | None = None
) -> Case | None:
    """The first case of the filter that nobody else has open or on their desk.

    ``skip``: the case that was just worked on. None when there is none such among the first
    hundred.
    """
    now = shop.clock.now()
    with shop.database.read() as tx:
        page = shop.inspections.queue(tx, within(wanted, viewer), None, _LOOKED_THROUGH)
    for case in page.cases:
        taken = case.assigned_to not in (None, viewer.id)
        if case.id != skip and not taken and who_has_it_open(case, viewer.id, now) is None:
            return case
    return None


# ---------------------------------------------------------------- one case


def own_case(shop: Workshop, tx: Any, case_id: int, viewer: Viewer) -> Case:
    """A case that the viewer may see; another office's is as if it were not there.

    Raises TradelaneError ``inspections.not_found``.
    """
    case = shop.inspections.get(tx, case_id)
    if viewer.office and case.office != viewer.office:
        raise _not_there(case_id)
    return case


def own_evidence(
    shop: Workshop, case_id: int, evidence_id: int, viewer: Viewer
) -> tuple[Evidence, bytes]:
    """A file of a case that the viewer may see. Errors: ``inspections.not_found``, also where the
    file is another case's; IntegrityBroken ``inspections.evidence_damaged``."""
    with shop.database.read() as tx:
        own_case(shop, tx, case_id, viewer)
        found, data = shop.inspections.read_evidence(tx, evidence_id)
    if found.case_id != case_id:
        raise TradelaneError(
            Problem("inspections.not_found", f"There is no evidence {evidence_id}.")
        )
    return found, data


def open_file(shop: Bench, case_id: int, viewer: Viewer) -> CaseFile:
    """A case with everything that is kept of it. Whoever may decide it is noted as having it open,
    and what the declarant wrote counts as read. Errors: ``inspections.not_found``."""

    def take(tx: Any) -> CaseFile:
        before = own_case(shop, tx, case_id, viewer)
        taken = shop.inspections.take(tx, case_id, viewer.id)
        found = _gather(shop, tx, taken.case, viewer, taken.also_open_by)
        unread = [m.id for m in found.messages if m.read_at is None]
        shop.correspondence.read(tx, unread, Direction.TO_ADMINISTRATION)
        return replace(found, opened_before=before.opened_by == viewer.id)

    return shop.database.write(take) if viewer.decides else read_file(shop, case_id, viewer)


def read_file(shop: Bench, case_id: int, viewer: Viewer) -> CaseFile:
    """The same, and leaves no trace. Errors: ``inspections.not_found``."""
    with shop.database.read() as tx:
        case = own_case(shop, tx, case_id, viewer)
        other = who_has_it_open(case, viewer.id, shop.clock.now())
        return _gather(shop, tx, case, viewer, other)


def _gather(shop: Bench, tx: Any, case: Case, viewer: Viewer, other: int | None) -> CaseFile:
    record = find_record(shop, tx, case.declarant, case.reference)
    assert record is not None, "a case is of a declaration that was received"
    steps = shop.inspections.steps(tx, case.id)
    findings = shop.inspections.findings(tx, case.id)
    evidence = shop.inspections.evidence(tx, case.id)
    importers = [
        one
        for one in shop.inspections.cases_of_importer(tx, case.importer, _OF_IMPORTER)
        if one.id != case.id and viewer.office in ("", one.office)
    ]
    people = {case.assigned_to, other, *(item.added_by for item in evidence)}
    return CaseFile(
        case=case,
        record=record,
        steps=tuple(steps),
        findings=tuple(findings),
        evidence=tuple(evidence),
        messages=tuple(shop.correspondence.thread(tx, case.declarant, case.reference)),
        importers_cases=tuple(importers),
        names=names_of(shop, tx, people),
        also_open_by=other,
        opened_before=False,
    )


# ---------------------------------------------------------------- people


def names_of(shop: Bench, tx: Any, people: Iterable[int | None]) -> dict[int, str]:
    """Logins by user id."""
    wanted = sorted({person for person in people if person is not None})
    return {person: shop.accounts.get_user(tx, person).login for person in wanted}


def officers_for(shop: Bench, tx: Any, case: Case) -> Sequence[User]:
    """Who may be given a case: officers and supervisors of its office or of every office."""
    return [
        user
        for user in shop.accounts.users(tx, limit=_OFFICERS)
        if user.role in (Role.OFFICER, Role.SUPERVISOR)
        and not user.disabled
        and user.office in ("", case.office)
    ]


def may_assign(scopes: frozenset[Scope]) -> bool:
    """Whether somebody may give cases to others than themselves."""
    return Scope.OVERSIGHT_SET in scopes


def _not_there(case_id: int) -> TradelaneError:
    return TradelaneError(Problem("inspections.not_found", f"There is no case {case_id}."))
