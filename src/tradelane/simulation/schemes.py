"""The planted frauds and mistakes: who commits them, and what each does to the declared goods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradelane.simulation.catalogue import Catalogue
from tradelane.simulation.goods import Goods, best_preference
from tradelane.simulation.model import FRAUDS, SCHEMES, Parameters
from tradelane.simulation.population import Importers, Sellers
from tradelane.simulation.tariff import Floats, Ints, Law
from tradelane.simulation.traffic import PARCEL, Consignments

HONEST = -1
SPLIT = SCHEMES.index("split_consignments")
ERROR = SCHEMES.index("innocent_error")


@dataclass(frozen=True)
class Alternatives:
    """What each line could be declared as to pay less; the gain is in points of the duty rate."""

    sibling: Ints
    sibling_gain: Floats
    origin: Ints
    origin_scheme: Ints
    origin_gain: Floats


def alternatives(
    rng: np.random.Generator, catalogue: Catalogue, law: Law, day: Ints, goods: Goods
) -> Alternatives:
    """A cheaper sibling code and a cheaper origin for every line (gain 0 where there is none)."""
    period = law.period(day)
    rate = law.rate(day, goods.product, goods.origin, goods.scheme)
    sibling = np.zeros(goods.count, dtype=np.int64)
    sibling_gain = np.zeros(goods.count)
    origin = np.zeros(goods.count, dtype=np.int64)
    uniform = rng.random((2, goods.count))
    key = period * len(catalogue.codes) + goods.product
    order = np.argsort(key, kind="stable")
    found, begins = np.unique(key[order], return_index=True)
    for one, mine in zip(found, np.split(order, begins[1:]), strict=True):
        p, product = divmod(int(one), len(catalogue.codes))
        near = catalogue.siblings[product] * np.maximum(law.duty[p, product] - law.duty[p], 0)
        if near.sum() > 0:
            sibling[mine] = _pick(near, uniform[0, mine])
            sibling_gain[mine] = rate[mine] - law.duty[p, sibling[mine]]
        saving = law.duty[p, product] - np.nanmin(law.preference[p, product], axis=1)
        # An origin that really makes such goods is the more credible one.
        saving = np.maximum(saving, 0) * (0.05 + (catalogue.made[catalogue.family[product]] > 0))
        if saving.sum() > 0:
            origin[mine] = _pick(saving, uniform[1, mine])
    origin_scheme, origin_saving = best_preference(law, day, goods.product, origin)
    origin_gain = np.where(
        (origin_saving > 0) & (origin != goods.origin) & (goods.scheme == 0),
        rate - (law.duty[period, goods.product] - origin_saving),
        0.0,
    )
    return Alternatives(sibling, np.maximum(sibling_gain, 0), origin, origin_scheme, origin_gain)


def choose(
    rng: np.random.Generator,
    parameters: Parameters,
    catalogue: Catalogue,
    importers: Importers,
    sellers: Sellers,
    consignments: Consignments,
    line_of: Ints,
    goods: Goods,
    law: Law,
    options: Alternatives,
    owes: NDArray[np.bool_],
    dutiable: NDArray[np.bool_],
) -> Ints:
    """The scheme of every line (number in `model.SCHEMES`, -1: honest).

    Only a line that ``owes`` something has anything to gain, and by its code or origin only one
    that is ``dutiable``: not relieved of duty.
    """
    importer = consignments.importer[line_of]
    kinds = parameters.schemes
    gain = np.stack(
        [
            np.full(goods.count, 0.1),
            options.sibling_gain - kinds["misclassification"].numbers["gain"],
            options.origin_gain - kinds["false_origin"].numbers["gain"],
            np.full(goods.count, 0.1),
        ]
    )
    weight = np.array([kinds[name].numbers["weight"] for name in FRAUDS])[:, None] * (gain > 0)
    weight = weight * (1 + 6 * np.maximum(gain, 0))
    weight *= np.where(
        np.arange(len(FRAUDS))[:, None] == importers.habit[importer], parameters.habit, 1
    )
    # Parcels are too small for a forged origin or for counting pieces.
    weight[2:] *= np.where(consignments.mode[line_of] == PARCEL, 0.0, 1.0)
    weight *= owes
    weight[1:3] *= dutiable
    split = consignments.group[line_of] >= 0
    total = weight.sum(axis=0)
    log_odds = _log_odds(rng, parameters, importers, sellers, consignments, line_of, goods, law)
    log_odds += 0.5 * np.log(np.maximum(total, 1e-9))
    log_odds[split | (total <= 0)] = -np.inf
    fraud = _at_rate(rng, log_odds, parameters.fraud_rate * goods.count - split.sum())
    cumulative = np.cumsum(weight, axis=0) / np.maximum(total, 1e-12)
    which = np.minimum((rng.random(goods.count) >= cumulative).sum(axis=0), len(FRAUDS) - 1)
    scheme = np.where(fraud, which, HONEST)
    scheme[split] = SPLIT
    mistaken = rng.random(goods.count) < kinds["innocent_error"].numbers["weight"]
    confusable = catalogue.siblings.sum(axis=1)[goods.product] > 0
    return np.where(mistaken & confusable & (scheme == HONEST), ERROR, scheme)


def declare(
    rng: np.random.Generator,
    parameters: Parameters,
    catalogue: Catalogue,
    consignments: Consignments,
    line_of: Ints,
    true: Goods,
    scheme: Ints,
    law: Law,
    options: Alternatives,
) -> tuple[Goods, Ints]:
    """The goods as declared, and the scheme with slips of the decimal point marked as errors."""
    declared = true.copy()
    numbers = {name: parameters.schemes[name].numbers for name in SCHEMES}
    for name, apply in (("undervaluation", _undervalue), ("quantity", _understate)):
        lines = np.flatnonzero(scheme == SCHEMES.index(name))
        apply(rng, numbers[name], catalogue, declared, lines)
    lines = np.flatnonzero(scheme == SCHEMES.index("misclassification"))
    _recode(rng, numbers["misclassification"], declared, lines, options.sibling[lines])
    lines = np.flatnonzero(scheme == ERROR)
    mistaken = _any_sibling(rng, catalogue, true.product[lines])
    _recode(rng, numbers["misclassification"], declared, lines, mistaken)
    lines = np.flatnonzero(scheme == SCHEMES.index("false_origin"))
    _claim_origin(
        rng,
        numbers["false_origin"],
        parameters,
        catalogue,
        consignments,
        line_of,
        declared,
        lines,
        options,
    )
    _drop_void_claims(law, consignments.day[line_of], declared)
    slips = np.flatnonzero(
        (rng.random(true.count) < numbers["innocent_error"]["slip"]) & (scheme == HONEST)
    )
    # Up in both masses or down in the net mass: net above gross would be refused when filed.
    up = rng.random(len(slips)) < 0.5
    declared.net[slips] *= np.where(up, 10.0, 0.1)
    declared.gross[slips] *= np.where(up, 10.0, 1.0)
    marked = scheme.copy()
    marked[slips] = ERROR
    return declared, marked


def _log_odds(
    rng: np.random.Generator,
    parameters: Parameters,
    importers: Importers,
    sellers: Sellers,
    consignments: Consignments,
    line_of: Ints,
    goods: Goods,
    law: Law,
) -> Floats:
    drivers = parameters.drivers
    day, importer = consignments.day[line_of], consignments.importer[line_of]
    risk = np.array([parameters.economies[o]["risk"] for o in sorted(parameters.economies)])
    quarters = int(day.max()) // 91 + 1
    # Frauds come in campaigns: an importer that tries is more likely to go on for a while.
    campaign = rng.normal(size=(importers.count, quarters))
    rate = law.rate(day, goods.product, goods.origin, goods.scheme)
    found: Floats = (
        drivers["dishonesty"] * importers.dishonesty[importer]
        + drivers["complicity"] * sellers.complicity[consignments.seller[line_of]]
        + drivers["origin"] * risk[goods.origin]
        + drivers["rate"] * rate
        + drivers["season"] * campaign[importer, day // 91]
    )
    return found


def _at_rate(rng: np.random.Generator, log_odds: Floats, wanted: float) -> NDArray[np.bool_]:
    """Draws with those log odds plus the constant that makes ``wanted`` of them expected."""
    low, high = -40.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        expected = (1 / (1 + np.exp(-np.clip(log_odds + middle, -500, 500)))).sum()
        low, high = (middle, high) if expected < wanted else (low, middle)
    chance = 1 / (1 + np.exp(-np.clip(log_odds + low, -500, 500)))
    drawn: NDArray[np.bool_] = rng.random(len(log_odds)) < chance
    return drawn


def _pick(weights: Floats, uniform: Floats) -> Ints:
    cumulative = np.cumsum(weights) / weights.sum()
    return np.searchsorted(cumulative, uniform * (1 - 1e-12), side="right")


def _any_sibling(rng: np.random.Generator, catalogue: Catalogue, product: Ints) -> Ints:
    score = catalogue.siblings[product] * rng.random((len(product), len(catalogue.codes)))
    chosen: Ints = score.argmax(axis=1)
    return chosen


def _undervalue(
    rng: np.random.Generator,
    numbers: Mapping[str, float],
    catalogue: Catalogue,
    declared: Goods,
    lines: Ints,
) -> None:
    factor = rng.uniform(numbers["low"], numbers["high"], size=len(lines))
    kept = rng.random(len(lines)) < numbers["freight_kept"]
    declared.value[lines] *= factor
    declared.insurance[lines] *= factor
    declared.freight[lines] *= np.where(kept, 1.0, factor)
    declared.freight[lines] = np.minimum(declared.freight[lines], 0.55 * declared.value[lines])


def _understate(
    rng: np.random.Generator,
    numbers: Mapping[str, float],
    catalogue: Catalogue,
    declared: Goods,
    lines: Ints,
) -> None:
    """Fewer pieces at nearly the true mass, or less net mass at the true pieces and gross mass."""
    factor = rng.uniform(numbers["low"], numbers["high"], size=len(lines))
    counted = ~catalogue.by_kilogram[declared.product[lines]]
    pieces = counted & (rng.random(len(lines)) < numbers["pieces"])
    pieces &= declared.quantity[lines] >= 4
    fewer = np.where(
        pieces, np.maximum(1, np.round(declared.quantity[lines] * factor)), declared.quantity[lines]
    )
    factor = np.where(pieces, fewer / declared.quantity[lines], factor)
    declared.value[lines] *= factor
    declared.insurance[lines] *= factor
    declared.freight[lines] = np.minimum(declared.freight[lines], 0.55 * declared.value[lines])
    declared.net[lines] *= np.where(pieces, factor**0.3, factor)
    declared.quantity[lines] = np.where(
        counted, fewer, np.round(declared.quantity[lines] * factor, 2)
    )


def _recode(
    rng: np.random.Generator,
    numbers: Mapping[str, float],
    declared: Goods,
    lines: Ints,
    sibling: Ints,
) -> None:
    """Another code; the words keep to the goods, follow the code, or say nothing."""
    uniform = rng.random(len(lines))
    true, vague = numbers["true_words"], numbers["vague_words"]
    declared.words[lines] = np.select(
        [uniform < true, uniform < true + vague], [declared.product[lines], -1], sibling
    )
    declared.product[lines] = sibling


def _claim_origin(
    rng: np.random.Generator,
    numbers: Mapping[str, float],
    parameters: Parameters,
    catalogue: Catalogue,
    consignments: Consignments,
    line_of: Ints,
    declared: Goods,
    lines: Ints,
    options: Alternatives,
) -> None:
    """A preferential origin; the consignment's departure stays, moves there, or goes by a hub."""
    declared.origin[lines] = options.origin[lines]
    declared.scheme[lines] = options.origin_scheme[lines]
    hubs = np.array([catalogue.origins.index(h) for h in parameters.hubs], dtype=np.int64)
    uniform = rng.random(len(lines))
    kept, moved = numbers["departure_kept"], numbers["departure_moved"]
    whole = line_of[lines]
    consignments.departure[whole] = np.select(
        [uniform < kept, uniform < kept + moved],
        [consignments.departure[whole], options.origin[lines]],
        hubs[rng.integers(len(hubs), size=len(lines))],
    )


def _drop_void_claims(law: Law, day: Ints, declared: Goods) -> None:
    """Nobody claims what the declared code and origin do not allow, or what saves nothing."""
    period = law.period(day)
    rates = law.preference[period, declared.product, declared.origin, declared.scheme]
    plain = law.duty[period, declared.product]
    declared.scheme[np.isnan(rates) | (rates >= plain)] = 0
