"""What a rule can ask of a line: the one table of fields, with unit and meaning."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from tradelane.targeting.rules.forms import (
    Day,
    DaysSince,
    Difference,
    Form,
    Number,
    PartOfDate,
    Prefix,
    Product,
    Ratio,
    Small,
    Text,
)

Value = str | float | dt.date
_LONGEST_NUMBER = 30


class Kind(StrEnum):
    """What a field's values are; a code is a text of digits, whose dots and spaces do not count."""

    TEXT = "text"
    CODE = "code"
    NUMBER = "number"
    DATE = "date"


@dataclass(frozen=True)
class Field:
    """A field: its unit ("" where it has none) and what it means, for whoever writes a rule."""

    name: str
    kind: Kind
    unit: str
    what: str
    form: Form


_VALUE = Product(Number("customs_value"), Number("exchange_rate"))
_LOCAL = "the territory's currency"
_DECLARED = "the line's currency"

FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        Field("reference", Kind.TEXT, "", "the declaration's reference", Text("reference")),
        Field("number", Kind.NUMBER, "", "the line's number", Number("number")),
        Field("date", Kind.DATE, "", "the declaration's date", Day("date")),
        Field(
            "weekday", Kind.NUMBER, "1: Monday, to 7", "of that date", PartOfDate("date", "weekday")
        ),
        Field("month", Kind.NUMBER, "1 to 12", "of that date", PartOfDate("date", "month")),
        Field("declarant", Kind.TEXT, "", "who declares", Text("declarant")),
        Field("importer", Kind.TEXT, "", "who imports", Text("importer")),
        Field(
            "importer_since", Kind.DATE, "", "when the importer registered", Day("importer_since")
        ),
        Field(
            "importer_age_days",
            Kind.NUMBER,
            "days",
            "from the importer's registration to the declaration's date",
            DaysSince("importer_since", "date"),
        ),
        Field("seller", Kind.TEXT, "", "who sells", Text("seller")),
        Field("carrier", Kind.TEXT, "", "who carries", Text("carrier")),
        Field("office", Kind.TEXT, "", "the office of clearance", Text("office")),
        Field(
            "departure", Kind.TEXT, "ISO 3166 code", "where the goods left from", Text("departure")
        ),
        Field("transport_mode", Kind.TEXT, "", "how they came", Text("transport_mode")),
        Field("procedure", Kind.TEXT, "", "the customs procedure", Text("procedure")),
        Field("hs_code", Kind.CODE, "", "the declared code, all its digits", Text("hs_code")),
        Field("hs2", Kind.CODE, "", "its chapter", Prefix("hs_code", 2)),
        Field("hs4", Kind.CODE, "", "its heading", Prefix("hs_code", 4)),
        Field("hs6", Kind.CODE, "", "its subheading", Prefix("hs_code", 6)),
        Field("origin", Kind.TEXT, "ISO 3166 code", "where the goods were made", Text("origin")),
        Field("preference", Kind.TEXT, "", "the preference that is claimed", Text("preference")),
        Field("description", Kind.TEXT, "", "the goods, in small letters", Small("description")),
        Field("currency", Kind.TEXT, "ISO 4217 code", "of the line's amounts", Text("currency")),
        Field("customs_value", Kind.NUMBER, _DECLARED, "as declared", Number("customs_value")),
        Field(
            "exchange_rate",
            Kind.NUMBER,
            f"{_LOCAL} for one unit of the line's",
            "missing where the pack has none",
            Number("exchange_rate"),
        ),
        Field("value", Kind.NUMBER, _LOCAL, "customs_value times exchange_rate", _VALUE),
        Field("net_mass_kg", Kind.NUMBER, "kg", "net mass", Number("net_mass_kg")),
        Field("gross_mass_kg", Kind.NUMBER, "kg", "gross mass", Number("gross_mass_kg")),
        Field("quantity", Kind.NUMBER, "quantity_unit", "in the line's unit", Number("quantity")),
        Field("quantity_unit", Kind.TEXT, "", "the unit of the quantity", Text("quantity_unit")),
        Field(
            "price_per_kg",
            Kind.NUMBER,
            f"{_LOCAL} per kg",
            "value over net mass",
            Ratio(_VALUE, Number("net_mass_kg")),
        ),
        Field(
            "price_per_unit",
            Kind.NUMBER,
            f"{_LOCAL} per quantity_unit",
            "value over quantity",
            Ratio(_VALUE, Number("quantity")),
        ),
        Field(
            "declared_price_per_kg",
            Kind.NUMBER,
            f"{_DECLARED} per kg",
            "customs_value over net mass, where exchange rates are missing",
            Ratio(Number("customs_value"), Number("net_mass_kg")),
        ),
        Field(
            "kg_per_unit",
            Kind.NUMBER,
            "kg per quantity_unit",
            "net mass over quantity",
            Ratio(Number("net_mass_kg"), Number("quantity")),
        ),
        Field(
            "gross_to_net",
            Kind.NUMBER,
            "ratio",
            "gross over net mass; under 1 is impossible",
            Ratio(Number("gross_mass_kg"), Number("net_mass_kg")),
        ),
        Field("freight", Kind.NUMBER, _DECLARED, "freight", Number("freight")),
        Field("insurance", Kind.NUMBER, _DECLARED, "insurance", Number("insurance")),
        Field(
            "freight_share",
            Kind.NUMBER,
            "ratio",
            "freight over customs_value",
            Ratio(Number("freight"), Number("customs_value")),
        ),
        Field(
            "duty_rate", Kind.NUMBER, "%", "of the tariff, else as declared", Number("duty_rate")
        ),
        Field(
            "declared_duty_rate",
            Kind.NUMBER,
            "%",
            "as declared",
            Number("declared_duty_rate"),
        ),
        Field(
            "duty_rate_gap",
            Kind.NUMBER,
            "percentage points",
            "duty_rate less declared_duty_rate",
            Difference(Number("duty_rate"), Number("declared_duty_rate")),
        ),
    )
}
"""Every field by its name. Text is compared as it is written, letter by letter."""

LIST_FIELDS: Mapping[str, str] = {
    "importer": "importer",
    "seller": "seller",
    "declarant": "declarant",
    "carrier": "carrier",
    "origin": "origin",
    "hs": "hs_code",
}
"""What a watchlist can be about, and the field that is looked up in it (hs: codes' beginnings)."""


def read_value(kind: Kind, text: str) -> Value:
    """A value as it is written in a rule. Errors: ValueError.

    >>> read_value(Kind.CODE, "8471.30"), read_value(Kind.NUMBER, "2.50")
    ('847130', 2.5)
    """
    if kind is Kind.NUMBER:
        return _number(text)
    if kind is Kind.DATE:
        return dt.date.fromisoformat(text)
    if not text:
        raise ValueError("empty")
    if kind is Kind.TEXT:
        return text
    code = text.replace(".", "").replace(" ", "")
    if not (code.isascii() and code.isdecimal() and len(code) <= 14):
        raise ValueError(text)
    return code


def _number(text: str) -> float:
    try:
        value = Decimal(text) if text.isascii() and len(text) <= _LONGEST_NUMBER else Decimal("nan")
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite() or abs(value) > 10**15:
        raise ValueError(text)
    return float(value)
