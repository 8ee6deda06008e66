"""Exchange rates: how much of the territory's currency one unit of another costs, by date."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from bisect import bisect_right
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from tradelane.duties.fields import read_number
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import Pack, read_date


class ExchangeRates:
    """Dated rates; the rate of a day is the latest one published on or before it.

    ``rows`` are (date, ISO 4217 currency, territory currency per 1 unit); ``digest`` names them in
    a decision.
    """

    def __init__(self, rows: Iterable[tuple[dt.date, str, Decimal]], digest: str = "") -> None:
        self._rates: dict[str, tuple[list[dt.date], list[Decimal]]] = {}
        listed = sorted(rows)
        for day, currency, rate in listed:
            days, rates = self._rates.setdefault(currency, ([], []))
            days.append(day)
            rates.append(rate)
        self.digest = digest or _digest(listed)
        self._known: dict[tuple[str, dt.date, int | None], tuple[Decimal, dt.date] | None] = {}

    def find(
        self, currency: str, on: dt.date, max_age_days: int | None = None
    ) -> tuple[Decimal, dt.date] | None:
        """The rate and its date, or None where there is none or only one that is too old.

        >>> rates = ExchangeRates([(dt.date(2026, 1, 1), "USD", Decimal("1.32"))])
        >>> rates.find("USD", dt.date(2026, 1, 20))
        (Decimal('1.32'), datetime.date(2026, 1, 1))
        >>> rates.find("USD", dt.date(2026, 3, 1), 45) is None
        True
        """
        key = (currency, on, max_age_days)
        if key not in self._known:
            if len(self._known) > 100_000:
                self._known.clear()
            self._known[key] = self._find(currency, on, max_age_days)
        return self._known[key]

    def _find(
        self, currency: str, on: dt.date, max_age_days: int | None
    ) -> tuple[Decimal, dt.date] | None:
        days, rates = self._rates.get(currency, ([], []))
        at = bisect_right(days, on) - 1
        if at < 0 or (max_age_days is not None and (on - days[at]).days > max_age_days):
            return None
        return rates[at], days[at]

    @classmethod
    def read(cls, path: Path) -> ExchangeRates:
        """The rates of a CSV file with the columns date, currency, rate (UTF-8).

        Errors: InputRefused ``duties.exchange_rates`` with the line.
        """
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.DictReader(file)
                cells = [(reader.line_num, row) for row in reader]
                columns = set(reader.fieldnames or ())
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise InputRefused(
                Problem("duties.exchange_rates", f"{path.name} cannot be read: {error}.")
            ) from None
        if not columns >= {"date", "currency", "rate"}:
            raise InputRefused(
                Problem(
                    "duties.exchange_rates",
                    f"{path.name} has no columns date, currency and rate.",
                    line=1,
                    hint="Columns: date, currency, rate (territory currency per 1 unit).",
                )
            )
        return cls(_rows(path.name, cells))

    @classmethod
    def of_pack(cls, pack: Pack) -> ExchangeRates:
        """The rates in the pack's exchange_rates.csv, or none."""
        if not pack.has("exchange_rates.csv"):
            return cls(())
        rows = [(row.line, row.cells) for row in pack.table("exchange_rates.csv")]
        return cls(_rows("exchange_rates.csv", rows))


def _rows(
    name: str, cells: Iterable[tuple[int, dict[str, str]]]
) -> list[tuple[dt.date, str, Decimal]]:
    rows, problems = [], []
    seen: set[tuple[dt.date, str]] = set()
    for line, row in cells:
        try:
            day = read_date((row.get("date") or "").strip())
        except ValueError:
            day = None
        currency = (row.get("currency") or "").strip()
        rate = read_number((row.get("rate") or "").strip())
        wrong = (
            "the date is not YYYY-MM-DD"
            if day is None
            else "the currency is not three capital letters"
            if not (len(currency) == 3 and currency.isascii() and currency.isupper())
            else "the rate is not a number above zero"
            if rate is None or rate <= 0
            else "the same date and currency come twice"
            if (day, currency) in seen
            else ""
        )
        if wrong or day is None or rate is None:
            problems.append(
                Problem(
                    "duties.exchange_rates",
                    f"{name}: {wrong}.",
                    line=line,
                    hint="Columns: date, currency, rate (territory currency per 1 unit).",
                )
            )
            continue
        seen.add((day, currency))
        rows.append((day, currency, rate))
    if problems:
        raise InputRefused(problems)
    return rows


def _digest(rows: list[tuple[dt.date, str, Decimal]]) -> str:
    total = hashlib.sha256()
    for day, currency, rate in rows:
        total.update(f"{day.isoformat()},{currency},{rate:f}\n".encode())
    return "sha256:" + total.hexdigest()
