"""What the territory's law would charge, near enough to say what a false declaration was worth.

An approximation on purpose, because capabilities do not import each other: the *ad valorem* part of
the tariff by longest prefix, preferences where the origin qualifies, the sales tax on value and
duty, and the low-value relief on the declaration's intrinsic value. Specific components, excise,
fees and the same-day aggregation of consignments are left out. `tradelane.duties` computes the
real amounts; these serve only as the truth that the planted frauds are measured against.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradelane.kit.dated import holds
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import Pack, Row, read_date

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Law:
    """Rates as fractions, by period between two changes of the tariff.

    duty: period x product; preference: period x product x origin x scheme (1-based, NaN where the
    scheme does not apply, [..., 0] is the duty without preference); tax: by period; relief: the
    highest intrinsic value in the territory's currency that is free of duty and of tax, by period;
    excluded: products without relief.
    """

    starts: Ints
    duty: Floats
    preference: Floats
    schemes: tuple[str, ...]
    tax: Floats
    relief_duty: Floats
    relief_tax: Floats
    excluded: NDArray[np.bool_]

    def period(self, day: Ints) -> Ints:
        """The period of each day (days are counted from the first simulated day)."""
        return np.searchsorted(self.starts, day, side="right") - 1

    def rate(self, day: Ints, product: Ints, origin: Ints, scheme: Ints) -> Floats:
        """The duty rate of each line; a preference that does not apply counts as none."""
        period = self.period(day)
        claimed = self.preference[period, product, origin, scheme]
        plain: Floats = self.duty[period, product]
        return np.where(np.isnan(claimed), plain, claimed)

    def revenue(
        self, day: Ints, product: Ints, value: Floats, rate: Floats, total: Floats
    ) -> Floats:
        """Duty and tax of each line; ``total`` is its declaration's intrinsic value (inf: none)."""
        period = self.period(day)
        relieved = ~self.excluded[product]
        duty = np.where(relieved & (total <= self.relief_duty[period]), 0.0, value * rate)
        tax = (value + duty) * self.tax[period]
        return duty + np.where(relieved & (total <= self.relief_tax[period]), 0.0, tax)


@dataclass(frozen=True)
class Exchange:
    """Rates in the territory's currency for one unit of each currency, by date of notice."""

    currencies: tuple[str, ...]
    starts: Ints
    rates: Floats

    def rate(self, day: Ints, currency: Ints) -> Floats:
        """The rate that holds on each day; days before the first notice take the first."""
        notice = np.maximum(np.searchsorted(self.starts, day, side="right") - 1, 0)
        found: Floats = self.rates[notice, currency]
        return found


def read_law(
    pack: Pack, codes: Sequence[str], origins: Sequence[str], first: date, days: int
) -> Law:
    """The law of the pack for those products and origins during the simulated days."""
    rows = list(pack.table("tariff.csv"))
    spans = [_Span(row) for row in rows]
    groups = {
        name: set(group.get("members", ()))
        for name, group in pack.about.get("origin_groups", {}).items()
    }
    schemes = tuple(sorted({row["scheme"] for row in rows if row["measure"] == "preference"}))
    taxes = _dated(pack, "taxes.yaml", "taxes")
    reliefs = _dated(pack, "relief.yaml", "relief")
    changes = {first}
    dated: list[_Span | _Item] = [*spans, *taxes, *reliefs]
    for item in dated:
        after = item.valid_to + timedelta(days=1) if item.valid_to else None
        changes |= {
            d for d in (item.valid_from, after) if d and first < d < first + timedelta(days)
        }
    starts = sorted(changes)
    shape = (len(starts), len(codes))
    duty = np.zeros(shape)
    preference = np.full((*shape, len(origins), len(schemes) + 1), np.nan)
    for n, on in enumerate(starts):
        held = [span.row for span in spans if holds(span, on)]
        duty[n] = _longest((r for r in held if r["measure"] == "duty"), codes)
        for o, origin in enumerate(origins):
            preference[n, :, o, 0] = duty[n]
            for s, scheme in enumerate(schemes, start=1):
                claims = (
                    r
                    for r in held
                    if r["measure"] == "preference"
                    and r["scheme"] == scheme
                    and (r["origin"] in ("", origin) or origin in groups.get(r["origin"], ()))
                )
                preference[n, :, o, s] = _longest(claims, codes, missing=np.nan)
    excluded = {str(c) for item in reliefs for c in item.data.get("excluded_hs", ())}
    return Law(
        starts=np.array([(d - first).days for d in starts], dtype=np.int64),
        duty=duty,
        preference=preference,
        schemes=schemes,
        tax=np.array(
            [sum(float(t.data["percent"]) for t in taxes if holds(t, d)) / 100 for d in starts]
        ),
        relief_duty=np.array([_threshold(reliefs, "duty", d) for d in starts]),
        relief_tax=np.array([_threshold(reliefs, "tax", d) for d in starts]),
        excluded=np.array([any(c.startswith(e) for e in excluded) for c in codes], dtype=np.bool_),
    )


def read_exchange(pack: Pack, wanted: Iterable[str], first: date) -> Exchange:
    """The pack's exchange rates for the wanted currencies and its own (rate 1)."""
    own = str(pack.about["currency"])
    currencies = tuple(sorted({own, *wanted}))
    table: dict[date, dict[str, float]] = {}
    for row in pack.table("exchange_rates.csv"):
        table.setdefault(date.fromisoformat(row["date"]), {})[row["currency"]] = float(row["rate"])
    notices = sorted(table)
    rates = np.empty((len(notices), len(currencies)))
    for n, notice in enumerate(notices):
        for c, currency in enumerate(currencies):
            rate = 1.0 if currency == own else table[notice].get(currency)
            if rate is None:
                raise InputRefused(
                    Problem(
                        "simulation.no_exchange_rate",
                        f"exchange_rates.csv has no rate of {currency} on {notice}.",
                        hint="Add it, or take the currency out of simulation.yaml.",
                    )
                )
            rates[n, c] = rate
    return Exchange(
        currencies, np.array([(d - first).days for d in notices], dtype=np.int64), rates
    )


class _Span:
    """A tariff row with its dates read."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.valid_from = read_date(row["valid_from"]) or date.min
        self.valid_to = read_date(row["valid_to"])


class _Item:
    """An entry of taxes.yaml or relief.yaml with its dates read."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.valid_from = read_date(data.get("valid_from")) or date.min
        self.valid_to = read_date(data.get("valid_to"))


def _dated(pack: Pack, name: str, key: str) -> list[_Item]:
    return [_Item(item) for item in pack.yaml(name).get(key, ())] if pack.has(name) else []


def _threshold(reliefs: Iterable[_Item], charge: str, on: date) -> float:
    held = [
        float(r.data["threshold"]) for r in reliefs if r.data["charge"] == charge and holds(r, on)
    ]
    return max(held, default=-1.0)


def _longest(rows: Iterable[Row], codes: Sequence[str], missing: float = 0.0) -> Floats:
    """For each code, the ad valorem rate of the rows with the longest prefix that matches it."""
    by_prefix: dict[str, list[Row]] = {}
    for row in rows:
        by_prefix.setdefault(row["code"], []).append(row)
    found = np.full(len(codes), missing)
    for n, code in enumerate(codes):
        for length in range(len(code), 1, -1):
            if code[:length] in by_prefix:
                found[n] = _ad_valorem(by_prefix[code[:length]])
                break
    return found


def _ad_valorem(rows: Iterable[Row]) -> float:
    """The percent part of a rate's components as a fraction; specific components count nothing."""
    total = 0.0
    for row in sorted(rows, key=lambda r: r["component"]):
        if not row["rate_percent"]:
            continue
        rate = float(row["rate_percent"]) / 100
        operator = row["operator"]
        if operator == "max":
            total = max(total, rate)
        elif operator == "min":
            total = min(total, rate)
        else:
            total += rate
    return total
