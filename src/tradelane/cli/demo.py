"""The demonstration: an invented territory's latest week, cleared."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradelane.cli.clear import terminal_progress

if TYPE_CHECKING:
    from tradelane.platform import Tradelane


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="Where the demonstration lives.",
)
@click.option("--declarations", type=click.IntRange(2000), default=50_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.pass_obj
def demo(lane: Tradelane, out: Path, declarations: int, seed: int) -> None:
    """Simulate the invented territory Port Meridian, and clear its latest week."""
    data, cleared = out / "data", out / "cleared"
    progress = terminal_progress()
    started = time.perf_counter()
    if not (data / "manifest.json").exists():
        click.echo(f"Simulating {declarations:,} declarations of Port Meridian (invented) ...")
        lane.simulate(data, seed=seed, declarations=declarations, progress=progress)
    click.echo("Clearing its latest week, with the 77 weeks before it as history ...")
    result = lane.at(cleared).clear(
        data / "week.csv",
        history=data / "history.csv",
        out=cleared,
        seed=seed,
        progress=progress,
    )
    click.echo()
    click.echo(result.summary(time.perf_counter() - started))
    click.echo(_next_steps(sys.argv[0], result.report_html, data, cleared))


def _next_steps(program: str, report: Path, data: Path, cleared: Path) -> str:
    run = "python3 run.py" if program.endswith("__main__.py") else "tradelane"
    return f"""
What to try next:
  open {report}
  {run} replay --sample 20 --home {cleared}
  {run} ledger verify --home {cleared}
  {run} duties relief --as-of 2026-11-21
  {run} clear YOUR.csv --history EARLIER.csv --mapping YOUR.yaml --out out
      (docs/how-to/bring-your-own-administration.md says how)
The truth behind the simulation, for comparing: {data / "truth.csv"}"""
