"""One sentence for each group of features: what is known of the line, and what it is compared to.

Every sentence is made from the feature values that the scorer saw, so it can be made again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tradelane.targeting.catalogue import BUSY_DAYS
from tradelane.targeting.features import Answers
from tradelane.trade.hscode import show_code


class Facts:
    """What is known of many lines, column by column, turned to Python values when first asked.

    column: gives a column of the lines themselves, None where a value, or the column, is absent.
    """

    def __init__(self, answers: Answers, column: Callable[[str], list[Any]]) -> None:
        self._answers = answers
        self._column = column
        self._numbers: dict[str, list[float]] = {}
        self._given: dict[str, list[Any]] = {}

    def number(self, name: str, row: int) -> float:
        """A feature or an evidence value; NaN where it is not known."""
        found = self._numbers.get(name)
        if found is None:
            found = self._numbers[name] = self._answers[name].tolist()
        return found[row]

    def text(self, name: str, row: int) -> str:
        """A text column of the line itself."""
        value: str | None = self._of_line(name)[row]
        return value or ""

    def amount(self, name: str, row: int) -> float:
        """A numeric column of the line itself; NaN where it is absent."""
        value: float | None = self._of_line(name)[row]
        return math.nan if value is None else float(value)

    def _of_line(self, name: str) -> list[Any]:
        found = self._given.get(name)
        if found is None:
            found = self._given[name] = self._column(name)
        return found


Sentence = Callable[[Facts, int], tuple[str, str]]


def figure(value: float) -> str:
    """A number as people read it: two decimals under a thousand, none above.

    >>> figure(3.1), figure(12345.678), figure(0.00123), figure(412.0)
    ('3.10', '12,346', '0.00123', '412.00')
    """
    if math.isnan(value):
        return "unknown"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3g}"


def percent(share: float) -> str:
    """A share in percent.

    >>> percent(0.05), percent(0.123), percent(0.004)
    ('5 %', '12 %', '0.4 %')
    """
    return f"{share:.0%}".replace("%", " %") if share >= 0.0095 else f"{share * 100:.1f} %"


@dataclass(frozen=True, slots=True)
class _Compared:
    """A ratio against its peers: ``declared 3.10 USD/kg; the middle half of 412 lines ...``."""

    measure: str
    code: str
    what: str
    unit: Callable[[Facts, int], str]
    scale: float = 1.0
    money: bool = False
    """Whether the ratio is an amount, which is said in the line's own currency."""

    def __call__(self, f: Facts, i: int) -> tuple[str, str]:
        ratio = f.number(self.measure, i)
        unit = self.unit(f, i)
        if math.isnan(ratio):
            return f"{self.code}_UNKNOWN", f"{self.what} cannot be worked out from the line"
        scale = self.scale / (f.number("exchange_rate", i) if self.money else 1.0)
        mine = f"{self.what} {figure(_exp(ratio) * scale)}{unit}"
        low, high = f.number(f"{self.measure}_q25", i), f.number(f"{self.measure}_q75", i)
        if math.isnan(low):
            return f"{self.code}_NO_PEERS", f"{mine}; there are too few lines to compare it with"
        usual = _exp(ratio - f.number(f"{self.measure}_gap", i))
        drawn = ""
        # The model compares with what is usual; a closer group of too few lines for a middle half
        # may have drawn that out of the wider group's.
        if low <= usual <= high:
            side = "LOW" if _exp(ratio) < low else "HIGH" if _exp(ratio) > high else "USUAL"
        else:
            side = "LOW" if _exp(ratio) < usual else "HIGH"
            drawn = f"; fewer but closer lines make about {figure(usual * scale)}{unit} usual"
        lines = round(f.number(f"{self.measure}_peers", i))
        return (
            f"{self.code}_{side}",
            f"{mine}; the middle half of {lines:,} lines {_peers(f, i, self.measure)} is "
            f"{figure(low * scale)}-{figure(high * scale)}{unit}{drawn}",
        )


@dataclass(frozen=True, slots=True)
class _Record:
    """What became of an entity's inspected lines: ``4 of 11 inspected lines of ... were wrong``."""

    entities: tuple[str, ...]
    code: str
    of: Callable[[Facts, int, str], str]
    needs: tuple[str, ...] = ()

    def __call__(self, f: Facts, i: int) -> tuple[str, str]:
        for column in self.needs:
            if not f.text(column, i):
                return f"{self.code}_UNKNOWN", f"the line does not name its {column}"
        entity = next(
            (e for e in self.entities if f.number(f"{e}_checked", i) > 0), self.entities[0]
        )
        name = self.of(f, i, entity)
        lines, checked = f.number(f"{entity}_lines", i), f.number(f"{entity}_checked", i)
        if not lines > 0:
            return f"NEW_{self.code}", f"first line {name}"
        overall = percent(f.number("overall_share", i))
        if not checked > 0:
            return (
                f"{self.code}_UNCHECKED",
                f"none of the {round(lines):,} earlier lines {name} has a known inspection result",
            )
        wrong = round(f.number(f"{entity}_wrong", i))
        return (
            f"{self.code}_RECORD",
            f"{wrong:,} of {round(checked):,} inspected lines {name} were found wrong "
            f"(all lines: {overall})",
        )


def _exp(logarithm: float) -> float:
    """The number of that logarithm; a ratio of absurd amounts is at most 10^304 and no error."""
    return math.exp(min(logarithm, 700.0))


def _peers(f: Facts, i: int, measure: str) -> str:
    code = f.text("hs_code", i)
    level = round(f.number(f"{measure}_level", i))
    return (
        f"of {show_code(code[:6])} from the same origin",
        f"of {show_code(code[:6])}",
        f"of heading {code[:4]}",
        f"of chapter {code[:2]}",
    )[level]


def _unit(f: Facts, i: int) -> str:
    return f.text("quantity_unit", i) or "unit"


def _code_name(f: Facts, i: int, entity: str) -> str:
    code = f.text("hs_code", i)
    return {
        "hs6": f"of {show_code(code[:6])}",
        "hs4": f"of heading {code[:4]}",
        "hs2": f"of chapter {code[:2]}",
    }[entity]


def _own_price(f: Facts, i: int) -> tuple[str, str]:
    for who, entity in (("importer", "importer_hs6"), ("seller", "seller_hs6")):
        gap = f.number(f"{entity}_price_gap", i)
        if not math.isnan(gap):
            unit, rate = f"{f.text('currency', i)}/kg", f.number("exchange_rate", i)
            mine = figure(_exp(f.number("price_kg", i)) / rate)
            own = figure(f.number(f"{entity}_own_price", i) / rate)
            code = show_code(f.text("hs_code", i)[:6])
            return (
                "OWN_PRICE_LOW" if gap < 0 else "OWN_PRICE_HIGH",
                f"declared {mine} {unit}; for {code} this {who} declared {own} {unit} on average "
                "before",
            )
    return "OWN_PRICE_NONE", "neither importer nor seller has declared a price for this code before"


def _preference(f: Facts, i: int) -> tuple[str, str]:
    claimed, origin = f.text("preference", i), f.text("origin", i) or "an unnamed origin"
    if not claimed:
        return "PREFERENCE_NONE", "no preference is claimed"
    checked = f.number("scheme_checked", i)
    text = f"preference {claimed} is claimed for {origin}"
    if checked > 0:
        wrong = round(f.number("scheme_wrong", i))
        text += (
            f"; {wrong:,} of {round(checked):,} inspected lines that claimed it were found wrong "
            f"(all lines: {percent(f.number('overall_share', i))})"
        )
    return "PREFERENCE_CLAIMED", text


def _value(f: Facts, i: int) -> tuple[str, str]:
    currency = f.text("currency", i)
    value, rate = f.amount("customs_value", i), f.amount("duty_rate", i)
    text = f"customs value {figure(value)} {currency}"
    if not math.isnan(value * rate):
        text += f", duty and taxes at stake {figure(value * rate / 100.0)} {currency}"
    return "VALUE", text


def _quantity(f: Facts, i: int) -> tuple[str, str]:
    mass, quantity = f.amount("net_mass_kg", i), f.amount("quantity", i)
    return "QUANTITY", f"net mass {figure(mass)} kg, quantity {figure(quantity)} {_unit(f, i)}"


def _rate(f: Facts, i: int) -> tuple[str, str]:
    rate, usual = f.amount("duty_rate", i), f.number("heading_rate", i)
    if math.isnan(rate):
        return "RATE_UNKNOWN", "the rate of duty and taxes is not known"
    text = f"duty and taxes are {rate:.1f} % of the value"
    if math.isnan(usual):
        return "RATE", text
    code = "RATE_LOW" if rate < usual else "RATE_HIGH" if rate > usual else "RATE"
    return code, f"{text}; lines of heading {f.text('hs_code', i)[:4]} average {usual:.1f} %"


def _importer_age(f: Facts, i: int) -> tuple[str, str]:
    days = f.number("importer_registered", i)
    if math.isnan(days):
        return "IMPORTER_AGE_UNKNOWN", "the day the importer was registered is not known"
    return "IMPORTER_AGE", f"importer registered {round(days):,} days before the declaration"


def _sibling(f: Facts, i: int) -> tuple[str, str]:
    fit, gain = f.number("sibling_fit", i), f.number("sibling_gain", i)
    mine = show_code(f.text("hs_code", i)[:6])
    if math.isnan(fit):
        return "SIBLING_NONE", f"no code of the heading of {mine} pays more"
    other = show_code(f"{round(f.number('sibling_code', i)):06d}")
    currency, rate = f.text("currency", i), f.number("exchange_rate", i)
    declared = figure(_exp(f.number("price_kg", i)) / rate)
    theirs = figure(f.number("sibling_price", i) / rate)
    text = (
        f"declared {declared} {currency}/kg as {mine}; {other}, which pays {gain:.1f} percentage "
        f"points more, has a median of {theirs} {currency}/kg"
    )
    return ("SIBLING_FITS" if fit > 0 else "SIBLING"), text


def _words(f: Facts, i: int) -> tuple[str, str]:
    fit, gap, other = (f.number(f"words_{part}", i) for part in ("fit", "gap", "code"))
    mine = show_code(f.text("hs_code", i)[:6])
    if math.isnan(fit):
        return "WORDS_UNKNOWN", "the words of the description have not been seen often enough"
    text = f"the words of the description speak for {mine} with {percent(fit)}"
    if math.isnan(other):
        return "WORDS", text
    code = "WORDS_OTHER" if gap > 0 else "WORDS"
    return code, f"{text}, for {show_code(f'{round(other):06d}')} with {percent(fit + gap)}"


def _text_code(f: Facts, i: int) -> tuple[str, str]:
    mismatch = f.number("text_mismatch", i)
    if math.isnan(mismatch):
        return "TEXT_CODE_UNKNOWN", "nothing is known of how the description fits the code"
    mine = show_code(f.text("hs_code", i)[:6])
    if mismatch == 0.0:
        return "TEXT_CODE", f"the classifier finds that the description fits {mine}"
    other = show_code(f.text("text_code", i)) or "another code"
    return "TEXT_CODE_OTHER", (
        f"the classifier finds {other} more likely for the description than {mine}, by "
        f"{percent(mismatch)}"
    )


def _frequency(f: Facts, i: int) -> tuple[str, str]:
    counts = {
        "by this importer": f.number("importer_busy", i),
        "by this importer from this seller": f.number("importer_seller_busy", i),
        "from this seller": f.number("seller_busy", i),
    }
    who = max(counts, key=lambda name: (not math.isnan(counts[name]), counts[name]))
    many = counts[who]
    if not many > 0:
        return "FREQUENCY_NONE", f"no line {who} in the {BUSY_DAYS} days before"
    return "FREQUENCY", f"{round(many):,} lines {who} in the {BUSY_DAYS} days before"


def _own_value(f: Facts, i: int) -> tuple[str, str]:
    for entity, what in (("importer_hs6", "for this code"), ("importer", "")):
        gap = f.number(f"{entity}_value_gap", i)
        if not math.isnan(gap):
            usual = f.amount("customs_value", i) / _exp(gap)
            currency = f.text("currency", i)
            text = (
                f"customs value {figure(f.amount('customs_value', i))} {currency}; this importer's "
                f"lines {what} had {figure(usual)} {currency} on average before"
            )
            return ("OWN_VALUE_LOW" if gap < 0 else "OWN_VALUE_HIGH"), text.replace("  ", " ")
    return "OWN_VALUE_NONE", "this importer has declared no value before"


def _insurance(f: Facts, i: int) -> tuple[str, str]:
    share = f.number("insurance_share", i)
    if math.isnan(share):
        return "INSURANCE_UNKNOWN", "no insurance is declared"
    return "INSURANCE", f"insurance is {share:.2%} of the customs value".replace("%", " %")


def _named(text: str) -> Callable[[Facts, int, str], str]:
    return lambda f, i, entity: text


SENTENCES: dict[str, Sentence] = {
    "PRICE": _Compared(
        "price_kg",
        "PRICE",
        "declared",
        lambda f, i: f" {f.text('currency', i)}/kg",
        money=True,
    ),
    "UNIT_PRICE": _Compared(
        "price_unit",
        "UNIT_PRICE",
        "declared",
        lambda f, i: f" {f.text('currency', i)}/{_unit(f, i)}",
        money=True,
    ),
    "UNIT_MASS": _Compared("unit_mass", "UNIT_MASS", "mass", lambda f, i: f" kg/{_unit(f, i)}"),
    "FREIGHT": _Compared(
        "freight_share", "FREIGHT", "freight", lambda f, i: " % of the value", 100.0
    ),
    "FREIGHT_MASS": _Compared(
        "freight_kg",
        "FREIGHT_MASS",
        "freight",
        lambda f, i: f" {f.text('currency', i)}/kg",
        money=True,
    ),
    "PACKING": _Compared("packing", "PACKING", "gross to net mass", lambda f, i: ""),
    "OWN_PRICE": _own_price,
    "OWN_VALUE": _own_value,
    "SIBLING": _sibling,
    "WORDS": _words,
    "TEXT_CODE": _text_code,
    "FREQUENCY": _frequency,
    "INSURANCE": _insurance,
    "IMPORTER_RECORD": _Record(
        ("importer",), "IMPORTER", _named("of this importer"), ("importer",)
    ),
    "DECLARANT_RECORD": _Record(
        ("declarant",), "DECLARANT", _named("of this declarant"), ("declarant",)
    ),
    "SELLER_RECORD": _Record(("seller",), "SELLER", _named("from this seller"), ("seller",)),
    "CARRIER_RECORD": _Record(("carrier",), "CARRIER", _named("with this carrier"), ("carrier",)),
    "OFFICE_RECORD": _Record(
        ("office",), "OFFICE", lambda f, i, e: f"at office {f.text('office', i)}", ("office",)
    ),
    "ORIGIN_RECORD": _Record(
        ("origin",), "ORIGIN", lambda f, i, e: f"of origin {f.text('origin', i)}", ("origin",)
    ),
    "ROUTE_RECORD": _Record(
        ("route",),
        "ROUTE",
        lambda f, i, e: f"of origin {f.text('origin', i)} shipped from {f.text('departure', i)}",
        ("departure", "origin"),
    ),
    "PROCEDURE_RECORD": _Record(
        ("procedure",),
        "PROCEDURE",
        lambda f, i, e: (
            f"under procedure {f.text('procedure', i)} by transport mode "
            f"{f.text('transport_mode', i)}"
        ),
        ("procedure", "transport_mode"),
    ),
    "CODE_RECORD": _Record(("hs6", "hs4", "hs2"), "CODE", _code_name, ("hs_code",)),
    "CODE_ORIGIN_RECORD": _Record(
        ("hs6_origin",),
        "CODE_ORIGIN",
        lambda f, i, e: f"of {show_code(f.text('hs_code', i)[:6])} from {f.text('origin', i)}",
        ("hs_code", "origin"),
    ),
    "IMPORTER_CODE": _Record(
        ("importer_hs6", "importer_hs4"),
        "IMPORTER_CODE",
        lambda f, i, e: (
            f"of {show_code(f.text('hs_code', i)[: 6 if e == 'importer_hs6' else 4])} "
            "by this importer"
        ),
        ("importer", "hs_code"),
    ),
    "IMPORTER_ORIGIN": _Record(
        ("importer_origin",),
        "IMPORTER_ORIGIN",
        lambda f, i, e: f"from {f.text('origin', i)} by this importer",
        ("importer", "origin"),
    ),
    "IMPORTER_SELLER": _Record(
        ("importer_seller",),
        "IMPORTER_SELLER",
        _named("by this importer from this seller"),
        ("importer", "seller"),
    ),
    "SELLER_CODE": _Record(
        ("seller_hs6",),
        "SELLER_CODE",
        lambda f, i, e: f"of {show_code(f.text('hs_code', i)[:6])} from this seller",
        ("seller", "hs_code"),
    ),
    "PREFERENCE": _preference,
    "VALUE": _value,
    "QUANTITY": _quantity,
    "RATE": _rate,
    "IMPORTER_AGE": _importer_age,
}
"""One sentence for every group of `catalogue.GROUPS` (a test holds the two together)."""

RECORDS = frozenset(group for group, sentence in SENTENCES.items() if isinstance(sentence, _Record))
"""Groups whose sentence tells what became of others, not of the line itself."""
