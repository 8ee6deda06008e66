"""JSON and NDJSON: one bad document costs itself only, and never much time or memory."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tradelane.declarations.model import Filing, Limits

Reading = Callable[..., list[Filing]]

GOOD = {
    "declaration_id": "D1",
    "date": "2026-03-01",
    "declarant": "B",
    "importer": "I",
    "currency": "USD",
    "lines": [
        {"hs_code": "851713", "origin": "KR", "customs_value": 100.50},
        {"hs_code": "010121", "origin": "CN", "customs_value": "7"},
    ],
}


def doc(reference: str, **changes: object) -> dict[str, object]:
    return {**GOOD, "declaration_id": reference, **changes}


def codes_of(filing: Filing) -> list[str]:
    return [problem.code.removeprefix("declarations.") for problem in filing.problems]


def test_a_number_keeps_the_digits_that_were_written(reading: Reading) -> None:
    [filing] = reading(json.dumps([GOOD]).replace("100.5", "100.5000000000000000001"))
    assert filing.declaration is not None
    assert str(filing.declaration.lines[0].customs_value) == "100.5000000000000000001"
    assert [line.number for line in filing.declaration.lines] == [1, 2]


def test_two_documents_with_one_key_stay_two_filings(reading: Reading) -> None:
    assert [f.rows for f in reading(json.dumps([GOOD, GOOD]))] == [2, 2]


@pytest.mark.parametrize("form", ["array", "lines"])
@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ('{"declaration_id": }', "json"),
        ('"text"', "json_type"),
        ("17", "json_type"),
        (json.dumps(doc("X", lines=[])), "no_lines"),
        (json.dumps(doc("X", lines={"a": 1})), "no_lines"),
        (json.dumps(doc("X", importer=["I"])), "json_type"),
        (json.dumps(doc("X", x="y" * 9000)), "document_too_large"),
        ('{"a": ' * 30 + "1" + "}" * 30, "too_deep"),
        (json.dumps(doc("X", date=None)), "required"),
        (json.dumps(doc("X", importer="\ud800")), "control_character"),
        (json.dumps(doc("X")).replace("100.5", "NaN"), "not_finite"),
        (json.dumps(doc("X", lines=[1])), "json_type"),
    ],
)
def test_a_bad_document_costs_itself_only(reading: Reading, form: str, bad: str, code: str) -> None:
    texts = [json.dumps(doc("A")), bad, json.dumps(doc("B"))]
    whole = "[" + ",\n".join(texts) + "]" if form == "array" else "\n".join(texts) + "\n"
    found = reading(whole, limits=Limits(document=5000))
    assert [f.reference for f in found if f.declaration is not None] == ["A", "B"]
    [refused] = [f for f in found if f.declaration is None]
    assert code in codes_of(refused)
    assert refused.line == 2


def test_a_hundred_thousand_brackets_are_refused_at_once(reading: Reading) -> None:
    begun = time.perf_counter()
    found = reading("[" + "[" * 100_000 + "]" * 100_000 + "," + json.dumps(GOOD) + "]")
    assert [codes_of(f) for f in found] == [["too_deep"], []]
    assert time.perf_counter() - begun < 2


def test_an_array_that_is_cut_off_gives_what_was_whole(reading: Reading) -> None:
    found = reading("[" + json.dumps(doc("A")) + "," + json.dumps(doc("B"))[:40])
    assert [f.declaration is not None for f in found] == [True, False]
    assert codes_of(found[1]) == ["json"]


def test_what_stands_after_the_array_is_reported(reading: Reading) -> None:
    found = reading("[" + json.dumps(doc("A")) + "] and more")
    assert [f.declaration is not None for f in found] == [True, False]


def test_an_empty_array_has_no_rows(reading: Reading) -> None:
    assert reading(" [ ] \n") == []


def test_a_line_that_overrides_its_importer_is_refused(reading: Reading) -> None:
    lines = [dict(GOOD["lines"][0]), {**GOOD["lines"][1], "importer": "OTHER"}]  # type: ignore[index, dict-item]
    [filing] = reading(json.dumps([doc("A", lines=lines)]))
    assert codes_of(filing) == ["sibling_rejected", "header_differs"]
