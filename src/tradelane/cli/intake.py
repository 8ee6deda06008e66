"""The standing order under which declarations are taken one by one."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tradelane.journeys.orders import Standing
    from tradelane.platform import Tradelane

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def intake() -> None:
    """Intake: the order under which declarations that arrive one by one are selected."""


@intake.command("open")
@click.option("--territory", default="demo", show_default=True, help="The pack: name or folder.")
@click.option("--model", help="The model's name or digest, as `tradelane models list` shows it.")
@click.option("--latest", is_flag=True, help="The model that was published last.")
@click.option("--budget", default=0.05, show_default=True, help="Share of lines to inspect.")
@click.option(
    "--random-share", default=0.1, show_default=True, help="Share of these drawn by chance."
)
@click.option(
    "--novel-share",
    default=0.0,
    show_default=True,
    help="Share of these drawn by chance, the likelier the more novel.",
)
@click.option("--balance", type=click.FloatRange(0, 1), help="0: probability; 1: revenue.")
@click.option(
    "--office",
    "offices",
    type=(str, click.FloatRange(0, 1)),
    multiple=True,
    metavar="OFFICE SHARE",
    help="An office's own budget; give it again for another.",
)
@click.option("--rules", "rules_file", type=_FILE, help="A YAML file of rules; live ones fire.")
@click.option("--reason", default="", help="Why, for whoever audits decisions.")
@click.pass_obj
def open_(
    lane: Tradelane,
    territory: str,
    model: str | None,
    latest: bool,
    budget: float,
    random_share: float,
    novel_share: float,
    balance: float | None,
    offices: tuple[tuple[str, float], ...],
    rules_file: Path | None,
    reason: str,
) -> None:
    """Open an intake under a new order, in place of the one that is open.

    The first model of a workspace is adopted by this command; a later one needs two persons first.
    """
    from tradelane.journeys.adoption import adopt_first, expect_agreed
    from tradelane.journeys.inputs import keep_rules
    from tradelane.journeys.opening import Order
    from tradelane.journeys.orders import standing
    from tradelane.targeting.rules.document import read_file

    if (model is None) != latest:
        raise click.UsageError("Give either --latest or --model.")
    named = str(lane.targeting.load_latest().ref.digest) if model is None else model
    digest = str(lane.registry.get_manifest(named)["digest"])
    by = f"operator:{getpass.getuser()}"

    def adopt(tx: Any) -> None:
        if not adopt_first(lane, tx, digest, by):
            expect_agreed(lane, tx, digest)

    lane.database.write(adopt)
    order = Order(
        territory,
        digest,
        budget,
        random_share,
        by=by,
        reason=reason,
        novel_share=novel_share,
        balance=balance,
        offices=dict(offices),
        rules="" if rules_file is None else keep_rules(lane.home, read_file(rules_file)),
    )
    lane.open_intake(order)
    with lane.database.read() as tx:
        found = standing(lane, tx)
    assert found is not None
    _say(found)


@intake.command()
@click.pass_obj
def show(lane: Tradelane) -> None:
    """Show the order in force, and what was selected under it."""
    from tradelane.journeys.intake import current_intake
    from tradelane.journeys.orders import standing

    with lane.database.read() as tx:
        current_intake(lane, tx)
        found = standing(lane, tx)
    assert found is not None
    _say(found)


def _say(order: Standing) -> None:
    settings, selection = order.settings, order.selection
    click.echo(f"Order {order.batch_id} since {settings['opened_at']}, by {settings['ordered_by']}")
    click.echo(f"  reason        {settings['reason'] or '(none)'}")
    click.echo(f"  pack          {settings['pack_id']}  {settings['pack']}")
    click.echo(f"  model         {settings['model']}")
    click.echo(f"  budget        {float(settings['budget']):.2%} of lines")
    click.echo(f"  random share  {float(settings['random_share']):.2%} of these")
    click.echo(f"  novel share   {float(settings.get('novel_share', 0)):.2%} of these")
    click.echo(f"  balance       {settings.get('balance') or 'as the model says'}")
    for office, budget in settings.get("offices", {}).items():
        cut = order.routing.of(office).cut_score
        click.echo(f"  at {office:<10} {float(budget):.2%} of lines, cut {cut or 'none'}")
    click.echo(f"  rules         {settings.get('rules') or 'none'}")
    if selection.rules_exceed:
        click.echo("                they alone want more lines than the budget has for them")
    click.echo(f"  in shadow     {settings.get('challenger') or 'none'}")
    click.echo(f"  agreed by     {settings.get('agreed_by') or 'nobody else'}")
    click.echo(f"  cut           {selection.cut_score or 'none'} (from {selection.lines:,} lines)")
    click.echo(f"  since then    {order.inspected:,} of {order.lines:,} lines selected")
