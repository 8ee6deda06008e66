"""Point-in-time features: what a history says about a line, using only what was known before it.

A line dated d sees history lines dated before d, and outcomes recorded before the start (UTC) of
day d. Lines of the batch that is scored never feed each other. So a line's features are a pure
function of the history and the line: one at a time, in chunks or all at once give the same bits.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradelane.kit.errors import InputRefused, Problem
from tradelane.targeting import entities, peers, siblings, words
from tradelane.targeting.catalogue import (
    BUSY,
    ENTITIES,
    EVIDENCE,
    INPUT_COLUMNS,
    MASS_UNITS,
    MEASURE_PARTS,
    MEASURES,
    NAMES,
    OPTIONAL,
    OWN_PRICE,
    OWN_VALUE,
    RECORD_PARTS,
)
from tradelane.trade.table import LINE_SCHEMA, OUTCOME_SCHEMA

Floats = NDArray[np.float64]

ASSUMED_DELAY_DAYS = 30
"""An outcome without a recorded time is taken to be known this many days after its line's date."""

_SCHEMA: dict[str, pl.DataType] = {
    **LINE_SCHEMA,
    "duty_rate": pl.Float64(),
    "exchange_rate": pl.Float64(),
    "text_mismatch": pl.Float64(),
}


_ROWS = {name: row for row, name in enumerate((*NAMES, *EVIDENCE))}
_PRICE = [m.name for m in MEASURES].index("price_kg")
_AMOUNT = {name: row for row, name in enumerate(peers.AMOUNTS)}


@dataclass(frozen=True, slots=True)
class Asked:
    """Lines as arrays, with what was looked up for them: all that features are made from.

    Every array has one column a line. amounts: a row for each of `peers.AMOUNTS`, NaN where
    absent; since: the day number of the importer's registration; codes: a row for each of
    `entities.KINDS`; absent: whether the line does not name it, a row for each of
    `catalogue.ENTITIES`; best and heading: what `peers.Peers.find` gives, measure by measure;
    near: what `siblings.Siblings.find` gives, and code the six digits as a number; words: what
    `words.Words.find` gives; mismatch: as in `catalogue.OPTIONAL`, NaN where absent; claimed and
    transhipped: 0, 1 or NaN.
    """

    days: entities.Ints
    amounts: Floats
    since: Floats
    codes: entities.Ints
    absent: NDArray[np.bool_]
    best: Floats
    heading: Floats
    near: Floats
    code: Floats
    words: Floats
    mismatch: Floats
    claimed: Floats
    transhipped: Floats


@dataclass(frozen=True, slots=True)
class Answers:
    """What a history says: one row a name of `catalogue.NAMES`, then of `catalogue.EVIDENCE` (for
    reasons), one column a line; NaN where it is not known."""

    values: Floats

    @property
    def height(self) -> int:
        """How many lines were asked about."""
        return int(self.values.shape[1])

    def __getitem__(self, name: str) -> Floats:
        row: Floats = self.values[_ROWS[name]]
        return row


@dataclass(frozen=True)
class History:
    """Past lines, arranged so that `features` can ask them about any line."""

    table: pl.DataFrame
    events: entities.Events
    measures: tuple[peers.Peers, ...]
    siblings: siblings.Siblings
    words: words.Words

    def features(self, lines: pl.DataFrame) -> Answers:
        """What the history says about many lines, in order.

        lines: the columns of `catalogue.INPUT_COLUMNS` (others are not looked at); absent values
        stay NaN. Errors: InputRefused ``targeting.columns``.
        """
        asked = _prepare(lines)
        found = [measure.find(asked) for measure in self.measures]
        dates, hs6 = asked["date"].to_list(), asked["hs6"].to_list()
        return self.answer(
            Asked(
                days=asked["day"].to_numpy().astype(np.int64),
                amounts=_amounts(asked),
                since=asked["since"].to_numpy(),
                codes=self.events.codes_of(asked),
                absent=np.array(
                    [asked[f"no_{e.name}"].to_numpy() for e in ENTITIES], dtype=np.bool_
                ),
                best=np.array([best for best, _ in found]),
                heading=np.array([heading for _, heading in found]),
                near=self.siblings.find(dates, asked["hs4"].to_list(), asked["money"].to_list()),
                code=np.array([siblings.digits(code) for code in hs6]),
                words=self.words.find(dates, asked["description"].to_list(), hs6),
                mismatch=asked["text_mismatch"].fill_null(np.nan).to_numpy(),
                claimed=(asked["preference"] != "").to_numpy().astype(np.float64),
                transhipped=_differs(asked, "departure", "origin"),
            )
        )

    def answer(self, asked: Asked) -> Answers:
        """What the history says about lines that were prepared: the one place where features are
        calculated, whether a file or a single line is asked about."""
        values = np.empty((len(_ROWS), len(asked.days)))
        out = Answers(values)
        with np.errstate(all="ignore"):
            ratios = peers.log_ratios(asked.amounts)
            self._records(asked, ratios[_PRICE], out)
            self._measures(asked, ratios, out)
            self._own(asked, out)
            self._neighbours(asked, ratios[_PRICE], out)
        return out

    def _neighbours(self, asked: Asked, log_price: Floats, out: Answers) -> None:
        found = siblings.compare(log_price, asked.code, asked.near)
        for part in ("fit", "gain", "above", "code", "price"):
            out[f"sibling_{part}"][:] = found[part]
        for part, told in zip(words.PARTS, asked.words, strict=True):
            out[f"words_{part}"][:] = told

    def _records(self, asked: Asked, log_price: Floats, out: Answers) -> None:
        found = entities.records(self.events, asked.codes, asked.days, asked.absent)
        end = len(ENTITIES) * len(RECORD_PARTS)
        by_entity = out.values[:end].reshape(len(ENTITIES), len(RECORD_PARTS), -1)
        for place, part in enumerate(RECORD_PARTS):
            by_entity[:, place] = found[part]
        first = _ROWS[f"{ENTITIES[0].name}_wrong"]
        out.values[first : first + len(ENTITIES)] = found["wrong"]
        for row, name in enumerate(OWN_PRICE):
            mean = found["own_log_price"][row]
            out[f"{name}_own_price"][:] = np.exp(mean)
            out[f"{name}_price_gap"][:] = log_price - mean
        log_value = _log(asked.amounts[_AMOUNT["customs_value"]])
        for row, name in enumerate(OWN_VALUE):
            out[f"{name}_value_gap"][:] = log_value - found["own_log_value"][row]
        for row, name in enumerate(BUSY):
            out[f"{name}_busy"][:] = found["busy"][row]
        out["overall_share"][:] = found["overall_share"]
        out["heading_rate"][:] = found["heading_rate"]

    def _measures(self, asked: Asked, ratios: Floats, out: Answers) -> None:
        found = peers.compare(ratios, asked.best, asked.heading)
        first, width = _ROWS[MEASURES[0].name], len(MEASURE_PARTS)
        by_measure = out.values[first : first + len(MEASURES) * width]
        by_measure = by_measure.reshape(len(MEASURES), width, -1)
        by_measure[:, 0] = ratios
        for place, part in enumerate(MEASURE_PARTS[1:], start=1):
            by_measure[:, place] = found[part.removeprefix("_")]
        first = _ROWS[f"{MEASURES[0].name}_q25"]
        quartiles = out.values[first : first + len(MEASURES) * 3].reshape(len(MEASURES), 3, -1)
        for place, part in enumerate(("q25", "q50", "q75")):
            quartiles[:, place] = found[part]

    def _own(self, asked: Asked, out: Answers) -> None:
        value, mass, quantity, rate, exchange = (
            asked.amounts[_AMOUNT[name]]
            for name in ("customs_value", "net_mass_kg", "quantity", "duty_rate", "exchange_rate")
        )
        heading = out["importer_hs4_lines"]
        out["hs6_of_heading"][:] = np.where(
            heading > 0, out["importer_hs6_lines"] / np.maximum(heading, 1.0), np.nan
        )
        out["log_value"][:] = _log(value)
        insurance = asked.amounts[_AMOUNT["insurance"]]
        out["insurance_share"][:] = np.where(value > 0, insurance / value, np.nan)
        out["log_charges"][:] = _log(value * rate / 100.0 + 1.0)
        out["log_mass"][:] = _log(mass)
        out["log_quantity"][:] = _log(quantity)
        out["text_mismatch"][:] = np.clip(asked.mismatch, 0.0, 1.0)
        out["duty_rate"][:] = rate
        out["duty_rate_gap"][:] = rate - out["heading_rate"]
        out["importer_registered"][:] = asked.days - asked.since
        out["preference_claimed"][:] = asked.claimed
        out["transhipped"][:] = asked.transhipped
        out["exchange_rate"][:] = exchange

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


def matrix(answers: Answers) -> NDArray[np.float32]:
    """The model's input, one row a line and one column a feature: float32, C order, NaN absent.

    What does not fit into a float32 (an amount of 10^300) is absent too: it is no measurement.
    """
    with np.errstate(over="ignore"):
        x = np.ascontiguousarray(answers.values[: len(NAMES)].T, dtype=np.float32)
    # One bit pattern for absent, because rows are hashed.
    x[~np.isfinite(x)] = np.nan
    return x


def _arrange(table: pl.DataFrame) -> History:
    known = pl.coalesce(
        pl.col("recorded_at").dt.date(), pl.col("date").dt.offset_by(f"{ASSUMED_DELAY_DAYS}d")
    )
    past = _prepare(table)
    ratios = peers.log_ratios(_amounts(past))
    past = past.with_columns(
        pl.Series(m.name, ratio).fill_nan(None) for m, ratio in zip(MEASURES, ratios, strict=True)
    ).with_columns(
        # An outcome cannot be known before its line was filed, whatever the clock said.
        known_day=pl.when(pl.col("fraud").is_not_null() & pl.col("inspected").fill_null(True))
        .then(pl.max_horizontal(known, "date"))
        .cast(pl.Int32),
        wrong=pl.col("fraud").cast(pl.Int32).fill_null(0),
        log_price="price_kg",
        log_value=pl.Series(_log(_amounts(past)[_AMOUNT["customs_value"]])).fill_nan(None),
        duty_rate=pl.col("duty_rate").fill_nan(None),
    )
    measures = []
    for m in MEASURES:
        columns = {"day", m.name, "hs6", "hs4", "hs2", "origin", *m.also_by}
        measures.append(peers.Peers(m, past.select(sorted(columns))))
    near = past.select("day", "hs4", "hs6", "money", "price_kg", "duty_rate", "preference")
    said = past.select("day", "hs6", "description")
    return History(
        table,
        entities.build(past),
        tuple(measures),
        siblings.Siblings(near),
        words.Words(said),
    )


def _prepare(lines: pl.DataFrame) -> pl.DataFrame:
    """The needed columns with the parts of the code, the day numbers and, where a line has an
    exchange rate, no currency (``money``): its amounts are compared in the territory's.

    `online.fields` does the same with one line.
    """
    table = _checked(lines, INPUT_COLUMNS).with_columns(
        pl.col(c).fill_null("") if _SCHEMA[c] == pl.String else pl.col(c).cast(_SCHEMA[c])
        for c in INPUT_COLUMNS
    )
    rated = pl.col("exchange_rate").fill_nan(None) > 0
    return table.with_columns(
        pl.col("date").cast(pl.Int32).alias("day"),
        pl.col("importer_since").cast(pl.Int32).cast(pl.Float64).fill_null(np.nan).alias("since"),
        hs6=pl.col("hs_code").str.slice(0, 6),
        hs4=pl.col("hs_code").str.slice(0, 4),
        hs2=pl.col("hs_code").str.slice(0, 2),
        everyone=pl.lit("everyone"),
        money=pl.when(rated).then(pl.lit("")).otherwise("currency"),
        # Where goods are counted by mass, a price or a mass per unit says nothing new.
        quantity=pl.when(~pl.col("quantity_unit").is_in(MASS_UNITS)).then("quantity"),
    ).with_columns(
        pl.any_horizontal(pl.col(c) == "" for c in e.columns).alias(f"no_{e.name}")
        for e in ENTITIES
    )


def _amounts(prepared: pl.DataFrame) -> Floats:
    columns = (prepared[name].fill_null(np.nan).to_numpy() for name in peers.AMOUNTS)
    return in_own_currency(np.array(list(columns)))


def in_own_currency(amounts: Floats) -> Floats:
    """Amounts (a row for each of `peers.AMOUNTS`) in the territory's currency where a line has an
    exchange rate, else as declared, at a rate of 1."""
    rate = amounts[_AMOUNT["exchange_rate"]]
    rate[:] = np.where(rate > 0, rate, 1.0)
    with np.errstate(all="ignore"):
        for name in ("customs_value", "freight", "insurance"):
            amounts[_AMOUNT[name]] *= rate
    return amounts


def _checked(lines: pl.DataFrame, needed: tuple[str, ...] | list[str]) -> pl.DataFrame:
    absent = [name for name in OPTIONAL if name not in lines.columns]
    if absent:
        lines = lines.with_columns(pl.lit(None, pl.Float64).alias(name) for name in absent)
    missing = [c for c in needed if c not in lines.columns]
    undated = 0 if missing else lines["date"].null_count()
    if missing or undated:
        raise unusable(missing, undated)
    return lines


def unusable(missing: Sequence[str], undated: int) -> InputRefused:
    """What is raised for lines that lack these columns, or a date."""
    return InputRefused(
        Problem(
            "targeting.columns",
            f"The lines have no column {', '.join(missing)}."
            if missing
            else f"{undated} lines have no date.",
            hint="Read the file with a mapping that fills it; empty cells are fine elsewhere.",
        )
    )


def _log(values: Floats) -> Floats:
    return np.log(np.where(values > 0, values, np.nan))


def _differs(asked: pl.DataFrame, one: str, other: str) -> Floats:
    given = ((asked[one] != "") & (asked[other] != "")).to_numpy()
    return np.where(given, (asked[one] != asked[other]).to_numpy().astype(np.float64), np.nan)
