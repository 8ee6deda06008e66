"""`tradelane target`: train on a history, rank a batch, evaluate it, watch a model at work."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from tradelane.targeting.command_line import FILE, Reader, read, reading, say, targeting_of
from tradelane.targeting.day_command import score_day
from tradelane.targeting.monitoring.commands import monitor
from tradelane.targeting.rank_command import rank
from tradelane.targeting.rules.commands import rules
from tradelane.targeting.scorers import SCORERS

if TYPE_CHECKING:
    import polars as pl

    from tradelane.kit.progress import Progress
    from tradelane.targeting.training import TrainingJob


class _Platform(Reader, Protocol):
    def retrain(self, by: str, seed: int, progress: Progress) -> TrainingJob: ...


_MODEL = click.option(
    "--model",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of models; the one published last is used.",
)


@click.group()
def target() -> None:
    """Targeting: which lines to inspect, and why."""


target.add_command(monitor)
target.add_command(rank)
target.add_command(rules)
target.add_command(score_day)


@target.command()
@click.argument("history", type=FILE)
@reading
@_MODEL
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**31 - 1))
@click.option(
    "--scorer",
    default="boosted",
    show_default=True,
    type=click.Choice(sorted(SCORERS)),
    help="What learns.",
)
@click.pass_obj
def train(
    platform: _Platform,
    history: Path,
    mapping: str,
    territory: str | None,
    folder: Path,
    seed: int,
    scorer: str,
) -> None:
    """Train on HISTORY's inspected lines and publish the model."""
    table = read(platform, history, mapping, territory)
    trained = targeting_of(folder).train(table, seed=seed, scorer=scorer, progress=say)
    click.echo(f"Model {trained.ref}")
    for name, value in trained.manifest.get("metrics", {}).items():
        click.echo(f"  {name.replace('_', ' ')}: {value}")
    click.echo("Publishing is not switching on: `tradelane models card` has its limits.")


@target.command()
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**31 - 1))
@click.pass_obj
def retrain(platform: _Platform, seed: int) -> None:
    """Train on what the workspace received and found; publish a candidate.

    Killed, the same command takes it up again. A candidate decides nothing before it is proposed
    and a second person has agreed (page 'Models').
    """
    job = platform.retrain(f"operator:{getpass.getuser()}", seed, say)
    click.echo(
        f"Model {job.model}, a candidate, from {job.lines:,} lines, {job.outcomes:,} of "
        "them with an outcome."
    )
    click.echo("It decides nothing before a second person has agreed: see the page 'Models'.")


@target.command()
@click.argument("batch", type=FILE)
@click.option("--truth", required=True, type=FILE, help="declaration_id, line, fraud[, revenue].")
@click.option("--history", type=FILE, help="Past lines. [default: those the model was made from]")
@reading
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
    from tradelane.targeting.guards import remarks
    from tradelane.targeting.service import asks_classifier
    from tradelane.targeting.trial import compare

    targeting = targeting_of(folder)
    trained = targeting.load_latest()
    past = None if history is None else read(platform, history, mapping, territory, False)
    asked = asks_classifier(trained.manifest)
    lines = _with_truth(read(platform, batch, mapping, territory, asked), truth)
    for remark in remarks(trained.history.table if past is None else past, lines):
        click.echo(remark, err=True)
    trained = targeting.with_context(trained, lines, past)
    results = compare(trained, lines, targeting.score(trained, lines))
    for result in results:
        click.echo(f"{result.ranking:18} {result.measure:24} {result.figure}")


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
