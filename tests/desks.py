"""An officer's desk for tests of inspections, on any database."""

from __future__ import annotations

import datetime as dt

from tradelane.inspections import tables
from tradelane.inspections.model import Case, CaseState, Decision, NewCase, Step
from tradelane.inspections.service import Inspections
from tradelane.inspections.store import SqlInspectionStore
from tradelane.kit.clock import FixedClock
from tradelane.kit.database import Database

TABLES = [tables.cases, tables.steps, tables.findings, tables.evidence]


class Desk:
    """An officer's desk: cases, a database and a clock. ``ana`` is user 7."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC))
        self.cases = Inspections(SqlInspectionStore(), self.clock)

    def open(self, *new: NewCase) -> list[Case]:
        return self.database.write(lambda tx: self.cases.open_many(tx, new))

    def get(self, case_id: int) -> Case:
        with self.database.read() as tx:
            return self.cases.get(tx, case_id)

    def decide(self, case_id: int, decision: Decision, reason: str = "", **options: object) -> Step:
        given = {"by": 7, "login": "ana", "revision": self.get(case_id).revision, **options}
        return self.database.write(
            lambda tx: self.cases.decide(tx, case_id, decision, reason=reason, **given)
        )

    def find(self, case_id: int, *findings: object, **options: object) -> Step:
        given = {"by": 7, "login": "ana", "revision": self.get(case_id).revision, **options}
        return self.database.write(
            lambda tx: self.cases.record_findings(tx, case_id, findings, **given)
        )

    def later(self, **time: float) -> None:
        self.clock.at += dt.timedelta(**time)

    def state(self, case_id: int) -> CaseState:
        return self.get(case_id).state


def new_case(reference: str = "A1", **changes: object) -> NewCase:
    """A case of declaration A1, with what the test says in place of the usual."""
    values: dict[str, object] = {
        "declarant": "D0077",
        "reference": reference,
        "version": 1,
        "lane": "red",
        "selected_by": "model",
        "score": 0.5,
        "probability": 0.25,
        "expected_revenue": 120.0,
        "currency": "USD",
        "office": "NORTH",
        "importer": "I1",
        "hs_code": "851713",
        "reason": "The declared value a kilogram is far below others of this code.",
        "lines": 3,
        "received_at": "2026-06-01T11:00:00.000000Z",
    }
    return NewCase(**(values | changes))
