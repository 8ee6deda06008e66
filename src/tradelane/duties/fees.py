"""Flat fees: which are due on a consignment, which line carries them, and their tax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tradelane.duties.consignment import Consignment, show
from tradelane.duties.explanation import Step
from tradelane.duties.lookup import Day
from tradelane.duties.model import Charge, Fee, Tax
from tradelane.duties.relief import Decision, settle
from tradelane.duties.valuation import Valuation, Work
from tradelane.kit.errors import Problem

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class DueFees:
    """The fees of a consignment that are charged on one of its lines."""

    fees: tuple[Fee, ...]
    problems: tuple[Problem, ...]
    mass: Decimal | None


def due_fees(day: Day, consignment: Consignment) -> dict[int, DueFees]:
    """The fees due, by the number of the line that carries them."""
    lines = consignment.declaration.lines
    if not lines or not day.fees:
        return {}
    if day.plain_fees:
        return {lines[0].number: DueFees(day.fees, (), None)}
    due: dict[int, list[Fee]] = {}
    problems: list[Problem] = []
    for fee in day.fees:
        tail = (fee.source, fee.confidence)
        verdict = consignment.judge(fee.condition, "fee", fee.code, tail)
        if verdict.problem is not None:
            problems.append(verdict.problem)
        elif verdict.applies:
            carriers = {
                line.hs_code[: fee.item_digits] if fee.per == "item" else "": line.number
                for line in reversed(lines)
            }
            for number in carriers.values():
                due.setdefault(number, []).append(fee)
    if not due and not problems:
        return {}
    mass = consignment.gross_mass()
    first = lines[0].number
    return {
        number: DueFees(
            tuple(due.get(number, ())), tuple(problems) if number == first else (), mass
        )
        for number in {first, *due}
    }


def charge_fees(
    valuation: Valuation,
    work: Work,
    due: DueFees,
    taxes: Sequence[Tax],
    decision: Decision | None,
    pack: str,
) -> None:
    """Charge the fees that the line carries; ``pack`` names where they are from."""
    work.problems.extend(due.problems)
    currency = valuation.currency
    for fee in due.fees:
        amount = valuation.convert(fee.amount, fee.currency, currency, work.on)
        if amount is None or (fee.per == "kg" and due.mass is None):
            what = "exchange rate" if amount is None else "mass"
            message = f"Fee {fee.code} is not assessed: there is no {what}."
            work.problems.append(Problem("duties.fee_not_assessed", message))
            continue
        if fee.per == "kg":
            assert due.mass is not None
            gross = valuation.round(amount * due.mass)
            told: Step = ("fee_mass", fee.code, show(amount), show(due.mass), str(gross))
            work.steps.append((*told, currency, pack))
        else:
            gross = valuation.round(amount)
            work.steps.append(("fee", fee.code, str(gross), currency, pack))
        rate = f"{fee.amount:f} {fee.currency} per {fee.per}"
        paid = settle(valuation, work, "fee", fee.code, amount, rate, gross, decision)
        for tax in taxes:
            if tax.code == fee.taxed_by:
                _tax_fee(valuation, work, fee, paid, tax, pack)


def _tax_fee(
    valuation: Valuation, work: Work, fee: Fee, paid: Decimal, tax: Tax, pack: str
) -> None:
    percent = f"{tax.percent:f}"
    amount = valuation.round(paid * tax.percent / _HUNDRED)
    work.steps.append(("fee_tax", tax.code, percent, fee.code, str(paid), str(amount), pack))
    work.charges.append(Charge("tax", tax.code, paid, f"{percent} %", amount, valuation.zero))
