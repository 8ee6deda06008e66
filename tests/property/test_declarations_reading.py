"""Whatever bytes a file has: it is refused whole, or all its rows come back, read or refused."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradelane.declarations import mapping as mappings
from tradelane.declarations.model import Filing, Limits, content_digest
from tradelane.declarations.reader import count_rows, read
from tradelane.kit.errors import InputRefused
from tradelane.nomenclature import Nomenclature
from tradelane.trade.declaration import content, from_content

CODES = Nomenclature()
NATIVE = mappings.load("tradelane")
TODAY = dt.date(2026, 6, 1)
LIMITS = Limits(cell=60, row=400, document=400, depth=4, lines_per_declaration=4)
HEADER = "declaration_id,date,declarant,importer,hs_code,origin,currency,customs_value,line"
SHORT = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

values = st.one_of(
    st.sampled_from(
        [
            "",
            "A",
            "B",
            "2026-01-01",
            "851713",
            "KR",
            "USD",
            "1.5",
            "-1",
            "NaN",
            "1e9",
            '"',
            '""',
            "a,b",
            "\n",
            "\r",
            "\0",
            "x" * 100,
            "=1+1",
            "휴대",
            "\u202e",
            "0",
            "1",
        ]
    ),
    st.text(max_size=8),
)
good = st.builds(
    lambda ref, line: f"{ref},2026-01-01,B,I,851713,KR,USD,1.5,{line}",
    st.sampled_from(["A", "B"]),
    st.sampled_from(["", "1", "2"]),
)
rows = st.one_of(good, st.lists(values, max_size=11).map(",".join))
sheets = st.lists(rows, max_size=8).map(lambda found: "\n".join([HEADER, *found, ""]))
objects = st.dictionaries(
    st.sampled_from([*HEADER.split(","), "lines", "other"]),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        ),
    ),
    max_size=5,
)


def read_all(path: Path) -> list[Filing] | None:
    try:
        found = list(read(path, NATIVE, codes=CODES, today=TODAY, limits=LIMITS))
    except InputRefused:
        return None
    row = 0
    for filing in found:
        assert filing.first_row == row
        assert filing.rows > 0
        row += filing.rows
        if filing.declaration is None:
            assert len(filing.row_problems) == filing.rows
            assert all(filing.row_problems)
            json.dumps([p.to_dict() for p in filing.problems]).encode()
            (filing.reference + filing.declarant).encode()
        else:
            assert len(filing.declaration.lines) == len(filing.outcomes) == filing.rows
            assert content_digest(filing.declaration).startswith("sha256:")
            assert from_content(content(filing.declaration)) == filing.declaration
    assert count_rows(path, NATIVE, limits=LIMITS) == row
    return found


@SHORT
@given(data=st.binary(max_size=600))
def test_any_bytes_are_refused_or_accounted_for(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    read_all(path)


@SHORT
@given(text=sheets, noise=st.binary(max_size=6), at=st.integers(0, 400))
def test_any_sheet_is_accounted_for_row_by_row(
    tmp_path: Path, text: str, noise: bytes, at: int
) -> None:
    data = text.encode("utf-8", "surrogatepass")
    at = max(at, len(HEADER) + 1)
    path = tmp_path / "sheet.csv"
    path.write_bytes(data[:at] + noise + data[at:])
    assert read_all(path) is not None


@SHORT
@given(
    found=st.lists(objects, max_size=5),
    noise=st.text('[]{},":\\ \na1', max_size=5),
    at=st.integers(1, 300),
    lines=st.booleans(),
)
def test_any_json_is_accounted_for(
    tmp_path: Path, found: list[object], noise: str, at: int, lines: bool
) -> None:
    text = "\n".join(map(json.dumps, found)) if lines else json.dumps(found)
    path = tmp_path / "any.json"
    path.write_text(text[:at] + noise + text[at:], encoding="utf-8")
    read_all(path)


@SHORT
@given(text=sheets, data=st.data())
def test_reading_can_go_on_after_any_filing(tmp_path: Path, text: str, data: st.DataObject) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    whole = read_all(path)
    assert whole is not None
    cut = data.draw(st.integers(0, len(whole)))
    skip = sum(filing.rows for filing in whole[:cut])
    rest = list(read(path, NATIVE, codes=CODES, today=TODAY, skip_rows=skip, limits=LIMITS))
    assert rest == whole[cut:]


@pytest.mark.parametrize("encoding", ["cp949", "cp1252", "utf-16", "gb18030", "shift_jis"])
@SHORT
@given(data=st.binary(max_size=300))
def test_any_bytes_in_any_declared_encoding_are_accounted_for(
    tmp_path: Path, encoding: str, data: bytes
) -> None:
    text = (Path(mappings.__file__).parents[1] / "packs/mappings/tradelane.yaml").read_text()
    mapping = mappings.parse(text.replace("encoding: utf-8", f"encoding: {encoding}"))
    path = tmp_path / "any"
    path.write_bytes(HEADER.encode(encoding) + "\n".encode(encoding)[-2:] + data)
    try:
        found = list(read(path, mapping, codes=CODES, today=TODAY, limits=LIMITS))
    except InputRefused:
        return
    assert sum(f.rows for f in found) == count_rows(path, mapping, limits=LIMITS)
