"""`tradelane governance tag`: what a new statement could be tagged with."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from tradelane.governance.vocabulary import KINDS, MODALITIES

if TYPE_CHECKING:
    from tradelane.governance.service import Governance
    from tradelane.governance.tagging import Proposal


class Platform(Protocol):
    """What this command needs from the platform."""

    def governance_at(self, known_at: dt.date | None) -> Governance: ...
    def governance_of(self, pack: str | Path) -> Governance: ...


@click.command()
@click.argument("statement", nargs=-1, required=True)
@click.option("--instrument", default="", help="The id of the instrument that it is in.")
@click.option("--kind", type=click.Choice(KINDS), help="What kind of provision it is.")
@click.option("--modality", type=click.Choice(MODALITIES), help="How firm it is.")
@click.option(
    "--objective",
    "objectives",
    multiple=True,
    help="An objective that you have confirmed; may be repeated. The domain is then far surer.",
)
@click.option("--pack", default="governance", help="The corpus: a pack's name or folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
@click.pass_obj
def tag(
    platform: Platform,
    statement: tuple[str, ...],
    instrument: str,
    kind: str | None,
    modality: str | None,
    objectives: tuple[str, ...],
    pack: str,
    as_json: bool,
) -> None:
    """Propose objectives and a domain for a STATEMENT in your own words; you decide."""
    of_us = pack == "governance"
    tagger = (platform.governance_at(None) if of_us else platform.governance_of(pack)).tagger
    draft = tagger.drafted(
        " ".join(statement), instrument, kind or "", modality or "", objectives=objectives
    )
    found = {"objectives": tagger.objectives_of(draft), "domains": tagger.domains_of(draft)}
    if as_json:
        view = {name: [_view(one) for one in proposals] for name, proposals in found.items()}
        click.echo(json.dumps(view, indent=2))
        return
    click.echo("Likely objectives, the likeliest first")
    for one in found["objectives"]:
        click.echo(f"  {tagger.called(one.tag)}{_like(one)}")
    click.echo("Likely domains" + ("" if objectives else "; surer once you confirm an objective"))
    for one in found["domains"]:
        click.echo(f"  {one.tag}{_like(one)}")


def _like(one: Proposal) -> str:
    return f" (like {', '.join(one.because)})" if one.because else ""


def _view(one: Proposal) -> dict[str, object]:
    return {"tag": one.tag, "score": str(one.score), "because": list(one.because)}
