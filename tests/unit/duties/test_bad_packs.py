"""A pack that is not right is refused as a whole, with file and line of everything wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tradelane.duties import Duties, ExchangeRates
from tradelane.kit import packs
from tradelane.kit.errors import InputRefused, Problem

HEADER = (
    "code,measure,scheme,origin,component,operator,rate_percent,amount,currency,unit,"
    "valid_from,valid_to,source\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the invented territory with a tariff of one row."""
    target = tmp_path / "pack"
    target.mkdir()
    for name in ("pack.yaml", "taxes.yaml", "relief.yaml"):
        shutil.copy(packs.SHIPPED / "demo" / name, target / name)
    _tariff(target, "84,duty,,,1,,5,,,,2020-01-01,,law")
    return target


def _tariff(folder: Path, *rows: str) -> None:
    (folder / "tariff.csv").write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")


def _change(folder: Path, name: str, old: str, new: str) -> int:
    """Replace text once and return the 1-based line it was on."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def _refusals(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(InputRefused) as refused:
        Duties(packs.load(folder))
    return refused.value.problems


def test_the_copied_pack_is_right_before_it_is_broken(folder: Path) -> None:
    assert Duties(packs.load(folder)).territory.tariff is not None


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("84,duty,,,1,,5,,,,2020-01-01,,", "duties.pack_source"),
        ("84,duty,,,1,,five,,,,2020-01-01,,law", "duties.pack_number"),
        ("84,duty,,,1,,NaN,,,,2020-01-01,,law", "duties.pack_number"),
        ("84,duty,,,1,,-5,,,,2020-01-01,,law", "duties.pack_number"),
        ("84,duty,,,1,,5,2,XMD,KGM,2020-01-01,,law", "duties.pack_number"),
        ("84,duty,,,1,,,2,XMD,STONE,2020-01-01,,law", "duties.pack_unit"),
        ("84,duty,,,1,,,2,,KGM,2020-01-01,,law", "duties.pack_field"),
        ("8x,duty,,,1,,5,,,,2020-01-01,,law", "duties.pack_field"),
        ("84,levy,,,1,,5,,,,2020-01-01,,law", "duties.pack_field"),
        ("84,preference,NOSUCH,lsa,1,,5,,,,2020-01-01,,law", "duties.pack_field"),
        ("84,duty,,nowhere,1,,5,,,,2020-01-01,,law", "duties.pack_field"),
        ("84,duty,,,1,max,5,,,,2020-01-01,,law", "duties.pack_field"),
        ("84,duty,,,1,,5,,,,2020-02-30,,law", "duties.pack_field"),
        ("84,duty,,,1,,5,,,,2020-02-01,2020-01-01,law", "duties.pack_field"),
        ("85,duty,,,1,,6,,,,2021-01-01,,law", "duties.pack_overlap"),
    ],
)
def test_a_wrong_tariff_row_is_refused_with_its_line(folder: Path, row: str, code: str) -> None:
    _tariff(folder, "85,duty,,,1,,5,,,,2020-01-01,,law", row)
    (problem,) = _refusals(folder)
    assert (problem.code, problem.line) == (code, 3)
    assert "tariff.csv" in problem.message


def test_two_rates_for_the_same_goods_and_dates_are_refused(folder: Path) -> None:
    row = "84,duty,,,1,,5,,,,2020-01-01,,law"
    _tariff(folder, row, row)
    assert [p.code for p in _refusals(folder)] == ["duties.pack_overlap"]


def test_every_wrong_row_is_told_at_once(folder: Path) -> None:
    _tariff(folder, "84,duty,,,1,,x,,,,2020-01-01,,law", "85,duty,,,1,,5,,,,2020-01-01,,")
    assert [(p.code, p.line) for p in _refusals(folder)] == [
        ("duties.pack_number", 2),
        ("duties.pack_source", 3),
    ]


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        ("relief.yaml", "threshold: 60", "threshold: sixty", "duties.pack_number"),
        ("relief.yaml", "threshold: 60", "treshold: 60", "duties.pack_field"),
        ("relief.yaml", "modes: [any]", "modes: [balloon]", "duties.pack_field"),
        ("relief.yaml", "basis: intrinsic", "basis: guess", "duties.pack_field"),
        ("relief.yaml", "valid_from: 2020", 'valid_from: "20-20"  # ', "duties.pack_field"),
        ("taxes.yaml", "percent: 12", "percent: twelve", "duties.pack_number"),
        ("taxes.yaml", "valid_to: 2025-12-31", "valid_to: 2026-01-01", "duties.pack_overlap"),
        ("taxes.yaml", "per: consignment", "per: ship", "duties.pack_field"),
        ("pack.yaml", "kind: territory", "kind: mapping", "duties.not_a_territory"),
        ("pack.yaml", "mode: half_up", "mode: sideways", "duties.pack_field"),
        ("pack.yaml", "origin_group: lsa", "origin_group: moon", "duties.pack_field"),
    ],
)
def test_a_wrong_parameter_is_refused_with_file_and_line(
    folder: Path, name: str, old: str, new: str, code: str
) -> None:
    line = _change(folder, name, old, new)
    problems = _refusals(folder)
    assert code in [p.code for p in problems]
    problem = next(p for p in problems if p.code == code)
    assert name in problem.message
    # An overlap is shown at the later item, everything else where it was written.
    assert problem.line is not None
    assert problem.line == line or (code == "duties.pack_overlap" and problem.line > line)


def test_a_parameter_without_a_source_is_refused(folder: Path) -> None:
    _change(folder, "relief.yaml", '    source: "Port Meridian Low-Value Order (invented)"\n', "")
    (problem,) = _refusals(folder)
    assert problem.code == "duties.pack_source"
    assert problem.line == 3
    assert problem.pointer == "/relief/0/source"


def test_a_date_that_does_not_exist_is_refused(folder: Path) -> None:
    _change(folder, "taxes.yaml", "valid_from: 2020-01-01", "valid_from: 2020-02-30")
    assert _refusals(folder)[0].code == "packs.yaml"


@pytest.mark.parametrize(
    "row", ["2026-13-01,USD,1.3", "2026-01-01,usd,1.3", "2026-01-01,USD,0", "2026-01-01,USD,NaN"]
)
def test_a_wrong_exchange_rate_is_refused_with_its_line(tmp_path: Path, row: str) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(f"date,currency,rate\n2026-01-01,EUR,1.4\n{row}\n", encoding="utf-8")
    with pytest.raises(InputRefused) as refused:
        ExchangeRates.read(path)
    (problem,) = refused.value.problems
    assert (problem.code, problem.line) == ("duties.exchange_rates", 3)
