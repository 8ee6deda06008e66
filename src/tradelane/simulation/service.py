"""Makes up the declarations of a territory, with everything that is true about them on the side.

Each purpose has a random stream of its own, so that a change in one place does not reshuffle the
rest. The same seed and arguments give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import Pack
from tradelane.kit.progress import Progress, silent
from tradelane.simulation import output, schemes, selection, splitting, traffic
from tradelane.simulation.catalogue import Catalogue, build_catalogue
from tradelane.simulation.filing import Filing, declarations_frame, truth_frame
from tradelane.simulation.goods import Goods, build_goods, build_prices
from tradelane.simulation.manifest import manifest_of
from tradelane.simulation.model import Parameters, read_parameters
from tradelane.simulation.population import (
    Importers,
    Sellers,
    build_importers,
    build_sellers,
)
from tradelane.simulation.tariff import Exchange, Floats, Ints, Law, read_exchange, read_law

_STREAMS = (
    "sellers",
    "importers",
    "commercial",
    "parcels",
    "splitting",
    "honest",
    "order",
    "routing",
    "prices",
    "goods",
    "alternatives",
    "fraud",
    "declaring",
    "selection",
    "inspection",
    "words",
    "missing",
    "names",
)
MOST_DECLARATIONS = 5_000_000


@dataclass(frozen=True)
class _World:
    """What everything else is drawn from."""

    parameters: Parameters
    catalogue: Catalogue
    law: Law
    exchange: Exchange
    sellers: Sellers
    importers: Importers
    first: date
    days: int


def simulate(
    seed: int,
    declarations: int,
    days: int,
    pack: Pack,
    out_dir: Path,
    *,
    hold_out_days: int = 7,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Write a simulated administration's files into ``out_dir`` and return its manifest.

    ``declarations`` counts declarations (most have one line, some up to four) over the ``days``
    that end with the pack's ``last_day``. Files: ``declarations.csv`` (as filed), ``truth.csv``
    and ``inspections.csv`` (one row a line), ``history.csv`` (older than the last
    ``hold_out_days``, with the outcomes known when it ends), ``week.csv`` (the rest, as filed) and
    ``manifest.json``. Values are in each line's currency; revenue is in the territory's.

    Errors: InputRefused with ``simulation.arguments`` or a problem of the pack's parameters.
    """
    _check(seed, declarations, days, hold_out_days)
    streams = dict(
        zip(
            _STREAMS,
            (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(len(_STREAMS))),
            strict=True,
        )
    )
    progress("population", 0, 1)
    world = _world(streams, pack, declarations, days)
    tables, scheme, found = _tables(streams, world, declarations, progress)
    arguments = {
        "seed": seed,
        "declarations": declarations,
        "days": days,
        "hold_out_days": hold_out_days,
    }
    return output.write(
        out_dir,
        tables,
        days=days,
        hold_out_days=hold_out_days,
        manifest=manifest_of(arguments, pack, world.parameters, scheme, found),
        progress=progress,
    )


def _tables(
    streams: dict[str, np.random.Generator], world: _World, declarations: int, progress: Progress
) -> tuple[output.Tables, Ints, selection.Inspections]:
    """What is written, with each line's scheme and what the legacy selection found."""
    consignments = _consignments(streams, world, declarations)
    routing = traffic.route(streams["routing"], world.parameters, world.importers, consignments)
    line_of = np.repeat(np.arange(consignments.count), routing.lines)
    progress("goods", 0, len(line_of))
    true = _goods(streams, world, consignments, line_of)
    day = consignments.day[line_of]
    progress("schemes", 0, len(line_of))
    declared, scheme, lost = _declare(streams, world, consignments, line_of, true)
    found = _inspected(streams, world, consignments, line_of, declared, scheme, lost)
    progress("describing", 0, len(line_of))
    filing = Filing(
        parameters=world.parameters,
        catalogue=world.catalogue,
        exchange=world.exchange,
        law=world.law,
        importers=world.importers,
        sellers=world.sellers,
        consignments=consignments,
        routing=routing,
        line_of=line_of,
        first=world.first,
        days=world.days,
    )
    filed = declarations_frame(
        filing, declared, streams["words"], streams["missing"], streams["names"]
    )
    keys = filed.select("declaration_id", "line")
    tables = output.Tables(
        declarations=filed,
        truth=truth_frame(filing, keys, true, scheme, lost),
        inspections=output.inspections_frame(
            keys, found, output.numbers(found.recovered, 2), world.first
        ),
        recorded=found.recorded,
        day=day,
    )
    return tables, scheme, found


def _inspected(
    streams: dict[str, np.random.Generator],
    world: _World,
    consignments: traffic.Consignments,
    line_of: Ints,
    declared: Goods,
    scheme: Ints,
    lost: Floats,
) -> selection.Inspections:
    """What the legacy selection chose from the declared facts, and what it found."""
    day = consignments.day[line_of]
    fraud = (scheme >= 0) & (scheme != schemes.ERROR)
    rate = world.law.rate(day, declared.product, declared.origin, declared.scheme)
    chance = selection.chances(
        world.parameters,
        world.catalogue,
        world.importers,
        consignments.importer[line_of],
        day,
        declared,
        rate,
    )
    return selection.inspect(
        streams["inspection"],
        world.parameters,
        chance,
        day,
        consignments.importer[line_of],
        fraud,
        lost,
    )


def _check(seed: int, declarations: int, days: int, hold_out_days: int) -> None:
    wrong = (
        (seed < 0, "The seed must not be negative.", "Use --seed 1."),
        (
            not 200 <= declarations <= MOST_DECLARATIONS,
            f"{declarations} declarations is outside 200 to {MOST_DECLARATIONS}.",
            "Use --declarations 50000.",
        ),
        (not 30 <= days <= 3650, f"{days} days is outside 30 to 3650.", "Use --days 540."),
        (
            not 1 <= hold_out_days <= days // 2,
            f"{hold_out_days} held-out days do not fit into {days} days.",
            "Hold out 7 days.",
        ),
    )
    problems = [
        Problem("simulation.arguments", message, hint=hint) for bad, message, hint in wrong if bad
    ]
    if problems:
        raise InputRefused(problems)


def _world(
    streams: dict[str, np.random.Generator], pack: Pack, declarations: int, days: int
) -> _World:
    parameters = read_parameters(pack)
    catalogue = build_catalogue(parameters)
    first = parameters.last_day - timedelta(days=days - 1)
    law = read_law(pack, catalogue.codes, catalogue.origins, first, days)
    wanted = {c for economy in parameters.economies.values() for c in economy["currencies"]}
    exchange = read_exchange(pack, wanted, first)
    sellers = build_sellers(
        streams["sellers"], parameters, catalogue, exchange.currencies, declarations
    )
    importers = build_importers(
        streams["importers"],
        parameters,
        catalogue,
        sellers,
        declarations,
        days,
        splitting.split_count(parameters, declarations),
    )
    return _World(parameters, catalogue, law, exchange, sellers, importers, first, days)


def _consignments(
    streams: dict[str, np.random.Generator], world: _World, declarations: int
) -> traffic.Consignments:
    parameters, catalogue = world.parameters, world.catalogue
    importers, sellers = world.importers, world.sellers
    weights = traffic.day_weights(parameters, world.first, world.days)
    split = splitting.split_count(parameters, declarations)
    late = parameters.schemes["split_consignments"].numbers
    honest = round(split * late["honest"])
    parcels = round(declarations * parameters.traders["parcel_share"])
    parts = splitting.split_consignments(
        streams["splitting"],
        parameters,
        catalogue,
        importers,
        sellers,
        world.law,
        world.days,
        split,
    )
    theirs, ordinary = (
        splitting.honest_mix(
            streams[stream],
            traffic.parcels(
                streams[stream],
                parameters,
                catalogue,
                importers,
                sellers,
                weights,
                world.law,
                count,
                splitters=splitters,
            ),
            parts,
            share,
        )
        for stream, count, splitters, share in (
            ("honest", honest, True, 0.5),
            ("parcels", parcels, False, late["market"]),
        )
    )
    large = traffic.commercial(
        streams["commercial"],
        parameters,
        catalogue,
        importers,
        sellers,
        weights,
        world.first,
        declarations - split - honest - parcels,
    )
    return traffic.merge([large, ordinary, theirs, parts], streams["order"])


def _goods(
    streams: dict[str, np.random.Generator],
    world: _World,
    consignments: traffic.Consignments,
    line_of: Ints,
) -> Goods:
    prices = build_prices(streams["prices"], world.parameters, world.catalogue, world.days)
    return build_goods(
        streams["goods"],
        world.parameters,
        world.catalogue,
        world.importers,
        world.sellers,
        consignments,
        prices,
        world.law,
        line_of,
    )


def _declare(
    streams: dict[str, np.random.Generator],
    world: _World,
    consignments: traffic.Consignments,
    line_of: Ints,
    true: Goods,
) -> tuple[Goods, Ints, Floats]:
    """The declared goods, each line's scheme, and the revenue that would be lost."""
    day = consignments.day[line_of]
    totals = _totals(true, line_of, consignments.group[line_of] >= 0)
    due = _due(world.law, day, true, totals)
    relieved = totals <= world.law.relief_duty[world.law.period(day)]
    options = schemes.alternatives(streams["alternatives"], world.catalogue, world.law, day, true)
    scheme = schemes.choose(
        streams["fraud"],
        world.parameters,
        world.catalogue,
        world.importers,
        world.sellers,
        consignments,
        line_of,
        true,
        world.law,
        options,
        due > 0,
        ~relieved | world.law.excluded[true.product],
    )
    declared, scheme = schemes.declare(
        streams["declaring"],
        world.parameters,
        world.catalogue,
        consignments,
        line_of,
        true,
        scheme,
        world.law,
        options,
    )
    nowhere = np.zeros(len(line_of), dtype=np.bool_)
    paid = _due(world.law, day, declared, _totals(declared, line_of, nowhere))
    return declared, scheme, np.where(scheme >= 0, due - paid, 0.0)


def _totals(goods: Goods, line_of: Ints, part_of_more: NDArray[np.bool_]) -> Floats:
    """The intrinsic value of each line's declaration; infinite for a part of a bigger whole."""
    intrinsic = goods.value - goods.freight - goods.insurance
    totals = np.bincount(line_of, weights=intrinsic)[line_of]
    return np.where(part_of_more, np.inf, totals)


def _due(law: Law, day: Ints, goods: Goods, totals: Floats) -> Floats:
    rate = law.rate(day, goods.product, goods.origin, goods.scheme)
    return law.revenue(day, goods.product, goods.value, rate, totals)
