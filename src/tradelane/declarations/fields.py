"""The fields that a mapping can fill, each with the kind of value it takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a cell is read."""

    IDENTIFIER = "identifier"
    TEXT = "text"
    CODE = "code"
    DATE = "date"
    INTEGER = "integer"
    HS_CODE = "hs_code"
    ECONOMY = "economy"
    CURRENCY = "currency"
    UNIT = "unit"
    TRANSPORT_MODE = "transport_mode"
    AMOUNT = "amount"
    BOOLEAN = "boolean"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Field:
    """A field: what it is called, how it is read, whether every line must have it."""

    name: str
    kind: Kind
    required: bool = False


HEADER: tuple[Field, ...] = (
    Field("reference", Kind.IDENTIFIER, required=True),
    Field("declarant", Kind.IDENTIFIER, required=True),
    Field("date", Kind.DATE, required=True),
    Field("importer", Kind.IDENTIFIER, required=True),
    Field("seller", Kind.IDENTIFIER),
    Field("carrier", Kind.IDENTIFIER),
    Field("office", Kind.CODE),
    Field("departure", Kind.ECONOMY),
    Field("transport_mode", Kind.TRANSPORT_MODE),
    Field("procedure", Kind.CODE),
    Field("importer_since", Kind.DATE),
)
"""Fields of `tradelane.trade.declaration.Declaration`: the same on each of its rows."""

LINE: tuple[Field, ...] = (
    Field("number", Kind.INTEGER),
    Field("hs_code", Kind.HS_CODE, required=True),
    Field("origin", Kind.ECONOMY, required=True),
    Field("customs_value", Kind.AMOUNT, required=True),
    Field("currency", Kind.CURRENCY, required=True),
    Field("description", Kind.TEXT),
    Field("net_mass_kg", Kind.AMOUNT),
    Field("gross_mass_kg", Kind.AMOUNT),
    Field("quantity", Kind.AMOUNT),
    Field("quantity_unit", Kind.UNIT),
    Field("freight", Kind.AMOUNT),
    Field("insurance", Kind.AMOUNT),
    Field("preference", Kind.CODE),
    Field("declared_duty_rate", Kind.AMOUNT),
)
"""Fields of `tradelane.trade.declaration.GoodsLine`, in its order."""

OUTCOME: tuple[Field, ...] = (
    Field("inspected", Kind.BOOLEAN),
    Field("fraud", Kind.BOOLEAN),
    Field("revenue_recovered", Kind.AMOUNT),
    Field("recorded_at", Kind.INSTANT),
)
"""Fields of `tradelane.trade.declaration.Outcome`, in its order."""

GOODS_FIELDS: dict[str, Field] = {field.name: field for field in (*HEADER, *LINE)}
OUTCOME_FIELDS: dict[str, Field] = {field.name: field for field in OUTCOME}
