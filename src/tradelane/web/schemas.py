"""The bodies of the API as OpenAPI says them, made from the mapping's own fields."""

from __future__ import annotations

from typing import Any

_STATUS = {
    200: "Done, or done before.",
    201: "Done.",
    202: "Taken; it goes on in the background.",
    204: "Done; there is nothing to say.",
    401: "No valid token or session.",
    403: "The account or the token may not do this.",
    404: "There is no such thing, or it is not yours.",
    409: "Something is in the way: another content, another decision, another state.",
    413: "The body is too large.",
    415: "The body is of a kind that this address does not read.",
    422: "Something is wrong with the input; every problem is listed with a pointer.",
    429: "Too many requests; see Retry-After.",
    503: "Not at the moment; see Retry-After.",
}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "hint": {"type": "string"},
        "trace": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route: problem details for every error."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        found[status] = {"description": _STATUS[status]}
        if status >= 400:
            found[status]["content"] = {"application/problem+json": {"schema": PROBLEM}}
    return found


_TEXT = {"type": "string", "maxLength": 100}
_DECIMAL = {
    "description": "A decimal; as text it keeps every digit.",
    "anyOf": [{"type": "string", "pattern": r"^\d{1,15}(\.\d{1,20})?$"}, {"type": "number"}],
}
_DAY = {"type": "string", "format": "date"}

LINE: dict[str, Any] = {
    "type": "object",
    "required": ["line", "hs_code", "origin", "currency", "customs_value"],
    "properties": {
        "line": {"type": "integer", "minimum": 1, "maximum": 9999},
        "hs_code": {"type": "string", "pattern": r"^\d{6,10}$", "description": "HS code."},
        "description": {"type": "string", "maxLength": 4000},
        "origin": {"type": "string", "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2."},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217."},
        "customs_value": _DECIMAL,
        "net_mass_kg": _DECIMAL,
        "gross_mass_kg": _DECIMAL,
        "quantity": _DECIMAL,
        "quantity_unit": {"type": "string", "maxLength": 3, "description": "UN/ECE Rec. 20."},
        "freight": _DECIMAL,
        "insurance": _DECIMAL,
        "preference": _TEXT,
        "declared_duty_rate": _DECIMAL,
    },
}
DECLARATION: dict[str, Any] = {
    "type": "object",
    "required": ["declaration_id", "declarant", "date", "importer", "lines"],
    "properties": {
        "declaration_id": {**_TEXT, "minLength": 1, "description": "Your own reference."},
        "declarant": {**_TEXT, "minLength": 1, "description": "One of your organisation's."},
        "date": _DAY,
        "importer": {**_TEXT, "minLength": 1},
        "importer_since": _DAY,
        "seller": _TEXT,
        "carrier": _TEXT,
        "office": _TEXT,
        "departure": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "transport_mode": {"type": "string", "maxLength": 2, "description": "UN/ECE Rec. 19."},
        "procedure": _TEXT,
        "lines": {"type": "array", "minItems": 1, "maxItems": 9999, "items": LINE},
    },
}
EXAMPLE = {
    "declaration_id": "2026-000117",
    "declarant": "D0077",
    "date": "2026-10-30",
    "importer": "IM000215",
    "office": "PMSEA",
    "departure": "CN",
    "transport_mode": "1",
    "procedure": "4000",
    "lines": [
        {
            "line": 1,
            "hs_code": "847130",
            "description": "Laptop computers, 14 inch",
            "origin": "CN",
            "currency": "USD",
            "customs_value": "12400.00",
            "net_mass_kg": "62.5",
            "quantity": "40",
            "quantity_unit": "NAR",
        }
    ],
}


def body(schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    """``openapi_extra`` of a route that takes a JSON body of this shape."""
    content: dict[str, Any] = {"schema": schema}
    if example is not None:
        content["example"] = example
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


DECLARATION_BODY = body(DECLARATION, EXAMPLE)
