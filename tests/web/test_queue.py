"""The queue: what is worth looking at first, filtered, saved, downloaded; by office."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from tradelane.accounts.model import Scope
from tradelane.inspections.model import CaseFilter, CaseState, Decision, NewCase
from web_house import House

FIRST = NewCase(
    declarant="D0001",
    reference="A-1",
    version=1,
    lane="red",
    selected_by="model",
    score=0.5,
    probability=0.4,
    expected_revenue=120.0,
    currency="XMD",
    office="PMSEA",
    importer="IM1",
    hs_code="847130",
    reason="declared 1 USD/kg",
    lines=2,
    received_at="2026-10-30T08:00:00.000000Z",
)


def put(house: House, *cases: NewCase) -> list[int]:
    """Open cases and give their numbers."""
    lane = house.lane
    opened = lane.database.write(lambda tx: lane.inspections.open_many(tx, cases))
    return [case.id for case in opened]


def many(count: int, **changes: object) -> list[NewCase]:
    """So many cases, each worth less than the one before."""
    return [
        replace(FIRST, reference=f"Q-{n:04}", score=0.9 - n / 10_000, **changes)
        for n in range(count)
    ]


def references(page: str) -> list[str]:
    """The cases of a page, in its order."""
    return re.findall(r'<a href="/cases/\d+\?from=[^"]*">([^<]+)</a>', page)


def test_the_case_that_is_worth_most_stands_first_and_every_page_follows(house: House) -> None:
    put(house, *many(120))
    officer = house.signed_in("officer2")
    seen, path = [], "/queue?q=Q-"
    while path:
        page = officer.get(path).text
        seen += references(page)
        following = re.search(r'<a rel="next" href="([^"]+)"', page)
        path = following[1].replace("&amp;", "&") if following else ""
    assert seen == [f"Q-{n:04}" for n in range(120)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("lane=yellow", {"B-1"}),
        ("hs=8703", {"B-1"}),
        ("hs=8471.30", {"A-1"}),
        ("importer=IM2", {"B-1"}),
        ("q=A-", {"A-1"}),
        ("from=2026-11-01", {"B-1"}),
        ("to=2026-10-31", {"A-1"}),
        ("office=PMAIR", {"B-1"}),
        ("whose=nobody", {"A-1", "B-1"}),
        ("whose=mine", set()),
        ("state=released", set()),
    ],
)
def test_a_filter_leaves_what_was_asked_for(house: House, query: str, expected: set[str]) -> None:
    second = replace(
        FIRST,
        reference="B-1",
        lane="yellow",
        hs_code="870322",
        importer="IM2",
        office="PMAIR",
        received_at="2026-11-02T08:00:00.000000Z",
    )
    put(house, FIRST, second)
    found = house.signed_in("officer2").get(f"/queue?{query}")
    assert found.status_code == 200
    assert {ref for ref in references(found.text) if ref in ("A-1", "B-1")} == expected


def test_a_filter_that_cannot_be_used_is_said_at_its_field_and_stays_typed(house: House) -> None:
    page = house.signed_in("officer2").get("/queue?hs=x&from=yesterday&lane=blue")
    assert page.status_code == 422
    for name in ("hs", "from"):
        assert f'href="#{name}"' in page.text
        assert f'id="{name}-error"' in page.text
    assert 'value="yesterday"' in page.text


def test_an_officer_of_one_office_sees_no_other_offices_cases(house: House) -> None:
    put(house, FIRST, replace(FIRST, reference="B-1", office="PMAIR", score=0.9))
    officer = house.signed_in("officer")
    for path in ("/queue", "/queue?office=PMAIR", "/queue?state=all", "/queue?q=B-1"):
        assert "B-1" not in references(officer.get(path).text)
    for path in ("/queue.csv?office=PMAIR", "/queue.json?state=all"):
        assert "B-1" not in officer.get(path).text
    assert "A-1" in officer.get("/queue.csv").text


@pytest.mark.parametrize("login", ["trader", "broker", "analyst", "regulator", "admin"])
def test_nobody_else_sees_the_queue(house: House, login: str) -> None:
    visitor = house.signed_in(login)
    for path in ("/queue", "/queue/next", "/queue.csv", "/queue.json", "/cases/1"):
        assert visitor.get(path).status_code == 403


def test_whoever_has_not_signed_in_is_asked_to_and_brought_back(house: House) -> None:
    answer = house.visitor().get("/queue?lane=red")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?return_to=/queue%3Flane%3Dred")


def test_a_saved_view_becomes_a_tab_of_its_owner_and_can_be_deleted(house: House) -> None:
    officer, other = house.signed_in("officer"), house.signed_in("officer2")
    answer = officer.post("/queue/views", {"name": "Reds & co", "query": "lane=red&evil=1"})
    assert answer.headers["location"] == "/queue?lane=red"
    assert "Reds &amp; co" in officer.get("/queue?lane=red").text
    assert "Reds" not in other.get("/queue?lane=red").text
    [number] = re.findall(r"/queue/views/(\d+)/delete", officer.get("/queue?lane=red").text)
    assert other.post(f"/queue/views/{number}/delete").status_code in (404, 409)
    assert officer.post(f"/queue/views/{number}/delete").status_code == 303
    assert "Reds" not in officer.get("/queue?lane=red").text


def test_a_view_without_a_name_is_refused_at_the_field(house: House) -> None:
    answer = house.signed_in("officer").post("/queue/views", {"name": " ", "query": "lane=red"})
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text


def test_a_view_is_saved_only_by_a_form_of_ours(house: House) -> None:
    officer = house.signed_in("officer")
    forged = officer.client.post("/queue/views", data={"name": "x", "csrf": "guessed"})
    assert forged.status_code == 403


def test_what_is_downloaded_is_what_is_filtered_and_runs_in_no_spreadsheet(house: House) -> None:
    put(house, replace(FIRST, reference="=1+1", importer="@evil"), replace(FIRST, lane="yellow"))
    officer = house.signed_in("officer2")
    answer = officer.get("/queue.csv?lane=red&q=%3D1")
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert row["reference"] == "'=1+1"
    assert row["importer"] == "'@evil"
    assert answer.headers["content-disposition"] == 'attachment; filename="cases.csv"'
    assert officer.get("/queue.json?lane=red&q=%3D1").json()[0]["reference"] == "=1+1"
    assert officer.get("/queue.json?q=nothing-like-it").json() == []


def test_a_file_of_the_queue_ends_at_ten_thousand_cases(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradelane.journeys.workbench.MOST_DOWNLOADED", 700)
    put(house, *many(800))
    assert len(house.signed_in("officer2").get("/queue.json?q=Q-").json()) == 700


def test_the_next_case_is_the_first_that_nobody_else_has_open_or_on_their_desk(
    house: House,
) -> None:
    first, second, third = put(house, *many(3))
    one, two = house.signed_in("officer"), house.signed_in("officer2")
    lane = house.lane
    lane.database.write(lambda tx: lane.inspections.take(tx, first, one.user_id))
    lane.database.write(lambda tx: lane.inspections.assign(tx, [second], one.user_id, one.user_id))
    assert two.get("/queue/next?q=Q-").headers["location"] == f"/cases/{third}?from=q%3DQ-"
    assert one.get("/queue/next?q=Q-").headers["location"].startswith(f"/cases/{first}?")
    skipped = one.get(f"/queue/next?q=Q-&skip={first}&go_on=1").headers["location"]
    assert skipped == f"/cases/{second}?from=q%3DQ-&go_on=1"
    assert two.get("/queue/next?q=nobody").headers["location"] == "/queue?q=nobody"


def test_more_than_a_thousand_are_not_counted(house: House) -> None:
    put(house, *many(1001))
    officer = house.signed_in("officer2")
    assert "More than 1,000 cases" in officer.get("/queue?q=Q-").text
    assert "1 case<" in officer.get("/queue?q=Q-0007").text


def test_whoever_has_a_case_open_is_named_for_fifteen_minutes(house: House) -> None:
    [case] = put(house, FIRST)
    two = house.signed_in("officer2")
    lane = house.lane
    one = house.signed_in("officer").user_id
    lane.database.write(lambda tx: lane.inspections.take(tx, case, one))
    assert "officer has it open" in two.get("/queue?q=A-1").text
    lane.clock = _later(lane.clock, minutes=16)
    assert "officer has it open" not in two.get("/queue?q=A-1").text


def test_the_api_lists_the_same_cases_with_a_cursor(house: House) -> None:
    put(house, *many(5), replace(FIRST, reference="Q-other", office="PMAIR"))
    program = house.token("officer", Scope.CASES_READ)
    seen, cursor = [], ""
    while cursor is not None:
        page = program.get("/api/v1/cases", params={"text": "Q-", "limit": 2, "cursor": cursor})
        seen += [case["reference"] for case in page.json()["items"]]
        cursor = page.json()["next"]
        assert ("link" in page.headers) == (cursor is not None)
    assert seen == [f"Q-{n:04}" for n in range(5)]
    assert program.get("/api/v1/cases?cursor=nonsense").status_code == 422
    assert program.get("/api/v1/cases?hs_prefix=x").status_code == 422
    assert house.visitor().get("/api/v1/cases").status_code == 401
    assert house.signed_in("trader").get("/api/v1/cases").status_code == 403


def test_an_empty_queue_says_what_will_be_there(house: House) -> None:
    page = house.signed_in("officer").get("/queue?whose=mine").text
    assert "No case is like that" in page
    with house.lane.database.read() as tx:
        states = (CaseState.OPEN,)
        cases = house.lane.inspections.queue(tx, CaseFilter(states=states), None, 500).cases
    everything = [case.id for case in cases]
    lane = house.lane
    for case in everything:
        lane.database.write(
            lambda tx, case=case: lane.inspections.decide(
                tx, case, Decision.REFER, by=1, login="x", revision=0, reason="a reason of ours"
            )
        )
    assert "Nothing waits for a decision" in house.signed_in("officer2").get("/queue").text


def _later(clock: object, *, minutes: int) -> object:
    """A clock that goes ahead of another."""

    class Ahead:
        def now(self) -> object:
            return clock.now() + timedelta(minutes=minutes)  # type: ignore[attr-defined]

    return Ahead()
