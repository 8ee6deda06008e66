"""The files of a simulation: what was filed, what was inspected, and apart from them the truth."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.progress import Progress
from tradelane.simulation.selection import Inspections

COLUMNS = (
    "declaration_id",
    "line",
    "date",
    "declarant",
    "importer",
    "importer_since",
    "seller",
    "carrier",
    "office",
    "departure",
    "transport_mode",
    "procedure",
    "hs_code",
    "description",
    "origin",
    "currency",
    "customs_value",
    "net_mass_kg",
    "gross_mass_kg",
    "quantity",
    "quantity_unit",
    "freight",
    "insurance",
    "preference",
)
"""The native columns of a declarations file, one row a goods line."""
OUTCOMES = ("inspected", "fraud", "revenue_recovered", "outcome_recorded_at")
"""What a history has beside them."""


@dataclass(frozen=True)
class Tables:
    """``declarations``, ``truth`` and ``inspections`` have one row a line, in the same order."""

    declarations: pl.DataFrame
    truth: pl.DataFrame
    inspections: pl.DataFrame
    recorded: NDArray[np.int64]
    day: NDArray[np.int64]


def names(prefix: str, count: int, order: NDArray[np.int64], width: int = 6) -> pl.Series:
    """Identifiers whose order says nothing about who they belong to."""
    return pl.Series([f"{prefix}{number + 1:0{width}d}" for number in order[:count]])


def take(values: pl.Series | Sequence[str], index: NDArray[np.int64]) -> pl.Series:
    """The texts at those places."""
    series = values if isinstance(values, pl.Series) else pl.Series(list(values), dtype=pl.String)
    return series.gather(index)


def numbers(values: NDArray[np.float64], decimals: int) -> pl.Series:
    """Plain (``decimals`` at least 1) decimal text without an exponent or a trailing point."""
    exact = pl.Series(np.round(values, decimals)).cast(pl.Decimal(38, decimals))
    return exact.cast(pl.String).str.replace(r"\.?0+$", "")


def inspections_frame(
    keys: pl.DataFrame, inspections: Inspections, revenue: pl.Series, first: date
) -> pl.DataFrame:
    """The inspections with empty cells where nothing was inspected."""
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    moments = (
        pl.Series(inspections.recorded * 1_000_000 + int(start.timestamp()) * 1_000_000)
        .cast(pl.Datetime("us", "UTC"))
        .dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    inspected = pl.Series(inspections.inspected)
    return keys.with_columns(
        inspected.cast(pl.Int8).alias("inspected"),
        pl.when(inspected).then(pl.Series(inspections.fraud).cast(pl.Int8)).alias("fraud"),
        pl.when(inspected).then(revenue).alias("revenue_recovered"),
        pl.when(inspected).then(moments).alias("outcome_recorded_at"),
    )


def write(
    out_dir: Path,
    tables: Tables,
    *,
    days: int,
    hold_out_days: int,
    manifest: dict[str, Any],
    progress: Progress,
) -> dict[str, Any]:
    """Write every file and the manifest with their digests; returns the manifest."""
    cut = days - hold_out_days
    older = int(np.searchsorted(tables.day, cut))
    known = tables.recorded < cut * 86_400
    history = tables.declarations.head(older).with_columns(
        tables.inspections["inspected"].head(older),
        *(
            pl.when(pl.Series(known[:older])).then(tables.inspections[name].head(older)).alias(name)
            for name in OUTCOMES[1:]
        ),
    )
    files = {
        "declarations.csv": tables.declarations,
        "truth.csv": tables.truth,
        "inspections.csv": tables.inspections,
        "history.csv": history,
        "week.csv": tables.declarations.slice(older),
    }
    described: dict[str, Any] = {}
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        for number, (name, frame) in enumerate(files.items()):
            progress("writing", number, len(files))
            described[name] = {"rows": frame.height, "sha256": _write_file(out_dir / name, frame)}
        manifest = {**manifest, "files": described}
        text = json.dumps(manifest, indent=2, ensure_ascii=False, sort_keys=True)
        _replace(out_dir / "manifest.json", lambda path: path.write_text(text + "\n", "utf-8"))
    except OSError as error:
        raise InputRefused(
            Problem(
                "simulation.cannot_write",
                f"{out_dir} cannot be written: {error.strerror or error}.",
                hint="Choose another folder with --out, or free some space.",
            )
        ) from error
    progress("writing", len(files), len(files))
    return manifest


def day_text(first: date, days: int) -> pl.Series:
    """The ISO dates of the simulated days."""
    return pl.Series([(first + timedelta(days=n)).isoformat() for n in range(days)])


def _write_file(path: Path, frame: pl.DataFrame) -> str:
    _replace(path, frame.write_csv)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _replace(path: Path, write_to: Any) -> None:
    """A reader sees the old file or the whole new one, never a half."""
    partial = path.with_name(path.name + ".partial")
    try:
        write_to(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
