"""A file of declarations is checked whole, then its good ones are filed, each once."""

from __future__ import annotations

import csv
import io
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from tradelane.journeys.uploading import REASONS
from trader_forms import House, Visitor, own

UPLOAD = "/declarations/new/upload"
HEADER = (
    "declaration_id,declarant,date,importer,line,hs_code,description,origin,currency,"
    "customs_value\n"
)


@pytest.fixture
def trader(signed_in: Callable[[str], Visitor]) -> Visitor:
    return signed_in("trader")


def rows(declarant: str, *, wrong: int = 2, good: int = 3) -> str:
    """A file with so many good and wrong declarations; one of the wrong has two lines."""
    text = HEADER
    for number in range(good):
        text += f"G-{number},{declarant},2026-10-30,IM1,1,847130,Laptops,CN,USD,{number + 1}00.00\n"
    for number in range(wrong):
        text += f"B-{number},{declarant},2026-10-30,IM1,1,12,=1+1,CN,USD,-5\n"
        text += f"B-{number},{declarant},2026-10-30,IM1,2,847130,+good,CN,USD,7.00\n"
    return text


def send(
    visitor: Visitor, data: str | bytes, name: str = "a.csv", mapping: str = "tradelane"
) -> Any:
    return visitor.post(UPLOAD, {"mapping": mapping}, files={"file": (name, data)})


def test_each_wrong_line_is_named_and_only_the_good_ones_are_filed(
    house: House, trader: Visitor
) -> None:
    declarant = own(house, trader)
    address = send(trader, rows(declarant)).headers["location"]

    page = trader.get(address).text
    before = trader.get("/declarations?reference=G-").text
    trader.post(address)
    trader.post(address)
    after = trader.get(address).text

    assert "Line 5" in page
    assert "not 6, 8 or 10 digits" in page
    assert "below zero" in page
    assert "File the 3 good ones" in page
    assert "No declaration fits" in before
    assert "good ones" not in after
    with house.lane.database.read() as tx:
        for number in range(3):
            assert len(house.lane.declarations.versions(tx, declarant, f"G-{number}")) == 1
        assert house.lane.declarations.find(tx, declarant, "B-0") is None


def test_refused_rows_come_back_with_reasons_and_are_taken_when_corrected(
    house: House, trader: Visitor
) -> None:
    address = send(trader, rows(own(house, trader))).headers["location"]

    text = trader.get(f"{address}/refused.csv").text.lstrip("\ufeff")
    table = list(csv.DictReader(io.StringIO(text)))
    corrected = text.replace(",12,", ",847130,").replace(",-5,", ",5,")
    again = send(trader, "\ufeff" + corrected).headers["location"]
    done = trader.post(again)

    assert len(table) == 4
    assert table[0]["description"] == "'=1+1"
    assert "digits" in table[0][REASONS]
    assert done.headers["location"] == trader.get(again).headers["location"] == "/declarations"
    with house.lane.database.read() as tx:
        kept = house.lane.declarations.find(tx, own(house, trader), "B-1")
    assert kept is not None
    assert [line.description for line in kept.declaration.lines] == ["=1+1", "+good"]
    assert not any(line.extra for line in kept.declaration.lines)


def test_what_was_filed_with_another_content_or_is_anothers_is_refused(
    house: House, trader: Visitor
) -> None:
    declarant = own(house, trader)
    first = send(trader, rows(declarant, wrong=0, good=1)).headers["location"]
    trader.post(first)
    text = rows(declarant, wrong=0, good=1).replace("100.00", "999.00")
    text += text.splitlines()[1].replace("G-0", "X-1").replace(declarant, "D9999") + "\n"

    page = trader.get(send(trader, text).headers["location"]).text

    assert "was filed before with another content" in page
    assert "is not one of your organisation" in page
    assert "Nothing in this file can be filed as it is" in page


def test_a_nested_document_is_taken_as_json_and_ndjson(house: House, trader: Visitor) -> None:
    declarant = own(house, trader)
    goods = '{"hs_code":"847130","origin":"CN","currency":"USD","customs_value":"1.00"}'
    one = (
        f'{{"declaration_id":"N-%s","declarant":"{declarant}","date":"2026-10-30",'
        f'"importer":"IM1","lines":[{goods}]}}'
    )
    for data in (f"[{one % 1},{one % 2}]", f"{one % 3}\n{one % 4}\n"):
        address = send(trader, data, "a.json").headers["location"]
        assert "File the 2 good ones" in trader.get(address).text


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.csv", b"0" * 10_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        archive(),
        b"%PDF-1.7 ...",
        ("a," * 500_000).encode() + b"\n1\n",
        ",".join(f"c{n}" for n in range(290)).encode() + b"\n1\n",
        b"\x00\x01\x02" * 1000,
        "declaration_id\n".encode("utf-16-le") * 50,
        b"\r\n \n",
        (HEADER + "A,D,2026-10-30,I,1,847130,x,CN,USD,1\n" * 5_001).encode(),
        b"x" * (13 << 20),
    ],
    ids=["nothing", "zip", "pdf", "columns", "strange", "binary", "utf-16", "blank", "long", "big"],
)
def test_a_hostile_file_is_refused_at_its_field_and_quickly(trader: Visitor, data: bytes) -> None:
    started = time.process_time()
    answer = send(trader, data)

    assert answer.status_code == 422
    assert 'id="file-error"' in answer.text
    assert time.process_time() - started < 3


def test_what_cannot_be_read_inside_a_file_is_a_line_of_the_result(trader: Visitor) -> None:
    deep = b'[{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}]"

    page = trader.get(send(trader, deep, "deep.json").headers["location"]).text

    assert "nested more than 20 levels deep" in page


def test_a_form_of_file_that_does_not_ship_is_not_read_from_a_path(trader: Visitor) -> None:
    answer = send(trader, HEADER + "\n", mapping="/etc/passwd")

    assert answer.status_code in (303, 422)
    assert "passwd" not in answer.text
