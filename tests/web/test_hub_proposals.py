"""A contact point proposes on a page, a second person agrees, everybody reads it and is fed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest

from hub_forms import digest_on, form_of
from tradelane.journeys.demonstration_hub import ABOUT, NOTE
from web_house import House, Visitor

SignedIn = Callable[[str], Visitor]
WHY = "The text was read again, and says it otherwise."
SPOILT = "<script>alert(1)</script> Corrected words & more."


def propose(contact: Visitor, about: str, **cells: str) -> Any:
    """Fill in the form, look at the check, propose; the last answer."""
    page = contact.get(f"/hub/proposals/new?provision={about}")
    checked = contact.post("/hub/proposals/new", {**form_of(page.text), **cells, "step": "check"})
    assert checked.status_code == 200, checked.text
    sent = {**form_of(checked.text), "reason": WHY, "step": "propose"}
    return contact.post("/hub/proposals/new", sent)


def test_from_a_proposal_to_the_feed(house: House, signed_in: SignedIn) -> None:
    contact, analyst, visitor = signed_in("contact"), signed_in("analyst"), house.visitor()
    answer = propose(contact, "KR-AIBA.020", statement=SPOILT)
    assert answer.status_code == 303, answer.text
    address = answer.headers["location"]
    page = analyst.get(address).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; Corrected words" in page
    assert "<script>alert(1)" not in page
    empty = visitor.get("/hub/feed.json").json()
    assert empty["items"] == []
    agreed = analyst.post(f"{address}/agree", {"digest": digest_on(page)})
    assert agreed.status_code == 303, agreed.text
    published = visitor.get(agreed.headers["location"])
    assert "&lt;script&gt;alert(1)" in published.text
    assert "<script>alert(1)" not in published.text
    feed = visitor.get("/hub/feed.json?economy=KR").json()
    assert [one["url"].endswith(agreed.headers["location"]) for one in feed["items"]] == [True]
    assert feed["items"][0]["content_text"] == WHY
    assert visitor.get("/hub/feed.json?economy=JP").json()["items"] == []
    atom = visitor.get("/hub/feed.atom?economy=kr")
    assert atom.headers["content-type"] == "application/atom+xml"
    assert "&lt;script&gt;" in atom.text
    again = visitor.get(
        "/hub/feed.atom?economy=kr", headers={"if-none-match": atom.headers["etag"]}
    )
    assert again.status_code == 304
    assert SPOILT in house.lane.governance.corpus.provisions["KR-AIBA.020"].statement
    assert published.text.count("Corrected words") >= 1
    assert agreed.headers["location"] in visitor.get("/hub/published?economy=KR").text


def test_suggested_tags_are_taken_one_by_one_and_nothing_that_was_typed_is_lost(
    signed_in: SignedIn,
) -> None:
    contact = signed_in("contact")
    form = form_of(contact.get("/hub/proposals/new?what=provision&instrument=KR-AIBA").text)
    typed = {
        **form,
        "statement": "People who talk to a machine are told so <b>at once</b>.",
        "locator": "Art. 99",
        "objectives": "equal:AC-LOGS",
        "step": "suggest",
    }
    shown = contact.post("/hub/proposals/new", typed)
    assert shown.status_code == 200
    assert 'value="use:objective:TR-INTERACT"' in shown.text
    assert 'value="use:objective:AC-LOGS"' not in shown.text
    assert "Surer once" not in shown.text
    one = contact.post(
        "/hub/proposals/new", {**form_of(shown.text), "step": "use:objective:TR-INTERACT"}
    )
    both = contact.post("/hub/proposals/new", {**form_of(one.text), "step": "use:domain:labelling"})
    kept = form_of(both.text)
    assert kept["objectives"] == "equal:AC-LOGS intersects:TR-INTERACT"
    assert (kept["domain"], kept["locator"]) == ("labelling", "Art. 99")
    assert kept["statement"] == typed["statement"]
    nothing = contact.post("/hub/proposals/new", {**form, "step": "suggest"})
    assert (nothing.status_code, "use:domain" in nothing.text) == (200, False)
    odd = contact.post("/hub/proposals/new", {**kept, "step": "use:objective:<script>"})
    assert form_of(odd.text)["objectives"] == kept["objectives"]


def test_the_demonstration_has_a_proposal_that_waits(house: House, signed_in: SignedIn) -> None:
    reviewer = signed_in("regulator")
    page = reviewer.get("/hub/proposals").text
    assert ABOUT in page
    address = re.findall(r'href="(/hub/proposals/\d+)"', page)[0]
    shown = reviewer.get(address).text
    assert NOTE in shown
    declined = reviewer.post(f"{address}/decline", {"remark": "It is invented, as it says."})
    assert declined.status_code == 303
    assert "Declined" in reviewer.get(address).text


def test_who_comes_second_is_told_on_the_check_and_the_reviewer_sees_both(
    house: House, signed_in: SignedIn
) -> None:
    contact = signed_in("contact")
    page = contact.get(f"/hub/proposals/new?provision={ABOUT}")
    sent = {**form_of(page.text), "note": "Another note.", "step": "check"}
    checked = contact.post("/hub/proposals/new", sent)
    assert "Somebody has proposed another change of the same" in checked.text
    assert NOTE in checked.text
    blind = {**form_of(checked.text), "seen": "0", "reason": WHY, "step": "propose"}
    refused = contact.post("/hub/proposals/new", blind)
    assert refused.status_code == 409
    assert "contributions.rival" in refused.text
    made = contact.post("/hub/proposals/new", {**form_of(refused.text), "step": "propose"})
    assert made.status_code == 303
    both = signed_in("analyst").get(made.headers["location"]).text
    assert "What contradicts it" in both
    assert both.count(NOTE) >= 1
    assert both.count("Another note.") >= 2


def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(
    house: House, signed_in: SignedIn
) -> None:
    contact = signed_in("contact")
    page = contact.get("/hub/proposals/new?what=provision&instrument=KR-AIBA")
    cells = {"statement": "A new duty.", "objectives": "equal:NO-SUCH", "source": "KR-S01"}
    answer = contact.post("/hub/proposals/new", {**form_of(page.text), **cells, "step": "check"})
    assert answer.status_code == 422
    assert 'href="#objectives"' in answer.text
    assert "A new duty." in answer.text
    state = contact.get("/hub/proposals/new?what=state&instrument=KR-AIBA")
    answer = contact.post("/hub/proposals/new", {**form_of(state.text), "step": "check"})
    assert answer.status_code == 422
    assert 'href="#from"' in answer.text


def test_a_contact_point_chooses_among_its_own_instruments(
    house: House, signed_in: SignedIn
) -> None:
    contact = signed_in("contact")
    listed = contact.get("/hub/proposals/new").text
    assert "instrument=KR-AIBA" in listed
    assert "instrument=JP-" not in listed
    assert "provision=KR-AIBA.001" in contact.get("/hub/proposals/new?instrument=KR-AIBA").text
    page = contact.get("/hub/proposals/new?provision=JP-AIACT-2025.001").text
    sent = {**form_of(page), "statement": "Not ours to change.", "step": "check"}
    other = contact.post("/hub/proposals/new", sent)
    assert other.status_code == 409
    assert "contributions.other_economy" in other.text


def test_an_administrator_says_which_economy_an_organisation_speaks_for(
    house: House, signed_in: SignedIn
) -> None:
    admin, regulator = signed_in("admin"), signed_in("regulator")
    assert "speaks for no economy yet" in regulator.get("/hub/proposals").text
    with house.lane.database.read() as tx:
        user = house.lane.accounts.find_user(tx, "regulator")
    assert user is not None
    place = f"/people/organisations/{user.organisation_id}"
    assert admin.post(f"{place}/economy", {"economy": "XX"}).status_code == 422
    assert admin.post(f"{place}/economy", {"economy": "SG"}).status_code == 303
    assert "instrument=SG-" in regulator.get("/hub/proposals/new").text


def test_visitors_read_how_changes_come_in_and_see_no_proposal(house: House) -> None:
    page = house.visitor().get("/hub/proposals")
    assert page.status_code == 200
    assert NOTE not in page.text
    assert "Contact points sign in" in page.text


@pytest.mark.parametrize("query", ["economy=XX", "domain=feelings"])
def test_a_feed_of_something_unknown_is_refused(house: House, query: str) -> None:
    assert house.visitor().get(f"/hub/feed.atom?{query}").status_code == 422


def test_the_api_tells_what_is_published_and_what_was_known_before(
    house: House, signed_in: SignedIn
) -> None:
    made = propose(signed_in("contact"), "KR-AIBA.021", statement="Read once more.")
    analyst = signed_in("analyst")
    page = analyst.get(made.headers["location"]).text
    analyst.post(f"{made.headers['location']}/agree", {"digest": digest_on(page)})
    today = house.lane.clock.now().date()
    asked = "/api/governance/provisions?instrument=KR-AIBA&limit=50"
    told = {}
    for known_at in (today, today - dt.timedelta(days=1)):
        items = house.visitor().get(f"{asked}&known_at={known_at}").json()["items"]
        told[known_at] = {one["id"]: one["statement"] for one in items}.get("KR-AIBA.021")
    assert told[today] == "Read once more."
    assert told[today - dt.timedelta(days=1)] != "Read once more."
