"""What arrives when: consignments, each of which becomes one declaration."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np
from numpy.typing import NDArray

from tradelane.simulation.catalogue import Catalogue
from tradelane.simulation.model import MODES, Parameters
from tradelane.simulation.population import SLOTS, Importers, Sellers
from tradelane.simulation.tariff import Floats, Ints, Law

SEA, AIR, PARCEL = range(3)
_MODE_CODES = tuple(MODES.values())


@dataclass
class Consignments:
    """One entry a declaration; numbers refer to the catalogue, the population and the parameters.

    product: -1 where the lines choose their own; worth: the intrinsic value in the territory's
    currency that a parcel aims at, NaN for others; group: the whole that a split part belongs to,
    or -1.
    """

    day: Ints
    importer: Ints
    slot: Ints
    family: Ints
    origin: Ints
    seller: Ints
    mode: Ints
    departure: Ints
    product: Ints
    worth: Floats
    group: Ints

    @property
    def count(self) -> int:
        return len(self.day)


@dataclass(frozen=True)
class Routing:
    """Columns of a declaration that follow from the others and from chance."""

    office: Ints
    carrier: Ints
    procedure: Ints
    lines: Ints


def day_weights(parameters: Parameters, first: date, days: int) -> Floats:
    """How much trade each day has: weekday, season and growth."""
    traffic = parameters.traffic
    day = np.arange(days)
    weekdays = np.array(traffic["weekdays"])[(first.weekday() + day) % 7]
    angle = 2 * np.pi * ((first.timetuple().tm_yday + day) - traffic["season"]["peak_day"]) / 365.25
    growth = (1 + traffic["growth"]) ** (day / 365.25)
    weights: Floats = weekdays * (1 + traffic["season"]["strength"] * np.cos(angle)) * growth
    normal: Floats = weights / weights.sum()
    return normal


def commercial(
    rng: np.random.Generator,
    parameters: Parameters,
    catalogue: Catalogue,
    importers: Importers,
    sellers: Sellers,
    weights: Floats,
    first: date,
    count: int,
) -> Consignments:
    """Consignments of commercial importers by sea and air, in the seasons of their goods."""
    odds = np.cumsum(importers.weight[: importers.commercial])
    days = np.cumsum(weights)
    peak = np.array([parameters.families[f]["peak_day"] for f in catalogue.families])
    strength = np.array([parameters.families[f]["season"] for f in catalogue.families])
    importer, slot, day = (np.zeros(count, dtype=np.int64) for _ in range(3))
    open_ = np.arange(count)
    for _ in range(40):
        n = len(open_)
        if n == 0:
            break
        importer[open_] = np.searchsorted(odds, rng.random(n) * odds[-1])
        slot[open_] = (SLOTS * rng.random(n) ** 2.2).astype(np.int64)
        day[open_] = np.searchsorted(days, rng.random(n) * days[-1])
        family = importers.slot_family[importer[open_], slot[open_]]
        angle = 2 * np.pi * (first.timetuple().tm_yday + day[open_] - peak[family]) / 365.25
        chance = (1 + strength[family] * np.cos(angle)) / (1 + strength[family])
        keep = (day[open_] >= importers.since[importer[open_]]) & (rng.random(n) < chance)
        open_ = open_[~keep]
    day = np.maximum(day, importers.since[importer])
    by_sea = np.array([parameters.families[f]["by_sea"] for f in catalogue.families])
    family = importers.slot_family[importer, slot]
    mode = np.where(rng.random(count) < by_sea[family], SEA, AIR)
    return _supplied(rng, parameters, catalogue, importers, sellers, day, importer, slot, mode)


def parcels(
    rng: np.random.Generator,
    parameters: Parameters,
    catalogue: Catalogue,
    importers: Importers,
    sellers: Sellers,
    weights: Floats,
    law: Law,
    count: int,
    *,
    splitters: bool = False,
) -> Consignments:
    """Low-value parcels of consumers, or the honest ones of the importers who also split."""
    low = importers.commercial + (importers.consumers if splitters else 0)
    size = importers.splitters if splitters else importers.consumers
    importer = low + rng.integers(size, size=count)
    days = np.cumsum(weights)
    since = np.maximum(importers.since[importer], 0)
    # A day after the registration: the uniform draw starts where the importer does.
    floor = np.concatenate([[0.0], days])[since]
    day = np.searchsorted(days, floor + rng.random(count) * (days[-1] - floor))
    day = np.clip(day, since, len(weights) - 1)
    slot = (SLOTS * rng.random(count) ** 2.2).astype(np.int64)
    mode = np.full(count, PARCEL)
    found = _supplied(rng, parameters, catalogue, importers, sellers, day, importer, slot, mode)
    found.worth = parameters.traders["parcel_value"] * np.exp(0.85 * rng.normal(size=count))
    aware = np.flatnonzero(rng.random(count) < parameters.traders["parcel_below_threshold"])
    limit = law.relief_duty[law.period(day[aware])]
    found.worth[aware] = np.maximum(limit, 1) * rng.uniform(0.7, 1.0, size=len(aware))
    return found


def merge(parts: list[Consignments], rng: np.random.Generator) -> Consignments:
    """All consignments in the order of their days, shuffled within a day."""
    joined = {
        f.name: np.concatenate([getattr(part, f.name) for part in parts])
        for f in fields(Consignments)
    }
    order = np.lexsort((rng.random(len(joined["day"])), joined["day"]))
    return Consignments(**{name: values[order] for name, values in joined.items()})


def route(
    rng: np.random.Generator,
    parameters: Parameters,
    importers: Importers,
    consignments: Consignments,
) -> Routing:
    """Office, carrier, procedure and number of lines of every declaration."""
    n = consignments.count
    home = rng.random(n) < 0.88
    uniform = np.where(home, importers.office[consignments.importer], rng.random(n))
    office = np.zeros(n, dtype=np.int64)
    carrier = np.zeros(n, dtype=np.int64)
    offset = 0
    for mode, name in enumerate(MODES):
        mine = np.flatnonzero(consignments.mode == mode)
        numbers = [i for i, o in enumerate(parameters.offices) if o.mode == _MODE_CODES[mode]]
        shares = np.cumsum([parameters.offices[i].share for i in numbers])
        office[mine] = np.array(numbers)[np.searchsorted(shares / shares[-1], uniform[mine])]
        fleet = int(parameters.traffic["carriers"][name])
        # A carrier serves some origins more than others.
        place = (consignments.departure[mine] * 7 + (4 * rng.random(len(mine)) ** 2)).astype(int)
        stray = rng.random(len(mine)) < 0.2
        carrier[mine] = offset + np.where(stray, rng.integers(fleet, size=len(mine)), place % fleet)
        offset += fleet
    split = consignments.group >= 0
    office[split] = express_office(parameters)
    procedures = np.array(list(parameters.traffic["procedures"].values()))
    procedure = rng.choice(len(procedures), size=n, p=procedures / procedures.sum())
    shares = np.array(parameters.traffic["lines_per_declaration"])
    lines = 1 + rng.choice(len(shares), size=n, p=shares / shares.sum())
    is_parcel = consignments.mode == PARCEL
    lines[is_parcel] = np.where(
        rng.random(is_parcel.sum()) < 0.1, np.minimum(lines[is_parcel], 2), 1
    )
    procedure[is_parcel] = 0
    lines[split] = 1
    return Routing(office, carrier, procedure, lines)


def express_office(parameters: Parameters) -> int:
    """The busiest office for parcels: where the splitters go."""
    parcel = [(o.share, -i) for i, o in enumerate(parameters.offices) if o.mode == MODES["parcel"]]
    return -max(parcel)[1]


def _supplied(
    rng: np.random.Generator,
    parameters: Parameters,
    catalogue: Catalogue,
    importers: Importers,
    sellers: Sellers,
    day: Ints,
    importer: Ints,
    slot: Ints,
    mode: Ints,
) -> Consignments:
    """Consignments from the standing supplier of the slot, now and then from another one."""
    n = len(day)
    family = importers.slot_family[importer, slot]
    home = importers.slot_origin[importer, slot]
    seller = importers.slot_seller[importer, slot]
    other = np.flatnonzero(rng.random(n) < 0.12)
    seller[other] = sellers.draw(family[other], home[other], rng.random(len(other)))
    origin = sellers.origin[seller].copy()
    # Traders also sell goods that were made elsewhere.
    resold = np.flatnonzero(rng.random(n) < parameters.traders["other_origin"])
    origin[resold] = _another_origin(rng, catalogue, family[resold])
    hubs = np.array([catalogue.origins.index(h) for h in parameters.hubs], dtype=np.int64)
    departure = sellers.departure[seller].copy()
    departure[resold] = np.where(rng.random(len(resold)) < 0.5, origin[resold], departure[resold])
    stray: NDArray[np.bool_] = rng.random(n) < 0.02
    departure[stray] = hubs[rng.integers(len(hubs), size=int(stray.sum()))]
    return Consignments(
        day=day,
        importer=importer,
        slot=slot,
        family=family,
        origin=origin,
        seller=seller,
        mode=mode.astype(np.int64),
        departure=departure,
        product=np.full(n, -1, dtype=np.int64),
        worth=np.full(n, np.nan),
        group=np.full(n, -1, dtype=np.int64),
    )


def _another_origin(rng: np.random.Generator, catalogue: Catalogue, family: Ints) -> Ints:
    made = catalogue.made[family] > 0
    score = np.where(made, rng.random(made.shape), -1.0)
    chosen: Ints = score.argmax(axis=1)
    return chosen
