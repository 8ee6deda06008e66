"""The API's own description: OpenAPI 3.1 with who may ask, and the same for a page to show."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from tradelane.web.access import Rule, SignedIn, scopes_of
from tradelane.web.schemas import described

TAGS: tuple[tuple[str, str], ...] = (
    (
        "declarations",
        "File declarations, follow them, change them before their release, and answer customs.",
    ),
    ("bulk", "Many declarations in one request, filed in the background."),
    ("events", "What happens to your declarations, as it happens."),
    ("webhooks", "The same events, sent to a server of yours and signed."),
    ("cases", "For officers' systems: the queue, whole cases, decisions and findings."),
    ("oversight", "Figures of the administration, and what a supervisor sets."),
    ("ledger", "Receipts, checkpoints and proofs, for anyone."),
    ("governance", "What economies ask of AI, compared at a date, for anyone."),
    ("reference", "Codes of goods and error codes, for anyone."),
)
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "tl_...",
    "description": "A token that you make under Account, API tokens. It has the scopes that you "
    "choose among those of your role.",
}


def operation_id(route: APIRoute) -> str:
    """An operation is called like the function that answers it."""
    return route.name


def describe(app: FastAPI) -> None:
    """Let the application describe itself: once, when it is first asked."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
    spec: dict[str, Any] = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=[{"name": name, "description": about} for name, about in TAGS],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": app.state.settings.origin}],
    )
    spec.setdefault("components", {})["securitySchemes"] = {"token": _BEARER}
    schemas = spec["components"].get("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)  # errors are problem details everywhere
    rules = dict(_rules(app))
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            if "HTTPValidationError" in str(operation["responses"].get("422", "")):
                operation["responses"]["422"] = described(422)[422]
            rule = rules.get((method.upper(), path))
            if isinstance(rule, SignedIn):
                # One of these scopes is enough: each is a requirement of its own.
                scopes = sorted(map(str, scopes_of(rule)))
                operation["security"] = [{"token": [scope]} for scope in scopes] or [{"token": []}]
            else:
                operation["security"] = []
    return spec


def _rules(app: FastAPI) -> Iterator[tuple[tuple[str, str], Rule]]:
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute) or not context.include_in_schema:
            continue
        for dependency in route.dependant.dependencies:
            if isinstance(dependency.call, Rule):
                for method in route.methods or ():
                    yield (method, str(context.path_format)), dependency.call


# ---------------------------------------------------------------- for people


def operations(spec: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Every operation under its tag, in the order of `TAGS`, as the page shows it."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name, _ in TAGS}
    origin = spec["servers"][0]["url"]
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            tag = operation.get("tags", ["other"])[0]
            found.setdefault(tag, []).append(_shown(origin, method.upper(), path, operation))
    return {tag: shown for tag, shown in found.items() if shown}


def _shown(origin: str, method: str, path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    security = operation.get("security") or []
    content = operation.get("requestBody", {}).get("content", {})
    nothing: tuple[str, dict[str, Any]] = ("", {})
    media, body = next(iter(content.items()), nothing)
    return {
        "id": operation["operationId"],
        "method": method,
        "path": path,
        "summary": operation.get("summary", ""),
        "about": operation.get("description", ""),
        "scopes": [scope for one in security for scope in one["token"]] if security else None,
        "parameters": [_parameter(one) for one in operation.get("parameters", ())],
        "media": list(content),
        "fields": list(_fields(body.get("schema", {}))),
        "responses": [
            (status, one["description"], "/".join(one.get("content", {})))
            for status, one in sorted(operation["responses"].items())
        ],
        "curl": _curl(origin, method, path, operation, media, body),
    }


def _parameter(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": one["name"],
        "place": one["in"],
        "required": one.get("required", False),
        "about": one.get("description") or one.get("schema", {}).get("description", ""),
        "kind": _kind(one.get("schema", {})),
    }


def _fields(schema: Mapping[str, Any], above: str = "") -> Iterator[dict[str, Any]]:
    """The fields of a body, those of nested objects by their path."""
    for name, one in schema.get("properties", {}).items():
        path = f"{above}{name}"
        yield {
            "name": path,
            "required": name in schema.get("required", ()),
            "kind": _kind(one),
            "about": one.get("description", ""),
        }
        inner, mark = (one["items"], "[].") if one.get("type") == "array" else (one, ".")
        if not above.count("."):
            yield from _fields(inner, f"{path}{mark}")


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(str(value) or '""' for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"] if one.get("type") != "null")
    kind = schema.get("type", "any")
    kind = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if kind == "array":
        kind = f"list of {_kind(schema.get('items', {}))}"
    limits = [
        f"{word} {schema[name]:,}"
        for name, word in (
            ("minimum", "from"),
            ("maximum", "to"),
            ("maxLength", "up to"),
            ("maxItems", "at most"),
        )
        if name in schema and abs(schema[name]) < 1 << 40
    ]
    return " ".join([schema.get("format", kind), *limits])


def _curl(
    origin: str,
    method: str,
    path: str,
    operation: Mapping[str, Any],
    media: str,
    body: Mapping[str, Any],
) -> str:
    """A command that can be pasted; what stands in capitals is to be filled in."""
    address = path
    query = []
    for one in operation.get("parameters", ()):
        schema = one.get("schema", {})
        example = next(iter(schema.get("examples", ())), one["name"].upper())
        if one["in"] == "path":
            address = address.replace("{" + one["name"] + "}", str(example))
        elif one["in"] == "query" and one.get("required"):
            query.append(f"{one['name']}={example}")
    parts = ["curl"]
    if method not in ("GET", "POST") or (method == "POST" and not media):
        parts.append(f"-X {method}")
    if operation.get("security"):
        parts.append('-H "Authorization: Bearer $TOKEN"')
    if media:
        parts.append(f"-H 'Content-Type: {media}'")
        if media == "application/json" and "example" in body:
            text = json.dumps(body["example"], ensure_ascii=False)
            parts.append("-d '" + text.replace("'", "'\\''") + "'")
        else:
            parts.append("--data-binary @FILE")
    parts.append(f"'{origin}{address}{'?' + '&'.join(query) if query else ''}'")
    return " \\\n  ".join(parts)
