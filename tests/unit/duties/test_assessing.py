"""The engine beyond what the packs' own cases show."""

from __future__ import annotations

import datetime as dt
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tradelane.duties import Duties, ExchangeRates, LineAssessment, Window, explain
from tradelane.kit import packs
from tradelane.kit.canonical import decode, encode
from tradelane.trade.declaration import Declaration, GoodsLine

DAY = dt.date(2026, 6, 10)


def _line(code: str = "847130", value: str = "1000.00", **fields: Any) -> GoodsLine:
    return GoodsLine(
        **{
            "number": 1,
            "hs_code": code,
            "origin": "CN",
            "customs_value": Decimal(value),
            "currency": "XMD",
            **fields,
        }
    )


def _declaration(*lines: GoodsLine, on: dt.date = DAY, **header: Any) -> Declaration:
    return Declaration(
        **{"reference": "R", "declarant": "D", "importer": "I", **header}, date=on, lines=lines
    )


@pytest.fixture(scope="module")
def demo() -> Duties:
    return Duties(packs.load("demo"))


def _changed(tmp_path: Path, name: str, old: str, new: str) -> Duties:
    folder = tmp_path / "pack"
    shutil.copytree(packs.SHIPPED / "demo", folder)
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    return Duties(packs.load(folder))


def _one(duties: Duties, *lines: GoodsLine, **header: Any) -> LineAssessment:
    return duties.assess(_declaration(*lines, **header))[0]


def test_a_person_can_follow_the_trace(demo: Duties) -> None:
    found = _one(demo, _line(freight=Decimal("50.00"), insurance=Decimal("10.00")))
    assert found.trace == [
        "Customs value 1060.00 XMD = 1000.00 goods + 50.00 freight + 10.00 insurance (CIF basis).",
        "Duty 8 % of 1060.00 = 84.80 (tariff 8471.30, pack demo 2026.1).",
        "MST 12 % of 1144.80 (value + duty + excise) = 137.38 (pack demo 2026.1).",
        "HANDLING 4.50 XMD (pack demo 2026.1).",
        "No low-value relief: the consignment is worth 1000.00 XMD (intrinsic), and the limits are"
        " XM-DUTY-150 <= 150, XM-TAX-60 <= 60, XM-FEE-60 <= 60 XMD. Source: Port Meridian Low-Value"
        " Order (invented); confidence: invented.",
        "To pay: 226.68 XMD = 84.80 duty + 137.38 tax + 4.50 other.",
    ]
    assert found.effective_rate == Decimal("21.38")


def test_the_ledger_entry_tells_the_same_story_later(demo: Duties) -> None:
    found = _one(demo, _line("640399", quantity=Decimal(50), quantity_unit="NPR"))
    assert explain(decode(encode(found.content()))) == found.trace


def test_a_slice_charges_only_the_part_above(tmp_path: Path) -> None:
    duties = _changed(tmp_path, "relief.yaml", "over: cliff", "over: slice")
    found = _one(
        duties,
        _line("847141", "600.00", hs_code="610910", quantity=Decimal(1), quantity_unit="NMB"),
    )
    duty = found.charges[0]
    # 20 % of 600 is 120; 150 of 600 are free, so a quarter of it.
    assert (duty.relieved, duty.amount) == (Decimal("30.00"), Decimal("90.00"))
    assert found.relief_status == "part"
    # 12 % of 690 is 82.80, a tenth (60 of 600) is free.
    assert found.tax == Decimal("74.52")


@pytest.mark.parametrize(("comparator", "duty"), [("<=", "0.00"), ("<", "30.00")])
def test_the_comparator_decides_at_the_threshold(
    tmp_path: Path, comparator: str, duty: str
) -> None:
    duties = _changed(tmp_path, "relief.yaml", 'comparator: "<="', f'comparator: "{comparator}"')
    line = _line("610910", "150.00", quantity=Decimal(1), quantity_unit="NMB")
    assert _one(duties, line).duty == Decimal(duty)


def test_rounding_is_a_parameter(tmp_path: Path) -> None:
    duties = _changed(
        tmp_path, "pack.yaml", 'mode: half_up\n  step: "0.01"', 'mode: down\n  step: "0.05"'
    )
    # 8 % of 1001.23 is 80.0984.
    assert _one(duties, _line(value="1001.23")).duty == Decimal("80.05")


def test_relief_refuses_excluded_goods_line_by_line(demo: Duties) -> None:
    shirt = _line("610910", "20.00", quantity=Decimal(2), quantity_unit="NMB")
    perfume = _line("330300", "20.00", number=2)
    first, second = demo.assess(_declaration(shirt, perfume))
    assert (first.duty, first.relief_status) == (Decimal("0.00"), "granted")
    assert (second.duty, second.relief_status) == (Decimal("3.00"), "refused")
    assert "goods of 330300 are excluded" in second.relief_reason


def test_the_trace_says_that_same_day_bundling_was_not_looked_at(demo: Duties) -> None:
    shirt = _line("610910", "20.00", quantity=Decimal(2), quantity_unit="NMB")
    assert any("others of that day were not looked for" in s for s in _one(demo, shirt).trace)


def test_earlier_is_asked_for_the_importer_and_the_window() -> None:
    asked: list[tuple[str, Window]] = []

    def earlier(importer: str, window: Window) -> int:
        asked.append((importer, window))
        return 0

    duties = Duties(packs.load("tw"))
    line = _line(value="1999", currency="TWD", declared_duty_rate=Decimal(5))
    found = duties.assess(_declaration(line, importer="I9"), earlier)[0]
    assert found.relief_status == "granted"
    half_year = Window("half_year", dt.date(2026, 1, 1), dt.date(2026, 6, 30))
    assert asked == [("I9", half_year)]


def test_a_declared_rate_is_said_to_be_unchecked() -> None:
    duties = Duties(packs.load("au"))
    line = _line(value="2000.00", currency="AUD", declared_duty_rate=Decimal("5"))
    assert any("not checked against a tariff" in s for s in _one(duties, line).trace)


def test_no_rate_is_never_a_silent_zero() -> None:
    found = _one(Duties(packs.load("au")), _line(value="2000.00", currency="AUD"))
    assert not found.complete
    assert [p.code for p in found.needs_person] == ["duties.no_rate", "duties.tax_waits"]


def test_a_code_that_the_tariff_lacks_goes_to_a_person(demo: Duties) -> None:
    assert "duties.no_rate" in [p.code for p in _one(demo, _line("770100")).needs_person]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", "1e15", "1e999999"])
def test_a_value_that_is_no_amount_goes_to_a_person(demo: Duties, value: str) -> None:
    found = _one(demo, _line(value=value))
    assert [p.code for p in found.needs_person] == ["duties.value_unusable"]
    assert found.customs_value is None
    assert found.effective_rate is None


def test_one_unusable_line_leaves_the_relief_of_the_others_to_a_person(demo: Duties) -> None:
    shirt = _line("610910", "20.00", quantity=Decimal(2), quantity_unit="NMB")
    found = _one(demo, shirt, _line(value="NaN", number=2))
    assert {p.code for p in found.needs_person} == {"duties.value_unusable"}
    assert found.relief_status == "needs_person"


def test_an_old_exchange_rate_is_not_used() -> None:
    rates = ExchangeRates([(dt.date(2026, 4, 1), "USD", Decimal("1.3"))])
    found = Duties(packs.load("demo"), rates).assess(_declaration(_line(currency="USD")))[0]
    assert [p.code for p in found.needs_person] == ["duties.no_exchange_rate"]


def test_other_rates_or_another_pack_give_another_digest(demo: Duties) -> None:
    rates = ExchangeRates([(DAY, "USD", Decimal("1.3"))])
    other = Duties(packs.load("demo"), rates)
    assert len({demo.digest, other.digest, Duties(packs.load("au")).digest}) == 3
    assert Duties(packs.load("demo")).digest == demo.digest


def test_the_ad_valorem_rate_follows_date_origin_and_preference(demo: Duties) -> None:
    before, after = dt.date(2025, 6, 30), dt.date(2025, 7, 1)
    assert demo.ad_valorem_rate("847130", "CN", "", before) == 0
    assert demo.ad_valorem_rate("847130", "CN", "", after) == 8
    assert demo.ad_valorem_rate("847130", "VN", "LSA", after) == 0
    assert demo.ad_valorem_rate("847130", "CN", "LSA", after) == 8
    assert demo.ad_valorem_rate("640319", "CN", "", after) is None
    assert demo.ad_valorem_rate("770100", "CN", "", after) is None


def test_siblings_of_a_heading_differ_so_that_misclassification_pays(demo: Duties) -> None:
    tariff = {}
    for row in packs.load("demo").table("tariff.csv"):
        if row["measure"] == "duty" and len(row["code"]) == 6 and row["component"] == "1":
            tariff.setdefault(row["code"][:4], set()).add(row["rate_percent"])
    assert sum(1 for rates in tariff.values() if len(rates) >= 3) >= 200
