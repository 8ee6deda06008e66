"""Cases that economies shared: chosen, read, downloaded; another one comes in by two persons."""

from __future__ import annotations

from collections.abc import Callable

from hub_forms import digest_on, form_of
from web_house import House, Visitor

SignedIn = Callable[[str], Visitor]
CASE = {
    "title": "Sorting <b>enquiries</b>",
    "office": "Korea Customs Service",
    "uses": ["chatbot", "translation"],
    "stage": "trial",
    "problem": "Too many enquiries.",
    "approach": "A model sorts them.",
    "outcome": "No figures yet.",
    "mark": "primary",
    "source": "KR-S10",
    "step": "check",
}


def test_visitors_choose_cases_and_read_one(house: House) -> None:
    visitor = house.visitor()
    assert len(house.lane.governance.corpus.cases) >= 12
    page = visitor.get("/hub/cases").text
    assert "/hub/cases/KR-CASE-01" in page
    assert "/hub/cases/JP-CASE-01" in page
    chosen = visitor.get("/hub/cases?economy=KR&use=customs_risk").text
    assert "/hub/cases/KR-CASE-01" in chosen
    assert "/hub/cases/JP-CASE-01" not in chosen
    assert "No case fits" in visitor.get("/hub/cases?economy=KR&stage=ended").text
    one = visitor.get("/hub/cases/KR-CASE-01").text
    assert "Korea Customs Service" in one
    assert "no figures were found" in one
    assert visitor.get("/hub/cases/KR-CASE-99").status_code == 404


def test_cases_are_downloaded_as_they_were_chosen(house: House) -> None:
    visitor = house.visitor()
    found = visitor.get("/hub/cases.json?economy=CN").json()["cases"]
    assert [one["id"] for one in found] == ["CN-CASE-01", "CN-CASE-02"]
    assert found[0]["sources"][0]["title"]
    table = visitor.get("/hub/cases.csv?economy=CN").text.splitlines()
    assert len(table) == 3
    assert table[0].startswith("id,economy,title,office")


def test_every_case_says_what_is_known_and_whom_to_ask(house: House) -> None:
    corpus = house.lane.governance.corpus
    for one in corpus.cases.values():
        assert one.id.startswith(f"{one.economy}-CASE-")
        assert all((one.problem, one.approach, one.outcome, one.office, one.sources)), one.id
        # A case is no better verified than the best source that it names.
        kinds = {corpus.sources[name].kind for name in one.sources}
        strong = kinds & {"primary_text", "mirror_text", "official_page"}
        assert one.mark != "primary" or strong, one.id


def test_a_case_is_shared_by_two_persons(house: House, signed_in: SignedIn) -> None:
    contact = signed_in("contact")
    page = contact.get("/hub/cases/new")
    checked = contact.post("/hub/proposals/new", {**form_of(page.text), **CASE})
    assert checked.status_code == 200, checked.text
    assert "Sorting &lt;b&gt;enquiries" in checked.text
    sent = {**form_of(checked.text), "reason": "Others asked for it.", "step": "propose"}
    made = contact.post("/hub/proposals/new", sent)
    assert made.status_code == 303, made.text
    analyst = signed_in("analyst")
    shown = analyst.get(made.headers["location"]).text
    agreed = analyst.post(f"{made.headers['location']}/agree", {"digest": digest_on(shown)})
    assert agreed.status_code == 303, agreed.text
    visitor = house.visitor()
    assert "Read the case" in visitor.get(agreed.headers["location"]).text
    case = visitor.get("/hub/cases/KR-CASE-901")
    assert case.status_code == 200
    assert "<b>enquiries" not in case.text
    assert "KR-CASE-901" in visitor.get("/hub/cases.json?use=translation").text


def test_a_case_of_another_economy_or_without_an_outcome_is_refused(
    house: House, signed_in: SignedIn
) -> None:
    contact = signed_in("contact")
    page = form_of(contact.get("/hub/cases/new").text)
    missing = contact.post("/hub/proposals/new", {**page, **CASE, "outcome": ""})
    assert missing.status_code == 422
    assert 'href="#outcome"' in missing.text
    other = contact.post("/hub/proposals/new", {**page, **CASE, "economy": "JP"})
    assert other.status_code == 409
    none = contact.post("/hub/proposals/new", {**page, **CASE, "uses": []})
    assert 'href="#uses"' in none.text
