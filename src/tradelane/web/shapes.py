"""JSON Schemas and examples of what the API answers, for its OpenAPI description."""

from __future__ import annotations

from typing import Any

from tradelane.declarations.model import State
from tradelane.notifications.model import EVENT_TYPES
from tradelane.web.schemas import PROBLEM, described

TEXT: dict[str, Any] = {"type": "string"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
STAMP: dict[str, Any] = {
    "type": "string",
    "format": "date-time",
    "examples": ["2026-10-30T08:15:00.000000Z"],
}
MAYBE_TEXT: dict[str, Any] = {"type": ["string", "null"]}
MAYBE_STAMP: dict[str, Any] = {"type": ["string", "null"], "format": "date-time"}
STATES = sorted(str(state) for state in State)
STATE: dict[str, Any] = {"type": "string", "enum": STATES}
FREE: dict[str, Any] = {"type": "object"}


def shape(_about: str = "", /, _optional: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    """An object with these fields, all of them there but those that are optional."""
    found: dict[str, Any] = {
        "type": "object",
        "required": [name for name in fields if name not in _optional],
        "properties": fields,
    }
    return {**found, "description": _about} if _about else found


def listing(item: dict[str, Any]) -> dict[str, Any]:
    """A page of a list."""
    return shape(
        items={"type": "array", "items": item},
        next={**MAYBE_TEXT, "description": "The cursor of the next page, null on the last one."},
    )


def many(item: dict[str, Any]) -> dict[str, Any]:
    """A whole list."""
    return shape(items={"type": "array", "items": item})


def answers(
    schema: dict[str, Any],
    *errors: int,
    status: int = 200,
    media: str = "application/json",
    example: Any = None,
    about: str = "",
) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route: what it answers, and problem details for every error."""
    content: dict[str, Any] = {"schema": schema}
    if example is not None:
        content["example"] = example
    found = described(status, *errors)
    found[status]["content"] = {media: content}
    if about:
        found[status]["description"] = about
    return found


LISTED = shape(
    declarant=TEXT,
    reference=TEXT,
    version={"type": "integer", "minimum": 1},
    state=STATE,
    lines=COUNT,
    received_at=STAMP,
    href={**TEXT, "description": "Where its record is."},
)
VERSION = shape(
    version={"type": "integer", "minimum": 1},
    state=STATE,
    received_at=STAMP,
    digest={**TEXT, "description": "SHA-256 of the content, as the ledger has it."},
    declared={**FREE, "description": "What was declared, in the names of a declaration."},
)
ASSESSED_LINE = shape(
    number={"type": "integer"},
    hs_code=TEXT,
    currency=TEXT,
    customs_value=MAYBE_TEXT,
    charges={"type": "array", "items": FREE},
    duty=TEXT,
    tax=TEXT,
    other=TEXT,
    total=TEXT,
    relief=TEXT,
    explanation={"type": "array", "items": TEXT},
    open_questions={"type": "array", "items": FREE},
    risk={**FREE, "description": "Officials only."},
    lane={**FREE, "description": "Officials only."},
    _optional=(
        "currency",
        "customs_value",
        "charges",
        "duty",
        "tax",
        "other",
        "total",
        "relief",
        "explanation",
        "open_questions",
        "risk",
        "lane",
    ),
)
RECORD = shape(
    declarant=TEXT,
    reference=TEXT,
    **VERSION["properties"],
    assessed={"type": "array", "items": ASSESSED_LINE},
)
CHANGE = shape(declarant=TEXT, reference=TEXT, version=COUNT, state=STATE, at=STAMP, reason=TEXT)
CLEARED = shape(
    declarant=TEXT,
    reference=TEXT,
    version=COUNT,
    status={"type": "string", "enum": ["accepted", "repeated"]},
    state=STATE,
    received_at=STAMP,
    lines={"type": "array", "items": ASSESSED_LINE},
    _optional=("received_at", "lines"),
)
MESSAGE = shape(
    id=COUNT,
    direction={"type": "string", "enum": ["to_declarant", "to_administration"]},
    kind={"type": "string", "enum": ["question", "document_request", "notice", "answer"]},
    text=TEXT,
    sent_at=STAMP,
    awaits_answer={"type": "boolean"},
    answers={"type": ["integer", "null"]},
    answered_at=MAYBE_STAMP,
    deadline={"type": ["string", "null"], "format": "date"},
    read_at=MAYBE_STAMP,
    **{"from": TEXT},
    _optional=("read_at",),
)
RECEIPT = shape(
    "Proof that an entry is in the ledger; anyone can check it without us.",
    format={"type": "string", "const": "tradelane-receipt/1"},
    entry={**TEXT, "description": "The entry's canonical JSON, as text."},
    index=COUNT,
    path={"type": "array", "maxItems": 64, "items": TEXT},
    checkpoint={**TEXT, "description": "A signed note (C2SP tlog-checkpoint)."},
    verifier_key=TEXT,
)
JOB = shape(
    id=TEXT,
    state={"type": "string", "enum": ["waiting", "running", "done", "failed"]},
    note={**TEXT, "description": "What it waits for or failed on, else empty."},
    mapping=TEXT,
    bytes=COUNT,
    rows_total={"type": ["integer", "null"]},
    rows_read=COUNT,
    accepted=COUNT,
    repeated=COUNT,
    refused=COUNT,
    created_at=STAMP,
    started_at=MAYBE_STAMP,
    finished_at=MAYBE_STAMP,
    results={**TEXT, "description": "Where its results are."},
)
SUBSCRIPTION = shape(
    id=COUNT,
    url=TEXT,
    event_types={"type": "array", "items": {"type": "string", "enum": list(EVENT_TYPES)}},
    topics={"type": "array", "items": TEXT},
    created_at=STAMP,
    paused={"type": "string", "enum": ["", "asked", "failing"]},
    failing_since=MAYBE_STAMP,
    last_at=MAYBE_STAMP,
    last_status={"type": ["integer", "null"]},
    last_error=TEXT,
    old_secret_until=MAYBE_STAMP,
    secret={**TEXT, "description": "Only in the answer that makes it; keep it."},
    _optional=("secret",),
)
DELIVERY = shape(
    id=COUNT,
    event_id=COUNT,
    webhook_id=TEXT,
    event_type=TEXT,
    state={"type": "string", "enum": ["pending", "delivered", "given_up"]},
    attempts=COUNT,
    next_attempt_at=MAYBE_STAMP,
    created_at=STAMP,
    last_status={"type": ["integer", "null"]},
    last_error=TEXT,
    delivered_at=MAYBE_STAMP,
)
CODE = shape(
    code=TEXT,
    level={"type": "string", "enum": ["section", "chapter", "heading", "subheading", "national"]},
    wording=TEXT,
)
__all__ = ["PROBLEM"]
