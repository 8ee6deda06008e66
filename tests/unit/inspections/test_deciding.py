"""An officer decides: what is allowed where, when a reason is needed, and who was quicker."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tradelane.inspections.findings import Finding, Result
from tradelane.inspections.model import FINAL, TRANSITIONS, CaseState, Decision, StepKind, advance
from tradelane.kit import canonical
from tradelane.kit.errors import InputRefused, Problem, TradelaneError

WHY = "Papers agree with the goods."
CONFORM = Finding(line=1, result=Result.CONFORM)


def code_of(caught: pytest.ExceptionInfo[TradelaneError]) -> str:
    return caught.value.problems[0].code


def test_nothing_leaves_a_final_state_and_everything_else_goes_on() -> None:
    for state in CaseState:
        allowed = [d for d in Decision if not isinstance(advance(state, d), Problem)]
        assert (not allowed) == (state in FINAL)
    assert len(TRANSITIONS) == 3 * 4 + 1 + 3


def test_what_cannot_be_decided_says_what_can() -> None:
    problem = advance(CaseState.OPEN, Decision.REJECT)
    assert isinstance(problem, Problem)
    assert problem.hint == "Allowed there: release, inspect, refer, hold."


def test_following_the_recommendation_needs_no_reason(desk: Any, new_case: Any) -> None:
    red, yellow = desk.open(new_case("A1"), new_case("A2", lane="yellow"))
    assert (red.recommendation, yellow.recommendation) == (Decision.INSPECT, Decision.REFER)
    step = desk.decide(red.id, Decision.INSPECT)
    assert (step.number, step.before, step.after) == (1, CaseState.OPEN, CaseState.INSPECTING)
    assert not step.against_recommendation
    assert not desk.decide(yellow.id, Decision.REFER).against_recommendation


@pytest.mark.parametrize(
    "reason", ["", "ok", "   \n\t         ", "a\u202e\u202e\u202e\x00\x00\x00\x00\x00\x00"]
)
def test_going_against_the_recommendation_needs_a_reason_in_text(
    desk: Any, new_case: Any, reason: str
) -> None:
    (case,) = desk.open(new_case())
    with pytest.raises(InputRefused) as caught:
        desk.decide(case.id, Decision.RELEASE, reason)
    assert code_of(caught) == "inspections.reason_missing"
    assert desk.state(case.id) is CaseState.OPEN
    step = desk.decide(case.id, Decision.RELEASE, WHY)
    assert step.against_recommendation
    assert step.reason == WHY


def test_a_red_case_released_after_a_question_goes_against_the_recommendation(
    desk: Any, new_case: Any
) -> None:
    (case,) = desk.open(new_case())
    assert desk.decide(case.id, Decision.REFER, WHY).against_recommendation
    assert desk.decide(case.id, Decision.RELEASE, WHY).against_recommendation


def test_a_yellow_case_released_after_its_answer_is_no_override(desk: Any, new_case: Any) -> None:
    (case,) = desk.open(new_case(lane="yellow"))
    desk.decide(case.id, Decision.REFER, deadline=dt.date(2026, 6, 1))
    assert desk.get(case.id).deadline == dt.date(2026, 6, 1)
    assert not desk.decide(case.id, Decision.RELEASE).against_recommendation
    kept = desk.get(case.id)
    assert kept.state is CaseState.RELEASED
    assert kept.deadline is None
    assert kept.released_at == kept.decided_at


@pytest.mark.parametrize("decision", [Decision.HOLD, Decision.REJECT])
def test_what_stops_goods_says_why_even_after_an_inspection(
    desk: Any, new_case: Any, decision: Decision
) -> None:
    (case,) = desk.open(new_case())
    desk.decide(case.id, Decision.INSPECT)
    desk.find(case.id, CONFORM)
    with pytest.raises(InputRefused) as caught:
        desk.decide(case.id, decision)
    assert code_of(caught) == "inspections.reason_missing"
    assert not desk.decide(case.id, decision, WHY).against_recommendation


@pytest.mark.parametrize("decision", [Decision.RELEASE, Decision.HOLD, Decision.REJECT])
def test_an_inspection_does_not_end_without_findings(
    desk: Any, new_case: Any, decision: Decision
) -> None:
    (case,) = desk.open(new_case())
    desk.decide(case.id, Decision.INSPECT)
    with pytest.raises(TradelaneError) as caught:
        desk.decide(case.id, decision, WHY)
    assert code_of(caught) == "inspections.findings_missing"
    desk.find(case.id, CONFORM)
    desk.decide(case.id, decision, WHY)


def test_a_second_inspection_needs_findings_of_its_own(desk: Any, new_case: Any) -> None:
    (case,) = desk.open(new_case())
    desk.decide(case.id, Decision.INSPECT)
    desk.find(case.id, CONFORM)
    desk.decide(case.id, Decision.HOLD, WHY)
    desk.decide(case.id, Decision.INSPECT)
    with pytest.raises(TradelaneError) as caught:
        desk.decide(case.id, Decision.RELEASE)
    assert code_of(caught) == "inspections.findings_missing"


def test_whoever_comes_second_is_told_who_decided_what_and_when(desk: Any, new_case: Any) -> None:
    (case,) = desk.open(new_case())
    desk.decide(case.id, Decision.INSPECT)
    with pytest.raises(TradelaneError) as caught:
        desk.decide(case.id, Decision.RELEASE, WHY, by=8, login="ben", revision=case.revision)
    problem = caught.value.problems[0]
    assert problem.code == "inspections.changed"
    assert (
        problem.message == "ana decided this case on 2026-06-01 at 12:00 UTC: sent to inspection."
    )
    assert desk.get(case.id).decided_by == 7


def test_findings_and_a_withdrawal_also_tell_the_second(desk: Any, new_case: Any) -> None:
    (case,) = desk.open(new_case())
    desk.decide(case.id, Decision.INSPECT)
    desk.find(case.id, CONFORM)
    with pytest.raises(TradelaneError, match="ana recorded findings of this case on 2026-06-01"):
        desk.decide(case.id, Decision.RELEASE, revision=1)
    (other,) = desk.open(new_case("A2"))
    desk.database.write(lambda tx: desk.cases.withdraw(tx, "D0077", "A2", 1, "A wrong code."))
    with pytest.raises(TradelaneError, match="The declarant withdrew this declaration on 2026-06"):
        desk.decide(other.id, Decision.INSPECT, revision=0)


def test_a_withdrawn_case_is_final_and_withdrawing_again_is_harmless(
    desk: Any, new_case: Any
) -> None:
    (case,) = desk.open(new_case())
    step = desk.database.write(
        lambda tx: desk.cases.withdraw(tx, "D0077", "A1", 1, "A typing error")
    )
    assert (step.kind, step.by, step.after) == (StepKind.WITHDRAWN, None, CaseState.WITHDRAWN)
    for version in (1, 2):
        again = desk.database.write(
            lambda tx, v=version: desk.cases.withdraw(tx, "D0077", "A1", v, "Again")
        )
        assert again is None
    with pytest.raises(TradelaneError) as caught:
        desk.decide(case.id, Decision.RELEASE, WHY)
    assert code_of(caught) == "inspections.transition"


@pytest.mark.parametrize(
    ("decision", "day"), [(Decision.REFER, "2026-05-31"), (Decision.INSPECT, "2026-06-20")]
)
def test_a_deadline_is_of_a_referral_and_not_over(
    desk: Any, new_case: Any, decision: Decision, day: str
) -> None:
    (case,) = desk.open(new_case())
    with pytest.raises(InputRefused) as caught:
        desk.decide(case.id, decision, WHY, deadline=dt.date.fromisoformat(day))
    assert code_of(caught) == "inspections.deadline"


def test_a_reason_has_an_end(desk: Any, new_case: Any) -> None:
    (case,) = desk.open(new_case())
    with pytest.raises(InputRefused) as caught:
        desk.decide(case.id, Decision.RELEASE, "x" * 4001)
    assert code_of(caught) == "inspections.reason"


def test_a_case_that_is_not_there_is_said_so(desk: Any) -> None:
    with pytest.raises(TradelaneError) as caught:
        desk.get(99)
    assert code_of(caught) == "inspections.not_found"


def test_steps_are_kept_in_order_with_all_that_was_said(desk: Any, new_case: Any) -> None:
    (case,) = desk.open(new_case())
    made = [
        desk.decide(case.id, Decision.REFER, WHY, deadline=dt.date(2026, 6, 9), opened_page=False),
        desk.decide(case.id, Decision.INSPECT),
        desk.find(case.id, CONFORM),
        desk.decide(case.id, Decision.RELEASE),
    ]
    with desk.database.read() as tx:
        assert desk.cases.steps(tx, case.id) == made
    assert [step.number for step in made] == [1, 2, 3, 4]
    assert desk.get(case.id).revision == 4


def test_cases_and_steps_can_go_into_the_ledger_as_they_are(desk: Any, new_case: Any) -> None:
    (case,) = desk.open(new_case())
    step = desk.decide(case.id, Decision.REFER, WHY, deadline=dt.date(2026, 6, 9))
    for value in (desk.get(case.id).to_dict(), step.to_dict()):
        assert canonical.decode(canonical.encode(value)) == value
    assert case.to_dict()["score"] == "0.500000"
    assert step.to_dict()["deadline"] == "2026-06-09"
