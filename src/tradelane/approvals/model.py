"""A proposal: what somebody wants to put in force, and what a second person said to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradelane.kit import canonical

OPEN, AGREED, DECLINED, WITHDRAWN = "open", "agreed", "declined", "withdrawn"
STATES = (OPEN, AGREED, DECLINED, WITHDRAWN)

SHORTEST_REASON = 10
"""Characters that a reason has at least; whoever audits decisions will read it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed, byte for byte, and what became of it.

    kind: what carries it out (``order``, ``model``, ``rules``); subject: what it is about, such as
    a model's digest; content: plain JSON without floats, all that is needed to carry it out;
    digest: of kind, subject and content, which whoever agrees has seen; state: one of `STATES`.
    ``decided_by`` and ``remark`` are "" and ``decided_at`` is None while it is open. People are
    logins, times RFC 3339 stamps.
    """

    id: int
    kind: str
    subject: str
    content: Mapping[str, Any]
    digest: str
    reason: str
    proposed_by: str
    proposed_at: str
    state: str = OPEN
    decided_by: str = ""
    decided_at: str | None = None
    remark: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it waits for a second person."""
        return self.state == OPEN

    def facts(self) -> dict[str, Any]:
        """What the ledger keeps of it, before what was said to it."""
        return {
            "proposal": self.id,
            "kind": self.kind,
            "subject": self.subject,
            "digest": self.digest,
            "by": self.proposed_by,
        }


def digest_of(kind: str, subject: str, content: Mapping[str, Any]) -> str:
    """What a proposal is known by: another content has another digest.

    >>> one = digest_of("model", "m", {"a": 1})
    >>> one == digest_of("model", "m", {"a": 1}), one == digest_of("model", "m", {"a": 2})
    (True, False)
    """
    return canonical.digest_of({"kind": kind, "subject": subject, "content": dict(content)})
