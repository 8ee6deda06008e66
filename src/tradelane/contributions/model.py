"""A published record: what two persons put into the hub, from the day of the second one's yes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class RecordKind(StrEnum):
    """What is published."""

    PROVISION = "provision"
    STATE = "state"
    CASE = "case"


@dataclass(frozen=True, slots=True)
class Record:
    """What was published, byte for byte as it was agreed to.

    about: the id of the provision, instrument or case; content: plain JSON; replaces: digest of
    what was published before, "" for something new; recorded_from: the UTC day from which it is
    known; economies, domains: whom it is of interest to; title: what it is called in a list;
    organisation: whose contact point proposed it. People are logins, times RFC 3339 stamps.
    """

    id: int
    kind: RecordKind
    about: str
    content: Mapping[str, Any]
    replaces: str
    recorded_from: dt.date
    published_at: str
    economies: tuple[str, ...]
    domains: tuple[str, ...]
    title: str
    reason: str
    proposal: int
    organisation: str
    proposed_by: str
    agreed_by: str

    def is_about(self, economy: str = "", domain: str = "") -> bool:
        """Whether somebody who follows an economy, a domain or both is told of it; "" for all."""
        return (not economy or economy in self.economies) and (not domain or domain in self.domains)
