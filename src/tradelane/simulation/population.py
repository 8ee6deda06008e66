"""Who trades: importers with habits and a hidden character, their declarants and sellers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradelane.simulation.catalogue import Catalogue
from tradelane.simulation.model import FRAUDS, Parameters
from tradelane.simulation.tariff import Floats, Ints

SLOTS = 6
"""How many standing supply relations (family, origin, seller) an importer has."""


@dataclass(frozen=True)
class Sellers:
    """Foreign sellers, sorted by (family, origin): ``first`` and ``count`` find theirs."""

    origin: Ints
    departure: Ints
    """Where they ship from: mostly their origin, some reload elsewhere."""
    currency: Ints
    quality: Floats
    complicity: Floats
    first: Ints
    count: Ints

    def draw(self, family: Ints, origin: Ints, uniform: Floats) -> Ints:
        """One seller of each (family, origin); a few have most of the trade."""
        count = self.count[family, origin]
        found: Ints = self.first[family, origin] + (count * uniform**2.0).astype(np.int64)
        return found


@dataclass(frozen=True)
class Importers:
    """Importers: commercial ones first, then consumers who receive parcels, then the splitters.

    since: day of registration counted from the first simulated day; size: 1 for the biggest;
    dishonesty: hidden, 0 to 1; habit: number in `model.FRAUDS`; slots: importer x SLOTS.
    """

    commercial: int
    consumers: int
    splitters: int
    since: Ints
    weight: Floats
    size: Floats
    dishonesty: Floats
    habit: Ints
    declarant: Ints
    office: Floats
    slot_family: Ints
    slot_origin: Ints
    slot_seller: Ints
    slot_price: Floats

    @property
    def count(self) -> int:
        return self.commercial + self.consumers + self.splitters


def build_sellers(
    rng: np.random.Generator,
    parameters: Parameters,
    catalogue: Catalogue,
    currencies: tuple[str, ...],
    declarations: int,
) -> Sellers:
    """Sellers of every family in every origin that makes it, in proportion to its trade."""
    wanted = max(declarations / parameters.traders["declarations_per_seller"], 50)
    share = catalogue.made / catalogue.made.sum()
    count = np.where(share > 0, np.maximum(2, np.round(share * wanted)), 0).astype(np.int64)
    first = (np.cumsum(count.ravel()) - count.ravel()).reshape(count.shape)
    origin = np.repeat(np.tile(np.arange(count.shape[1]), count.shape[0]), count.ravel())
    total = len(origin)
    hubs = np.array([catalogue.origins.index(h) for h in parameters.hubs], dtype=np.int64)
    reloads = rng.random(total) < parameters.traders["reloaded"]
    departure = np.where(reloads, hubs[rng.integers(len(hubs), size=total)], origin)
    currency = np.zeros(total, dtype=np.int64)
    for n, code in enumerate(catalogue.origins):
        shares: dict[str, float] = parameters.economies[code]["currencies"]
        mine = np.flatnonzero(origin == n)
        numbers = np.array([currencies.index(c) for c in shares])
        odds = np.array(list(shares.values()))
        currency[mine] = rng.choice(numbers, size=len(mine), p=odds / odds.sum())
    return Sellers(
        origin=origin,
        departure=departure,
        currency=currency,
        quality=rng.normal(size=total),
        complicity=rng.beta(0.5, 3.0, size=total),
        first=first,
        count=count,
    )


def build_importers(
    rng: np.random.Generator,
    parameters: Parameters,
    catalogue: Catalogue,
    sellers: Sellers,
    declarations: int,
    days: int,
    split_declarations: int,
) -> Importers:
    """The importers of so many declarations."""
    traders = parameters.traders
    parcels = declarations * traders["parcel_share"]
    commercial = max(60, round((declarations - parcels) / traders["declarations_per_importer"]))
    consumers = max(20, round(parcels / traders["parcels_per_consumer"]))
    splitters = max(3, round(split_declarations / 30))
    total = commercial + consumers + splitters
    weight, size = _sizes(rng, commercial, consumers, splitters, traders["importer_zipf"])
    families = _families(rng, parameters, catalogue, commercial, total)
    origins = _origins(rng, catalogue, families)
    return Importers(
        commercial=commercial,
        consumers=consumers,
        splitters=splitters,
        since=_since(rng, parameters, commercial, consumers, splitters, days),
        weight=weight,
        size=size,
        # The biggest have too much to lose to do it every day.
        dishonesty=rng.beta(0.45, 2.6, size=total) * (1 - 0.75 * size**6),
        habit=rng.integers(len(FRAUDS), size=total),
        declarant=_declarants(rng, parameters, commercial, total),
        office=rng.random(total),
        slot_family=families,
        slot_origin=origins,
        slot_seller=sellers.draw(
            families.ravel(), origins.ravel(), rng.random(families.size)
        ).reshape(families.shape),
        slot_price=rng.normal(size=families.shape),
    )


def declarant_count(importers: Importers) -> int:
    """How many declarants serve them (couriers' own brokers among them)."""
    return int(importers.declarant.max()) + 1


def _sizes(
    rng: np.random.Generator, commercial: int, consumers: int, splitters: int, zipf: float
) -> tuple[Floats, Floats]:
    rank = rng.permutation(commercial) + 1.0
    weight: Floats = np.concatenate([rank**-zipf, np.ones(consumers), np.ones(splitters)])
    small = rng.random(consumers + splitters) * 0.3
    return weight, np.concatenate([1 - rank / commercial, small])


def _since(
    rng: np.random.Generator,
    parameters: Parameters,
    commercial: int,
    consumers: int,
    splitters: int,
    days: int,
) -> Ints:
    """Registration: most long ago, a share during the simulated days, splitters late."""
    total = commercial + consumers
    since = -30 - rng.exponential(2200, size=total)
    new = rng.random(total) < parameters.traders["new_importers"]
    since = np.where(new, rng.uniform(0, days, size=total), np.maximum(since, -9000))
    since[np.argmin(since[:commercial])] = min(since.min(), -1000)
    late = parameters.schemes["split_consignments"].numbers
    begin = late["starts"] * days
    young = rng.uniform(begin - late["max_age_days"] * 0.6, begin + (days - begin) * 0.7, splitters)
    registered: Ints = np.floor(np.concatenate([since, young])).astype(np.int64)
    return registered


def _declarants(
    rng: np.random.Generator, parameters: Parameters, commercial: int, total: int
) -> Ints:
    """A declarant serves several importers; parcels are declared by a handful of courier desks."""
    brokers = max(8, round(commercial / parameters.traders["importers_per_declarant"]))
    desks = int(parameters.traffic["carriers"]["parcel"])
    chosen = (brokers * rng.random(commercial) ** 1.8).astype(np.int64)
    return np.concatenate([chosen, brokers + rng.integers(desks, size=total - commercial)])


def _families(
    rng: np.random.Generator,
    parameters: Parameters,
    catalogue: Catalogue,
    commercial: int,
    total: int,
) -> Ints:
    """One main family for each importer, and one or two others in the later slots."""
    traded = catalogue.made.sum(axis=1)
    odds = traded / traded.sum()
    main = rng.choice(len(odds), size=(total, 3), p=odds)
    parcel = np.array([parameters.families[f]["parcel"] for f in catalogue.families])
    if parcel.sum() > 0:
        size = (total - commercial, 3)
        main[commercial:] = rng.choice(len(odds), size=size, p=parcel / parcel.sum())
    which = np.array([0, 0, 0, 1, 1, 2])
    broad = rng.random((total, SLOTS)) < 0.55
    return np.where(broad, main[:, which], main[:, [0]]).astype(np.int64)


def _origins(rng: np.random.Generator, catalogue: Catalogue, families: Ints) -> Ints:
    made = catalogue.made / catalogue.made.sum(axis=1, keepdims=True)
    cumulative = made.cumsum(axis=1)
    cumulative[cumulative > 1 - 1e-9] = 1.0
    uniform = rng.random(families.size)
    origins: Ints = (uniform[:, None] >= cumulative[families.ravel()]).sum(axis=1)
    return origins.reshape(families.shape)
