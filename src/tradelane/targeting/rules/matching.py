"""Which rules match a line: one line at a time, and a whole table at once, with equal answers.

A condition over a missing value is neither true nor false, and so is ``not`` of it (Kleene's
logic, the same as SQL's): a rule matches only where its condition is true. So a missing value
never makes a rule match, except through ``is_missing``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import polars as pl

from tradelane.targeting.rules.fields import FIELDS, Kind, Value, read_value
from tradelane.targeting.rules.forms import Line
from tradelane.targeting.rules.lookups import Lookup
from tradelane.targeting.rules.model import Condition, Group, Hit, Op, Rule, RuleSet, Status, Test
from tradelane.trade.table import LINE_SCHEMA

Answer = Callable[[Line], bool | None]
Match = Callable[[Line], tuple[Hit, ...]]
COLUMNS: Mapping[str, pl.DataType] = {
    **LINE_SCHEMA,
    "duty_rate": pl.Float64(),
    "exchange_rate": pl.Float64(),
}
"""The columns of a line that fields are made from; one that is absent counts as missing."""
MOST_FACTS = 6
"""So many of a line's figures are told in the text of a hit."""


def matcher(ruleset: RuleSet, *, dated: bool = True) -> Match:
    """What asks one line, a mapping of column to plain value (None, "" or NaN: missing).

    dated: whether rules and entries of watchlists count only on their days, by the line's date.
    """
    lookups = _lookups(ruleset, dated)
    asked = [
        (rule, _answer(rule.when, lookups), rule.status is Status.SHADOW)
        for rule in ruleset.rules
        if rule.status is not Status.OFF
    ]

    def match(line: Line) -> tuple[Hit, ...]:
        return tuple(
            _hit(rule, shadow, line, lookups)
            for rule, answer, shadow in asked
            if (not dated or _in_force(rule, line.get("date"))) and answer(line) is True
        )

    return match


def match_table(ruleset: RuleSet, table: pl.DataFrame) -> list[tuple[Hit, ...]]:
    """For each row of the table, in order, what `matcher` says of it."""
    found: list[tuple[Hit, ...]] = [()] * len(table)
    any_hit = matches(ruleset, table).select(pl.any_horizontal(pl.all(), False)).to_series()
    if any_hit.any():
        # The few lines with a hit are asked again one by one, for the words of their hits.
        match = matcher(ruleset)
        places = any_hit.arg_true().to_list()
        for place, row in zip(places, table[places].iter_rows(named=True), strict=True):
            found[place] = match(row)
    return found


def matches(ruleset: RuleSet, table: pl.DataFrame, *, dated: bool = True) -> pl.DataFrame:
    """One column of booleans a rule that is not off, named by its id; one row a line."""
    lookups = _lookups(ruleset, dated)
    rules = [rule for rule in ruleset.rules if rule.status is not Status.OFF]
    needed = dict.fromkeys(["date", *(name for rule in rules for name in rule.fields)])
    fields = completed(table).select(FIELDS[name].form.expr().alias(name) for name in needed)
    return fields.select(
        (_expr(rule.when, lookups) & (_days(rule) if dated else True))
        .fill_null(False)
        .alias(rule.id)
        for rule in rules
    )


def completed(table: pl.DataFrame) -> pl.DataFrame:
    """The table with every column of `COLUMNS`; one that it lacks is missing throughout."""
    return table.with_columns(
        pl.lit(None, kind).alias(name)
        for name, kind in COLUMNS.items()
        if name not in table.columns
    )


# ---------------------------------------------------------------- one line


def _lookups(ruleset: RuleSet, dated: bool) -> dict[str, Lookup]:
    return {one.id: Lookup(one, dated) for one in ruleset.watchlists}


def _answer(condition: Condition, lookups: Mapping[str, Lookup]) -> Answer:
    if isinstance(condition, Test):
        return _test(condition, lookups)
    parts = [_answer(part, lookups) for part in condition.parts]
    if condition.word == "not":
        return lambda line: None if (found := parts[0](line)) is None else not found
    settled = condition.word == "any"  # the answer that one part alone settles

    def group(line: Line) -> bool | None:
        unknown = False
        for part in parts:
            found = part(line)
            if found is settled:
                return settled
            unknown = unknown or found is None
        return None if unknown else not settled

    return group


def _test(test: Test, lookups: Mapping[str, Lookup]) -> Answer:
    field = FIELDS[test.field]
    of = field.form.of
    if test.op is Op.IS_MISSING:
        return lambda line: of(line) is None
    if test.op is Op.MATCHES_LIST:
        lookup = lookups[test.values[0]]
        return lambda line: lookup.holds(of(line), line.get("date"))
    is_so = compare(test.op, [read_value(field.kind, text) for text in test.values])
    return lambda line: None if (value := of(line)) is None else is_so(value)


def compare(op: Op, values: list[Any]) -> Callable[[Any], bool]:
    """The comparison of a known value with these."""
    first, known, several = values[0], frozenset(values), tuple(values)
    found: dict[Op, Callable[[Any], bool]] = {
        Op.EQ: lambda value: value == first,
        Op.NE: lambda value: value != first,
        Op.IN: lambda value: value in known,
        Op.NOT_IN: lambda value: value not in known,
        Op.LT: lambda value: value < first,
        Op.LE: lambda value: value <= first,
        Op.GT: lambda value: value > first,
        Op.GE: lambda value: value >= first,
        Op.BETWEEN: lambda value: first <= value <= several[1],
        Op.STARTS_WITH: lambda value: value.startswith(several),
        Op.CONTAINS: lambda value: any(text in value for text in several),
    }
    return found[op]


def _in_force(rule: Rule, day: dt.date | None) -> bool:
    if rule.valid_from is None and rule.valid_to is None:
        return True
    if day is None:
        return False
    return (rule.valid_from or day) <= day <= (rule.valid_to or day)


def _hit(rule: Rule, shadow: bool, line: Line, lookups: Mapping[str, Lookup]) -> Hit:
    facts = []
    for name in rule.fields[:MOST_FACTS]:
        value = FIELDS[name].form.of(line)
        facts.append(f"{name.replace('_', ' ')} {'is missing' if value is None else show(value)}")
    for name in rule.lists:
        lookup = lookups[name]
        entry = lookup.find(FIELDS[lookup.field].form.of(line), line.get("date"))
        if entry is not None:
            facts.append(f"{entry.value} is on {name}: {entry.reason}")
    text = f"{rule.title}. {rule.why} ({'; '.join(facts)})"
    return Hit(rule.id, str(rule.action), shadow, text)


def show(value: Value) -> str:
    """A value as reasons say it: numbers with six digits that count.

    >>> show(1234.5678), show("US"), show(dt.date(2026, 1, 2))
    ('1234.57', 'US', '2026-01-02')
    """
    if isinstance(value, float):
        return format(value, ".6g")
    return value if isinstance(value, str) else value.isoformat()


# ---------------------------------------------------------------- a table


def _expr(condition: Condition, lookups: Mapping[str, Lookup]) -> pl.Expr:
    if isinstance(condition, Group):
        parts = [_expr(part, lookups) for part in condition.parts]
        if condition.word == "not":
            return ~parts[0]
        join = pl.Expr.and_ if condition.word == "all" else pl.Expr.or_
        return reduce(join, parts)
    column, field = pl.col(condition.field), FIELDS[condition.field]
    if condition.op is Op.IS_MISSING:
        return column.is_null()
    if condition.op is Op.MATCHES_LIST:
        return lookups[condition.values[0]].expr(column, pl.col("date"))
    values = [read_value(field.kind, text) for text in condition.values]
    return _compared(column, condition.op, field.kind, values)


def _compared(column: pl.Expr, op: Op, kind: Kind, values: list[Value]) -> pl.Expr:
    first = pl.lit(values[0])
    if op is Op.BETWEEN:
        return column.is_between(first, pl.lit(values[1]))
    if op in (Op.IN, Op.NOT_IN):
        dtype = pl.Float64() if kind is Kind.NUMBER else pl.String()
        known = column.is_in(pl.Series(values, dtype=dtype).implode())
        return known if op is Op.IN else ~known
    if op in (Op.STARTS_WITH, Op.CONTAINS):
        texts = [str(value) for value in values]
        one = (
            (lambda text: column.str.starts_with(text))
            if op is Op.STARTS_WITH
            else (lambda text: column.str.contains(text, literal=True))
        )
        return reduce(pl.Expr.or_, map(one, texts))
    simple = {
        Op.EQ: pl.Expr.eq,
        Op.NE: pl.Expr.ne,
        Op.LT: pl.Expr.lt,
        Op.LE: pl.Expr.le,
        Op.GT: pl.Expr.gt,
        Op.GE: pl.Expr.ge,
    }
    return simple[op](column, first)


def _days(rule: Rule) -> pl.Expr:
    found = pl.lit(True)
    if rule.valid_from is not None:
        found = found & (pl.col("date") >= rule.valid_from)
    if rule.valid_to is not None:
        found = found & (pl.col("date") <= rule.valid_to)
    return found
