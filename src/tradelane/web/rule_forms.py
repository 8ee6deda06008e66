"""A rule and a watchlist between their forms and their data: what was typed is never lost.

A condition of one group of comparisons is a list of rows; any other is shown as YAML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tradelane.kit.errors import InputRefused, Problem
from tradelane.targeting.rules.document import dump, parse_plain
from tradelane.targeting.rules.model import OPS, SEVERAL, Condition, Group, Op, Rule, Test

FACTS = ("id", "title", "why", "action", "status", "valid_from", "valid_to")
MOST_ROWS = 20
_ROW = re.compile(r"rows-(\d{1,2})-(field|op|value|not)", re.ASCII)
_IN_WHEN = re.compile(r"/when/(?:all|any)/(\d+)(?:/not)?(?:/(field|op|value))?.*")
_LONGEST = 20_000


@dataclass(frozen=True)
class Row:
    """One comparison as it is typed; several values stand with commas between them."""

    field: str = ""
    op: str = "eq"
    value: str = ""
    negated: bool = False


@dataclass
class Typed:
    """A rule as it is typed. ``when``: the condition as YAML, None where rows show it; ``was``:
    the id of the rule that is changed, "" for a new one."""

    facts: dict[str, str] = field(default_factory=dict)
    match: str = "all"
    rows: list[Row] = field(default_factory=list)
    when: str | None = None
    was: str = ""


def shown(rule: Rule | None) -> Typed:
    """The form of a rule, or of a new one, with an empty row to write in."""
    if rule is None:
        facts = {**dict.fromkeys(FACTS, ""), "action": "inspect", "status": "shadow"}
        return Typed(facts, rows=[Row(), Row()])
    data = rule.to_dict()
    typed = Typed({name: str(data.get(name, "")) for name in FACTS}, was=rule.id)
    rows = _rows(rule.when)
    if rows is None:
        typed.when = dump(data["when"])
    else:
        typed.match, typed.rows = rows[0], [*rows[1], Row()]
    return typed


def read_form(form: Mapping[str, Any]) -> Typed:
    """What was typed, rows without a field left out."""
    facts = {name: _text(form, name) for name in FACTS}
    typed = Typed(facts, "any" if form.get("match") == "any" else "all", was=_text(form, "was"))
    if "when" in form:
        typed.when = str(form["when"])[:_LONGEST].replace("\0", "")
        return typed
    found: dict[int, dict[str, str]] = {}
    for name in form:
        place = _ROW.fullmatch(name)
        if place is not None:
            found.setdefault(int(place[1]), {})[place[2]] = _text(form, name)
    for number in sorted(found)[:MOST_ROWS]:
        cells = found[number]
        row = Row(
            cells.get("field", ""), cells.get("op", "eq"), cells.get("value", ""), "not" in cells
        )
        if row.field or row.value:
            typed.rows.append(row)
    return typed


def data_of(typed: Typed) -> dict[str, Any]:
    """The rule's data, for `targeting.rules.reading.read_rule`. Errors: those of reading YAML."""
    facts = {name: value for name, value in typed.facts.items() if value}
    if typed.when is not None:
        data, _ = parse_plain(typed.when, "The condition")
        return {**facts, "when": data}
    return {**facts, "when": {typed.match: [_condition(row) for row in typed.rows]}}


def placed(error: InputRefused, typed: Typed) -> InputRefused:
    """The error's problems pointing at the form's fields."""
    return InputRefused([_placed(problem, typed) for problem in error.problems])


def _placed(problem: Problem, typed: Typed) -> Problem:
    pointer = problem.pointer
    if pointer.startswith("/when") or (typed.when is not None and not pointer):
        found = _IN_WHEN.fullmatch(pointer)
        if typed.when is not None:
            pointer = "/when"
        elif found is not None:
            pointer = f"/rows/{found[1]}/{found[2] or 'field'}"
        else:
            pointer = "/rows/0/field"
    return Problem(
        problem.code, problem.message, pointer, problem.line, problem.column, problem.hint
    )


def _condition(row: Row) -> dict[str, Any]:
    test: dict[str, Any] = {"field": row.field, "op": row.op}
    if row.op in (*SEVERAL, Op.BETWEEN):
        test["value"] = [text.strip() for text in re.split(r"[,\n]", row.value) if text.strip()]
    elif row.op != Op.IS_MISSING:
        test["value"] = row.value
    return {"not": test} if row.negated else test


def _rows(condition: Condition) -> tuple[str, list[Row]] | None:
    """The word that joins rows, and the rows; None where rows cannot show it."""
    group = condition if isinstance(condition, Group) else Group("all", (condition,))
    if group.word == "not":
        group = Group("all", (group,))
    rows = [_row(part) for part in group.parts]
    found = [row for row in rows if row is not None]
    return None if len(found) < len(rows) or len(rows) >= MOST_ROWS else (group.word, found)


def _row(condition: Condition) -> Row | None:
    negated = isinstance(condition, Group)
    if isinstance(condition, Group):
        if condition.word != "not" or isinstance(condition.parts[0], Group):
            return None
        condition = condition.parts[0]
    assert isinstance(condition, Test)
    if condition.op in SEVERAL and any("," in value for value in condition.values):
        return None
    return Row(condition.field, str(condition.op), ", ".join(condition.values), negated)


def _text(form: Mapping[str, Any], name: str) -> str:
    value = form.get(name, "")
    return value.replace("\0", "").strip()[:_LONGEST] if isinstance(value, str) else ""


ALL_OPS = tuple(dict.fromkeys(op for ops in OPS.values() for op in ops))
