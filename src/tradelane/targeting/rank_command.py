"""`tradelane target rank`: a batch in the order of its risk, and who of it is inspected."""

from __future__ import annotations

from pathlib import Path

import click

from tradelane.targeting.command_line import FILE, Reader, read, reading, targeting_of


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
@click.option("--budget", default=0.05, show_default=True, help="Share of lines to inspect.")
@click.option("--balance", type=click.FloatRange(0, 1), help="0: probability; 1: revenue.")
@click.option(
    "--explore",
    default=0.1,
    show_default=True,
    help="Share of these drawn by chance: a quarter plainly, the rest by novelty.",
)
@click.option("--rules", "rules_file", type=FILE, help="A YAML file of rules; live ones fire.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def rank(
    platform: Reader,
    batch: Path,
    history: Path | None,
    mapping: str,
    territory: str | None,
    folder: Path,
    budget: float,
    balance: float | None,
    explore: float,
    rules_file: Path | None,
    out: Path,
) -> None:
    """Rank the lines of BATCH and choose which to inspect."""
    import hashlib

    from tradelane.targeting import ranked
    from tradelane.targeting.budget import check_shares
    from tradelane.targeting.guards import remarks
    from tradelane.targeting.rules.document import read_file
    from tradelane.targeting.rules.matching import match_table
    from tradelane.targeting.service import asks_classifier

    check_shares(budget, explore)
    rules = read_file(rules_file) if rules_file is not None else None
    targeting = targeting_of(folder)
    trained = targeting.load_latest()
    past = None if history is None else read(platform, history, mapping, territory, False)
    lines = read(platform, batch, mapping, territory, asks_classifier(trained.manifest))
    for remark in remarks(trained.history.table if past is None else past, lines):
        click.echo(remark, err=True)
    trained = targeting.with_context(trained, lines, past)
    scored = targeting.score(trained, lines, balance=balance)
    hits: ranked.Hits = [()] * lines.height if rules is None else match_table(rules, lines)
    seed = hashlib.sha256(batch.read_bytes()).digest()
    chosen = ranked.select(scored, hits, budget, explore, seed, trained.engine)
    ranked.write(out, lines, scored, hits, chosen)
    if trained.note:
        click.echo(trained.note)
    click.echo(
        f"{chosen.lines} lines ranked in {out}; {chosen.inspected} to inspect, "
        f"{chosen.inspected_at_random} of them by chance, {chosen.inspected_as_novel} for their "
        "novelty."
    )
    if chosen.rules_exceed:
        click.echo("The live rules alone want more lines than the budget has beside exploration.")
