"""Point-in-time features: what a history says about a line, using only what was known before it.

A line dated d sees history lines dated before d, and outcomes recorded before the start (UTC) of
day d. Lines of the batch that is scored never feed each other. So a line's features are a pure
function of the history and the line: one at a time, in chunks or all at once give the same bits.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradelane.kit.errors import InputRefused, Problem
from tradelane.targeting import entities, peers
from tradelane.targeting.catalogue import (
    ENTITIES,
    INPUT_COLUMNS,
    MASS_UNITS,
    MEASURES,
    NAMES,
    OWN_PRICE,
)
from tradelane.trade.table import LINE_SCHEMA, OUTCOME_SCHEMA

Floats = NDArray[np.float64]

_RATED = pl.col("exchange_rate") > 0

ASSUMED_DELAY_DAYS = 30
"""An outcome without a recorded time is taken to be known this many days after its line's date."""

_SCHEMA: dict[str, pl.DataType] = {
    **LINE_SCHEMA,
    "duty_rate": pl.Float64(),
    "exchange_rate": pl.Float64(),
}


@dataclass(frozen=True)
class History:
    """Past lines, arranged so that `features` can ask them about any line."""

    table: pl.DataFrame
    overall: entities.Events
    records: dict[str, entities.Events]
    measures: dict[str, peers.Peers]

    def features(self, lines: pl.DataFrame) -> pl.DataFrame:
        """One row a line, in order: the columns of `catalogue.NAMES`, then evidence for reasons.

        lines: the columns of `catalogue.INPUT_COLUMNS` (others are not looked at); absent values
        stay NaN. Errors: InputRefused ``targeting.columns``.
        """
        asked = _prepare(lines)
        days = asked["day"].to_numpy().astype(np.int64)
        out = self._records(asked, days)
        out |= self._measures(asked)
        out |= self._own(asked, days, out)
        frame = pl.DataFrame({name: out[name] for name in NAMES})
        return frame.with_columns(
            **{k: pl.Series(v) for k, v in out.items() if k not in set(NAMES)}
        )

    def _records(self, asked: pl.DataFrame, days: entities.Ints) -> dict[str, Floats]:
        everyone = np.zeros(asked.height, np.int64)
        at = self.overall.before(everyone, days)
        checked, wrong = self.overall.total("checked", at), self.overall.total("wrong", at)
        overall = (wrong + 1.0) / (checked + 20.0)
        out: dict[str, Floats] = {"overall_share": overall}
        for e in ENTITIES:
            events = self.records[e.name]
            absent = (
                asked.select(pl.any_horizontal(pl.col(c) == "" for c in e.columns))
                .to_series()
                .to_numpy()
            )
            codes = events.code_of(asked)
            parts = entities.record(events, codes, days, overall, e.strength, absent)
            out |= {f"{e.name}_{part}": values for part, values in parts.items()}
            if e.name in OWN_PRICE:
                mean = entities.mean_before(events, "log_price", "priced", codes, days)
                out[f"{e.name}_own_price"] = np.exp(mean)
                out[f"{e.name}_price_gap"] = asked["price_kg"].to_numpy() - mean
            if e.name == "hs4":
                mean = entities.mean_before(events, "rate", "rated", codes, days)
                out["heading_rate"] = mean
                out["duty_rate_gap"] = asked["duty_rate"].to_numpy() - mean
        return out

    def _measures(self, asked: pl.DataFrame) -> dict[str, Floats]:
        out: dict[str, Floats] = {}
        for m in MEASURES:
            out[m.name] = asked[m.name].to_numpy()
            for part, values in self.measures[m.name].compare(asked).items():
                out[f"{m.name}_{part}"] = values
        return out

    def _own(
        self, asked: pl.DataFrame, days: entities.Ints, out: dict[str, Floats]
    ) -> dict[str, Floats]:
        value, rate = asked["customs_value"].to_numpy(), asked["duty_rate"].to_numpy()
        with np.errstate(over="ignore", invalid="ignore"):
            charges = value * rate / 100.0
        since = asked["importer_since"].cast(pl.Int32).cast(pl.Float64).fill_null(np.nan).to_numpy()
        heading = out["importer_hs4_lines"]
        return {
            "hs6_of_heading": np.where(
                heading > 0, out["importer_hs6_lines"] / np.maximum(heading, 1.0), np.nan
            ),
            "log_value": _log(value),
            "log_charges": _log(charges + 1.0),
            "log_mass": _log(asked["net_mass_kg"].to_numpy()),
            "log_quantity": _log(asked["quantity"].to_numpy()),
            "duty_rate": rate,
            "importer_registered": days - since,
            "exchange_rate": asked["exchange_rate"].to_numpy(),
            "preference_claimed": (asked["preference"] != "").to_numpy().astype(np.float64),
            "transhipped": _differs(asked, "departure", "origin"),
        }

    def dump(self) -> bytes:
        """The history's needed columns as Arrow IPC bytes, the same for the same history."""
        out = io.BytesIO()
        self.table.write_ipc(out, compression="zstd")
        return out.getvalue()


def build(history: pl.DataFrame) -> History:
    """Arrange past lines (line columns, ``duty_rate`` and outcome columns) for questions.

    Errors: InputRefused ``targeting.columns`` for missing columns.
    """
    needed = [*INPUT_COLUMNS, *OUTCOME_SCHEMA]
    schema = {**_SCHEMA, **OUTCOME_SCHEMA}
    table = _checked(history, needed).select(pl.col(c).cast(schema[c]) for c in needed)
    return _arrange(table)


def load(data: bytes) -> History:
    """The history that `History.dump` wrote."""
    return _arrange(pl.read_ipc(io.BytesIO(data)))


def matrix(frame: pl.DataFrame) -> NDArray[np.float32]:
    """The model's input, one row a line and one column a feature: float32, C order, NaN absent.

    What does not fit into a float32 (an amount of 10^300) is absent too: it is no measurement.
    """
    with np.errstate(over="ignore"):
        x = np.ascontiguousarray(frame.select(NAMES).to_numpy(), dtype=np.float32)
    # One bit pattern for absent, because rows are hashed.
    x[~np.isfinite(x)] = np.nan
    return x


def _arrange(table: pl.DataFrame) -> History:
    known = pl.coalesce(
        pl.col("recorded_at").dt.date(), pl.col("date").dt.offset_by(f"{ASSUMED_DELAY_DAYS}d")
    )
    past = _prepare(table).with_columns(
        # An outcome cannot be known before its line was filed, whatever the clock said.
        everyone=pl.lit("everyone"),
        known_day=pl.when(pl.col("fraud").is_not_null() & pl.col("inspected").fill_null(True))
        .then(pl.max_horizontal(known, "date"))
        .cast(pl.Int32),
        wrong=pl.col("fraud").cast(pl.Int32).fill_null(0),
        log_price=pl.col("price_kg").fill_nan(None),
        duty_rate=pl.col("duty_rate").fill_nan(None),
    )
    records = {e.name: entities.build(past, e.columns) for e in ENTITIES}
    measures = {}
    for m in MEASURES:
        columns = {"day", m.name, "hs6", "hs4", "hs2", "origin", *m.also_by}
        measures[m.name] = peers.Peers(
            m, past.select(sorted(columns)).with_columns(pl.col(m.name).fill_nan(None))
        )
    return History(table, entities.build(past, ("everyone",)), records, measures)


def _prepare(lines: pl.DataFrame) -> pl.DataFrame:
    """The needed columns with the parts of the code, the day number and the log ratios; amounts in
    the territory's currency where a line has an exchange rate, else as declared."""
    table = _checked(lines, INPUT_COLUMNS).with_columns(
        pl.col(c).fill_null("") if _SCHEMA[c] == pl.String else pl.col(c).cast(_SCHEMA[c])
        for c in INPUT_COLUMNS
    )
    table = table.with_columns(
        pl.col("date").cast(pl.Int32).alias("day"),
        hs6=pl.col("hs_code").str.slice(0, 6),
        hs4=pl.col("hs_code").str.slice(0, 4),
        hs2=pl.col("hs_code").str.slice(0, 2),
        money=pl.when(_RATED).then(pl.lit("")).otherwise("currency"),
        exchange_rate=pl.when(_RATED).then("exchange_rate").otherwise(1.0),
        # Where goods are counted by mass, a price or a mass per unit says nothing new.
        quantity=pl.when(~pl.col("quantity_unit").is_in(MASS_UNITS)).then("quantity"),
    ).with_columns(pl.col("customs_value", "freight") * pl.col("exchange_rate"))
    ratios = table.select(peers.log_ratios()).with_columns(pl.all().fill_null(np.nan))
    amounts = ("customs_value", "net_mass_kg", "quantity", "duty_rate")
    return table.with_columns(pl.col(amounts).fill_null(np.nan)).hstack(ratios)


def _checked(lines: pl.DataFrame, needed: tuple[str, ...] | list[str]) -> pl.DataFrame:
    if "exchange_rate" not in lines.columns:
        lines = lines.with_columns(exchange_rate=pl.lit(None, pl.Float64))
    missing = [c for c in needed if c not in lines.columns]
    undated = 0 if missing else lines["date"].null_count()
    if missing or undated:
        raise InputRefused(
            Problem(
                "targeting.columns",
                f"The lines have no column {', '.join(missing)}."
                if missing
                else f"{undated} lines have no date.",
                hint="Read the file with a mapping that fills it; empty cells are fine elsewhere.",
            )
        )
    return lines


def _log(values: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(values > 0, np.log(values), np.nan)


def _differs(asked: pl.DataFrame, one: str, other: str) -> Floats:
    given = ((asked[one] != "") & (asked[other] != "")).to_numpy()
    return np.where(given, (asked[one] != asked[other]).to_numpy().astype(np.float64), np.nan)
