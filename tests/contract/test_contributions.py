"""Published records, rounds and answers behave the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from tradelane.contributions import tables
from tradelane.contributions.following import LEASE, Followings
from tradelane.contributions.mail_store import SqlMailStore
from tradelane.contributions.model import Record, RecordKind
from tradelane.contributions.questionnaires import Survey, read_survey
from tradelane.contributions.service import Contributions
from tradelane.contributions.store import SqlRecordStore
from tradelane.contributions.survey_store import SqlSurveyStore
from tradelane.contributions.surveys import Answer, Round, RoundKind, Surveys
from tradelane.kit.clock import FixedClock
from tradelane.kit.database import Database, metadata
from tradelane.kit.errors import TradelaneError

START = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
ASKED = {
    "id": "a",
    "title": "A",
    "about": "",
    "audience": "firms",
    "basis": "",
    "questions": [
        {"id": "one", "kind": "single", "text": "One?", "options": {"y": "Y", "x": "X"}},
        {"id": "many", "kind": "multiple", "text": "Many?", "optional": True}
        | {"options": {"p": "P", "q": "Q"}},
        {"id": "told", "kind": "text", "text": "Words?", "optional": True},
    ],
}
TABLES = [
    tables.records,
    tables.rounds,
    tables.answers,
    tables.releases,
    tables.followings,
    tables.mails,
]


class Desk:
    """Records and surveys in a database, and a clock."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(START)
        self.records = Contributions(SqlRecordStore(), self.clock)
        self.surveys = Surveys(SqlSurveyStore(), self.clock)
        self.followings = Followings(SqlMailStore(), self.clock)
        self._proposals = 0

    def publish(self, about: str = "KR-X.001", **changes: Any) -> Record:
        self._proposals += 1
        given: dict[str, Any] = {
            "replaces": "",
            "economies": ("KR",),
            "domains": ("transparency",),
            "title": "T",
            "reason": "R",
            "proposal": self._proposals,
            "organisation": "O",
            "proposed_by": "kim",
            "agreed_by": "ana",
        }
        return self.database.write(
            lambda tx: self.records.publish(
                tx, RecordKind.PROVISION, about, {"values": {}}, **{**given, **changes}
            )
        )

    def listed(self, economy: str = "", domain: str = "") -> list[int]:
        with self.database.read() as tx:
            return [one.id for one in self.records.latest(tx, economy, domain)]

    def open(self) -> Round:
        survey: Survey = read_survey(ASKED, "a.yaml")
        days = START.date(), START.date() + dt.timedelta(days=10)
        return self.database.write(
            lambda tx: self.surveys.open_round(tx, survey, RoundKind.SURVEY, *days, by="kim")
        )

    def answer(
        self, found: Round, organisation: int, kind: str = "trader", **given: list[str]
    ) -> Answer:
        return self.database.write(
            lambda tx: self.surveys.answer(tx, found, organisation, kind, given, "tom")
        )

    def do(self, verb: Any, *given: Any, **named: Any) -> Any:
        return self.database.write(lambda tx: verb(tx, *given, **named))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    postgres = request.param == "postgresql"
    database = Database(request.getfixturevalue("postgres_url") if postgres else "sqlite://")
    metadata.create_all(database.engine, tables=TABLES)
    yield Desk(database)
    database.close()


def refused(verb: Any, *given: Any, **named: Any) -> list[tuple[str, str]]:
    with pytest.raises(TradelaneError) as caught:
        verb(*given, **named)
    return [(one.code, one.pointer) for one in caught.value.problems]


def test_a_record_is_kept_as_it_was_published_and_known_from_that_day(desk: Desk) -> None:
    made = desk.publish()
    assert made.recorded_from == START.date()
    assert (made.kind, made.content, made.economies) == ("provision", {"values": {}}, ("KR",))
    with desk.database.read() as tx:
        assert desk.records.get(tx, made.id) == made
        assert desk.records.revision(tx) == made.id
        assert desk.records.all_of(tx, RecordKind.CASE) == []
    assert refused(desk.do, desk.records.get, 99) == [("contributions.not_found", "")]


def test_followers_find_what_is_about_their_economy_and_domain_alone(desk: Desk) -> None:
    first = desk.publish().id
    second = desk.publish(economies=("JP", "KR"), domains=("penalties", "data_governance")).id
    assert desk.listed() == [second, first]
    assert desk.listed("KR") == [second, first]
    assert desk.listed("JP") == [second]
    assert desk.listed("KR", "transparency") == [first]
    assert desk.listed("K") == desk.listed("", "data") == desk.listed("%") == []


def test_the_database_itself_refuses_one_person_twice(desk: Desk) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        desk.publish(agreed_by="kim")


def test_an_organisation_has_one_answer_and_revises_it(desk: Desk) -> None:
    found = desk.open()
    first = desk.answer(found, 7, one=["x"], many=["q", "p"])
    assert first.content["answers"] == {"one": "x", "many": ["p", "q"]}
    second = desk.answer(found, 7, one=["y"])
    assert (second.id, second.revision) == (first.id, 2)
    assert second.content["answers"] == {"one": "y"}
    assert second.digest != first.digest
    same = desk.answer(found, 8, one=["y"])
    assert same.digest != second.digest  # of the same words: each has a salt


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("contributions.not_answered", "/one")),
        ({"one": ["z"]}, ("contributions.no_option", "/one")),
        ({"one": ["x", "y"]}, ("contributions.no_option", "/one")),
        ({"one": ["x"], "many": ["p", "z"]}, ("contributions.no_option", "/many")),
        ({"one": ["x"], "told": ["w" * 4001]}, ("contributions.too_long", "/told")),
    ],
)
def test_what_is_no_answer_is_told_at_its_field(
    desk: Desk, given: Mapping[str, list[str]], expected: tuple[str, str]
) -> None:
    assert refused(desk.answer, desk.open(), 7, **given) == [expected]


def test_only_those_who_are_asked_answer_and_only_in_time(desk: Desk) -> None:
    found = desk.open()
    refusal = refused(desk.answer, found, 7, "administration", one=["x"])
    assert refusal == [("contributions.not_asked", "")]
    desk.clock.at = START + dt.timedelta(days=11)
    assert refused(desk.answer, found, 7, one=["x"]) == [("contributions.closed", "")]


def test_results_are_told_when_it_is_over_and_small_counts_never(desk: Desk) -> None:
    found = desk.open()
    for number in range(9):
        desk.answer(found, number, one=["x" if number < 6 else "y"], many=["p"])
    assert refused(desk.do, desk.surveys.results, found) == [("contributions.not_over", "")]
    desk.clock.at = START + dt.timedelta(days=11)
    told = desk.do(desk.surveys.results, found)
    assert told.respondents == 9
    one, many, words = told.tallies
    assert [cell.value for cell in one.cells] == ["y", "x"]
    assert [cell.count for cell in one.cells] == [None, None]
    assert [cell.count for cell in many.cells] == [9, 0]
    assert [cell.count for cell in words.cells] == [0]


def test_of_fewer_than_five_answers_nothing_is_told(desk: Desk) -> None:
    found = desk.open()
    for number in range(4):
        desk.answer(found, number, one=["x"])
    desk.clock.at = START + dt.timedelta(days=11)
    told = desk.do(desk.surveys.results, found)
    assert (told.respondents, told.tallies) == (None, ())


def test_words_are_published_only_if_their_writer_and_a_regulator_say_so(desk: Desk) -> None:
    found = desk.open()
    desk.answer(found, 1, one=["x"], told=["Not for others."])
    made = desk.answer(found, 2, one=["x"], told=["For all."], told_public=["yes"])
    [word] = desk.do(desk.surveys.words, found)
    assert (word.text, word.released) == ("For all.", False)
    verb = desk.surveys.release
    desk.do(verb, found, made.id, "told", "kim", publish=True)
    assert [one.released for one in desk.do(desk.surveys.words, found)] == [True]
    refusal = refused(desk.do, verb, found, made.id - 1, "told", "kim", publish=True)
    assert refusal == [("contributions.not_found", "")]
    desk.answer(found, 2, one=["x"], told=["Other words."], told_public=["yes"])
    assert [one.released for one in desk.do(desk.surveys.words, found)] == [False]


def test_a_round_needs_days_that_can_be(desk: Desk) -> None:
    survey = read_survey(ASKED, "a.yaml")
    today = START.date()
    for first, last in ((1, 0), (-9, -1), (0, 500)):
        days = (today + dt.timedelta(days=first), today + dt.timedelta(days=last))
        kind = RoundKind.SURVEY
        refusal = refused(desk.do, desk.surveys.open_round, survey, kind, *days, by="kim")
        assert refusal == [("contributions.days", "/closes_on")]


def test_the_same_is_followed_once_and_confirmed_by_its_link(desk: Desk) -> None:
    one = desk.do(desk.followings.follow, 1, "a@example.org", "KR", "")
    again = ("a@example.org", "KR", "")
    assert refused(desk.do, desk.followings.follow, 1, *again) == [
        ("contributions.followed", "/address")
    ]
    assert desk.do(desk.followings.behind, 9) == []
    desk.do(desk.followings.confirm, one.secret, 4)
    [found] = desk.do(desk.followings.behind, 9)
    assert (found.id, found.position) == (one.id, 4)
    assert desk.do(desk.followings.advance, found, 9)
    assert not desk.do(desk.followings.advance, found, 9)  # another process was first
    assert desk.do(desk.followings.behind, 9) == []


def test_a_mail_is_sent_by_one_process_at_a_time(desk: Desk) -> None:
    desk.do(desk.followings.put, "a@example.org", "S", "B")
    assert desk.do(desk.followings.anything_due)
    [mail], lease = desk.do(desk.followings.claim)
    assert not desk.do(desk.followings.anything_due)
    assert desk.do(desk.followings.claim)[0] == []
    desk.clock.at += LEASE
    [same], later = desk.do(desk.followings.claim)
    assert same.id == mail.id
    assert not desk.do(desk.followings.record, mail, lease, "")  # the lease ran out meanwhile
    assert desk.do(desk.followings.record, same, later, "")
    assert not desk.do(desk.followings.anything_due)


def test_links_that_nobody_followed_and_mails_long_sent_are_forgotten(desk: Desk) -> None:
    one = desk.do(desk.followings.follow, 1, "a@example.org", "", "")
    desk.do(desk.followings.put, "a@example.org", "S", "B")
    [mail], lease = desk.do(desk.followings.claim)
    desk.do(desk.followings.record, mail, lease, "")
    desk.clock.at += dt.timedelta(days=31)
    assert refused(desk.do, desk.followings.get, one.secret) == [("contributions.not_found", "")]
    desk.do(desk.followings.forget)
    assert desk.do(desk.followings.of_user, 1) == []
    with desk.database.read() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(tables.mails)).scalar() == 0
