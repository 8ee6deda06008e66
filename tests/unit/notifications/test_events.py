"""What a declarant is told, and what no declarant is ever told."""

from __future__ import annotations

from typing import Any

import pytest

from tradelane.journeys import entries
from tradelane.kit.canonical import encode
from tradelane.kit.errors import InputRefused
from tradelane.notifications.model import EVENT_TYPES, TRANSLATIONS, read_types, translate

AT = "2026-03-01T09:00:00.000000Z"
SECRET_FIELDS = {
    "probability": "SECRET",
    "expected_revenue": "SECRET",
    "score": "SECRET",
    "reasons": [["SECRET", "SECRET"]],
    "features": "SECRET",
    "model": "SECRET",
    "parameters": "SECRET",
    "lane": "SECRET",
    "selected_by": "SECRET",
    "propensity": "SECRET",
    "recommendation": "SECRET",
    "officer": "SECRET",
    "assigned_to": "SECRET",
    "by": "SECRET",
    "author": "SECRET",
    "author_name": "SECRET",
    "reason": "SECRET",
    "override": "SECRET",
    "findings": [{"text": "SECRET"}],
    "text": "SECRET",
    "needs_person": [{"code": "SECRET"}],
    "relief_status": "SECRET",
    "steps": [["SECRET"]],
    "batch": "SECRET",
    "row": "SECRET",
}
ALL_KINDS = sorted(
    value
    for name, value in vars(entries).items()
    if name.isupper() and isinstance(value, str) and "." in value
)


def entry(kind: str, body: dict[str, Any], subject: str = "D-1/A%2F7") -> dict[str, Any]:
    return {"at": AT, "kind": kind, "subject": subject, "body": body}


@pytest.mark.parametrize("kind", sorted({*ALL_KINDS, *TRANSLATIONS}))
def test_no_secret_field_passes_into_any_event(kind: str):
    nested = dict.fromkeys(("version", "decision", "message", "deadline"), SECRET_FIELDS)
    charges = {"charges": [{**SECRET_FIELDS, "amount": "1.00"}, "SECRET"]}
    for body in (SECRET_FIELDS, {**SECRET_FIELDS, **nested}, {**SECRET_FIELDS, **charges}):
        event = translate(3, entry(kind, body))
        assert event is None or b"SECRET" not in encode(event.to_dict())


@pytest.mark.parametrize(
    "kind",
    [
        "risk.scored",
        "lane.routed",
        "case.assigned",
        "batch.opened",
        "batch.ranked",
        "declaration.repeated",
        "anything.new",
    ],
)
def test_kinds_that_are_not_named_are_never_told(kind: str):
    assert translate(0, entry(kind, {"version": 1})) is None


def test_a_red_case_and_a_yellow_one_look_the_same():
    told = [
        translate(0, entry("case.opened", {"case": 4, "version": 1, "lane": lane}))
        for lane in ("red", "yellow")
    ]
    assert told[0] == told[1]
    assert told[0] is not None
    assert told[0].type == "declaration.under_review"


def test_an_assessment_tells_the_amounts_of_its_line():
    body = {
        "batch": "b",
        "number": 2,
        "hs_code": "610910",
        "currency": "KRW",
        "customs_value": "100.00",
        "duty": "8.00",
        "tax": "10.80",
        "other": "0.00",
        "total": "18.80",
        "charges": [{"kind": "duty", "code": "duty", "base": "100.00", "rate": "8", "x": "y"}],
        "needs_person": [{"code": "duties.bundling"}],
    }
    event = translate(9, entry("duty.assessed", body, "D-1/A%2F7/2"))
    assert event is not None
    assert event.to_dict() == {
        "id": 9,
        "type": "duty.assessed",
        "timestamp": AT,
        "data": {
            "declarant": "D-1",
            "reference": "A/7",
            "line": 2,
            "hs_code": "610910",
            "currency": "KRW",
            "customs_value": "100.00",
            "duty": "8.00",
            "tax": "10.80",
            "other": "0.00",
            "total": "18.80",
            "charges": [{"kind": "duty", "code": "duty", "base": "100.00", "rate": "8"}],
        },
    }


def test_a_decision_is_told_without_its_reason_or_its_officer():
    body = {"decision": "release", "version": 2, "reason": "he is my cousin", "officer": "Kim"}
    event = translate(5, entry("case.decided", body))
    assert event is not None
    assert (event.type, dict(event.data)) == (
        "declaration.decided",
        {"version": 2, "decision": "release"},
    )


def test_a_rejected_row_of_a_file_is_nobodys_event_and_a_declarant_may_be_called_batch():
    row = entry("declaration.rejected", {"codes": ["declarations.hs_unknown"]}, "batch/b1/row/7")
    assert translate(0, row) is None
    whole = translate(0, entry("declaration.cancelled", {"version": 1}, "batch/b1"))
    assert whole is not None
    assert (whole.declarant, whole.reference, whole.line) == ("batch", "b1", None)


def test_asking_for_no_types_means_all_and_unknown_ones_are_named():
    assert read_types([]) == EVENT_TYPES
    assert len(EVENT_TYPES) == 11
    with pytest.raises(InputRefused) as refused:
        read_types(["duty.assessed", "risk.scored", 7])
    assert [p.pointer for p in refused.value.problems] == ["/event_types/1", "/event_types/2"]
