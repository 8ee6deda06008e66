"""The late scheme: young importers who share a seller cut consignments into relieved parcels.

The low-value relief adds up what one importer receives in a day, so the parts are spread over days
and over several names of a ring. Each part alone looks like an ordinary parcel.
"""

from __future__ import annotations

import numpy as np

from tradelane.kit.errors import InputRefused, Problem
from tradelane.simulation.catalogue import Catalogue
from tradelane.simulation.model import Parameters
from tradelane.simulation.population import Importers, Sellers
from tradelane.simulation.tariff import Floats, Ints, Law
from tradelane.simulation.traffic import PARCEL, Consignments

_RING = 4
_SPAN = 5


def first_split_day(parameters: Parameters, days: int) -> int:
    """The day from which the scheme exists, counted from the first simulated day."""
    return int(np.ceil(parameters.schemes["split_consignments"].numbers["starts"] * days))


def split_count(parameters: Parameters, declarations: int) -> int:
    """How many declarations are parts of split consignments."""
    return max(6, round(declarations * parameters.schemes["split_consignments"].numbers["weight"]))


def split_consignments(
    rng: np.random.Generator,
    parameters: Parameters,
    catalogue: Catalogue,
    importers: Importers,
    sellers: Sellers,
    law: Law,
    days: int,
    count: int,
) -> Consignments:
    """``count`` parts of consignments that together are above the relief threshold."""
    numbers = parameters.schemes["split_consignments"].numbers
    low = importers.commercial + importers.consumers
    rings = max(1, importers.splitters // _RING)
    product, seller = _goods_of_rings(rng, parameters, catalogue, sellers, law, rings)
    group = _groups(rng, int(numbers["parts_low"]), int(numbers["parts_high"]), count)
    whole = int(group.max()) + 1
    ring = rng.integers(rings, size=whole)
    members = low + np.minimum(np.arange(rings)[:, None] + rings * np.arange(_RING), 10**9)
    members = np.where(members < importers.count, members, low + np.arange(rings)[:, None])
    since = importers.since[members]
    begin = np.maximum(first_split_day(parameters, days), since.min(axis=1)[ring])
    end = np.maximum(begin + 1, days - _SPAN)
    start = np.minimum((begin + rng.random(whole) * (end - begin)).astype(np.int64), days - 1)
    day = np.minimum(start[group] + rng.integers(_SPAN, size=count), days - 1)
    chosen = rng.integers(_RING, size=count)
    oldest = since.argmin(axis=1)
    registered = since[ring[group], chosen] <= day
    chosen = np.where(registered, chosen, oldest[ring[group]])
    which = rng.integers(product.shape[1], size=whole)[group]
    goods = product[ring[group], which]
    origin = sellers.origin[seller[ring[group], which]]
    share = rng.uniform(numbers["low"], numbers["high"], size=count)
    return Consignments(
        day=day,
        importer=members[ring[group], chosen],
        slot=np.zeros(count, dtype=np.int64),
        family=catalogue.family[goods],
        origin=origin,
        seller=seller[ring[group], which],
        mode=np.full(count, PARCEL, dtype=np.int64),
        departure=sellers.departure[seller[ring[group], which]],
        product=goods,
        worth=share * law.relief_duty[law.period(day)],
        group=group,
    )


def honest_mix(
    rng: np.random.Generator, parcels: Consignments, parts: Consignments, share: float
) -> Consignments:
    """The same parcels, a share of them from the shared sellers, who serve honest buyers too."""
    same = np.flatnonzero(rng.random(parcels.count) < share)
    like = rng.integers(parts.count, size=len(same))
    for name in ("seller", "family", "origin", "departure", "product"):
        getattr(parcels, name)[same] = getattr(parts, name)[like]
    return parcels


def _groups(rng: np.random.Generator, low: int, high: int, count: int) -> Ints:
    """Group numbers of the parts; no group has fewer than ``low``."""
    sizes = rng.integers(low, high + 1, size=count // low + 1)
    group = np.repeat(np.arange(len(sizes)), sizes)[:count]
    last = group == group[-1]
    if last.sum() < low and group[-1] > 0:
        group[last] -= 1
    return group


def _goods_of_rings(
    rng: np.random.Generator,
    parameters: Parameters,
    catalogue: Catalogue,
    sellers: Sellers,
    law: Law,
    rings: int,
) -> tuple[Ints, Ints]:
    """Two pairs of product and seller for each ring, worth splitting for."""
    parcel = np.array([parameters.families[f]["parcel"] for f in catalogue.families])
    least = parameters.schemes["split_consignments"].numbers["min_rate"]
    worth: Floats = (
        (law.duty[-1] >= least)
        * parcel[catalogue.family]
        * ~law.excluded
        * (catalogue.price * catalogue.unit_mass < 40)
    )
    if worth.sum() == 0 or law.relief_duty[-1] <= 0:
        raise InputRefused(
            Problem(
                "simulation.nothing_to_split",
                "No product that comes in parcels is worth splitting for, or no relief holds.",
                pointer="/schemes/kinds/split_consignments/min_rate",
                hint="Lower min_rate, give a family a parcel weight, or add relief.yaml.",
            )
        )
    product = rng.choice(len(worth), size=(rings, 2), p=worth / worth.sum())
    made = catalogue.made[catalogue.family[product]].argmax(axis=2)
    seller = sellers.draw(catalogue.family[product], made, rng.random((rings, 2)))
    return product.astype(np.int64), seller
