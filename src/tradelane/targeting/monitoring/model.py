"""What is watched: lines that were selected, with what was expected and what was found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A line that was selected for inspection.

    wrong: what was found, None while no outcome is known; revenue: what was recovered, in the
    territory's currency, None where it is not known; probability, expected: as scored before;
    selected_by: ``model``, ``rule``, ``random`` or ``novel``; propensity: the logged chance that
    the line had of being selected, 0 where nobody logged it; traits: its group in each of
    `groups.TRAITS`.
    """

    day: dt.date
    selected_by: str
    propensity: float
    probability: float | None = None
    expected: float | None = None
    wrong: bool | None = None
    revenue: float | None = None
    days_waited: int | None = None
    """Whole days from receipt to the outcome, or, without outcome, to the day of looking."""
    traits: Mapping[str, str] = field(default_factory=dict)


class Estimate(NamedTuple):
    """A figure with its 95 % interval, and how many lines it rests on."""

    value: float
    low: float
    high: float
    lines: int

    def text(self) -> str:
        """For a sentence.

        >>> Estimate(0.031, 0.012, 0.08, 96).text()
        '3.1 % (1.2 % to 8.0 %; 96 lines)'
        """
        parts = f"{100 * self.low:.1f} % to {100 * self.high:.1f} %"
        return f"{100 * self.value:.1f} % ({parts}; {self.lines} lines)"


class SelectedLine(NamedTuple):
    """A line that was selected for inspection, as it was scored then."""

    subject: str
    probability: float | None
    expected_revenue: float | None
    selected_by: str
    propensity: float
