"""The supervisor's figures: what each means, and how it is computed from counts."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tradelane.inspections.model import Decision, Stage, is_lighter
from tradelane.kit.intervals import wilson
from tradelane.trade.money import Rounding, round_amount

Histogram = Mapping[int, int]
"""How many cases took each number of whole minutes."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure is, for whoever reads it on a page or in a download."""

    name: str
    unit: str
    definition: str


DEFINITIONS: Mapping[str, Definition] = {
    "lanes": Definition(
        "Cases by lane and day",
        "cases",
        "Cases that were opened on the day (UTC), by the lane that their declaration is in. "
        "Declarations in the green lane have no case and are not counted here.",
    ),
    "decisions": Definition(
        "Decisions by day",
        "decisions",
        "Decisions that officers took on the day (UTC). A case that is referred and later released "
        "counts once under each.",
    ),
    "workload": Definition(
        "Workload by officer",
        "cases, decisions, minutes",
        "Open: undecided cases that are assigned to the officer now, whatever the period. Decided: "
        "decisions the officer took in the period. Median minutes: from the opening of a case to "
        "its first decision, over the first decisions the officer took in the period; in whole "
        "minutes, rounded down.",
    ),
    "hit_rates": Definition(
        "Hit rate",
        "share of inspections, 0 to 1",
        "Inspected declarations whose latest findings have at least one wrong line, divided by all "
        "inspected declarations with findings, of those whose findings were last recorded in the "
        "period. The range is the 95 % Wilson interval: with few inspections it is wide. Targeted: "
        "chosen by the model or the price rule; random: drawn by chance, which shows what an "
        "untargeted inspection finds.",
    ),
    "recovered": Definition(
        "Recovered revenue",
        "currency of the territory",
        "Additional duty and tax in the latest findings of each line, of findings recorded in the "
        "period. Findings whose amount is not known yet add nothing.",
    ),
    "overrides": Definition(
        "Decisions against the recommendation",
        "decisions",
        "Decisions other than the recommended one (red: inspect, yellow: refer), taken before the "
        "recommendation was followed. Lighter: the goods were asked less than recommended "
        "(released, or referred where inspection was recommended); stricter: more.",
    ),
    "stages": Definition(
        "Time to release by stage",
        "minutes",
        "Of cases released in the period: from receipt of the declaration to the first decision; "
        "from the decision to inspect to its findings; from the findings to the release; and from "
        "receipt to release. Half the cases took at most the median, nine of ten at most the 90th "
        "percentile; in whole minutes, rounded down. A case without inspection has no time in the "
        "two middle stages.",
    ),
    "unopened": Definition(
        "Decisions without opening the page",
        "share of decisions, 0 to 1",
        "Decisions taken in the period by an officer who had not opened the case's page. A high "
        "share says that recommendations may be followed without being checked.",
    ),
}
"""Every figure by the name of its field in `Figures`."""


@dataclass(frozen=True, slots=True)
class LaneCount:
    """Cases opened on a day in a lane."""

    day: dt.date
    lane: str
    cases: int


@dataclass(frozen=True, slots=True)
class DecisionCount:
    """How often something was decided on a day."""

    day: dt.date
    decision: Decision
    count: int


@dataclass(frozen=True, slots=True)
class Workload:
    """An officer's cases; ``login`` is '' where the officer decided nothing in the period."""

    officer: int
    login: str
    open: int
    decided: int
    median_minutes: int | None


@dataclass(frozen=True, slots=True)
class HitRate:
    """Inspections of one origin (``targeted``, ``random``, ``other`` or ``all``) and how many were
    right; ``rate``, ``low`` and ``high`` are None without inspections."""

    selected_by: str
    inspected: int
    wrong: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Recovered:
    """Revenue recovered in a currency, and in how many lines."""

    currency: str
    amount: Decimal
    lines: int


@dataclass(frozen=True, slots=True)
class Override:
    """How often an officer decided one thing where another was recommended."""

    officer: int
    login: str
    recommendation: Decision
    decision: Decision
    lighter: bool
    count: int


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long a stage took; None without cases."""

    stage: Stage
    cases: int
    median_minutes: int | None
    p90_minutes: int | None


@dataclass(frozen=True, slots=True)
class Unopened:
    """An officer's decisions, and how many came without opening the page."""

    officer: int
    login: str
    decided: int
    unopened: int

    @property
    def share(self) -> float:
        """Of the decisions, 0 to 1."""
        return self.unopened / self.decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Counts as the store has them, of one period and office; officers are (id, login)."""

    lanes: Sequence[tuple[str, str, int]]
    decisions: Sequence[tuple[str, str, int]]
    assigned: Mapping[int, int]
    decided: Mapping[tuple[int, str], tuple[int, int]]
    """Decisions of an officer: all, and those without opening the page."""
    first_decisions: Mapping[int, Histogram]
    hits: Sequence[tuple[str, bool, int]]
    recovered: Sequence[tuple[str, float, int]]
    overrides: Sequence[tuple[int, str, str, str, int]]
    stages: Mapping[Stage, Histogram]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All figures of the days from ``start`` until before ``end`` (UTC); ``office`` '' is all."""

    start: dt.date
    end: dt.date
    office: str
    lanes: tuple[LaneCount, ...]
    decisions: tuple[DecisionCount, ...]
    workload: tuple[Workload, ...]
    hit_rates: tuple[HitRate, ...]
    recovered: tuple[Recovered, ...]
    overrides: tuple[Override, ...]
    stages: tuple[StageTime, ...]
    unopened: tuple[Unopened, ...]


def compute(measured: Measured, start: dt.date, end: dt.date, office: str) -> Figures:
    """The figures from the store's counts."""
    return Figures(
        start=start,
        end=end,
        office=office,
        lanes=tuple(LaneCount(_day(day), lane, n) for day, lane, n in measured.lanes),
        decisions=tuple(
            DecisionCount(_day(day), Decision(decision), n)
            for day, decision, n in measured.decisions
        ),
        workload=_workload(measured),
        hit_rates=hit_rates(measured.hits),
        recovered=tuple(
            Recovered(currency, _amount(number, currency), lines)
            for currency, number, lines in measured.recovered
        ),
        overrides=tuple(
            Override(
                officer,
                login,
                Decision(recommended),
                Decision(decided),
                is_lighter(Decision(recommended), Decision(decided)),
                count,
            )
            for officer, login, recommended, decided, count in measured.overrides
        ),
        stages=tuple(_stage_time(stage, measured.stages.get(stage, {})) for stage in Stage),
        unopened=tuple(
            Unopened(officer, login, decided, unopened)
            for (officer, login), (decided, unopened) in sorted(measured.decided.items())
        ),
    )


def quantile(histogram: Histogram, share: float) -> int | None:
    """The smallest value that at least ``share`` of all cases do not exceed; None of nothing.

    >>> quantile({5: 1, 7: 1, 90: 2}, 0.5), quantile({5: 9, 90: 1}, 0.9), quantile({}, 0.5)
    (7, 5, None)
    """
    needed = share * sum(histogram.values()) - 1e-9
    reached = 0
    for value in sorted(histogram):
        reached += histogram[value]
        if reached >= needed:
            return value
    return None


def hit_rates(hits: Iterable[tuple[str, bool, int]]) -> tuple[HitRate, ...]:
    """Hit rates from (selected by, wrong, how many): targeted, random, other if any, and all."""
    inspected: dict[str, int] = defaultdict(int)
    wrong: dict[str, int] = defaultdict(int)
    for selected_by, was_wrong, count in hits:
        for group in (_GROUPS.get(selected_by, "other"), "all"):
            inspected[group] += count
            wrong[group] += count if was_wrong else 0
    return tuple(
        _hit_rate(name, inspected[name], wrong[name])
        for name in ("targeted", "random", "other", "all")
        if name != "other" or inspected[name]
    )


_GROUPS = {"model": "targeted", "rule": "targeted", "random": "random"}


def _hit_rate(name: str, inspected: int, wrong: int) -> HitRate:
    if not inspected:
        return HitRate(name, 0, 0, None, None, None)
    low, high = wilson(wrong, inspected)
    return HitRate(name, inspected, wrong, wrong / inspected, low, high)


def _workload(measured: Measured) -> tuple[Workload, ...]:
    logins: dict[int, str] = {}
    decided: dict[int, int] = defaultdict(int)
    for (officer, login), (total, _) in measured.decided.items():
        logins[officer] = login
        decided[officer] += total
    return tuple(
        Workload(
            officer,
            logins.get(officer, ""),
            measured.assigned.get(officer, 0),
            decided.get(officer, 0),
            quantile(measured.first_decisions.get(officer, {}), 0.5),
        )
        for officer in sorted({*measured.assigned, *decided})
    )


def _stage_time(stage: Stage, minutes: Histogram) -> StageTime:
    cases = sum(minutes.values())
    return StageTime(stage, cases, quantile(minutes, 0.5), quantile(minutes, 0.9))


def _amount(number: float, currency: str) -> Decimal:
    return round_amount(Decimal(repr(number)), currency, Rounding.HALF_EVEN)


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
