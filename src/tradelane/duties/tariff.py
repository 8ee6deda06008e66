"""A territory's tariff: measures read from ``tariff.csv``, found by longest code prefix."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from tradelane.duties.fields import overlaps, read_number
from tradelane.duties.model import Component, Measure
from tradelane.kit.dated import find_on
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import Pack, Row, read_date

UNITS: dict[str, tuple[str, Decimal]] = {
    # UN/ECE Recommendation 20: unit -> (unit that quantities are compared in, how many of it).
    "KGM": ("KGM", Decimal(1)),
    "GRM": ("KGM", Decimal("0.001")),
    "TNE": ("KGM", Decimal(1000)),
    "LTR": ("LTR", Decimal(1)),
    "HLT": ("LTR", Decimal(100)),
    "MTQ": ("LTR", Decimal(1000)),
    "MLT": ("LTR", Decimal("0.001")),
    "NMB": ("NMB", Decimal(1)),
    "H87": ("NMB", Decimal(1)),
    "NAR": ("NMB", Decimal(1)),
    "EA": ("NMB", Decimal(1)),
    "MIL": ("NMB", Decimal(1000)),
    "NPR": ("NPR", Decimal(1)),
    "MTR": ("MTR", Decimal(1)),
    "MTK": ("MTK", Decimal(1)),
    "LPA": ("LPA", Decimal(1)),
    "KWH": ("KWH", Decimal(1)),
}
"""Units a rate may be in; quantities in a unit of the same kind are converted."""

COLUMNS = (
    "code",
    "measure",
    "scheme",
    "origin",
    "component",
    "operator",
    "rate_percent",
    "amount",
    "currency",
    "unit",
    "valid_from",
    "valid_to",
    "source",
)
_KINDS = ("duty", "preference", "excise")
_Key = tuple[str, str, str, str, dt.date, dt.date | None]
_Refuse = Callable[..., Problem]


class Tariff:
    """Measures by kind and scheme; `find` wants the most specific one on a day."""

    def __init__(self, measures: Iterable[Measure], groups: Mapping[str, frozenset[str]]) -> None:
        self._groups = groups
        self._by_code: dict[tuple[str, str], dict[str, list[Measure]]] = defaultdict(dict)
        days: set[dt.date] = set()
        self.size = 0
        for measure in measures:
            self.size += 1
            by_code = self._by_code[(measure.kind, measure.scheme)]
            by_code.setdefault(measure.code, []).append(measure)
            days.add(measure.valid_from)
            if measure.valid_to is not None and measure.valid_to < dt.date.max:
                days.add(measure.valid_to + dt.timedelta(1))
        self._days = sorted(days)

    def epoch(self, on: dt.date) -> int:
        """A number that is the same for days between which nothing in the tariff changes."""
        return bisect_right(self._days, on)

    def find(self, kind: str, scheme: str, code: str, origin: str, on: dt.date) -> Measure | None:
        """The measure with the longest prefix of ``code``; of those the closest to ``origin``."""
        by_code = self._by_code.get((kind, scheme))
        if by_code is None:
            return None
        for length in range(len(code), 1, -1):
            for wanted in (self._is_economy, self._is_group, _is_any):
                candidates = [m for m in by_code.get(code[:length], ()) if wanted(m, origin)]
                found = find_on(candidates, on)
                if found is not None:
                    return found
        return None

    def has_scheme(self, scheme: str) -> bool:
        """Whether any preference of that scheme is in the tariff."""
        return ("preference", scheme) in self._by_code

    def _is_economy(self, measure: Measure, origin: str) -> bool:
        return measure.origin != "" and measure.origin == origin

    def _is_group(self, measure: Measure, origin: str) -> bool:
        return origin in self._groups.get(measure.origin, ())


def _is_any(measure: Measure, origin: str) -> bool:
    return measure.origin == ""


def read_tariff(pack: Pack, groups: Mapping[str, frozenset[str]], schemes: set[str]) -> Tariff:
    """The pack's tariff.csv.

    Errors: InputRefused with every wrong row: ``duties.pack_field``, ``duties.pack_number``,
    ``duties.pack_unit``, ``duties.pack_source``, ``duties.pack_overlap``.
    """
    problems: list[Problem] = []
    parts: dict[_Key, list[tuple[int, Row, Component]]] = {}
    for row in pack.table("tariff.csv"):
        wrong = _problem_of(row, groups, schemes)
        if wrong is not None:
            problems.append(wrong)
            continue
        first = read_date(row["valid_from"])
        assert first is not None
        key = (
            row["code"],
            row["measure"],
            row["scheme"],
            row["origin"],
            first,
            read_date(row["valid_to"]),
        )
        percent, amount = read_number(row["rate_percent"]), read_number(row["amount"])
        component = Component(row["operator"], percent, amount, row["currency"], row["unit"])
        parts.setdefault(key, []).append((int(row["component"]), row, component))
    measures = [_measure(key, items, problems) for key, items in parts.items()]
    problems.extend(_overlapping(parts))
    if problems:
        raise InputRefused(sorted(problems, key=lambda p: p.line or 0))
    return Tariff(measures, groups)


def _problem_of(
    row: Row, groups: Mapping[str, frozenset[str]], schemes: set[str]
) -> Problem | None:
    def refuse(code: str, message: str, hint: str = "") -> Problem:
        return Problem(code, f"{row.path}: {message}", line=row.line, hint=hint)

    if set(row.cells) != set(COLUMNS):
        return refuse("duties.pack_field", "the columns differ.", f"Wanted: {', '.join(COLUMNS)}.")
    if not (row["code"].isdecimal() and 2 <= len(row["code"]) <= 10):
        return refuse("duties.pack_field", f"code {row['code']!r} is not 2 to 10 digits.")
    if row["measure"] not in _KINDS:
        return refuse("duties.pack_field", f"measure {row['measure']!r} is not one of {_KINDS}.")
    if (row["measure"] == "preference") != (row["scheme"] != "") or (
        row["scheme"] and row["scheme"] not in schemes
    ):
        return refuse(
            "duties.pack_field",
            f"scheme {row['scheme']!r} does not fit the measure.",
            "A preference names a scheme of pack.yaml, nothing else does.",
        )
    origin = row["origin"]
    if origin and origin not in groups and not (len(origin) == 2 and origin.isupper()):
        return refuse("duties.pack_field", f"origin {origin!r} is no group and no economy.")
    return _rate_problem(row, refuse) or _date_problem(row, refuse)


def _rate_problem(row: Row, refuse: _Refuse) -> Problem | None:
    percent, amount = row["rate_percent"], row["amount"]
    for name, text in (("rate_percent", percent), ("amount", amount)):
        number = read_number(text) if text else None
        if text and (number is None or number < 0):
            return refuse("duties.pack_number", f"{name} {text!r} is not a number.")
    if (percent == "") == (amount == ""):
        return refuse("duties.pack_number", "give rate_percent or amount, one of them.")
    if amount and row["unit"] not in UNITS:
        return refuse(
            "duties.pack_unit",
            f"unit {row['unit']!r} is not known.",
            f"One of: {', '.join(UNITS)}.",
        )
    if amount and len(row["currency"]) != 3:
        return refuse("duties.pack_field", f"currency {row['currency']!r} is not a currency.")
    if not row["component"].isdecimal():
        return refuse("duties.pack_number", f"component {row['component']!r} is not 1, 2, ...")
    if row["operator"] not in (("",) if row["component"] == "1" else ("+", "min", "max")):
        return refuse(
            "duties.pack_field",
            f"operator {row['operator']!r} does not fit component {row['component']}.",
            "Blank for the first, then +, min or max.",
        )
    return None


def _date_problem(row: Row, refuse: _Refuse) -> Problem | None:
    try:
        first, last = read_date(row["valid_from"]), read_date(row["valid_to"])
    except ValueError as error:
        return refuse("duties.pack_field", f"{error}.", "Write dates as YYYY-MM-DD.")
    if first is None or (last is not None and last < first):
        return refuse("duties.pack_field", "valid_from is missing or after valid_to.")
    if not row["source"].strip():
        return refuse(
            "duties.pack_source", "source is missing.", "Every value says where it is from."
        )
    return None


def _measure(
    key: _Key, items: list[tuple[int, Row, Component]], problems: list[Problem]
) -> Measure:
    code, kind, scheme, origin, first, last = key
    items.sort(key=lambda item: item[0])
    if [number for number, _, _ in items] != list(range(1, len(items) + 1)):
        row = items[-1][1]
        problems.append(
            Problem(
                "duties.pack_overlap",
                f"{row.path}: the components of {code} are not numbered 1, 2, ... once each.",
                line=row.line,
                hint="Two rates for the same goods and dates cannot both hold.",
            )
        )
    components = tuple(component for _, _, component in items)
    return Measure(code, kind, scheme, origin, components, first, last, items[0][1]["source"])


def _overlapping(parts: Mapping[_Key, list[tuple[int, Row, Component]]]) -> Iterable[Problem]:
    by_goods: dict[tuple[str, ...], list[_Key]] = defaultdict(list)
    for key in parts:
        by_goods[key[:4]].append(key)
    for keys in by_goods.values():
        clash = overlaps([(key[4], key[5]) for key in keys]) if len(keys) > 1 else None
        if clash is not None:
            row = parts[keys[clash[1]]][0][1]
            yield Problem(
                "duties.pack_overlap",
                f"{row.path}: {row['measure']} of {row['code']} overlaps an earlier row's dates.",
                line=row.line,
                hint="Close the earlier one with valid_to the day before.",
            )
