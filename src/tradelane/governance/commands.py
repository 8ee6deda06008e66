"""The governance commands: what applies, how economies compare, what an instrument says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from tradelane.governance.tag_command import tag

if TYPE_CHECKING:
    from tradelane.governance.coverage import Row
    from tradelane.governance.service import Governance


class Platform(Protocol):
    """What these commands need from the platform."""

    def governance_at(self, known_at: dt.date | None) -> Governance: ...
    def governance_of(self, pack: str | Path) -> Governance: ...


_DAY = click.DateTime(["%Y-%m-%d"])
_AS_OF = click.option("--as-of", type=_DAY, help="What holds on this day (default: today).")
_KNOWN_AT = click.option(
    "--known-at", type=_DAY, help="As it was recorded by this day (default: everything)."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")


def _corpus(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--pack", default="governance", help="The corpus: a pack's name or folder."
    )(command)


def _engine(platform: Platform, pack: str, known_at: dt.date | None = None) -> Governance:
    """The corpus that ships with what was published by a day, or another pack as it is."""
    if pack == "governance":
        return platform.governance_at(known_at)
    return platform.governance_of(pack)


@click.group()
def governance() -> None:
    """What economies and forums ask of AI, compared at a date."""


governance.add_command(tag)


@governance.command()
@click.argument("entities", nargs=-1, required=True)
@click.option("--domain", "domains", multiple=True, help="Only this domain; may be repeated.")
@_AS_OF
@_KNOWN_AT
@_corpus
@_JSON
@click.pass_obj
def compare(
    platform: Platform,
    entities: tuple[str, ...],
    domains: tuple[str, ...],
    as_of: dt.datetime | None,
    known_at: dt.datetime | None,
    pack: str,
    as_json: bool,
) -> None:
    """Compare two or more ENTITIES (economies, places, forums) by their codes."""
    from tradelane.governance.sentences import five_lines, pair_lines
    from tradelane.governance.views import comparison_view
    from tradelane.governance.vocabulary import ADVICE

    engine = _engine(platform, pack, _day(known_at))
    found = engine.compare(entities, domains=domains, as_of=_day(as_of), known_at=_day(known_at))
    if as_json:
        _print_json(comparison_view(found, engine.corpus))
        return
    names = engine.corpus.entities
    click.echo(f"What holds on {found.as_of.isoformat()}. {ADVICE}")
    for pair in found.pairs:
        click.echo(f"\n{names[pair.one].called} and {names[pair.other].called}")
        for line in pair_lines(pair, engine.corpus):
            click.echo(line)
    if not domains:
        click.echo("\nThe five differences")
        for line in five_lines(found.five, engine.corpus):
            click.echo(line)


@governance.command()
@click.argument("instrument")
@_AS_OF
@_KNOWN_AT
@_corpus
@_JSON
@click.pass_obj
def show(
    platform: Platform,
    instrument: str,
    as_of: dt.datetime | None,
    known_at: dt.datetime | None,
    pack: str,
    as_json: bool,
) -> None:
    """Show an INSTRUMENT (its id, title or alias) and its provisions on a day."""
    from tradelane.governance.sentences import instrument_lines
    from tradelane.governance.views import instrument_view, provision_view

    engine = _engine(platform, pack, _day(known_at))
    one = engine.corpus.get_instrument(instrument)
    day = engine.day(_day(as_of), _day(known_at))
    holding = engine.holding(one.id, day)
    if as_json:
        view = instrument_view(one, day.as_of, engine.corpus)
        view["provisions"] = [provision_view(p, engine.corpus) for p in holding]
        _print_json(view)
        return
    click.echo(f"On {day.as_of.isoformat()}:")
    standing = one.standing_on(day.as_of)
    for line in instrument_lines(one, standing, holding, engine.corpus):
        click.echo(line)


@governance.command()
@click.option(
    "--profile",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Facts of the product: YAML with facets and values. Required.",
)
@click.option("--economies", required=True, help="Codes with commas: KR,SG,VN. Required.")
@_AS_OF
@_KNOWN_AT
@_corpus
@_JSON
@click.pass_obj
def applies(
    platform: Platform,
    profile: Path,
    economies: str,
    as_of: dt.datetime | None,
    known_at: dt.datetime | None,
    pack: str,
    as_json: bool,
) -> None:
    """Tell what applies to a product in some economies, and what is the same in all of them."""
    from tradelane.governance.answers import applies_view
    from tradelane.governance.profiles import read_profile
    from tradelane.governance.sentences import applies_lines
    from tradelane.kit.packs import read_yaml

    engine = _engine(platform, pack, _day(known_at))
    facts = read_profile(read_yaml(profile), engine.corpus)
    found = engine.applies(facts, _codes(economies), as_of=_day(as_of), known_at=_day(known_at))
    if as_json:
        _print_json(applies_view(found, engine.corpus))
        return
    for line in applies_lines(found, engine.corpus):
        click.echo(line)


@governance.command()
@click.argument("text", nargs=-1, required=True)
@click.option("--economies", default="", help="Only these, with commas: KR,SG,VN.")
@click.option("--domain", "domains", multiple=True, help="Only this domain; may be repeated.")
@click.option(
    "--form",
    type=click.Choice(["binding", "binding_public_sector", "non_binding"]),
    help="Only of instruments of this form.",
)
@click.option("--as-of", type=_DAY, help="Only what holds on this day (default: everything).")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 200))
@_corpus
@_JSON
@click.pass_obj
def search(platform: Platform, /, text: tuple[str, ...], pack: str, **options: Any) -> None:
    """Find provisions by plain words, best first."""
    from tradelane.governance.answers import hit_view
    from tradelane.governance.sentences import hit_lines

    engine = _engine(platform, pack)
    hits, total = engine.search(
        " ".join(text),
        entities=_codes(options["economies"]),
        domains=options["domains"],
        form=options["form"] or "",
        as_of=_day(options["as_of"]),
        limit=options["limit"],
    )
    if options["as_json"]:
        _print_json(
            {"total": total, "items": [_exact(hit_view(hit, engine.corpus)) for hit in hits]}
        )
        return
    for hit in hits:
        for line in hit_lines(hit, engine.corpus):
            click.echo(line)
    if not hits:
        click.echo("No provision has any of these words. Try others, or fewer filters.")
    elif total > len(hits):
        click.echo(f"{len(hits)} of {total} that have a word of it.")


@governance.command()
@click.option("--since", required=True, type=_DAY, help="After this day. Required.")
@click.option("--until", type=_DAY, help="Until this day (default: today).")
@click.option("--economies", default="", help="Only these, with commas: KR,SG,VN.")
@click.option("--domain", "domains", multiple=True, help="Only this domain; may be repeated.")
@_corpus
@_JSON
@click.pass_obj
def changes(
    platform: Platform,
    since: dt.datetime,
    until: dt.datetime | None,
    economies: str,
    domains: tuple[str, ...],
    pack: str,
    as_json: bool,
) -> None:
    """Tell what changed: states of instruments, provisions that began or ended, records added."""
    from tradelane.governance.answers import change_view
    from tradelane.governance.sentences import change_line

    engine = _engine(platform, pack)
    found = engine.changes(since.date(), _day(until), entities=_codes(economies), domains=domains)
    if as_json:
        _print_json({"items": [change_view(one, engine.corpus) for one in found]})
        return
    for one in found:
        click.echo(change_line(one, engine.corpus))
    if not found:
        click.echo("Nothing changed between these days.")


@governance.command()
@click.argument("entities", nargs=-1, required=True)
@_AS_OF
@_KNOWN_AT
@_corpus
@_JSON
@click.pass_obj
def brief(
    platform: Platform,
    entities: tuple[str, ...],
    as_of: dt.datetime | None,
    known_at: dt.datetime | None,
    pack: str,
    as_json: bool,
) -> None:
    """Write an interoperability brief of two or more ENTITIES, as Markdown."""
    from tradelane.governance.answers import brief_view
    from tradelane.governance.brief_text import brief_markdown

    engine = _engine(platform, pack, _day(known_at))
    found = engine.brief(entities, as_of=_day(as_of), known_at=_day(known_at))
    if as_json:
        _print_json(brief_view(found, engine.corpus))
    else:
        click.echo(brief_markdown(found, engine.corpus), nl=False)


@governance.command()
@_corpus
@click.pass_obj
def questions(platform: Platform, pack: str) -> None:
    """Ask the corpus the dated questions that its pack says must hold."""
    from tradelane.governance.questions import ask_all
    from tradelane.kit.errors import InputRefused, Problem

    asked = list(ask_all(_engine(platform, pack)))
    wrong = [one for one in asked if not one.right]
    click.echo(f"{len(asked) - len(wrong)} of {len(asked)} questions are answered as they must be.")
    if wrong:
        raise InputRefused(
            Problem(
                "governance.question",
                f"{one.question.file}: question {one.question.number}: {one.wrong}.",
                hint="Either the corpus is wrong or the question is.",
            )
            for one in wrong
        )


@governance.command()
@click.option(
    "--format",
    "form",
    required=True,
    type=click.Choice(["csv", "json", "oscal", "sssom"]),
    help="Required.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write into. Required.",
)
@_corpus
@click.pass_obj
def export(platform: Platform, form: str, out: Path, pack: str) -> None:
    """Write the corpus as CSV, JSON, OSCAL or SSSOM."""
    from tradelane.governance.exporting import export as write

    for path in write(_engine(platform, pack).corpus, form, out):
        click.echo(str(path))


@governance.command()
@_corpus
@_JSON
@click.pass_obj
def check(platform: Platform, pack: str, as_json: bool) -> None:
    """Check the corpus: integrity, sources, dead ids; and show what it covers."""
    from tradelane.governance.corpus import inspect
    from tradelane.governance.coverage import coverage, total
    from tradelane.kit.errors import InputRefused

    corpus, problems = inspect(pack)
    rows, everything = coverage(corpus), total(corpus)
    if as_json:
        _print_json(
            {
                "corpus": corpus.version,
                "problems": [one.to_dict() for one in problems],
                "coverage": [_coverage_view(row) for row in rows],
                "total": {**_coverage_view(everything), "empty": len(everything.empty)},
            }
        )
    else:
        click.echo(_coverage_line(None))
        for row in (*rows, everything):
            click.echo(_coverage_line(row))
        click.echo(
            f"\n{len(everything.empty)} empty cells of economies and core domains. "
            f"{len(corpus.sources)} sources, {len(corpus.objectives)} objectives, "
            f"{len(corpus.questions)} questions, {len(corpus.crosswalks)} rows of crosswalks."
        )
    if problems:
        raise InputRefused(problems)


_COLUMNS = (
    ("instruments", "instr."),
    ("provisions", "prov."),
    ("none_found", "none"),
    ("binding", "binding"),
    ("located", "located"),
    ("primary", "primary"),
    ("secondary", "second."),
    ("not_verified", "unver."),
    ("with_objective", "object."),
    ("conflicts", "conflict"),
)


def _coverage_view(row: Row) -> dict[str, Any]:
    view: dict[str, Any] = {"entity": row.entity.id, "name": row.entity.name}
    view.update({name: getattr(row, name) for name, _ in _COLUMNS})
    return {**view, "empty": list(row.empty)}


def _coverage_line(row: Row | None) -> str:
    if row is None:
        return f"{'':<32}" + "".join(f"{title:>9}" for _, title in _COLUMNS) + "  empty"
    cells = "".join(f"{getattr(row, name):>9}" for name, _ in _COLUMNS)
    return f"{row.entity.called[:31]:<32}{cells}  {', '.join(filter(None, row.empty))}".rstrip()


def _print_json(value: Any) -> None:
    from tradelane.kit.canonical import encode

    click.echo(encode(value).decode())


def _codes(text: str) -> list[str]:
    """
    >>> _codes("KR, SG,")
    ['KR', 'SG']
    """
    return [code.strip() for code in text.split(",") if code.strip()]


def _exact(view: dict[str, Any]) -> dict[str, Any]:
    """Canonical JSON has no floats."""
    return {**view, "score": str(view["score"])}


def _day(given: dt.datetime | None) -> dt.date | None:
    return given.date() if given is not None else None
