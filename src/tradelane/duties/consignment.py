"""A declaration seen as one consignment, as low-value parameters and fees look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple

from tradelane.duties.explanation import Step
from tradelane.duties.model import ZERO, Condition, Frequency, ReliefRule, Window, window_of
from tradelane.duties.valuation import usable
from tradelane.kit.errors import Problem
from tradelane.trade.declaration import Declaration

Earlier = Callable[[str, Window], int | None]
"""``earlier(importer, window)``: how many other consignments of the importer there have been in the
window, the present one left out; None when unknown."""

Convert = Callable[[Decimal, str, str], Decimal | None]
"""``convert(amount, currency, wanted currency)`` at the declaration's date."""

_MODE_CODES = {"sea": "1", "rail": "2", "road": "3", "air": "4", "post": "5"}


class Verdict(NamedTuple):
    """Whether a rule is for the consignment: True, False with the reason, None when unknown."""

    applies: bool | None
    step: Step
    problem: Problem | None = None


class Consignment:
    """A declaration seen as one consignment, with every question about it asked once."""

    def __init__(self, declaration: Declaration, convert: Convert, earlier: Earlier | None) -> None:
        self.declaration = declaration
        self._convert = convert
        self._earlier = earlier
        self._values: dict[tuple[str, str], Decimal | None] = {}
        self._counts: dict[str, int | None] = {}

    def value(self, currency: str, basis: str) -> Decimal | None:
        """The worth of all lines in ``currency`` on ``basis``, None without an exchange rate."""
        key = (currency, basis)
        if key not in self._values:
            self._values[key] = self._sum(currency, basis)
        return self._values[key]

    def _sum(self, currency: str, basis: str) -> Decimal | None:
        sums: dict[str, Decimal] = {}
        for line in self.declaration.lines:
            if not usable(line):
                return None
            worth = line.customs_value
            if basis == "CIF":
                worth += (line.freight or ZERO) + (line.insurance or ZERO)
            sums[line.currency] = sums.get(line.currency, ZERO) + worth
        total = ZERO
        for given, worth in sums.items():
            part = worth if given == currency else self._convert(worth, given, currency)
            if part is None:
                return None
            total += part
        return total

    def gross_mass(self) -> Decimal | None:
        """Kilograms of all lines, gross where given, else net; None where a line has neither."""
        total = ZERO
        for line in self.declaration.lines:
            mass = line.gross_mass_kg if line.gross_mass_kg is not None else line.net_mass_kg
            if mass is None:
                return None
            total += mass
        return total

    def moves_by(self, modes: Iterable[str]) -> bool | None:
        """Whether the consignment travels by one of the modes; None when it does not say.

        A courier consignment names its carrier and comes by road, rail or air, or says so in
        ``extra["consignment"]``.
        """
        answers = [self._moves_by(mode) for mode in modes]
        return True if True in answers else None if None in answers else False

    def _moves_by(self, mode: str) -> bool | None:
        declaration = self.declaration
        stated = declaration.extra.get("consignment", "")
        code = declaration.transport_mode
        if mode == "courier":
            if stated:
                return stated == "courier"
            if code in ("1", "5"):
                return False
            return True if code and declaration.carrier else None
        return code == _MODE_CODES[mode] if code else None

    def judge(self, condition: Condition, charge: str, code: str, tail: Step) -> Verdict:
        """Whether the consignment meets the condition; the parts that differ by line are left out.

        The worth is looked at first: above a threshold nothing else matters.
        """
        worth = self._judge_value(condition, charge, code, tail)
        if worth.applies is False:
            return worth
        unknown = worth if worth.applies is None else None
        for verdict in self._judge_rest(condition, charge, code, tail):
            if verdict.applies is False:
                return verdict
            unknown = unknown or verdict
        return unknown or worth

    def _judge_value(self, condition: Condition, charge: str, code: str, tail: Step) -> Verdict:
        if not condition.currency:
            return Verdict(True, ())
        value = self.value(condition.currency, condition.basis)
        if value is None:
            return Verdict(None, (), self._unknown_value(condition, charge, code))
        text = show(value)
        if condition.above is not None and value <= condition.above:
            about = (charge, code, text, condition.currency, condition.basis)
            return Verdict(False, ("relief_below", *about, str(condition.above), *tail))
        limit = condition.threshold
        if limit is not None and not (value < limit or (condition.inclusive and value == limit)):
            about = (charge, code, text, condition.currency, condition.basis)
            return Verdict(False, ("relief_above", *about, condition.comparator, str(limit), *tail))
        return Verdict(True, ())

    def _unknown_value(self, condition: Condition, charge: str, code: str) -> Problem:
        if not all(usable(line) for line in self.declaration.lines):
            return Problem(
                "duties.value_unusable",
                f"Whether {code} ({charge}) is for this consignment is not known: a line's value,"
                " freight or insurance is not a usable amount.",
                pointer="/lines",
            )
        return Problem(
            "duties.no_exchange_rate",
            f"Whether {code} ({charge}) is for this consignment is measured in"
            f" {condition.currency}, and there is no exchange rate for"
            f" {self.declaration.date.isoformat()}.",
            hint="Give the day's rates with --rates.",
        )

    def _judge_rest(
        self, condition: Condition, charge: str, code: str, tail: Step
    ) -> Iterable[Verdict]:
        def missing(what: str, field: str) -> Verdict:
            return Verdict(
                None,
                (),
                Problem(
                    "duties.relief_unclear",
                    f"Whether {code} ({charge}) is for this consignment depends on {what}, which"
                    " the declaration does not say.",
                    pointer=f"/{field}",
                ),
            )

        if condition.modes:
            moves = self.moves_by(sorted(condition.modes))
            if moves is None:
                yield missing("the mode of transport", "transport_mode")
            elif not moves:
                modes = " or ".join(sorted(condition.modes))
                yield Verdict(False, ("relief_mode", charge, code, modes, *tail))
        departure = self.declaration.departure
        if condition.shipped_from or condition.not_shipped_from:
            if not departure:
                yield missing("where the goods were shipped from", "departure")
            elif departure in condition.not_shipped_from or (
                condition.shipped_from and departure not in condition.shipped_from
            ):
                yield Verdict(False, ("relief_shipped", charge, code, departure, *tail))
        for name, wanted in condition.facts:
            given = self.declaration.extra.get(name, "")
            if not given:
                yield missing(f"{name} (is it {wanted}?)", f"extra/{name}")
            elif given != wanted:
                yield Verdict(False, ("relief_facts", charge, code, f"{name} {wanted}", *tail))
        if condition.max_mass_kg is not None:
            mass = self.gross_mass()
            if mass is None:
                yield missing("the mass of the goods", "lines")
            elif mass > condition.max_mass_kg:
                about = (show(mass), str(condition.max_mass_kg))
                yield Verdict(False, ("relief_mass", charge, code, *about, *tail))

    def judge_count(self, rule: ReliefRule, tail: Step) -> Verdict:
        """Whether the importer may still have the relief: frequency cap, same-day bundling."""
        if rule.frequency is not None:
            verdict = self._judge_frequency(rule, rule.frequency, tail)
            if not verdict.applies:
                return verdict
        if rule.aggregation == "same_day" and self._count("day"):
            return Verdict(
                None,
                (),
                Problem(
                    "duties.bundling",
                    f"{rule.code} adds up consignments of one importer on one day, and this"
                    " importer has had another that day.",
                    hint="Add up the values of that day and decide.",
                ),
            )
        return Verdict(True, ())

    def _judge_frequency(self, rule: ReliefRule, frequency: Frequency, tail: Step) -> Verdict:
        for name, wanted in frequency.only_if:
            given = self.declaration.extra.get(name, "")
            if given and given != wanted:
                return Verdict(True, ())
        count = self._count(frequency.window)
        if count is None:
            return Verdict(
                None,
                (),
                Problem(
                    "duties.frequency_unknown",
                    f"{rule.code} may be used {frequency.cap} times a {_spell(frequency.window)},"
                    " and it is not known how often this importer has used it.",
                    pointer="/importer",
                    hint="Count the importer's earlier consignments.",
                ),
            )
        if count >= frequency.cap:
            about = (str(count), _spell(frequency.window), str(frequency.cap))
            return Verdict(False, ("relief_frequency", rule.charge, rule.code, *about, *tail))
        return Verdict(True, ())

    def _count(self, window: str) -> int | None:
        importer = self.declaration.importer
        if self._earlier is None or not importer:
            return None
        if window not in self._counts:
            self._counts[window] = self._earlier(importer, window_of(window, self.declaration.date))
        return self._counts[window]

    def bundling_assumed(self, rule: ReliefRule) -> bool:
        """Whether the rule adds up a day's consignments and nobody could say what else came."""
        return rule.aggregation == "same_day" and self._count("day") is None


def show(amount: Decimal) -> str:
    """An amount that was summed or converted, with at most four decimals.

    >>> show(Decimal("131.578947")), show(Decimal("100.00"))
    ('131.5789', '100.00')
    """
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -4:
        amount = amount.quantize(Decimal("0.0001"))
    return f"{amount:f}"


def _spell(window: str) -> str:
    return window.replace("_", " ")
