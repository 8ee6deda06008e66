"""Officers and declarants write to each other; deadlines are inclusive and answers are marked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tradelane.correspondence.model import (
    Direction,
    Kind,
    Message,
    NewMessage,
    is_overdue,
    problems_of,
)
from tradelane.correspondence.service import Correspondence
from tradelane.correspondence.store import SqlMessageStore, messages
from tradelane.kit import canonical
from tradelane.kit.clock import FixedClock
from tradelane.kit.database import Database, metadata
from tradelane.kit.errors import InputRefused, TradelaneError

TODAY = dt.date(2026, 6, 1)
QUESTION = NewMessage(
    declarant="D0077",
    reference="A1",
    case_id=5,
    office="NORTH",
    direction=Direction.TO_DECLARANT,
    kind=Kind.QUESTION,
    text="What is the mass of one piece?",
    author_id=7,
    author_name="Ana Ruiz",
)


class PostOffice:
    """Messages in a database, and a clock."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC))
        self.service = Correspondence(SqlMessageStore(), self.clock)

    def send(self, message: NewMessage = QUESTION, **changes: Any) -> Message:
        return self.do("send", replace(message, **changes))

    def answer(self, message: int, text: str = "Two kilograms.", **given: Any) -> Message:
        given = {"author_id": 30, "author_name": "Tom", "declarants": {"D0077"}, **given}
        return self.do("answer", message, text, **given)

    def do(self, verb: str, *given: Any, **named: Any) -> Any:
        return self.database.write(lambda tx: getattr(self.service, verb)(tx, *given, **named))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def post(request: pytest.FixtureRequest) -> Iterator[PostOffice]:
    postgres = request.param == "postgresql"
    database = Database(request.getfixturevalue("postgres_url") if postgres else "sqlite://")
    metadata.create_all(database.engine, tables=[messages])
    yield PostOffice(database)
    database.close()


def code_of(caught: pytest.ExceptionInfo[TradelaneError]) -> str:
    return caught.value.problems[0].code


def test_a_question_is_kept_as_it_was_sent(post: PostOffice) -> None:
    sent = post.send(deadline=dt.date(2026, 6, 9), attachment=3)
    assert post.do("get", sent.id) == sent
    assert post.do("thread", "D0077", "A1") == [sent]
    assert (sent.sent_at, sent.read_at, sent.answered_at) == (
        "2026-06-01T12:00:00.000000Z",
        None,
        None,
    )
    assert canonical.decode(canonical.encode(sent.to_dict()))["deadline"] == "2026-06-09"


def test_declarants_read_the_office_and_never_the_officer(post: PostOffice) -> None:
    question = post.send()
    assert question.author_for_declarant == "Customs"
    assert post.answer(question.id).author_for_declarant == "Tom"


def test_an_answer_goes_back_and_marks_the_question(post: PostOffice) -> None:
    question = post.send()
    post.clock.at += dt.timedelta(hours=2)
    answer = post.answer(question.id)
    assert (answer.direction, answer.kind) == (Direction.TO_ADMINISTRATION, Kind.ANSWER)
    assert (answer.answers, answer.case_id, answer.office) == (question.id, 5, "NORTH")
    marked = post.do("get", question.id)
    assert (marked.answered_at, marked.read_at) == (answer.sent_at, answer.sent_at)
    post.clock.at += dt.timedelta(hours=2)
    post.answer(question.id, "And three with its box.")
    assert post.do("get", question.id) == marked
    assert [m.text for m in post.do("thread", "D0077", "A1")][1:] == [
        "Two kilograms.",
        "And three with its box.",
    ]


def test_an_officer_answers_what_a_declarant_asked(post: PostOffice) -> None:
    asked = post.send(direction=Direction.TO_ADMINISTRATION, author_name="Tom")
    answer = post.answer(asked.id, "Yes.", author_name="Ana", declarants=None)
    assert (answer.direction, answer.author_for_declarant) == (Direction.TO_DECLARANT, "Customs")


def test_nobody_answers_for_another_or_what_asks_nothing(post: PostOffice) -> None:
    question, notice = post.send(), post.send(kind=Kind.NOTICE)
    with pytest.raises(TradelaneError) as caught:
        post.answer(question.id, declarants={"D1"})
    assert code_of(caught) == "correspondence.not_found"
    with pytest.raises(TradelaneError) as missing:
        post.answer(999)
    assert str(missing.value) == str(caught.value).replace(str(question.id), "999")
    for message, declarants in ((notice.id, {"D0077"}), (question.id, None)):
        with pytest.raises(InputRefused) as refused:
            post.answer(message, declarants=declarants)
        assert code_of(refused) == "correspondence.not_asked"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n\x00\u202e "}, "text"),
        ({"text": "x" * 4001}, "text"),
        ({"kind": Kind.ANSWER}, "kind"),
        ({"answers": 1}, "kind"),
        ({"kind": Kind.DOCUMENT_REQUEST, "direction": Direction.TO_ADMINISTRATION}, "kind"),
        ({"deadline": dt.date(2026, 5, 31)}, "deadline"),
        ({"deadline": TODAY, "kind": Kind.NOTICE}, "deadline"),
        ({"deadline": TODAY, "direction": Direction.TO_ADMINISTRATION}, "deadline"),
    ],
)
def test_what_cannot_be_a_message_is_refused(
    post: PostOffice, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(InputRefused) as caught:
        post.send(**changes)
    assert code_of(caught) == f"correspondence.{code}"
    assert post.do("thread", "D0077", "A1") == []


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = replace(QUESTION, text="", kind=Kind.NOTICE, deadline=TODAY)
    assert [problem.pointer for problem in problems_of(wrong, TODAY)] == ["/text", "/deadline"]


def test_a_text_is_kept_without_what_nobody_can_see(post: PostOffice) -> None:
    sent = post.send(text=" one\r\ntwo\x00\u202e<b> ", author_name="Ana\r\nRuiz")
    assert (sent.text, sent.author_name) == ("one\ntwo<b>", "Ana Ruiz")


# ---------------------------------------------------------------- deadlines


def test_a_deadline_includes_its_day_and_an_answer_ends_it(post: PostOffice) -> None:
    question = post.send(deadline=TODAY)
    assert not is_overdue(question, TODAY)
    assert is_overdue(question, TODAY + dt.timedelta(1))
    post.answer(question.id)
    assert not is_overdue(post.do("get", question.id), TODAY + dt.timedelta(1))
    assert not is_overdue(post.send(), dt.date.max)


def test_officers_see_what_is_overdue_longest_first(post: PostOffice) -> None:
    late = post.send(deadline=TODAY + dt.timedelta(2))
    later = post.send(deadline=TODAY + dt.timedelta(1), office="SOUTH")
    post.send()
    post.answer(post.send(deadline=TODAY).id)
    day = TODAY + dt.timedelta(3)
    assert post.do("overdue", day) == [later, late]
    assert post.do("overdue", day, "NORTH") == [late]
    assert post.do("overdue", TODAY + dt.timedelta(1)) == []
    assert post.do("overdue", day, limit=1) == [later]


# ---------------------------------------------------------------- who sees what


def test_the_inbox_has_what_waits_first_by_deadline(post: PostOffice) -> None:
    notice = post.send(kind=Kind.NOTICE)
    anytime = post.send()
    soon = post.send(deadline=TODAY)
    later = post.send(deadline=TODAY + dt.timedelta(9), kind=Kind.DOCUMENT_REQUEST)
    done = post.send()
    post.answer(done.id)
    post.send(declarant="D9")
    found = [message.id for message in post.do("inbox", {"D0077"})]
    assert found == [soon.id, later.id, anytime.id, done.id, notice.id]
    assert len(post.do("inbox", {"D0077", "D9"})) == 6
    assert len(post.do("inbox", {"D0077", "D9"}, limit=2)) == 2
    assert post.do("inbox", frozenset()) == []


def test_reading_counts_once_and_only_for_whom_it_was_sent_to(post: PostOffice) -> None:
    one, two = post.send(), post.send()
    assert post.do("count_unread", {"D0077"}) == 2
    ids = [one.id, two.id]
    assert post.do("read", ids, Direction.TO_ADMINISTRATION) == 0
    assert post.do("read", ids, Direction.TO_DECLARANT) == 2
    post.clock.at += dt.timedelta(1)
    assert post.do("read", ids, Direction.TO_DECLARANT) == 0
    assert post.do("get", one.id).read_at == "2026-06-01T12:00:00.000000Z"
    assert post.do("count_unread", {"D0077"}) == 0
    assert post.do("count_unread", set()) == 0


def test_officers_see_what_arrived_until_somebody_read_it(post: PostOffice) -> None:
    answer = post.answer(post.send().id)
    asked = post.send(direction=Direction.TO_ADMINISTRATION, office="SOUTH")
    assert post.do("arrived") == [answer, asked]
    assert post.do("arrived", "SOUTH") == [asked]
    post.do("read", [answer.id, asked.id], Direction.TO_ADMINISTRATION)
    assert post.do("arrived") == []
