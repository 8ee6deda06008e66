"""Every territory pack proves itself with the cases in its own tests.yaml."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tradelane.duties import Duties, ExchangeRates, LineAssessment
from tradelane.duties.overview import relief_rows, territories
from tradelane.kit import packs
from tradelane.kit.canonical import decode, encode
from tradelane.trade.declaration import Declaration, GoodsLine

ECONOMIES = set("AU BN CA CL CN HK ID JP KR MY MX NZ PG PE PH RU SG TW TH US VN".split())  # noqa: SIM905
_DECIMALS = (
    "customs_value",
    "net_mass_kg",
    "gross_mass_kg",
    "quantity",
    "freight",
    "insurance",
    "declared_duty_rate",
)


def _cases() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in territories():
        pack = packs.load(name)
        if pack.has("tests.yaml"):
            for case in pack.yaml("tests.yaml")["cases"]:
                yield name, case


CASES = list(_cases())


def _declaration(case: dict[str, Any]) -> Declaration:
    lines = []
    for number, given in enumerate(case["lines"], 1):
        fields = {k: Decimal(v) if k in _DECIMALS else v for k, v in given.items()}
        lines.append(GoodsLine(number=number, **fields))
    header = ("importer", "carrier", "departure", "transport_mode", "extra")
    return Declaration(
        reference="case",
        declarant="tests",
        date=case["date"],
        lines=tuple(lines),
        **{"importer": "", **{k: case[k] for k in header if k in case}},
    )


def _assess(name: str, case: dict[str, Any]) -> tuple[LineAssessment, ...]:
    rates = None
    if "rates" in case:
        rates = ExchangeRates((case["date"], c, Decimal(r)) for c, r in case["rates"].items())
    earlier = (lambda importer, window: case["earlier"]) if "earlier" in case else None
    return Duties(packs.load(name), rates).assess(_declaration(case), earlier)


@pytest.mark.parametrize(
    ("name", "case"), CASES, ids=[f"{name}: {case['name']}" for name, case in CASES]
)
def test_a_pack_gives_what_its_own_cases_expect(name: str, case: dict[str, Any]) -> None:
    found = _assess(name, case)
    assert len(found) == len(case["expect"])
    for line, wanted in zip(found, case["expect"], strict=True):
        got: dict[str, Any] = {
            "relief": line.relief_status,
            "needs_person": {problem.code for problem in line.needs_person},
        }
        content = decode(encode(line.content()))
        got |= {k: content[k] for k in ("customs_value", "duty", "tax", "other", "total")}
        wanted = {**wanted, "needs_person": set(wanted.get("needs_person", ()))}
        assert {k: got[k] for k in wanted} == wanted, "\n".join(line.trace)


def test_every_territory_has_cases() -> None:
    assert {name for name, _ in CASES} == set(territories())
    assert len(CASES) >= 70


def test_all_21_economies_are_there_and_every_parameter_says_where_it_is_from() -> None:
    abouts = [packs.load(name).about for name in territories()]
    assert {a["economy"] for a in abouts if a["apec_member"]} == ECONOMIES
    rows = relief_rows(dt.date(2026, 11, 21))
    assert ECONOMIES | {"XM"} == {row["economy"] for row in rows}
    for row in rows:
        assert row["source"], row
        assert row["confidence"], row
        assert row["checked_on"] == "2026-11-21", row


def test_no_real_economy_has_a_tariff_and_the_invented_one_says_that_it_is_invented() -> None:
    for name in territories():
        pack = packs.load(name)
        assert pack.has("tariff.csv") == bool(pack.about.get("invented")), name
        assert pack.about["disclaimers"], name
