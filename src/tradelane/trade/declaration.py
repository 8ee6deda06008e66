"""An import declaration with its goods lines, named after the WCO Data Model.

A file row is one goods line; consecutive rows with the same declarant and reference are one
declaration. Everything here is plain data: reading, checking and judging are elsewhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class GoodsLine:
    """One goods item. WCO: Declaration/GoodsShipment/GovernmentAgencyGoodsItem.

    Amounts are in ``currency`` (ISO 4217), masses in kilograms, economies in ISO 3166-1 alpha-2.
    """

    number: int
    """WCO GovernmentAgencyGoodsItem/SequenceNumeric, 1-based."""
    hs_code: str
    """WCO Commodity/Classification/ID: 6 to 10 digits, no punctuation."""
    origin: str
    """WCO Origin/CountryCode."""
    customs_value: Decimal
    """WCO CustomsValuation total: the declared customs value of the line."""
    currency: str
    description: str = ""
    """WCO Commodity/Description."""
    net_mass_kg: Decimal | None = None
    """WCO GoodsMeasure/NetNetWeightMeasure in KGM."""
    gross_mass_kg: Decimal | None = None
    """WCO GoodsMeasure/GrossMassMeasure in KGM."""
    quantity: Decimal | None = None
    """WCO GoodsMeasure/TariffQuantity, in ``quantity_unit``."""
    quantity_unit: str = ""
    """UN/ECE Recommendation 20 unit code (NMB pieces, LTR litres, ...)."""
    freight: Decimal | None = None
    """WCO CustomsValuation/FreightChargeAmount, in ``currency``."""
    insurance: Decimal | None = None
    """WCO CustomsValuation insurance charge, in ``currency``."""
    preference: str = ""
    """WCO DutyTaxFee/DutyRegimeCode: the preferential scheme that is claimed, or empty."""
    declared_duty_rate: Decimal | None = None
    """Percent, where the administration's form carries the rate (WCO DutyTaxFee/TaxRateNumeric)."""
    extra: Mapping[str, str] = field(default_factory=lambda: _NONE)
    """An administration's own columns that have no WCO name here, as text."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration. WCO: Declaration (type import)."""

    reference: str
    """WCO Declaration/FunctionalReferenceID: unique for its declarant."""
    declarant: str
    """WCO Declarant/ID (or Agent/ID)."""
    date: dt.date
    """WCO Declaration/AcceptanceDateTime, the day that decides which parameters hold."""
    importer: str
    """WCO GoodsShipment/Importer/ID."""
    lines: tuple[GoodsLine, ...]
    seller: str = ""
    """WCO GoodsShipment/Seller/ID."""
    carrier: str = ""
    """WCO BorderTransportMeans carrier or courier ID."""
    office: str = ""
    """WCO DeclarationOfficeID."""
    departure: str = ""
    """WCO GoodsShipment/ExportCountry/ID: where the goods were shipped from."""
    transport_mode: str = ""
    """WCO BorderTransportMeans/ModeCode (UN/ECE Rec. 19: 1 sea, 3 road, 4 air, 5 post)."""
    procedure: str = ""
    """WCO GovernmentProcedure/CurrentCode."""
    importer_since: dt.date | None = None
    """The day the importer was registered, where the administration shares it."""
    extra: Mapping[str, str] = field(default_factory=lambda: _NONE)

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same declaration: (declarant, reference)."""
        return (self.declarant, self.reference)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a person found when a line was inspected; known from ``recorded_at``, never earlier."""

    inspected: bool
    fraud: bool | None = None
    """None when it is not known (not inspected, or the finding is open)."""
    revenue_recovered: Decimal | None = None
    """Additional duty and tax collected, in the currency of the territory."""
    recorded_at: dt.datetime | None = None


def content(declaration: Declaration) -> dict[str, Any]:
    """The declaration as plain JSON values (decimals and dates as text, empty fields left out)."""
    header: dict[str, Any] = {}
    for name in _HEADER:
        value = getattr(declaration, name)
        if value:
            header[name] = value
    header["date"] = declaration.date.isoformat()
    if declaration.importer_since is not None:
        header["importer_since"] = declaration.importer_since.isoformat()
    if declaration.extra:
        header["extra"] = dict(declaration.extra)
    header["lines"] = [_line_content(line) for line in declaration.lines]
    return header


def from_content(data: Mapping[str, Any]) -> Declaration:
    """The declaration that `content` described; ``from_content(content(d)) == d``."""
    fields: dict[str, Any] = {k: data[k] for k in _HEADER if k in data}
    since = data.get("importer_since")
    return Declaration(
        **fields,
        date=dt.date.fromisoformat(data["date"]),
        importer_since=dt.date.fromisoformat(since) if since else None,
        extra=dict(data["extra"]) if "extra" in data else _NONE,
        lines=tuple(_line_from(line) for line in data["lines"]),
    )


_HEADER = (
    "reference",
    "declarant",
    "importer",
    "seller",
    "carrier",
    "office",
    "departure",
    "transport_mode",
    "procedure",
)
_LINE_TEXT = ("hs_code", "origin", "currency", "description", "quantity_unit", "preference")
_LINE_DECIMAL = (
    "customs_value",
    "net_mass_kg",
    "gross_mass_kg",
    "quantity",
    "freight",
    "insurance",
    "declared_duty_rate",
)


def _line_content(line: GoodsLine) -> dict[str, Any]:
    data: dict[str, Any] = {"number": line.number}
    for name in _LINE_TEXT:
        text = getattr(line, name)
        if text:
            data[name] = text
    for name in _LINE_DECIMAL:
        amount = getattr(line, name)
        if amount is not None:
            data[name] = format(amount, "f")
    if line.extra:
        data["extra"] = dict(line.extra)
    return data


def _line_from(data: Mapping[str, Any]) -> GoodsLine:
    fields: dict[str, Any] = {k: data[k] for k in _LINE_TEXT if k in data}
    for name in _LINE_DECIMAL:
        if name in data:
            fields[name] = Decimal(data[name])
    return GoodsLine(
        number=data["number"],
        extra=dict(data["extra"]) if "extra" in data else _NONE,
        **fields,
    )
