"""`tradelane target`: train on a history, rank a batch, evaluate against the truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

if TYPE_CHECKING:
    import polars as pl

    from tradelane.kit.progress import Progress
    from tradelane.targeting.service import Targeting, Trained

F = TypeVar("F", bound=Callable[..., Any])


class _Platform(Protocol):
    def read_table(
        self, path: Path, mapping: str, territory: str | None, *, progress: Progress
    ) -> tuple[pl.DataFrame, int]: ...


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_MODEL = click.option(
    "--model",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of models; the one published last is used.",
)


def _reading(command: F) -> F:
    mapping = click.option(
        "--mapping", default="tradelane", show_default=True, help="Name or file."
    )
    territory = click.option("--territory", help="Pack of rates. [default: the mapping's own]")
    return mapping(territory(command))


@click.group()
def target() -> None:
    """Targeting: which lines to inspect, and why."""


@target.command()
@click.argument("history", type=_FILE)
@_reading
@_MODEL
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**31 - 1))
@click.pass_obj
def train(
    platform: _Platform,
    history: Path,
    mapping: str,
    territory: str | None,
    folder: Path,
    seed: int,
) -> None:
    """Train on HISTORY's inspected lines and publish the model."""
    table = _read(platform, history, mapping, territory)
    trained = _targeting(folder).train(table, seed=seed, progress=_say)
    click.echo(f"Model {trained.ref}")
    for name, value in trained.manifest.get("metrics", {}).items():
        click.echo(f"  {name.replace('_', ' ')}: {value}")
    click.echo("Publishing is not switching on: `tradelane models card` has its limits.")


@target.command()
@click.argument("batch", type=_FILE)
@click.option("--history", type=_FILE, help="Past lines. [default: those the model was made from]")
@_reading
@_MODEL
@click.option("--budget", default=0.05, show_default=True, help="Share of lines to inspect.")
@click.option("--balance", type=click.FloatRange(0, 1), help="0: probability; 1: revenue.")
@click.option("--explore", default=0.1, show_default=True, help="Share of these drawn by chance.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def rank(
    platform: _Platform,
    batch: Path,
    history: Path | None,
    mapping: str,
    territory: str | None,
    folder: Path,
    budget: float,
    balance: float | None,
    explore: float,
    out: Path,
) -> None:
    """Rank the lines of BATCH and choose which to inspect."""
    import hashlib

    from tradelane.targeting.selection import choose

    trained, targeting = _ready(platform, folder, history, mapping, territory)
    lines = _read(platform, batch, mapping, territory)
    scored = targeting.score(trained, lines, balance=balance)
    seed = hashlib.sha256(batch.read_bytes()).digest()
    pairs = scored.select("subject", "score").iter_rows()
    chosen = choose(pairs, budget, explore, seed, engine=trained.engine)
    _write(out, lines, scored, chosen)
    if trained.note:
        click.echo(trained.note)
    click.echo(
        f"{chosen.lines} lines ranked in {out}; {chosen.inspected} to inspect, "
        f"{chosen.inspected_at_random} of them by chance."
    )


@target.command()
@click.argument("batch", type=_FILE)
@click.option("--truth", required=True, type=_FILE, help="declaration_id, line, fraud[, revenue].")
@click.option("--history", type=_FILE, help="Past lines. [default: those the model was made from]")
@_reading
@_MODEL
@click.pass_obj
def evaluate(
    platform: _Platform,
    batch: Path,
    truth: Path,
    history: Path | None,
    mapping: str,
    territory: str | None,
    folder: Path,
) -> None:
    """Compare the model and the price rule with what was true of BATCH."""
    from tradelane.targeting.trial import compare

    trained, targeting = _ready(platform, folder, history, mapping, territory)
    lines = _with_truth(_read(platform, batch, mapping, territory), truth)
    results = compare(trained, lines, targeting.score(trained, lines))
    for result in results:
        click.echo(f"{result.ranking:18} {result.measure:24} {result.figure}")


def _targeting(folder: Path) -> Targeting:
    from tradelane.registry.service import Registry
    from tradelane.targeting.service import Targeting

    return Targeting(Registry(folder))


def _ready(
    platform: _Platform, folder: Path, history: Path | None, mapping: str, territory: str | None
) -> tuple[Trained, Targeting]:
    targeting = _targeting(folder)
    trained = targeting.load_latest()
    if history is not None:
        trained = targeting.with_history(trained, _read(platform, history, mapping, territory))
    return trained, targeting


def _read(platform: _Platform, path: Path, mapping: str, territory: str | None) -> pl.DataFrame:
    table, unusable = platform.read_table(path, mapping, territory, progress=_say)
    if unusable:
        click.echo(f"{unusable} rows of {path.name} could not be used.", err=True)
    return table


def _say(stage: str, done: int, total: int | None = None) -> None:
    click.echo(f"{stage}: {done}{f' of {total}' if total else ''}", err=True)


def _with_truth(lines: pl.DataFrame, truth: Path) -> pl.DataFrame:
    import polars as pl

    from tradelane.kit.errors import InputRefused, Problem

    table = pl.read_csv(truth, infer_schema_length=0)
    if not {"declaration_id", "fraud"} <= set(table.columns):
        raise InputRefused(
            Problem(
                "targeting.truth_columns",
                f"{truth.name} needs the columns declaration_id and fraud.",
                hint="And line, where declarations have several; revenue where it is known.",
            )
        )
    amount = next((c for c in ("revenue", "revenue_lost") if c in table.columns), None)
    number = pl.col("line").cast(pl.Int32) if "line" in table.columns else pl.lit(1, pl.Int32)
    known = table.select(
        reference="declaration_id",
        number=number,
        fraud=pl.when(pl.col("fraud").is_in(["0", "1"])).then(pl.col("fraud") == "1"),
        revenue_recovered=pl.col(amount).cast(pl.Float64) if amount else pl.lit(None, pl.Float64),
    ).unique(["reference", "number"])
    bare = lines.drop("fraud", "revenue_recovered")
    return bare.join(known, on=["reference", "number"], how="left", maintain_order="left")


def _write(out: Path, lines: pl.DataFrame, scored: pl.DataFrame, chosen: Any) -> None:
    import csv

    from tradelane.kit.spreadsheet import safe_cell
    from tradelane.targeting.selection import route

    reasons = [f"reason_{n}_{part}" for n in (1, 2, 3) for part in ("code", "text")]
    numbers = ["probability_text", "expected_revenue_text", "score_text"]
    frame = scored.with_columns(lines["reference"], lines["number"]).sort(
        "score", descending=True, maintain_order=True
    )
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        head = ["declaration_id", "line", "rank", "probability", "expected_revenue", "score"]
        writer.writerow([*head, "lane", "selected_by", "propensity", *reasons])
        for place, row in enumerate(frame.iter_rows(named=True), start=1):
            routed = route(chosen, row["subject"], row["score"])
            cells = [row["reference"], row["number"], place, *(row[n] for n in numbers)]
            cells += [
                routed.lane,
                routed.selected_by,
                routed.propensity,
                *(row[r] for r in reasons),
            ]
            writer.writerow(safe_cell(str(c)) if c is not None else "" for c in cells)
