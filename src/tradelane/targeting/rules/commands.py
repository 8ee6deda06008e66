"""`tradelane target rules`: read a file of rules, and test it against a history."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from tradelane.targeting.command_line import FILE, Reader, read, reading, say, targeting_of

if TYPE_CHECKING:
    import polars as pl

    from tradelane.kit.clock import Clock
    from tradelane.targeting.rules.testing import Outcomes, RuleTest, Tested


class _Platform(Reader, Protocol):
    clock: Clock


_RULES = click.argument("rules_file", metavar="RULES", type=FILE)


@click.group()
def rules() -> None:
    """Rules and watchlists that select lines beside the model."""


@rules.command()
@_RULES
@click.pass_obj
def check(platform: _Platform, rules_file: Path) -> None:
    """Read RULES and say what is odd about them."""
    from tradelane.targeting.rules.document import read_file
    from tradelane.targeting.rules.doubts import doubts

    found = read_file(rules_file)
    entries = sum(len(one.entries) for one in found.watchlists)
    click.echo(
        f"{len(found.rules)} rules, {len(found.watchlists)} watchlists with {entries} entries, "
        f"{found.digest}"
    )
    for about, text in doubts(found, platform.clock.now().date()):
        click.echo(f"  {about}: {text}")


@rules.command("test")
@_RULES
@click.option("--history", required=True, type=FILE, help="Past lines with their outcomes.")
@reading
@click.option(
    "--model",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of models: says how many of a rule's lines the latest would have selected.",
)
@click.option("--budget", default=0.05, show_default=True, help="The share that model selects.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Only outcomes that were recorded by the end of that day (UTC). [default: all]",
)
@click.option("--json", "as_json", is_flag=True, help="Every figure as one JSON object.")
@click.pass_obj
def run_test(
    platform: _Platform,
    rules_file: Path,
    history: Path,
    mapping: str,
    territory: str | None,
    folder: Path | None,
    budget: float,
    as_of: dt.datetime | None,
    as_json: bool,
) -> None:
    """Ask every rule of RULES of every line of HISTORY, before it fires."""
    from tradelane.targeting.rules.document import read_file
    from tradelane.targeting.rules.testing import against_history

    found = read_file(rules_file)
    table = read(platform, history, mapping, territory)
    end = as_of and as_of.replace(tzinfo=dt.UTC) + dt.timedelta(days=1, microseconds=-1)
    selected = None if folder is None else _selected(folder, table, budget)
    today = platform.clock.now().date()
    tested = against_history(found, table, today=today, as_of=end, selected=selected)
    if as_json:
        import orjson

        click.echo(orjson.dumps(tested.to_dict(), option=orjson.OPT_INDENT_2).decode())
    else:
        _tell(tested, budget)


def _selected(folder: Path, table: pl.DataFrame, budget: float) -> pl.Series:
    from tradelane.targeting.rules.testing import would_select

    targeting = targeting_of(folder)
    say("scoring the history", len(table))
    return would_select(targeting.score(targeting.load_latest(), table)["score"], budget)


def _tell(tested: Tested, budget: float) -> None:
    lines = tested.outcomes.lines
    click.echo(f"Rules {tested.digest}")
    click.echo(
        f"History: {lines} lines, {tested.first} to {tested.last} ({tested.days} days); "
        f"{_hit_rate(tested.outcomes)}."
    )
    click.echo(f"At least one rule matches {tested.any_rule.lines}: {_hit_rate(tested.any_rule)}.")
    for rule in tested.rules:
        _tell_rule(rule, lines, budget)
    for text in tested.warnings:
        click.echo(f"! {text}")
    click.echo(
        "A hit rate is of matched lines that were inspected for whatever reason; nobody knows it "
        "of those that were not."
    )


def _tell_rule(rule: RuleTest, lines: int, budget: float) -> None:
    found = rule.outcomes
    click.echo(f"\n{rule.id}: {rule.title} ({rule.action}, {rule.status})")
    click.echo(
        f"  matches {found.lines} of {lines} lines ({rule.share:.2%}), "
        f"{rule.per_day:g} a day, {rule.busiest} on the busiest"
    )
    click.echo(f"  {_hit_rate(found)}, {found.revenue:.2f} recovered")
    if rule.selected_anyway is not None:
        click.echo(f"  the model selects {rule.selected_anyway} of them anyway at {budget:.1%}")
    for name, count in rule.overlaps:
        click.echo(f"  {count} of them match {name} too")
    for month in rule.months:
        click.echo(f"  {month.month}: {month.outcomes.lines} lines, {_hit_rate(month.outcomes)}")
    for one in rule.examples:
        click.echo(f"  e.g. {one.date} {one.reference} line {one.line} ({one.outcome}): {one.text}")
    for text in rule.warnings:
        click.echo(f"  ! {text}")


def _hit_rate(found: Outcomes) -> str:
    if found.rate is None or found.low is None or found.high is None:
        return "none inspected with a known outcome"
    return (
        f"{found.wrong} wrong of {found.known} known: {found.rate:.1%} "
        f"({found.low:.1%} to {found.high:.1%})"
    )
