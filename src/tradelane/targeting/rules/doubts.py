"""What is odd about a rule set although it can be read: said, never refused."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tradelane.targeting.rules.fields import FIELDS, Kind, read_value
from tradelane.targeting.rules.matching import compare
from tradelane.targeting.rules.model import Condition, Op, Rule, RuleSet, Status, Test


class Doubt(NamedTuple):
    """A sentence about a rule or a watchlist, ``about`` its id."""

    about: str
    text: str


def doubts(ruleset: RuleSet, today: dt.date) -> list[Doubt]:
    """Rules that can never match or are over, watchlists that are unused or expired."""
    found: list[Doubt] = []
    for rule in ruleset.rules:
        found += [Doubt(rule.id, text) for text in _of_rule(rule, today)]
    used = {name for rule in ruleset.rules for name in rule.lists}
    for watchlist in ruleset.watchlists:
        expired = sum(one.expires is not None and one.expires < today for one in watchlist.entries)
        if expired:
            text = f"{expired} of its {len(watchlist.entries)} entries have expired."
            found.append(Doubt(watchlist.id, text))
        if not watchlist.entries:
            found.append(Doubt(watchlist.id, "The watchlist is empty."))
        if watchlist.id not in used:
            found.append(Doubt(watchlist.id, "No rule looks into this watchlist."))
    return found


def _of_rule(rule: Rule, today: dt.date) -> Iterator[str]:
    if rule.status is Status.OFF:
        yield "The rule is off: it is neither counted nor tested."
    if rule.valid_to is not None and rule.valid_to < today:
        yield f"The rule ended on {rule.valid_to.isoformat()}."
    for clash in contradictions(rule.when):
        yield f"It can never match: {clash}."


def contradictions(condition: Condition) -> list[str]:
    """Why a condition can never be true, as far as ``all`` of its tests show; else nothing.

    >>> from tradelane.targeting.rules.model import Group
    >>> low, high = Test("value", Op.LT, ("10",)), Test("value", Op.GE, ("10",))
    >>> contradictions(Group("all", (low, high)))
    ['value cannot be below 10 and at least 10']
    >>> contradictions(Group("any", (low, high)))
    []
    """
    if isinstance(condition, Test) or condition.word == "not":
        return []
    if condition.word == "any":
        parts = [contradictions(part) for part in condition.parts]
        return [clash for part in parts for clash in part] if all(parts) else []
    by_field: dict[str, list[Test]] = defaultdict(list)
    found: list[str] = []
    for part in _flat(condition.parts):
        if isinstance(part, Test):
            by_field[part.field].append(part)
        else:
            found += contradictions(part)
    return found + [clash for name in by_field if (clash := _clash(name, by_field[name]))]


def _flat(parts: Iterable[Condition]) -> Iterator[Condition]:
    """The parts with those of an ``all`` within them."""
    for part in parts:
        if isinstance(part, Test) or part.word != "all":
            yield part
        else:
            yield from _flat(part.parts)


def _clash(name: str, tests: list[Test]) -> str:
    ops = {test.op for test in tests}
    if Op.IS_MISSING in ops and len(ops) > 1:
        return f"{name} cannot be missing and be compared"
    kind = FIELDS[name].kind
    values = {
        test: [read_value(kind, text) for text in test.values] for test in tests if _own(test)
    }
    allowed: set[Any] | None = None
    for test in tests:
        if test.op in (Op.EQ, Op.IN):
            chosen = set(values[test])
            allowed = chosen if allowed is None else allowed & chosen
    if allowed is not None:
        allowed = {value for value in allowed if _survives(value, tests, values)}
        return "" if allowed else f"no value of {name} passes all of its comparisons"
    if kind in (Kind.TEXT, Kind.CODE):
        return ""
    return _empty_range(name, tests, values)


def _own(test: Test) -> bool:
    """Whether a test has values of its own field (not the name of a watchlist)."""
    return test.op not in (Op.MATCHES_LIST, Op.IS_MISSING)


def _survives(value: Any, tests: list[Test], values: Mapping[Test, list[Any]]) -> bool:
    return all(compare(test.op, values[test])(value) for test in tests if _own(test))


def _empty_range(name: str, tests: list[Test], values: Mapping[Test, list[Any]]) -> str:
    lows, highs = [], []  # place, whether the place itself is left out, in words
    for test in tests:
        if test.op in (Op.GT, Op.GE, Op.BETWEEN):
            word = "above" if test.op is Op.GT else "at least"
            lows.append((_rank(values[test][0]), test.op is Op.GT, f"{word} {test.values[0]}"))
        if test.op in (Op.LT, Op.LE, Op.BETWEEN):
            word = "below" if test.op is Op.LT else "at most"
            highs.append((_rank(values[test][-1]), test.op is Op.LT, f"{word} {test.values[-1]}"))
    if not lows or not highs:
        return ""
    low = max(lows)
    high = min(highs, key=lambda end: (end[0], not end[1]))
    if low[0] > high[0] or (low[0] == high[0] and (low[1] or high[1])):
        return f"{name} cannot be {high[2]} and {low[2]}"
    return ""


def _rank(value: Any) -> float:
    return float(value.toordinal()) if isinstance(value, dt.date) else float(value)
