"""The verbs of proposals: propose, agree, decline, withdraw.

Journeys use them through `journeys.approving`, which keeps each step in the ledger too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from tradelane.approvals.model import (
    AGREED,
    DECLINED,
    SHORTEST_REASON,
    WITHDRAWN,
    Proposal,
    digest_of,
)
from tradelane.kit.clock import Clock, stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError


class ProposalStore(Protocol):
    """Where proposals are kept; ``tx`` is the transaction that the caller opened."""

    def add(self, tx: Any, values: Mapping[str, Any]) -> int: ...
    def find(self, tx: Any, proposal_id: int) -> Proposal | None: ...
    def find_same(self, tx: Any, digest: str, by: str) -> Proposal | None: ...
    def decide(self, tx: Any, proposal_id: int, values: Mapping[str, Any]) -> bool: ...
    def waiting(self, tx: Any, kind: str | None) -> list[Proposal]: ...
    def latest(
        self, tx: Any, kind: str, subject: str | None, state: str | None, most: int
    ) -> list[Proposal]: ...


class Approvals:
    """What waits for a second person. Nobody agrees to their own."""

    def __init__(self, store: ProposalStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def propose(
        self, tx: Any, kind: str, subject: str, content: Mapping[str, Any], by: str, reason: str
    ) -> Proposal:
        """Keep a proposal. The same one of the same person that is still open is given again.

        content: plain JSON without floats. Errors: InputRefused ``approvals.reason_missing``.
        """
        _expect_words(reason, "A proposal says why it is made", "/reason")
        digest = digest_of(kind, subject, content)
        known = self._store.find_same(tx, digest, by)
        if known is not None:
            return known
        values = {
            "kind": kind,
            "subject": subject,
            "content": content,
            "digest": digest,
            "reason": reason.strip(),
            "proposed_by": by,
            "proposed_at": stamp(self._clock.now()),
        }
        return self.get(tx, self._store.add(tx, values))

    def get(self, tx: Any, proposal_id: int) -> Proposal:
        """The proposal; raises TradelaneError ``approvals.unknown``."""
        found = self._store.find(tx, proposal_id)
        if found is None:
            raise TradelaneError(
                Problem("approvals.unknown", f"There is no proposal {proposal_id}.")
            )
        return found

    def agree(self, tx: Any, proposal_id: int, by: str, digest: str) -> Proposal:
        """A second person agrees to what they have seen, named by its ``digest``. Whoever calls
        carries it out in the same request.

        Errors: TradelaneError ``approvals.own``, ``approvals.changed``, ``approvals.decided``,
        ``approvals.unknown``.
        """
        found = self.get(tx, proposal_id)
        if found.proposed_by == by:
            raise TradelaneError(
                Problem(
                    "approvals.own",
                    "Nobody agrees to their own proposal.",
                    hint="Ask a colleague who may agree to look at it.",
                )
            )
        if found.digest != digest:
            raise TradelaneError(
                Problem(
                    "approvals.changed",
                    "This is not the proposal that was shown to you.",
                    hint="Load the page again and look at what is proposed now.",
                )
            )
        return self._decide(tx, found, AGREED, by, "")

    def decline(self, tx: Any, proposal_id: int, by: str, remark: str) -> Proposal:
        """A second person says no, and why.

        Errors: TradelaneError ``approvals.own``, ``approvals.decided``, ``approvals.unknown``;
        InputRefused ``approvals.reason_missing``.
        """
        found = self.get(tx, proposal_id)
        if found.proposed_by == by:
            raise TradelaneError(
                Problem(
                    "approvals.own",
                    "Nobody declines their own proposal.",
                    hint="Withdraw it instead.",
                )
            )
        _expect_words(remark, "Whoever declines says why", "/remark")
        return self._decide(tx, found, DECLINED, by, remark.strip())

    def withdraw(self, tx: Any, proposal_id: int, by: str) -> Proposal:
        """Whoever proposed it takes it back.

        Errors: TradelaneError ``approvals.not_own``, ``approvals.decided``, ``approvals.unknown``.
        """
        found = self.get(tx, proposal_id)
        if found.proposed_by != by:
            raise TradelaneError(
                Problem(
                    "approvals.not_own",
                    "Only whoever made a proposal withdraws it.",
                    hint="Decline it instead, and say why.",
                )
            )
        return self._decide(tx, found, WITHDRAWN, by, "")

    def open_proposals(self, tx: Any, kind: str | None = None) -> list[Proposal]:
        """What waits for a second person, oldest first; of one kind, or of all."""
        return self._store.waiting(tx, kind)

    def latest(
        self,
        tx: Any,
        kind: str,
        subject: str | None = None,
        most: int = 50,
        *,
        state: str | None = None,
    ) -> list[Proposal]:
        """The latest proposals of a kind (about a subject, in a state), newest first."""
        return self._store.latest(tx, kind, subject, state, most)

    def _decide(self, tx: Any, found: Proposal, state: str, by: str, remark: str) -> Proposal:
        values = {
            "state": state,
            "decided_by": by,
            "decided_at": stamp(self._clock.now()),
            "remark": remark,
        }
        if not self._store.decide(tx, found.id, values):
            now = self.get(tx, found.id)
            raise TradelaneError(
                Problem(
                    "approvals.decided",
                    f"This proposal was {now.state} by {now.decided_by} already.",
                    hint="Make a new one if it is still wanted.",
                )
            )
        return self.get(tx, found.id)


def _expect_words(text: str, what: str, pointer: str) -> None:
    if len(text.strip()) < SHORTEST_REASON:
        raise InputRefused(
            Problem(
                "approvals.reason_missing",
                f"{what}, in at least {SHORTEST_REASON} characters.",
                pointer=pointer,
                hint="Whoever audits decisions will read it.",
            )
        )
