"""From declared amounts to the territory's currency: conversion, rounding, the customs value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from tradelane.duties.exchange import ExchangeRates
from tradelane.duties.explanation import Step
from tradelane.duties.model import ZERO, Charge
from tradelane.duties.parameters import Territory
from tradelane.kit.errors import Problem
from tradelane.trade.declaration import GoodsLine

MOST = Decimal(10) ** 15
"""Amounts and quantities from here on are taken for a mistake."""


@dataclass(slots=True)
class Work:
    """What has been worked out for a line so far."""

    line: GoodsLine
    on: dt.date
    steps: list[Step] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class Valuation:
    """Amounts in one territory's currency, with its rounding and exchange rates."""

    def __init__(self, territory: Territory, rates: ExchangeRates) -> None:
        self._territory, self._rates = territory, rates
        self.currency = territory.currency
        self.round = rounder(territory.step, territory.rounding.mode)
        self.round_value = rounder(territory.value_step, territory.rounding.mode)
        self.zero = self.round(ZERO)

    def convert(self, amount: Decimal, currency: str, wanted: str, on: dt.date) -> Decimal | None:
        """``amount`` in another currency by way of the territory's, None without a rate."""
        for given, divide in ((currency, False), (wanted, True)):
            if given == self._territory.currency:
                continue
            found = self._rates.find(given, on, self._territory.max_rate_age_days)
            if found is None:
                return None
            amount = amount / found[0] if divide else amount * found[0]
        return amount

    def customs_value(self, work: Work) -> Decimal | None:
        """The line's customs value; None, with the problem noted, where it cannot be had."""
        line, territory = work.line, self._territory
        value = line.customs_value
        freight, insurance = line.freight, line.insurance
        if not usable(line):
            work.problems.append(
                Problem(
                    "duties.value_unusable",
                    "The value, freight or insurance is negative, not a number or beyond 10^15.",
                    pointer="/customs_value",
                )
            )
            return None
        currency, basis = line.currency, territory.value_basis
        if basis == "CIF" and (freight is not None or insurance is not None):
            total = value + (freight or ZERO) + (insurance or ZERO)
            work.steps.append(_sum_step(total, line, basis))
        else:
            total = value
            work.steps.append(("value", f"{value:f}", currency))
        if basis == "CIF" and (freight is None or insurance is None):
            work.steps.append(_MISSING[(freight is None, insurance is None)])
        if currency == territory.currency:
            return self.round_value(total)
        found = self._rates.find(currency, work.on, territory.max_rate_age_days)
        if found is None:
            work.problems.append(
                Problem(
                    "duties.no_exchange_rate",
                    f"There is no exchange rate from {currency} to {territory.currency} for"
                    f" {work.on.isoformat()}.",
                    pointer="/currency",
                    hint="Give the day's rates with --rates.",
                )
            )
            return None
        rate, published = found
        worth = self.round_value(total * rate)
        work.steps.append(
            (
                "converted",
                f"{total:f}",
                currency,
                str(worth),
                territory.currency,
                f"{rate:f}",
                published.isoformat(),
            )
        )
        return worth


def usable(line: GoodsLine) -> bool:
    """Whether value, freight and insurance are amounts that can be reckoned with."""
    for amount in (line.customs_value, line.freight, line.insurance):
        if amount is not None and not (amount.is_finite() and ZERO <= amount < MOST):
            return False
    return True


def rounder(step: Decimal, mode: str) -> Callable[[Decimal], Decimal]:
    """A function that rounds to a multiple of ``step``.

    >>> rounder(Decimal("0.05"), "ROUND_HALF_UP")(Decimal("1.23"))
    Decimal('1.25')
    """
    # A step of 0.01 or 1 is what quantize does at once; 0.05 or 10 needs the long way.
    if step == Decimal(1).scaleb(step.adjusted()) and step <= 1:
        exponent = Decimal(1).scaleb(step.adjusted())
        return lambda amount: amount.quantize(exponent, mode)
    one = Decimal(1)
    return lambda amount: (amount / step).quantize(one, mode) * step


def _sum_step(total: Decimal, line: GoodsLine, basis: str) -> Step:
    start = (f"{total:f}", line.currency, f"{line.customs_value:f}")
    if line.insurance is None:
        return ("value_freight", *start, f"{line.freight:f}", basis)
    if line.freight is None:
        return ("value_insurance", *start, f"{line.insurance:f}", basis)
    return ("value_sum", *start, f"{line.freight:f}", f"{line.insurance:f}", basis)


_MISSING: dict[tuple[bool, bool], Step] = {
    (True, True): ("freight_missing", "freight and insurance are"),
    (True, False): ("freight_missing", "freight is"),
    (False, True): ("freight_missing", "insurance is"),
}
