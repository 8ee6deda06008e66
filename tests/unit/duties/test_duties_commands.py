"""The duties commands with the engine behind them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from tradelane.duties import Duties, ExchangeRates
from tradelane.duties.commands import duties
from tradelane.kit import packs
from tradelane.kit.errors import InputRefused
from tradelane.trade.declaration import Declaration, GoodsLine


class Platform:
    """The platform's part, in memory."""

    def duties(self, territory: str, rates: Path | None) -> Duties:
        read = ExchangeRates.read(rates) if rates else None
        return Duties(packs.load(territory), read)

    def read_declarations(self, path: Path, mapping: str | None) -> Iterator[Declaration]:
        line = GoodsLine(1, "847130", "CN", Decimal("1000.00"), "XMD")
        yield Declaration("R1", "D1", dt.date(2026, 6, 10), "I1", (line,))


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(duties, arguments, obj=Platform(), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_assess_prints_every_line_in_words(tmp_path: Path) -> None:
    file = tmp_path / "declarations.csv"
    file.touch()
    told = _run("assess", str(file))
    assert "D1 R1, line 1" in told
    assert "Duty 8 % of 1000.00 = 80.00" in told


def test_assess_prints_json(tmp_path: Path) -> None:
    file = tmp_path / "declarations.csv"
    file.touch()
    found = json.loads(_run("assess", str(file), "--json"))
    assert (found["reference"], found["duty"]) == ("R1", "80.00")


def test_quote_needs_no_file() -> None:
    told = _run(
        *("quote", "--code", "8471.30", "--origin", "kr", "--value", "100", "--currency", "usd"),
        *("--date", "2026-06-10", "--preference", "LSA", "--mode", "air"),
    )
    assert "Preference LSA: 0 % of" in told
    assert "of the customs value" in told


def test_quote_refuses_a_code_that_is_none() -> None:
    with pytest.raises(InputRefused) as refused:
        _run("quote", "--code", "84", "--origin", "KR", "--value", "1", "--currency", "USD")
    assert refused.value.problems[0].code == "duties.code_shape"


@pytest.mark.parametrize("value", ["-1", "NaN", "ten"])
def test_quote_refuses_a_value_that_is_none(value: str) -> None:
    arguments = ["quote", "--code", "847130", "--origin", "KR", f"--value={value}"]
    result = CliRunner().invoke(duties, [*arguments, "--currency", "USD"], obj=Platform())
    assert result.exit_code == 2


def test_relief_lists_all_territories_with_source_and_confidence() -> None:
    told = _run("relief", "--as-of", "2026-11-21")
    assert "Republic of Korea (KR)" in told
    assert told.count("confidence:") >= 40
    assert told.count("source:") == told.count("confidence:")


def test_relief_follows_the_day() -> None:
    rows = json.loads(_run("relief", "--economy", "us", "--as-of", "2025-08-28", "--json"))
    assert [row["code"] for row in rows] == ["US-800"]
    assert "not origin CN, HK" in rows[0]["rule"]
    rows = json.loads(_run("relief", "--economy", "US", "--as-of", "2010-01-01", "--json"))
    assert "nothing recorded" in rows[0]["rule"]
