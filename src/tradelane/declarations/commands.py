"""The command line of mappings: check one, draft one, list those that ship."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def mapping() -> None:
    """Mappings: how an administration's columns become Tradelane's."""


@mapping.command()
@click.argument("file")
def check(file: str) -> None:
    """Say what the mapping FILE (or a shipped mapping's name) does, or all that is wrong."""
    from tradelane.declarations.mapping import describe, load
    from tradelane.declarations.plan import check_constants

    found = load(file)
    check_constants(found)
    click.echo(f"OK: mapping {found.id} version {found.version}, {found.title or 'without title'}")
    for line in describe(found):
        click.echo(f"  {line}")


@mapping.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, help="Write the draft to this file."
)
def draft(file: Path, out: Path | None) -> None:
    """Propose a mapping for the CSV FILE from its column names and values."""
    from tradelane.declarations.draft import draft_mapping

    found = draft_mapping(file)
    if out is None:
        click.echo(found.text, nl=False)
    else:
        out.write_text(found.text, encoding="utf-8")
        click.echo(f"Wrote {out}. Check its guesses, then: tradelane mapping check {out}")
    if found.missing:
        click.echo(f"Not found, and required: {', '.join(found.missing)}.", err=True)


@mapping.command("list")
def list_() -> None:
    """List the mappings that ship."""
    from tradelane.declarations.mapping import load, shipped

    for name in shipped():
        click.echo(f"{name:<12} {load(name).title}")
