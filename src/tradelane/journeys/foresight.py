"""What another order would have done to the latest lines, before anybody agrees to it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tradelane.journeys.opening import Past, draw_up, scored_anew
from tradelane.journeys.orders import order_of, standing_in_force
from tradelane.journeys.routing import Routing
from tradelane.journeys.terms import Terms
from tradelane.journeys.workshop import Workshop
from tradelane.targeting.selection import RED

FORESEEN = 2_000
"""For so many of the latest lines it is said what an order would have done."""


@dataclass(frozen=True, slots=True)
class Share:
    """What an order selects of the lines of an office ("" for all).

    selected: by what selected them (``model``, ``rule``, ``random``, ``novel``); now: how many the
    order in force selects of the same lines, None where it scores them otherwise.
    """

    office: str
    lines: int
    budget: float
    selected: Counter[str]
    now: int | None

    @property
    def total(self) -> int:
        """All that is selected."""
        return self.selected.total()


@dataclass(frozen=True, slots=True)
class Foresight:
    """What an order would have done to the latest lines, in all and by office.

    rules_exceed: budgets that the rules alone are more than: "" for the budget of all, else the
    office.
    """

    all: Share
    offices: tuple[Share, ...]
    cut_score: str | None
    rules_exceed: tuple[str, ...]

    @property
    def lines(self) -> int:
        """Of so many lines."""
        return self.all.lines

    @property
    def selected(self) -> int:
        """Lines that would have been inspected."""
        return self.all.total

    @property
    def at_random(self) -> int:
        """Of these, drawn by plain chance."""
        return self.all.selected["random"]


def foresee(shop: Workshop, tx: Any, terms: Terms) -> Foresight:
    """What the terms would have done. The latest declarations are scored and matched for it, which
    takes some seconds. Errors: those of `opening.prepare`."""
    now = standing_in_force(shop, tx)
    order = order_of(shop, now, terms)
    duties = shop.duties(order.territory, order.rates)
    past = scored_anew(shop, tx, order, duties)
    routing = draw_up(shop, tx, order, duties, past, os.urandom(16))
    before = Terms.of(now.settings, "")
    same = (before.model, before.balance) == (terms.model, terms.balance)
    latest = past[:FORESEEN]
    there = sorted({line.office for line in latest if line.office})

    def share(office: str, lines: Sequence[Past]) -> Share:
        return Share(
            office,
            len(lines),
            terms.offices.get(office, terms.budget),
            _selected(routing, lines),
            _selected(now.routing, lines).total() if same else None,
        )

    exceed = [name for name, one in routing.offices.items() if one.rules_exceed]
    return Foresight(
        share("", latest),
        tuple(share(name, [one for one in latest if one.office == name]) for name in there),
        routing.selection.cut_score,
        tuple([""] * routing.selection.rules_exceed + exceed),
    )


def _selected(routing: Routing, lines: Sequence[Past]) -> Counter[str]:
    routed = (routing.route(one.office, one._asdict(), False, one.hits) for one in lines)
    return Counter(one.selected_by for one in routed if one.lane == RED)
