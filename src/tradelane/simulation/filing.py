"""How the declared goods are written down: identifiers, trader's words, currencies, empty cells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradelane.simulation.catalogue import Catalogue
from tradelane.simulation.goods import Goods
from tradelane.simulation.model import MODES, SCHEMES, Parameters
from tradelane.simulation.output import COLUMNS, day_text, names, numbers, take
from tradelane.simulation.population import Importers, Sellers, declarant_count
from tradelane.simulation.tariff import Exchange, Floats, Ints, Law
from tradelane.simulation.traffic import PARCEL, Consignments, Routing
from tradelane.trade.money import minor_units

_PACKING = (
    "",
    "",
    "",
    " in cartons",
    " on pallets",
    " packed",
    " assorted",
    " new",
    " for retail sale",
    " bulk packed",
    " mixed sizes",
    " as per invoice",
    " brand new, not used",
    " grade A",
    " standard quality",
    " export packing",
)


@dataclass(frozen=True)
class Filing:
    """Everything that the columns of a declaration are written from."""

    parameters: Parameters
    catalogue: Catalogue
    exchange: Exchange
    law: Law
    importers: Importers
    sellers: Sellers
    consignments: Consignments
    routing: Routing
    line_of: Ints
    first: date
    days: int

    @property
    def day(self) -> Ints:
        """The day of each line."""
        return self.consignments.day[self.line_of]

    @property
    def currency(self) -> Ints:
        """The invoice currency of each line: its seller's."""
        return self.sellers.currency[self.consignments.seller[self.line_of]]


def declarations_frame(
    filing: Filing,
    declared: Goods,
    words: np.random.Generator,
    missing: np.random.Generator,
    naming: np.random.Generator,
) -> pl.DataFrame:
    """The declared lines with the columns of `output.COLUMNS`, all of them text but the line."""
    frame = pl.DataFrame(
        [
            series.alias(name)
            for name, series in {
                **_header(filing, naming),
                **_goods(filing, declared, words),
            }.items()
        ]
    )
    # An empty cell is nothing at all, not a quoted empty text.
    return _emptied(filing, frame, missing).select(
        pl.col(name).replace("", None) if name != "line" else pl.col(name) for name in COLUMNS
    )


def truth_frame(
    filing: Filing, keys: pl.DataFrame, true: Goods, scheme: Ints, lost: Floats
) -> pl.DataFrame:
    """What was true of every line: for evaluation only. The value is in the line's currency."""
    named = np.where(scheme < 0, len(SCHEMES), scheme)
    rate = filing.exchange.rate(filing.day, filing.currency)
    return keys.with_columns(
        pl.Series(
            ((scheme >= 0) & (scheme != SCHEMES.index("innocent_error"))).astype(np.int8)
        ).alias("fraud"),
        take([*SCHEMES, ""], named).replace("", None).alias("scheme"),
        take(filing.catalogue.codes, true.product).alias("true_hs_code"),
        take(filing.catalogue.origins, true.origin).alias("true_origin"),
        _money(filing, true.value / rate).alias("true_value"),
        numbers(true.quantity, 2).alias("true_quantity"),
        numbers(lost, 2).alias("revenue_lost"),
    )


def _header(filing: Filing, naming: np.random.Generator) -> dict[str, pl.Series]:
    """The columns that all lines of a declaration share."""
    c, line_of = filing.consignments, filing.line_of
    importers, sellers = filing.importers, filing.sellers
    importer = c.importer[line_of]
    declarants = declarant_count(importers)
    fleet = round(sum(filing.parameters.traffic["carriers"].values()))
    year = (filing.first.year + np.zeros(1)).astype(np.int64)
    years = np.array([(filing.first + timedelta(days=n)).year for n in range(filing.days)]) - year
    serial = np.arange(c.count)
    ids = pl.DataFrame({"y": years[c.day] + filing.first.year, "n": serial + 1}).select(
        pl.format("XM{}-{}", pl.col("y"), pl.col("n").cast(pl.String).str.zfill(7))
    )
    ids_by_line = ids.to_series().gather(line_of)
    starts = np.concatenate([[0], np.cumsum(filing.routing.lines)[:-1]])
    since = pl.Series(
        [(filing.first + timedelta(days=int(d))).isoformat() for d in importers.since]
    )
    return {
        "declaration_id": ids_by_line,
        "line": pl.Series((np.arange(len(line_of)) - starts[line_of] + 1).astype(np.int8)),
        "date": take(day_text(filing.first, filing.days), filing.day),
        "declarant": take(
            names("D", declarants, naming.permutation(declarants), 4), importers.declarant[importer]
        ),
        "importer": take(
            names("IM", importers.count, naming.permutation(importers.count)), importer
        ),
        "importer_since": take(since, importer),
        "seller": take(
            names("S", len(sellers.origin), naming.permutation(len(sellers.origin))),
            c.seller[line_of],
        ),
        "carrier": take(
            names("C", fleet, naming.permutation(fleet), 3), filing.routing.carrier[line_of]
        ),
        "office": take([o.code for o in filing.parameters.offices], filing.routing.office[line_of]),
        "departure": take(filing.catalogue.origins, c.departure[line_of]),
        "transport_mode": take(list(MODES.values()), c.mode[line_of]),
        "procedure": take(
            list(filing.parameters.traffic["procedures"]), filing.routing.procedure[line_of]
        ),
    }


def _goods(filing: Filing, declared: Goods, words: np.random.Generator) -> dict[str, pl.Series]:
    rate = filing.exchange.rate(filing.day, filing.currency)
    units = [p.unit for p in filing.parameters.products]
    schemes = ["", *filing.law.schemes]
    return {
        "hs_code": take(filing.catalogue.codes, declared.product),
        "description": _descriptions(filing, declared, words),
        "origin": take(filing.catalogue.origins, declared.origin),
        "currency": take(filing.exchange.currencies, filing.currency),
        "customs_value": _money(filing, declared.value / rate),
        "net_mass_kg": numbers(np.maximum(declared.net, 0.001), 3),
        "gross_mass_kg": numbers(np.maximum(declared.gross, 0.001), 3),
        "quantity": numbers(np.maximum(declared.quantity, 0.01), 2),
        "quantity_unit": take(units, declared.product),
        "freight": _money(filing, declared.freight / rate),
        "insurance": _money(filing, declared.insurance / rate),
        "preference": take(schemes, declared.scheme),
    }


def _money(filing: Filing, amount: Floats) -> pl.Series:
    """Amounts in the line's currency, rounded to its smallest unit and never to nothing."""
    digits = np.array([minor_units(c) for c in filing.exchange.currencies])[filing.currency]
    scale = 10.0**digits
    return numbers(np.maximum(np.round(amount * scale), 1) / scale, 3)


def _descriptions(filing: Filing, declared: Goods, rng: np.random.Generator) -> pl.Series:
    """Trader's words with packing and a lot number; some traders write in capitals."""
    n = declared.count
    products = filing.parameters.products
    texts = [word for p in products for word in p.words]
    counts = np.array([len(p.words) for p in products])
    first = np.cumsum(counts) - counts
    vague = len(texts)
    texts += [f"{filing.parameters.families[f]['title']}" for f in filing.catalogue.families]
    which = np.maximum(declared.words, 0)
    place = first[which] + (counts[which] * rng.random(n)).astype(np.int64)
    place = np.where(declared.words < 0, vague + filing.catalogue.family[declared.product], place)
    packing = take(_PACKING, rng.integers(len(_PACKING), size=n))
    lots = pl.Series(rng.integers(100, 99_999, size=n)).cast(pl.String)
    has_lot = pl.Series(rng.random(n) < 0.35)
    # Whether a declarant's software writes capitals does not change from line to line.
    declarant = filing.importers.declarant[filing.consignments.importer[filing.line_of]]
    loud = pl.Series((declarant * 2654435761 % 97) < 38)
    plain = pl.DataFrame({"text": take(texts, place), "packing": packing, "lot": lots})
    joined = plain.select(
        pl.col("text")
        + pl.col("packing")
        + pl.when(has_lot).then(pl.lit(" ref ") + pl.col("lot")).otherwise(pl.lit(""))
    ).to_series()
    return pl.select(pl.when(loud).then(joined.str.to_uppercase()).otherwise(joined)).to_series()


def _emptied(filing: Filing, frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """A few optional cells empty: per line, or for the whole declaration in header columns."""
    changes = []
    for name, share in filing.parameters.missing.items():
        header = name in ("seller", "carrier", "departure", "importer_since")
        size = filing.consignments.count if header else len(filing.line_of)
        empty: NDArray[np.bool_] = rng.random(size) < share
        if header:
            empty = empty[filing.line_of]
        changes.append(
            pl.when(pl.Series(empty)).then(pl.lit("")).otherwise(pl.col(name)).alias(name)
        )
        if name == "quantity":
            unit = pl.when(pl.Series(empty)).then(pl.lit("")).otherwise(pl.col("quantity_unit"))
            changes.append(unit.alias("quantity_unit"))
    # Consumers are not registered traders: their parcels carry no date of registration.
    consumer = pl.Series(_consumer_parcels(filing))
    frame = frame.with_columns(changes)
    return frame.with_columns(
        pl.when(consumer)
        .then(pl.lit(""))
        .otherwise(pl.col("importer_since"))
        .alias("importer_since")
    )


def _consumer_parcels(filing: Filing) -> NDArray[np.bool_]:
    """Four consumers in ten are not registered, and never are."""
    importer = filing.consignments.importer[filing.line_of]
    consumer = (importer >= filing.importers.commercial) & (
        importer < filing.importers.commercial + filing.importers.consumers
    )
    parcel = filing.consignments.mode[filing.line_of] == PARCEL
    found: NDArray[np.bool_] = consumer & parcel & (importer * 2654435761 % 10 < 4)
    return found
