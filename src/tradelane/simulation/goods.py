"""The goods lines of the consignments, as they truly are: product, mass, pieces, price, freight."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from tradelane.simulation.catalogue import Catalogue
from tradelane.simulation.model import MODES, Parameters
from tradelane.simulation.population import Importers, Sellers
from tradelane.simulation.tariff import Floats, Ints, Law
from tradelane.simulation.traffic import PARCEL, Consignments


@dataclass
class Goods:
    """One entry a line, either as it is or as it is declared.

    Money is in the territory's currency: ``value`` is the customs value (CIF), ``freight`` and
    ``insurance`` are contained in it. ``scheme`` is the preference that is claimed (0: none),
    ``words`` the product whose words the description uses (-1: the family's vague title).
    """

    product: Ints
    origin: Ints
    value: Floats
    net: Floats
    gross: Floats
    quantity: Floats
    freight: Floats
    insurance: Floats
    scheme: Ints
    words: Ints

    def copy(self) -> Goods:
        """A second set of the same lines, to be changed without touching these."""
        return replace(self, **{f.name: getattr(self, f.name).copy() for f in fields(self)})

    @property
    def count(self) -> int:
        return len(self.product)


@dataclass(frozen=True)
class Prices:
    """What moves prices: origin levels for each product and a slow drift by week."""

    level: Floats
    drift: Floats


def build_prices(
    rng: np.random.Generator, parameters: Parameters, catalogue: Catalogue, days: int
) -> Prices:
    """Log price levels (product x origin) and drifts (product x week)."""
    general = np.log([parameters.economies[o]["price"] for o in catalogue.origins])
    own = rng.normal(scale=0.08, size=(len(catalogue.codes), len(general)))
    weeks = days // 7 + 1
    steps = rng.normal(size=(len(catalogue.codes), weeks)) * parameters.traders["weekly_drift"]
    return Prices(general + own, steps.cumsum(axis=1))


def build_goods(
    rng: np.random.Generator,
    parameters: Parameters,
    catalogue: Catalogue,
    importers: Importers,
    sellers: Sellers,
    consignments: Consignments,
    prices: Prices,
    law: Law,
    line_of: Ints,
) -> Goods:
    """The true goods; ``line_of`` says which consignment each line belongs to."""
    n = len(line_of)
    importer = consignments.importer[line_of]
    slot = consignments.slot[line_of]
    family = consignments.family[line_of]
    origin = consignments.origin[line_of]
    product = _products(rng, catalogue, consignments, line_of)
    character = importers.slot_price[importer, slot]
    noise = parameters.traders["price_noise"] * catalogue.spread[product]
    seller = consignments.seller[line_of]
    log_price = (
        np.log(catalogue.price[product])
        + prices.level[product, origin]
        + prices.drift[product, consignments.day[line_of] // 7]
        + noise * (0.5 * sellers.quality[seller] + 0.4 * character + 0.6 * rng.normal(size=n))
        - 0.12 * (importers.size[importer] - 0.5)
    )
    price = np.exp(log_price)
    each = catalogue.unit_mass[product] * np.exp(
        np.where(catalogue.by_kilogram[product], 0.0, 0.14 * character + 0.1 * rng.normal(size=n))
    )
    aim = _aimed_mass(rng, parameters, catalogue, importers, consignments, line_of, price)
    worth = consignments.worth[line_of]
    counted = ~catalogue.by_kilogram[product]
    quantity = np.where(counted, np.maximum(1, np.round(aim / each)), 0.0)
    net = np.where(counted, quantity * each * np.exp(0.015 * rng.normal(size=n)), aim)
    net = np.maximum(np.round(net, 3), 0.001)
    quantity = np.where(counted, quantity, np.round(net, 2))
    # Whoever splits knows what every parcel has to be worth; others send what was bought.
    intrinsic = np.where(consignments.group[line_of] >= 0, worth, net * price)
    tare = np.array([parameters.families[f]["tare"] for f in catalogue.families])[family]
    gross = net * (1 + (tare - 1) * np.exp(0.6 * rng.normal(size=n)))
    freight, insurance = _charges(
        rng, parameters, catalogue, consignments, line_of, intrinsic, gross
    )
    scheme = _claims(rng, parameters, law, consignments.day[line_of], product, origin)
    return Goods(
        product=product,
        origin=origin.copy(),
        value=intrinsic + freight + insurance,
        net=net,
        gross=gross,
        quantity=quantity,
        freight=freight,
        insurance=insurance,
        scheme=scheme,
        words=np.where(rng.random(n) < 0.16, -1, product),
    )


def _products(
    rng: np.random.Generator, catalogue: Catalogue, consignments: Consignments, line_of: Ints
) -> Ints:
    """Mostly the slot's favourite on the first line, anything of the family on the others."""
    n = len(line_of)
    # The favourite is a fixed pseudo-random place for each (importer, slot).
    key = consignments.importer[line_of] * 31 + consignments.slot[line_of] * 7
    favourite = ((key * 2654435761) % 4294967296) / 4294967296
    first = np.concatenate([[True], line_of[1:] != line_of[:-1]])
    usual = first & (rng.random(n) < 0.75)
    uniform = np.where(usual, favourite, rng.random(n))
    drawn = catalogue.draw(
        consignments.family[line_of],
        consignments.origin[line_of],
        uniform,
        consignments.mode[line_of] == PARCEL,
    )
    fixed = consignments.product[line_of]
    return np.where(fixed >= 0, fixed, drawn)


def _lines_in(line_of: Ints) -> Floats:
    count: Floats = np.bincount(line_of)[line_of].astype(np.float64)
    return count


def _aimed_mass(
    rng: np.random.Generator,
    parameters: Parameters,
    catalogue: Catalogue,
    importers: Importers,
    consignments: Consignments,
    line_of: Ints,
    price: Floats,
) -> Floats:
    family = consignments.family[line_of]
    mode = consignments.mode[line_of]
    medians = np.array(
        [
            [parameters.families[f]["sea_kg"], parameters.families[f]["air_kg"]]
            for f in catalogue.families
        ]
    )
    size = importers.size[consignments.importer[line_of]]
    usual = medians[family, np.minimum(mode, 1)] * np.exp(
        0.9 * rng.normal(size=len(line_of)) + 1.4 * (size - 0.6)
    )
    # Dear goods travel in smaller lots.
    usual *= (1 + price / 60) ** -0.7
    parcel = consignments.worth[line_of] / _lines_in(line_of) / price
    return np.where(mode == PARCEL, np.where(np.isnan(parcel), 1.0, parcel), usual)


def _charges(
    rng: np.random.Generator,
    parameters: Parameters,
    catalogue: Catalogue,
    consignments: Consignments,
    line_of: Ints,
    intrinsic: Floats,
    gross: Floats,
) -> tuple[Floats, Floats]:
    """Freight by mode, distance and mass (heavy lots pay less a kilogram), and insurance."""
    n = len(line_of)
    mode = consignments.mode[line_of]
    names = tuple(MODES)
    traffic = parameters.traffic
    per_kg = np.array([traffic["freight_per_kg"][m] for m in names])[mode]
    share = np.array([traffic["freight_share"][m] for m in names])[mode]
    distances = np.array([parameters.economies[o]["distance"] for o in catalogue.origins])
    distance = distances[consignments.departure[line_of]] / 1000
    scale = (np.maximum(gross, 0.3) / np.array([3000.0, 150.0, 1.0])[mode]) ** -0.22
    by_mass = per_kg * distance**0.7 * gross * np.minimum(scale, 4)
    freight = (by_mass + share * intrinsic) * np.exp(0.3 * rng.normal(size=n))
    freight = np.minimum(freight, intrinsic * rng.uniform(0.3, 0.5, size=n))
    insurance = intrinsic * traffic["insurance_share"] * np.exp(0.3 * rng.normal(size=n))
    return freight, insurance


def _claims(
    rng: np.random.Generator,
    parameters: Parameters,
    law: Law,
    day: Ints,
    product: Ints,
    origin: Ints,
) -> Ints:
    """The best preference that applies and lowers the duty, if the trader bothers to claim it."""
    scheme, saving = best_preference(law, day, product, origin)
    bothers = rng.random(len(day)) < parameters.traders["preference_claimed"]
    return np.where(bothers & (saving > 0.005), scheme, 0)


def best_preference(law: Law, day: Ints, product: Ints, origin: Ints) -> tuple[Ints, Floats]:
    """The scheme with the lowest rate for each line (0: none) and what it saves."""
    rates = law.preference[law.period(day), product, origin]
    rates = np.where(np.isnan(rates), np.inf, rates)
    scheme = rates.argmin(axis=1)
    best = np.take_along_axis(rates, scheme[:, None], axis=1)[:, 0]
    return scheme, rates[:, 0] - best
