"""`tradelane classify`: from descriptions to codes, one or many, and what that was learned from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

if TYPE_CHECKING:
    from tradelane.classification.model import Suggestion
    from tradelane.classification.service import Classification


class Platform(Protocol):
    """What these commands need from the platform."""

    @property
    def classification(self) -> Classification: ...


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class _TextFirst(click.Group):
    """A group whose first argument is a text where it is no command's name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["text", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_TextFirst)
def classify() -> None:
    """Find codes of the Harmonized System for a description: classify "TEXT", or a command."""
    # Its matrices are small: threads of the linear algebra wait for each other longer than they
    # work, and for those of a second process on the same cores. Read when NumPy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@classify.command()
@click.argument("description", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
@click.pass_obj
def text(platform: Platform, description: tuple[str, ...], as_json: bool) -> None:
    """Rank codes for DESCRIPTION, with reasons, or ask what must be known first."""
    # An argument that is not UTF-8 has halves of signs, which neither JSON nor a database takes.
    said = " ".join(description).encode("utf-8", "replace").decode()
    suggestion = platform.classification.suggest(said)
    if as_json:
        from tradelane.kit.canonical import encode

        click.echo(encode(suggestion.content()).decode())
        return
    if not suggestion.goods:
        _print(suggestion)
        return
    for note in suggestion.notes:
        click.echo(note)
    for one in suggestion.goods:
        click.echo(f"\n{one}")
        _print(platform.classification.suggest(one, limit=3))


@classify.command()
@click.argument("file", type=_FILE)
@click.option("--column", default="text", show_default=True, help="The column of descriptions.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The CSV file to write: five codes a row.",
)
@click.option(
    "--ranks",
    type=click.IntRange(1, 100),
    default=5,
    show_default=True,
    help="How many codes a row.",
)
@click.pass_obj
def batch(platform: Platform, file: Path, column: str, out: Path, ranks: int) -> None:
    """Classify every row of the CSV FILE."""
    from tradelane.classification.batches import classify_file

    counts = classify_file(platform.classification, file, column, out, _progress, ranks)
    said = ", ".join(f"{count:,} {decision}" for decision, count in sorted(counts.items()))
    click.echo(f"Wrote {out}: {said or 'no rows'}.")


_SOURCE = click.option(
    "--source",
    default="",
    help="What the source is called. [default: a column 'source', else the file's name]",
)
_LICENCE = click.option("--licence", default="", help="The licence of the source.")


@classify.command()
@click.argument("examples", type=_FILE)
@_SOURCE
@_LICENCE
@click.pass_obj
def learn(platform: Platform, examples: Path, source: str, licence: str) -> None:
    """Learn from the CSV EXAMPLES: text,code[,date,status,source]."""
    from dataclasses import replace

    from tradelane.classification import reading

    rows = [replace(r, source=source or r.source or examples.stem) for r in reading.rows(examples)]
    if not rows:
        raise click.UsageError(f"{examples.name} has no examples.")
    _learned(platform.classification, platform.classification.library.add(rows, "", licence))


@classify.command("import-hts")
@click.argument("file", type=_FILE)
@click.pass_obj
def import_hts(platform: Platform, file: Path) -> None:
    """Learn from the United States tariff as its site exports it (JSON)."""
    from tradelane.classification import tariff

    rows = list(tariff.rows(file))
    licence = "US Government work, public domain"
    added = platform.classification.library.add(rows, f"hts {file.stem}"[:64], licence, "tariff")
    _learned(platform.classification, added)


@classify.command("import-editions")
@click.argument("table", type=_FILE)
@click.option("--source", default="", help="What the table is called. [default: the file's name]")
@_LICENCE
@click.pass_obj
def import_editions(platform: Platform, table: Path, source: str, licence: str) -> None:
    """Learn what codes of older editions became, from the CSV TABLE: old,new."""
    found = platform.classification
    number = found.map_editions(table, source or table.stem[:64], licence)
    click.echo(f"{source or table.stem[:64]}: {number:,} pairs of codes.")
    if found.library.examples():
        _learned(found, {})


@classify.command()
@click.pass_obj
def sources(platform: Platform) -> None:
    """List what was learned from."""
    found = platform.classification.sources()
    for one in found:
        revoked = f", {one.revoked:,} of them revoked" if one.revoked else ""
        click.echo(
            f"{one.name}  {one.kind}, {one.examples:,}{revoked}; licence: {one.licence}; "
            f"changed {one.changed_at}"
        )
    if not found:
        click.echo("Nothing yet. `tradelane classify learn EXAMPLES.csv` brings examples.")


@classify.command()
@click.argument("gold", type=_FILE)
@click.pass_obj
def evaluate(platform: Platform, gold: Path) -> None:
    """Say how good suggestions are on GOLD: a CSV of text,code."""
    from tradelane.classification import evaluation, reading

    rows = list(reading.rows(gold))
    if not rows:
        click.echo("There are no rows.")
        return
    report = evaluation.evaluate(platform.classification, rows)
    click.echo(f"{report.rows:,} descriptions")
    for name, value in report.lines:
        click.echo(f"{name:<26} {value}")


def _learned(classification: Classification, added: dict[str, int]) -> None:
    from tradelane.trade.hscode import show_code

    for name, count in added.items():
        click.echo(f"{name}: {count:,} new examples.")
    click.echo(f"Learned from {classification.learn(_progress):,} examples in all.")
    standing = classification.standing()
    if standing.mapped:
        click.echo(f"{standing.mapped:,} have a code of an older edition, mapped with a table.")
    if standing.revoked:
        click.echo(f"{standing.revoked:,} were revoked and do not count.")
    if standing.later:
        click.echo(f"{standing.later:,} do not count yet: their date is still to come.")
    if standing.lost:
        number = sum(count for _code, count in standing.lost)
        first = ", ".join(show_code(code) for code, _count in standing.lost[:_SHOWN])
        more = ", ..." if len(standing.lost) > _SHOWN else ""
        click.echo(
            f"{number:,} do not count: HS 2022 does not have their codes ({first}{more}), and no "
            "loaded table says which one heading they belong to. "
            "`tradelane classify import-editions TABLE.csv` brings a table."
        )


_SHOWN = 5


def _progress(stage: str, done: int, total: int | None = None) -> None:
    click.echo(f"{stage} {done:,}" + (f" of {total:,}" if total else ""), err=True)


def _print(suggestion: Suggestion) -> None:
    from tradelane.trade.hscode import show_code

    for note in suggestion.notes:
        click.echo(note)
    best = suggestion.best
    if best is not None:
        said = "" if best.level == "subheading" else " Which subheading cannot be told yet."
        sure = f"{best.probability:.0%}".replace("%", " %")
        click.echo(f"{best.level.capitalize()} {show_code(best.code)}, {sure} sure.{said}")
        for code, wording in best.path:
            click.echo(f"  {show_code(code):<7}  {wording}")
    elif suggestion.ranked:
        click.echo("Not sure enough to say a code. The likeliest:")
    for one in suggestion.ranked:
        click.echo(f"{show_code(one.code):<8} {one.probability:5.0%}  {one.wording}")
        for reason in one.reasons:
            click.echo(f"                {reason}")
    if suggestion.question is not None:
        click.echo(f"Question: {suggestion.question.text}")
        for value, label in suggestion.question.options:
            click.echo(f"  {value:<12} {label}")
