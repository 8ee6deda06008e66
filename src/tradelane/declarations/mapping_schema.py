"""Reads a mapping's YAML, naming every problem with its line and column.

Scalars are taken as they are written, never as YAML would type them: ``010129`` stays a code and
``no`` stays Norway.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches

import yaml

from tradelane.declarations.fields import GOODS_FIELDS, OUTCOME_FIELDS, Field, Kind
from tradelane.declarations.rules import ENCODINGS, Format, OtherColumns, Rule
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import parse_yaml

_MAX_DAYS = 3_650
_DIRECTIVES = re.compile(r"%(.)")
_DATE_DIRECTIVES = set("YmdHMSbByfzjT%")


@dataclass
class Document:
    """What was read; complete only when there was no problem."""

    text: dict[str, str] = field(default_factory=dict)
    format: Format = field(default_factory=Format)
    columns: dict[str, Rule] = field(default_factory=dict)
    outcome: dict[str, Rule] = field(default_factory=dict)
    recorded_after_days: int | None = None
    extra_declaration: list[str] = field(default_factory=list)
    extra_line: list[str] = field(default_factory=list)
    ignored: dict[str, str] = field(default_factory=dict)
    other_columns: OtherColumns = OtherColumns.REFUSE


def read_document(text: str, name: str) -> Document:
    """The document, or InputRefused with all problems (``mapping.*``, or ``packs.*`` for YAML)."""
    parse_yaml(text, name)
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    reading = _Reading(name)
    if isinstance(node, yaml.MappingNode):
        reading.document(node)
    else:
        reading.say("mapping.type", "A mapping file is a list of keys and values.", node)
    if reading.problems:
        raise InputRefused(sorted(reading.problems, key=lambda p: (p.line or 0, p.column or 0)))
    return reading.found


class _Reading:
    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.found = Document()
        self.used: dict[str, str] = {}

    def say(self, code: str, message: str, node: yaml.Node | None, hint: str = "") -> None:
        line = node.start_mark.line + 1 if node is not None else 1
        column = node.start_mark.column + 1 if node is not None else 1
        self.problems.append(Problem(code, message, line=line, column=column, hint=hint))

    def document(self, node: yaml.MappingNode) -> None:
        sections: dict[str, Callable[[yaml.Node], None]] = {
            "format": self.format,
            "columns": self.columns,
            "outcome": self.outcome,
            "extra": self.extra,
            "ignored": self.ignored,
            "other_columns": self.other_columns,
        }
        plain = ("id", "version", "title", "source", "licence", "territory")
        seen = self.pairs(node, (*plain, *sections))
        for key, value in seen.items():
            if key in sections:
                sections[key](value)
            else:
                self.found.text[key] = self.scalar(value)
        for key in ("id", "version", "columns"):
            if key not in seen:
                self.say("mapping.missing", f"The mapping has no {key!r}.", node)
        if "columns" in seen:
            self.complete(seen["columns"])

    def complete(self, node: yaml.Node) -> None:
        """All that every line must have is mapped."""
        for name, known in GOODS_FIELDS.items():
            if known.required and name not in self.found.columns:
                self.say(
                    "mapping.missing",
                    f"The field {name!r} is required and nothing fills it.",
                    node,
                    hint="Name its column, or give it a constant.",
                )

    def format(self, node: yaml.Node) -> None:
        keys = ("encoding", "delimiter", "decimal", "thousands", "dates")
        values = self.pairs(node, keys)
        base = Format()
        encodings = tuple(
            self.one_of(item, "encoding", ENCODINGS) for item in self.items(values.get("encoding"))
        )
        self.found.format = Format(
            encodings=encodings or base.encodings,
            delimiter=self.sign(values.get("delimiter"), base.delimiter, ",;\t|"),
            decimal=self.sign(values.get("decimal"), base.decimal, ".,"),
            thousands=self.sign(values.get("thousands"), base.thousands, ",. '\u00a0\u202f_"),
            dates=self.dates(values["dates"]) if "dates" in values else base.dates,
        )
        if self.found.format.thousands == self.found.format.decimal:
            self.say("mapping.value", "The decimal and the thousands sign are the same.", node)

    def columns(self, node: yaml.Node) -> None:
        for name, value in self.pairs(node, tuple(GOODS_FIELDS)).items():
            self.found.columns[name] = self.rule(GOODS_FIELDS[name], value)

    def outcome(self, node: yaml.Node) -> None:
        values = self.pairs(node, tuple(OUTCOME_FIELDS))
        for name, value in values.items():
            days = name == "recorded_at" and isinstance(value, yaml.MappingNode)
            if days and any(key.value == "days_after_declaration" for key, _ in value.value):
                self.delay(value)
            else:
                self.found.outcome[name] = self.rule(OUTCOME_FIELDS[name], value)
        if values and "inspected" not in values:
            self.say(
                "mapping.missing",
                "An outcome needs 'inspected'.",
                node,
                hint='Name its column, or write {constant: "true"} if every line was inspected.',
            )
        if "fraud" in values and "recorded_at" not in values:
            self.say(
                "mapping.missing",
                "A finding of fraud needs 'recorded_at', the moment since when it was known.",
                node,
                hint="Name its column, or write {days_after_declaration: 30}.",
            )

    def delay(self, node: yaml.Node) -> None:
        value = self.pairs(node, ("days_after_declaration",))["days_after_declaration"]
        days = self.whole(value, _MAX_DAYS)
        self.found.recorded_after_days = days

    def extra(self, node: yaml.Node) -> None:
        values = self.pairs(node, ("declaration", "line"))
        for key, target in (
            ("declaration", self.found.extra_declaration),
            ("line", self.found.extra_line),
        ):
            for item in self.items(values.get(key)):
                column = self.scalar(item)
                self.claim(column, "extra", item)
                target.append(column)

    def ignored(self, node: yaml.Node) -> None:
        for column, value in self.pairs(node, None).items():
            self.claim(column, "ignored", value)
            self.found.ignored[column] = self.scalar(value)

    def other_columns(self, node: yaml.Node) -> None:
        allowed = {str(item): str(item) for item in OtherColumns}
        self.found.other_columns = OtherColumns(self.one_of(node, "other_columns", allowed))

    def rule(self, known: Field, node: yaml.Node) -> Rule:
        if isinstance(node, yaml.ScalarNode):
            column = self.scalar(node)
            self.claim(column, known.name, node)
            return Rule(known.name, known.kind, column, required=known.required)
        allowed = ["column", "constant", "default", "required", "values", "pattern"]
        allowed += {
            Kind.DATE: ["dates"],
            Kind.INSTANT: ["dates"],
            Kind.AMOUNT: ["scale"],
            Kind.HS_CODE: ["pad"],
        }.get(known.kind, [])
        values = self.pairs(node, tuple(allowed))
        column = self.scalar(values["column"]) if "column" in values else ""
        constant = self.scalar(values["constant"]) if "constant" in values else ""
        if bool(column) == bool(constant):
            self.say("mapping.value", f"{known.name!r} needs a column or a constant, one.", node)
        if column:
            self.claim(column, known.name, values["column"])
        required = known.required
        if "required" in values:
            required = self.boolean(values["required"]) or required
        return Rule(
            known.name,
            known.kind,
            column,
            constant,
            self.scalar(values["default"]) if "default" in values else "",
            required,
            self.dates(values["dates"]) if "dates" in values else (),
            self.table(values["values"]) if "values" in values else None,
            self.number(values["scale"]) if "scale" in values else None,
            self.pattern(values["pattern"]) if "pattern" in values else "",
            self.whole(values["pad"], 10) if "pad" in values else 0,
        )

    def claim(self, column: str, owner: str, node: yaml.Node) -> None:
        """Note that a column is used; each may be used once."""
        if not column.strip():
            self.say("mapping.value", f"The column of {owner!r} has no name.", node)
        elif column in self.used:
            self.say(
                "mapping.duplicate_column",
                f"The column {column!r} is used for {self.used[column]!r} and for {owner!r}.",
                node,
            )
        else:
            self.used[column] = owner

    def pairs(self, node: yaml.Node, allowed: tuple[str, ...] | None) -> dict[str, yaml.Node]:
        """The values of a YAML mapping by key; unknown and repeated keys are problems."""
        if not isinstance(node, yaml.MappingNode):
            self.say("mapping.type", "Keys and values are expected here.", node)
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = self.scalar(key)
            if name in found:
                self.say("mapping.duplicate_key", f"{name!r} is written twice.", key)
            elif allowed is not None and name not in allowed:
                close = get_close_matches(name, allowed, 1)
                hint = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(allowed)}."
                self.say("mapping.unknown_key", f"{name!r} is not known here.", key, hint)
            else:
                found[name] = value
        return found

    def items(self, node: yaml.Node | None) -> list[yaml.Node]:
        """The items of a YAML list; one scalar is a list of one."""
        if node is None:
            return []
        return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]

    def scalar(self, node: yaml.Node) -> str:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self.say("mapping.type", "One value is expected here, not several.", node)
        return ""

    def boolean(self, node: yaml.Node) -> bool:
        return self.one_of(node, "yes or no", {"true": "true", "false": "false"}) == "true"

    def one_of(self, node: yaml.Node, what: str, allowed: dict[str, str]) -> str:
        value = self.scalar(node).lower()
        if value in allowed:
            return allowed[value]
        self.say(
            "mapping.value",
            f"{value!r} is not a value of {what!r}.",
            node,
            hint=f"Known: {', '.join(allowed)}.",
        )
        return next(iter(allowed.values()))

    def sign(self, node: yaml.Node | None, default: str, allowed: str) -> str:
        if node is None:
            return default
        value = self.scalar(node)
        if value == "" or (len(value) == 1 and value in allowed):
            return value or default
        self.say("mapping.value", f"{value!r} is not one of the signs {list(allowed)}.", node)
        return default

    def whole(self, node: yaml.Node, most: int) -> int:
        value = self.scalar(node)
        if value.isascii() and value.isdecimal() and len(value) < 6 and int(value) <= most:
            return int(value)
        self.say("mapping.value", f"{value!r} is not a whole number from 0 to {most}.", node)
        return 0

    def number(self, node: yaml.Node) -> Decimal:
        try:
            value = Decimal(self.scalar(node))
        except InvalidOperation:
            value = Decimal(0)
        if not value.is_finite() or value <= 0:
            self.say("mapping.value", "A scale is a number above 0.", node)
            return Decimal(1)
        return value

    def pattern(self, node: yaml.Node) -> str:
        value = self.scalar(node)
        try:
            re.compile(value)
        except re.error as error:
            self.say("mapping.value", f"The pattern is not a regular expression: {error}.", node)
        return value

    def table(self, node: yaml.Node) -> dict[str, str]:
        return {key: self.scalar(value) for key, value in self.pairs(node, None).items()}

    def dates(self, node: yaml.Node) -> tuple[str, ...]:
        formats = tuple(self.scalar(item) for item in self.items(node))
        for text in formats:
            used = _DIRECTIVES.findall(text)
            if not used or not set(used) <= _DATE_DIRECTIVES:
                self.say(
                    "mapping.value",
                    f"{text!r} is not a date format.",
                    node,
                    hint="Write it like %Y-%m-%d or %d/%m/%Y.",
                )
        return formats
