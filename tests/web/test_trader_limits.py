"""What is not theirs, or not for traders, is on no page of theirs; hostile text stays text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html import unescape

import pytest

from tradelane.ledger.model import read_receipts, verify_receipt
from trader_forms import (
    FACTS,
    GOODS,
    ROWS,
    SECRET_WORDS,
    House,
    Visitor,
    begin,
    file,
    own,
    referred,
    typed,
)


@pytest.fixture
def trader(signed_in: Callable[[str], Visitor]) -> Visitor:
    return signed_in("trader")


# ---------------------------------------------------------------- what is not theirs


def test_what_is_anothers_is_not_there_by_any_address(house: House, trader: Visitor) -> None:
    broker = house.signed_in("broker")
    page, message = referred(house, broker)
    draft = begin(broker)
    upload = broker.post(
        "/declarations/new/upload",
        {"mapping": "tradelane"},
        files={"file": ("a.csv", ROWS.format(own(house, broker)))},
    ).headers["location"]
    with house.lane.database.read() as tx:
        index = house.lane.ledger.find(tx, page.removeprefix("/declarations/"))[0].index

    answers = [
        trader.get(page),
        *(
            trader.get(f"{page}/{part}")
            for part in ("everything.json", "receipts.json", f"receipts/{index}", "withdraw")
        ),
        *(trader.get(f"{draft}/{part}") for part in ("facts", "goods", "check")),
        *(trader.post(f"{draft}/{part}", FACTS) for part in ("facts", "goods", "code", "file")),
        trader.post(f"{draft}/discard"),
        trader.get(upload),
        trader.post(upload),
        trader.get(f"{upload}/refused.csv"),
        trader.post(f"{upload}/discard"),
        trader.post(f"{page}/amend"),
        trader.post(f"{page}/copy"),
        trader.post(f"{page}/withdraw", {"reason": "Mine now."}),
        trader.post(f"/messages/{message}/answer", {"text": "Let me in."}),
        trader.get(f"/codes/search?draft={draft.split('/')[3]}&line=0"),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert broker.get(f"{draft}/facts").status_code == 200
    assert broker.get(page).status_code == 200


def test_receipts_are_given_of_what_names_nobody_and_prove_themselves(
    house: House, trader: Visitor
) -> None:
    page, _ = referred(house, trader)
    subject = page.removeprefix("/declarations/")
    with house.lane.database.read() as tx:
        inside = [
            stored.index
            for name in (subject, f"{subject}/1")
            for stored in house.lane.ledger.find(tx, name)
            if stored.entry.kind not in ("declaration.received", "duty.assessed")
        ]

    answer = trader.get(f"{page}/receipts.json")
    refused = [trader.get(f"{page}/receipts/{index}").status_code for index in inside]

    kinds = {
        verify_receipt(one, str(house.lane.ledger.verifier_key)).entry.kind
        for one in read_receipts(answer.content)
    }
    assert kinds == {"declaration.received", "duty.assessed"}
    assert len(inside) >= 4
    assert set(refused) == {404}


def test_risk_and_officers_are_on_no_page_of_a_trader(house: House, trader: Visitor) -> None:
    page, _ = referred(house, trader)
    listed = trader.get("/declarations").text
    with house.lane.database.read() as tx:
        subject = page.removeprefix("/declarations/")
        [scored] = house.lane.ledger.find(tx, f"{subject}/1", "risk.scored")
    reasons = [text for _, text in scored.entry.body["reasons"] if text]

    for address in (page, f"{page}/everything.json", f"{page}/receipts.json", "/messages"):
        shown = unescape(trader.get(address).text)
        assert not [text for text in reasons if text in shown], address
        words = re.sub(r'(href|src|content|class)="[^"]*"', "", shown).lower()
        assert not [word for word in SECRET_WORDS if re.search(rf"\b{word}\b", words)], address
        for name in ("officer2", "Olive Marsh", "supervisor", "Sina"):
            assert name not in shown, (address, name)
    assert "officer2" not in listed


# ---------------------------------------------------------------- hostile text


def test_script_in_what_was_declared_is_shown_as_text(house: House, trader: Visitor) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x>"
    draft = typed(house, trader, reference="R<b>&", importer=hostile)
    trader.post(f"{draft}/goods", {**GOODS, "lines-0-description": hostile})
    check = trader.get(f"{draft}/check").text
    page = trader.post(f"{draft}/file").headers["location"]

    for html in (check, trader.get(page).text, trader.get("/declarations").text):
        assert "<script>alert" not in html
        assert "<img src=x" not in html
    assert "&lt;script&gt;" in trader.get(page).text


def test_a_reference_may_hold_any_sign_in_its_address(house: House, trader: Visitor) -> None:
    page = file(house, trader, reference="A/7 %2F?#")

    assert trader.get(page).status_code == 200
    assert trader.get(f"{page}/everything.json").json()["reference"] == "A/7 %2F?#"


def test_the_list_is_downloaded_whole_and_safe_to_open(house: House, trader: Visitor) -> None:
    file(house, trader, reference="=1+1")
    shown = trader.get("/declarations?reference=%3D1").text

    rows = list(csv.DictReader(io.StringIO(trader.get("/declarations.csv").text.lstrip("\ufeff"))))
    items = trader.get("/declarations.json").json()

    assert "=1+1" in shown
    assert rows[0]["reference"] == "'=1+1"
    assert items[0]["reference"] == "=1+1"
    assert len(rows) == len(items) > 1
    assert {row["status"] for row in rows} <= {
        "released",
        "being_looked_at",
        "being_inspected",
        "needs_you",
        "on_hold",
        "received",
    }


def test_the_list_goes_on_page_by_page_and_is_narrowed(house: House, trader: Visitor) -> None:
    everything = [item["reference"] for item in trader.get("/declarations.json").json()]
    seen: list[str] = []
    address: str | None = "/declarations"
    while address:
        html = trader.get(address).text
        seen += re.findall(r'<th scope="row"[^>]*><a href="[^"]+">([^<]+)</a>', html)
        more = re.search(r'rel="next" href="([^"]+)"', html)
        address = unescape(more[1]) if more else None

    assert seen == everything
    none = trader.get("/declarations?state=refused").text
    assert "No declaration fits" in none
    assert trader.get("/declarations?reference=%00").status_code == 200
