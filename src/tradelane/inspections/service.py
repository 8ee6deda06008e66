"""The verbs of inspections: open, take, decide, record what was found, keep what shows it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tradelane.inspections import figures
from tradelane.inspections.evidence import KeepingEvidence
from tradelane.inspections.figures import Figures
from tradelane.inspections.findings import Finding, Recorded, Result, latest_of, outcome_of
from tradelane.inspections.model import (
    FINAL,
    Assigned,
    Case,
    CaseFilter,
    CaseState,
    Cursor,
    Decision,
    NewCase,
    Page,
    Stage,
    Step,
    StepKind,
    Taken,
    advance,
    is_against,
    needs_reason,
    recommendation_of,
    stronger,
    who_has_it_open,
)
from tradelane.inspections.needs import InspectionStore
from tradelane.inspections.rules import (
    LONGEST_REASON,
    check_deadline,
    checked_reason,
    finding_problems,
    said,
    seconds_between,
    stages_of_decision,
    there,
)
from tradelane.kit.clock import Clock, read_stamp, stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.kit.plaintext import clean
from tradelane.trade.declaration import Outcome


class Inspections(KeepingEvidence):
    """Cases that need an officer, from their opening to their end."""

    def __init__(self, store: InspectionStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    # ------------------------------------------------------------ cases

    def open_many(self, tx: Any, new: Sequence[NewCase]) -> list[Case]:
        """Open cases, in the order given; each version of a declaration has one.

        A case that is open already keeps the worse lane and the higher score of both; one that
        somebody decided is left as it is. Raises ValueError for a lane that needs no officer and
        for a score that is not finite: both are the caller's mistake, not a person's.
        """
        merged: dict[tuple[str, str, int], NewCase] = {}
        keys = [(case.declarant, case.reference, case.version) for case in new]
        for key, case in zip(keys, new, strict=True):
            recommendation_of(case.lane)
            if not math.isfinite(case.score):
                raise ValueError(f"the score of {key!r} is not finite")
            merged[key] = stronger(merged[key], case) if key in merged else case
        kept = self._store.open_cases(tx, list(merged.values()), self._now())
        by_key = dict(zip(merged, kept, strict=True))
        return [by_key[key] for key in keys]

    def get(self, tx: Any, case_id: int) -> Case:
        """The case of that id; raises TradelaneError ``inspections.not_found``."""
        return there(self._store.find_case(tx, case_id), case_id)

    def find(self, tx: Any, declarant: str, reference: str) -> list[Case]:
        """The cases of a declaration, newest version first; none if it never had one."""
        return self._store.of_declaration(tx, declarant, reference)

    def cases_of_importer(self, tx: Any, importer: str, limit: int = 20) -> list[Case]:
        """The latest cases of an importer, newest first."""
        return self._store.of_importer(tx, importer, limit)

    def steps(self, tx: Any, case_id: int) -> list[Step]:
        """The steps of a case in order."""
        return self._store.steps(tx, case_id)

    # ------------------------------------------------------------ the queue

    def queue(
        self, tx: Any, wanted: CaseFilter, after: Cursor | None = None, limit: int = 50
    ) -> Page:
        """Cases by score, the highest first, from after a place in that order."""
        found = self._store.page(tx, wanted, after, limit + 1)
        shown = tuple(found[:limit])
        more = len(found) > limit and limit > 0
        return Page(shown, _place(shown[-1]) if more else None)

    def count(self, tx: Any, wanted: CaseFilter, most: int = 1000) -> int:
        """How many cases there are; ``most`` stands for that many or more."""
        return self._store.count(tx, wanted, most)

    def next_case(self, tx: Any, wanted: CaseFilter, after_case: Case | None) -> Case | None:
        """The case that follows another in the queue, or its first; None at the end."""
        after = None if after_case is None else _place(after_case)
        return next(iter(self._store.page(tx, wanted, after, 1)), None)

    def take(self, tx: Any, case_id: int, user: int) -> Taken:
        """Mark a case as open by that user for 15 minutes, and say who else has it open.

        A soft claim: it warns, and keeps nobody out.
        """
        case = self.get(tx, case_id)
        now = self._clock.now()
        other = who_has_it_open(case, user, now)
        self._store.claim(tx, case_id, user, stamp(now))
        taken = replace(case, opened_by=user, opened_by_at=stamp(now))
        return Taken(taken, other, case.opened_by_at if other is not None else None)

    def assign(
        self, tx: Any, case_ids: Sequence[int], user_id: int | None, by: int
    ) -> list[Assigned]:
        """Give cases to an officer (None: to nobody); cases that are decided stay as they are.

        Returns what changed. ``by``: the user who assigns. Errors: ``inspections.not_found``.
        """
        changed: list[Assigned] = []
        for case_id in dict.fromkeys(case_ids):
            case = self.get(tx, case_id)
            if self._store.assign(tx, case_id, user_id):
                now = replace(case, assigned_to=user_id)
                changed.append(Assigned(now, case.assigned_to, by, self._now()))
        return changed

    # ------------------------------------------------------------ deciding

    def decide(
        self,
        tx: Any,
        case_id: int,
        decision: Decision,
        *,
        by: int,
        login: str,
        revision: int,
        reason: str = "",
        opened_page: bool = True,
        read_seconds: int | None = None,
        deadline: dt.date | None = None,
    ) -> Step:
        """Keep an officer's decision about the case as it stood at ``revision``.

        ``opened_page``, ``read_seconds``: as in `Step`. ``deadline``: the last day (UTC) for the
        declarant's answer, only with refer. Errors: ``inspections.changed`` when somebody else was
        quicker, saying who and what; ``inspections.transition``, ``findings_missing``,
        ``reason_missing``, ``reason``, ``deadline``, ``not_found``.
        """
        case = self._unchanged(tx, case_id, revision)
        steps = self._store.steps(tx, case_id)
        after = advance(case.state, decision)
        if isinstance(after, Problem):
            raise TradelaneError(after)
        if case.state is CaseState.INSPECTING and steps[-1].kind is not StepKind.FOUND:
            raise TradelaneError(
                Problem(
                    "inspections.findings_missing",
                    "The inspection has no findings yet.",
                    hint="Record what was found in each inspected line, then decide.",
                )
            )
        followed = any(step.decision is case.recommendation for step in steps)
        against = is_against(case.recommendation, decision, followed)
        now = self._clock.now()
        check_deadline(decision, deadline, now.date())
        step = Step(
            case_id=case_id,
            number=revision + 1,
            kind=StepKind.DECIDED,
            at=stamp(now),
            by=by,
            login=login,
            decision=decision,
            before=case.state,
            after=after,
            reason=checked_reason(reason, needed=needs_reason(decision, against)),
            against_recommendation=against,
            opened_page=opened_page,
            deadline=deadline,
            read_seconds=read_seconds,
        )
        decided = replace(
            case,
            decision=decision,
            decided_by=by,
            decided_at=step.at,
            deadline=deadline,
            first_decided_at=case.first_decided_at or step.at,
            released_at=step.at if after is CaseState.RELEASED else None,
        )
        return self._keep(tx, decided, step, stages_of_decision(case, decided, after))

    def record_findings(
        self,
        tx: Any,
        case_id: int,
        findings: Sequence[Finding],
        *,
        by: int,
        login: str,
        revision: int,
    ) -> Step:
        """Keep what an inspection found, one finding a line that was inspected.

        Findings are added, never replaced: a correction is recorded again, also after the case
        ended, and each line's latest counts. Errors: ``inspections.changed``, ``not_inspecting``,
        ``finding`` (each with its place in ``findings``), ``not_found``.
        """
        case = self._unchanged(tx, case_id, revision)
        before = self._store.findings(tx, case_id)
        if case.state is not CaseState.INSPECTING and not before:
            raise TradelaneError(
                Problem(
                    "inspections.not_inspecting",
                    "The case is not being inspected.",
                    hint="Decide to inspect first.",
                )
            )
        findings = [replace(found, note=clean(found.note)) for found in findings]
        problems = finding_problems(findings, case.lines)
        if problems:
            raise InputRefused(problems)
        step = Step(
            case_id=case_id,
            number=revision + 1,
            kind=StepKind.FOUND,
            at=self._now(),
            by=by,
            login=login,
            decision=None,
            before=case.state,
            after=case.state,
        )
        new = [
            Recorded(finding=found, step=step.number, at=step.at, by=by, login=login)
            for found in findings
        ]
        latest = latest_of([*before, *new])
        wrong = any(item.finding.result is Result.WRONG for item in latest)
        stages = {}
        if case.state is CaseState.INSPECTING and case.decided_at is not None:
            stages[Stage.DECIDED_TO_FOUND] = seconds_between(case.decided_at, step.at)
        found = replace(case, found_at=step.at, found_wrong=wrong)
        kept = self._keep(tx, found, step, stages)
        self._store.add_findings(tx, case_id, new)
        return kept

    def withdraw(
        self, tx: Any, declarant: str, reference: str, version: int, reason: str
    ) -> Step | None:
        """End the case of a version that its declarant amended or cancelled.

        None where there is no such case, or where it had ended before.
        """
        found = [c for c in self.find(tx, declarant, reference) if c.version == version]
        if not found or found[0].state in FINAL:
            return None
        case = found[0]
        step = Step(
            case_id=case.id,
            number=case.revision + 1,
            kind=StepKind.WITHDRAWN,
            at=self._now(),
            by=None,
            login="",
            decision=None,
            before=case.state,
            after=CaseState.WITHDRAWN,
            reason=clean(reason)[:LONGEST_REASON],
        )
        return self._keep(tx, case, step, {})

    # ------------------------------------------------------------ findings

    def findings(self, tx: Any, case_id: int) -> list[Recorded]:
        """Every finding of a case, corrections after what they correct (see `latest_of`)."""
        return self._store.findings(tx, case_id)

    def outcomes(
        self, tx: Any, since: dt.datetime | None = None
    ) -> Iterator[tuple[str, str, int, int, Outcome]]:
        """The label of every inspected line: declarant, reference, version, line number, outcome.

        In the order of recording, each line once with its latest finding; ``since``: only what was
        recorded at that instant or later. An outcome is known from its ``recorded_at``: whoever
        learns from it for an earlier moment must leave it out.
        """
        found = self._store.latest_findings(tx, None if since is None else stamp(since))
        for declarant, reference, version, item in found:
            outcome = outcome_of(item.finding, read_stamp(item.at))
            yield declarant, reference, version, item.finding.line, outcome

    # ------------------------------------------------------------ figures

    def figures(self, tx: Any, start: dt.date, end: dt.date, office: str = "") -> Figures:
        """The supervisor's figures of the days (UTC) from ``start`` until before ``end``.

        Errors: InputRefused ``inspections.period`` when there is no day between them.
        """
        if end <= start:
            raise InputRefused(
                Problem(
                    "inspections.period",
                    f"The period ends on {end.isoformat()}, not after its beginning.",
                    pointer="/to",
                    hint="The last day is not part of it: give the day after.",
                )
            )
        return figures.compute(self._store.measure(tx, start, end, office), start, end, office)

    # ------------------------------------------------------------ inside

    def _now(self) -> str:
        return stamp(self._clock.now())

    def _unchanged(self, tx: Any, case_id: int, revision: int) -> Case:
        case = self.get(tx, case_id)
        if case.revision != revision:
            raise self._changed(tx, case_id)
        return case

    def _keep(self, tx: Any, case: Case, step: Step, stages: Mapping[Stage, int]) -> Step:
        kept = replace(case, state=step.after, revision=step.number)
        seconds = seconds_between(case.opened_at, step.at)
        if not self._store.add_step(tx, kept, step, stages, seconds):
            raise self._changed(tx, case.id)
        return step

    def _changed(self, tx: Any, case_id: int) -> TradelaneError:
        steps = self._store.steps(tx, case_id)
        sentence = said(steps[-1]) if steps else "The case has had no step yet."
        return TradelaneError(
            Problem(
                "inspections.changed",
                sentence,
                pointer="/revision",
                hint="Nothing of yours was kept. Read the case again, then decide.",
            )
        )


def _place(case: Case) -> Cursor:
    return Cursor(case.score, case.id)
