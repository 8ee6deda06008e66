"""Plain data to a `RuleSet`, with every problem found, each with a pointer to its place."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from tradelane.kit.errors import InputRefused, Problem
from tradelane.targeting.rules.fields import FIELDS, LIST_FIELDS, Field, Kind, read_value
from tradelane.targeting.rules.forms import Small
from tradelane.targeting.rules.model import (
    OPS,
    SEVERAL,
    VERSION,
    Action,
    Condition,
    Entry,
    Group,
    Op,
    Rule,
    RuleSet,
    Status,
    Test,
    Watchlist,
)

MOST_RULES = 500
MOST_LISTS = 100
MOST_ENTRIES = 10_000
"""Of one watchlist."""
MOST_TESTS = 100
"""Of one rule."""
MOST_VALUES = 1_000
"""Of one test."""
DEEPEST = 6
"""How often all, any and not may stand within one another."""
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST = {"title": 120, "why": 600, "reason": 300, "source": 300, "value": 200}
_GROUPS = ("all", "any", "not")


def read(data: Any) -> RuleSet:
    """The rule set of ``data``, as `RuleSet.to_dict` gives it; numbers and dates may be typed.

    Errors: InputRefused with every problem: ``rules.type``, ``rules.unknown_key``,
    ``rules.missing``, ``rules.value``, ``rules.field``, ``rules.op``, ``rules.list``,
    ``rules.duplicate``, ``rules.too_many``, ``rules.too_deep``, ``rules.version``.
    """
    reading = _Reading()
    found = reading.rule_set(data)
    if reading.problems:
        raise InputRefused(reading.problems)
    return found


def read_rule(data: Any, watchlists: Iterable[Watchlist]) -> Rule:
    """One rule beside these watchlists; errors as `read`, pointers from the rule itself."""
    reading = _Reading()
    reading.lists = {one.id: one for one in watchlists}
    found = reading.rule(data, "")
    if reading.problems or found is None:
        raise InputRefused(reading.problems)
    return found


class _Reading:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.lists: dict[str, Watchlist] = {}
        self.tests = 0

    def say(self, code: str, message: str, at: str, hint: str = "") -> None:
        self.problems.append(Problem(code, message, pointer=at, hint=hint))

    # ------------------------------------------------------------ the whole

    def rule_set(self, data: Any) -> RuleSet:
        given = self.pairs(data, "", ("version", "title", "rules", "watchlists"))
        version = self.text(given.get("version", VERSION), "/version")
        if version != VERSION:
            self.say(
                "rules.version",
                f"The version is {version!r}; this program reads {VERSION!r}.",
                "/version",
            )
        title = self.words(given, "title", "", required=False)
        watchlists = [
            self.watchlist(item, f"/watchlists/{place}")
            for place, item in enumerate(self.items(given, "watchlists", "", MOST_LISTS))
        ]
        kept = tuple(one for one in watchlists if one is not None)
        self.once([one.id for one in kept], "/watchlists", "watchlist")
        self.lists = {one.id: one for one in kept}
        rules = [
            self.rule(item, f"/rules/{place}")
            for place, item in enumerate(self.items(given, "rules", "", MOST_RULES))
        ]
        found = tuple(rule for rule in rules if rule is not None)
        self.once([rule.id for rule in found], "/rules", "rule")
        return RuleSet(found, kept, title)

    def once(self, ids: list[str], at: str, what: str) -> None:
        for place, one in enumerate(ids):
            if one in ids[:place]:
                self.say("rules.duplicate", f"Two have the {what} id {one!r}.", f"{at}/{place}/id")

    def rule(self, data: Any, at: str) -> Rule | None:
        keys = ("id", "title", "why", "action", "status", "valid_from", "valid_to", "when")
        before = len(self.problems)
        given = self.pairs(data, at, keys)
        self.tests = 0
        start, end = self.day(given, "valid_from", at), self.day(given, "valid_to", at)
        if start and end and start > end:
            self.say("rules.value", "The rule ends before it begins.", f"{at}/valid_to")
        action = self.one_of(given, "action", at, tuple(Action), str(Action.INSPECT))
        status = self.one_of(given, "status", at, tuple(Status), str(Status.SHADOW))
        when = None
        if "when" in given:
            when = self.condition(given["when"], f"{at}/when", 1)
        else:
            self.say("rules.missing", "The rule has no 'when'.", at, "Say what it looks for.")
        rule_id = self.name(given, at)
        title, why = self.words(given, "title", at), self.words(given, "why", at)
        if when is None or len(self.problems) > before:
            return None
        return Rule(rule_id, title, why, Action(action), Status(status), when, start, end)

    # ------------------------------------------------------------ conditions

    def condition(self, data: Any, at: str, depth: int) -> Condition | None:
        if depth > DEEPEST:
            hint = "Split the rule into several."
            self.say("rules.too_deep", f"Conditions are nested over {DEEPEST} deep.", at, hint)
            return None
        if not isinstance(data, Mapping):
            self.say("rules.type", "A condition is expected here.", at, _CONDITION)
            return None
        words = [word for word in _GROUPS if word in data]
        if not words:
            return self.test(data, at)
        if len(data) > 1:
            self.say("rules.type", f"{words[0]!r} stands alone in its condition.", at, _CONDITION)
            return None
        return self.group(words[0], data[words[0]], f"{at}/{words[0]}", depth)

    def group(self, word: str, data: Any, at: str, depth: int) -> Condition | None:
        if word == "not":
            part = self.condition(data, at, depth + 1)
            return None if part is None else Group(word, (part,))
        if not isinstance(data, list) or not data:
            self.say("rules.type", f"{word!r} needs a list of conditions.", at, _CONDITION)
            return None
        if len(data) > MOST_TESTS:
            self.say("rules.too_many", f"A rule has at most {MOST_TESTS} conditions.", at)
            return None
        parts = [self.condition(item, f"{at}/{n}", depth + 1) for n, item in enumerate(data)]
        kept = tuple(part for part in parts if part is not None)
        return Group(word, kept) if len(kept) == len(parts) else None

    def test(self, data: Mapping[Any, Any], at: str) -> Test | None:
        self.tests += 1
        if self.tests > MOST_TESTS:
            if self.tests == MOST_TESTS + 1:
                self.say("rules.too_many", f"A rule has at most {MOST_TESTS} conditions.", at)
            return None
        given = self.pairs(data, at, ("field", "op", "value"))
        for key in ("field", "op"):
            if key not in given:
                self.say("rules.missing", f"The condition has no {key!r}.", at, _CONDITION)
                return None
        field = FIELDS.get(name := self.text(given["field"], f"{at}/field"))
        if field is None:
            hint = _near(name, FIELDS)
            self.say("rules.field", f"There is no field {name!r}.", f"{at}/field", hint)
            return None
        word = self.text(given["op"], f"{at}/op")
        allowed = [str(op) for op in OPS[field.kind]]
        if word not in allowed:
            message = f"{word!r} is no comparison of {name} (a {field.kind})."
            self.say("rules.op", message, f"{at}/op", f"Known: {', '.join(allowed)}.")
            return None
        values = self.values(given.get("value"), field, Op(word), f"{at}/value")
        return None if values is None else Test(name, Op(word), values)

    def values(self, data: Any, field: Field, op: Op, at: str) -> tuple[str, ...] | None:
        if op is Op.IS_MISSING:
            if data not in (None, "", True, "true"):
                self.say("rules.value", "is_missing takes no value.", at)
                return None
            return ()
        items = data if isinstance(data, list) else [] if data is None else [data]
        wanted = 2 if op is Op.BETWEEN else 1
        if len(items) < wanted or (op not in SEVERAL and len(items) != wanted):
            count = {True: "at least one value", False: f"{wanted} value(s)"}[op in SEVERAL]
            self.say("rules.value", f"{op} needs {count}.", at)
            return None
        if len(items) > MOST_VALUES:
            self.say("rules.too_many", f"A condition has at most {MOST_VALUES} values.", at)
            return None
        if op is Op.MATCHES_LIST:
            return self.on_list(self.text(items[0], at), field, at)
        several = isinstance(data, list)
        read = [
            self.value(item, field, f"{at}/{n}" if several else at) for n, item in enumerate(items)
        ]
        if None in read:
            return None
        texts = tuple(text for text in read if text is not None)
        if op is Op.BETWEEN and read_value(field.kind, texts[0]) > read_value(field.kind, texts[1]):  # type: ignore[operator]
            self.say("rules.value", "The lower end of between is above the upper one.", at)
            return None
        return texts

    def value(self, data: Any, field: Field, at: str) -> str | None:
        text = self.text(data, at)
        try:
            if len(text) > _LONGEST["value"] or not _is_plain(text):
                raise ValueError
            value = read_value(field.kind, text)
        except ValueError:
            self.say(
                "rules.value",
                f"{text[:40]!r} is not a {field.kind} for {field.name}.",
                at,
                _HINTS[field.kind],
            )
            return None
        if field.kind is Kind.CODE:
            return str(value)
        return text.lower() if isinstance(field.form, Small) else text

    def on_list(self, name: str, field: Field, at: str) -> tuple[str, ...] | None:
        found = self.lists.get(name)
        if found is None:
            self.say("rules.list", f"There is no watchlist {name!r}.", at, _near(name, self.lists))
            return None
        if found.field != field.name:
            self.say(
                "rules.list",
                f"The watchlist {name!r} is about {found.field}, not {field.name}.",
                at,
            )
            return None
        return (name,)

    # ------------------------------------------------------------ watchlists

    def watchlist(self, data: Any, at: str) -> Watchlist | None:
        before = len(self.problems)
        given = self.pairs(data, at, ("id", "title", "column", "entries"))
        name = self.name(given, at)
        column = self.one_of(given, "column", at, tuple(LIST_FIELDS), "")
        title = self.words(given, "title", at, required=False)
        entries = [
            self.entry(item, column, f"{at}/entries/{place}")
            for place, item in enumerate(self.items(given, "entries", at, MOST_ENTRIES))
        ]
        if len(self.problems) > before:
            # Rules that look into a broken list would only repeat its problems.
            return Watchlist(name, title, column or "importer") if name else None
        found = tuple(entry for entry in entries if entry is not None)
        seen: set[str] = set()
        for place, entry in enumerate(found):
            if entry.value in seen:
                message = f"{entry.value!r} is on the list twice."
                self.say("rules.duplicate", message, f"{at}/entries/{place}/value")
            seen.add(entry.value)
        return Watchlist(name, title, column, found)

    def entry(self, data: Any, column: str, at: str) -> Entry | None:
        given = self.pairs(data, at, ("value", "reason", "source", "added", "expires"))
        value = self.words(given, "value", at)
        if column == "hs" and value:
            try:
                value = str(read_value(Kind.CODE, value))
            except ValueError:
                hint = _HINTS[Kind.CODE]
                self.say("rules.value", f"{value[:40]!r} is not a code.", f"{at}/value", hint)
        added, expires = self.day(given, "added", at), self.day(given, "expires", at)
        if added and expires and added > expires:
            self.say("rules.value", "The entry expires before it is added.", f"{at}/expires")
        reason = self.words(given, "reason", at)
        source = self.words(given, "source", at, required=False)
        return Entry(value, reason, source, added, expires)

    # ------------------------------------------------------------ plain values

    def pairs(self, data: Any, at: str, allowed: tuple[str, ...]) -> Mapping[str, Any]:
        if not isinstance(data, Mapping):
            self.say("rules.type", "Keys and values are expected here.", at)
            return {}
        for key in data:
            if key not in allowed:
                hint = _near(str(key), allowed)
                self.say(
                    "rules.unknown_key",
                    f"{str(key)[:40]!r} is not known here.",
                    f"{at}/{key}",
                    hint,
                )
        return data

    def items(self, given: Mapping[str, Any], key: str, at: str, most: int) -> list[Any]:
        found = given.get(key)
        if found is None or found == "":
            return []
        if not isinstance(found, list):
            self.say("rules.type", f"{key!r} is a list.", f"{at}/{key}")
            return []
        if len(found) > most:
            self.say(
                "rules.too_many", f"{key!r} has {len(found)} items; at most {most}.", f"{at}/{key}"
            )
            return []
        return found

    def text(self, data: Any, at: str) -> str:
        if isinstance(data, bool) or not isinstance(data, str | int | float | dt.date):
            self.say("rules.type", "One value is expected here.", at)
            return ""
        return str(data).strip()

    def words(self, given: Mapping[str, Any], key: str, at: str, required: bool = True) -> str:
        found = self.text(given.get(key, ""), f"{at}/{key}")
        if required and not found:
            self.say("rules.missing", f"There is no {key!r}.", f"{at}/{key}")
        elif len(found) > _LONGEST[key] or not _is_plain(found):
            message = f"{key!r} is one line of at most {_LONGEST[key]} characters."
            self.say("rules.value", message, f"{at}/{key}")
        return found

    def name(self, given: Mapping[str, Any], at: str) -> str:
        found = self.text(given.get("id", ""), f"{at}/id")
        if not _ID.fullmatch(found):
            hint = "Small letters, digits and _, a letter first, at most 40."
            self.say("rules.value", f"{found[:40]!r} is not an id.", f"{at}/id", hint)
            return ""
        return found

    def one_of(
        self, given: Mapping[str, Any], key: str, at: str, allowed: Iterable[str], default: str
    ) -> str:
        found = self.text(given.get(key, default), f"{at}/{key}")
        known = [str(word) for word in allowed]
        if found not in known:
            message = f"{found[:40]!r} is not a {key}."
            self.say("rules.value", message, f"{at}/{key}", f"Known: {', '.join(known)}.")
            return known[0]
        return found

    def day(self, given: Mapping[str, Any], key: str, at: str) -> dt.date | None:
        found = self.text(given.get(key) or "", f"{at}/{key}")
        if not found:
            return None
        try:
            return dt.date.fromisoformat(found)
        except ValueError:
            hint = _HINTS[Kind.DATE]
            self.say("rules.value", f"{found[:40]!r} is not a date.", f"{at}/{key}", hint)
            return None


_CONDITION = (
    "Write {field: ..., op: ..., value: ...}, or all, any (a list) or not (one) of conditions."
)
_HINTS: Mapping[Kind, str] = {
    Kind.TEXT: "Write at least one letter.",
    Kind.CODE: "Write digits, as 8471.30.",
    Kind.NUMBER: "Write it like 2.50, without thousands signs.",
    Kind.DATE: "Write it like 2026-10-30.",
}


def _is_plain(text: str) -> bool:
    """Whether it is one line without controls and without signs that nobody sees."""
    kinds = {unicodedata.category(sign) for sign in text if not sign.isprintable()}
    return kinds <= {"Zs"}


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = get_close_matches(name, names, 1)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known: {', '.join(names[:60])}." if names else "Write the watchlist first."
