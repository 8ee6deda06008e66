"""Addresses of declarations, whose parts can hold any sign, ``/`` and ``%`` among them.

A server decodes a path before it is routed, so that ``A%2F7`` would become two parts. Below
`_ENCODED` the path is therefore routed as it was sent, and every `Part` of it decoded afterwards.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import Path
from pydantic import BeforeValidator
from starlette.types import Scope

DECLARATIONS = "/api/v1/declarations"
_ENCODED = (b"/api/v1/declarations/", b"/declarations/")
PAGES = "/declarations"


def keep_encoded(scope: Scope) -> None:
    """Let a path below one of these prefixes be routed as it was sent."""
    raw: bytes = scope.get("raw_path") or b""
    if b"%" in raw and raw.startswith(_ENCODED):
        scope["path"] = raw.decode("latin-1")


def declaration_address(declarant: str, reference: str, *more: str) -> str:
    """Where the API has a declaration.

    >>> declaration_address("D-1", "A/7 %", "versions")
    '/api/v1/declarations/D-1/A%2F7%20%25/versions'
    """
    return "/".join((DECLARATIONS, quote(declarant, safe=""), quote(reference, safe=""), *more))


def declaration_page(declarant: str, reference: str, *more: str) -> str:
    """Where its declarant finds the page of a declaration.

    >>> declaration_page("D-1", "A/7", "withdraw")
    '/declarations/D-1/A%2F7/withdraw'
    """
    return "/".join((PAGES, quote(declarant, safe=""), quote(reference, safe=""), *more))


def _decoded(value: Any) -> Any:
    found = unquote(value) if isinstance(value, str) else value
    if isinstance(found, str) and "\0" in found:
        raise ValueError("NUL has no place in it")  # no database could keep it
    return found


Declarant = Annotated[
    str,
    BeforeValidator(_decoded),
    Path(
        description="The declarant's identifier, percent-encoded.",
        examples=["D0077"],
        max_length=300,
    ),
]
Reference = Annotated[
    str,
    BeforeValidator(_decoded),
    Path(
        description="The declarant's own reference, percent-encoded: `A/7` is `A%2F7`.",
        examples=["2026-000117"],
        max_length=300,
    ),
]
