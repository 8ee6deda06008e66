"""What inspections found, as labels to learn from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tradelane.platform import Tradelane


@click.group()
def outcomes() -> None:
    """Outcomes: what officers recorded, as a table that models learn from."""


@outcomes.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Only inspected lines, whose outcome was recorded since then (UTC).",
)
@click.pass_obj
def export(lane: Tradelane, file: Path, since: datetime | None) -> None:
    """Write every line with its recorded outcome to FILE, in Tradelane's own columns."""
    from tradelane.journeys.labels import as_csv, labelled_lines

    count = known = 0

    def counted(rows: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
        nonlocal count, known
        for row in rows:
            count += 1
            known += row[-1] != ""
            yield row

    moment = None if since is None else since.replace(tzinfo=UTC)
    partial = file.with_name(file.name + ".partial")
    try:
        with lane.database.read() as tx, partial.open("w", encoding="utf-8", newline="") as out:
            out.writelines(as_csv(counted(labelled_lines(lane, tx, moment))))
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    click.echo(f"Wrote {file}: {count:,} lines, {known:,} of them with an outcome.")
    click.echo(f"Learn from them with: tradelane target train {file} --model FOLDER")
