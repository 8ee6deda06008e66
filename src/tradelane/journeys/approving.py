"""Proposals with their ledger entries: made, agreed to, declined, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradelane.approvals.model import Proposal
from tradelane.journeys import entries
from tradelane.journeys.workshop import Workshop
from tradelane.kit.clock import stamp


def propose(
    shop: Workshop,
    tx: Any,
    kind: str,
    subject: str,
    content: Mapping[str, Any],
    by: str,
    reason: str,
) -> Proposal:
    """As `Approvals.propose`; a proposal that is given again has its entry already."""
    known = {one.id for one in shop.approvals.open_proposals(tx, kind)}
    found = shop.approvals.propose(tx, kind, subject, content, by, reason)
    if found.id not in known:
        _record(shop, tx, entries.PROPOSAL_MADE, found, {"reason": found.reason})
    return found


def agree(shop: Workshop, tx: Any, proposal_id: int, by: str, digest: str) -> Proposal:
    """As `Approvals.agree`; whoever calls carries it out in the same request."""
    found = shop.approvals.agree(tx, proposal_id, by, digest)
    _record(shop, tx, entries.PROPOSAL_AGREED, found, {"decided_by": by})
    return found


def decline(shop: Workshop, tx: Any, proposal_id: int, by: str, remark: str) -> Proposal:
    """As `Approvals.decline`."""
    found = shop.approvals.decline(tx, proposal_id, by, remark)
    said = {"decided_by": by, "remark": found.remark}
    _record(shop, tx, entries.PROPOSAL_DECLINED, found, said)
    return found


def withdraw(shop: Workshop, tx: Any, proposal_id: int, by: str) -> Proposal:
    """As `Approvals.withdraw`."""
    found = shop.approvals.withdraw(tx, proposal_id, by)
    _record(shop, tx, entries.PROPOSAL_WITHDRAWN, found, {})
    return found


def _record(
    shop: Workshop, tx: Any, kind: str, proposal: Proposal, said: Mapping[str, Any]
) -> None:
    at = stamp(shop.clock.now())
    body = {**proposal.facts(), **said}
    shop.ledger.record(tx, [entries.entry(at, kind, f"proposal/{proposal.id}", body)])
