"""``tradelane simulate``: make up an administration to train on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click


@click.command("simulate")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same files.")
@click.option(
    "--declarations",
    type=int,
    default=50_000,
    show_default=True,
    help="How many declarations (about 1.5 goods lines each).",
)
@click.option("--days", type=int, default=540, show_default=True, help="Over how many days.")
@click.option(
    "--hold-out-days",
    type=int,
    default=7,
    show_default=True,
    help="The last days go into week.csv, without outcomes.",
)
@click.option("--territory", default="demo", show_default=True, help="Pack name or folder.")
@click.option(
    "--out",
    "out_dir",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder for the files; files of the same names are replaced.",
)
def simulate(
    seed: int, declarations: int, days: int, hold_out_days: int, territory: str, out_dir: Path
) -> None:
    """Make up declarations with planted, documented frauds, and the truth about them.

    Officers train on the files and programs are tested with them. Nothing in them is real.
    """
    from tradelane.kit import packs
    from tradelane.simulation import service

    pack = packs.load(territory)
    manifest = service.simulate(
        seed,
        declarations,
        days,
        pack,
        out_dir,
        hold_out_days=hold_out_days,
        progress=_say if sys.stderr.isatty() else _stay_silent,
    )
    click.echo(_summary(manifest, out_dir, territory))


def _say(stage: str, done: int, total: int | None = None) -> None:
    share = f" {done:,} of {total:,}" if total else ""
    click.echo(f"\r\x1b[K{stage}{share}", nl=False, err=True)
    if stage == "writing" and done == total:
        click.echo("\r\x1b[K", nl=False, err=True)


def _stay_silent(stage: str, done: int, total: int | None = None) -> None:
    """Progress on a pipe would only be noise in a log."""


def _summary(manifest: dict[str, Any], out_dir: Path, territory: str) -> str:
    counts, rates = manifest["counts"], manifest["rates"]
    rows = "\n".join(
        f"  {out_dir / name!s:<40} {file['rows']:>9,} lines"
        for name, file in manifest["files"].items()
    )
    planted = ", ".join(
        f"{name.replace('_', ' ')} {count:,}" for name, count in counts["by_scheme"].items()
    )
    return (
        f"Simulated {counts['lines']:,} goods lines from {manifest['first_day']} "
        f"to {manifest['last_day']}:\n{rows}\n"
        f"Fraud: {float(rates['fraud']):.1%} of the lines. Planted: {planted}.\n"
        f"The legacy selection inspected {float(rates['inspected']):.1%} and found "
        f"{counts['fraud_found']:,} of {counts['fraud']:,} frauds.\n"
        f"Next: tradelane clear {out_dir / 'week.csv'} --history {out_dir / 'history.csv'} "
        f"--territory {territory} --out {out_dir / 'cleared'}"
    )
