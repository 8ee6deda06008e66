"""What is said about data before anybody trusts a figure made from it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradelane.targeting.catalogue import NAMES

SHARE_MISSING = 0.3
"""From this share of lines without a price on, it is said."""
FEWEST_OFFICES = 2
_IDENTIFIER_FROM = 0.9999


def remarks(history: pl.DataFrame, batch: pl.DataFrame) -> list[str]:
    """Sentences about a history and the lines that are judged by it; none where all is well."""
    found: list[str] = []
    if batch.is_empty() or history.is_empty():
        return ["There is nothing to rank." if batch.is_empty() else "The history is empty."]
    last = dt.date.fromisoformat(str(history["date"].max()))
    count = batch.filter(pl.col("date") <= last).height
    if count:
        found.append(
            f"{count:,} of {batch.height:,} lines are dated on or before the history's last day "
            f"({last}): each is judged by what was known before its own day."
        )
    repeated = batch.height - batch.select("subject").unique().height
    if repeated:
        found.append(f"{repeated:,} lines are in the batch more than once: each is ranked.")
    unpriced = _unpriced(batch)
    if unpriced >= SHARE_MISSING:
        found.append(
            f"{unpriced:.0%} of the lines have no value or no net mass: their price cannot be "
            "compared, they rank by the rest."
        )
    known = set(history["importer"].unique()) - {""}
    new = batch.filter(~pl.col("importer").is_in(list(known)))
    if new.height == batch.height:
        found.append(
            "No importer of the batch is in the history: check that both name importers alike."
        )
    return found


def cautions(labelled: pl.DataFrame, weights: NDArray[np.float64]) -> list[str]:
    """What a model's card says about the lines with outcomes that it learned from."""
    found: list[str] = []
    offices = labelled["office"].n_unique()
    if offices < FEWEST_OFFICES:
        found.append("All outcomes are from one office: nothing is known of how others differ.")
    early = labelled.filter(pl.col("recorded_at").dt.date() < pl.col("date")).height
    if early:
        found.append(
            f"{early:,} outcomes were recorded before their line was filed: they are taken as "
            "known from the day of filing. Check the clocks."
        )
    undated = labelled["recorded_at"].null_count()
    if undated:
        found.append(
            f"{undated:,} outcomes have no recorded time: they are taken as known 30 days after "
            "filing."
        )
    unpriced = _unpriced(labelled)
    if unpriced >= SHARE_MISSING:
        found.append(f"{unpriced:.0%} of the lines with an outcome have no price per kilogram.")
    repeated = labelled.height - labelled.unique().height
    if repeated:
        found.append(f"{repeated:,} lines with an outcome repeat another in every column.")
    if len(weights) and float(weights.max()) > 0:
        effective = float(weights.sum() ** 2 / (weights**2).sum())
        if effective < 0.5 * len(weights):
            found.append(
                f"Inspection was very selective: {len(weights):,} outcomes say as much as "
                f"{effective:,.0f} drawn by chance."
            )
    return found


def dropped(x: NDArray[np.float32]) -> dict[str, list[str]]:
    """Features that a model must not learn from: ``constant`` (one value, or none) and
    ``identifier`` (a different value on every line, rising or falling with the order of filing).

    x: one row a line, in the order of filing.
    """
    constant, identifier = [], []
    for column, name in enumerate(NAMES):
        values = x[:, column]
        known = values[~np.isnan(values)]
        if not len(known) or (known == known[0]).all():
            constant.append(name)
        elif len(known) == len(values) and _is_counter(values.astype(np.float64)):
            identifier.append(name)
    return {"constant": constant, "identifier": identifier}


def blank(x: NDArray[np.float32], names: list[str]) -> NDArray[np.float32]:
    """A copy in which these features are absent everywhere, so that nothing is learned from them;
    ``x`` itself where there are none."""
    if not names:
        return x
    kept = x.copy()
    kept[:, [NAMES.index(name) for name in names]] = np.nan
    return kept


def _is_counter(values: NDArray[np.float64]) -> bool:
    if len(values) < 20 or len(np.unique(values)) < len(values):
        return False
    order = np.arange(len(values), dtype=np.float64)
    ranks = np.empty_like(order)
    ranks[np.argsort(values, kind="stable")] = order
    return abs(float(np.corrcoef(order, ranks)[0, 1])) >= _IDENTIFIER_FROM


def _unpriced(lines: pl.DataFrame) -> float:
    priced = (pl.col("customs_value") > 0) & (pl.col("net_mass_kg") > 0)
    return 1.0 - lines.filter(priced).height / lines.height if lines.height else 0.0
