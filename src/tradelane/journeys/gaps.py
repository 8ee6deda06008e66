"""What a model did not find at work: wrong lines that chance or a rule had inspected."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tradelane.journeys.intake import INTAKE
from tradelane.journeys.workshop import Workshop
from tradelane.trade.table import split_subject

MOST = 15


@dataclass(frozen=True, slots=True)
class Gap:
    """A wrong line that the model's ranking would not have had inspected. No name stands in it.

    found_by: ``random``, ``novel`` or ``rule``; probability: what the model had said; recovered: in
    the territory's currency, None where not known.
    """

    date: str
    office: str
    chapter: str
    preference: str
    found_by: str
    probability: float | None
    recovered: Decimal | None


@dataclass(frozen=True, slots=True)
class Gaps:
    """found: wrong lines that inspections found under the model's orders; missed: those of them
    that its ranking would not have had inspected; worst: the dearest of these."""

    found: int
    missed: int
    worst: list[Gap]


def read_gaps(shop: Workshop, tx: Any, model: str) -> Gaps | None:
    """The gaps of a model at work; None where no order has had it."""
    batches = [
        batch.id
        for batch in shop.declarations.batches(tx)
        if batch.name == INTAKE and batch.settings["model"] == model
    ]
    if not batches:
        return None
    wrong = {
        (declarant, reference, line): (version, outcome)
        for declarant, reference, version, line, outcome in shop.inspections.outcomes(tx)
        if outcome.fraud
    }
    selected = [(split_subject(line.subject), line) for line in shop.duels.inspected(tx, batches)]
    found = [(key, line) for key, line in selected if key in wrong]
    missed = [(key, line) for key, line in found if line.found_otherwise]
    missed.sort(key=lambda one: wrong[one[0]][1].revenue_recovered or Decimal(0), reverse=True)
    versions = [(*key[:2], wrong[key][0]) for key, _ in missed[:MOST]]
    kept = {
        (*one.declaration.key, one.version): one.declaration
        for one in shop.declarations.find_versions(tx, versions)
    }
    worst = []
    for key, line in missed[:MOST]:
        version, outcome = wrong[key]
        declaration = kept[(*key[:2], version)]
        goods = next(one for one in declaration.lines if one.number == key[2])
        worst.append(
            Gap(
                declaration.date.isoformat(),
                declaration.office,
                goods.hs_code[:2],
                goods.preference,
                line.selected_by,
                line.probability,
                outcome.revenue_recovered,
            )
        )
    return Gaps(len(found), len(missed), worst)
