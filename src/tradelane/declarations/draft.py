"""Proposes a mapping for a CSV file from its column names and a sample of its values.

Every guess is marked with its confidence: a draft is where a person begins, not where they end.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import islice
from pathlib import Path

from tradelane.declarations.cells import CellRefused, compile_cell
from tradelane.declarations.fields import GOODS_FIELDS, Field, Kind
from tradelane.declarations.model import Limits
from tradelane.declarations.rules import Format, Rule
from tradelane.declarations.textfile import open_text
from tradelane.kit.errors import InputRefused, Problem

_SAMPLE_ROWS = 300
_ENOUGH = 0.5
_ENCODINGS = ("utf-8", "cp949", "cp1252")
_DELIMITERS = (",", ";", "\t", "|")
_DATES = ("%Y-%m-%d", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y")
_COMMA_DECIMAL = re.compile(r"\d{1,3}(?:\.\d{3})*,\d{1,4}|\d+,\d{1,4}")
_NEVER_SO_LATE = dt.date(9000, 1, 1)

_NAMES: dict[str, tuple[str, ...]] = {
    "reference": ("declaration id", "declaration number", "entry number", "reference", "mrn"),
    "declarant": ("declarant", "declarant id", "broker", "customs broker", "agent"),
    "date": ("date", "declaration date", "acceptance date", "entry date", "registration date"),
    "importer": ("importer", "importer id", "consignee", "importer number", "buyer"),
    "importer_since": ("importer since", "importer registered", "registered since"),
    "seller": ("seller", "seller id", "supplier", "exporter", "consignor"),
    "carrier": ("carrier", "courier", "courier id", "carrier id", "transporter"),
    "office": ("office", "office id", "customs office", "port of entry"),
    "departure": ("country of departure", "departure", "export country", "country of export"),
    "transport_mode": ("mode of transport", "transport mode", "mode"),
    "procedure": ("procedure", "procedure code", "regime", "cpc", "import type"),
    "number": ("line", "line number", "item number", "item no"),
    "hs_code": ("hs code", "hs6 code", "hs", "tariff code", "commodity code", "hts"),
    "description": ("description", "goods description", "commercial description", "product"),
    "origin": ("country of origin", "origin", "origin country"),
    "currency": ("currency", "currency code", "invoice currency"),
    "customs_value": ("customs value", "item price", "value", "cif value", "declared value"),
    "net_mass_kg": ("net mass", "net weight", "net mass kg", "net weight kg"),
    "gross_mass_kg": ("gross mass", "gross weight", "gross mass kg", "gross weight kg"),
    "quantity": ("quantity", "qty", "statistical quantity", "units"),
    "quantity_unit": ("quantity unit", "unit", "uom", "unit of measure"),
    "freight": ("freight", "freight amount", "freight charge"),
    "insurance": ("insurance", "insurance amount"),
    "preference": ("preference", "preference code", "preferential scheme"),
    "declared_duty_rate": ("duty rate", "tax rate", "rate of duty"),
}
_FINDINGS = ("fraud", "critical fraud", "illicit", "inspected", "finding", "revenue", "outcome")


@dataclass(frozen=True, slots=True)
class Guess:
    """A column for a field, from 0 (no idea) to 1 (sure)."""

    field: str
    column: str
    confidence: float


@dataclass
class Draft:
    """A proposed mapping: its YAML text, and the required fields that nothing was found for."""

    text: str
    guesses: list[Guess] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Sample:
    encoding: str
    delimiter: str
    header: list[str]
    columns: dict[str, list[str]]


def draft_mapping(path: str | Path) -> Draft:
    """A mapping for the CSV file; raises InputRefused when the file cannot be read as CSV."""
    sample = _sample(Path(path))
    dates = _date_format(sample)
    decimal = _decimal_sign(sample)
    form = Format((sample.encoding,), sample.delimiter, decimal, _thousands(decimal), (dates,))
    guesses = _assign(_candidates(sample, form))
    found = {guess.field for guess in guesses}
    missing = [f.name for f in GOODS_FIELDS.values() if f.required and f.name not in found]
    name = re.sub(r"[^a-z0-9]+", "-", Path(path).stem.lower()).strip("-") or "draft"
    return Draft(_write(name, sample, form, guesses, missing), guesses, missing)


def _sample(path: Path) -> _Sample:
    with open_text(path, _ENCODINGS) as file:
        if file.form != "csv":
            raise InputRefused(
                Problem("mapping.draft_form", "A mapping is drafted from a CSV file with a header.")
            )
        lines = [file.readline(200_000) for _ in range(_SAMPLE_ROWS)]
        encoding = {"utf-8-sig": "utf-8", "utf-16": "utf-16"}.get(file.encoding, file.encoding)
    delimiter = max(_DELIMITERS, key=lambda sign: (lines[0].count(sign), -_DELIMITERS.index(sign)))
    try:
        rows = list(islice(csv.reader([x for x in lines if x], delimiter=delimiter), _SAMPLE_ROWS))
    except csv.Error as error:
        raise InputRefused(
            Problem("mapping.draft_form", f"The file cannot be read as CSV: {error}.")
        ) from None
    header = [cell.strip() for cell in rows[0]] if rows else []
    names = list(dict.fromkeys(name for name in header if name))
    if not names:
        raise InputRefused(
            Problem("declarations.no_header", "The first line has no column names.", line=1)
        )
    columns = {
        name: [
            row[header.index(name)].strip()
            for row in rows[1:]
            if len(row) == len(header) and row[header.index(name)].strip()
        ]
        for name in names
    }
    return _Sample(encoding, delimiter, names, columns)


def _candidates(sample: _Sample, form: Format) -> Iterable[Guess]:
    for known in GOODS_FIELDS.values():
        for column in sample.header:
            named = _similar(column, (known.name.replace("_", " "), *_NAMES[known.name]))
            fits = _fits(known, sample.columns[column], form)
            if named >= _ENOUGH and fits >= 0.8:
                yield Guess(known.name, column, round(named * fits, 2))


def _assign(candidates: Iterable[Guess]) -> list[Guess]:
    """The best guess first; a field and a column are used once."""
    fields: set[str] = set()
    columns: set[str] = set()
    chosen: list[Guess] = []
    for guess in sorted(candidates, key=lambda g: (-g.confidence, g.field, g.column)):
        if guess.field not in fields and guess.column not in columns:
            chosen.append(guess)
            fields.add(guess.field)
            columns.add(guess.column)
    order = list(GOODS_FIELDS)
    return sorted(chosen, key=lambda guess: order.index(guess.field))


def _similar(column: str, names: Sequence[str]) -> float:
    """How alike two names are: 1 for the same words, else by shared words and letters."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", column)
    words = re.findall(r"[^\W_]+", spaced.lower())
    text = " ".join(words)
    best = 0.0
    for name in names:
        theirs = name.split()
        if words == theirs:
            return 1.0
        shared = len(set(words) & set(theirs)) / max(len(set(words) | set(theirs)), 1)
        letters = SequenceMatcher(None, text, name).ratio()
        best = max(best, 0.9 * shared, 0.8 * letters)
    return best


def _fits(known: Field, values: Sequence[str], form: Format) -> float:
    """The share of the sampled values that the field can take; 0.8 when there are none."""
    if not values:
        return 0.8
    pad = 6 if known.kind is Kind.HS_CODE else 0
    read = compile_cell(
        Rule(known.name, known.kind, column="x", pad=pad), form, Limits(), _NEVER_SO_LATE
    )
    good = 0
    for value in values:
        try:
            read(value)
            good += 1
        except CellRefused:
            continue
    return good / len(values)


def _date_format(sample: _Sample) -> str:
    """The format that most columns with a date-like name are written in."""
    best, most = _DATES[0], 0
    for column, values in sample.columns.items():
        if _similar(column, _NAMES["date"]) < _ENOUGH or not values:
            continue
        for form in _DATES:
            fitting = sum(1 for value in values if _is_day(value, form))
            if fitting > most:
                best, most = form, fitting
    return best


def _is_day(value: str, form: str) -> bool:
    try:
        dt.datetime.strptime(value, form)
    except ValueError:
        return False
    return True


def _decimal_sign(sample: _Sample) -> str:
    values = [
        value
        for column, values in sample.columns.items()
        if _similar(column, _NAMES["customs_value"] + _NAMES["net_mass_kg"]) >= _ENOUGH
        for value in values
    ]
    commas = sum(1 for value in values if _COMMA_DECIMAL.fullmatch(value))
    return "," if commas * 2 > len(values) else "."


def _thousands(decimal: str) -> str:
    return "." if decimal == "," else ","


def _write(
    name: str, sample: _Sample, form: Format, guesses: list[Guess], missing: list[str]
) -> str:
    used = {guess.column for guess in guesses}
    rest = [column for column in sample.header if column not in used]
    findings = [column for column in rest if _similar(column, _FINDINGS) >= 0.7]
    extra = [column for column in rest if column not in findings]
    lines = [
        "# A draft made from column names and sampled values. Check every line that says guess,",
        "# then run: tradelane mapping check THIS_FILE",
        f"id: {name}",
        'version: "0"',
        "title: draft",
        "format:",
        f"  encoding: {form.encodings[0]} # guess",
        f"  delimiter: {_quoted(form.delimiter)}",
        f"  decimal: {_quoted(form.decimal)} # guess",
        f"  thousands: {_quoted(form.thousands)} # guess",
        f"  dates: {_quoted(form.dates[0])} # guess",
        "columns:",
    ]
    lines += [f"  # NOT FOUND, required: {field}: give a column or a constant" for field in missing]
    for guess in guesses:
        column = _quoted(guess.column)
        value = f"{{column: {column}, pad: 6}}" if guess.field == "hs_code" else column
        lines.append(f"  {guess.field}: {value} # guess, confidence {guess.confidence:.2f}")
    if extra:
        lines += ["extra:", "  line: # kept as text; unknown to Tradelane"]
        lines += [f"    - {_quoted(column)}" for column in extra]
    if findings:
        lines.append("ignored: # these look like findings; if they are, map them under outcome")
        lines += [f"  {_quoted(column)}: looks like a finding" for column in findings]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=True)
