"""What must be true of decisions and findings, and what the second of two officers is told."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from tradelane.inspections.findings import Finding, Result
from tradelane.inspections.model import (
    DONE,
    SHORTEST_REASON,
    Case,
    CaseState,
    Decision,
    Stage,
    Step,
    StepKind,
)
from tradelane.kit.clock import read_stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.kit.plaintext import clean, clean_line

LONGEST_REASON = 4000
"""Characters of a reason or of a finding's note at most."""
_LARGEST = 10**15


def seconds_between(start: str, end: str) -> int:
    """Whole seconds between two stamps; clocks of two machines may differ, so never below 0."""
    return max(0, int((read_stamp(end) - read_stamp(start)).total_seconds()))


def stages_of_decision(case: Case, decided: Case, after: CaseState) -> dict[Stage, int]:
    """The stages that a decision ended, in seconds; ``case`` before it, ``decided`` after it."""
    now = decided.decided_at
    assert now is not None
    ended: dict[Stage, int] = {}
    if case.first_decided_at is None:
        ended[Stage.RECEIVED_TO_DECIDED] = seconds_between(case.received_at, now)
    if after is CaseState.RELEASED:
        ended[Stage.RECEIVED_TO_RELEASED] = seconds_between(case.received_at, now)
        if case.found_at is not None:
            ended[Stage.FOUND_TO_RELEASED] = seconds_between(case.found_at, now)
    return ended


def said(step: Step) -> str:
    """A step in a sentence, for somebody who came second."""
    when = f"{step.at[:10]} at {step.at[11:16]} UTC"
    if step.kind is StepKind.WITHDRAWN:
        return f"The declarant withdrew this declaration on {when}."
    if step.decision is None:
        return f"{step.login} recorded findings of this case on {when}."
    return f"{step.login} decided this case on {when}: {DONE[step.decision]}."


def checked_reason(reason: str, *, needed: bool) -> str:
    """The reason as it is kept; InputRefused ``inspections.reason_missing``, ``reason``."""
    text = clean(reason)
    if needed and len(clean_line(text)) < SHORTEST_REASON:
        raise InputRefused(
            Problem(
                "inspections.reason_missing",
                "This decision needs a reason.",
                pointer="/reason",
                hint=f"Say why in at least {SHORTEST_REASON} characters: it goes against the "
                "recommendation, or stops the goods.",
            )
        )
    if len(text) > LONGEST_REASON:
        raise InputRefused(
            Problem(
                "inspections.reason",
                f"The reason has {len(text)} characters; {LONGEST_REASON} are allowed.",
                pointer="/reason",
                hint="Say it shorter, or add a file as evidence.",
            )
        )
    return text


def check_deadline(decision: Decision, deadline: dt.date | None, today: dt.date) -> None:
    """Refuses a deadline that is over, or of anything but a referral."""
    if deadline is None:
        return
    if decision is not Decision.REFER:
        message, hint = "Only a referral has a deadline.", "Leave the deadline out."
    elif deadline < today:
        message = f"The deadline {deadline.isoformat()} is over already."
        hint = f"Give {today.isoformat()} or a later day."
    else:
        return
    raise InputRefused(Problem("inspections.deadline", message, pointer="/deadline", hint=hint))


def finding_problems(findings: Sequence[Finding], lines: int) -> list[Problem]:
    """Everything that is wrong with findings of a declaration with so many lines.

    >>> wrong = Finding(line=3, result=Result.WRONG)
    >>> [(p.pointer, p.message) for p in finding_problems([wrong], 2)]  # doctest: +ELLIPSIS
    [('/findings/0/line', 'The declaration has no line 3.'), ('/findings/0/discrepancy', ...)]
    """
    if not findings:
        return [_finding("/findings", "No finding was given.", "Give one a line that was seen.")]
    found: list[Problem] = []
    seen: set[int] = set()
    for place, finding in enumerate(findings):
        at = f"/findings/{place}"
        if not 1 <= finding.line <= lines:
            hint = f"Its lines are 1 to {lines}."
            message = f"The declaration has no line {finding.line}."
            found.append(_finding(f"{at}/line", message, hint))
        elif finding.line in seen:
            message = f"Line {finding.line} stands here twice."
            found.append(_finding(f"{at}/line", message, "Give one finding a line."))
        seen.add(finding.line)
        found += _content_problems(finding, at)
    return found


def _content_problems(finding: Finding, at: str) -> list[Problem]:
    found: list[Problem] = []
    wrong = finding.result is Result.WRONG
    if wrong and finding.discrepancy is None:
        message = "A line that is wrong needs its discrepancy."
        found.append(_finding(f"{at}/discrepancy", message, "Say what was wrong with it."))
    if not wrong and finding.discrepancy is not None:
        message = "A line that conforms has no discrepancy."
        found.append(_finding(f"{at}/discrepancy", message, "Leave it out, or find it wrong."))
    revenue = finding.revenue_recovered
    if revenue is not None:
        if not wrong and revenue != 0:
            message = "A line that conforms recovers no revenue."
            found.append(_finding(f"{at}/revenue_recovered", message, "Leave the amount out."))
        if not revenue.is_finite() or not 0 <= revenue < _LARGEST:
            message = "Recovered revenue is an amount from 0."
            found.append(_finding(f"{at}/revenue_recovered", message, "Write it as 1250.00."))
        if not _CURRENCY.fullmatch(finding.currency):
            message = "Recovered revenue needs its currency."
            found.append(_finding(f"{at}/currency", message, "Give three letters, like USD."))
    quantity = finding.quantity
    if quantity is not None and not (quantity.is_finite() and 0 <= quantity < _LARGEST):
        message = "The quantity that was found is a number from 0."
        found.append(_finding(f"{at}/quantity", message, "Write it as 12 or 12.5."))
    if len(finding.note) > LONGEST_REASON:
        message = f"The note has {len(finding.note)} characters; {LONGEST_REASON} are allowed."
        found.append(_finding(f"{at}/note", message, "Say it shorter, or add a file."))
    for name, text, form, hint in (
        ("quantity_unit", finding.quantity_unit, _UNIT, "Give a UN/ECE unit code, like NMB."),
        ("hs_code", finding.hs_code, _CODE, "Give 6 to 10 digits."),
        ("origin", finding.origin, _ECONOMY, "Give two letters, like NZ."),
    ):
        if text and not form.fullmatch(text):
            found.append(_finding(f"{at}/{name}", f"{text!r} is not a code of its kind.", hint))
    return found


_CURRENCY = re.compile("[A-Z]{3}")
_UNIT = re.compile("[A-Z0-9]{2,3}")
_CODE = re.compile("[0-9]{6,10}")
_ECONOMY = re.compile("[A-Z]{2}")


def _finding(pointer: str, message: str, hint: str) -> Problem:
    return Problem("inspections.finding", message, pointer=pointer, hint=hint)


def there(case: Case | None, case_id: int) -> Case:
    """The case that was looked for. Errors: ``inspections.not_found``."""
    if case is None:
        raise TradelaneError(Problem("inspections.not_found", f"There is no case {case_id}."))
    return case
