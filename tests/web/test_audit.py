"""An auditor finds a decision, walks it back, makes it again and checks its proof."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
import sqlalchemy as sa

from tradelane.ledger.model import Receipt, verify_receipt
from web_house import House


def _decided(house: House) -> tuple[str, str]:
    with house.lane.database.read() as tx:
        size = house.lane.ledger.size(tx)
        found = house.lane.ledger.tail(tx, 0, size, {"case.decided"})
        declarant, reference = next(found)[1].split("/")
    return declarant, reference


def _plain(page: str) -> str:
    """A page without its one-time secrets."""
    return re.sub(r'name="csrf" value="[^"]*"', "", page)


@pytest.mark.parametrize(
    ("login", "status"),
    [("auditor", 200), ("regulator", 200), ("supervisor", 403), ("officer", 403), ("trader", 403)],
)
def test_auditing_is_for_auditors_and_regulators(house, login, status):
    visitor = house.signed_in(login)
    for path in (
        "/audit",
        "/audit/decisions",
        "/audit/ledger",
        "/audit/entries/1",
        "/audit/decisions.csv",
        "/api/v1/audit/entries?subject=x",
    ):
        assert visitor.get(path).status_code == status, path


def test_a_reference_a_line_and_a_number_lead_to_their_entries(house):
    declarant, reference = _decided(house)
    visitor = house.signed_in("auditor")
    page = f"/audit/declarations?declarant={declarant}&reference={reference}"
    for text in (reference, f"{declarant}/{reference}", f"{declarant}/{reference}/1"):
        assert visitor.get("/audit", params={"q": text}).headers["location"] == page
    assert visitor.get("/audit?q=7").headers["location"] == "/audit/entries/7"
    assert reference in visitor.get("/audit", params={"q": declarant}).text


@pytest.mark.parametrize(
    "text",
    [
        "nothing-of-the-kind",
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "a\0b",
        "99999999999999999999",
        "²",
        "a/b/c/d",
        "a/b/x",
        "%",
        "D0/%zz/1",
        "\u202e" * 50,
    ],
)
def test_what_is_not_there_is_not_found_and_hostile_text_stays_text(house, text):
    visitor = house.signed_in("auditor")
    page = visitor.get("/audit", params={"q": text})
    assert page.status_code == 200
    assert "The ledger has nothing of that name" in page.text
    assert "<script>alert" not in page.text
    asked = {"declarant": text, "reference": text}
    assert visitor.get("/audit/declarations", params=asked).status_code == 404
    assert visitor.get("/audit/decisions", params={"officer": text}).status_code == 200
    assert visitor.get("/audit/decisions", params={"after": text}).status_code == 422
    assert visitor.get("/audit/decisions", params={"from": text}).status_code == 422


def test_the_page_shows_every_entry_and_each_fact_of_it(house):
    declarant, reference = _decided(house)
    visitor = house.signed_in("auditor")
    page = visitor.get(f"/audit/declarations?declarant={declarant}&reference={reference}").text
    exact = [unescape(one) for one in re.findall(r'<pre class="code"[^>]*>({.*?})</pre>', page)]
    with house.lane.database.read() as tx:
        ledger = house.lane.ledger
        whole = f"{declarant}/{reference}"
        kept = house.lane.declarations.find(tx, declarant, reference)
        stored = list(ledger.find(tx, whole))
        for line in kept.declaration.lines:
            stored += ledger.find(tx, f"{whole}/{line.number}")
    stored.sort(key=lambda one: one.index)
    assert exact == [one.data.decode() for one in stored]
    assert [int(n) for n in re.findall(r'<li id="entry-(\d+)"', page)] == [s.index for s in stored]
    decision = next(json.loads(one) for one in exact if '"kind":"case.decided"' in one)
    assert f'href="#entry-{decision["body"]["seen"]}"' in page
    assert decision["body"]["officer"] in page


def test_nothing_on_the_page_comes_from_anywhere_but_the_ledger(house):
    """Whatever is kept beside the ledger can be changed: the page stays the same to the byte."""
    declarant, reference = _decided(house)
    visitor = house.signed_in("auditor")
    path = f"/audit/declarations?declarant={declarant}&reference={reference}"
    before = _plain(visitor.get(path).text)

    def falsify(tx: sa.Connection) -> None:
        for statement in (
            "UPDATE account SET name = 'Forged Name' WHERE login <> 'auditor'",
            "UPDATE inspection_case SET state = 'held', lane = 'yellow', reason = 'FORGED'",
            "UPDATE inspection_step SET login = 'forged', reason = 'FORGED'",
            "UPDATE inspection_finding SET note = 'FORGED', revenue = '1'",
            "UPDATE selection SET score = 0.5, lane = 'green', selected_by = 'none'",
            "UPDATE declaration SET status = 'cancelled', content_digest = 'sha256:forged'",
            "UPDATE batch SET settings = '{}' WHERE name <> 'intake'",
        ):
            tx.exec_driver_sql(statement)

    house.lane.database.write(falsify)
    assert _plain(visitor.get(path).text) == before


def test_lines_are_found_even_when_nobody_keeps_the_declaration(house):
    declarant, reference = _decided(house)
    visitor = house.signed_in("auditor")
    path = f"/audit/declarations?declarant={declarant}&reference={reference}"
    before = _plain(visitor.get(path).text)
    house.lane.database.write(
        lambda tx: tx.exec_driver_sql("DELETE FROM declaration WHERE reference = ?", (reference,))
    )
    assert _plain(visitor.get(path).text) == before


def test_a_proof_is_checked_and_a_receipt_convinces_a_stranger(house):
    declarant, reference = _decided(house)
    visitor = house.signed_in("auditor")
    form = {"declarant": declarant, "reference": reference}
    assert "The proof holds" in visitor.post("/audit/declarations/check", form).text
    with house.lane.database.read() as tx:
        [stored, *_] = house.lane.ledger.find(tx, f"{declarant}/{reference}")
    data = visitor.get(f"/audit/entries/{stored.index}/receipt.json").json()
    checked = verify_receipt(Receipt.from_dict(data), house.lane.ledger.verifier_key)
    assert checked.entry == stored.entry
    assert "The proof holds" in visitor.get(f"/audit/entries/{stored.index}").text
    assert visitor.get("/audit/entries/99999999").status_code == 404
    assert visitor.get("/audit/entries/99999999999999999999999").status_code == 404
    assert visitor.get("/audit/entries/x").status_code == 422


def test_a_changed_entry_is_said_to_be_broken(house):
    declarant, reference = _decided(house)
    with house.lane.database.read() as tx:
        [stored, *_] = house.lane.ledger.find(tx, f"{declarant}/{reference}")
    forged = stored.data.replace(b"2026", b"2025")
    house.lane.database.write(
        lambda tx: tx.exec_driver_sql(
            'UPDATE ledger_entry SET data = ? WHERE "index" = ?', (forged, stored.index)
        )
    )
    visitor = house.signed_in("auditor")
    form = {"declarant": declarant, "reference": reference}
    assert "The proof does not hold" in visitor.post("/audit/declarations/check", form).text
    assert "The proof does not hold" in visitor.get(f"/audit/entries/{stored.index}").text
    broken = visitor.post("/audit/ledger/verify", {}).text
    assert "not as it was signed" in broken


@pytest.mark.slow
def test_a_decision_is_made_again_byte_for_byte(house):
    declarant, reference = _decided(house)
    visitor = house.signed_in("auditor")
    form = {"declarant": declarant, "reference": reference}
    page = visitor.post("/audit/declarations/replay", form)
    assert page.status_code == 200
    assert "the same, byte for byte" in page.text


def test_decisions_are_filtered_paged_and_downloaded(house):
    visitor = house.signed_in("auditor")
    rows = visitor.get("/audit/decisions.json").json()
    with house.lane.database.read() as tx:
        ledger = house.lane.ledger
        recorded = {i for i, *_ in ledger.tail(tx, 0, ledger.size(tx), {"case.decided"})}
    assert {row["index"] for row in rows} == recorded
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    one = rows[0]["officer"]
    against = visitor.get(f"/audit/decisions.json?against=1&officer={one}").json()
    wanted = [r for r in rows if r["against_recommendation"] and r["officer"] == one]
    assert against == wanted
    assert visitor.get("/audit/decisions.json?officer=nobody").json() == []
    day = rows[0]["at"][:10]
    some = visitor.get(f"/audit/decisions.json?from={day}&to={day}").json()
    assert {row["at"][:10] for row in some} == {day}
    seen, path = [], "/audit/decisions"
    while path:
        page = visitor.get(path).text
        seen += re.findall(r"/audit/declarations\?[^\"]*#entry-(\d+)", page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(following[1]) if following else ""
    assert [int(one) for one in seen] == [row["index"] for row in rows]
    head = visitor.get("/audit/decisions.csv").text.splitlines()[0]
    assert head.startswith("index,at,subject,case")


def test_the_ledgers_page_proves_that_the_past_was_kept(house):
    visitor = house.signed_in("auditor")
    page = visitor.get("/audit/ledger").text
    assert str(house.lane.ledger.verifier_key) in unescape(page)
    assert "The whole ledger is sound" in visitor.post("/audit/ledger/verify", {}).text
    proof = visitor.get("/audit/ledger/consistency.json?old=1").json()
    assert (proof["old"], len(proof["path"]) > 0) == (1, True)
    assert visitor.get("/audit/ledger/consistency.json?old=-5").status_code == 422


def test_programs_read_the_entries_of_a_subject(house):
    declarant, reference = _decided(house)
    visitor = house.signed_in("auditor")
    found = visitor.get(f"/api/v1/audit/entries?subject={declarant}/{reference}").json()["items"]
    assert found[0]["kind"] == "declaration.received"
    assert visitor.get("/api/v1/audit/entries?subject=nothing").json() == {"items": []}
    assert visitor.get("/api/v1/audit/entries?subject=a%00b").status_code == 422
