"""A mapping compiled for one file: which cell each field is read from, and how."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from tradelane.declarations.cells import CellRefused, Read, compile_cell, excerpt, read_text
from tradelane.declarations.fields import HEADER, LINE, OUTCOME, Field
from tradelane.declarations.mapping import Mapping
from tradelane.declarations.model import Limits
from tradelane.declarations.rules import OtherColumns, Rule
from tradelane.kit.errors import InputRefused, Problem
from tradelane.trade.declaration import Outcome

_EXTRA_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Slot:
    """A field, the index of its cell, and its reader; ``column`` is '' for a constant."""

    field: str
    column: str
    index: int
    read: Read


@dataclass(frozen=True)
class Plan:
    """How to read a row of one file. ``numbered``: problems can say a column's number."""

    header: tuple[Slot, ...]
    line: tuple[Slot, ...]
    outcome_slots: tuple[Slot, ...]
    extra_declaration: tuple[tuple[str, int], ...]
    extra_line: tuple[tuple[str, int], ...]
    header_columns: tuple[int, ...]
    key: Callable[[Sequence[str]], tuple[str, str]]
    outcome: Callable[[list[str], dt.date | None], Outcome | None]
    numbered: bool

    def extra_of(self, columns: tuple[tuple[str, int], ...], cells: list[str]) -> dict[str, str]:
        """The columns that are kept as text, without the empty ones."""
        return {
            name: text if text.isprintable() and len(text) <= _EXTRA_LENGTH else _extra(name, text)
            for name, index in columns
            if (text := cells[index].strip())
        }


def _extra(name: str, text: str) -> str:
    return read_text(text, _EXTRA_LENGTH, f"column {excerpt(name)}", folding=True)


def compile_plan(
    mapping: Mapping,
    header: Sequence[str],
    *,
    limits: Limits,
    today: dt.date,
    numbered: bool = True,
) -> Plan:
    """The plan for a file with these column names; raises InputRefused when it does not fit."""
    places = {name: index for index, name in reversed(list(enumerate(header)))}
    if numbered:
        _check_header(mapping, header, places)
    rules = {rule.field: rule for rule in (*mapping.columns, *mapping.outcome)}

    def slots(fields: tuple[Field, ...]) -> tuple[Slot, ...]:
        return tuple(
            _slot(item, rules.get(item.name), places, mapping, limits, today) for item in fields
        )

    header_slots, line_slots = slots(HEADER), slots(LINE)
    outcome_slots = slots(OUTCOME)
    named = set(mapping.named_columns())
    others = (
        [name for name in places if name not in named]
        if mapping.other_columns is OtherColumns.KEEP
        else []
    )
    extra_declaration = _places(mapping.extra_declaration, places)
    extra_line = _places((*mapping.extra_line, *others), places)
    shared = [slot.index for slot in header_slots if slot.column]
    shared += [index for _, index in extra_declaration]
    return Plan(
        header_slots,
        line_slots,
        outcome_slots,
        extra_declaration,
        extra_line,
        tuple(shared) or (0,),
        _key(header_slots[1], header_slots[0], rules),
        _outcome(outcome_slots, mapping.recorded_after_days),
        numbered,
    )


def _slot(
    item: Field,
    rule: Rule | None,
    places: dict[str, int],
    mapping: Mapping,
    limits: Limits,
    today: dt.date,
) -> Slot:
    if rule is None:
        rule = Rule(item.name, item.kind)
    read = compile_cell(rule, mapping.format, limits, today)
    present = bool(rule.column) and rule.column in places
    try:
        value = read(rule.constant) if rule.constant or not present or rule.default else None
    except CellRefused as error:
        raise InputRefused(
            Problem(
                "declarations.constant",
                f"The mapping's constant or default for {item.name!r} is wrong: {error.message}",
            )
        ) from None
    if present:
        return Slot(item.name, rule.column, places[rule.column], read)
    return Slot(item.name, "", 0, lambda _cell: value)


def _places(names: Sequence[str], places: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple((name, places[name]) for name in names if name in places)


def _key(
    declarant: Slot, reference: Slot, rules: dict[str, Rule]
) -> Callable[[Sequence[str]], tuple[str, str]]:
    """What consecutive rows of one declaration share, as text that was not checked yet."""
    first, second = declarant.index, reference.index
    constant = rules["declarant"].constant
    fixed = rules["reference"].constant

    def key(cells: Sequence[str]) -> tuple[str, str]:
        return (constant or cells[first].strip(), fixed or cells[second].strip())

    return key


def _outcome(
    slots: tuple[Slot, ...], days: int | None
) -> Callable[[list[str], dt.date | None], Outcome | None]:
    inspected_slot, fraud_slot, revenue_slot, recorded_slot = slots
    after = None if days is None else dt.timedelta(days=days)

    def outcome(cells: list[str], on: dt.date | None) -> Outcome | None:
        inspected = inspected_slot.read(cells[inspected_slot.index])
        fraud = fraud_slot.read(cells[fraud_slot.index])
        revenue = revenue_slot.read(cells[revenue_slot.index])
        recorded = recorded_slot.read(cells[recorded_slot.index])
        if not inspected:
            if fraud is not None or revenue:
                raise CellRefused(
                    "declarations.outcome_uninspected",
                    "A finding is given for a line that was not inspected.",
                )
            return None
        if after is not None and on is not None:
            recorded = dt.datetime.combine(on + after, dt.time(), dt.UTC)
        if fraud is not None and recorded is None:
            raise CellRefused(
                "declarations.outcome_undated",
                "A finding is given without the time since when it is known.",
            )
        return Outcome(True, fraud, revenue, recorded)

    def nothing(_cells: list[str], _on: dt.date | None) -> None:
        return None

    if not inspected_slot.column and not inspected_slot.read(""):
        return nothing
    return outcome


def _check_header(mapping: Mapping, header: Sequence[str], places: dict[str, int]) -> None:
    problems: list[Problem] = []
    named = mapping.named_columns()
    for index, name in enumerate(header):
        if places[name] != index and (name in named or name):
            problems.append(
                Problem(
                    "declarations.duplicate_column",
                    f"The column {excerpt(name)} stands twice in the header.",
                    line=1,
                    column=index + 1,
                )
            )
    for rule in (*mapping.columns, *mapping.outcome):
        if rule.required and rule.column and rule.column not in places:
            close = get_close_matches(rule.column, [n for n in places if n not in named], 1)
            problems.append(
                Problem(
                    "declarations.missing_column",
                    f"The column {rule.column!r} for {rule.field!r} is not in the file.",
                    line=1,
                    hint=f"Is it {close[0]!r}? Then say so in the mapping." if close else "",
                )
            )
    if mapping.other_columns is OtherColumns.REFUSE:
        problems += [
            Problem(
                "declarations.unknown_column",
                f"The mapping {mapping.id!r} does not say what the column {excerpt(name)} is.",
                line=1,
                column=index + 1,
                hint="Map it, name it under extra or ignored, or set other_columns.",
            )
            for name, index in places.items()
            if name not in named
        ]
    if problems:
        raise InputRefused(problems)


def check_constants(mapping: Mapping) -> None:
    """Whether the mapping's constants and defaults can be read; raises InputRefused."""
    compile_plan(
        mapping, mapping.named_columns(), limits=Limits(), today=dt.date.max - dt.timedelta(7)
    )
