"""What a measure of the tariff comes to: ad valorem, specific and compound rates."""

from __future__ import annotations

from decimal import Decimal

from tradelane.duties.consignment import show
from tradelane.duties.explanation import Step
from tradelane.duties.model import ZERO, Component, Measure
from tradelane.duties.tariff import UNITS
from tradelane.duties.valuation import MOST, Valuation, Work
from tradelane.kit.errors import Problem
from tradelane.trade.declaration import GoodsLine

_HUNDRED = Decimal(100)


def amount_of(
    valuation: Valuation, work: Work, measure: Measure, base: Decimal
) -> tuple[Decimal, str] | None:
    """The rounded amount, and how its parts add up where it is not a plain percentage."""
    percent = measure.percent
    if percent is not None:
        return valuation.round(base * percent / _HUNDRED), ""
    total, told = ZERO, ""
    for component in measure.components:
        found = _component(valuation, work, component, base)
        if found is None:
            return None
        part, text = found
        if component.operator in ("min", "max"):
            total = (min if component.operator == "min" else max)(total, part)
            told = f"{component.operator}({told}, {text})"
        else:
            total += part
            told = f"{told} + {text}" if told else text
    return valuation.round(total), told


def _component(
    valuation: Valuation, work: Work, component: Component, base: Decimal
) -> tuple[Decimal, str] | None:
    if component.percent is not None:
        part = base * component.percent / _HUNDRED
        return part, f"{component.percent:f} % of {base} = {show(part)}"
    assert component.amount is not None
    quantity = quantity_in(work.line, component.unit)
    if quantity is None:
        work.problems.append(
            Problem(
                "duties.quantity_missing",
                f"The rate is per {component.unit}, and the line has no quantity in"
                f" {component.unit}.",
                pointer="/net_mass_kg" if component.unit == "KGM" else "/quantity",
                hint="Give the quantity in the unit of the tariff.",
            )
        )
        return None
    amount = valuation.convert(component.amount, component.currency, valuation.currency, work.on)
    if amount is None:
        work.problems.append(
            Problem(
                "duties.no_exchange_rate",
                f"The rate is in {component.currency}, and there is no exchange rate for"
                f" {work.on.isoformat()}.",
                hint="Give the day's rates with --rates.",
            )
        )
        return None
    part = amount * quantity
    return part, f"{show(amount)} x {show(quantity)} {component.unit} = {show(part)}"


def quantity_in(line: GoodsLine, unit: str) -> Decimal | None:
    """How much of the goods there is in the unit, None where the line does not say.

    >>> line = GoodsLine(1, "220421", "NZ", Decimal(9), "XMD", quantity=Decimal(2),
    ...                  quantity_unit="HLT", net_mass_kg=Decimal(210))
    >>> quantity_in(line, "LTR"), quantity_in(line, "TNE"), quantity_in(line, "NMB")
    (Decimal('200'), Decimal('0.21'), None)
    """
    kind, size = UNITS[unit]
    quantity: Decimal | None = None
    if line.quantity is not None and line.quantity_unit in UNITS:
        given_kind, given_size = UNITS[line.quantity_unit]
        if given_kind == kind:
            quantity = line.quantity * given_size / size
    if quantity is None and kind == "KGM" and line.net_mass_kg is not None:
        quantity = line.net_mass_kg / size
    usable = quantity is not None and quantity.is_finite() and ZERO <= quantity < MOST
    return quantity if usable else None


def step_of(
    measure: Measure, value: Decimal, gross: Decimal, parts: str, origin: str, pack: str
) -> Step:
    """The sentence about the amount, naming the pack."""
    code = measure.shown_code
    if measure.kind == "preference":
        about = (origin, code, pack)
        if parts:
            text = measure.text
            return ("preference_parts", measure.scheme, text, parts, str(gross), *about)
        percent = f"{measure.percent:f}"
        return ("preference", measure.scheme, percent, str(value), str(gross), *about)
    if parts:
        kind = f"{measure.kind}_parts"
        return (kind, measure.text, parts, str(gross), code, pack)
    return (measure.kind, measure.text, str(value), str(gross), code, pack)
