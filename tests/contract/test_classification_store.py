"""What classification learned from is kept the same way on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tradelane.classification.model import Example, Source
from tradelane.classification.store import SqlExampleStore, editions, examples, sources
from tradelane.kit.database import Database, metadata

DAY = "2026-06-01T12:00:00Z"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    postgres = request.param == "postgresql"
    found = Database(request.getfixturevalue("postgres_url") if postgres else "sqlite://")
    metadata.create_all(found.engine, tables=[sources, examples, editions])
    yield found
    found.close()


@pytest.fixture
def store(database: Database) -> SqlExampleStore:
    """Two sources with three examples, one of them revoked."""
    found = SqlExampleStore()

    def write(tx: object) -> None:
        for name in ("rulings", "茶 & co"):
            found.touch(tx, Source(name, "examples", "CC0", DAY, DAY))  # type: ignore[arg-type]
        rows = [
            ("rulings", "pen", "k1", "960810", "2020-01-01", ""),
            ("rulings", "ink", "k2", "321511", "", "2024-01-01"),
            ("茶 & co", "绿茶 🍵", "k1", "090210", "", ""),
        ]
        found.add(tx, rows)  # type: ignore[arg-type]

    database.write(write)
    return found


def test_sources_are_told_with_how_much_they_hold(
    database: Database, store: SqlExampleStore
) -> None:
    with database.read() as tx:
        assert store.sources(tx) == [
            Source("rulings", "examples", "CC0", DAY, DAY, 2, 1),
            Source("茶 & co", "examples", "CC0", DAY, DAY, 1, 0),
        ]


def test_examples_come_back_by_id_in_their_order(
    database: Database, store: SqlExampleStore
) -> None:
    with database.read() as tx:
        found = list(store.all_examples(tx))
        assert [(e.source, e.text, e.code) for e in found] == [
            ("rulings", "pen", "960810"),
            ("rulings", "ink", "321511"),
            ("茶 & co", "绿茶 🍵", "090210"),
        ]
        assert list(store.all_examples(tx, after=found[0].id)) == found[1:]
        assert store.get_examples(tx, [found[2].id, 10**6]) == [found[2]]
        assert store.get_examples(tx, []) == []


def test_dates_are_changed_without_a_new_example(
    database: Database, store: SqlExampleStore
) -> None:
    change = {"text_key": "k1", "code": "960810", "valid_from": "2020-01-01"}
    change["revoked_on"] = "2025-05-05"
    database.write(lambda tx: store.redate(tx, "rulings", [change]))
    database.write(lambda tx: store.redate(tx, "rulings", []))
    with database.read() as tx:
        assert store.keys(tx, "rulings") == {
            ("k1", "960810"): ("2020-01-01", "2025-05-05"),
            ("k2", "321511"): ("", "2024-01-01"),
        }
        kept: Example = next(store.all_examples(tx))
        assert kept.revoked_on == "2025-05-05"


def test_every_change_raises_the_revision_and_none_takes_it_back(
    database: Database, store: SqlExampleStore
) -> None:
    seen = []
    for name in ("rulings", "new", "rulings", "茶 & co"):
        one = Source(name, "examples", "other", "2027-01-01T00:00:00Z", DAY)
        seen.append(database.write(lambda tx, one=one: store.touch(tx, one)))
    assert seen == sorted(set(seen))
    with database.read() as tx:
        assert store.revision(tx) == seen[-1]
        first = store.sources(tx)[1]
        assert (first.name, first.licence, first.added_at) == ("rulings", "other", DAY)


def test_two_that_learn_at_once_are_both_noticed(
    database: Database, store: SqlExampleStore
) -> None:
    """Whoever looks between them must find another revision after the second."""
    with database.read() as tx:
        before = store.revision(tx)
    start = threading.Barrier(2)

    def learn(name: str) -> None:
        def write(tx: object) -> None:
            store.touch(tx, Source(name, "examples", "CC0", DAY, DAY))  # type: ignore[arg-type]

        start.wait(10)
        for _ in range(5):
            database.write(write)

    threads = [threading.Thread(target=learn, args=(n,)) for n in ("rulings", "茶 & co")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with database.read() as tx:
        assert store.revision(tx) == before + 10


def test_tables_between_editions_are_replaced_as_a_whole(
    database: Database, store: SqlExampleStore
) -> None:
    def write(name: str, pairs: list[tuple[str, str]]) -> None:
        def run(tx: object) -> None:
            store.touch(tx, Source(name, "editions", "CC0", DAY, DAY))  # type: ignore[arg-type]
            store.map_codes(tx, name, pairs)  # type: ignore[arg-type]

        database.write(run)

    write("2017", [("851712", "851714"), ("851712", "851713"), ("111111", "010121")])
    write("2012", [("851712", "851713")])
    with database.read() as tx:
        assert store.newer_codes(tx) == {
            "111111": ("010121",),
            "851712": ("851713", "851714"),
        }
        assert {s.name: s.examples for s in store.sources(tx) if s.kind == "editions"} == {
            "2012": 1,
            "2017": 3,
        }
    write("2017", [])
    with database.read() as tx:
        assert store.newer_codes(tx) == {"851712": ("851713",)}


def test_a_source_can_be_forgotten(database: Database, store: SqlExampleStore) -> None:
    assert database.write(lambda tx: store.forget(tx, "rulings")) == 2
    with database.read() as tx:
        assert [e.source for e in store.all_examples(tx)] == ["茶 & co"]
        assert [s.examples for s in store.sources(tx)] == [0, 1]


def test_nothing_is_kept_of_a_write_that_fails(database: Database, store: SqlExampleStore) -> None:
    def write(tx: object) -> None:
        store.add(tx, [("rulings", "new", "k9", "960810", "", "")])  # type: ignore[arg-type]
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        database.write(write)
    with database.read() as tx:
        assert len(list(store.all_examples(tx))) == 3
