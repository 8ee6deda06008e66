"""The command line of the nomenclature: look codes up."""

from __future__ import annotations

import click


@click.group()
def codes() -> None:
    """Look up codes of the Harmonized System (HS 2022)."""


@codes.command()
@click.argument("code")
@click.option("--territory", default=None, help="A pack with the territory's own longer codes.")
def show(code: str, territory: str | None) -> None:
    """Show CODE with what stands above it and beside it."""
    from tradelane.kit import packs
    from tradelane.nomenclature.service import Nomenclature
    from tradelane.trade.hscode import show_code

    nomenclature = Nomenclature(packs.load(territory) if territory else None)
    for item in nomenclature.path(code):
        name = item.code if item.level == "section" else show_code(item.code)
        click.echo(f"{item.level:<10} {name:<13} {item.wording}")
    beside = nomenclature.siblings(code)
    if beside:
        click.echo("\nBeside it:")
    for item in beside:
        click.echo(f"{'':<10} {show_code(item.code):<13} {item.wording}")


@codes.command()
@click.argument("text", nargs=-1, required=True)
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 100))
def search(text: tuple[str, ...], limit: int) -> None:
    """Find subheadings whose wording shares words with TEXT, best first."""
    from tradelane.nomenclature.service import Nomenclature
    from tradelane.trade.hscode import show_code

    hits = Nomenclature().search(" ".join(text), limit)
    if not hits:
        click.echo("No subheading shares a word with that. Try the material or the use.")
    for hit in hits:
        click.echo(f"{show_code(hit.code.code):<9} {hit.code.wording}")
