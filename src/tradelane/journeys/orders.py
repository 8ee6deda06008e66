"""Standing orders of selection: the one in force, those before it, and putting another in force.

Whoever wants another order proposes it; a second person agrees, and then it is in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tradelane.approvals.model import Proposal
from tradelane.journeys import approving, entries
from tradelane.journeys.adoption import expect_agreed
from tradelane.journeys.inputs import kept_file, kept_pack
from tradelane.journeys.intake import INTAKE, IntakeClosed
from tradelane.journeys.opening import Opening, Order, prepare, put_in_force
from tradelane.journeys.routing import Routing, find_routing
from tradelane.journeys.terms import Terms
from tradelane.journeys.workshop import Workshop
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.ledger.model import Stored
from tradelane.targeting.selection import Selection
from tradelane.targeting.service import NAME

KIND = "order"
"""What proposals of orders are called in `approvals`."""
SHORTEST_REASON = 10


@dataclass(frozen=True, slots=True)
class Standing:
    """An order as the ledger has it; ``closed`` is None while it is in force.

    selected: lines to be inspected since it was opened, by what selected them (``model``,
    ``rule``, ``random``, ``novel``); lines: how many have come since; routing: what
    decides them.
    """

    batch_id: str
    opened: Stored
    ranked: Stored
    closed: Stored | None
    routing: Routing
    lines: int
    selected: dict[str, int]

    @property
    def settings(self) -> dict[str, Any]:
        """Pack, model, shares, who ordered it, when and why."""
        found: dict[str, Any] = self.opened.entry.body["settings"]
        return found

    @property
    def selection(self) -> Selection:
        """The numbers that decide the lines of offices without a budget of their own."""
        return self.routing.selection

    @property
    def inspected(self) -> int:
        """Lines to be inspected since it was opened."""
        return sum(self.selected.values())

    @property
    def share(self) -> float | None:
        """Of its lines, those to be inspected; None before the first line."""
        return self.inspected / self.lines if self.lines else None


def standing(shop: Workshop, tx: Any) -> Standing | None:
    """The order in force, or None."""
    for batch in shop.declarations.open_batches(tx, INTAKE):
        return _standing(shop, tx, batch.id, batch.rows_read)
    return None


def history(shop: Workshop, tx: Any, most: int = 50) -> list[Standing]:
    """The latest orders, newest first, the one in force among them."""
    found = [batch for batch in shop.declarations.batches(tx) if batch.name == INTAKE]
    return [_standing(shop, tx, batch.id, batch.rows_read) for batch in found[:most]]


def standing_in_force(shop: Workshop, tx: Any) -> Standing:
    """The order in force; raises IntakeClosed ``intake.closed``."""
    found = standing(shop, tx)
    if found is None:
        raise IntakeClosed(
            Problem(
                "intake.closed",
                "No order is in force that another could replace.",
                hint="An operator opens the first one with `tradelane intake open`.",
            )
        )
    return found


def order_of(shop: Workshop, now: Standing, terms: Terms, **given: Any) -> Order:
    """The order that these terms make, with the pack and rates of the order in force; ``given``:
    who orders it, who agreed, and to which proposal."""
    rates = now.settings["rates"]
    return Order(
        territory=kept_pack(shop.home, now.settings["pack"]),
        rates=kept_file(shop.home, rates) if rates else None,
        model=terms.model,
        budget=terms.budget,
        random_share=terms.random_share,
        novel_share=terms.novel_share,
        balance=terms.balance,
        offices=terms.offices,
        challenger=terms.challenger,
        rules=terms.rules,
        reason=terms.reason.strip(),
        **given,
    )


def check(shop: Workshop, tx: Any, terms: Terms) -> None:
    """Errors: InputRefused ``oversight.reason_missing``, ``oversight.model``,
    ``adoption.not_agreed``."""
    problems = []
    if len(terms.reason.strip()) < SHORTEST_REASON:
        problems.append(
            Problem(
                "oversight.reason_missing",
                f"An order says why it is given, in at least {SHORTEST_REASON} characters.",
                pointer="/reason",
                hint="Whoever audits decisions will read it.",
            )
        )
    known = {one["digest"] for one in shop.registry.manifests(NAME)}
    for pointer, digest in (("/model", terms.model), ("/challenger", terms.challenger)):
        if digest not in known and not (pointer == "/challenger" and digest == ""):
            problems.append(
                Problem(
                    "oversight.model",
                    "That model is not in this workspace's registry.",
                    pointer=pointer,
                    hint="Choose one of the list.",
                )
            )
    if problems:
        raise InputRefused(problems)
    expect_agreed(shop, tx, terms.model)


def propose(shop: Workshop, terms: Terms, seen: str, by: str) -> Proposal:
    """Propose an order in place of the one in force, which ``seen`` is the id of.

    Errors: those of `check`, TradelaneError ``oversight.changed`` where another order has been
    given since, IntakeClosed.
    """

    def write(tx: Any) -> Proposal:
        check(shop, tx, terms)
        _expect_seen(standing_in_force(shop, tx), seen)
        content = terms.content(seen)
        return approving.propose(shop, tx, KIND, f"batch/{seen}", content, by, terms.reason)

    return shop.database.write(write)


def proposals(shop: Workshop, tx: Any, most: int = 20) -> list[Proposal]:
    """The latest proposals of orders, newest first."""
    return shop.approvals.latest(tx, KIND, most=most)


def agree(shop: Workshop, proposal_id: int, by: str, digest: str) -> str:
    """Agree to a proposal, named by the digest that was seen, and put it in force; returns the id
    of the new order. Both happen or neither.

    Errors: those of `Approvals.agree`, `check` and `opening.prepare`; ``oversight.changed``.
    """
    with shop.database.read() as tx:
        found = get_proposal(shop, tx, proposal_id)
        if not found.is_open or found.proposed_by == by:
            shop.approvals.agree(tx, proposal_id, by, digest)  # says what is wrong
        terms = Terms.of(found.content, found.reason)
        check(shop, tx, terms)
        now = standing_in_force(shop, tx)
        _expect_seen(now, found.content["seen"])
    by_whom = {"by": found.proposed_by, "agreed_by": by, "proposal": found.id}
    opening = prepare(shop, order_of(shop, now, terms, **by_whom))

    def write(tx: Any) -> None:
        approving.agree(shop, tx, proposal_id, by, digest)
        _expect_seen(standing_in_force(shop, tx), found.content["seen"])
        put_in_force(shop, tx, opening)

    shop.database.write(write)
    return opening.batch_id


def decline(shop: Workshop, proposal_id: int, by: str, remark: str) -> Proposal:
    """A second person says no, and why. Errors: those of `Approvals.decline`."""

    def write(tx: Any) -> Proposal:
        get_proposal(shop, tx, proposal_id)
        return approving.decline(shop, tx, proposal_id, by, remark)

    return shop.database.write(write)


def withdraw(shop: Workshop, proposal_id: int, by: str) -> Proposal:
    """Whoever proposed it takes it back. Errors: those of `Approvals.withdraw`."""

    def write(tx: Any) -> Proposal:
        get_proposal(shop, tx, proposal_id)
        return approving.withdraw(shop, tx, proposal_id, by)

    return shop.database.write(write)


def prepare_change(
    shop: Workshop, reason: str, changes: Mapping[str, Any], **given: Any
) -> Opening:
    """The order in force with other terms (fields of `Terms`), ready for `put_in_force`: what a
    proposal of rules or of a challenger carries out. ``given`` as `order_of`."""
    with shop.database.read() as tx:
        now = standing_in_force(shop, tx)
    terms = replace(Terms.of(now.settings, reason), **changes)
    return prepare(shop, order_of(shop, now, terms, **given))


def get_proposal(shop: Workshop, tx: Any, proposal_id: int) -> Proposal:
    """The proposal of an order. Errors: ``approvals.unknown``, ``oversight.other_kind``."""
    found = shop.approvals.get(tx, proposal_id)
    if found.kind != KIND:
        raise InputRefused(
            Problem(
                "oversight.other_kind",
                f"Proposal {proposal_id} is not about an order.",
                hint="It is decided on the page where it was made.",
            )
        )
    return found


def _expect_seen(now: Standing, seen: str) -> None:
    if now.batch_id != seen:
        raise TradelaneError(
            Problem(
                "oversight.changed",
                f"Another order was given by {now.settings['ordered_by']} in the meantime.",
                hint="Look at the order that is in force now, then propose again.",
            )
        )


def _standing(shop: Workshop, tx: Any, batch_id: str, lines: int) -> Standing:
    subject = f"batch/{batch_id}"
    found = {stored.entry.kind: stored for stored in shop.ledger.find(tx, subject)}
    routing = find_routing(shop, tx, batch_id)
    assert routing is not None
    return Standing(
        batch_id,
        found[entries.BATCH_OPENED],
        found[entries.BATCH_RANKED],
        found.get(entries.BATCH_CLOSED),
        routing,
        lines,
        shop.selections.count_selected(tx, batch_id),
    )
