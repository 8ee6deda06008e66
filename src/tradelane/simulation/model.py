"""The parameters of a made-up administration: how they are read and what is refused.

They are data of a territory's pack (``simulation.yaml`` and the product table it names). Reading
reports every problem at once, each with the JSON Pointer to its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import Pack
from tradelane.simulation.products import Product, read_products

SCHEMES = (
    "undervaluation",
    "misclassification",
    "false_origin",
    "quantity",
    "split_consignments",
    "innocent_error",
)
"""The planted schemes. The last one is a mistake: it is never labelled as fraud."""
FRAUDS = SCHEMES[:4]
"""The schemes that any importer may use on any day; splitting has a population of its own."""
MODES = {"sea": "1", "air": "4", "parcel": "5"}
"""Mode of transport in UN/ECE Recommendation 19."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A planted way to declare falsely, in words and with its numbers."""

    name: str
    words: str
    trace: str
    numbers: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Office:
    """A customs office and its share of the declarations of its mode of transport."""

    code: str
    mode: str
    share: float


@dataclass(frozen=True)
class Parameters:
    """Everything the simulation takes from the pack; see ``simulation.yaml`` for the meanings."""

    last_day: date
    products: tuple[Product, ...]
    families: Mapping[str, Mapping[str, Any]]
    economies: Mapping[str, Mapping[str, Any]]
    hubs: tuple[str, ...]
    offices: tuple[Office, ...]
    traffic: Mapping[str, Any]
    traders: Mapping[str, float]
    fraud_rate: float
    drivers: Mapping[str, float]
    habit: float
    schemes: Mapping[str, Scheme]
    selection: Mapping[str, Any]
    missing: Mapping[str, float]


_FAMILY = {
    "by_sea": (0, 1),
    "sea_kg": (0.01, 1e6),
    "air_kg": (0.01, 1e6),
    "peak_day": (1, 366),
    "season": (0, 1),
    "tare": (1, 3),
    "parcel": (0, 1e3),
}
_ECONOMY = {"distance": (1, 40_000), "price": (0.05, 20), "risk": (-5, 5)}
_TRADERS = {
    "declarations_per_importer": (1, 1e5),
    "importer_zipf": (0, 3),
    "new_importers": (0, 1),
    "importers_per_declarant": (1, 1e4),
    "declarations_per_seller": (1, 1e5),
    "parcel_share": (0, 0.9),
    "parcels_per_consumer": (1, 1e3),
    "parcel_value": (1, 1e5),
    "parcel_below_threshold": (0, 1),
    "preference_claimed": (0, 1),
    "other_origin": (0, 1),
    "reloaded": (0, 1),
    "price_noise": (0, 5),
    "weekly_drift": (0, 0.2),
}
_SHARE = (0.0, 1.0)
_SCHEME: dict[str, dict[str, tuple[float, float]]] = {
    "undervaluation": {"low": _SHARE, "high": _SHARE, "freight_kept": _SHARE},
    "misclassification": {"gain": _SHARE, "true_words": _SHARE, "vague_words": _SHARE},
    "false_origin": {"gain": _SHARE, "departure_kept": _SHARE, "departure_moved": _SHARE},
    "quantity": {"low": _SHARE, "high": _SHARE, "pieces": _SHARE},
    "split_consignments": {
        "starts": _SHARE,
        "low": _SHARE,
        "high": _SHARE,
        "parts_low": (2, 50),
        "parts_high": (2, 50),
        "honest": _SHARE,
        "market": _SHARE,
        "max_age_days": (1, 1000),
        "min_rate": _SHARE,
    },
    "innocent_error": {"slip": _SHARE},
}
_TRAFFIC = {"insurance_share": (0, 0.2), "growth": (-0.9, 5)}
_SELECTION = {
    "target": _SHARE,
    "random": _SHARE,
    "price_threshold": (0, 2),
    "price_chance": _SHARE,
    "origin_chance": _SHARE,
    "young_days": (1, 3650),
    "young_chance": _SHARE,
    "high_rate": _SHARE,
    "high_rate_chance": _SHARE,
    "other_chance": _SHARE,
    "offenders": _SHARE,
    "big_importers": _SHARE,
    "big_factor": _SHARE,
    "found": _SHARE,
    "recovered_noise": _SHARE,
    "median_days": (0.1, 365),
    "spread_days": (0, 3),
}
_MISSING = (
    "net_mass_kg",
    "gross_mass_kg",
    "quantity",
    "freight",
    "insurance",
    "seller",
    "carrier",
    "departure",
    "importer_since",
)


class _Reader:
    """Takes values out of plain data and remembers everything that is wrong with them."""

    def __init__(self, data: Any) -> None:
        self.problems: list[Problem] = []
        self.data = data if isinstance(data, dict) else {}

    def wrong(self, pointer: str, message: str, hint: str = "") -> None:
        self.problems.append(
            Problem("simulation.parameter_invalid", message, pointer=pointer, hint=hint)
        )

    def mapping(self, pointer: str) -> dict[str, Any]:
        value: Any = self.data
        for part in pointer.split("/")[1:]:
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, dict) and value:
            return {str(k): v for k, v in value.items()}
        self.wrong(pointer, "A mapping is needed here.")
        return {}

    def number(self, pointer: str, value: Any, bounds: tuple[float, float]) -> float:
        low, high = bounds
        if isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        self.wrong(pointer, f"A number from {low:g} to {high:g} is needed, not {value!r}.")
        return float(low)

    def numbers(
        self, pointer: str, given: Mapping[str, Any], wanted: Mapping[str, tuple[float, float]]
    ) -> dict[str, float]:
        return {
            name: self.number(f"{pointer}/{name}", given.get(name), bounds)
            for name, bounds in wanted.items()
        }

    def shares(self, pointer: str, value: Any) -> dict[str, float]:
        if not isinstance(value, dict) or not value:
            self.wrong(pointer, "A mapping of names to shares is needed here.")
            return {}
        return {str(k): self.number(f"{pointer}/{k}", v, (0, 1e6)) for k, v in value.items()}

    def list_of(self, pointer: str, value: Any, kind: type) -> list[Any]:
        if isinstance(value, list) and value and all(isinstance(v, kind) for v in value):
            return list(value)
        self.wrong(pointer, f"A list of {kind.__name__} values is needed here.")
        return []


def read_parameters(pack: Pack) -> Parameters:
    """The simulation's parameters of a territory's pack.

    Errors: InputRefused with ``simulation.no_parameters``, or with every
    ``simulation.parameter_invalid`` and ``simulation.product_invalid`` that was found.
    """
    if not pack.has("simulation.yaml"):
        raise InputRefused(
            Problem(
                "simulation.no_parameters",
                f"The pack {pack.id!r} has no simulation.yaml: its trade cannot be made up.",
                hint="Use --territory demo, or write one after packs/demo/simulation.yaml.",
            )
        )
    reader = _Reader(pack.yaml("simulation.yaml"))
    families = {
        name: reader.numbers(f"/goods/families/{name}", _as_mapping(given), _FAMILY)
        | {"title": str(_as_mapping(given).get("title", name))}
        for name, given in reader.mapping("/goods/families").items()
    }
    economies = {
        code: _read_economy(reader, code, _as_mapping(given))
        for code, given in reader.mapping("/goods/economies").items()
    }
    goods = reader.mapping("/goods")
    table = str(reader.data.get("products", "simulation_products.csv"))
    products, problems = read_products(pack, table, families, economies)
    schemes = reader.mapping("/schemes")
    last_day = reader.data.get("last_day")
    if type(last_day) is not date:
        reader.wrong("/last_day", "A date is needed here.", "Write it as 2026-10-31.")
        last_day = date(2026, 10, 31)
    parameters = Parameters(
        last_day=last_day,
        products=products,
        families=families,
        economies=economies,
        hubs=tuple(reader.list_of("/goods/hubs", goods.get("hubs"), str)),
        offices=_read_offices(reader),
        traffic=_read_traffic(reader),
        traders=reader.numbers("/traders", reader.mapping("/traders"), _TRADERS),
        fraud_rate=reader.number("/schemes/fraud_rate", schemes.get("fraud_rate"), (0, 0.5)),
        drivers=reader.numbers(
            "/schemes/drivers",
            reader.mapping("/schemes/drivers"),
            dict.fromkeys(("dishonesty", "complicity", "origin", "rate", "season"), (0, 20)),
        ),
        habit=reader.number("/schemes/habit", schemes.get("habit"), (1, 1000)),
        schemes={name: _read_scheme(reader, name) for name in SCHEMES},
        selection=_read_selection(reader),
        missing=reader.numbers(
            "/missing", reader.mapping("/missing"), dict.fromkeys(_MISSING, (0, 0.5))
        ),
    )
    for index, hub in enumerate(parameters.hubs):
        if hub not in economies:
            reader.wrong(f"/goods/hubs/{index}", f"{hub} is not among the economies.")
    if reader.problems or problems:
        raise InputRefused([*reader.problems, *problems])
    return parameters


def _as_mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _read_economy(reader: _Reader, code: str, given: dict[str, Any]) -> dict[str, Any]:
    pointer = f"/goods/economies/{code}"
    numbers: dict[str, Any] = dict(reader.numbers(pointer, given, _ECONOMY))
    numbers["currencies"] = reader.shares(f"{pointer}/currencies", given.get("currencies"))
    return numbers


def _read_offices(reader: _Reader) -> tuple[Office, ...]:
    given = reader.list_of("/traffic/offices", reader.mapping("/traffic").get("offices"), dict)
    offices = tuple(
        Office(
            str(item.get("code", "")),
            str(item.get("mode", "")),
            reader.number(f"/traffic/offices/{n}/share", item.get("share"), (0.001, 1e6)),
        )
        for n, item in enumerate(given)
    )
    for name, mode in MODES.items():
        if not any(office.mode == mode for office in offices):
            reader.wrong("/traffic/offices", f"No office takes {name} traffic (mode {mode!r}).")
    return offices


def _read_traffic(reader: _Reader) -> dict[str, Any]:
    given = reader.mapping("/traffic")
    traffic: dict[str, Any] = dict(reader.numbers("/traffic", given, _TRAFFIC))
    for name, bounds in (
        ("carriers", (1, 500)),
        ("freight_per_kg", (0, 100)),
        ("freight_share", (0, 0.5)),
    ):
        traffic[name] = reader.numbers(
            f"/traffic/{name}", reader.mapping(f"/traffic/{name}"), dict.fromkeys(MODES, bounds)
        )
    traffic["season"] = reader.numbers(
        "/traffic/season",
        reader.mapping("/traffic/season"),
        {"peak_day": (1, 366), "strength": (0, 1)},
    )
    traffic["procedures"] = reader.shares("/traffic/procedures", given.get("procedures"))
    for name, length in (("weekdays", 7), ("lines_per_declaration", None)):
        values = given.get(name)
        if not isinstance(values, list) or (length and len(values) != length) or not values:
            reader.wrong(f"/traffic/{name}", f"A list of {length or 'some'} shares is needed here.")
            values = [1.0] * (length or 1)
        traffic[name] = [
            reader.number(f"/traffic/{name}/{n}", value, (0, 100)) for n, value in enumerate(values)
        ]
    return traffic


def _read_scheme(reader: _Reader, name: str) -> Scheme:
    pointer = f"/schemes/kinds/{name}"
    given = reader.mapping(pointer)
    numbers = reader.numbers(pointer, given, {"weight": (0, 10), **_SCHEME[name]})
    for low, high in (("low", "high"), ("parts_low", "parts_high")):
        if numbers.get(low, 0) > numbers.get(high, 0):
            reader.wrong(f"{pointer}/{low}", f"{low} is above {high}.")
    return Scheme(name, str(given.get("words", "")), str(given.get("trace", "")), numbers)


def _read_selection(reader: _Reader) -> dict[str, Any]:
    given = reader.mapping("/selection")
    selection: dict[str, Any] = dict(reader.numbers("/selection", given, _SELECTION))
    selection["listed_origins"] = reader.list_of(
        "/selection/listed_origins", given.get("listed_origins"), str
    )
    return selection
