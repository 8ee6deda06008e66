"""`tradelane models`: what is in the registry, and whether it is still what was published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import click

if TYPE_CHECKING:
    from tradelane.registry.service import Registry


class _Platform(Protocol):
    @property
    def registry(self) -> Registry: ...
    def card(self, model: str) -> str: ...


@click.group()
def models() -> None:
    """Models: list them, read their cards, verify their files."""


@models.command("list")
@click.pass_obj
def list_models(platform: _Platform) -> None:
    """Show every model with its name, digest and the day it was published."""
    found = list(platform.registry.manifests())
    for manifest in found:
        digest = manifest["digest"].removeprefix("sha256:")[:12]
        click.echo(f"{manifest['name']}/{digest}  {manifest.get('created_at', '')}")
    if not found:
        click.echo("No models yet. `tradelane target train` or `tradelane clear` makes one.")


@models.command()
@click.argument("model")
@click.pass_obj
def card(platform: _Platform, model: str) -> None:
    """Print the model card of MODEL (name/digest or digest) as Markdown."""
    click.echo(platform.card(model), nl=False)


@models.command()
@click.argument("model", required=False)
@click.pass_obj
def verify(platform: _Platform, model: str | None) -> None:
    """Check every file of MODEL, or of all models, against its manifest."""
    registry = platform.registry
    names = [model] if model else [m["digest"] for m in registry.manifests()]
    for name in names:
        loaded = registry.load(name)
        click.echo(f"{loaded.ref}: {len(loaded.files)} files match.")
    if not names:
        click.echo("No models yet.")
