"""What duties are made of: rates, taxes, relief parameters, and the assessment of one goods line.

Percentages are percent (12 is twelve percent), amounts are Decimal, economies ISO 3166-1 alpha-2,
currencies ISO 4217, units UN/ECE Recommendation 20. Dates are inclusive at both ends.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from tradelane.duties.explanation import Step, explain, sentence
from tradelane.kit.errors import Problem
from tradelane.trade.hscode import show_code

CHARGES = ("duty", "excise", "tax", "fee")
"""The kinds of charge: customs duty, excise-like, VAT/GST-like, and fees for handling."""

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a rate: ``percent`` of the base, or ``amount`` (``currency``) per ``unit``.

    ``operator`` joins it to what is before it: "+" adds, "min" takes the lower, "max" the higher.
    """

    operator: str
    percent: Decimal | None
    amount: Decimal | None = None
    currency: str = ""
    unit: str = ""

    @property
    def text(self) -> str:
        """
        >>> Component("+", None, Decimal("0.80"), "XMD", "KGM").text
        '+ 0.80 XMD/KGM'
        """
        rate = (
            f"{self.percent:f} %"
            if self.percent is not None
            else f"{self.amount:f} {self.currency}/{self.unit}"
        )
        return f"{self.operator} {rate}".strip()


@dataclass(frozen=True, slots=True)
class Measure:
    """A dated rate of a tariff for every code that starts with ``code``."""

    code: str
    kind: str
    scheme: str
    origin: str
    components: tuple[Component, ...]
    valid_from: dt.date
    valid_to: dt.date | None
    source: str

    text: str = field(init=False, compare=False)
    """The rate as people write it: ``12 % + 0.80 XMD/KGM``."""
    shown_code: str = field(init=False, compare=False)
    percent: Decimal | None = field(init=False, compare=False)
    """The rate where it is purely ad valorem, else None."""

    def __post_init__(self) -> None:
        # Asked for on every line, so worked out once.
        only = self.components[0].percent if len(self.components) == 1 else None
        object.__setattr__(self, "percent", only)
        object.__setattr__(self, "text", " ".join(part.text for part in self.components))
        object.__setattr__(self, "shown_code", show_code(self.code))


@dataclass(frozen=True, slots=True)
class Condition:
    """When a relief or a fee is for a consignment; empty parts do not matter."""

    threshold: Decimal | None = None
    inclusive: bool = True
    above: Decimal | None = None
    """Only consignments worth more than this (for bands)."""
    currency: str = ""
    basis: str = "intrinsic"
    """FOB and intrinsic: the goods alone; CIF: with freight and insurance."""
    modes: frozenset[str] = frozenset()
    shipped_from: frozenset[str] = frozenset()
    not_shipped_from: frozenset[str] = frozenset()
    origin: frozenset[str] = frozenset()
    not_origin: frozenset[str] = frozenset()
    excluded_hs: tuple[str, ...] = ()
    check_hs: tuple[str, ...] = ()
    """Prefixes among which some goods are excluded, the pack does not know which."""
    facts: tuple[tuple[str, str], ...] = ()
    """Facts that the declaration's ``extra`` must state."""
    max_mass_kg: Decimal | None = None

    @property
    def comparator(self) -> str:
        """``<=`` or ``<``."""
        return "<=" if self.inclusive else "<"


@dataclass(frozen=True, slots=True)
class Frequency:
    """At most ``cap`` consignments of an importer in a ``window`` (day, month, half_year, year)."""

    cap: int
    window: str
    only_if: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ReliefRule:
    """A dated low-value parameter of a territory.

    status: in_force, none (it is known that there is no relief), not_found, conflict, unverified.
    effect: free (the charge is not levied), flat (``percent`` instead), vendor (the seller collects
    it). over: cliff (above the threshold the whole is charged) or slice (only the part above).
    """

    code: str
    charge: str
    status: str
    effect: str
    percent: Decimal | None
    replaces: tuple[str, ...]
    over: str
    condition: Condition
    frequency: Frequency | None
    aggregation: str
    note: str
    valid_from: dt.date
    valid_to: dt.date | None
    valid_from_basis: str
    source: str
    confidence: str
    checked_on: dt.date | None


@dataclass(frozen=True, slots=True)
class Tax:
    """A VAT/GST-like tax: ``percent`` of the sum of the named ``base`` parts."""

    code: str
    title: str
    percent: Decimal
    base: tuple[str, ...]
    valid_from: dt.date
    valid_to: dt.date | None
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Fee:
    """A flat fee per consignment, per kg (gross, else net mass) or per item (distinct heading)."""

    code: str
    title: str
    per: str
    amount: Decimal
    currency: str
    item_digits: int
    taxed_by: str
    condition: Condition
    valid_from: dt.date
    valid_to: dt.date | None
    source: str
    confidence: str


class Window(NamedTuple):
    """The days, both included, in which an importer's earlier consignments are counted."""

    name: str
    first: dt.date
    last: dt.date


def window_of(name: str, on: dt.date) -> Window:
    """The window of that name that holds the day.

    >>> window_of("half_year", dt.date(2026, 8, 2))[1:]
    (datetime.date(2026, 7, 1), datetime.date(2026, 12, 31))
    """
    if name == "day":
        return Window(name, on, on)
    first_month, months = {
        "month": (on.month, 1),
        "half_year": (1 if on.month < 7 else 7, 6),
        "year": (1, 12),
    }[name]
    first = on.replace(month=first_month, day=1)
    after = first_month + months
    last = dt.date(on.year + after // 13, (after - 1) % 12 + 1, 1) - dt.timedelta(1)
    return Window(name, first, last)


class Charge(NamedTuple):
    """An amount to pay in the territory's currency, after ``relieved`` was taken off."""

    kind: str
    code: str
    base: Decimal
    rate: str
    amount: Decimal
    relieved: Decimal


class ReliefFinding(NamedTuple):
    """What became of low-value relief for one kind of charge.

    status: granted, part, flat, vendor, refused, none (recorded that there is none), not_found, or
    needs_person.
    """

    charge: str
    status: str
    code: str
    step: Step


class LineAssessment(NamedTuple):
    """Everything that is due on one goods line, and how it came about.

    ``customs_value`` is None where it could not be had (no exchange rate). Where ``needs_person``
    is not empty the sums hold only what could be assessed, see `complete`.
    """

    number: int
    currency: str
    customs_value: Decimal | None
    charges: tuple[Charge, ...]
    duty: Decimal
    tax: Decimal
    other: Decimal
    total: Decimal
    reliefs: tuple[ReliefFinding, ...]
    steps: tuple[Step, ...]
    needs_person: tuple[Problem, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is left for a person to settle."""
        return not self.needs_person

    @property
    def effective_rate(self) -> Decimal | None:
        """Everything due as percent of the customs value, two decimals; None without a value."""
        if not self.customs_value:
            return None
        return (self.total * 100 / self.customs_value).quantize(Decimal("0.01"))

    @property
    def relief_status(self) -> str:
        """The strongest finding of all charges: needs_person, granted, flat, part, vendor, ..."""
        found = {finding.status for finding in self.reliefs}
        return next((status for status in _STRENGTH if status in found), "none")

    @property
    def relief_reason(self) -> str:
        """The sentences of the findings that have the strongest status."""
        status = self.relief_status
        steps = dict.fromkeys(f.step for f in self.reliefs if f.status == status)
        return " ".join(sentence(step) for step in steps)

    @property
    def trace(self) -> list[str]:
        """The computation in sentences, in order; the same that `explain` gives for `content`."""
        return explain(self.content())

    def content(self) -> dict[str, Any]:
        """Plain JSON values without floats, for the ledger; `explain` turns it into sentences."""
        data: dict[str, Any] = {
            "number": self.number,
            "currency": self.currency,
            "customs_value": None if self.customs_value is None else str(self.customs_value),
            "charges": [
                {
                    "kind": kind,
                    "code": code,
                    "base": str(base),
                    "rate": rate,
                    "amount": str(amount),
                    "relieved": str(relieved),
                }
                for kind, code, base, rate, amount, relieved in self.charges
            ],
            "duty": str(self.duty),
            "tax": str(self.tax),
            "other": str(self.other),
            "total": str(self.total),
            "relief": [[charge, status, code] for charge, status, code, _ in self.reliefs],
            "steps": [list(step) for step in self.steps],
        }
        if self.needs_person:
            data["needs_person"] = [problem.to_dict() for problem in self.needs_person]
        return data


_STRENGTH = ("needs_person", "granted", "flat", "part", "vendor", "refused", "not_found", "none")
