"""A model's name and manifest: what must match before anything is scored with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tradelane.kit import canonical

SHORT = 12
"""Hex digits of the digest that name a model's folder."""

UNSIGNED = ("digest", "created_at")
"""Manifest fields that the digest does not cover: itself, and the time of publishing, so that the
same training published twice is the same model."""


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A published model: its name and the digest (``sha256:...``) of what it is.

    >>> str(ModelRef("targeting", "sha256:" + "ab" * 32))
    'targeting/abababababab'
    """

    name: str
    digest: str

    def __str__(self) -> str:
        return f"{self.name}/{short(self.digest)}"


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model whose every file was checked: its manifest (plain JSON) and its files' bytes."""

    ref: ModelRef
    manifest: Mapping[str, Any]
    files: Mapping[str, bytes]


def short(digest: str) -> str:
    """The part of a digest that names a folder.

    >>> short("sha256:0123456789abcdef")
    '0123456789ab'
    """
    return digest.removeprefix("sha256:")[:SHORT]


def plain(value: Any) -> Any:
    """``value`` with floats and decimals as text, so that it can be hashed as canonical JSON.

    >>> plain({"auc": 0.75, "features": ("a", 1)})
    {'auc': '0.75', 'features': ['a', 1]}
    """
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    return value


def digest_of(manifest: Mapping[str, Any]) -> str:
    """The digest of a manifest: file hashes, features, parameters, versions and card text."""
    return canonical.digest_of({k: v for k, v in manifest.items() if k not in UNSIGNED})
