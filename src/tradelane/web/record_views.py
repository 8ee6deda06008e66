"""A declaration's record as JSON: what its declarant may know, and what an official may beside."""

from __future__ import annotations

from typing import Any

from tradelane.correspondence.model import Direction, Message
from tradelane.declarations.model import Kept, Listed
from tradelane.duties.explanation import explain
from tradelane.journeys.record import LineRecord, Record
from tradelane.trade.declaration import content
from tradelane.web.addresses import declaration_address

_AMOUNTS = ("currency", "customs_value", "charges", "duty", "tax", "other", "total")


def listed_view(listed: Listed) -> dict[str, Any]:
    """A declaration in a list."""
    return {
        "declarant": listed.declarant,
        "reference": listed.reference,
        "version": listed.version,
        "state": str(listed.status),
        "lines": listed.line_count,
        "received_at": listed.received_at,
        "href": declaration_address(listed.declarant, listed.reference),
    }


def version_view(kept: Kept) -> dict[str, Any]:
    """A version with all that was declared in it."""
    return {
        "version": kept.version,
        "state": str(kept.status),
        "received_at": kept.received_at,
        "digest": kept.content_digest,
        "declared": content(kept.declaration),
    }


def record_view(record: Record, *, official: bool) -> dict[str, Any]:
    """The latest version with what was worked out for it.

    ``official``: with score, reasons and lane of each line, which no declarant is told.
    """
    key = record.kept.declaration
    return {
        "declarant": key.declarant,
        "reference": key.reference,
        **version_view(record.kept),
        "assessed": [_line_view(line, official) for line in record.lines],
    }


def _line_view(line: LineRecord, official: bool) -> dict[str, Any]:
    body = line.assessed
    view: dict[str, Any] = {"number": line.goods.number, "hs_code": line.goods.hs_code}
    if body is not None:
        view.update({name: body[name] for name in _AMOUNTS})
        view["relief"] = body["relief_status"]
        view["explanation"] = explain(body)
        view["open_questions"] = list(body.get("needs_person", ()))
    if official and line.scored is not None:
        view["risk"] = {
            name: line.scored[name]
            for name in ("model", "probability", "expected_revenue", "score", "reasons")
        }
    if official and line.routed is not None:
        view["lane"] = {name: line.routed[name] for name in ("lane", "selected_by", "propensity")}
    return view


def message_view(message: Message, *, official: bool) -> dict[str, Any]:
    """A message of the thread. Declarants read 'Customs' in place of an officer's name."""
    author = message.author_name if official else message.author_for_declarant
    view = {
        "id": message.id,
        "direction": str(message.direction),
        "kind": str(message.kind),
        "from": author,
        "text": message.text,
        "sent_at": message.sent_at,
        "awaits_answer": message.awaits_answer,
        "answers": message.answers,
        "answered_at": message.answered_at,
        "deadline": None if message.deadline is None else message.deadline.isoformat(),
    }
    if official or message.direction is Direction.TO_DECLARANT:
        view["read_at"] = message.read_at  # when officers read is their own affair
    return view
