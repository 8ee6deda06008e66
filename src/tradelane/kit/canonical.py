"""Canonical JSON (RFC 8785) for what is hashed, signed or replayed, and the hash itself.

Two values that are equal have the same bytes. To stay inside the part of RFC 8785 where a fast
encoder agrees with it to the byte (`tests/property/test_canonical.py` holds it to the reference
implementation), values are limited to dicts with ASCII keys, lists, strings, integers below 2**53,
booleans and null: **no floats**. Amounts and probabilities go in as decimal strings.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def encode(value: Any) -> bytes:
    """The canonical bytes of ``value``.

    >>> encode({"b": "1.50", "a": [True, None, 3]})
    b'{"a":[true,null,3],"b":"1.50"}'
    """
    return orjson.dumps(value, option=_OPTIONS)


def decode(data: bytes) -> Any:
    """The value of canonical (or any valid) JSON bytes; raises ValueError on anything else."""
    return orjson.loads(data)


def digest(data: bytes) -> str:
    """``sha256:`` and 64 hex digits.

    >>> digest(b"")[:20]
    'sha256:e3b0c44298fc1'
    """
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_of(value: Any) -> str:
    """The digest of a value's canonical bytes."""
    return digest(encode(value))
