"""What is kept of cases, in SQL: each with its steps, findings and evidence."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tradelane.inspections import measures, queue
from tradelane.inspections.figures import Measured
from tradelane.inspections.findings import Discrepancy, Evidence, Finding, Recorded, Result
from tradelane.inspections.model import (
    Case,
    CaseFilter,
    CaseState,
    Cursor,
    Decision,
    NewCase,
    Stage,
    Step,
    StepKind,
    recommendation_of,
)
from tradelane.inspections.tables import NOBODY, cases, evidence, findings, steps

_C = cases.c
_AT_ONCE = 5000
# The keys go in as one JSON parameter: thousands of bound values cost more than the look-up.
_KEYS = {
    "sqlite": "json_each(:keys) AS k CROSS JOIN inspection_case AS c"
    " ON c.reference = json_extract(k.value, '$[1]')"
    " AND c.declarant = json_extract(k.value, '$[0]')"
    " AND c.version = json_extract(k.value, '$[2]')",
    "postgresql": "json_array_elements(CAST(:keys AS json)) AS k JOIN inspection_case AS c"
    " ON c.reference = k ->> 1 AND c.declarant = k ->> 0"
    " AND c.version = CAST(k ->> 2 AS integer)",
}
_FILES = [column for column in evidence.c if column.name != "data"]


class SqlInspectionStore:
    """Cases in a SQL database; every method takes the connection of a transaction."""

    # ------------------------------------------------------------ cases

    def open_cases(self, tx: sa.Connection, new: Sequence[NewCase], at: str) -> list[Case]:
        """Keep cases, no two of one version; of one that is kept and undecided, the stronger.

        Returns them as they are kept, in the order given.
        """
        rows = [_new_row(case, at) for case in new]
        if rows:
            tx.execute(_upsert(tx.dialect.name), rows)
        kept: dict[tuple[str, str, int], Case] = {}
        keys = [(case.declarant, case.reference, case.version) for case in new]
        names = ", ".join(f"c.{column.name}" for column in cases.columns)
        query = sa.text(f"SELECT {names} FROM {_KEYS[tx.dialect.name]}").columns(*cases.columns)  # noqa: S608
        for start in range(0, len(keys), _AT_ONCE):
            chunk = json.dumps(keys[start : start + _AT_ONCE])
            for row in tx.execute(query, {"keys": chunk}):
                case = _case(row)
                kept[case.key] = case
        return [kept[key] for key in keys]

    def find_case(self, tx: sa.Connection, case_id: int) -> Case | None:
        """The case of that id, or None."""
        row = tx.execute(cases.select().where(_C.id == case_id)).first()
        return None if row is None else _case(row)

    def lock_case(self, tx: sa.Connection, case_id: int) -> Case | None:
        """The same, and nobody else changes it before this transaction ends."""
        row = tx.execute(cases.select().where(_C.id == case_id).with_for_update()).first()
        return None if row is None else _case(row)

    def of_declaration(self, tx: sa.Connection, declarant: str, reference: str) -> list[Case]:
        """The cases of a declaration, newest version first."""
        query = cases.select().where(_C.declarant == declarant, _C.reference == reference)
        return [_case(row) for row in tx.execute(query.order_by(_C.version.desc()))]

    def of_importer(self, tx: sa.Connection, importer: str, limit: int) -> list[Case]:
        """The latest cases of an importer, newest first."""
        query = cases.select().where(_C.importer == importer).order_by(_C.id.desc()).limit(limit)
        return [_case(row) for row in tx.execute(query)]

    def page(
        self, tx: sa.Connection, wanted: CaseFilter, after: Cursor | None, limit: int
    ) -> list[Case]:
        """At most so many cases in the queue's order, from after a place."""
        return [_case(row) for row in queue.page(tx, wanted, after, limit)]

    def count(self, tx: sa.Connection, wanted: CaseFilter, most: int) -> int:
        """How many cases there are, at most ``most``."""
        return queue.count(tx, wanted, most)

    def claim(self, tx: sa.Connection, case_id: int, user: int, at: str) -> None:
        """Keep who opened the case's page last."""
        tx.execute(cases.update().where(_C.id == case_id).values(opened_by=user, opened_by_at=at))

    def assign(self, tx: sa.Connection, case_id: int, user: int | None) -> bool:
        """Keep whose the case is; False where it was so already or the case is decided."""
        to = NOBODY if user is None else user
        waiting = _C.state.not_in([state.value for state in CaseState if state in _FINAL])
        statement = cases.update().where(_C.id == case_id, _C.assigned_to != to, waiting)
        return tx.execute(statement.values(assigned_to=to)).rowcount == 1

    # ------------------------------------------------------------ steps

    def add_step(
        self, tx: sa.Connection, case: Case, step: Step, stages: Mapping[Stage, int], seconds: int
    ) -> bool:
        """Keep the case as it is after a step, and the step; False, keeping nothing, where another
        step came first. ``seconds``: from the opening of the case to the step."""
        statement = (
            cases.update()
            .where(_C.id == case.id, _C.revision == step.number - 1)
            .values(**_state_row(case), **{stage.value: stages[stage] for stage in stages})
        )
        # Of two processes on PostgreSQL the second waits here for the first, then matches nothing.
        if tx.execute(statement).rowcount != 1:
            return False
        tx.execute(steps.insert().values(_step_row(case, step, seconds)))
        return True

    def steps(self, tx: sa.Connection, case_id: int) -> list[Step]:
        """The steps of a case in order."""
        query = steps.select().where(steps.c.case_id == case_id).order_by(steps.c.number)
        return [_step(row) for row in tx.execute(query)]

    # ------------------------------------------------------------ findings

    def add_findings(self, tx: sa.Connection, case_id: int, new: Sequence[Recorded]) -> None:
        """Keep findings beside those that are kept."""
        tx.execute(findings.insert(), [_finding_row(case_id, item) for item in new])

    def findings(self, tx: sa.Connection, case_id: int) -> list[Recorded]:
        """Every finding of a case, in the order of recording."""
        columns = findings.c
        query = findings.select().where(columns.case_id == case_id)
        rows = tx.execute(query.order_by(columns.step, columns.line))
        return [_recorded(row) for row in rows]

    def latest_findings(
        self, tx: sa.Connection, since: str | None
    ) -> Iterator[tuple[str, str, int, Recorded]]:
        """Each inspected line's latest finding with declarant, reference and version, in the order
        of recording; ``since``: only those recorded at that stamp or later."""
        later = findings.alias()
        corrected = sa.exists().where(
            later.c.case_id == findings.c.case_id,
            later.c.line == findings.c.line,
            later.c.step > findings.c.step,
        )
        query = (
            sa.select(_C.declarant, _C.reference, _C.version, findings)
            .join_from(findings, cases, findings.c.case_id == _C.id)
            .where(~corrected)
            .order_by(findings.c.at, findings.c.case_id, findings.c.line)
        )
        if since is not None:
            query = query.where(findings.c.at >= since)
        for row in tx.execute(query.execution_options(yield_per=2000)):
            yield row.declarant, row.reference, row.version, _recorded(row)

    # ------------------------------------------------------------ evidence

    def add_evidence(self, tx: sa.Connection, new: Evidence, data: bytes) -> Evidence:
        """Keep a file (``new.id`` is not looked at) and give it back with its id."""
        row = {column.name: getattr(new, column.name) for column in _FILES if column.name != "id"}
        done = tx.execute(evidence.insert().values(**row, data=data).returning(evidence.c.id))
        return Evidence(id=done.scalar_one(), **row)

    def evidence(self, tx: sa.Connection, case_id: int) -> list[Evidence]:
        """The files of a case in the order they came, without their bytes."""
        query = sa.select(*_FILES).where(evidence.c.case_id == case_id).order_by(evidence.c.id)
        return [Evidence(**row._mapping) for row in tx.execute(query)]

    def find_evidence(self, tx: sa.Connection, evidence_id: int) -> tuple[Evidence, bytes] | None:
        """A file and its bytes, or None."""
        row = tx.execute(evidence.select().where(evidence.c.id == evidence_id)).first()
        if row is None:
            return None
        values = dict(row._mapping)
        data = bytes(values.pop("data"))
        return Evidence(**values), data

    # ------------------------------------------------------------ figures

    def measure(self, tx: sa.Connection, start: dt.date, end: dt.date, office: str) -> Measured:
        """What `figures` computes from, of the days from ``start`` until before ``end``."""
        return measures.measure(tx, start, end, office)


_FINAL = frozenset({CaseState.RELEASED, CaseState.REJECTED, CaseState.WITHDRAWN})


_OF_THE_STRONGER = (
    "lane",
    "selected_by",
    "probability",
    "expected_revenue",
    "hs_code",
    "hs_chapter",
    "reason",
)


@cache
def _upsert(dialect: str) -> sa.Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(cases)
    new = statement.excluded
    # `model.stronger` in SQL: the worse lane, then the higher score, has the word.
    higher = new.behind < _C.behind
    worse = sa.and_(new.lane == "red", _C.lane != "red")
    wins = sa.or_(worse, sa.and_(new.lane == _C.lane, higher))
    values: dict[str, Any] = {
        name: sa.case((wins, getattr(new, name)), else_=_C[name]) for name in _OF_THE_STRONGER
    }
    return statement.on_conflict_do_update(
        index_elements=[_C.reference, _C.declarant, _C.version],
        set_={**values, "behind": sa.case((higher, new.behind), else_=_C.behind)},
        where=sa.and_(_C.state == CaseState.OPEN.value, sa.or_(wins, higher)),
    )


def _new_row(case: NewCase, at: str) -> dict[str, Any]:
    return {
        "declarant": case.declarant,
        "reference": case.reference,
        "version": case.version,
        "lane": case.lane,
        "selected_by": case.selected_by,
        "behind": -case.score,
        "probability": case.probability,
        "expected_revenue": case.expected_revenue,
        "currency": case.currency,
        "office": case.office,
        "importer": case.importer,
        "hs_code": case.hs_code,
        "hs_chapter": case.hs_code[:2],
        "reason": case.reason,
        "lines": case.lines,
        "received_at": case.received_at,
        "state": CaseState.OPEN.value,
        "revision": 0,
        "opened_at": at,
        "assigned_to": NOBODY,
    }


def _state_row(case: Case) -> dict[str, Any]:
    return {
        "state": case.state.value,
        "revision": case.revision,
        "decision": None if case.decision is None else case.decision.value,
        "decided_by": case.decided_by,
        "decided_at": case.decided_at,
        "deadline": case.deadline,
        "first_decided_at": case.first_decided_at,
        "found_at": case.found_at,
        "found_wrong": case.found_wrong,
        "released_at": case.released_at,
    }


def _case(row: sa.Row[Any]) -> Case:
    return Case(
        id=row.id,
        declarant=row.declarant,
        reference=row.reference,
        version=row.version,
        lane=row.lane,
        selected_by=row.selected_by,
        score=0.0 - row.behind,  # 0.0 - 0.0 is 0.0, where -0.0 would be shown
        probability=row.probability,
        expected_revenue=row.expected_revenue,
        currency=row.currency,
        office=row.office,
        importer=row.importer,
        hs_code=row.hs_code,
        reason=row.reason,
        lines=row.lines,
        received_at=row.received_at,
        state=CaseState(row.state),
        recommendation=recommendation_of(row.lane),
        revision=row.revision,
        opened_at=row.opened_at,
        assigned_to=row.assigned_to or None,
        opened_by=row.opened_by,
        opened_by_at=row.opened_by_at,
        decision=None if row.decision is None else Decision(row.decision),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        deadline=row.deadline,
        first_decided_at=row.first_decided_at,
        found_at=row.found_at,
        found_wrong=row.found_wrong,
        released_at=row.released_at,
    )


def _step_row(case: Case, step: Step, seconds: int) -> dict[str, Any]:
    return {
        "case_id": step.case_id,
        "number": step.number,
        "kind": step.kind.value,
        "at": step.at,
        "officer_id": step.by,
        "login": step.login,
        "decision": None if step.decision is None else step.decision.value,
        "state_before": step.before.value,
        "state_after": step.after.value,
        "reason": step.reason,
        "against_recommendation": step.against_recommendation,
        "opened_page": step.opened_page,
        "read_seconds": step.read_seconds,
        "deadline": step.deadline,
        "office": case.office,
        "recommendation": case.recommendation.value,
        "seconds_open": seconds,
    }


def _step(row: sa.Row[Any]) -> Step:
    return Step(
        case_id=row.case_id,
        number=row.number,
        kind=StepKind(row.kind),
        at=row.at,
        by=row.officer_id,
        login=row.login,
        decision=None if row.decision is None else Decision(row.decision),
        before=CaseState(row.state_before),
        after=CaseState(row.state_after),
        reason=row.reason,
        against_recommendation=row.against_recommendation,
        opened_page=row.opened_page,
        deadline=row.deadline,
        read_seconds=row.read_seconds,
    )


def _finding_row(case_id: int, item: Recorded) -> dict[str, Any]:
    finding = item.finding
    revenue, quantity = finding.revenue_recovered, finding.quantity
    return {
        "case_id": case_id,
        "line": finding.line,
        "step": item.step,
        "at": item.at,
        "officer_id": item.by,
        "login": item.login,
        "result": finding.result.value,
        "discrepancy": None if finding.discrepancy is None else finding.discrepancy.value,
        "revenue": None if revenue is None else format(revenue, "f"),
        "revenue_number": None if revenue is None else float(revenue),
        "currency": finding.currency,
        "note": finding.note,
        "quantity": None if quantity is None else format(quantity, "f"),
        "quantity_unit": finding.quantity_unit,
        "hs_code": finding.hs_code,
        "origin": finding.origin,
    }


def _recorded(row: sa.Row[Any]) -> Recorded:
    finding = Finding(
        line=row.line,
        result=Result(row.result),
        discrepancy=None if row.discrepancy is None else Discrepancy(row.discrepancy),
        revenue_recovered=None if row.revenue is None else Decimal(row.revenue),
        currency=row.currency,
        note=row.note,
        quantity=None if row.quantity is None else Decimal(row.quantity),
        quantity_unit=row.quantity_unit,
        hs_code=row.hs_code,
        origin=row.origin,
    )
    return Recorded(finding=finding, step=row.step, at=row.at, by=row.officer_id, login=row.login)
