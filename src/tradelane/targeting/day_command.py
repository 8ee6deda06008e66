"""`tradelane target score-day`: a day that is too large for one process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradelane.targeting.command_line import FILE, Reader, read, reading, say, targeting_of

if TYPE_CHECKING:
    import polars as pl

    from tradelane.targeting.day import Part, Scored


@dataclass(frozen=True)
class _Files:
    """Reads the files of an administration wherever a part is scored."""

    platform: Reader
    mapping: str
    territory: str | None
    text_against_code: bool
    """Whether the model needs what the classifier says."""

    def __call__(self, path: Path) -> tuple[pl.DataFrame, int]:
        from tradelane.kit.progress import silent

        return self.platform.read_table(
            path,
            self.mapping,
            self.territory,
            text_against_code=self.text_against_code,
            progress=silent,
        )


@click.command("score-day")
@click.argument("files", metavar="PARTS...", type=FILE, nargs=-1, required=True)
@reading
@click.option(
    "--model",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of models; the one published last is used.",
)
@click.option("--history", type=FILE, help="Past lines. [default: those the model was made from]")
@click.option("--budget", default=0.05, show_default=True, help="Share of lines to inspect.")
@click.option("--balance", type=click.FloatRange(0, 1), help="0: probability; 1: revenue.")
@click.option(
    "--explore",
    default=0.1,
    show_default=True,
    help="Share of these drawn by chance: a quarter plainly, the rest by novelty.",
)
@click.option("--rules", "rules_file", type=FILE, help="A YAML file of rules; live ones fire.")
@click.option(
    "--workers",
    default=2,
    show_default=True,
    type=click.IntRange(0, 256),
    help="Processes on this machine; 0 scores in this one.",
)
@click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler, in place of --workers.")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="An empty folder for the scored parts.",
)
@click.pass_obj
def score_day(
    platform: Reader,
    files: tuple[Path, ...],
    mapping: str,
    territory: str | None,
    folder: Path,
    history: Path | None,
    budget: float,
    balance: float | None,
    explore: float,
    rules_file: Path | None,
    workers: int,
    cluster: str | None,
    out: Path,
) -> None:
    """Score the lines of a day's PARTS on several processes or machines, and choose.

    PARTS are CSV files, or Parquet files with the columns of a table of goods lines.
    """
    from tradelane.targeting import day
    from tradelane.targeting.budget import check_shares
    from tradelane.targeting.cluster import score_on
    from tradelane.targeting.day_lanes import decide
    from tradelane.targeting.rules.document import read_file
    from tradelane.targeting.service import asks_classifier, code_digest, engine_of

    check_shares(budget, explore)
    model = targeting_of(folder).load_latest()
    job = day.Job(
        folder.absolute(),
        model.ref.digest,
        _Files(platform, mapping, territory, asks_classifier(model.manifest)),
        balance,
        None if history is None else _kept(read(platform, history, mapping, territory, False), out),
        None if rules_file is None else read_file(rules_file),
        code_digest(),
    )
    parts = day.parts_of([file.absolute() for file in files])
    here = cluster is None and workers == 0
    scored = day.score_here(job, parts) if here else score_on(cluster, job, parts, workers=workers)
    summary = day.write(out, job, _told(scored, parts))
    click.echo(
        f"{summary['lines']:,} lines scored in {out}, {len(parts)} parts, model "
        f"{model.ref.digest}; {summary['unusable']:,} rows could not be used."
    )
    chosen = decide(out, summary, budget, explore, engine_of(model.manifest))
    click.echo(
        f"{chosen.inspected:,} to inspect, {chosen.inspected_at_random:,} of them by chance, "
        f"{chosen.inspected_as_novel:,} for their novelty."
    )
    if chosen.rules_exceed:
        click.echo("The live rules alone want more lines than the budget has beside exploration.")


def _kept(history: pl.DataFrame, out: Path) -> Path:
    """The history where every worker can read it."""
    from tradelane.targeting import features

    path = out.absolute() / "history.arrow"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(features.build(history).dump())
    return path


def _told(scored: Iterator[Scored], parts: list[Part]) -> Iterator[Scored]:
    for number, one in enumerate(scored, start=1):
        say("scoring, parts", number, len(parts))
        yield one
