"""The queue has what is most worth looking at first, and no page shows a case twice."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tradelane.inspections.model import CaseFilter, CaseState, Cursor, Decision
from tradelane.kit.errors import InputRefused

WHY = "Papers agree with the goods."


def references(desk: Any, after: Cursor | None = None, limit: int = 50, **wanted: Any) -> list[str]:
    with desk.database.read() as tx:
        page = desk.cases.queue(tx, CaseFilter(**wanted), after, limit)
    return [case.reference for case in page.cases]


def test_the_highest_score_comes_first_and_of_equal_ones_the_older(
    desk: Any, new_case: Any
) -> None:
    desk.open(new_case("low", score=0.1), new_case("older"), new_case("newer"))
    desk.open(new_case("high", score=0.9), new_case("none", score=0.0))
    assert references(desk) == ["high", "older", "newer", "low", "none"]
    assert desk.get(5).score == 0.0
    assert str(desk.get(5).score) == "0.0"


def test_pages_follow_each_other_without_gap_or_repetition(desk: Any, new_case: Any) -> None:
    cases = [new_case(f"R{n}", score=n % 4 / 3) for n in range(23)]
    desk.open(*cases)
    for n in range(23):
        if n % 3 == 0:
            desk.decide(n + 1, Decision.INSPECT)
    whole = references(desk)
    assert len(whole) == 23
    seen: list[str] = []
    after: Cursor | None = None
    with desk.database.read() as tx:
        while True:
            page = desk.cases.queue(tx, CaseFilter(), after, 5)
            seen += [case.reference for case in page.cases]
            if page.next is None:
                break
            after = Cursor.read(page.next.text())
    assert seen == whole


def test_the_next_case_is_the_one_below_and_there_is_a_last_one(desk: Any, new_case: Any) -> None:
    low, high = desk.open(new_case("low", score=0.1), new_case("high", score=0.9))
    with desk.database.read() as tx:
        assert desk.cases.next_case(tx, CaseFilter(), None) == high
        assert desk.cases.next_case(tx, CaseFilter(), high) == low
        assert desk.cases.next_case(tx, CaseFilter(), low) is None


def test_decided_cases_leave_the_queue(desk: Any, new_case: Any) -> None:
    case, _ = desk.open(new_case("A"), new_case("B"))
    desk.decide(case.id, Decision.RELEASE, WHY)
    assert references(desk) == ["B"]
    assert references(desk, states=(CaseState.RELEASED,)) == ["A"]
    assert references(desk, states=()) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "ABCD"),
        ({"office": "SOUTH"}, "B"),
        ({"lane": "yellow"}, "C"),
        ({"hs_prefix": "85"}, "ACD"),
        ({"hs_prefix": "8517"}, "AC"),
        ({"hs_prefix": "%"}, ""),
        ({"importer": "I2"}, "D"),
        ({"text": "A"}, "A"),
        ({"text": "I2"}, "D"),
        ({"text": "D0077"}, "ABC"),
        ({"text": "a"}, ""),
        ({"text": "_"}, ""),
        ({"assigned_to": 9}, "B"),
        ({"unassigned": True}, "ACD"),
        ({"received_from": dt.date(2026, 6, 1)}, "ABC"),
        ({"received_to": dt.date(2026, 5, 31)}, "D"),
        ({"received_from": dt.date(2026, 6, 2)}, ""),
        ({"lane": "red", "hs_prefix": "85", "importer": "I2", "unassigned": True}, "D"),
    ],
)
def test_filters_narrow_the_queue(
    desk: Any, new_case: Any, wanted: dict[str, Any], found: str
) -> None:
    cases = desk.open(
        new_case("A"),
        new_case("B", office="SOUTH", hs_code="010121"),
        new_case("C", lane="yellow"),
        new_case(
            "D",
            importer="I2",
            declarant="D0099",
            hs_code="850110",
            received_at="2026-05-31T23:59:59.999999Z",
        ),
    )
    desk.database.write(lambda tx: desk.cases.assign(tx, [cases[1].id], 9, by=1))
    assert "".join(references(desk, **wanted)) == found
    with desk.database.read() as tx:
        assert desk.cases.count(tx, CaseFilter(**wanted)) == len(found)


def test_counting_stops_where_more_does_not_matter(desk: Any, new_case: Any) -> None:
    desk.open(*(new_case(f"R{n}") for n in range(12)))
    desk.decide(1, Decision.INSPECT)
    with desk.database.read() as tx:
        assert [desk.cases.count(tx, CaseFilter(), most=n) for n in (1, 11, 12, 13)] == [
            1,
            11,
            12,
            12,
        ]


@pytest.mark.parametrize(
    "text", ["", "x", "!!", "bmFuOjE", "MC41", "MC41Oi0x", "é", "MC41OjkyMjMzNzIwMzY4NTQ3NzU4MDg"]
)
def test_a_cursor_that_was_changed_is_refused(text: str) -> None:
    with pytest.raises(InputRefused) as caught:
        Cursor.read(text)
    assert caught.value.problems[0].code == "inspections.cursor"


# ---------------------------------------------------------------- opening


def test_opening_again_keeps_the_worse_lane_and_the_higher_score(desk: Any, new_case: Any) -> None:
    desk.open(new_case("A", lane="yellow", score=0.8, reason="Yellow."))
    (raised,) = desk.open(new_case("A", lane="red", score=0.2, reason="Red.", hs_code="010121"))
    assert (raised.id, raised.lane, raised.score) == (1, "red", 0.8)
    assert (raised.reason, raised.hs_code, raised.recommendation) == (
        "Red.",
        "010121",
        Decision.INSPECT,
    )
    (same,) = desk.open(new_case("A", lane="yellow", score=0.9, reason="Yellow."))
    assert (same.lane, same.score, same.reason) == ("red", 0.9, "Red.")
    (lower,) = desk.open(new_case("A", score=0.1, reason="Lower."))
    assert (lower.score, lower.reason, lower.revision) == (0.9, "Red.", 0)


def test_one_call_with_a_version_twice_opens_one_case(desk: Any, new_case: Any) -> None:
    opened = desk.open(new_case("A", score=0.1), new_case("B"), new_case("A", score=0.7))
    assert [case.reference for case in opened] == ["A", "B", "A"]
    assert opened[0] == opened[2]
    assert opened[0].score == 0.7
    assert desk.open() == []


def test_a_new_version_is_a_new_case_and_the_newest_is_found_first(
    desk: Any, new_case: Any
) -> None:
    desk.open(new_case("A"), new_case("A", version=2), new_case("A", declarant="D1"))
    with desk.database.read() as tx:
        assert [case.version for case in desk.cases.find(tx, "D0077", "A")] == [2, 1]
        assert desk.cases.find(tx, "D0077", "B") == []
        assert [c.id for c in desk.cases.cases_of_importer(tx, "I1", limit=2)] == [3, 2]


def test_a_decided_case_is_not_opened_again(desk: Any, new_case: Any) -> None:
    (case,) = desk.open(new_case(lane="yellow"))
    desk.decide(case.id, Decision.REFER)
    (again,) = desk.open(new_case(lane="red", score=0.99))
    assert (again.lane, again.score, again.state) == ("yellow", 0.5, CaseState.REFERRED)


@pytest.mark.parametrize("changes", [{"lane": "green"}, {"score": float("nan")}])
def test_what_needs_no_officer_or_has_no_place_in_the_queue_is_a_mistake_of_the_caller(
    desk: Any, new_case: Any, changes: dict[str, Any]
) -> None:
    with pytest.raises(ValueError):
        desk.open(new_case(**changes))


# ---------------------------------------------------------------- taking and assigning


def take(desk: Any, case: int, user: int) -> Any:
    return desk.database.write(lambda tx: desk.cases.take(tx, case, user))


def test_whoever_opens_a_case_learns_who_has_it_open(desk: Any, new_case: Any) -> None:
    (case,) = desk.open(new_case())
    assert take(desk, case.id, 7).also_open_by is None
    assert take(desk, case.id, 7).also_open_by is None
    desk.later(minutes=14)
    second = take(desk, case.id, 8)
    assert (second.also_open_by, second.since) == (7, "2026-06-01T12:00:00.000000Z")
    assert second.case == desk.get(case.id)
    desk.later(minutes=15)
    assert take(desk, case.id, 7).also_open_by is None
    assert desk.get(case.id).revision == 0


def test_cases_are_assigned_and_given_back(desk: Any, new_case: Any) -> None:
    one, two, done = desk.open(new_case("A"), new_case("B"), new_case("C"))
    desk.decide(done.id, Decision.RELEASE, WHY)
    ids = [one.id, two.id, done.id, one.id]
    changed = desk.database.write(lambda tx: desk.cases.assign(tx, ids, 9, by=1))
    assert [(item.case.id, item.case.assigned_to, item.before) for item in changed] == [
        (one.id, 9, None),
        (two.id, 9, None),
    ]
    assert changed[0].to_dict()["by"] == 1
    assert desk.database.write(lambda tx: desk.cases.assign(tx, ids, 9, by=1)) == []
    back = desk.database.write(lambda tx: desk.cases.assign(tx, [one.id], None, by=1))
    assert (back[0].before, desk.get(one.id).assigned_to) == (9, None)
