"""Every feature in one table: its name, the reason it belongs to, and what it reads.

A *record* is what the history says about an entity (an importer, a code, a route, ...): how many
lines, how many inspected with a known outcome, the smoothed share found wrong, the same for the
last 90 days, and the days since it was first and last seen.
"""

from __future__ import annotations

from dataclasses import dataclass

from tradelane.targeting.model import Feature, refuse_unavailable


@dataclass(frozen=True, slots=True)
class Entity:
    """Something with a record: the columns that name it, and the reason group it speaks for."""

    name: str
    columns: tuple[str, ...]
    group: str
    strength: float
    """How many inspected lines the overall share counts for when the share is smoothed."""


ENTITIES = (
    Entity("importer", ("importer",), "IMPORTER_RECORD", 8.0),
    Entity("declarant", ("declarant",), "DECLARANT_RECORD", 20.0),
    Entity("seller", ("seller",), "SELLER_RECORD", 8.0),
    Entity("carrier", ("carrier",), "CARRIER_RECORD", 30.0),
    Entity("office", ("office",), "OFFICE_RECORD", 50.0),
    Entity("origin", ("origin",), "ORIGIN_RECORD", 30.0),
    Entity("route", ("departure", "origin"), "ROUTE_RECORD", 20.0),
    Entity("scheme", ("origin", "preference"), "PREFERENCE", 20.0),
    Entity("procedure", ("procedure", "transport_mode"), "PROCEDURE_RECORD", 50.0),
    Entity("hs6", ("hs6",), "CODE_RECORD", 12.0),
    Entity("hs4", ("hs4",), "CODE_RECORD", 20.0),
    Entity("hs2", ("hs2",), "CODE_RECORD", 40.0),
    Entity("hs6_origin", ("hs6", "origin"), "CODE_ORIGIN_RECORD", 10.0),
    Entity("importer_hs4", ("importer", "hs4"), "IMPORTER_CODE", 6.0),
    Entity("importer_hs6", ("importer", "hs6"), "IMPORTER_CODE", 6.0),
    Entity("importer_origin", ("importer", "origin"), "IMPORTER_ORIGIN", 6.0),
    Entity("importer_seller", ("importer", "seller"), "IMPORTER_SELLER", 6.0),
    Entity("seller_hs6", ("seller", "hs6"), "SELLER_CODE", 6.0),
)

DERIVED = {
    "hs6": ("hs_code",),
    "hs4": ("hs_code",),
    "hs2": ("hs_code",),
    "money": ("currency", "exchange_rate"),
}
"""Columns that are made from others. ``money`` is the currency that amounts are compared in: empty
(the territory's own) where the line has an exchange rate to it, else the line's currency."""


def _sources(columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(source for c in columns for source in DERIVED.get(c, (c,)))


@dataclass(frozen=True, slots=True)
class Measure:
    """A ratio of a line that is compared with its peers (same code, origin, currency or unit)."""

    name: str
    group: str
    top: str
    bottom: str
    also_by: tuple[str, ...]
    """Columns that peers must share at every level, because they are the ratio's units."""


MEASURES = (
    Measure("price_kg", "PRICE", "customs_value", "net_mass_kg", ("money",)),
    Measure("price_unit", "UNIT_PRICE", "customs_value", "quantity", ("money", "quantity_unit")),
    Measure("unit_mass", "UNIT_MASS", "net_mass_kg", "quantity", ("quantity_unit",)),
    Measure("freight_share", "FREIGHT", "freight", "customs_value", ("transport_mode",)),
    Measure("freight_kg", "FREIGHT_MASS", "freight", "net_mass_kg", ("money", "transport_mode")),
    Measure("packing", "PACKING", "gross_mass_kg", "net_mass_kg", ()),
)

MASS_UNITS = ("KGM", "GRM", "TNE")
"""UN/ECE Recommendation 20 units of mass."""

LEVELS = (("hs6", "origin"), ("hs6",), ("hs4",), ("hs2",))
"""Who counts as a peer, the closest first; the first level with enough lines is used."""

OWN_PRICE = ("importer_hs6", "seller_hs6")
"""Entities whose own past price per kilogram a line is compared with."""

OWN_VALUE = ("importer", "importer_hs6")
"""Entities whose own past value of a line a line is compared with."""

RECENT_DAYS = 90

BUSY = ("importer", "importer_seller", "seller")
"""Entities whose lines of the last `BUSY_DAYS` are counted: goods that are split come in a row."""
BUSY_DAYS = 7


RECORD_PARTS = ("lines", "checked", "share", "share_recent", "age", "idle")
"""What is told of each entity, in the order of the features."""

MEASURE_PARTS = ("", "_gap", "_z", "_z_hs4", "_peers", "_level")
"""What is told of each measure, in the order of the features; the first is the log ratio."""


def _entity(name: str) -> tuple[str, ...]:
    return next(_sources(e.columns) for e in ENTITIES if e.name == name)


def _record_features() -> list[Feature]:
    found = []
    for e in ENTITIES:
        needs = ("date", *_sources(e.columns))
        for part in RECORD_PARTS:
            found.append(Feature(f"{e.name}_{part}", e.group, needs, is_record=True))
    return found


def _measure_features() -> list[Feature]:
    found = []
    for m in MEASURES:
        needs = (m.top, m.bottom, "hs_code", "origin", "date", *_sources(m.also_by))
        for part in MEASURE_PARTS:
            found.append(Feature(f"{m.name}{part}", m.group, needs))
    return found


_OWN_NEEDS = (
    "exchange_rate",
    "date",
    "customs_value",
    "net_mass_kg",
    "hs_code",
    "importer",
    "seller",
)

_VALUE_NEEDS = ("date", "customs_value", "exchange_rate")
_SIBLING_NEEDS = (
    "date",
    "hs_code",
    "customs_value",
    "net_mass_kg",
    "currency",
    "exchange_rate",
)
_WORDS_NEEDS = ("date", "hs_code", "description")

TEXT_MISMATCH = "text_mismatch"

FEATURES: tuple[Feature, ...] = (
    *_record_features(),
    *_measure_features(),
    *(Feature(f"{name}_busy", "FREQUENCY", ("date", *_entity(name))) for name in BUSY),
    *(
        Feature(f"{name}_value_gap", "OWN_VALUE", (*_VALUE_NEEDS, *_entity(name)))
        for name in OWN_VALUE
    ),
    Feature("sibling_fit", "SIBLING", _SIBLING_NEEDS),
    Feature("sibling_gain", "SIBLING", _SIBLING_NEEDS),
    Feature("sibling_above", "SIBLING", _SIBLING_NEEDS),
    Feature("words_fit", "WORDS", _WORDS_NEEDS),
    Feature("words_gap", "WORDS", _WORDS_NEEDS),
    Feature("words_new", "WORDS", _WORDS_NEEDS),
    Feature(TEXT_MISMATCH, "TEXT_CODE", (TEXT_MISMATCH,)),
    Feature("insurance_share", "INSURANCE", ("insurance", "customs_value")),
    Feature("importer_hs6_price_gap", "OWN_PRICE", _OWN_NEEDS),
    Feature("seller_hs6_price_gap", "OWN_PRICE", _OWN_NEEDS),
    Feature("hs6_of_heading", "IMPORTER_CODE", ("date", "importer", "hs_code")),
    Feature("log_value", "VALUE", ("customs_value", "exchange_rate")),
    Feature("log_charges", "VALUE", ("customs_value", "exchange_rate", "duty_rate")),
    Feature("log_mass", "QUANTITY", ("net_mass_kg",)),
    Feature("log_quantity", "QUANTITY", ("quantity",)),
    Feature("duty_rate", "RATE", ("duty_rate",)),
    Feature("duty_rate_gap", "RATE", ("duty_rate", "hs_code", "date")),
    Feature("importer_registered", "IMPORTER_AGE", ("date", "importer_since")),
    Feature("preference_claimed", "PREFERENCE", ("preference",)),
    Feature("transhipped", "ROUTE_RECORD", ("departure", "origin")),
)
refuse_unavailable(FEATURES)

NAMES: tuple[str, ...] = tuple(f.name for f in FEATURES)
EVIDENCE: tuple[str, ...] = (
    *(f"{e.name}_wrong" for e in ENTITIES),
    *(f"{m.name}_{part}" for m in MEASURES for part in ("q25", "q50", "q75")),
    *(f"{name}_own_price" for name in OWN_PRICE),
    "sibling_code",
    "sibling_price",
    "words_code",
    "heading_rate",
    "overall_share",
    "exchange_rate",
)
"""What reasons tell beside the features; the model does not see it."""
GROUPS: tuple[str, ...] = tuple(sorted({f.group for f in FEATURES}))

INPUT_COLUMNS: tuple[str, ...] = tuple(sorted({c for f in FEATURES for c in f.needs}))
"""What a line must have to be scored; those of `OPTIONAL` may be left out."""
OPTIONAL: tuple[str, ...] = ("exchange_rate", TEXT_MISMATCH)
"""``text_mismatch`` is how little the declared code fits the description in the view of a
classifier that knows nothing of outcomes, worked out when the line was filed: 0 fits, up to 1;
absent where there is no description, where it says too little, or where nobody asked. Beside it a
line may have ``text_code``, the subheading that fits better; reasons tell it, no feature reads it.
"""
