"""What is watched, gathered from a table of lines: a batch file with or without outcomes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tradelane.kit.errors import InputRefused, Problem
from tradelane.targeting.catalogue import NAMES
from tradelane.targeting.monitoring.estimates import KINDS
from tradelane.targeting.monitoring.model import Chosen
from tradelane.targeting.monitoring.reference import PROBABILITY, Reference
from tradelane.targeting.monitoring.report import Gathered
from tradelane.targeting.monitoring.traits import traits_of
from tradelane.targeting.service import features_of

if TYPE_CHECKING:
    from tradelane.targeting.service import Targeting, Trained

MOST_LINES = 20_000
"""So many lines, evenly spread, are held against the reference; more would say little more."""
NOT_LOGGED = 0.0
"""The propensity of a line that nobody logged one for: it says nothing of other lines."""


def columns_of(trained: Trained, lines: pl.DataFrame) -> dict[str, np.ndarray[Any, Any]]:
    """The features and the probability of lines by name, as `Gathered.columns` holds them."""
    x = features_of(trained.history, lines)
    found: dict[str, np.ndarray[Any, Any]] = {name: x[:, i] for i, name in enumerate(NAMES)}
    found[PROBABILITY] = trained.scorer.probability(x)
    return found


def lines_by_importer(trained: Trained) -> dict[str, int]:
    """How many lines of each importer the model's history has."""
    counts = trained.history.table.group_by("importer").len()
    return dict(counts.iter_rows())


def gather(
    targeting: Targeting,
    trained: Trained,
    reference: Reference | None,
    lines: pl.DataFrame,
    selection: Mapping[tuple[str, int], tuple[str, float]],
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> Gathered:
    """Lines of the days from ``since`` to ``until`` (both included) with their outcomes.

    lines: `trade.table.LINE_SCHEMA`, ``duty_rate`` and `trade.table.OUTCOME_SCHEMA`; selection: by
    reference and line number what selected it and its propensity; empty where nobody logged it,
    then every inspected line counts as selected, and nothing is said of the others.
    Errors: InputRefused ``targeting.nothing_to_watch``, ``targeting.selection_unmatched``.
    """
    lines = _of_days(lines, since, until)
    _refuse_unmatched(lines, selection)
    first, last = min(lines["date"]), max(lines["date"])
    recorded = lines["recorded_at"].drop_nulls()
    as_of = max(last, recorded.max().date()) if len(recorded) else last  # type: ignore[union-attr]
    sample = lines.gather_every(max(1, -(-lines.height // MOST_LINES)))
    known_lines = lines_by_importer(trained)
    return Gathered(
        start=since or first,
        end=(until or last) + dt.timedelta(days=1),
        as_of=as_of,
        reference=reference,
        columns=columns_of(trained, sample),
        days=sample["date"].cast(pl.Int32).to_numpy().astype(np.int64),
        everybody=[
            (traits_of(row, known_lines), _selected(row, selection) is not None)
            for row in lines.iter_rows(named=True)
        ],
        chosen=_chosen(targeting, trained, lines, selection, known_lines, as_of),
        trained_on=dt.date.fromisoformat(str(trained.manifest["created_at"])[:10]),
    )


def _of_days(lines: pl.DataFrame, since: dt.date | None, until: dt.date | None) -> pl.DataFrame:
    if since is not None:
        lines = lines.filter(pl.col("date") >= since)
    if until is not None:
        lines = lines.filter(pl.col("date") <= until)
    if lines.is_empty():
        raise InputRefused(
            Problem(
                "targeting.nothing_to_watch",
                "No line of the batch is of these days.",
                hint="See the dates in the file; without --since and --until all are watched.",
            )
        )
    return lines


def _refuse_unmatched(
    lines: pl.DataFrame, selection: Mapping[tuple[str, int], tuple[str, float]]
) -> None:
    keys = lines.select("reference", "number").rows()
    if selection and not any(key in selection for key in keys):
        raise InputRefused(
            Problem(
                "targeting.selection_unmatched",
                "None of these lines is in the file that says what selected them.",
                hint="It should name them by declaration_id and line, as the batch does.",
            )
        )


def read_selection(path: Path, *, asked_for: bool) -> dict[tuple[str, int], tuple[str, float]]:
    """What selected each line and its propensity, from a CSV file with the columns
    ``declaration_id``, ``selected_by``, ``propensity`` and, where declarations have several lines,
    ``line``: as `tradelane target rank` and `decisions.csv` have them.

    Empty for a file without these columns, unless it was ``asked_for``. Errors: InputRefused
    ``targeting.selection_columns``, ``targeting.propensity``.
    """
    try:
        table = pl.read_csv(
            path, infer_schema_length=0, truncate_ragged_lines=True, encoding="utf8-lossy"
        )
    except pl.exceptions.PolarsError:  # an administration's own form, or no CSV at all
        table = pl.DataFrame()
    if not {"declaration_id", "selected_by", "propensity"} <= set(table.columns):
        if not asked_for:
            return {}
        raise InputRefused(
            Problem(
                "targeting.selection_columns",
                f"{path.name} needs the columns declaration_id, selected_by and propensity.",
                hint="And line, where declarations have several. `target rank` writes them.",
            )
        )
    number = pl.col("line") if "line" in table.columns else pl.lit("1")
    chance = pl.col("propensity").cast(pl.Float64, strict=False)
    rows = table.select(
        "declaration_id",
        number.cast(pl.Int64, strict=False).fill_null(1).alias("line"),
        pl.col("selected_by").fill_null(""),
        chance.fill_null(NOT_LOGGED),
    )
    strange = rows.filter((pl.col("propensity") < 0) | (pl.col("propensity") > 1))
    if strange.height:
        raise InputRefused(
            Problem(
                "targeting.propensity",
                f"{strange.height} lines of {path.name} have a propensity that is no chance, first "
                f"{strange['declaration_id'][0]}: {strange['propensity'][0]}.",
                hint="Write 5 % as 0.05.",
            )
        )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows.rows()}


def _selected(
    row: Mapping[str, Any], selection: Mapping[tuple[str, int], tuple[str, float]]
) -> tuple[str, float] | None:
    if not selection:
        return ("unknown", NOT_LOGGED) if row["inspected"] or row["fraud"] is not None else None
    found = selection.get((row["reference"], row["number"]))
    return found if found is not None and found[0] in KINDS else None


def _chosen(
    targeting: Targeting,
    trained: Trained,
    lines: pl.DataFrame,
    selection: Mapping[tuple[str, int], tuple[str, float]],
    known_lines: Mapping[str, int],
    as_of: dt.date,
) -> list[Chosen]:
    rows = list(lines.iter_rows(named=True))
    by = [_selected(row, selection) for row in rows]
    mine = lines.filter(pl.Series([one is not None for one in by], dtype=pl.Boolean))
    if mine.is_empty():
        return []
    scored = targeting.score(trained, mine)
    found = []
    pairs = zip(
        (one for one in by if one is not None),
        mine.iter_rows(named=True),
        scored["probability"],
        scored["expected_revenue"],
        strict=True,
    )
    for (selected_by, propensity), row, probability, expected in pairs:
        end = row["recorded_at"].date() if row["recorded_at"] is not None else as_of
        found.append(
            Chosen(
                day=row["date"],
                selected_by=selected_by,
                propensity=propensity,
                probability=probability,
                expected=expected,
                wrong=row["fraud"],
                revenue=row["revenue_recovered"],
                days_waited=max(0, (end - row["date"]).days),
                traits=traits_of(row, known_lines),
            )
        )
    return found
