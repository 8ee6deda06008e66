"""What the commands of `tradelane target` share: reading files and saying how far they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

if TYPE_CHECKING:
    import polars as pl

    from tradelane.kit.progress import Progress
    from tradelane.targeting.service import Targeting

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Reader(Protocol):
    """A platform that reads files of declarations."""

    def read_table(
        self,
        path: Path,
        mapping: str,
        territory: str | None,
        *,
        text_against_code: bool | None,
        progress: Progress,
    ) -> tuple[pl.DataFrame, int]: ...


def reading(command: F) -> F:
    """The options of a command that reads an administration's columns."""
    mapping = click.option(
        "--mapping", default="tradelane", show_default=True, help="Name or file."
    )
    territory = click.option("--territory", help="Pack of rates. [default: the mapping's own]")
    return mapping(territory(command))


def read(
    platform: Reader,
    path: Path,
    mapping: str,
    territory: str | None,
    text_against_code: bool | None = None,
) -> pl.DataFrame:
    """A file as a table; says on the error stream how many rows could not be used.

    text_against_code: whether the classifier is asked of its lines; None as the setting says, which
    is for lines to learn from. Lines to score follow their model, past ones need it not.
    """
    table, unusable = platform.read_table(
        path, mapping, territory, text_against_code=text_against_code, progress=say
    )
    if unusable:
        click.echo(f"{unusable} rows of {path.name} could not be used.", err=True)
    return table


def say(stage: str, done: int, total: int | None = None) -> None:
    """Progress on the error stream."""
    click.echo(f"{stage}: {done}{f' of {total}' if total else ''}", err=True)


def targeting_of(folder: Path) -> Targeting:
    """Targeting over a folder of models."""
    from tradelane.registry.service import Registry
    from tradelane.targeting.service import Targeting

    return Targeting(Registry(folder))
