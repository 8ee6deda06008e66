"""Objects as the JSON that the API answers with: what a declarant may know, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tradelane.duties.model import LineAssessment
from tradelane.journeys.filings import Cleared
from tradelane.trade.declaration import Declaration


def assessed_line_view(hs_code: str, assessment: LineAssessment) -> dict[str, Any]:
    """What is due on a line: decimal texts in ``currency``, and the computation in sentences."""
    content = assessment.content()
    return {
        "number": assessment.number,
        "hs_code": hs_code,
        **{
            name: content[name]
            for name in ("currency", "customs_value", "charges", "duty", "tax", "other", "total")
        },
        "relief": assessment.relief_status,
        "explanation": assessment.trace,
        "open_questions": [problem.to_dict() for problem in assessment.needs_person],
    }


def assessment_view(
    declaration: Declaration, assessments: Sequence[LineAssessment]
) -> dict[str, Any]:
    """An assessment that binds nobody: nothing was filed."""
    return {
        "declarant": declaration.declarant,
        "reference": declaration.reference,
        "filed": False,
        "total": str(sum((a.total for a in assessments), start=type(assessments[0].total)(0))),
        "lines": [
            assessed_line_view(line.hs_code, assessment)
            for line, assessment in zip(declaration.lines, assessments, strict=True)
        ],
    }


def cleared_view(cleared: Cleared) -> dict[str, Any]:
    """What became of a filing."""
    view: dict[str, Any] = {
        "declarant": cleared.declarant,
        "reference": cleared.reference,
        "version": cleared.version,
        "status": cleared.status,
        "state": str(cleared.state),
    }
    if cleared.lines:
        view["received_at"] = cleared.received_at
        view["lines"] = [
            assessed_line_view(line.hs_code, line.assessment) for line in cleared.lines
        ]
    return view
