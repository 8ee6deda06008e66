"""What holds for every declaration, not only for the ones we thought of."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tradelane.duties import Duties, ExchangeRates, explain
from tradelane.duties.overview import territories
from tradelane.kit import packs
from tradelane.kit.canonical import decode, encode
from tradelane.trade.declaration import Declaration, GoodsLine

_DAYS = st.dates(dt.date(2024, 12, 1), dt.date(2026, 12, 31))
_CODES = st.sampled_from(
    (
        *("847130", "851713", "640399", "640319", "020130", "220830", "240220", "870321"),
        *("330300", "610910", "701337", "770100", "271012", "950300", "420221", "490110"),
    )
)
_AMOUNTS = st.decimals(0, 100_000, places=2)
_ORIGINS = st.sampled_from(["CN", "US", "KR", "VN", "KH", "DE", "HK"])
_RATES = ("USD", "1.3"), ("EUR", "1.4"), ("KRW", "0.001"), ("KWD", "4.2"), ("XMD", "0.9")


@cache
def _duties(name: str) -> Duties:
    if name == "demo":
        return Duties(packs.load(name))
    days = [dt.date(2024, 11, 20) + dt.timedelta(30 * n) for n in range(30)]
    return Duties(
        packs.load(name), ExchangeRates((day, c, Decimal(r)) for day in days for c, r in _RATES)
    )


@st.composite
def _lines(draw: st.DrawFn, number: int = 1) -> GoodsLine:
    maybe: Any = st.none() | st.decimals(0, 5000, places=3)
    return GoodsLine(
        number=number,
        hs_code=draw(_CODES),
        origin=draw(_ORIGINS),
        customs_value=draw(_AMOUNTS),
        currency=draw(st.sampled_from(["XMD", "USD", "EUR", "KRW", "KWD"])),
        net_mass_kg=draw(maybe),
        quantity=draw(maybe),
        quantity_unit=draw(st.sampled_from(["NMB", "NPR", "LTR", "KGM", ""])),
        freight=draw(st.none() | st.decimals(0, 500, places=2)),
        insurance=draw(st.none() | st.decimals(0, 50, places=2)),
        preference=draw(st.sampled_from(["", "LSA", "GSPX", "NOSUCH"])),
        declared_duty_rate=draw(st.none() | st.decimals(0, 40, places=1)),
    )


@st.composite
def _declarations(draw: st.DrawFn) -> Declaration:
    count = draw(st.integers(1, 3))
    return Declaration(
        reference="R",
        declarant="D",
        date=draw(_DAYS),
        importer="I",
        lines=tuple(draw(_lines(number)) for number in range(1, count + 1)),
        carrier=draw(st.sampled_from(["", "C"])),
        departure=draw(st.sampled_from(["", "US", "CN"])),
        transport_mode=draw(st.sampled_from(["", "1", "4", "5"])),
    )


def _has_float(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_float(v) for v in value.values())
    if isinstance(value, list):
        return any(_has_float(v) for v in value)
    return isinstance(value, float)


@settings(deadline=None)  # the first use of a pack reads it
@given(name=st.sampled_from(territories()), declaration=_declarations())
def test_sums_and_stories_hold_in_every_territory(name: str, declaration: Declaration) -> None:
    for line in _duties(name).assess(declaration):
        assert min(line.duty, line.tax, line.other) >= 0
        assert line.total == line.duty + line.tax + line.other
        assert line.total == sum((c.amount for c in line.charges), Decimal(0))
        assert all(c.relieved >= 0 and c.amount >= 0 for c in line.charges)
        content = line.content()
        assert not _has_float(content)
        assert decode(encode(content)) == content
        assert explain(decode(encode(content))) == line.trace


@settings(deadline=None, max_examples=25)
@given(name=st.sampled_from(territories()), declaration=_declarations())
def test_the_same_declaration_gives_the_same_bytes(name: str, declaration: Declaration) -> None:
    fresh = Duties(_duties(name).territory.pack, _duties(name).rates)
    first = [encode(line.content()) for line in _duties(name).assess(declaration)]
    assert [encode(line.content()) for line in fresh.assess(declaration)] == first


@settings(deadline=None)
@given(line=_lines(), more=st.decimals(0, 10_000, places=2), day=_DAYS)
def test_a_dearer_consignment_never_pays_less_duty(
    line: GoodsLine, more: Decimal, day: dt.date
) -> None:
    dearer = replace(line, customs_value=line.customs_value + more)
    low, high = (
        _duties("demo").assess(Declaration("R", "D", day, "I", (item,)))[0]
        for item in (line, dearer)
    )
    if low.complete and high.complete:
        assert low.total <= high.total


@settings(deadline=None)
@given(declaration=_declarations())
def test_relief_never_raises_what_is_paid(declaration: Declaration) -> None:
    duties = _duties("demo")
    plain = _without_relief()
    for with_relief, without in zip(
        duties.assess(declaration), plain.assess(declaration), strict=True
    ):
        if with_relief.complete and without.complete:
            assert with_relief.total <= without.total


@cache
def _without_relief() -> Duties:
    duties = Duties(packs.load("demo"))
    duties.territory = replace(duties.territory, relief=())
    return duties
