"""The ledger entries of a line's way through clearance, made the same way now and in a replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tradelane.duties.model import LineAssessment
from tradelane.kit.canonical import encode
from tradelane.ledger.model import KEY_CONFIRMED as KEY_CONFIRMED
from tradelane.ledger.model import KEY_ROTATED as KEY_ROTATED
from tradelane.targeting.selection import Matched, Routed
from tradelane.trade.table import subject_of_declaration

if TYPE_CHECKING:
    from tradelane.inspections.model import Case

BATCH_OPENED = "batch.opened"
BATCH_RANKED = "batch.ranked"
BATCH_CLOSED = "batch.closed"
RECEIVED = "declaration.received"
REJECTED = "declaration.rejected"
REPEATED = "declaration.repeated"
AMENDED = "declaration.amended"
CANCELLED = "declaration.cancelled"
RELEASED = "declaration.released"
CASE_OPENED = "case.opened"
CASE_ASSIGNED = "case.assigned"
CASE_DECIDED = "case.decided"
INSPECTION_FOUND = "inspection.found"
MESSAGE_SENT = "message.sent"
MESSAGE_ANSWERED = "message.answered"
ACCOUNT_CREATED = "account.created"
ACCOUNT_CHANGED = "account.changed"
ACCOUNT_DISABLED = "account.disabled"
ORGANISATION_CHANGED = "organisation.changed"
MODEL_TRAINED = "model.trained"
MODEL_ADOPTED = "model.adopted"
MODEL_RETIRED = "model.retired"
PROPOSAL_MADE = "proposal.made"
PROPOSAL_AGREED = "proposal.agreed"
PROPOSAL_DECLINED = "proposal.declined"
PROPOSAL_WITHDRAWN = "proposal.withdrawn"
PUBLISHED = "governance.published"
SURVEY_OPENED = "survey.opened"
SURVEY_ANSWERED = "survey.answered"
EXAMPLES_ADDED = "examples.added"
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


def scored_body(
    batch: str, model: str, row: Mapping[str, Any], told: Mapping[str, Any]
) -> dict[str, Any]:
    """The score of a line, from a row of `Targeting.score`. ``model``: the model's digest; told:
    what the classifier said of the line (`text_against_code.content_of`)."""
    return {
        **told,
        "batch": batch,
        "model": model,
        "probability": row["probability_text"],
        "expected_revenue": row["expected_revenue_text"],
        "score": row["score_text"],
        "features": row["features_digest"],
        "reasons": [[row[f"reason_{n}_code"], row[f"reason_{n}_text"]] for n in (1, 2, 3)],
    }


def routed_body(
    batch: str, routed: Routed, hits: Sequence[Matched] = (), novelty: float | None = None
) -> dict[str, Any]:
    """The lane of a line and how it was selected; the rules that matched it, where any did, and
    its novelty, where that gave it a chance (None: where it could not)."""
    body: dict[str, Any] = {
        "batch": batch,
        "lane": routed.lane,
        "selected_by": routed.selected_by,
        "propensity": routed.propensity,
    }
    if novelty is not None:
        body["novelty"] = f"{novelty:.6f}"
    for name, shadow in (("rules", False), ("shadow_rules", True)):
        found = sorted(hit.rule for hit in hits if hit.shadow == shadow)
        if found:
            body[name] = found
    return body


def case_opened(at: str, case: Case) -> Encoded:
    """A declaration waits for an officer."""
    body = {
        "case": case.id,
        "version": case.version,
        "lane": case.lane,
        "selected_by": case.selected_by,
        "recommendation": str(case.recommendation),
    }
    return entry(at, CASE_OPENED, subject_of_declaration(case.declarant, case.reference), body)
