"""Typed fields out of a pack's YAML, with file and line for everything that is wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

import yaml

from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import Pack, read_date


def read_number(text: str) -> Decimal | None:
    """A finite decimal number, or None.

    >>> read_number("12.50"), read_number("12,50"), read_number("nan")
    (Decimal('12.50'), None, None)
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


class PackFile:
    """One YAML file of a pack, and what was found wrong with it."""

    def __init__(self, pack: Pack, name: str) -> None:
        self.pack, self.name = pack, name
        self._found: list[tuple[str, str, str, str]] = []
        try:
            self.content: Any = pack.yaml(name)
        except ValueError as error:  # a date such as 2026-02-30
            raise InputRefused(
                Problem("duties.pack_field", f"{name} of pack {pack.id!r}: {error}.")
            ) from None

    def wrong(self, code: str, message: str, pointer: str, hint: str = "") -> None:
        """Note something wrong; `finish` raises all of it."""
        self._found.append((code, message, pointer, hint))

    def items(self, key: str, allowed: frozenset[str]) -> Iterator[Fields]:
        """The mappings in the list under ``key`` (none where the key is absent)."""
        content = self.content if isinstance(self.content, dict) else {}
        for number, item in enumerate(content.get(key) or []):
            yield Fields(self, item, f"/{key}/{number}", allowed)

    def finish(self) -> None:
        """Raise InputRefused with every problem, each with its line, or do nothing."""
        if not self._found:
            return
        lines = _lines((self.pack.root / self.name).read_text(encoding="utf-8-sig"))
        raise InputRefused(
            Problem(
                code,
                f"{self.name} of pack {self.pack.id!r}: {message}",
                pointer=pointer,
                line=_line_of(lines, pointer),
                hint=hint,
            )
            for code, message, pointer, hint in self._found
        )


class Fields:
    """The keys of one mapping in a `PackFile`; unknown keys are wrong (a typo is not a law)."""

    def __init__(self, file: PackFile, data: Any, pointer: str, allowed: frozenset[str]) -> None:
        self.file, self.pointer = file, pointer
        self.data: dict[str, Any] = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            file.wrong("duties.pack_field", "a mapping of keys to values is wanted.", pointer)
        for key in sorted(set(map(str, self.data)) - allowed):
            self.wrong(
                key, f"there is no key {key!r} here.", f"Known: {', '.join(sorted(allowed))}."
            )

    def wrong(self, key: str, message: str, hint: str = "", code: str = "") -> None:
        """Note that the field is wrong."""
        self.file.wrong(code or "duties.pack_field", message, f"{self.pointer}/{key}", hint)

    def text(self, key: str, *, needed: bool = False) -> str:
        """A text, "" where absent."""
        value = self.data.get(key)
        if value is None and needed:
            if key == "source":
                hint = "Every value says where it is from."
                self.wrong(key, "source is missing.", hint, "duties.pack_source")
            else:
                self.wrong(key, f"{key} is missing.")
        if isinstance(value, dict | list):
            self.wrong(key, f"{key} must be a text.")
            return ""
        return "" if value is None else str(value).strip()

    def choice(self, key: str, allowed: tuple[str, ...], default: str = "") -> str:
        """One of the allowed texts."""
        value = self.text(key) or default
        if value not in allowed:
            self.wrong(key, f"{key} is {value!r}.", f"One of: {', '.join(allowed)}.")
            return allowed[0]
        return value

    def number(self, key: str, *, needed: bool = False) -> Decimal | None:
        """A number that is not negative."""
        value = self.data.get(key)
        if value is None:
            if needed:
                self.wrong(key, f"{key} is missing.", "Give a number.", "duties.pack_number")
            return None
        number = None if isinstance(value, bool) else read_number(str(value))
        if number is None or number < 0:
            self.wrong(key, f"{key} is {value!r}, not a number.", code="duties.pack_number")
            return None
        return number

    def day(self, key: str, *, needed: bool = False) -> dt.date | None:
        """A date, None where absent."""
        value = self.data.get(key)
        try:
            day = read_date(value if isinstance(value, dt.date) else str(value or ""))
        except ValueError:
            self.wrong(key, f"{key} is {value!r}, not a date.", "Write YYYY-MM-DD.")
            return None
        if day is None and needed:
            self.wrong(key, f"{key} is missing.", "Every value has its first day.")
        return day

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, empty where absent."""
        value = self.data.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            self.wrong(key, f"{key} must be a list of texts.", "Put codes in quotes.")
            return ()
        return tuple(value)

    def group(self, key: str, allowed: frozenset[str]) -> Fields | None:
        """The mapping under ``key``, or None."""
        value = self.data.get(key)
        return None if value is None else Fields(self.file, value, f"{self.pointer}/{key}", allowed)

    def validity(self) -> tuple[dt.date, dt.date | None]:
        """``valid_from`` (needed) and ``valid_to``."""
        first, last = self.day("valid_from", needed=True), self.day("valid_to")
        if first is not None and last is not None and last < first:
            self.wrong("valid_to", "valid_to is before valid_from.")
        return first or dt.date.min, last


def overlaps(
    periods: list[tuple[dt.date, dt.date | None]],
) -> tuple[int, int] | None:
    """The positions of two periods that share a day (both ends included), or None.

    >>> day = dt.date
    >>> overlaps([(day(2026, 1, 1), None), (day(2025, 1, 1), day(2026, 1, 1))])
    (1, 0)
    >>> overlaps([(day(2025, 1, 1), day(2025, 12, 31)), (day(2026, 1, 1), None)]) is None
    True
    """
    order = sorted(range(len(periods)), key=lambda n: periods[n][0])
    for before, after in pairwise(order):
        last = periods[before][1]
        if last is None or periods[after][0] <= last:
            return before, after
    return None


def _lines(text: str) -> dict[str, int]:
    """JSON Pointer to 1-based line, for every node of a YAML text."""
    found: dict[str, int] = {}

    def walk(node: yaml.Node, pointer: str) -> None:
        found.setdefault(pointer, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                place = f"{pointer}/{key.value}"
                found[place] = key.start_mark.line + 1
                walk(value, place)
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                walk(value, f"{pointer}/{number}")

    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    if node is not None:
        walk(node, "")
    return found


def _line_of(lines: dict[str, int], pointer: str) -> int | None:
    # A missing key has no line of its own: the nearest mapping around it has.
    while pointer not in lines and pointer:
        pointer = pointer.rpartition("/")[0]
    return lines.get(pointer)
