"""JSON and NDJSON into rows: flat objects, or documents with their lines under ``lines``.

An array is cut into its elements by counting brackets, so that one broken, huge or deep element
costs that element alone, and only one is ever in memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from tradelane.declarations.assembly import RawRow
from tradelane.declarations.mapping import Mapping
from tradelane.declarations.model import Limits
from tradelane.declarations.rules import OtherColumns
from tradelane.declarations.textfile import TextFile
from tradelane.kit.errors import Problem

LINES = "lines"
_PIECE = 65_536
_SIGN = re.compile(r'["\\\[\]{},]')
_IN_STRING = re.compile(r'["\\]')
_BRACKET = re.compile(r"[\[\]{}]")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


class _Bad(ValueError):
    """An element that cannot be read, with the problem it makes."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


def json_header(mapping: Mapping) -> list[str]:
    """The keys that are read from an object, in the order of a row's cells."""
    return list(mapping.named_columns())


def read_ndjson(
    file: TextFile, mapping: Mapping, header: list[str], limits: Limits
) -> Iterator[RawRow]:
    """The rows of a file with one JSON object a line."""
    documents = count(1)
    number = 0
    while True:
        text = file.readline(limits.document)
        if not text:
            return
        number += 1
        too_long = len(text) >= limits.document and not text.endswith(("\n", "\r"))
        if too_long:
            file.skip_line(limits.document)
        elif not text.strip():
            continue
        yield from rows_of(
            text, number, next(documents), mapping, header, limits, too_long=too_long
        )


def read_json(
    file: TextFile, mapping: Mapping, header: list[str], limits: Limits
) -> Iterator[RawRow]:
    """The rows of a file with one JSON array."""
    documents = count(1)
    for line, text, problem in _elements(file, limits):
        if problem is not None:
            yield _refused(line, problem)
        else:
            yield from rows_of(text, line, next(documents), mapping, header, limits)


def rows_of(
    text: str,
    line: int,
    document: int,
    mapping: Mapping,
    header: list[str],
    limits: Limits,
    *,
    too_long: bool = False,
) -> Iterator[RawRow]:
    """The rows of one JSON object; ``document`` (not 0) makes its lines one declaration."""
    try:
        if too_long:
            raise _too_large(limits)
        value = _parse(text, limits)
        if LINES in value and LINES not in header:
            yield from _document_rows(value, line, document, mapping, header)
        else:
            yield _row(value, {}, line, 0, mapping, header)
    except _Bad as bad:
        yield _refused(line, bad)


def _document_rows(
    value: dict[str, Any], line: int, document: int, mapping: Mapping, header: list[str]
) -> Iterator[RawRow]:
    lines = value.pop(LINES)
    if not isinstance(lines, list) or not lines:
        raise _Bad("declarations.no_lines", "The declaration has no lines.")
    for item in lines:
        if isinstance(item, dict):
            yield _row(item, value, line, document, mapping, header)
        else:
            bad = _Bad("declarations.json_type", "A line of the declaration is not an object.")
            yield _row({}, value, line, document, mapping, header, bad)


def _row(
    item: dict[str, Any],
    above: dict[str, Any],
    line: int,
    document: int,
    mapping: Mapping,
    header: list[str],
    bad: _Bad | None = None,
) -> RawRow:
    values = {**above, **item} if above else item
    cells: list[str] = []
    for name in header:
        cell = values.get(name, "")
        if cell is None:
            cell = ""
        elif not isinstance(cell, str):
            if isinstance(cell, bool):
                cell = "true" if cell else "false"
            else:
                bad = bad or _Bad(
                    "declarations.json_type", f"The value of {name!r} is a list or an object."
                )
                cell = ""
        cells.append(cell)
    if mapping.other_columns is OtherColumns.REFUSE and bad is None:
        unknown = next((name for name in values if name not in header), None)
        if unknown is not None:
            bad = _Bad(
                "declarations.unknown_column",
                f"The mapping {mapping.id!r} does not say what the key {unknown[:40]!a} is.",
                "Map it, name it under extra or ignored, or set other_columns.",
            )
    return RawRow(line, cells, None if bad is None else _problem(line, bad), document)


def _parse(text: str, limits: Limits) -> dict[str, Any]:
    if text.count("[") + text.count("{") > limits.depth and _depth(text) > limits.depth:
        raise _too_deep(limits)
    try:
        # Numbers stay text: they become decimals later, with the digits that were written.
        value = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
        raise _Bad(
            "declarations.json",
            f"The object is not valid JSON: {reason}.",
            "Write an array of objects, or one object a line.",
        ) from None
    if not isinstance(value, dict):
        raise _Bad("declarations.json_type", "A declaration is a JSON object.")
    return value


def _depth(text: str) -> int:
    deepest = depth = 0
    for match in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if match[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _elements(file: TextFile, limits: Limits) -> Iterator[tuple[int, str, _Bad | None]]:
    """Line, text and problem of each element of the array."""
    cutter = _Cutter(limits)
    while True:
        piece = file.piece(_PIECE)
        if not piece:
            break
        yield from cutter.feed(piece)
    yield from cutter.end()


class _Cutter:
    """Cuts an array into the texts of its elements by counting brackets outside strings."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.depth = 0
        self.inside = False
        self.escaped = False
        self.over = False
        self.line = 1
        self.begin()

    def begin(self) -> None:
        """A new element begins."""
        self.kept: list[str] = []
        self.size = 0
        self.start = self.line
        self.bad: _Bad | None = None

    def feed(self, piece: str) -> Iterator[tuple[int, str, _Bad | None]]:
        """The elements that end in the next piece of the file."""
        position = kept = 0
        while not self.over:
            if self.escaped and position < len(piece):
                self.escaped = False
                position += 1
            match = (_IN_STRING if self.inside else _SIGN).search(piece, position)
            if match is None:
                break
            sign, position = match[0], match.end()
            if sign == "\\":
                self.escaped = self.inside
            elif sign == '"':
                self.inside = not self.inside
            elif self.step(sign):
                self.take(piece[kept : position - 1])
                kept = position
                if sign != "[" and (sign == "," or self.size or self.bad):
                    yield self.start, "".join(self.kept), self.bad
                self.begin()
        self.take(piece[kept:])

    def step(self, sign: str) -> bool:
        """Count a bracket or comma; whether an element begins or ends at it."""
        if sign == ",":
            return self.depth == 1
        if sign in "[{":
            self.depth += 1
            if self.depth > self.limits.depth + 1:
                self.bad = self.bad or _too_deep(self.limits)
            return self.depth == 1
        self.depth -= 1
        self.over = self.depth == 0
        return self.over

    def end(self) -> Iterator[tuple[int, str, _Bad | None]]:
        """What is left when the file ends."""
        if not self.over:
            yield self.start, "", _Bad("declarations.json", "The file ends inside the array.")
        elif self.size:
            bad = _Bad("declarations.json", "There is something after the array's end.")
            yield self.start, "", bad

    def take(self, text: str) -> None:
        """Keep a part of the current element, unless it was refused."""
        if not self.size:
            bare = text.lstrip()
            self.line += text.count("\n", 0, len(text) - len(bare))
            self.start, text = self.line, bare
        self.line += text.count("\n")
        self.size += len(text)
        if self.size > self.limits.document:
            self.bad = self.bad or _too_large(self.limits)
        if self.bad is not None:
            self.kept.clear()
        elif text:
            self.kept.append(text)


def _too_large(limits: Limits) -> _Bad:
    return _Bad(
        "declarations.document_too_large",
        f"The object has more than {limits.document:,} signs.",
    )


def _too_deep(limits: Limits) -> _Bad:
    return _Bad(
        "declarations.too_deep", f"The object is nested more than {limits.depth} levels deep."
    )


def _refused(line: int, bad: _Bad) -> RawRow:
    return RawRow(line, None, _problem(line, bad))


def _problem(line: int, bad: _Bad) -> Problem:
    return Problem(bad.code, bad.message, line=line, hint=bad.hint)
