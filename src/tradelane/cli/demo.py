"""The demonstration: an invented administration, prepared once and served."""

from __future__ import annotations

import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradelane.cli import serve
from tradelane.cli.clear import terminal_progress

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

_READY = "demonstration.ready"


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
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    show_default=True,
    help="The port to serve it on.",
)
@click.option("--prepare-only", is_flag=True, help="Prepare it and do not serve.")
@click.pass_obj
def demo(
    lane: Tradelane, out: Path, declarations: int, seed: int, port: int, prepare_only: bool
) -> None:
    """Prepare the invented territory Port Meridian with a week of traffic (once), and serve it."""
    data, home = out / "data", out / "home"
    if not (home / _READY).exists():
        _prepare(lane, data, home, declarations, seed)
    click.echo(_what_to_try(sys.argv[0], out, home, port))
    if not prepare_only:
        serve.run(lane.at(home), "127.0.0.1", port)


def _prepare(lane: Tradelane, data: Path, home: Path, declarations: int, seed: int) -> None:
    """Make the workspace apart and give it its name when it is whole."""
    from tradelane.journeys.demonstration import prepare
    from tradelane.kit.clock import FixedClock
    from tradelane.platform import Tradelane

    progress = terminal_progress()
    if not (data / "manifest.json").exists():
        click.echo(f"Simulating {declarations:,} declarations of Port Meridian (invented) ...")
        lane.simulate(data, seed=seed, declarations=declarations, progress=progress)
    click.echo("Preparing its administration: people, a model, a week of traffic (once) ...")
    home.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=home.parent))
    try:
        clock = FixedClock(datetime.now(UTC))
        made = Tradelane(draft, clock=clock)
        made.database_url = None
        prepare(made, clock, data, progress)
        made.database.close()
        (draft / _READY).touch()
        draft.chmod(0o755)
        shutil.rmtree(home, ignore_errors=True)
        draft.rename(home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _what_to_try(program: str, out: Path, home: Path, port: int) -> str:
    from tradelane.journeys.demonstration import ACCOUNTS, PASSWORD

    run = "python3 run.py" if program.endswith("__main__.py") else "tradelane"
    people = "\n".join(f"  {a.login:<11} {a.name:<15} {a.what}" for a in ACCOUNTS)
    return f"""
Tradelane: the administration of Port Meridian (invented) is ready.

  Open   http://127.0.0.1:{port}   (stop with Ctrl+C)

Sign in as one of these; the password of all is  {PASSWORD}
{people}

Try:
  as officer     open the queue, press ? for the keys, decide a case
  as trader      file a declaration and see its duty before you commit
  as auditor     walk a decision back to its ledger entries
In another terminal:
  {run} ledger verify --home {home}
  {run} replay --sample 20 --home {home}
  {run} clear {out}/data/week.csv --history {out}/data/history.csv --out {out}/cleared
"""
