"""A draft: what somebody typed or uploaded, kept so that a lost connection loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MOST_OPEN = 200
"""Open drafts that an organisation may have."""

LARGEST = 12 << 20
"""Bytes that one draft may hold."""

KEPT_DAYS = 60
"""Days after which a draft that nobody touched is thrown away."""


class DraftKind(StrEnum):
    """What a draft becomes."""

    NEW = "new"
    AMENDMENT = "amendment"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft of an organisation, whoever of its people began it.

    about: small plain facts (a title, what it amends); content: its bytes, which only the journey
    that made them reads; revision: grows with each change; filed_as: where the result is found once
    it was filed, then the content is gone. Times are RFC 3339 stamps.
    """

    id: int
    organisation_id: int
    kind: DraftKind
    about: Mapping[str, Any]
    content: bytes
    revision: int
    filed_as: str
    created_at: str
    updated_at: str
