"""Turns the text of one cell into a value, or says what is wrong with it.

A column's reader is compiled once a file, so that a row costs a few calls and no look-up.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tradelane.declarations.fields import Kind
from tradelane.declarations.model import Limits
from tradelane.declarations.rules import Format, Rule
from tradelane.trade.hscode import parse_code
from tradelane.trade.identifiers import TRANSPORT_MODES, is_currency, is_economy

Read = Callable[[str], Any]

ESCAPED = "\udcff"
"""Stands for a byte that the file's encoding does not have."""

_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SPACE = re.compile(r"[\t\r\n]+")
_AMOUNT = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(?:s?nan\d*|inf(?:inity)?)", re.IGNORECASE)
_UNIT = re.compile(r"[A-Z0-9]{1,3}")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TRUE = frozenset(("true", "1", "yes", "y", "t"))
_FALSE = frozenset(("false", "0", "no", "n", "f"))
_CODE_LENGTH = 35
_CACHED_CELLS = 20_000
_CACHED_LENGTH = 40


class CellRefused(ValueError):
    """What is wrong with one cell."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


def compile_cell(rule: Rule, form: Format, limits: Limits, today: dt.date) -> Read:
    """The reader of the rule's cells; it raises CellRefused."""
    read = _by_kind(rule, form, limits, today)
    if rule.values is not None or rule.pattern or rule.default:
        read = _translated(rule, read)
    if rule.required:
        read = _required(rule.field, read)
    return read


def excerpt(text: str, most: int = 40) -> str:
    """A cell's text as an error may show it: short, without signs that disturb a terminal.

    >>> excerpt("a\\x00b" + "c" * 50)
    "'a�bccccccccccccccccccccccccccccccccccccc…'"
    """
    return "'" + plain(text[: most + 1], most) + "'"


def plain(text: str, most: int) -> str:
    """``text`` cut to ``most`` signs, those that cannot be kept or shown replaced."""
    shown = _BAD.sub("\ufffd", _SPACE.sub(" ", text[: most + 1]))
    return shown if len(shown) <= most else shown[:most] + "…"


def read_text(cell: str, most: int, what: str, *, folding: bool = False) -> str:
    """The cell without outer space; refuses control signs, lost bytes and over-long text."""
    text = cell.strip()
    if len(text) > most:
        raise CellRefused(
            "declarations.too_long", f"The {what} has {len(text):,} signs, {most:,} are allowed."
        )
    if text.isprintable():
        return text
    if folding:
        text = _SPACE.sub(" ", text)
    found = _BAD.search(text) or _SPACE.search(text)
    if found is None:
        return text
    if found[0] == ESCAPED:
        raise CellRefused(
            "declarations.bytes",
            f"The {what} has a byte that the file's encoding does not have.",
            "Say the right encoding in the mapping, or save the file as UTF-8.",
        )
    raise CellRefused(
        "declarations.control_character",
        f"The {what} has the control character U+{ord(found[0][0]):04X}.",
        "Take it out.",
    )


def _by_kind(rule: Rule, form: Format, limits: Limits, today: dt.date) -> Read:
    match rule.kind:
        case Kind.IDENTIFIER:
            return _text(rule.field, limits.identifier)
        case Kind.TEXT:
            return _text(rule.field, limits.description, folding=True)
        case Kind.CODE:
            return _cached(_text(rule.field, _CODE_LENGTH))
        case Kind.DATE:
            latest = today + dt.timedelta(days=limits.days_ahead)
            return _cached(_date(rule.field, rule.dates or form.dates, latest))
        case Kind.INTEGER:
            return _integer(limits)
        case Kind.HS_CODE:
            return _cached(_hs_code(rule.pad))
        case Kind.AMOUNT:
            return _amount(rule, form, limits)
        case Kind.BOOLEAN:
            return _cached(_boolean)
        case Kind.INSTANT:
            return _cached(_instant(rule.dates or form.dates))
        case Kind.ECONOMY | Kind.CURRENCY | Kind.UNIT | Kind.TRANSPORT_MODE:
            return _cached(_listed(rule.kind, rule.field))


def _cached(read: Read) -> Read:
    """The same reader, quick for cells that were seen before."""
    seen: dict[str, Any] = {}

    def cached(cell: str) -> Any:
        try:
            return seen[cell]
        except KeyError:
            value = read(cell)
            if len(cell) <= _CACHED_LENGTH:
                if len(seen) >= _CACHED_CELLS:
                    seen.clear()
                seen[cell] = value
            return value

    return cached


def _required(field: str, read: Read) -> Read:
    def required(cell: str) -> Any:
        value = read(cell)
        if value is None or value == "":
            raise CellRefused("declarations.required", f"The {_name(field)} is missing.")
        return value

    return required


def _translated(rule: Rule, read: Read) -> Read:
    values = rule.values
    pattern = re.compile(rule.pattern) if rule.pattern else None
    what = _name(rule.field)

    def translated(cell: str) -> Any:
        text = cell.strip()
        if not text and rule.default:
            return read(rule.default)
        if pattern is not None and text and not pattern.fullmatch(text):
            raise CellRefused(
                "declarations.pattern", f"The {what} {excerpt(text)} has not the agreed shape."
            )
        if values is None or not text:
            return read(text)
        found = values.get(text, values.get("*"))
        if found is None:
            raise CellRefused(
                "declarations.value_unlisted",
                f"The {what} {excerpt(text)} is not in the mapping's table.",
                "Correct the cell, or add the value to the mapping.",
            )
        return read(found)

    return translated


def _text(field: str, most: int, *, folding: bool = False) -> Read:
    what = _name(field)

    def text(cell: str) -> str:
        return read_text(cell, most, what, folding=folding)

    return text


def _date(field: str, formats: tuple[str, ...], latest: dt.date) -> Read:
    what = _name(field)

    def date(cell: str) -> dt.date | None:
        text = cell.strip()
        if not text:
            return None
        day = _parse_day(text, formats)
        if day is None:
            raise CellRefused(
                "declarations.date",
                f"The {what} {excerpt(text)} is not a day written like {' or '.join(formats)}.",
            )
        if day > latest:
            raise CellRefused(
                "declarations.date_future", f"The {what} {day.isoformat()} is in the future."
            )
        return day

    return date


def _parse_day(text: str, formats: tuple[str, ...]) -> dt.date | None:
    for form in formats:
        try:
            if form == "%Y-%m-%d":
                if _ISO_DAY.fullmatch(text):
                    return dt.date.fromisoformat(text)
            else:
                return dt.datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def _instant(formats: tuple[str, ...]) -> Read:
    def instant(cell: str) -> dt.datetime | None:
        text = cell.strip()
        if not text:
            return None
        day = _parse_day(text, formats)
        try:
            if day is not None:
                # A finding of a day is known when that day is over, not when it begins.
                return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)
            at = dt.datetime.fromisoformat(text)
            return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            raise CellRefused(
                "declarations.date",
                f"The time of the outcome {excerpt(text)} is neither a day nor an RFC 3339 time.",
            ) from None

    return instant


def _integer(limits: Limits) -> Read:
    def integer(cell: str) -> int:
        text = cell.strip()
        if not text:
            return 0
        if text.isascii() and text.isdecimal() and len(text) < 6 and int(text) > 0:
            return int(text)
        raise CellRefused(
            "declarations.line_number", f"The line number {excerpt(text)} is not 1 to 99999."
        )

    return integer


def _hs_code(pad: int) -> Read:
    def hs_code(cell: str) -> str:
        text = cell.strip()
        if not text:
            return ""
        if pad and len(text) < pad and text.isdecimal():
            text = text.zfill(pad)
        code = parse_code(text)
        if code is None or len(code) < 6:
            raise CellRefused(
                "declarations.hs_shape",
                f"The HS code {excerpt(text)} is not 6, 8 or 10 digits.",
                "Codes are text: check that no spreadsheet took the leading zero.",
            )
        return code

    return hs_code


def _amount(rule: Rule, form: Format, limits: Limits) -> Read:
    what, scale = _name(rule.field), rule.scale
    separated = form.thousands or form.decimal != "."
    # The last group has three digits, or 12,50 would become 1250 where decimals have a comma.
    grouped = re.compile(
        rf"[+-]?\d{{1,3}}(?:{re.escape(form.thousands)}\d{{2,3}})*"
        rf"{re.escape(form.thousands)}\d{{3}}(?:{re.escape(form.decimal)}\d*)?",
        re.ASCII,
    )

    def amount(cell: str) -> Decimal | None:
        text = cell.strip()
        if not text:
            return None
        if separated:
            if form.thousands and form.thousands in text and grouped.fullmatch(text):
                text = text.replace(form.thousands, "")
            if form.decimal != ".":
                text = text.replace(".", "?").replace(form.decimal, ".")
        if not _AMOUNT.fullmatch(text):
            raise _bad_amount(what, cell)
        value = Decimal(text)
        if text[0] == "-":
            if value:
                raise CellRefused(
                    "declarations.negative", f"The {what} {excerpt(text)} is below zero."
                )
            value = value.copy_abs()
        if scale is not None:
            value *= scale
        if len(text) < limits.integer_digits and scale is None and "e" not in text.lower():
            return value
        if value.adjusted() >= limits.integer_digits:
            raise CellRefused(
                "declarations.too_large",
                f"The {what} {excerpt(text)} has more than {limits.integer_digits} digits "
                "before the decimal sign.",
            )
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent < -limits.fraction_digits:
            raise CellRefused(
                "declarations.too_precise",
                f"The {what} {excerpt(text)} has more than {limits.fraction_digits} decimals.",
            )
        return value

    return amount


def _bad_amount(what: str, cell: str) -> CellRefused:
    if _NOT_FINITE.fullmatch(cell.strip()):
        return CellRefused("declarations.not_finite", f"The {what} {excerpt(cell)} is no number.")
    return CellRefused(
        "declarations.amount",
        f"The {what} {excerpt(cell)} cannot be read as a number.",
        "The mapping says how decimals and thousands are written.",
    )


def _boolean(cell: str) -> bool | None:
    text = cell.strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if not text:
        return None
    raise CellRefused("declarations.boolean", f"{excerpt(cell)} is neither true nor false.")


_SHAPES: dict[Kind, tuple[Callable[[str], bool], str, str]] = {
    Kind.ECONOMY: (is_economy, "declarations.economy", "a code of ISO 3166-1 (two letters)"),
    Kind.CURRENCY: (is_currency, "declarations.currency", "a code of ISO 4217 (three letters)"),
    Kind.UNIT: (
        lambda text: _UNIT.fullmatch(text) is not None,
        "declarations.unit",
        "a unit code of UN/ECE Recommendation 20",
    ),
    Kind.TRANSPORT_MODE: (
        lambda text: text in TRANSPORT_MODES,
        "declarations.transport_mode",
        "a code of UN/ECE Recommendation 19 (one digit)",
    ),
}


def _listed(kind: Kind, field: str) -> Read:
    known, code, shape = _SHAPES[kind]
    what = _name(field)

    def listed(cell: str) -> str:
        text = cell.strip().upper()
        if text and not known(text):
            raise CellRefused(code, f"The {what} {excerpt(cell)} is not {shape}.")
        return text

    return listed


def _name(field: str) -> str:
    return field.replace("_", " ").replace("hs code", "HS code").replace(" kg", " (kg)")
