"""A mapping: how an administration's columns, codes and units become ours."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from tradelane.declarations.mapping_schema import read_document
from tradelane.declarations.rules import Format, OtherColumns, Rule
from tradelane.kit import canonical, packs
from tradelane.kit.errors import InputRefused, Problem

MAPPINGS_PACK = "mappings"


@dataclass(frozen=True)
class Mapping:
    """A checked mapping. ``digest`` is of the file's bytes; ``territory`` names a pack."""

    id: str
    version: str
    title: str
    source: str
    licence: str
    territory: str
    format: Format
    columns: tuple[Rule, ...]
    outcome: tuple[Rule, ...] = ()
    recorded_after_days: int | None = None
    extra_declaration: tuple[str, ...] = ()
    extra_line: tuple[str, ...] = ()
    ignored: MappingType[str, str] = field(default_factory=dict)
    other_columns: OtherColumns = OtherColumns.REFUSE
    digest: str = ""

    def rule(self, name: str) -> Rule | None:
        """The rule of a field of the declaration or its lines."""
        return next((rule for rule in self.columns if rule.field == name), None)

    def named_columns(self) -> tuple[str, ...]:
        """Every column that the mapping names, in its order, each once."""
        rules = [rule.column for rule in (*self.columns, *self.outcome) if rule.column]
        return tuple(
            dict.fromkeys((*rules, *self.extra_declaration, *self.extra_line, *self.ignored))
        )


def load(name_or_path: str | Path) -> Mapping:
    """The shipped mapping of that name, or the mapping in that YAML file.

    Errors: InputRefused with every problem (``mapping.*``), each with its line and column, or
    ``mapping.not_found``.
    """
    path = _find(str(name_or_path))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputRefused(
            Problem("mapping.unreadable", f"{path} cannot be read: {error.strerror}.")
        ) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputRefused(
            Problem(
                "mapping.encoding",
                f"{path.name} is not UTF-8 (byte {error.start}).",
                hint="Save the file as UTF-8.",
            )
        ) from None
    return parse(text, path.name, canonical.digest(data))


def parse(text: str, name: str = "mapping", digest: str = "") -> Mapping:
    """The mapping that a YAML text says; raises InputRefused with all its problems."""
    found = read_document(text, name)
    return Mapping(
        id=found.text["id"],
        version=found.text["version"],
        title=found.text.get("title", ""),
        source=found.text.get("source", ""),
        licence=found.text.get("licence", ""),
        territory=found.text.get("territory", ""),
        format=found.format,
        columns=tuple(found.columns.values()),
        outcome=tuple(found.outcome.values()),
        recorded_after_days=found.recorded_after_days,
        extra_declaration=tuple(found.extra_declaration),
        extra_line=tuple(found.extra_line),
        ignored=found.ignored,
        other_columns=found.other_columns,
        digest=digest or canonical.digest(text.encode()),
    )


def shipped() -> list[str]:
    """The names of the mappings that ship with Tradelane."""
    folder = packs.SHIPPED / MAPPINGS_PACK
    return sorted(path.stem for path in folder.glob("*.yaml") if path.name != "pack.yaml")


def describe(mapping: Mapping) -> list[str]:
    """What the mapping does, a sentence a field, for people."""
    lines = [f"{rule.field}: {_describe(rule)}" for rule in (*mapping.columns, *mapping.outcome)]
    if mapping.recorded_after_days is not None:
        lines.append(f"recorded_at: {mapping.recorded_after_days} days after the declaration")
    extra = (*mapping.extra_declaration, *mapping.extra_line)
    if extra:
        lines.append(f"kept as they are: {', '.join(extra)}")
    lines += [f"left out: {column} ({reason})" for column, reason in mapping.ignored.items()]
    lines.append(f"other columns: {mapping.other_columns}")
    return lines


def _describe(rule: Rule) -> str:
    if not rule.column:
        return f"always {rule.constant!r}"
    parts = [f"column {rule.column!r}"]
    if rule.scale not in (None, Decimal(1)):
        parts.append(f"times {rule.scale}")
    if rule.values:
        parts.append(f"{len(rule.values)} codes translated")
    if rule.default:
        parts.append(f"{rule.default!r} where empty")
    if rule.required:
        parts.append("required")
    return ", ".join(parts)


def _find(name: str) -> Path:
    path = packs.SHIPPED / MAPPINGS_PACK / f"{name}.yaml"
    if name in shipped():
        return path
    if Path(name).is_file():
        return Path(name)
    raise InputRefused(
        Problem(
            "mapping.not_found",
            f"There is no mapping {name!r}.",
            hint=f"Give a YAML file, or one of: {', '.join(shipped())}.",
        )
    )
