"""Declarations as the tables that targeting reads, with the duty rate that duties finds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tradelane.declarations.model import Filing
from tradelane.duties.service import Duties
from tradelane.kit.progress import Progress
from tradelane.trade.declaration import Declaration
from tradelane.trade.table import LINE_SCHEMA, line_rows, lines_table, outcomes_table

if TYPE_CHECKING:
    import polars as pl

_AT_ONCE = 20_000
_SCORING_COLUMNS = (*LINE_SCHEMA, "duty_rate", "exchange_rate")


def scoring_table(
    declarations: Sequence[Declaration], duties: Duties, *, as_declared: bool = False
) -> pl.DataFrame:
    """The columns of `trade.table.LINE_SCHEMA`, ``duty_rate`` and ``exchange_rate``.

    duty_rate: percent of duty in the tariff, or as declared where the pack has none (with
    ``as_declared``, the other way round); exchange_rate: the territory's currency for one unit of
    the line's. Null where not known.
    """
    import polars as pl

    found = list(_rates(declarations, duties, as_declared=as_declared))
    return lines_table(declarations).with_columns(
        pl.Series("duty_rate", [rate for rate, _ in found], dtype=pl.Float64),
        pl.Series("exchange_rate", [price for _, price in found], dtype=pl.Float64),
    )


def scoring_rows(declarations: Sequence[Declaration], duties: Duties) -> list[dict[str, Any]]:
    """The rows of `scoring_table` as plain values: what `targeting.online.Online` reads."""
    rows = line_rows(declarations)
    return [
        dict(zip(_SCORING_COLUMNS, (*row, *found), strict=True))
        for row, found in zip(rows, _rates(declarations, duties), strict=True)
    ]


def _rates(
    declarations: Iterable[Declaration], duties: Duties, *, as_declared: bool = False
) -> Iterator[tuple[float | None, float | None]]:
    """For each line its duty rate and its exchange rate, as `scoring_table` says."""
    prices: dict[tuple[str, dt.date], float | None] = {}
    for declaration in declarations:
        for item in declaration.lines:
            rate = item.declared_duty_rate if as_declared else None
            if rate is None:
                rate = duties.ad_valorem_rate(
                    item.hs_code, item.origin, item.preference, declaration.date
                )
            if rate is None:
                rate = item.declared_duty_rate
            key = (item.currency, declaration.date)
            if key not in prices:
                price = duties.exchange_rate(*key)
                prices[key] = None if price is None else float(price)
            yield None if rate is None else float(rate), prices[key]


def history_table(
    filings: Iterable[Filing],
    duties: Duties,
    progress: Progress,
    total: int | None = None,
    *,
    as_declared: bool = False,
) -> tuple[pl.DataFrame, int]:
    """A history as one table with the outcome columns, and how many of its rows were unusable.

    as_declared: whose duty rate counts first, as `scoring_table` says.
    """
    import polars as pl

    parts: list[pl.DataFrame] = []
    pending: list[Filing] = []
    unusable = done = 0

    def settle() -> None:
        good = [f.declaration for f in pending if f.declaration]
        table = scoring_table(good, duties, as_declared=as_declared)
        outcomes = outcomes_table([o for f in pending for o in f.outcomes])
        parts.append(pl.concat([table, outcomes], how="horizontal"))
        pending.clear()
        progress("read history", done, total)

    for filing in filings:
        done += filing.rows
        if filing.declaration is None:
            unusable += filing.rows
            continue
        pending.append(filing)
        if len(pending) >= _AT_ONCE:
            settle()
    if pending or not parts:
        settle()
    return pl.concat(parts), unusable
