"""Scoring a few lines in a millisecond or two: what the HTTP door needs.

`service.Targeting.score` is made for files: it looks lines up by joining tables, which costs the
same for one line as for thousands. `Online` holds the same codes and peers in dictionaries. It only
looks up; what is then calculated (`features.History.answer`, `service.judge`) is the very code that
scores files, so both give the same bits.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
import polars as pl

from tradelane.targeting import entities, features, peers, siblings
from tradelane.targeting.catalogue import INPUT_COLUMNS, LEVELS, MASS_UNITS, OPTIONAL
from tradelane.targeting.judgement import judge
from tradelane.targeting.service import Trained
from tradelane.trade.table import LINE_SCHEMA

Line = Mapping[str, Any]
Fields = dict[str, str]
_Key = Callable[[Fields], Any]
_Level = tuple[_Key, dict[Any, tuple[float, ...]]]
"""How lines are named at a level of peers, and what is known of each name: `peers.BEST`."""

_TEXTS = tuple(c for c in INPUT_COLUMNS if LINE_SCHEMA.get(c) == pl.String)
_PLAIN_AMOUNTS = tuple(a for a in peers.AMOUNTS if a not in ("quantity", "exchange_rate"))
_MASS_UNITS = frozenset(MASS_UNITS)
_HEADING = LEVELS.index(peers.HEADING)
_NO_PEERS = (math.nan,) * len(peers.BEST)
_PEERS = peers.BEST.index("peers")
_USUAL = len(peers.BEST) - len(peers.USUAL)
_DAY_ZERO = dt.date(1970, 1, 1).toordinal()


class Online:
    """Scores lines one by one or a few at a time; made once from a model.

    For one caller at a time: threads that share one must take turns.
    """

    def __init__(self, trained: Trained) -> None:
        self._trained = trained
        self._codes: list[tuple[tuple[str, ...], _Key, dict[Any, int]]] = [
            (kind.columns, itemgetter(*kind.columns), dict(_by_key(codes, kind.columns, ["code"])))
            for kind, codes in zip(entities.KINDS, trained.history.events.codes, strict=True)
        ]
        self._months: dict[dt.date, list[list[_Level]]] = {}

    @property
    def trained(self) -> Trained:
        """The model that it scores with."""
        return self._trained

    @property
    def history(self) -> features.History:
        """The past lines that it compares with."""
        return self._trained.history

    def score(self, lines: Sequence[Line], *, balance: float | None = None) -> list[dict[str, Any]]:
        """For each line, in order, the row that `service.Targeting.score` gives: equal in every
        bit, however lines are grouped.

        lines: ``subject`` and the columns of `catalogue.INPUT_COLUMNS` as plain values: texts,
        numbers and dates, None where absent; with ``text_mismatch`` and ``text_code`` where a
        classifier was asked. Errors: InputRefused ``targeting.columns``.
        """
        if not lines:
            return []
        answers = self._trained.history.answer(self._ask(lines))
        dial = self._trained.balance if balance is None else balance
        columns = judge(
            self._trained, answers, lambda name: [line.get(name) for line in lines], dial
        )
        names = ("subject", *columns)
        rows = zip((line["subject"] for line in lines), *columns.values(), strict=True)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def prepare(self, on: dt.date) -> None:
        """Take the snapshot of peers for the month of that day now (about a tenth of a second for
        75,000 lines), so that the month's first declaration need not wait for it."""
        self._month(on)

    def _ask(self, lines: Sequence[Line]) -> features.Asked:
        try:
            named = [fields(line) for line in lines]
            days = [line["date"].toordinal() - _DAY_ZERO for line in lines]
            amounts = [amount for line in lines for amount in _amounts(line)]
            since = [_day(line["importer_since"]) for line in lines]
        except (KeyError, AttributeError):
            _refuse_unusable(lines)
            raise
        codes, absent = self._look_up(named)
        dates, hs6 = [line["date"] for line in lines], [f["hs6"] for f in named]
        best, heading = self._compare(dates, named)
        past = self._trained.history
        shape = (len(lines), -1)
        return features.Asked(
            days=np.array(days, np.int64),
            # None becomes NaN.
            amounts=features.in_own_currency(np.array(amounts, np.float64).reshape(shape).T.copy()),
            since=np.array(since, np.float64),
            codes=np.array(codes, np.int64).reshape(shape).T.copy(),
            # All lines together, the first kind, are never absent and have no features.
            absent=np.array(absent, np.bool_).reshape(shape).T[1:].copy(),
            best=_by_measure(best, len(lines)),
            heading=_by_measure(heading, len(lines)),
            near=past.siblings.find(dates, [f["hs4"] for f in named], [f["money"] for f in named]),
            code=np.array([siblings.digits(code) for code in hs6]),
            words=past.words.find(dates, [f["description"] for f in named], hs6),
            # None becomes NaN.
            mismatch=np.array([line.get("text_mismatch") for line in lines], np.float64),
            claimed=np.array([float(f["preference"] != "") for f in named]),
            transhipped=np.array([_transhipped(f) for f in named]),
        )

    def _look_up(self, named: Iterable[Fields]) -> tuple[list[int], list[bool]]:
        """The code of each entity of each line, and whether the line does not name it."""
        codes, absent = list[int](), list[bool]()
        for line in named:
            for columns, key, known in self._codes:
                code = known.get(key(line), -1)
                codes.append(code)
                # What has a code has a name.
                absent.append(code < 0 and not all(line[c] for c in columns))
        return codes, absent

    def _compare(
        self, dates: Sequence[dt.date], named: Sequence[Fields]
    ) -> tuple[list[float], list[float]]:
        """The `peers.BEST` of the closest level and of the heading, line by line and for each
        measure."""
        best, heading = list[float](), list[float]()
        for date, line in zip(dates, named, strict=True):
            for levels in self._month(date):
                key, known = levels[_HEADING]
                heading += _enough(known.get(key(line)))
                best += _closest(levels, line)
        return best, heading

    def _month(self, date: dt.date) -> list[list[_Level]]:
        """For each measure its levels of peers as they stood at the start of the date's month."""
        month = date.replace(day=1)
        found = self._months.get(month)
        if found is None:
            if len(self._months) >= peers.MOST_MONTHS:
                self._months.clear()
            found = self._months[month] = [
                _levels(measure, month) for measure in self._trained.history.measures
            ]
        return found


def fields(line: Line) -> Fields:
    """The texts by which a line is looked up: what `features._prepare` does with many.

    >>> empty = dict.fromkeys(INPUT_COLUMNS)
    >>> found = fields(empty | {"hs_code": "8471300010", "currency": "USD"})
    >>> found["hs6"], found["hs2"], found["money"], found["origin"]
    ('847130', '84', 'USD', '')
    >>> fields(empty | {"currency": "USD", "exchange_rate": 1.4})["money"]
    ''
    """
    found = {name: line[name] or "" for name in _TEXTS}
    code = found["hs_code"]
    found["hs6"], found["hs4"], found["hs2"] = code[:6], code[:4], code[:2]
    found["everyone"] = "everyone"
    found["money"] = "" if (line.get("exchange_rate") or 0.0) > 0 else found["currency"]
    return found


def _amounts(line: Line) -> list[float | None]:
    """The numbers of `peers.AMOUNTS`; where goods are counted by mass, no quantity."""
    value, freight, insurance, net, gross, rate = (line[name] for name in _PLAIN_AMOUNTS)
    quantity = None if line["quantity_unit"] in _MASS_UNITS else line["quantity"]
    return [value, freight, insurance, net, gross, quantity, rate, line.get("exchange_rate")]


def _day(date: dt.date | None) -> float:
    return math.nan if date is None else float(date.toordinal() - _DAY_ZERO)


def _transhipped(line: Fields) -> float:
    departure, origin = line["departure"], line["origin"]
    return float(departure != origin) if departure and origin else math.nan


def _closest(levels: Sequence[_Level], line: Fields) -> tuple[float, ...]:
    usual: tuple[float, ...] | None = None
    for key, known in levels:
        found = known.get(key(line))
        if found is None:
            continue
        if usual is None:
            usual = found[_USUAL:]
        if found[_PEERS] >= peers.MIN_PEERS:
            return (*found[:_USUAL], *usual)
    # Where no level has enough lines, nothing is usual either.
    return _NO_PEERS


def _enough(found: tuple[float, ...] | None) -> tuple[float, ...]:
    return found if found is not None and found[_PEERS] >= peers.MIN_PEERS else _NO_PEERS


def _by_measure(values: list[float], lines: int) -> features.Floats:
    """From line by line to one row a measure, then a statistic, with one column a line."""
    stacked = np.array(values, np.float64).reshape(lines, -1, len(peers.BEST))
    return np.ascontiguousarray(stacked.transpose(1, 2, 0))


def _levels(measure: peers.Peers, month: dt.date) -> list[_Level]:
    levels = list[_Level]()
    for number, (level, stats) in enumerate(zip(LEVELS, measure.snapshot(month), strict=True)):
        columns = measure.keys(level)
        told = stats.with_columns(level=pl.lit(float(number)))
        levels.append((itemgetter(*columns), dict(_by_key(told, columns, peers.BEST))))
    return levels


def _by_key(
    frame: pl.DataFrame, columns: Sequence[str], told: Sequence[str]
) -> Iterable[tuple[Any, Any]]:
    """Pairs of what `itemgetter` gives for these columns and what is told, one or a tuple."""

    def values(names: Sequence[str]) -> Iterable[Any]:
        lists = [frame[name].to_list() for name in names]
        return lists[0] if len(lists) == 1 else zip(*lists, strict=True)

    return zip(values(columns), values(told), strict=True)


def _refuse_unusable(lines: Sequence[Line]) -> None:
    needed = {"subject", *INPUT_COLUMNS} - set(OPTIONAL)
    missing = sorted({name for line in lines for name in needed - line.keys()})
    undated = 0 if missing else sum(line["date"] is None for line in lines)
    if missing or undated:
        raise features.unusable(missing, undated)
