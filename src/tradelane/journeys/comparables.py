"""What an officer compares a declaration with: the open intake's history, as it stood that day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tradelane.journeys.intake import Intake
from tradelane.journeys.tables import scoring_rows
from tradelane.targeting.comparison import Comparison, Standing, compare_price, standing_of
from tradelane.trade.declaration import Declaration


@dataclass(frozen=True, slots=True)
class Comparables:
    """Comparisons by line number (None: nothing to compare with), and what the history knows of
    the importer. ``model``: the digest of the model whose history it is."""

    model: str
    lines: Mapping[int, Comparison | None]
    importer: Standing


def compare(intake: Intake, declaration: Declaration, numbers: frozenset[int]) -> Comparables:
    """Compare the lines of these numbers with what the intake's model has learned from.

    Only lines dated before the declaration's month count as peers, as when it was scored, and only
    outcomes recorded before the declaration's day are shown.
    """
    rows = scoring_rows([declaration], intake.duties)
    history = intake.online.history
    found = {
        goods.number: compare_price(history, row)
        for goods, row in zip(declaration.lines, rows, strict=True)
        if goods.number in numbers
    }
    importer = standing_of(history, declaration.importer, declaration.date)
    return Comparables(intake.model_digest, found, importer)
