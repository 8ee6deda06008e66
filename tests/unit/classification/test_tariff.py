"""The United States tariff's JSON: paths by indents, codes from above, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from classification_house import csv_of
from tradelane.classification import tariff
from tradelane.kit.errors import InputRefused


def line(indent: object, code: str | None, text: object) -> dict[str, Any]:
    return {
        "htsno": code,
        "indent": indent,
        "description": text,
        "superior": None,
        "units": ["No."],
        "general": "Free",
        "footnotes": [],
    }


LINES = [
    line("0", "0101", "Live horses, asses, mules and hinnies:"),
    line("1", "", "Horses:"),
    line("2", "0101.21.00", "<i>Purebred</i> breeding animals"),
    line("3", "0101.21.00.10", "Males"),
    line("2", "0101.29.00", "Other"),
    line("0", "9801.00.10", "Products returned"),
]


def written(folder: Path, content: object) -> Path:
    return csv_of(folder, json.dumps(content), "hts.json")


def test_every_line_has_its_path_and_its_code(tmp_path: Path) -> None:
    found = [(row.text, row.code) for row in tariff.rows(written(tmp_path, LINES))]
    horses = "Live horses, asses, mules and hinnies — Horses"
    assert found == [
        (f"{horses} — Purebred breeding animals", "01012100"),
        (f"{horses} — Purebred breeding animals — Males", "0101210010"),
        (f"{horses} — Other", "01012900"),
    ], "chapter 98 is national and says nothing of goods"


@pytest.mark.parametrize(
    ("content", "line_number"),
    [
        (b"{not json", 1),
        (b"[\n{]", 2),
        (b"\xff\xfe", 1),
        (b"{}", 1),
        (b"[]", 1),
        (b"[" * 5_000, 1),
        (b"[1]", None),
        (json.dumps([line("x", "0101.21", "Horses")]).encode(), None),
        (json.dumps([line(-1, "0101.21", "Horses")]).encode(), None),
        (json.dumps([line(10**30, "0101.21", "Horses")]).encode(), None),
        (json.dumps([line(1, "0101.21", None)]).encode(), None),
        (json.dumps([line(1, "0101.21", {"a": 1})]).encode(), None),
        (json.dumps([{"htsno": "0101.21"}]).encode(), None),
        (json.dumps([line(0, "9801.00.10", "Products returned")]).encode(), None),
    ],
)
def test_what_is_no_tariff_is_refused(
    tmp_path: Path, content: bytes, line_number: int | None
) -> None:
    with pytest.raises(InputRefused) as caught:
        list(tariff.rows(csv_of(tmp_path, content, "hts.json")))
    (problem,) = caught.value.problems
    assert problem.code == "classification.tariff"
    assert line_number is None or problem.line is not None
    assert "indent" in problem.hint
