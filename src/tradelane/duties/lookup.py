"""What holds on a day, and what the tariff says of goods; looked up once for many lines."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from tradelane.duties.explanation import Step
from tradelane.duties.model import CHARGES, Condition, Fee, Measure, ReliefRule, Tax
from tradelane.duties.parameters import DefaultDuty, Territory, Unassessed
from tradelane.kit.dated import find_on, holds
from tradelane.kit.errors import Problem
from tradelane.trade.hscode import show_code


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The highest threshold of a day whose rules all measure worth in the same way."""

    currency: str
    basis: str
    highest: Decimal
    limits: str
    source: str
    confidence: str
    codes: tuple[tuple[str, str], ...]
    """Each kind of charge with the code of its first rule."""


@dataclass(frozen=True)
class Day:
    """The parameters that hold on one day."""

    on: dt.date
    epoch: int
    taxes: tuple[Tax, ...]
    no_tax: Unassessed | None
    fees: tuple[Fee, ...]
    default_duty: DefaultDuty | None
    unassessed: tuple[Unassessed, ...]
    relief: dict[str, tuple[ReliefRule, ...]]
    """By kind of charge; duty and tax always, the others where the pack has a rule."""
    relief_unrecorded: Problem | None
    ceiling: Ceiling | None
    plain_fees: bool
    """Whether every fee is due once on every consignment, without conditions."""


def read_day(territory: Territory, on: dt.date) -> Day:
    """What holds on the day."""
    rules = tuple(rule for rule in territory.relief if holds(rule, on))
    ever = {rule.charge for rule in territory.relief} | {"duty", "tax"}
    unrecorded = None
    if on < territory.relief_recorded_from:
        unrecorded = Problem(
            "duties.relief_not_recorded",
            f"Pack {territory.pack.id} records low-value relief from"
            f" {territory.relief_recorded_from.isoformat()}, not for {on.isoformat()}.",
            pointer="/date",
            hint="Look up what held on that day.",
        )
    relief: dict[str, tuple[ReliefRule, ...]] = {
        charge: tuple(rule for rule in rules if rule.charge == charge)
        for charge in CHARGES
        if charge in ever
    }
    fees = tuple(fee for fee in territory.fees if holds(fee, on))
    return Day(
        on=on,
        epoch=territory.tariff.epoch(on) if territory.tariff is not None else 0,
        taxes=tuple(tax for tax in territory.taxes if holds(tax, on)),
        no_tax=find_on(territory.no_tax, on),
        fees=fees,
        default_duty=find_on(territory.default_duty, on),
        unassessed=tuple(item for item in territory.unassessed if holds(item, on)),
        relief=relief,
        relief_unrecorded=unrecorded,
        ceiling=None if unrecorded is not None else _ceiling(relief),
        plain_fees=all(fee.per == "consignment" and fee.condition == _ALWAYS for fee in fees),
    )


def _ceiling(relief: dict[str, tuple[ReliefRule, ...]]) -> Ceiling | None:
    rules = [rule for of_charge in relief.values() for rule in of_charge]
    measured = {(rule.condition.currency, rule.condition.basis) for rule in rules}
    known = [r.condition.threshold for r in rules if r.condition.threshold is not None]
    # A charge without rules, a rule without threshold or a slice needs the long way.
    if not all(relief.values()) or len(measured) != 1 or len(known) != len(rules):
        return None
    if any(rule.over == "slice" for rule in rules):
        return None
    currency, basis = measured.pop()
    return Ceiling(
        currency,
        basis,
        max(known),
        ", ".join(f"{r.code} {r.condition.comparator} {r.condition.threshold}" for r in rules),
        "; ".join(dict.fromkeys(rule.source for rule in rules)),
        "; ".join(dict.fromkeys(rule.confidence for rule in rules)),
        tuple((charge, of_charge[0].code) for charge, of_charge in relief.items()),
    )


_ALWAYS = Condition()


@dataclass(frozen=True, slots=True)
class Plan:
    """The tariff's answer for a code, origin and claimed preference."""

    duty: Measure | None
    preference: Measure | None
    excise: Measure | None
    note: Step
    """Why a claimed preference is not given, or empty."""


def plan_rates(territory: Territory, code: str, origin: str, preference: str, on: dt.date) -> Plan:
    """Look the goods up in the territory's tariff."""
    tariff = territory.tariff
    if tariff is None:
        note: Step = ("preference_unchecked", preference, territory.pack.id) if preference else ()
        return Plan(None, None, None, note)
    duty = tariff.find("duty", "", code, origin, on)
    excise = tariff.find("excise", "", code, origin, on)
    if not preference:
        return Plan(duty, None, excise, ())
    members = territory.schemes.get(preference)
    if members is None:
        return Plan(duty, None, excise, ("preference_unknown", preference, territory.name))
    if origin not in members:
        return Plan(duty, None, excise, ("preference_origin", preference, origin))
    found = tariff.find("preference", preference, code, origin, on)
    if found is None:
        note = ("preference_goods", preference, show_code(code), origin)
        return Plan(duty, None, excise, note)
    return Plan(duty, found, excise, ())
