"""Declarations as the tables that targeting reads, with the duty rate that duties finds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tradelane.declarations.model import Filing
from tradelane.duties.service import Duties
from tradelane.kit.progress import Progress
from tradelane.trade.declaration import Declaration
from tradelane.trade.table import lines_table, outcomes_table

if TYPE_CHECKING:
    import polars as pl

_AT_ONCE = 20_000


def scoring_table(declarations: Sequence[Declaration], duties: Duties) -> pl.DataFrame:
    """The columns of `trade.table.LINE_SCHEMA`, ``duty_rate`` and ``exchange_rate``.

    duty_rate: percent of duty in the tariff, or as declared where the pack has none; exchange_rate:
    the territory's currency for one unit of the line's. Null where not known.
    """
    import polars as pl

    rates: list[float | None] = []
    prices: list[float | None] = []
    known: dict[tuple[str, dt.date], float | None] = {}
    for declaration in declarations:
        for item in declaration.lines:
            rate = duties.ad_valorem_rate(
                item.hs_code, item.origin, item.preference, declaration.date
            )
            if rate is None:
                rate = item.declared_duty_rate
            rates.append(None if rate is None else float(rate))
            key = (item.currency, declaration.date)
            if key not in known:
                price = duties.exchange_rate(*key)
                known[key] = None if price is None else float(price)
            prices.append(known[key])
    return lines_table(declarations).with_columns(
        pl.Series("duty_rate", rates, dtype=pl.Float64),
        pl.Series("exchange_rate", prices, dtype=pl.Float64),
    )


def history_table(
    filings: Iterable[Filing], duties: Duties, progress: Progress, total: int | None = None
) -> tuple[pl.DataFrame, int]:
    """A history as one table with the outcome columns, and how many of its rows were unusable."""
    import polars as pl

    parts: list[pl.DataFrame] = []
    pending: list[Filing] = []
    unusable = done = 0

    def settle() -> None:
        table = scoring_table([f.declaration for f in pending if f.declaration], duties)
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
