"""Amounts: decimals with a currency (ISO 4217), rounded only where someone says how."""

from __future__ import annotations

import decimal
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

_MINOR_UNITS = {
    # ISO 4217 minor units that are not two, for currencies in use around the Pacific and in tests.
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "VUV", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


class Rounding(StrEnum):
    """How an amount that falls between two is rounded; a parameter of each territory."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"
    UP = "up"

    @property
    def mode(self) -> str:
        """The decimal module's name of it."""
        return _MODES[self]


_MODES = {
    Rounding.HALF_UP: decimal.ROUND_HALF_UP,
    Rounding.HALF_EVEN: decimal.ROUND_HALF_EVEN,
    Rounding.DOWN: decimal.ROUND_DOWN,
    Rounding.UP: decimal.ROUND_UP,
}


def minor_units(currency: str) -> int:
    """How many decimals the currency has (ISO 4217): 0 for KRW, 2 for USD, 3 for KWD.

    >>> [minor_units(c) for c in ("KRW", "USD", "KWD")]
    [0, 2, 3]
    """
    return _MINOR_UNITS.get(currency, 2)


def round_amount(
    amount: Decimal, currency: str, rounding: Rounding, step: Decimal | None = None
) -> Decimal:
    """``amount`` rounded to the currency's smallest unit, or to a multiple of ``step``.

    >>> round_amount(Decimal("10.005"), "USD", Rounding.HALF_UP)
    Decimal('10.01')
    >>> round_amount(Decimal("1234"), "KRW", Rounding.DOWN, Decimal(10))
    Decimal('1230')
    """
    if step is not None:
        return (amount / step).quantize(Decimal(1), rounding=rounding.mode) * step
    return amount.quantize(_QUANTA[minor_units(currency)], rounding=rounding.mode)


_QUANTA = {n: Decimal(1).scaleb(-n) for n in range(4)}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency. WCO: any amount with its CurrencyID attribute."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"
