"""Rules, their conditions, and watchlists, as data: nothing in them is ever run as a program."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from tradelane.kit.canonical import digest_of
from tradelane.targeting.rules.fields import LIST_FIELDS, Kind

VERSION = "1"
"""Of the grammar; a file of another version is refused."""


class Action(StrEnum):
    """What a live rule asks for: the goods or the documents."""

    INSPECT = "inspect"
    DOCUMENTS = "documents"


class Status(StrEnum):
    """A shadow rule is counted and changes nothing."""

    LIVE = "live"
    SHADOW = "shadow"
    OFF = "off"


class Op(StrEnum):
    """How a field is compared with the values."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "not_in"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    BETWEEN = "between"
    STARTS_WITH = "starts_with"
    CONTAINS = "contains"
    MATCHES_LIST = "matches_list"
    IS_MISSING = "is_missing"


OP_WORDS: Mapping[Op, str] = {
    Op.EQ: "is",
    Op.NE: "is not",
    Op.IN: "is one of",
    Op.NOT_IN: "is none of",
    Op.LT: "is below",
    Op.LE: "is at most",
    Op.GT: "is above",
    Op.GE: "is at least",
    Op.BETWEEN: "is between (both ends count)",
    Op.STARTS_WITH: "starts with one of",
    Op.CONTAINS: "contains one of",
    Op.MATCHES_LIST: "is on the watchlist",
    Op.IS_MISSING: "is missing",
}
"""Each comparison in words, as pages and reasons say it."""

_EQUAL = (Op.EQ, Op.NE, Op.IN, Op.NOT_IN)
_ORDER = (Op.LT, Op.LE, Op.GT, Op.GE, Op.BETWEEN)
OPS: Mapping[Kind, tuple[Op, ...]] = {
    Kind.TEXT: (*_EQUAL, Op.STARTS_WITH, Op.CONTAINS, Op.MATCHES_LIST, Op.IS_MISSING),
    Kind.CODE: (*_EQUAL, Op.STARTS_WITH, Op.MATCHES_LIST, Op.IS_MISSING),
    Kind.NUMBER: (*_EQUAL, *_ORDER, Op.IS_MISSING),
    Kind.DATE: (Op.EQ, Op.NE, *_ORDER, Op.IS_MISSING),
}
"""The comparisons that each kind of field knows."""

SEVERAL = frozenset({Op.IN, Op.NOT_IN, Op.STARTS_WITH, Op.CONTAINS})
"""Comparisons with any number of values; ``between`` takes two, ``is_missing`` none, others one."""


@dataclass(frozen=True, slots=True)
class Test:
    """A field compared with values, which are kept as they are written."""

    __test__ = False  # not one of pytest's
    field: str
    op: Op
    values: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"field": self.field, "op": str(self.op)}
        if self.op in SEVERAL or self.op is Op.BETWEEN:
            found["value"] = list(self.values)
        elif self.values:
            found["value"] = self.values[0]
        return found


@dataclass(frozen=True, slots=True)
class Group:
    """``all``, ``any`` or ``not`` (of one part)."""

    word: str
    parts: tuple[Condition, ...]

    def to_dict(self) -> dict[str, Any]:
        inner = [part.to_dict() for part in self.parts]
        return {self.word: inner[0] if self.word == "not" else inner}


Condition = Test | Group


def tests_of(condition: Condition) -> Iterator[Test]:
    """Every test within a condition, from left to right."""
    if isinstance(condition, Test):
        yield condition
    else:
        for part in condition.parts:
            yield from tests_of(part)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``why`` is for the officer who gets the line; both dates count as days in force."""

    id: str
    title: str
    why: str
    action: Action
    status: Status
    when: Condition
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None

    @property
    def lists(self) -> tuple[str, ...]:
        """The watchlists that it looks into."""
        found = (test for test in tests_of(self.when) if test.op is Op.MATCHES_LIST)
        return tuple(dict.fromkeys(test.values[0] for test in found))

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it asks for."""
        return tuple(dict.fromkeys(test.field for test in tests_of(self.when)))

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "why": self.why,
            "action": str(self.action),
            "status": str(self.status),
            **_dates(valid_from=self.valid_from, valid_to=self.valid_to),
            "when": self.when.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody or something on a watchlist, from ``added`` to ``expires`` (both count)."""

    value: str
    reason: str
    source: str = ""
    added: dt.date | None = None
    expires: dt.date | None = None

    def to_dict(self) -> dict[str, Any]:
        found = {"value": self.value, "reason": self.reason}
        if self.source:
            found["source"] = self.source
        return {**found, **_dates(added=self.added, expires=self.expires)}


@dataclass(frozen=True, slots=True)
class Watchlist:
    """A list that rules look into. ``column``: one of `fields.LIST_FIELDS`."""

    id: str
    title: str
    column: str
    entries: tuple[Entry, ...] = ()

    @property
    def field(self) -> str:
        """The field of a line that is looked up."""
        return LIST_FIELDS[self.column]

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "column": self.column,
            "entries": [entry.to_dict() for entry in self.entries],
        }


@dataclass(frozen=True)
class RuleSet:
    """All rules and watchlists that are in force together; equal ones have the same digest."""

    rules: tuple[Rule, ...] = ()
    watchlists: tuple[Watchlist, ...] = ()
    title: str = ""

    @cached_property
    def digest(self) -> str:
        """Of the canonical bytes of `to_dict`."""
        return digest_of(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; numbers and dates as text."""
        return {
            "version": VERSION,
            "title": self.title,
            "rules": [rule.to_dict() for rule in self.rules],
            "watchlists": [watchlist.to_dict() for watchlist in self.watchlists],
        }

    @classmethod
    def from_dict(cls, data: Any) -> RuleSet:
        """The rule set that `to_dict` gave, or InputRefused with every problem (``rules.*``)."""
        from tradelane.targeting.rules.reading import read

        return read(data)

    def find_rule(self, rule_id: str) -> Rule | None:
        """The rule of that id, or None."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    def find_list(self, list_id: str) -> Watchlist | None:
        """The watchlist of that id, or None."""
        return next((one for one in self.watchlists if one.id == list_id), None)


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched a line. ``text``: why, with the line's own figures, for the officer."""

    rule: str
    action: str
    shadow: bool
    text: str


def _dates(**given: dt.date | None) -> dict[str, str]:
    return {name: day.isoformat() for name, day in given.items() if day is not None}
