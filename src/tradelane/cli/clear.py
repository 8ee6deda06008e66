"""Clear a file of declarations; replay what was decided."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradelane.kit.progress import Progress

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("batch", type=_FILE)
@click.option(
    "--history", type=_FILE, required=True, help="Earlier declarations with what was found."
)
@click.option(
    "--mapping",
    default="tradelane",
    show_default=True,
    help="How the file's columns are named: a shipped mapping or a YAML file.",
)
@click.option("--territory", help="A shipped pack or a folder. [default: the mapping's]")
@click.option("--rates", type=_FILE, help="Exchange rates: CSV with date, currency, rate.")
@click.option(
    "--budget",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Share of the lines for the red lane.",
)
@click.option(
    "--random-share",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    help="Share of the budget that chance draws, so that quality can be estimated honestly.",
)
@click.option(
    "--balance",
    type=click.FloatRange(0, 1),
    help="0 ranks by probability alone, 1 by expected revenue. [default: as the model says]",
)
@click.option("--rules", type=_FILE, help="A YAML file of rules; live ones fire.")
@click.option(
    "--seed", type=int, help="Fix what chance draws (for tests). [default: unpredictable]"
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.pass_obj
def clear(
    lane: Tradelane,
    batch: Path,
    history: Path,
    mapping: str,
    territory: str | None,
    rates: Path | None,
    budget: float,
    random_share: float,
    balance: float | None,
    rules: Path | None,
    seed: int | None,
    out: Path,
) -> None:
    """Clear BATCH: check, assess duty, score, route to lanes; write decisions and a report.

    Ends with 0 when every line was read, 3 when some were rejected, 2 when the input is unusable.
    """
    started = time.perf_counter()
    result = lane.at(out).clear(
        batch,
        history=history,
        mapping=mapping,
        territory=territory,
        rates=rates,
        budget=budget,
        random_share=random_share,
        seed=seed,
        balance=balance,
        rules=rules,
        out=out,
        progress=terminal_progress(),
    )
    click.echo(result.summary(time.perf_counter() - started))
    sys.exit(3 if result.rejected else 0)


@click.command()
@click.argument("identifier", metavar="ID", required=False)
@click.option("--all", "everything", is_flag=True, help="Replay every decision in the ledger.")
@click.option("--sample", type=click.IntRange(1), help="Replay so many, spread over the ledger.")
@click.pass_obj
def replay(lane: Tradelane, identifier: str | None, everything: bool, sample: int | None) -> None:
    """Make decisions again from what was known then, and compare them byte for byte.

    ID is a declaration's reference or a line's id from decisions.csv. Ends with 1 on a difference.
    """
    if identifier is None and not everything and sample is None:
        raise click.UsageError("Give an ID, --sample N or --all.")
    report = lane.replay(identifier, sample=None if everything else sample)
    click.echo(report.text())
    sys.exit(0 if report.ok else 1)


def terminal_progress() -> Progress:
    """Progress on stderr: one rewritten line on a terminal, a line every few seconds elsewhere."""
    terminal = sys.stderr.isatty()
    pause = 0.1 if terminal else 5.0
    last_stage, last_at = "", 0.0

    def show(stage: str, done: int, total: int | None = None) -> None:
        nonlocal last_stage, last_at
        now = time.monotonic()
        finished = total is not None and done >= total
        if not finished and stage == last_stage and now - last_at < pause:
            return
        if terminal and last_stage not in ("", stage):
            click.echo(err=True)
        last_stage, last_at = stage, now
        of = f" of {total:,}" if total else ""
        start = "\r" if terminal else ""
        click.echo(f"{start}  {stage}: {done:,}{of}", err=True, nl=not terminal)
        if terminal and finished:
            click.echo(err=True)
            last_stage = ""

    return show
