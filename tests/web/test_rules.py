"""Rules in the browser: written, tested, proposed, agreed to by a second person, and counted."""

from __future__ import annotations

import csv
import io
import re

import pytest

from doors import file_under_order
from tradelane.inspections.model import CaseFilter
from tradelane.journeys import rulebook
from tradelane.targeting.rules.document import parse
from tradelane.targeting.rules.model import RuleSet
from web_house import House, Visitor

WHY = "A tip about these importers."
RULE = {
    "id": "all_lines",
    "title": "Every line",
    "why": "Look at the invoice.",
    "action": "documents",
    "status": "shadow",
    "match": "all",
    "rows-0-field": "customs_value",
    "rows-0-op": "ge",
    "rows-0-value": "0",
}


def revision(visitor: Visitor, draft: str) -> str:
    found = re.search(r'name="revision" value="(\d+)"', visitor.get(draft).text)
    assert found
    return found[1]


def begin(visitor: Visitor, name: str = "A change") -> str:
    answer = visitor.post("/rules/drafts", {"name": name})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def write(visitor: Visitor, draft: str, **changes: str) -> None:
    form = {**RULE, "revision": revision(visitor, draft), "do": "save", **changes}
    answer = visitor.post(f"{draft}/rule", form)
    assert answer.status_code == 303, answer.text


def propose(visitor: Visitor, draft: str) -> str:
    form = {"revision": revision(visitor, draft), "reason": WHY}
    answer = visitor.post(f"{draft}/propose", form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def digest(visitor: Visitor, proposal: str) -> str:
    found = re.search(r'name="digest" value="(sha256:\w+)"', visitor.get(proposal).text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("login", "read", "write"),
    [
        ("analyst", 200, 303),
        ("supervisor", 200, 303),
        ("auditor", 200, 403),
        ("officer", 403, 403),
        ("regulator", 403, 403),
        ("trader", 403, 403),
        ("admin", 403, 403),
    ],
)
def test_who_may_read_and_who_may_write_rules(
    house: House, login: str, read: int, write: int
) -> None:
    visitor = house.signed_in(login)
    for page in ("/rules", "/rules.csv", "/rules.yaml"):
        assert visitor.get(page).status_code == read
    answer = visitor.post("/rules/drafts", {"name": "Mine"})
    assert answer.status_code == write
    if write == 403:
        assert visitor.get("/rules/drafts/1").status_code == 403


def test_a_rule_goes_from_a_form_through_a_second_person_into_force(house: House) -> None:
    analyst, supervisor = house.signed_in("analyst"), house.signed_in("supervisor")
    draft = begin(analyst)
    write(analyst, draft)
    page = analyst.get(draft)
    assert "customs value is at least 0" in page.text
    tested = analyst.get(f"{draft}/test")
    assert tested.status_code == 200
    assert "It matched every line of the history." in tested.text
    assert analyst.get(f"{draft}/test.json").json()["rules"][-1]["id"] == "all_lines"
    proposal = propose(analyst, draft)
    assert "Agree and put in force" not in analyst.get(proposal).text
    number = proposal.rsplit("/", 1)[1]
    seen = digest(supervisor, proposal)
    assert analyst.post(f"{proposal}/agree", {"digest": seen}).status_code == 403
    wrong = supervisor.post(f"{proposal}/agree", {"digest": "sha256:0"})
    assert wrong.status_code == 409
    done = supervisor.post(f"{proposal}/agree", {"digest": seen})
    assert (done.status_code, done.headers["location"]) == (303, "/rules")
    again = supervisor.post(f"{proposal}/agree", {"digest": seen})
    assert again.status_code == 409
    assert "Agreed" in supervisor.get(f"/rules/proposals/{number}").text
    [cleared] = file_under_order(house.lane, house.data, 1, prefix="RULED")
    assert parse(supervisor.get("/rules.yaml").text).find_rule("all_lines")
    page = analyst.get("/rules/rule/all_lines").text
    assert "customs value is at least 0" in page
    assert cleared.reference in page
    [row] = [
        one
        for one in csv.DictReader(io.StringIO(analyst.get("/rules.csv").text))
        if one["rule"] == "all_lines"
    ]
    assert (row["live_lines"], row["shadow_lines"]) == ("0", str(len(cleared.lines)))


def test_the_officer_reads_why_a_rule_sent_the_line_but_not_what_ran_in_shadow(
    house: House,
) -> None:
    rules = RuleSet.from_dict(
        {
            "rules": [
                {
                    "id": rule_id,
                    "title": title,
                    "why": "Look at the invoice.",
                    "status": status,
                    "when": {"field": "customs_value", "op": "ge", "value": 0},
                }
                for rule_id, title, status in (
                    ("fires", "It fires", "live"),
                    ("hides", "It hides", "shadow"),
                )
            ]
        }
    )
    draft = rulebook.begin(house.lane, "Two rules", "analyst", rules)
    made = rulebook.propose(house.lane, draft.id, draft.revision, WHY, "analyst")
    rulebook.agree(house.lane, made.id, "supervisor", made.digest)
    [cleared] = file_under_order(house.lane, house.data, 1, prefix="RULED")
    with house.lane.database.read() as tx:
        cases = house.lane.inspections.queue(tx, CaseFilter(), None, 500).cases
    case = next(one for one in cases if one.reference == cleared.reference)
    page = house.signed_in("officer2").get(f"/cases/{case.id}").text
    assert "It fires. Look at the invoice. (customs value" in page
    assert "It hides" not in page


def test_nobody_agrees_to_their_own_and_who_declines_says_why(house: House) -> None:
    supervisor, second = house.signed_in("supervisor"), house.signed_in("supervisor2")
    draft = begin(supervisor)
    write(supervisor, draft)
    proposal = propose(supervisor, draft)
    form = {"digest": digest(second, proposal)}
    own = supervisor.post(f"{proposal}/agree", form)
    assert "Nobody agrees to their own" in own.text
    assert second.post(f"{proposal}/withdraw").status_code != 303
    short = second.post(f"{proposal}/decline", {"remark": "no"})
    assert short.status_code == 422
    declined = second.post(f"{proposal}/decline", {"remark": "It would match every line."})
    assert declined.status_code == 303
    page = supervisor.get(proposal).text
    assert "It would match every line." in page
    assert supervisor.post(f"{proposal}/withdraw").status_code != 303


def test_a_proposal_is_withdrawn_by_whoever_made_it(house: House) -> None:
    analyst = house.signed_in("analyst")
    draft = begin(analyst)
    write(analyst, draft)
    proposal = propose(analyst, draft)
    assert analyst.post(f"{proposal}/withdraw").status_code == 303
    assert "Withdrawn" in analyst.get(proposal).text


def test_what_is_wrong_with_a_rule_stands_beside_its_field_and_nothing_typed_is_lost(
    house: House,
) -> None:
    analyst = house.signed_in("analyst")
    draft = begin(analyst)
    form = {
        **RULE,
        "revision": revision(analyst, draft),
        "do": "save",
        "id": "Bad Id",
        "rows-1-field": "price_per_kilo",
        "rows-1-op": "lt",
        "rows-1-value": "2",
        "rows-2-field": "origin",
        "rows-2-op": "in",
        "rows-2-value": "CN, VN",
        "rows-2-not": "1",
    }
    page = analyst.post(f"{draft}/rule", form)
    assert page.status_code == 422
    assert 'href="#rows-1-field"' in page.text
    assert 'id="rows-1-field-error"' in page.text
    assert 'id="id-error"' in page.text
    assert 'value="price_per_kilo"' in page.text
    assert 'value="CN, VN"' in page.text
    more = analyst.post(f"{draft}/rule", {**form, "do": "row"})
    assert 'name="rows-3-field"' in more.text
    good = {**form, "id": "good", "rows-1-field": "price_per_kg"}
    assert analyst.post(f"{draft}/rule", good).status_code == 303
    found = parse(analyst.get(f"{draft}/rules.yaml").text).find_rule("good")
    assert found is not None
    assert found.when.to_dict()["all"][2] == {
        "not": {"field": "origin", "op": "in", "value": ["CN", "VN"]}
    }
    shown = analyst.get(f"{draft}/rule?id=good").text
    assert 'id="rows-2-not" name="rows-2-not" value="1" checked' in shown
    twice = {**RULE, "revision": revision(analyst, draft), "do": "save", "id": "good"}
    assert "Another rule has the id" in analyst.post(f"{draft}/rule", twice).text
    gone = {**good, "was": "good", "do": "remove", "revision": revision(analyst, draft)}
    assert analyst.post(f"{draft}/rule", gone).status_code == 303
    assert parse(analyst.get(f"{draft}/rules.yaml").text).find_rule("good") is None


def test_a_watchlist_is_begun_filled_ended_and_downloaded(house: House) -> None:
    analyst, second = house.signed_in("analyst"), house.signed_in("supervisor")
    draft = begin(analyst)

    def send(**form: object) -> object:
        return analyst.post(f"{draft}/list", {"revision": revision(analyst, draft), **form})

    made = send(do="begin", id="bad_sellers", title="Sellers", column="seller")
    assert made.headers["location"] == f"{draft}/list?id=bad_sellers"
    entry = {"was": "bad_sellers", "do": "add", "value": "=HYPERLINK(1)", "reason": "a tip"}
    assert send(**entry).status_code == 303
    assert send(**{**entry, "value": "S1", "expires": "2099-01-01"}).status_code == 303
    assert "on the list already" in send(**entry).text
    assert send(**{**entry, "value": "S2", "reason": ""}).status_code == 422
    rule = {**RULE, "id": "listed", "rows-0-field": "seller", "rows-0-op": "matches_list"}
    write(analyst, draft, **{**rule, "rows-0-value": "bad_sellers"})
    ended = send(was="bad_sellers", do="end", ticked=["S1"])
    assert ended.status_code == 303
    used = send(was="bad_sellers", do="remove")
    assert used.status_code == 422
    assert "There is no watchlist" in used.text
    proposal = propose(analyst, draft)
    assert second.post(f"{proposal}/agree", {"digest": digest(second, proposal)}).status_code == 303
    text = second.get("/rules/list/bad_sellers/entries.csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["value"] for row in rows] == ["S1", "'=HYPERLINK(1)"]
    assert rows[0]["expires"]
    page = second.get("/rules/list/bad_sellers?q=tip")
    assert "=HYPERLINK(1)" in page.text
    assert second.get("/rules/list/nobody").status_code == 404
    taken = begin(analyst, "Another")
    form = {"revision": revision(analyst, taken), "was": "bad_sellers", "do": "take"}
    assert analyst.post(f"{taken}/list", {**form, "ticked": ["S1"]}).status_code == 303
    left = parse(analyst.get(f"{taken}/rules.yaml").text).find_list("bad_sellers")
    assert left is not None
    assert [one.value for one in left.entries] == ["=HYPERLINK(1)"]


def test_a_draft_is_replaced_by_yaml_and_a_bad_text_is_told_with_its_lines(house: House) -> None:
    analyst = house.signed_in("analyst")
    draft = begin(analyst)
    text = (
        "rules:\n  - {id: deep, title: T, why: W, when: {all: [{any: [{field: origin, op: eq, "
        "value: CN}, {not: {not: {field: origin, op: is_missing}}}]}]}}\n"
    )
    form = {"revision": revision(analyst, draft), "yaml": text}
    assert analyst.post(f"{draft}/yaml", form).status_code == 303
    page = analyst.get(f"{draft}/rule?id=deep").text
    assert "Condition as YAML" in page
    form = {**RULE, "revision": revision(analyst, draft), "was": "deep", "do": "save"}
    bad = analyst.post(f"{draft}/rule", {**form, "when": "{field: nothing, op: eq, value: 1}"})
    assert 'href="#when"' in bad.text
    form["revision"] = revision(analyst, draft)
    files = {"file": ("rules.yaml", b"rules: [\n  {id: 1}\n", "application/yaml")}
    wrong = analyst.post(f"{draft}/yaml", form, files=files)
    assert wrong.status_code == 422
    assert "Line 3 of the file." in wrong.text or "Line 2 of the file." in wrong.text
    stale = analyst.post(f"{draft}/yaml", {"revision": "1", "yaml": "rules: []"})
    assert stale.status_code == 409
    assert analyst.post(f"{draft}/discard").status_code == 303
    assert analyst.get(draft).status_code == 404


def test_pages_of_rules_are_light_and_hold_no_markup_of_others(house: House) -> None:
    analyst = house.signed_in("analyst")
    draft = begin(analyst, "<script>alert(1)</script>")
    write(analyst, draft, title="<b>bold</b>", why="<img src=x>")
    for page in ("/rules", draft, f"{draft}/rule?id=all_lines", f"{draft}/test"):
        answer = analyst.get(page)
        assert answer.status_code == 200
        assert len(answer.text) < 36_000, page
        for text in ("<script>alert", "<b>bold", "<img src=x"):
            assert text not in answer.text
