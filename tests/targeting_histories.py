"""A small made-up history with two planted schemes, for the tests of targeting."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl

from tradelane.trade.table import LINE_SCHEMA, OUTCOME_SCHEMA

SCHEMA: dict[str, pl.DataType] = {**LINE_SCHEMA, "duty_rate": pl.Float64(), **OUTCOME_SCHEMA}
FIRST = dt.date(2025, 1, 1)


def line(**given: Any) -> dict[str, Any]:
    """One plain goods line as a row; any column can be given."""
    row: dict[str, Any] = dict.fromkeys(SCHEMA)
    row |= {name: "" for name, kind in SCHEMA.items() if kind == pl.String}
    row |= {
        "subject": "D/R/1",
        "number": 1,
        "date": dt.date(2025, 6, 15),
        "declarant": "D1",
        "importer": "I1",
        "seller": "S1",
        "office": "O1",
        "departure": "CN",
        "origin": "CN",
        "hs_code": "847130",
        "currency": "USD",
        "customs_value": 1000.0,
        "net_mass_kg": 100.0,
        "quantity": 50.0,
        "quantity_unit": "NMB",
        "duty_rate": 12.0,
        "inspected": False,
    }
    return row | given


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    """Rows as a history with every column."""
    return pl.DataFrame(list(rows), schema=SCHEMA, orient="row")


def made_up(lines: int = 4000, seed: int = 0, *, inspected: float = 0.6) -> pl.DataFrame:
    """Lines over a year: a tenth of the importers undervalue, one seller's pieces weigh too much.

    About one line in eight is wrong; ``inspected`` of them have an outcome ten days later.
    """
    random = np.random.default_rng(seed)
    day = np.sort(random.integers(0, 365, lines))
    code = random.integers(0, 12, lines)
    importer = random.integers(0, 60, lines)
    seller = random.integers(0, 40, lines)
    mass = np.exp(random.normal(4.0, 1.0, lines))
    unit_mass = 0.5 + code * 0.3
    value = mass * (5.0 + 10.0 * code) * np.exp(random.normal(0.0, 0.25, lines))
    low = (importer % 10 == 0) & (random.random(lines) < 0.8)
    heavy = (seller == 7) & (random.random(lines) < 0.8)
    innocent = random.random(lines) < 0.03
    value = np.where(low, value * random.uniform(0.2, 0.5, lines), value)
    quantity = np.maximum(mass / unit_mass * np.exp(random.normal(0, 0.1, lines)), 1.0)
    quantity = np.where(heavy, quantity * 0.4, quantity)
    wrong = low | heavy | innocent
    seen = random.random(lines) < inspected
    rows = [
        line(
            subject=f"D{importer[i] % 7}/R{i}/1",
            reference=f"R{i}",
            date=FIRST + dt.timedelta(days=int(day[i])),
            declarant=f"D{importer[i] % 7}",
            importer=f"I{importer[i]}",
            seller=f"S{seller[i]}",
            carrier=f"C{seller[i] % 5}",
            office=f"O{importer[i] % 3}",
            transport_mode="1",
            procedure="4000",
            hs_code=f"84{code[i] % 4:02d}{code[i]:02d}",
            origin=("CN", "VN", "JP")[int(seller[i]) % 3],
            departure=("CN", "VN", "JP")[int(seller[i]) % 3],
            customs_value=round(float(value[i]), 2),
            net_mass_kg=round(float(mass[i]), 3),
            gross_mass_kg=round(float(mass[i]) * 1.1, 3),
            quantity=round(float(quantity[i]), 1),
            freight=round(float(mass[i]) * 0.2, 2) if i % 3 else None,
            importer_since=dt.date(2020, 1, 1 + int(importer[i]) % 28),
            duty_rate=5.0 + float(code[i]),
            inspected=bool(seen[i]),
            fraud=bool(wrong[i]) if seen[i] else None,
            revenue_recovered=(round(float(value[i]) * 0.3, 2) if seen[i] and wrong[i] else None),
            recorded_at=(
                dt.datetime.combine(FIRST + dt.timedelta(days=int(day[i]) + 10), dt.time(9), dt.UTC)
                if seen[i]
                else None
            ),
        )
        for i in range(lines)
    ]
    return table(*rows)
