"""Rules from a draft to being in force: tested here, proposed, agreed to by a second person.

The set in force is named by its digest in the order of selection; agreeing to another one opens an
order like the one in force with the new digest, in the same transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tradelane.approvals.model import Proposal
from tradelane.journeys import approving, learning, orders
from tradelane.journeys.inputs import keep_rules, kept_rules
from tradelane.journeys.opening import put_in_force
from tradelane.journeys.workshop import Workshop
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.targeting.rules.drafts import Draft
from tradelane.targeting.rules.model import RuleSet
from tradelane.targeting.rules.service import RuleBook

if TYPE_CHECKING:
    from tradelane.targeting.rules.testing import Tested

KIND = "rules"
"""What proposals of rules are called in `approvals`."""


class Ruling(Workshop, Protocol):
    """A workshop with a rule book."""

    @property
    def rulebook(self) -> RuleBook: ...


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules of the order in force; ``digest`` is "" where it has none. ``order``: the id of
    that order, "" where none is open; ``since``: when it was opened."""

    digest: str
    rules: RuleSet
    order: str = ""
    since: str = ""


def in_force(shop: Ruling, tx: Any) -> InForce:
    """The rules that lines are asked now."""
    now = orders.standing(shop, tx)
    if now is None:
        return InForce("", RuleSet())
    digest = now.settings.get("rules", "")
    rules = kept_rules(shop.home, digest) if digest else RuleSet()
    return InForce(digest, rules, now.batch_id, now.settings["opened_at"])


# ---------------------------------------------------------------- drafts


def begin(shop: Ruling, name: str, by: str, rules: RuleSet | None = None) -> Draft:
    """A new draft, of the rules in force or of others. Errors: those of `RuleBook.begin`."""

    def write(tx: Any) -> Draft:
        now = in_force(shop, tx)
        return shop.rulebook.begin(tx, name, rules or now.rules, now.digest, by)

    return shop.database.write(write)


def save(shop: Ruling, draft_id: int, revision: int, rules: RuleSet, by: str) -> Draft:
    """A draft's next revision. Errors: those of `RuleBook.save`."""
    return shop.database.write(lambda tx: shop.rulebook.save(tx, draft_id, revision, rules, by))


def discard(shop: Ruling, draft_id: int) -> None:
    """Throw a draft away."""
    shop.database.write(lambda tx: shop.rulebook.discard(tx, draft_id))


def test(shop: Ruling, rules: RuleSet) -> Tested:
    """The rules asked of every line that the workspace knows: those received here with what
    inspections found, after the lines that the model in force began with (whose columns may be
    fewer: what they lack is missing). Some seconds for a large workspace.

    Errors: InputRefused ``training.nothing`` where there is no line at all.
    """
    from tradelane.targeting.rules.testing import against_history

    with shop.database.read() as tx:
        now = orders.standing(shop, tx)
        ground = "" if now is None else learning.ground_of(shop, tx, now.settings["model"])
    history = learning.collect(shop, ground)
    return against_history(rules, history, today=_today(shop))


# ---------------------------------------------------------------- proposals


def propose(shop: Ruling, draft_id: int, revision: int, reason: str, by: str) -> Proposal:
    """Propose a draft, which is tested first; the second person sees what the test said.

    Errors: TradelaneError ``rules.changed`` where the draft is another revision than the one that
    was seen, ``rules.outdated`` where other rules came in force since it was begun; InputRefused
    ``rules.same``, ``training.nothing``, ``approvals.reason_missing``; IntakeClosed.
    """
    with shop.database.read() as tx:
        draft = shop.rulebook.get(tx, draft_id)
    if draft.revision != revision:
        raise TradelaneError(
            Problem(
                "rules.changed",
                f"{draft.changed_by} has changed this draft in the meantime.",
                hint="Look at what it says now, then propose it.",
            )
        )
    tested = test(shop, draft.rules)
    content = {
        "rules": draft.rules.to_dict(),
        "based_on": draft.based_on,
        "draft": draft.name,
        "tested": summary(tested),
    }

    def write(tx: Any) -> Proposal:
        orders.standing_in_force(shop, tx)
        _expect_current(in_force(shop, tx), draft.based_on, draft.rules)
        subject = f"rules/{draft.rules.digest}"
        return approving.propose(shop, tx, KIND, subject, content, by, reason)

    return shop.database.write(write)


def summary(tested: Tested) -> dict[str, Any]:
    """A test in plain JSON without floats, as a proposal keeps it."""
    return {
        "first": tested.first,
        "last": tested.last,
        "lines": tested.outcomes.lines,
        "known": tested.outcomes.known,
        "wrong": tested.outcomes.wrong,
        "rules": [
            {
                "id": one.id,
                "lines": one.outcomes.lines,
                "known": one.outcomes.known,
                "wrong": one.outcomes.wrong,
                "revenue": f"{one.outcomes.revenue:.2f}",
                "per_day": f"{one.per_day:.2f}",
                "warnings": list(one.warnings),
            }
            for one in tested.rules
        ],
    }


def get_proposal(shop: Ruling, tx: Any, proposal_id: int) -> Proposal:
    """The proposal of rules; raises TradelaneError ``approvals.unknown``."""
    found = shop.approvals.get(tx, proposal_id)
    if found.kind != KIND:
        raise TradelaneError(
            Problem("approvals.unknown", f"There is no proposal {proposal_id} of rules.")
        )
    return found


def agree(shop: Ruling, proposal_id: int, by: str, digest: str) -> str:
    """Agree to a proposal, named by the digest that was seen, and put its rules in force; returns
    the id of the new order. Both happen or neither.

    Errors: those of `Approvals.agree` and `opening.prepare`; ``rules.outdated``; IntakeClosed.
    """
    with shop.database.read() as tx:
        found = get_proposal(shop, tx, proposal_id)
        if not found.is_open or found.proposed_by == by or found.digest != digest:
            shop.approvals.agree(tx, proposal_id, by, digest)  # says what is wrong
        rules = RuleSet.from_dict(found.content["rules"])
        now = in_force(shop, tx)
        _expect_current(now, found.content["based_on"], rules)
    keep_rules(shop.home, rules)
    given = {"by": found.proposed_by, "agreed_by": by, "proposal": found.id}
    opening = orders.prepare_change(shop, found.reason, {"rules": rules.digest}, **given)

    def write(tx: Any) -> None:
        approving.agree(shop, tx, proposal_id, by, digest)
        if orders.standing_in_force(shop, tx).batch_id != now.order:
            raise _outdated("Another order was given in the meantime.")
        shop.rulebook.add_version(
            tx,
            rules,
            proposal=found.id,
            by=found.proposed_by,
            agreed_by=by,
            reason=found.reason,
        )
        put_in_force(shop, tx, opening)

    shop.database.write(write)
    return opening.batch_id


def decline(shop: Ruling, proposal_id: int, by: str, remark: str) -> Proposal:
    """A second person says no, and why. Errors: those of `Approvals.decline`."""

    def write(tx: Any) -> Proposal:
        get_proposal(shop, tx, proposal_id)
        return approving.decline(shop, tx, proposal_id, by, remark)

    return shop.database.write(write)


def withdraw(shop: Ruling, proposal_id: int, by: str) -> Proposal:
    """Whoever proposed it takes it back. Errors: those of `Approvals.withdraw`."""

    def write(tx: Any) -> Proposal:
        get_proposal(shop, tx, proposal_id)
        return approving.withdraw(shop, tx, proposal_id, by)

    return shop.database.write(write)


def proposals(shop: Ruling, tx: Any, most: int = 20) -> Iterable[Proposal]:
    """The latest proposals of rules, newest first."""
    return shop.approvals.latest(tx, KIND, most=most)


def _expect_current(now: InForce, based_on: str, rules: RuleSet) -> None:
    if now.digest == rules.digest or (not now.digest and rules == RuleSet()):
        raise InputRefused(
            Problem(
                "rules.same",
                "These rules are in force already.",
                hint="Change something first.",
            )
        )
    if now.digest != based_on:
        raise _outdated("Other rules came in force since this draft was begun.")


def _outdated(message: str) -> TradelaneError:
    hint = "Begin a draft of the rules that are in force now, and make your change there."
    return TradelaneError(Problem("rules.outdated", message, hint=hint))


def _today(shop: Workshop) -> dt.date:
    return shop.clock.now().date()
