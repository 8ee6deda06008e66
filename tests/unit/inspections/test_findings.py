"""What an inspection finds becomes a label, from the moment it is recorded."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from tradelane.inspections.findings import Discrepancy, Finding, Result, latest_of
from tradelane.inspections.model import Decision
from tradelane.inspections.rules import finding_problems
from tradelane.kit.errors import InputRefused, TradelaneError

CONFORM = Finding(line=1, result=Result.CONFORM)
WRONG = Finding(
    line=2,
    result=Result.WRONG,
    discrepancy=Discrepancy.UNDERVALUATION,
    revenue_recovered=Decimal("1250.00"),
    currency="USD",
    note="The invoice was for more.",
    quantity=Decimal("12.5"),
    quantity_unit="KGM",
    hs_code="851713",
    origin="VN",
)


def inspecting(desk: Any, new_case: Any) -> int:
    (case,) = desk.open(new_case())
    desk.decide(case.id, Decision.INSPECT)
    return int(case.id)


def test_findings_are_kept_as_they_were_given(desk: Any, new_case: Any) -> None:
    case = inspecting(desk, new_case)
    desk.find(case, CONFORM, WRONG)
    with desk.database.read() as tx:
        kept = desk.cases.findings(tx, case)
    assert [item.finding for item in kept] == [CONFORM, WRONG]
    assert {(item.login, item.step, item.at) for item in kept} == {
        ("ana", 2, "2026-06-01T12:00:00.000000Z")
    }
    assert desk.get(case).found_wrong is True


def test_a_label_is_known_from_the_moment_of_recording(desk: Any, new_case: Any) -> None:
    case = inspecting(desk, new_case)
    desk.later(days=2)
    desk.find(case, CONFORM, WRONG)
    with desk.database.read() as tx:
        labels = {label[3]: label[4] for label in desk.cases.outcomes(tx)}
        assert list(desk.cases.outcomes(tx, since=desk.clock.at + dt.timedelta(seconds=1))) == []
        assert len(list(desk.cases.outcomes(tx, since=desk.clock.at))) == 2
    assert {outcome.recorded_at for outcome in labels.values()} == {desk.clock.at}
    assert [(labels[n].fraud, labels[n].revenue_recovered) for n in (1, 2)] == [
        (False, Decimal(0)),
        (True, Decimal("1250.00")),
    ]


def test_a_correction_is_added_and_the_latest_of_a_line_counts(desk: Any, new_case: Any) -> None:
    case = inspecting(desk, new_case)
    desk.find(case, CONFORM, WRONG)
    desk.decide(case, Decision.RELEASE)
    desk.later(days=1)
    desk.find(case, Finding(line=2, result=Result.CONFORM))
    with desk.database.read() as tx:
        kept = desk.cases.findings(tx, case)
        labels = [
            (label[:4], label[4].fraud, label[4].recorded_at) for label in desk.cases.outcomes(tx)
        ]
    assert len(kept) == 3
    assert [item.finding.result for item in latest_of(kept)] == [Result.CONFORM] * 2
    assert labels == [
        (("D0077", "A1", 1, 1), False, desk.clock.at - dt.timedelta(days=1)),
        (("D0077", "A1", 1, 2), False, desk.clock.at),
    ]
    assert desk.get(case).found_wrong is False


def test_findings_need_an_inspection(desk: Any, new_case: Any) -> None:
    (case,) = desk.open(new_case())
    with pytest.raises(TradelaneError) as caught:
        desk.find(case.id, CONFORM)
    assert caught.value.problems[0].code == "inspections.not_inspecting"


def test_findings_of_a_case_that_moved_on_are_refused_whole(desk: Any, new_case: Any) -> None:
    case = inspecting(desk, new_case)
    desk.find(case, CONFORM)
    with pytest.raises(TradelaneError) as caught:
        desk.find(case, WRONG, revision=1)
    assert caught.value.problems[0].code == "inspections.changed"
    with desk.database.read() as tx:
        assert len(desk.cases.findings(tx, case)) == 1


@pytest.mark.parametrize(
    ("finding", "pointer"),
    [
        (Finding(line=0, result=Result.CONFORM), "/findings/0/line"),
        (Finding(line=4, result=Result.CONFORM), "/findings/0/line"),
        (Finding(line=1, result=Result.WRONG), "/findings/0/discrepancy"),
        (
            Finding(line=1, result=Result.CONFORM, discrepancy=Discrepancy.ORIGIN),
            "/findings/0/discrepancy",
        ),
        (
            Finding(line=1, result=Result.CONFORM, revenue_recovered=Decimal(5), currency="USD"),
            "/findings/0/revenue_recovered",
        ),
        *(
            (
                Finding(
                    line=1,
                    result=Result.WRONG,
                    discrepancy=Discrepancy.OTHER,
                    revenue_recovered=Decimal(amount),
                    currency=currency,
                ),
                pointer,
            )
            for amount, currency, pointer in (
                ("-1", "USD", "/findings/0/revenue_recovered"),
                ("NaN", "USD", "/findings/0/revenue_recovered"),
                ("1E+20", "USD", "/findings/0/revenue_recovered"),
                ("5", "", "/findings/0/currency"),
                ("5", "usd", "/findings/0/currency"),
            )
        ),
        (Finding(line=1, result=Result.CONFORM, quantity=Decimal("-3")), "/findings/0/quantity"),
        (Finding(line=1, result=Result.CONFORM, note="x" * 4001), "/findings/0/note"),
        (Finding(line=1, result=Result.CONFORM, quantity_unit="kilo"), "/findings/0/quantity_unit"),
        (Finding(line=1, result=Result.CONFORM, hs_code="85.17"), "/findings/0/hs_code"),
        (Finding(line=1, result=Result.CONFORM, origin="Peru"), "/findings/0/origin"),
    ],
)
def test_an_impossible_finding_is_refused_at_its_field(finding: Finding, pointer: str) -> None:
    problems = finding_problems([finding], 3)
    assert [problem.pointer for problem in problems] == [pointer]
    assert problems[0].code == "inspections.finding"


def test_every_wrong_finding_is_told_at_once(desk: Any, new_case: Any) -> None:
    case = inspecting(desk, new_case)
    with pytest.raises(InputRefused) as caught:
        desk.find(case, CONFORM, CONFORM, Finding(line=9, result=Result.WRONG))
    assert [p.pointer for p in caught.value.problems] == [
        "/findings/1/line",
        "/findings/2/line",
        "/findings/2/discrepancy",
    ]
    with pytest.raises(InputRefused):
        desk.find(case)


def test_what_goes_into_the_ledger_has_no_empty_fields() -> None:
    assert CONFORM.to_dict() == {"line": 1, "result": "conform"}
    assert WRONG.to_dict()["revenue_recovered"] == "1250.00"
