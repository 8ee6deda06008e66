"""Backup and restore of a workspace."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tradelane.platform import Tradelane


@click.command()
@click.argument("archive", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--without-key", is_flag=True, help="Leave the ledger's signing key out.")
@click.pass_obj
def backup(lane: Tradelane, archive: Path, without_key: bool) -> None:
    """Write a consistent copy of the workspace to ARCHIVE (.tar.gz), also while it is in use."""
    size = lane.backup(archive, with_key=not without_key)
    click.echo(f"Wrote {archive} ({size:,} bytes).")
    if not without_key:
        click.echo("It holds the ledger's signing key: keep it as you keep passwords.")


@click.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def restore(lane: Tradelane, archive: Path, folder: Path) -> None:
    """Make the workspace of ARCHIVE in the new, empty FOLDER, and verify its ledger."""
    report = lane.restore(archive, folder)
    click.echo(f"Restored to {folder}.")
    click.echo(
        f"Its ledger is sound: {report.size:,} entries, every hash and signature checked."
        if report.ok
        else f"ITS LEDGER IS BROKEN: {report.found:,} findings; see `tradelane ledger verify`."
    )
    sys.exit(0 if report.ok else 1)
