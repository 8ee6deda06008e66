"""The charges of one goods line: duty, excise, tax and fees, step by step."""

from __future__ import annotations

from decimal import Decimal

from tradelane.duties.exchange import ExchangeRates
from tradelane.duties.fees import DueFees, charge_fees
from tradelane.duties.lookup import Day, Plan
from tradelane.duties.model import ZERO, Charge, LineAssessment, Tax
from tradelane.duties.parameters import Territory
from tradelane.duties.rates import amount_of, step_of
from tradelane.duties.relief import Decision, LineRelief, settle
from tradelane.duties.valuation import Valuation, Work
from tradelane.kit.errors import Problem
from tradelane.trade.declaration import GoodsLine

_HUNDRED = Decimal(100)


class Assessor:
    """Computes lines of one territory, with its rounding and exchange rates."""

    def __init__(self, territory: Territory, rates: ExchangeRates) -> None:
        self._territory = territory
        self.valuation = Valuation(territory, rates)
        self._round = self.valuation.round
        self._source = f"pack {territory.pack.id} {territory.pack.version}"

    def assess(
        self, line: GoodsLine, plan: Plan, day: Day, relief: LineRelief, fees: DueFees | None
    ) -> LineAssessment:
        """The line's charges with their trace."""
        work = Work(line, day.on)
        decisions = relief.decisions
        value = self.valuation.customs_value(work)
        if value is not None:
            duty = self._duty(work, value, plan, day, decisions["duty"])
            excise = self._excise(work, value, duty, plan, decisions.get("excise"))
            if "tax" in relief.replaced:
                work.steps.append(("tax_included", decisions["duty"].finding.code))
            else:
                self._taxes(work, value, duty, excise, day, decisions["tax"])
            if fees is not None:
                decision = decisions.get("fee")
                charge_fees(self.valuation, work, fees, day.taxes, decision, self._source)
            if day.unassessed:
                self._unassessed(work, day)
        return self._result(work, value, relief)

    def _unassessed(self, work: Work, day: Day) -> None:
        for item in day.unassessed:
            if work.line.hs_code.startswith(item.prefixes):
                message = f"{item.code} is not assessed: {item.note}"
                hint = f"Source: {item.source}; confidence: {item.confidence}."
                work.problems.append(Problem("duties.not_assessed", message, "/hs_code", hint=hint))

    def _result(self, work: Work, value: Decimal | None, relief: LineRelief) -> LineAssessment:
        duty = tax = other = self.valuation.zero
        for charge in work.charges:
            if charge.kind == "duty":
                duty += charge.amount
            elif charge.kind == "tax":
                tax += charge.amount
            else:
                other += charge.amount
        work.steps.extend(relief.steps)
        if value is not None:
            # Without a customs value its own problem comes first; relief is asked again after it.
            work.problems.extend(p for p in relief.problems if p not in work.problems)
        return LineAssessment(
            work.line.number,
            self._territory.currency,
            value,
            tuple(work.charges),
            duty,
            tax,
            other,
            duty + tax + other,
            relief.findings,
            tuple(work.steps),
            tuple(work.problems),
        )

    def _duty(
        self, work: Work, value: Decimal, plan: Plan, day: Day, decision: Decision
    ) -> Decimal | None:
        """The duty to pay; None where it is not known."""
        rule = decision.rule
        if rule is not None and rule.effect == "flat" and rule.percent is not None:
            percent, code = rule.percent, rule.code
            amount = self._round(value * percent / _HUNDRED)
            replaced = " and ".join(rule.replaces or ("duty",))
            work.steps.append(("flat", code, f"{percent:f}", str(value), str(amount), replaced))
            work.charges.append(
                Charge("duty", code, value, f"{percent:f} %", amount, self.valuation.zero)
            )
            return amount
        if plan.note:
            work.steps.append(plan.note)
        if self._territory.tariff is None:
            found = self._untariffed_duty(work, value, day)
        else:
            found = self._tariff_duty(work, value, plan)
        if found is not None:
            code, rate, gross = found
            return settle(self.valuation, work, "duty", code, value, rate, gross, decision)
        if decision.share_free == 1:
            # The problem that there is no rate does not matter when nothing is levied.
            work.problems.pop()
            work.steps.append(("duty_not_needed",))
            code = decision.finding.code
            work.charges.append(
                Charge("duty", code, value, "", self.valuation.zero, self.valuation.zero)
            )
            return self.valuation.zero
        return None

    def _untariffed_duty(
        self, work: Work, value: Decimal, day: Day
    ) -> tuple[str, str, Decimal] | None:
        declared, default = work.line.declared_duty_rate, day.default_duty
        if default is not None and not default.levied:
            economy, source = self._territory.name, default.source
            work.steps.append(("duty_not_levied", economy, source, default.confidence))
            return "none", "0 %", self.valuation.zero
        if declared is not None and declared.is_finite() and declared >= 0:
            gross = self._round(value * declared / _HUNDRED)
            work.steps.append(("duty_declared", f"{declared:f}", str(value), str(gross)))
            return "declared", f"{declared:f} %", gross
        if default is not None:
            gross = self._round(value * default.percent / _HUNDRED)
            about = (f"{default.source}: {default.note}", default.confidence)
            work.steps.append(
                ("duty_default", f"{default.percent:f}", str(value), str(gross), *about)
            )
            return "default", f"{default.percent:f} %", gross
        work.problems.append(
            Problem(
                "duties.no_rate",
                f"Pack {self._territory.pack.id} has no tariff and the line declares no usable rate"
                " of duty.",
                pointer="/declared_duty_rate",
                hint="Give the rate of duty in percent.",
            )
        )
        return None

    def _tariff_duty(
        self, work: Work, value: Decimal, plan: Plan
    ) -> tuple[str, str, Decimal] | None:
        general, claimed = plan.duty, plan.preference
        if general is None and claimed is None:
            work.problems.append(
                Problem(
                    "duties.no_rate",
                    f"The tariff of {self._territory.name} has no rate for {work.line.hs_code} on"
                    f" {work.on.isoformat()}.",
                    pointer="/hs_code",
                    hint="Check the code, or add its rate to tariff.csv.",
                )
            )
            return None
        measure = claimed or general
        assert measure is not None
        computed = amount_of(self.valuation, work, measure, value)
        if computed is None:
            return None
        gross, parts = computed
        if claimed is not None and general is not None:
            other = amount_of(self.valuation, work, general, value)
            if other is None:
                return None
            if other[0] < gross:
                work.steps.append(("preference_higher", claimed.scheme, claimed.text))
                measure, (gross, parts) = general, other
        work.steps.append(step_of(measure, value, gross, parts, work.line.origin, self._source))
        declared = work.line.declared_duty_rate
        if declared is not None and measure.percent is not None and declared != measure.percent:
            work.steps.append(("duty_differs", f"{declared:f}", measure.text))
        return measure.code, measure.text, gross

    def _excise(
        self,
        work: Work,
        value: Decimal,
        duty: Decimal | None,
        plan: Plan,
        decision: Decision | None,
    ) -> Decimal | None:
        if plan.excise is None:
            return ZERO
        if duty is None:
            return None
        base = value + duty
        computed = amount_of(self.valuation, work, plan.excise, base)
        if computed is None:
            return None
        gross, parts = computed
        work.steps.append(step_of(plan.excise, base, gross, parts, work.line.origin, self._source))
        code, text = plan.excise.code, plan.excise.text
        return settle(self.valuation, work, "excise", code, base, text, gross, decision)

    def _taxes(
        self,
        work: Work,
        value: Decimal,
        duty: Decimal | None,
        excise: Decimal | None,
        day: Day,
        decision: Decision,
    ) -> None:
        if not day.taxes:
            self._no_taxes(work, day, decision)
            return
        if duty is None or excise is None:
            if decision.share_free != 1:
                work.problems.append(_TAX_WAITS)
            return
        for tax in day.taxes:
            base = self._tax_base(work, tax, value, duty, excise)
            if base is None:
                continue
            gross = self._round(base * tax.percent / _HUNDRED)
            percent = f"{tax.percent:f}"
            parts = " + ".join(tax.base)
            work.steps.append(
                ("tax", tax.code, percent, str(base), parts, str(gross), self._source)
            )
            settle(self.valuation, work, "tax", tax.code, base, f"{percent} %", gross, decision)

    def _no_taxes(self, work: Work, day: Day, decision: Decision) -> None:
        if day.no_tax is not None:
            about = (self._territory.name, day.no_tax.source, day.no_tax.confidence)
            work.steps.append(("tax_none", *about))
        elif decision.share_free != 1:
            work.problems.append(
                Problem(
                    "duties.tax_not_assessed",
                    f"Tax is not assessed: pack {self._territory.pack.id} has no rate of VAT, GST"
                    f" or sales tax for {day.on.isoformat()}.",
                    hint="Look the rate up, or add it to taxes.yaml.",
                )
            )

    def _tax_base(
        self, work: Work, tax: Tax, value: Decimal, duty: Decimal, excise: Decimal
    ) -> Decimal | None:
        base = ZERO
        line = work.line
        for part in tax.base:
            if part == "value":
                base += value
            elif part == "duty":
                base += duty
            elif part == "excise":
                base += excise
            elif self._territory.value_basis != "CIF":
                given = line.freight if part == "freight" else line.insurance
                if given is None:
                    missing = ("tax_base_missing", tax.code)
                    if missing not in work.steps:
                        work.steps.append(missing)
                    continue
                amount = self.valuation.convert(
                    given, line.currency, self._territory.currency, work.on
                )
                if amount is None:
                    return None
                base += self.valuation.round_value(amount)
        return base


_TAX_WAITS = Problem(
    "duties.tax_waits",
    "Tax is not assessed because the duty, which is part of its base, is not known.",
    hint="Settle the duty first.",
)
