"""Each rule by what it has matched here since it is asked, and what inspections found of that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tradelane.journeys.rulebook import Ruling
from tradelane.targeting.rules.testing import Outcomes, count_outcomes
from tradelane.trade.declaration import Outcome
from tradelane.trade.table import split_subject

RANDOM = "random"


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """live: lines that it matched while it fired; shadow: while it ran in shadow; by_chance: those
    of the shadow's that plain chance sent to inspection, which alone are a fair sample."""

    live: Outcomes
    shadow: Outcomes
    by_chance: Outcomes


@dataclass(frozen=True, slots=True)
class MatchedLine:
    """A line that a rule matched. ``outcome``: ``wrong``, ``in order``, or "" where it is not
    known (yet); ``lane`` and ``selected_by`` as they were routed."""

    declarant: str
    reference: str
    line: int
    shadow: bool
    lane: str
    selected_by: str
    outcome: str


@dataclass(slots=True)
class _Count:
    """Distinct lines with their outcomes."""

    subjects: set[str] = field(default_factory=set)
    known: int = 0
    wrong: int = 0
    revenue: Decimal = Decimal(0)

    def add(self, subject: str, outcome: Outcome | None) -> None:
        if subject in self.subjects:  # an amended declaration is asked again
            return
        self.subjects.add(subject)
        if outcome is not None and outcome.fraud is not None:
            self.known += 1
            self.wrong += outcome.fraud
            self.revenue += outcome.revenue_recovered or 0

    def total(self) -> Outcomes:
        return count_outcomes(
            len(self.subjects), self.known, self.wrong, round(float(self.revenue), 2)
        )


def rule_figures(shop: Ruling, tx: Any) -> dict[str, RuleFigures]:
    """The figures of every rule that has ever matched a line here, by its id.

    A line counts once a rule, with its latest finding. A rule that was changed keeps its figures as
    long as it keeps its id.
    """
    outcomes = _outcomes(shop, tx)
    counts: dict[str, tuple[_Count, _Count, _Count]] = defaultdict(
        lambda: (_Count(), _Count(), _Count())
    )
    for hit in shop.rulebook.hit_lines(tx):
        live, shadow, by_chance = counts[hit.rule]
        outcome = outcomes.get(split_subject(hit.subject))
        (shadow if hit.shadow else live).add(hit.subject, outcome)
        if hit.shadow and hit.selected_by == RANDOM:
            by_chance.add(hit.subject, outcome)
    return {
        rule: RuleFigures(*(count.total() for count in three)) for rule, three in counts.items()
    }


def matched_lines(shop: Ruling, tx: Any, rule: str, most: int = 50) -> list[MatchedLine]:
    """The latest lines that a rule matched here, newest first."""
    order = {batch.id: place for place, batch in enumerate(shop.declarations.batches(tx))}
    hits = sorted(
        shop.rulebook.hit_lines(tx, rule), key=lambda hit: (order[hit.batch_id], -hit.line)
    )[:most]
    outcomes = _outcomes(shop, tx)
    return [
        MatchedLine(
            *(key := split_subject(hit.subject)),
            hit.shadow,
            hit.lane or "",
            hit.selected_by or "",
            _word(outcomes.get(key)),
        )
        for hit in hits
    ]


def _outcomes(shop: Ruling, tx: Any) -> Mapping[tuple[str, str, int], Outcome]:
    return {
        (declarant, reference, line): outcome
        for declarant, reference, _version, line, outcome in shop.inspections.outcomes(tx)
    }


def _word(outcome: Outcome | None) -> str:
    if outcome is None or outcome.fraud is None:
        return ""
    return "wrong" if outcome.fraud else "in order"
