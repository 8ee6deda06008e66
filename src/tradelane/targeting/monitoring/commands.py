"""`tradelane target monitor`: a batch held against the model that was to judge it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradelane.targeting.command_line import FILE, Reader, read, reading, targeting_of

if TYPE_CHECKING:
    import datetime as dt

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("batch", type=FILE)
@click.option("--history", type=FILE, help="Past lines. [default: those the model was made from]")
@reading
@click.option(
    "--model",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of models; the one published last is used.",
)
@click.option("--selection", type=FILE, help="What selected each line. [default: BATCH itself]")
@click.option("--since", type=_DAY, help="The first day of filing.")
@click.option("--until", type=_DAY, help="The last day of filing.")
@click.option("--json", "plain", is_flag=True, help="Everything as one JSON object.")
@click.pass_obj
def monitor(
    platform: Reader,
    batch: Path,
    history: Path | None,
    mapping: str,
    territory: str | None,
    folder: Path,
    selection: Path | None,
    since: dt.datetime | None,
    until: dt.datetime | None,
    plain: bool,
) -> None:
    """Hold BATCH against what the model was made for, and outcomes against what it promised."""
    from tradelane.registry.service import Registry
    from tradelane.targeting.monitoring import files, text
    from tradelane.targeting.monitoring.reference import reference_of
    from tradelane.targeting.monitoring.report import report
    from tradelane.targeting.service import asks_classifier

    targeting = targeting_of(folder)
    trained = targeting.load_latest()
    reference = reference_of(Registry(folder), trained.ref.digest)
    if history is not None:
        past = read(platform, history, mapping, territory, False)
        trained = targeting.with_history(trained, past)
    gathered = files.gather(
        targeting,
        trained,
        reference,
        read(platform, batch, mapping, territory, asks_classifier(trained.manifest)),
        files.read_selection(selection or batch, asked_for=selection is not None),
        None if since is None else since.date(),
        None if until is None else until.date(),
    )
    found = report(gathered)
    for line in [text.as_json(found, str(trained.ref))] if plain else text.as_text(found):
        click.echo(line)
