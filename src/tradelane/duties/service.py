"""The duties engine: what is due on each line of a declaration under a territory's pack."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Context, Decimal, localcontext

from tradelane.duties.calculation import Assessor
from tradelane.duties.consignment import Consignment, Earlier
from tradelane.duties.exchange import ExchangeRates
from tradelane.duties.fees import due_fees
from tradelane.duties.lookup import Day, Plan, plan_rates, read_day
from tradelane.duties.model import LineAssessment
from tradelane.duties.parameters import Territory, read_territory
from tradelane.duties.relief import Reliefs
from tradelane.kit.canonical import digest_of
from tradelane.kit.packs import Pack
from tradelane.trade.declaration import Declaration

_CACHED = 100_000
_CONTEXT = Context(prec=34)
_TERRITORIES = 4
_territories: dict[str, Territory] = {}
"""What the packs that were read last say, by digest: the tariff takes a third of a second to read,
and an order of a supervisor's opens the same pack again."""


class Duties:
    """Assesses declarations under one pack; pure: the same declaration gives the same bytes.

    ``rates`` are exchange rates to the territory's currency; without them the pack's own
    exchange_rates.csv is used, if it has one. Errors: InputRefused when the pack is not right.
    """

    def __init__(self, pack: Pack, rates: ExchangeRates | None = None) -> None:
        self.territory = _territory_of(pack)
        self.rates = ExchangeRates.of_pack(pack) if rates is None else rates
        self.digest = digest_of({"pack": pack.digest, "rates": self.rates.digest})
        """Names everything that the results depend on beside the declaration."""
        self._days: dict[dt.date, Day] = {}
        self._plans: dict[tuple[str, str, str, int], Plan] = {}
        self._assessor = Assessor(self.territory, self.rates)

    def assess(
        self, declaration: Declaration, earlier: Earlier | None = None
    ) -> tuple[LineAssessment, ...]:
        """One assessment a goods line, in order; relief looks at the declaration as a whole.

        ``earlier(importer, window)`` tells how many other consignments the importer has had in a
        `Window` (for frequency caps and same-day bundling); None means that nobody counted.
        """
        with localcontext(_CONTEXT):
            day = self._day(declaration.date)
            consignment = Consignment(declaration, self._converter(declaration.date), earlier)
            reliefs = Reliefs(day, consignment)
            fees = due_fees(day, consignment)
            return tuple(
                self._assessor.assess(
                    line,
                    self._plan(line.hs_code, line.origin, line.preference, day),
                    day,
                    reliefs.for_line(line),
                    fees.get(line.number),
                )
                for line in declaration.lines
            )

    def ad_valorem_rate(
        self, hs_code: str, origin: str, preference: str, on: dt.date
    ) -> Decimal | None:
        """Percent of duty in the tariff; None where it is not purely ad valorem or not known."""
        plan = self._plan(hs_code, origin, preference, self._day(on))
        if plan.preference is None:
            return plan.duty.percent if plan.duty is not None else None
        if plan.duty is None:
            return plan.preference.percent
        claimed, general = plan.preference.percent, plan.duty.percent
        return None if claimed is None or general is None else min(claimed, general)

    def rate_of(self, code: str, origin: str, on: dt.date) -> str:
        """The rate of duty without preference as the tariff has it (``12 % + 0.80 XMD/KGM``); ""
        where it has none for as many digits."""
        tariff = self.territory.tariff
        found = None if tariff is None else tariff.find("duty", "", code, origin, on)
        return "" if found is None else found.text

    def exchange_rate(self, currency: str, on: dt.date) -> Decimal | None:
        """The territory's currency for one unit of another on that day, or None."""
        with localcontext(_CONTEXT):
            convert = self._assessor.valuation.convert
            return convert(Decimal(1), currency, self.territory.currency, on)

    def _day(self, on: dt.date) -> Day:
        day = self._days.get(on)
        if day is None:
            if len(self._days) >= _CACHED:
                self._days.clear()
            day = self._days[on] = read_day(self.territory, on)
        return day

    def _plan(self, code: str, origin: str, preference: str, day: Day) -> Plan:
        key = (code, origin, preference, day.epoch)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= _CACHED:
                self._plans.clear()
            plan = self._plans[key] = plan_rates(self.territory, code, origin, preference, day.on)
        return plan

    def _converter(self, on: dt.date) -> Callable[[Decimal, str, str], Decimal | None]:
        def convert(amount: Decimal, currency: str, wanted: str) -> Decimal | None:
            return self._assessor.valuation.convert(amount, currency, wanted, on)

        return convert


def _territory_of(pack: Pack) -> Territory:
    known = _territories.get(pack.digest)
    if known is None:
        known = read_territory(pack)
        if len(_territories) >= _TERRITORIES:
            _territories.clear()
        _territories[pack.digest] = known
    return known
