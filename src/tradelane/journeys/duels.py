"""The model in force against its challenger, on the lines that came while both scored."""

from __future__ import annotations

from typing import Any

import polars as pl

from tradelane.journeys.adoption import in_force
from tradelane.journeys.intake import INTAKE
from tradelane.journeys.workshop import Workshop
from tradelane.targeting.duel import Duel, duel
from tradelane.targeting.selection import RED
from tradelane.trade.table import split_subject

MOST = 50_000
"""The latest lines that both scored; more would keep a page waiting."""


def read_duel(shop: Workshop, tx: Any) -> Duel | None:
    """What the orders that had this model and this challenger say; None without a challenger, or
    before the first line."""
    champion, challenger = in_force(shop, tx)
    batches = [
        batch
        for batch in shop.declarations.batches(tx)
        if batch.name == INTAKE
        and batch.settings["model"] == champion
        and batch.settings.get("challenger") == challenger
    ]
    if not challenger or not batches:
        return None
    pairs = shop.duels.pairs(tx, [batch.id for batch in batches], challenger, MOST)
    if not pairs:
        return None
    found = {
        (declarant, reference, line): outcome
        for declarant, reference, _version, line, outcome in shop.inspections.outcomes(tx)
    }
    rows = []
    for pair in pairs:
        outcome = found.get(split_subject(pair.subject)) if pair.lane == RED else None
        recovered = None if outcome is None else outcome.revenue_recovered
        rows.append(
            (
                pair.champion,
                pair.challenger,
                pair.propensity or 0.0,
                pair.selected_by == "random",
                None if outcome is None else outcome.fraud,
                None if recovered is None else float(recovered),
            )
        )
    schema = {
        "champion": pl.Float64,
        "challenger": pl.Float64,
        "propensity": pl.Float64,
        "by_chance": pl.Boolean,
        "wrong": pl.Boolean,
        "revenue": pl.Float64,
    }
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return duel(table, float(batches[0].settings["budget"]))
