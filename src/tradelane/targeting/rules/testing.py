"""A rule set against a history before it fires: what it would have matched, and what was found.

Every rule is asked as if it had been in force on every day of the history, whatever its dates.
Outcomes count only where an inspection recorded one, so a hit rate is of the matched lines that
were inspected for whatever reason: it says little of those that nobody looked at.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, replace
from typing import Any

import polars as pl

from tradelane.kit.intervals import wilson
from tradelane.targeting.budget import check_shares
from tradelane.targeting.rules.doubts import doubts
from tradelane.targeting.rules.matching import completed, matcher, matches
from tradelane.targeting.rules.model import Rule, RuleSet, Status

FEW = 30
"""With fewer known outcomes than this a hit rate says little."""
MOST_OF_ALL = 0.5
"""A rule that matches a larger share of all lines than this selects nothing."""
EXAMPLES = 5
MOST_OVERLAPS = 5
_KNOWN, _WRONG, _REVENUE = "__known", "__wrong", "__revenue"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Matched lines, and what was found: ``known`` were inspected with a recorded outcome, of
    which ``wrong``; ``rate`` is wrong / known with its 95 % Wilson interval (None: none known);
    ``revenue`` is what was recovered, in the territory's currency."""

    lines: int
    known: int
    wrong: int
    rate: float | None
    low: float | None
    high: float | None
    revenue: float


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month (``2026-03``)."""

    month: str
    outcomes: Outcomes


@dataclass(frozen=True, slots=True)
class Example:
    """A matched line (``reference`` "" and ``line`` 0 where the history does not name it);
    ``outcome``: ``wrong``, ``in order`` or ``not inspected``."""

    reference: str
    line: int
    date: str
    outcome: str
    text: str


@dataclass(frozen=True, slots=True)
class RuleTest:
    """What one rule would have done. ``share``: of all lines; ``per_day``: matched lines a day, on
    average over the history's days, ``busiest`` on its fullest; ``selected_anyway``: of its lines,
    those that the model would have selected within its budget (None: no model was asked);
    ``overlaps``: other rules with how many of its lines they match too, most first."""

    id: str
    title: str
    action: str
    status: str
    share: float
    outcomes: Outcomes
    per_day: float
    busiest: int
    selected_anyway: int | None
    overlaps: tuple[tuple[str, int], ...]
    months: tuple[Month, ...]
    examples: tuple[Example, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tested:
    """A rule set's test. ``outcomes`` are of all lines of the history; ``any_rule`` of those that
    at least one rule matches; ``warnings`` are about watchlists and the whole."""

    digest: str
    first: str
    last: str
    days: int
    outcomes: Outcomes
    any_rule: Outcomes
    rules: tuple[RuleTest, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def against_history(
    ruleset: RuleSet,
    history: pl.DataFrame,
    *,
    today: dt.date,
    as_of: dt.datetime | None = None,
    selected: pl.Series | None = None,
) -> Tested:
    """Every rule that is not off, asked of every line.

    history: `matching.COLUMNS`, of which those it lacks are missing, and
    `trade.table.OUTCOME_SCHEMA`, one row a line; as_of: outcomes
    that were recorded later are not known yet (None: all are); selected: for each line whether the
    model would have selected it.
    """
    known = pl.col("inspected").fill_null(False) & pl.col("fraud").is_not_null()
    if as_of is not None:
        known = known & (pl.col("recorded_at") <= as_of)
    table = completed(history).with_columns(
        known.alias(_KNOWN),
        (known & pl.col("fraud")).fill_null(False).alias(_WRONG),
        pl.when(known).then(pl.col("revenue_recovered")).fill_null(0.0).alias(_REVENUE),
    )
    masks = matches(ruleset, history, dated=False)
    days = table["date"].drop_nulls()
    first, last = days.min(), days.max()
    span = (
        (last - first).days + 1 if isinstance(first, dt.date) and isinstance(last, dt.date) else 0
    )
    asked = _Asked(ruleset, table, masks, max(span, 1), selected, doubts(ruleset, today))
    tests = tuple(asked.rule(rule) for rule in ruleset.rules if rule.status is not Status.OFF)
    any_rule = masks.select(pl.any_horizontal(pl.all(), False)).to_series()
    ids = {rule.id for rule in tests}
    return Tested(
        digest=ruleset.digest,
        first=str(first or ""),
        last=str(last or ""),
        days=span,
        outcomes=_outcomes(table),
        any_rule=_outcomes(table.filter(any_rule)) if masks.width else _outcomes(table.clear()),
        rules=tests,
        warnings=tuple(f"{one.about}: {one.text}" for one in asked.doubts if one.about not in ids),
    )


class _Asked:
    """A history that rules are asked of."""

    def __init__(
        self,
        ruleset: RuleSet,
        table: pl.DataFrame,
        masks: pl.DataFrame,
        days: int,
        selected: pl.Series | None,
        found: list[Any],
    ) -> None:
        self.ruleset, self.table, self.masks = ruleset, table, masks
        self.days, self.selected, self.doubts = days, selected, found

    def rule(self, rule: Rule) -> RuleTest:
        mask = self.masks[rule.id]
        mine = self.table.filter(mask)
        outcomes = _outcomes(mine)
        daily = mine.group_by("date").len()["len"]
        anyway = None if self.selected is None else int((mask & self.selected).sum())
        return RuleTest(
            id=rule.id,
            title=rule.title,
            action=str(rule.action),
            status=str(rule.status),
            share=round(len(mine) / max(1, len(self.table)), 6),
            outcomes=outcomes,
            per_day=round(len(mine) / self.days, 2),
            busiest=int(daily.max() or 0),  # type: ignore[arg-type]
            selected_anyway=anyway,
            overlaps=self.overlaps(rule, mask),
            months=_months(mine),
            examples=self.examples(rule, mine),
            warnings=(
                *(one.text for one in self.doubts if one.about == rule.id),
                *self.warnings(rule, outcomes),
            ),
        )

    def overlaps(self, rule: Rule, mask: pl.Series) -> tuple[tuple[str, int], ...]:
        others = [name for name in self.masks.columns if name != rule.id]
        found = [(name, int((self.masks[name] & mask).sum())) for name in others]
        most = sorted((one for one in found if one[1]), key=lambda one: (-one[1], one[0]))
        return tuple(most[:MOST_OVERLAPS])

    def examples(self, rule: Rule, mine: pl.DataFrame) -> tuple[Example, ...]:
        """The latest matched lines, inspected ones first."""
        alone = replace(self.ruleset, rules=(replace(rule, status=Status.SHADOW),))
        match = matcher(alone, dated=False)
        latest = mine.sort(_KNOWN, "date", descending=True, maintain_order=True).head(EXAMPLES)
        return tuple(
            Example(
                row["reference"] or "",
                row["number"] or 0,
                row["date"].isoformat(),
                ("wrong" if row[_WRONG] else "in order") if row[_KNOWN] else "not inspected",
                match(row)[0].text,
            )
            for row in latest.iter_rows(named=True)
        )

    def warnings(self, rule: Rule, outcomes: Outcomes) -> list[str]:
        total, found = len(self.table), []
        if not outcomes.lines:
            return ["It matched no line of the history."]
        if outcomes.lines == total:
            found.append("It matched every line of the history.")
        elif outcomes.lines > MOST_OF_ALL * total:
            found.append(f"It matched {outcomes.lines} of {total} lines: it chooses little.")
        if not outcomes.known:
            text = "None of its lines was ever inspected: its hit rate is not known."
            found.append(f"{text} Run it in shadow, or let the random share reach it.")
        elif outcomes.known < FEW:
            found.append(f"Only {outcomes.known} of its lines have a known outcome.")
        early = self._before_the_list(rule) if rule.lists else 0
        if early:
            found.append(
                f"{early} of its {outcomes.known} known outcomes are of lines from before their "
                "entry was added to the watchlist. Where such an outcome put the entry there, it "
                "says nothing of what the rule will find."
            )
        return found

    def _before_the_list(self, rule: Rule) -> int:
        """Known outcomes of matched lines that an entry's ``added`` would have left out."""
        always = replace(rule, valid_from=None, valid_to=None)
        lists = tuple(
            replace(one, entries=tuple(replace(entry, expires=None) for entry in one.entries))
            for one in self.ruleset.watchlists
        )
        dated = matches(RuleSet((always,), lists), self.table)[rule.id]
        return int((self.masks[rule.id] & ~dated & self.table[_KNOWN]).sum())


def would_select(scores: pl.Series, budget: float) -> pl.Series:
    """For each score whether it is among the budget's share of highest ones (0 to 1).

    >>> would_select(pl.Series([0.1, 0.9, 0.5, 0.2]), 0.25).to_list()
    [False, True, False, False]
    """
    check_shares(budget, 0.0)
    return scores.rank("ordinal", descending=True) <= round(budget * len(scores))


def _outcomes(table: pl.DataFrame) -> Outcomes:
    known, wrong = int(table[_KNOWN].sum()), int(table[_WRONG].sum())
    revenue = round(float(table[_REVENUE].sum()), 2)
    return count_outcomes(len(table), known, wrong, revenue)


def count_outcomes(lines: int, known: int, wrong: int, revenue: float) -> Outcomes:
    """Outcomes from counts, with their rate and interval."""
    if not known:
        return Outcomes(lines, 0, 0, None, None, None, revenue)
    low, high = wilson(wrong, known)
    rate = round(wrong / known, 6)
    return Outcomes(lines, known, wrong, rate, round(low, 6), round(high, 6), revenue)


def _months(mine: pl.DataFrame) -> tuple[Month, ...]:
    by_month = mine.drop_nulls("date").with_columns(__month=pl.col("date").dt.strftime("%Y-%m"))
    parts = by_month.partition_by("__month", as_dict=True)
    return tuple(Month(str(key[0]), _outcomes(parts[key])) for key in sorted(parts))
