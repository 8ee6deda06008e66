"""A trader files by form, follows, amends, withdraws and answers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tradelane.inspections.model import CaseState
from trader_forms import (
    FACTS,
    GOODS,
    LINE,
    House,
    Visitor,
    begin,
    file,
    own,
    referred,
    typed,
    value,
)


@pytest.fixture
def trader(signed_in: Callable[[str], Visitor]) -> Visitor:
    return signed_in("trader")


# ---------------------------------------------------------------- the form


def test_a_declaration_goes_through_the_form_and_shows_its_duty_before_it_is_filed(
    house: House, trader: Visitor
) -> None:
    draft = typed(house, trader)

    check = trader.get(f"{draft}/check")
    with house.lane.database.read() as tx:
        filed_yet = house.lane.declarations.find(tx, own(house, trader), "T-1")
    answer = trader.post(f"{draft}/file")

    assert filed_yet is None
    assert "Nothing is filed yet." in check.text
    assert "Customs value" in check.text
    assert "To pay:" in check.text
    assert answer.headers["location"] == f"/declarations/{own(house, trader)}/T-1"
    page = trader.get(answer.headers["location"])
    assert page.status_code == 200
    assert "Duty and tax worked out" in page.text


def test_problems_stand_at_their_fields_and_nothing_that_was_typed_is_lost(
    house: House, trader: Visitor
) -> None:
    draft = begin(trader)
    facts = {**FACTS, "declarant": own(house, trader), "importer": "", "currency": "US"}

    answer = trader.post(f"{draft}/facts", facts)

    assert answer.status_code == 422
    for name in ("importer", "currency"):
        assert f'href="#{name}"' in answer.text
        assert f'id="{name}-error"' in answer.text
    again = trader.get(f"{draft}/facts").text
    assert value(again, "currency") == "US"
    assert value(again, "office") == "PMSEA"

    trader.post(f"{draft}/facts", {**facts, "importer": "IM1", "currency": "USD"})
    wrong = {**GOODS, "lines-0-hs_code": "999999", "lines-0-customs_value": "12,4"}
    goods = trader.post(f"{draft}/goods", wrong)

    assert goods.status_code == 422
    assert 'id="lines-0-hs_code-error"' in goods.text
    assert 'id="lines-0-customs_value-error"' in goods.text
    assert value(trader.get(f"{draft}/goods").text, "lines-0-customs_value") == "12,4"


def test_lines_are_added_and_removed_without_scripts(house: House, trader: Visitor) -> None:
    draft = typed(house, trader)

    trader.post(f"{draft}/goods", {**GOODS, "add_line": "1"})
    two = trader.get(f"{draft}/goods").text
    typed_two = {**GOODS, "shown": "2", "lines-1-description": "Shirts", "lines-1-origin": "VN"}
    trader.post(f"{draft}/goods", {**typed_two, "remove_line": "0"})
    one = trader.get(f"{draft}/goods").text

    assert value(two, "lines-1-origin") == "CN"
    assert value(one, "lines-0-description") == "Shirts"
    assert "lines-1-" not in one


def test_a_long_form_is_shown_some_lines_at_a_time(house: House, trader: Visitor) -> None:
    draft = typed(house, trader)
    many = {"first": "0", "shown": "1"}
    for number in range(20):
        many |= {name.replace("-0-", f"-{number}-"): text for name, text in LINE.items()}
    many["lines-19-hs_code"] = "1"

    answer = trader.post(f"{draft}/goods", many)

    assert answer.status_code == 422
    assert 'id="lines-19-hs_code-error"' in answer.text
    assert 'id="lines-0-hs_code"' not in answer.text
    assert len(answer.content) < 60_000


def test_a_code_is_looked_up_and_put_into_its_line(house: House, trader: Visitor) -> None:
    draft = typed(house, trader)

    away = trader.post(f"{draft}/goods", {**GOODS, "find": "0"}).headers["location"]
    assert away == f"/classify?draft={draft.split('/')[3]}&line=0"
    away = away.replace("/classify", "/codes/search")
    found = trader.get(f"{away}&q=portable+data+processing+machines").text
    trader.post(f"{draft}/code", {"line": "0", "code": "847149"})

    assert "8471.30" in found
    assert "Laptop" not in found
    assert value(trader.get(f"{draft}/goods").text, "lines-0-hs_code") == "847149"


def test_a_form_that_is_sent_twice_files_once(house: House, trader: Visitor) -> None:
    draft = typed(house, trader)

    first = trader.post(f"{draft}/file").headers["location"]
    second = trader.post(f"{draft}/file").headers["location"]

    assert first == second
    assert trader.get(f"{draft}/goods").headers["location"] == first
    with house.lane.database.read() as tx:
        assert len(house.lane.declarations.versions(tx, own(house, trader), "T-1")) == 1


def test_a_reference_that_was_used_is_refused_at_its_field(house: House, trader: Visitor) -> None:
    file(house, trader)
    draft = begin(trader)

    answer = trader.post(f"{draft}/facts", {**FACTS, "declarant": own(house, trader)})

    assert answer.status_code == 422
    assert 'id="reference-error"' in answer.text


def test_two_people_do_not_overwrite_each_others_draft_unaware(
    house: House, trader: Visitor
) -> None:
    draft = begin(trader)
    facts = {**FACTS, "declarant": own(house, trader)}
    revision = value(trader.get(f"{draft}/facts").text, "revision")
    trader.post(f"{draft}/facts", {**facts, "revision": revision})

    late = {**facts, "importer": "IM9", "revision": revision}
    answer = trader.post(f"{draft}/facts", late)

    assert answer.status_code == 409
    assert value(answer.text, "importer") == "IM9"
    fresh = value(answer.text, "revision")
    assert trader.post(f"{draft}/facts", {**late, "revision": fresh}).status_code == 303


def test_another_declarant_than_ones_own_is_refused(house: House, trader: Visitor) -> None:
    draft = begin(trader)

    answer = trader.post(f"{draft}/facts", {**FACTS, "declarant": "D9999"})

    assert answer.status_code == 422
    assert "not one of your organisation" in answer.text
    assert trader.post(f"{draft}/file").status_code == 422


# ---------------------------------------------------------------- changing


def test_an_amendment_is_a_new_version_with_its_reason(house: House, trader: Visitor) -> None:
    page, _ = referred(house, trader)
    draft = trader.post(f"{page}/amend").headers["location"].removesuffix("/facts")
    form = trader.get(f"{draft}/facts").text
    facts = {name: value(form, name) for name in ("date", "importer", "currency", "office")}

    without = trader.post(f"{draft}/facts", facts)
    trader.post(f"{draft}/facts", {**facts, "reason": "The invoice was corrected."})
    goods = trader.get(f"{draft}/goods").text
    lines = {name: value(goods, name) for name in set(re.findall(r'name="(lines-\d+-\w+)"', goods))}
    shown = value(goods, "shown")
    changed = {**lines, "first": "0", "shown": shown, "lines-0-customs_value": "987.65"}
    trader.post(f"{draft}/goods", changed)
    answer = trader.post(f"{draft}/file")

    assert without.status_code == 422
    assert 'id="reason-error"' in without.text
    assert answer.headers["location"] == page
    declarant, reference = page.split("/")[2:]
    with house.lane.database.read() as tx:
        versions = house.lane.declarations.versions(tx, declarant, reference)
    assert next(str(one.declaration.lines[0].customs_value) for one in versions) == "987.65"
    assert len(versions) == 2
    assert "Changed by you" in trader.get(page).text


def test_a_withdrawal_needs_a_reason_and_ends_the_case(house: House, trader: Visitor) -> None:
    page, _ = referred(house, trader)

    asked = trader.get(f"{page}/withdraw")
    without = trader.post(f"{page}/withdraw")
    done = trader.post(f"{page}/withdraw", {"reason": "The goods were sent back."})

    assert "cannot be brought back" in asked.text
    assert without.status_code == 422
    assert 'id="reason-error"' in without.text
    assert done.headers["location"] == page
    assert "Withdrawn" in trader.get(page).text
    declarant, reference = page.split("/")[2:]
    with house.lane.database.read() as tx:
        [case] = house.lane.inspections.find(tx, declarant, reference)
    assert case.state is CaseState.WITHDRAWN


def test_what_is_released_is_neither_amended_nor_withdrawn(house: House, trader: Visitor) -> None:
    page = released(house, trader)

    for answer in (
        trader.post(f"{page}/amend"),
        trader.get(f"{page}/withdraw"),
        trader.post(f"{page}/withdraw", {"reason": "No."}),
    ):
        assert answer.status_code == 409
        assert "The goods are released." in answer.text
    assert f'action="{page}/amend"' not in trader.get(page).text


def released(house: House, visitor: Visitor) -> str:
    """A released declaration of theirs."""
    listed = visitor.get("/declarations?state=released").text
    found = re.search(rf'href="(/declarations/{own(house, visitor)}/[^"/?]+)"', listed)
    assert found
    return found[1]


def test_a_copy_is_a_new_draft_without_the_reference(house: House, trader: Visitor) -> None:
    page = file(house, trader)

    draft = trader.post(f"{page}/copy").headers["location"].removesuffix("/facts")

    facts = trader.get(f"{draft}/facts").text
    assert value(facts, "importer") == "IM000215"
    assert value(facts, "reference") != "T-1"
    assert value(trader.get(f"{draft}/goods").text, "lines-0-hs_code") == "847130"


# ---------------------------------------------------------------- messages


def test_a_message_waits_first_and_is_answered(house: House, trader: Visitor) -> None:
    page, message = referred(house, trader)

    assert "Customs waits for 1 answer of yours" in trader.get("/declarations").text
    assert "Send the invoice, please." in trader.get("/messages").text
    assert "Customs needs something from you" in trader.get(page).text
    empty = trader.post(f"/messages/{message}/answer", {"text": " "})
    sent = trader.post(f"/messages/{message}/answer", {"text": "Here it is."})

    assert empty.status_code == 422
    assert 'id="text-error"' in empty.text
    assert sent.headers["location"] == f"{page}#messages"
    assert "Here it is." in trader.get(page).text
    assert "Customs waits for" not in trader.get("/declarations").text
