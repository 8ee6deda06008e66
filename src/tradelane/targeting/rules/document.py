"""Rule sets as YAML files: read with line and column of every problem, and written.

Scalars are taken as they are written, never as YAML would type them: ``0101`` stays a code and
``no`` stays Norway.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from tradelane.kit.errors import InputRefused, Problem
from tradelane.targeting.rules.model import RuleSet
from tradelane.targeting.rules.reading import read

MOST_BYTES = 2 * 1024 * 1024
_DEEPEST = 40
_Marks = dict[str, yaml.Mark]


def read_file(path: Path) -> RuleSet:
    """The rule set of a YAML file. Errors: as `parse`, and ``rules.unreadable``."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputRefused(
            Problem("rules.unreadable", f"{path} cannot be read: {error.strerror}.")
        ) from None
    return parse_bytes(data, path.name)


def parse_bytes(data: bytes, name: str = "rules") -> RuleSet:
    """As `parse`, of bytes in UTF-8. Errors: as `parse`, and ``rules.encoding``."""
    try:
        return parse(data.decode("utf-8-sig"), name)
    except UnicodeDecodeError as error:
        raise InputRefused(
            Problem(
                "rules.encoding",
                f"{name} is not UTF-8 (byte {error.start}).",
                hint="Save the file as UTF-8.",
            )
        ) from None


def parse(text: str, name: str = "rules") -> RuleSet:
    """The rule set that a YAML (or JSON) text says.

    Errors: InputRefused with every problem of `reading.read`, each with its line and column;
    ``rules.too_large``; ``rules.syntax`` and ``rules.alias`` for what is not plain YAML.
    """
    data, marks = parse_plain(text, name)
    try:
        return read(data)
    except InputRefused as refused:
        found = sorted(
            (_placed(problem, marks) for problem in refused.problems),
            key=lambda problem: (problem.line or 0, problem.column or 0),
        )
        raise InputRefused(found) from None


def parse_plain(text: str, name: str = "rules") -> tuple[Any, _Marks]:
    """The plain values of a YAML text, all scalars as text, and where each begins, by pointer."""
    if len(text) > MOST_BYTES:
        raise InputRefused(
            Problem(
                "rules.too_large",
                f"{name} is over {MOST_BYTES // 1024 // 1024} MiB.",
                hint="Split it, or shorten its watchlists.",
            )
        )
    _check_plain(text, name)
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    marks: _Marks = {}
    problems: list[Problem] = []
    data = {} if node is None else _plain(node, "", marks, problems)
    if problems:
        raise InputRefused(problems)
    return data, marks


def dump(data: Any) -> str:
    """Plain data, as `RuleSet.to_dict` gives it, as YAML that `parse` reads to the same."""
    text: str = yaml.dump(
        data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=100
    )
    return text


def _check_plain(text: str, name: str) -> None:
    """Refuse what is not YAML, has aliases, or would be too deep for recursive readers; without
    recursion."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent):
                message = f"{name} uses a YAML alias (*{event.anchor}), which is not allowed."
                raise InputRefused(Problem("rules.alias", message, hint="Write the value out."))
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > _DEEPEST:
                raise InputRefused(Problem("rules.too_deep", f"{name} is nested too deeply."))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "it has control characters"
        raise InputRefused(
            Problem(
                "rules.syntax",
                f"{name} is not valid YAML: {what}.",
                line=None if mark is None else mark.line + 1,
                column=None if mark is None else mark.column + 1,
            )
        ) from None


def _plain(node: yaml.Node, at: str, marks: _Marks, problems: list[Problem]) -> Any:
    marks[at] = node.start_mark
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [
            _plain(item, f"{at}/{place}", marks, problems) for place, item in enumerate(node.value)
        ]
    found: dict[str, Any] = {}
    for key, value in node.value:
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
        if not name or name in found:
            mark = key.start_mark
            message = f"{name!r} is written twice." if name else "A key is a plain word."
            problems.append(
                Problem("rules.duplicate", message, line=mark.line + 1, column=mark.column + 1)
            )
            continue
        found[name] = _plain(value, f"{at}/{name}", marks, problems)
    return found


def _placed(problem: Problem, marks: _Marks) -> Problem:
    """The problem with the line and column of its pointer, or of what it stands in."""
    at = problem.pointer
    while at not in marks and at:
        at = at.rpartition("/")[0]
    mark = marks.get(at)
    if mark is None:
        return problem
    return replace(problem, line=mark.line + 1, column=mark.column + 1)
