"""What one rule set says otherwise than another, for whoever has to agree to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tradelane.targeting.rules.model import OP_WORDS, Condition, RuleSet, Test, Watchlist


@dataclass(frozen=True, slots=True)
class Change:
    """kind: ``rule``, ``watchlist`` or ``entry``; id: its own, an entry's with its list; what:
    ``added``, ``removed`` or ``changed``; parts: what of it, before and after, in words."""

    kind: str
    id: str
    what: str
    parts: tuple[tuple[str, str, str], ...] = ()


def changes(before: RuleSet, after: RuleSet) -> list[Change]:
    """Every difference that a line could feel or an officer read, rules first."""
    found: list[Change] = []
    if before.title != after.title:
        found.append(Change("title", "", "changed", (("title", before.title, after.title),)))
    found += _of(
        "rule", {r.id: _rule(r) for r in before.rules}, {r.id: _rule(r) for r in after.rules}
    )
    old = {one.id: one for one in before.watchlists}
    new = {one.id: one for one in after.watchlists}
    heads = [{name: _head(one) for name, one in lists.items()} for lists in (old, new)]
    found += _of("watchlist", heads[0], heads[1])
    for name in dict.fromkeys((*old, *new)):
        found += _of("entry", _entries(old.get(name)), _entries(new.get(name)))
    if not found and before.digest != after.digest:
        found.append(Change("rule", "", "changed", (("order", "", ""),)))
    return found


def describe(condition: Condition) -> str:
    """A condition in words.

    >>> from tradelane.targeting.rules.model import Group, Op
    >>> cheap = Test("price_per_kg", Op.LT, ("9",))
    >>> describe(Group("all", (cheap, Group("not", (Test("origin", Op.EQ, ("CN",)),)))))
    'price per kg is below 9, and not (origin is CN)'
    """
    if isinstance(condition, Test):
        return _test(condition)
    parts = [
        f"({describe(part)})"
        if not isinstance(part, Test) and part.word != "not"
        else describe(part)
        for part in condition.parts
    ]
    if condition.word == "not":
        inner = parts[0] if parts[0].startswith("(") else f"({parts[0]})"
        return f"not {inner}"
    return (", and " if condition.word == "all" else ", or ").join(parts)


def _test(test: Test) -> str:
    values = " and ".join(test.values) if test.op == "between" else ", ".join(test.values)
    return f"{test.field.replace('_', ' ')} {OP_WORDS[test.op]} {values}".strip()


def _of(
    kind: str, before: Mapping[str, dict[str, str]], after: Mapping[str, dict[str, str]]
) -> Iterator[Change]:
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        what = "added" if old is None else "removed" if new is None else "changed"
        keys = dict.fromkeys((*(old or {}), *(new or {})))
        parts = [(key, (old or {}).get(key, ""), (new or {}).get(key, "")) for key in keys]
        yield Change(kind, name, what, tuple(part for part in parts if part[1] != part[2]))


def _rule(rule: Any) -> dict[str, str]:
    found = {key: str(value) for key, value in rule.to_dict().items() if key not in ("id", "when")}
    return {**found, "when": describe(rule.when)}


def _head(watchlist: Watchlist) -> dict[str, str]:
    return {"title": watchlist.title, "column": watchlist.column}


def _entries(watchlist: Watchlist | None) -> dict[str, dict[str, str]]:
    if watchlist is None:
        return {}
    return {
        f"{watchlist.id}: {entry.value}": {k: v for k, v in entry.to_dict().items() if k != "value"}
        for entry in watchlist.entries
    }
