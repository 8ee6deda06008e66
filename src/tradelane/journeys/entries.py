"""The ledger entries of a line's way through clearance, made the same way now and in a replay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradelane.duties.model import LineAssessment
from tradelane.kit.canonical import encode
from tradelane.targeting.selection import Routed

BATCH_OPENED = "batch.opened"
BATCH_RANKED = "batch.ranked"
BATCH_CLOSED = "batch.closed"
RECEIVED = "declaration.received"
REJECTED = "declaration.rejected"
REPEATED = "declaration.repeated"
AMENDED = "declaration.amended"
CANCELLED = "declaration.cancelled"
ASSESSED = "duty.assessed"
SCORED = "risk.scored"
ROUTED = "lane.routed"

Encoded = tuple[str, str, bytes]
"""Kind, subject and canonical bytes of an entry, as `Ledger.append_encoded` takes them."""

DECISIONS = (ASSESSED, SCORED, ROUTED)
"""The kinds that a replay makes again."""


def entry(at: str, kind: str, subject: str, body: Mapping[str, Any]) -> Encoded:
    """An entry, encoded."""
    return kind, subject, encode({"at": at, "body": body, "kind": kind, "subject": subject})


def assessed_body(
    batch: str, parameters: str, hs_code: str, assessment: LineAssessment
) -> dict[str, Any]:
    """Duty, tax and relief of a line. ``parameters``: digest of the pack and exchange rates."""
    return {
        "batch": batch,
        "hs_code": hs_code,
        "parameters": parameters,
        "relief_status": assessment.relief_status,
        **assessment.content(),
    }


def needs_person(assessment: LineAssessment) -> bool:
    """Whether a person must look at the line's documents because duty could not settle it.

    Relief that is open only because nobody gave exchange rates is the same for every line of a
    file: it is said once, in the report, and sends no line to a person.
    """
    return assessment.customs_value is None or any(
        problem.code != "duties.no_exchange_rate" for problem in assessment.needs_person
    )


def scored_body(batch: str, model: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The score of a line, from a row of `Targeting.score`. ``model``: the model's digest."""
    return {
        "batch": batch,
        "model": model,
        "probability": row["probability_text"],
        "expected_revenue": row["expected_revenue_text"],
        "score": row["score_text"],
        "features": row["features_digest"],
        "reasons": [[row[f"reason_{n}_code"], row[f"reason_{n}_text"]] for n in (1, 2, 3)],
    }


def routed_body(batch: str, routed: Routed) -> dict[str, Any]:
    """The lane of a line and how it was selected."""
    return {
        "batch": batch,
        "lane": routed.lane,
        "selected_by": routed.selected_by,
        "propensity": routed.propensity,
    }
