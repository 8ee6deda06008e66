"""Drafts belong to an organisation, change by turns, and do not pile up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tradelane.drafts import model
from tradelane.drafts.model import KEPT_DAYS, Draft, DraftKind
from tradelane.drafts.service import Drafts
from tradelane.drafts.store import SqlDraftStore
from tradelane.kit import schema
from tradelane.kit.clock import FixedClock
from tradelane.kit.database import Database
from tradelane.kit.errors import InputRefused, TradelaneError


@pytest.fixture
def database() -> Iterator[Database]:
    found = Database("sqlite://")
    schema.upgrade(found)
    yield found
    found.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture
def drafts(clock: FixedClock) -> Drafts:
    return Drafts(SqlDraftStore(), clock)


def begin(database: Database, drafts: Drafts, organisation: int | None = 1) -> int:
    return database.write(
        lambda tx: drafts.begin(tx, organisation, DraftKind.NEW, {"title": "T"}, b"one")
    )


def get(database: Database, drafts: Drafts, draft_id: int, organisation: int | None = 1) -> Draft:
    with database.read() as tx:
        return drafts.get(tx, draft_id, organisation)


def code_of(error: pytest.ExceptionInfo[TradelaneError]) -> str:
    return error.value.problems[0].code


def test_a_draft_comes_back_as_it_was_kept(database: Database, drafts: Drafts) -> None:
    found = get(database, drafts, begin(database, drafts))

    assert (found.content, found.about, found.revision, found.kind) == (
        b"one",
        {"title": "T"},
        1,
        DraftKind.NEW,
    )


@pytest.mark.parametrize("organisation", [2, None])
def test_anothers_draft_is_not_there(
    database: Database, drafts: Drafts, organisation: int | None
) -> None:
    draft_id = begin(database, drafts)

    with pytest.raises(TradelaneError) as error:
        get(database, drafts, draft_id, organisation)

    assert code_of(error) == "drafts.not_found"


def test_the_second_of_two_who_save_the_same_version_is_told(
    database: Database, drafts: Drafts
) -> None:
    seen = get(database, drafts, begin(database, drafts))
    database.write(lambda tx: drafts.save(tx, seen, b"first"))

    with pytest.raises(TradelaneError) as error:
        database.write(lambda tx: drafts.save(tx, seen, b"second"))

    assert code_of(error) == "drafts.changed"
    assert get(database, drafts, seen.id).content == b"first"


def test_a_filed_draft_keeps_only_where_it_went(database: Database, drafts: Drafts) -> None:
    draft_id = begin(database, drafts)

    database.write(lambda tx: drafts.finish(tx, draft_id, "/declarations/D/1"))

    found = get(database, drafts, draft_id)
    assert (found.content, found.filed_as) == (b"", "/declarations/D/1")
    with database.read() as tx:
        assert drafts.open_of(tx, 1) == []


def test_what_nobody_touched_for_long_goes(
    database: Database, drafts: Drafts, clock: FixedClock
) -> None:
    old = begin(database, drafts)
    theirs = begin(database, drafts, 2)
    clock.at += timedelta(days=KEPT_DAYS + 1)
    begin(database, drafts)

    with pytest.raises(TradelaneError):
        get(database, drafts, old)
    assert get(database, drafts, theirs, 2).id == theirs


def test_there_is_an_end_to_how_many_and_how_large(
    database: Database, drafts: Drafts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradelane.drafts.service.MOST_OPEN", 2)
    begin(database, drafts)
    begin(database, drafts)

    with pytest.raises(InputRefused) as many:
        begin(database, drafts)
    with pytest.raises(InputRefused) as large:
        database.write(
            lambda tx: drafts.begin(tx, 2, DraftKind.UPLOAD, {}, b"x" * (model.LARGEST + 1))
        )
    with pytest.raises(InputRefused) as nobody:
        begin(database, drafts, None)

    assert code_of(many) == "drafts.too_many"
    assert code_of(large) == "drafts.too_large"
    assert code_of(nobody) == "drafts.no_organisation"


def test_the_last_touched_stands_first_and_a_discarded_one_is_gone(
    database: Database, drafts: Drafts, clock: FixedClock
) -> None:
    first, second, third = (begin(database, drafts) for _ in range(3))
    clock.at += timedelta(minutes=1)
    seen = get(database, drafts, first)
    database.write(lambda tx: drafts.save(tx, seen, b"two", {"title": "new"}))
    unwanted = get(database, drafts, second)
    database.write(lambda tx: drafts.discard(tx, unwanted))

    with database.read() as tx:
        found = drafts.open_of(tx, 1)

    assert [draft.id for draft in found] == [first, third]
    assert found[0].about == {"title": "new"}
