"""The duties commands: assess a file, quote one item, list low-value relief."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

if TYPE_CHECKING:
    from tradelane.duties.model import LineAssessment
    from tradelane.duties.service import Duties
    from tradelane.trade.declaration import Declaration


class Platform(Protocol):
    """What these commands need from the platform."""

    def read_declarations(self, path: Path, mapping: str) -> Iterator[Declaration]: ...
    def duties(self, territory: str, rates: Path | None) -> Duties: ...


class _DecimalType(click.ParamType[Decimal]):
    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            self.fail(f"{value!r} is not a number.", param, ctx)
        if not number.is_finite() or number < 0:
            self.fail(f"{value!r} is not a number of zero or more.", param, ctx)
        return number


_MODE_CODES = {"sea": "1", "rail": "2", "road": "3", "air": "4", "post": "5"}
_NUMBER = _DecimalType()
_DAY = click.DateTime(["%Y-%m-%d"])
_RATES = click.option(
    "--rates",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Exchange rates: CSV with date, currency, rate (territory currency per 1 unit).",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")


@click.group()
def duties() -> None:
    """Duty, tax and low-value relief, with every step of the computation."""


@duties.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--territory", default="demo", show_default=True, help="Pack: a name or a folder.")
@_RATES
@click.option(
    "--mapping",
    default="tradelane",
    show_default=True,
    help="Mapping of the file's columns: a name or a file.",
)
@_JSON
@click.pass_obj
def assess(
    platform: Platform,
    file: Path,
    territory: str,
    rates: Path | None,
    mapping: str,
    as_json: bool,
) -> None:
    """Assess every goods line of a file of declarations."""
    engine = platform.duties(territory, rates)
    for declaration in platform.read_declarations(file, mapping):
        for line in engine.assess(declaration):
            _print(declaration.declarant, declaration.reference, line, as_json)


@duties.command()
@click.option("--territory", default="demo", show_default=True, help="Pack: a name or a folder.")
@click.option("--code", required=True, help="Tariff code of 6 to 10 digits.")
@click.option("--origin", required=True, help="Economy of origin, ISO 3166-1 (KR).")
@click.option("--value", required=True, type=_NUMBER, help="Customs value in --currency.")
@click.option("--currency", required=True, help="ISO 4217 (USD).")
@click.option("--date", "on", type=_DAY, help="Day that decides what holds (default: today).")
@click.option("--mass", type=_NUMBER, help="Net mass in kilograms.")
@click.option("--quantity", type=_NUMBER, help="Quantity in --unit.")
@click.option("--unit", default="", help="UN/ECE Recommendation 20 code (NMB, LTR, NPR).")
@click.option("--freight", type=_NUMBER, help="Freight in --currency.")
@click.option("--insurance", type=_NUMBER, help="Insurance in --currency.")
@click.option("--preference", default="", help="Preferential scheme that is claimed.")
@click.option("--duty-rate", type=_NUMBER, help="Rate of duty in percent, for packs without one.")
@click.option("--shipped-from", default="", help="Economy the goods were shipped from.")
@click.option(
    "--mode",
    type=click.Choice(["sea", "rail", "road", "air", "post", "courier"]),
    help="How the goods travel.",
)
@click.option("--fact", "facts", multiple=True, help="A fact that relief asks for: name=value.")
@_RATES
@_JSON
@click.pass_obj
def quote(platform: Platform, /, **options: Any) -> None:
    """Assess one item without a file."""
    declaration = _declaration(options)
    engine = platform.duties(options["territory"], options["rates"])
    for line in engine.assess(declaration):
        _print("", "", line, options["as_json"])


@duties.command()
@click.option("--economy", help="Only this economy, ISO 3166-1 (KR).")
@click.option("--as-of", type=_DAY, help="What holds on this day (default: today).")
@_JSON
def relief(economy: str | None, as_of: dt.datetime | None, as_json: bool) -> None:
    """Low-value relief of every shipped pack on a day, with confidence and source."""
    from tradelane.duties.overview import relief_rows

    rows = relief_rows(_day(as_of), economy)
    if as_json:
        _print_json(rows)
        return
    click.echo(f"Low-value relief on {_day(as_of).isoformat()}. Parameters, not legal advice.")
    name = ""
    for row in rows:
        if row["name"] != name:
            name = row["name"]
            click.echo(f"\n{name} ({row['economy']})")
        since = f" since {row['valid_from']}" if row["valid_from"] else ""
        click.echo(f"  {row['charge']:<5} {row['rule']}{since} [{row['code']}]")
        if row["note"]:
            click.echo(f"        {row['note']}")
        click.echo(f"        confidence: {row['confidence']}; source: {row['source']}")
    if not rows:
        click.echo("No shipped pack is for that economy.")


def _declaration(options: dict[str, Any]) -> Declaration:
    from tradelane.kit.errors import InputRefused, Problem
    from tradelane.trade.declaration import Declaration, GoodsLine
    from tradelane.trade.hscode import parse_code

    code = parse_code(options["code"])
    if code is None or len(code) < 6:
        raise InputRefused(
            Problem(
                "duties.code_shape",
                f"{options['code']!r} is not a tariff code.",
                hint="Give 6, 8 or 10 digits.",
            )
        )
    extra = dict(fact.partition("=")[::2] for fact in options["facts"])
    mode = options["mode"] or ""
    if mode == "courier":
        extra["consignment"] = "courier"
    line = GoodsLine(
        number=1,
        hs_code=code,
        origin=options["origin"].upper(),
        customs_value=options["value"],
        currency=options["currency"].upper(),
        net_mass_kg=options["mass"],
        quantity=options["quantity"],
        quantity_unit=options["unit"].upper(),
        freight=options["freight"],
        insurance=options["insurance"],
        preference=options["preference"],
        declared_duty_rate=options["duty_rate"],
    )
    return Declaration(
        reference="quote",
        declarant="quote",
        date=_day(options["on"]),
        importer="",
        lines=(line,),
        departure=options["shipped_from"].upper(),
        transport_mode={"sea": "1", "rail": "2", "road": "3", "air": "4", "post": "5"}.get(
            mode, ""
        ),
        extra=extra,
    )


def _print(declarant: str, reference: str, line: LineAssessment, as_json: bool) -> None:
    if as_json:
        _print_json({"declarant": declarant, "reference": reference, **line.content()})
        return
    if reference:
        click.echo(f"{declarant} {reference}, line {line.number}")
    for sentence in line.trace:
        click.echo(f"  {sentence}")
    if line.effective_rate is not None:
        click.echo(f"  That is {line.effective_rate} % of the customs value.")


def _print_json(value: Any) -> None:
    from tradelane.kit.canonical import encode

    click.echo(encode(value).decode())


def _day(given: dt.datetime | None) -> dt.date:
    return given.date() if given is not None else dt.datetime.now(dt.UTC).date()
