"""The legacy selection: an officer's rules of thumb, and what the inspections they led to found.

It stands for what an administration had before: it sees only what was declared, it is biased on
purpose (so that learning from its labels alone is not enough), and its inspectors miss some.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradelane.simulation.catalogue import Catalogue
from tradelane.simulation.goods import Goods
from tradelane.simulation.model import Parameters
from tradelane.simulation.population import Importers
from tradelane.simulation.tariff import Floats, Ints

_SECONDS = 86_400


@dataclass(frozen=True)
class Inspections:
    """By line: whether it was inspected, what was found, and when that was written down.

    recorded: seconds since the first simulated day began (UTC); only for inspected lines.
    """

    inspected: NDArray[np.bool_]
    fraud: NDArray[np.bool_]
    recovered: Floats
    recorded: Ints


def chances(
    parameters: Parameters,
    catalogue: Catalogue,
    importers: Importers,
    importer: Ints,
    day: Ints,
    declared: Goods,
    rate: Floats,
) -> Floats:
    """The probability that each line is inspected, from its declared facts alone."""
    rules = parameters.selection
    chapters = np.array([int(code[:2]) for code in catalogue.codes])
    usual = np.zeros(100)
    for chapter in np.unique(chapters):
        usual[chapter] = np.median(catalogue.price[chapters == chapter])
    price = declared.value / declared.net
    cheap = price < rules["price_threshold"] * usual[chapters[declared.product]]
    listed = np.isin(
        declared.origin,
        [n for n, origin in enumerate(catalogue.origins) if origin in rules["listed_origins"]],
    )
    young = day - importers.since[importer] < rules["young_days"]
    chance = (
        rules["other_chance"]
        + rules["price_chance"] * cheap
        + rules["origin_chance"] * listed
        + rules["young_chance"] * young
        + rules["high_rate_chance"] * (rate >= rules["high_rate"])
    )
    big = importers.size[importer] > 1 - rules["big_importers"]
    chance = np.where(big, chance * rules["big_factor"], chance)
    chance *= max(rules["target"] * (1 - rules["offenders"]) - rules["random"], 0) / max(
        float(chance.mean()), 1e-12
    )
    found: Floats = 1 - (1 - np.minimum(chance, 0.95)) * (1 - rules["random"])
    return found


def inspect(
    rng: np.random.Generator,
    parameters: Parameters,
    chance: Floats,
    day: Ints,
    importer: Ints,
    fraud: NDArray[np.bool_],
    lost: Floats,
) -> Inspections:
    """Inspections with those chances, and more of importers who were found out before.

    Most of the frauds that are inspected are found, and what is found is collected.
    """
    n = len(chance)
    rules = parameters.selection
    inspected = rng.random(n) < chance
    noticed = rng.random(n) < rules["found"]
    delay = np.exp(np.log(rules["median_days"]) + rules["spread_days"] * rng.normal(size=n))
    after = np.maximum(1, np.round(delay)).astype(np.int64)
    caught = np.flatnonzero(inspected & noticed & fraud)
    known_from = np.full(int(importer.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(known_from, importer[caught], day[caught] + after[caught])
    offender = (day > known_from[importer]) & ~inspected
    again = rules["target"] * rules["offenders"] * n / max(int(offender.sum()), 1)
    inspected |= offender & (rng.random(n) < min(again, 0.5))
    noise = np.exp(rules["recovered_noise"] * rng.normal(size=n))
    recovered = np.where(inspected & noticed & (lost > 0), lost * noise, 0.0)
    office_hours = rng.integers(8 * 3600, 17 * 3600, size=n)
    recorded = (day + after) * _SECONDS + office_hours
    return Inspections(inspected, inspected & noticed & fraud, recovered, recorded)
