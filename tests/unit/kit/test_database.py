"""The database: group commit, undoing one writer's work alone, and what it says when it cannot."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tradelane.kit.database import Database, StorageUnavailable

things = sa.Table("things", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}", busy_seconds=0.2)
    database.write(things.create)
    yield database
    database.close()


def count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(things)).scalar_one())


def test_sqlite_is_as_durable_as_it_can_be(database: Database) -> None:
    with database.read() as connection:
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_many_writers_at_once_lose_nothing(database: Database) -> None:
    def write_all(start: int) -> None:
        for number in range(start, start + 50):
            database.write(lambda c, n=number: c.execute(things.insert().values(id=n)))

    threads = [threading.Thread(target=write_all, args=(at * 1000,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(database) == 400


def test_a_failing_writer_undoes_only_its_own_work(database: Database) -> None:
    gate, failed = threading.Event(), []

    def slow(connection: sa.Connection) -> None:
        gate.wait(5)
        connection.execute(things.insert().values(id=1))

    def doomed(connection: sa.Connection) -> None:
        connection.execute(things.insert().values(id=2))
        raise ValueError("no")

    def run(work: object) -> None:
        try:
            database.write(work)  # type: ignore[arg-type]
        except ValueError as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(slow,))]
    threads[0].start()
    for work in (doomed, lambda c: c.execute(things.insert().values(id=3))):
        threads.append(threading.Thread(target=run, args=(work,)))
        threads[-1].start()
    gate.set()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert sorted(connection.execute(sa.select(things.c.id)).scalars()) == [1, 3]
    assert [str(error) for error in failed] == ["no"]


def test_what_a_reader_writes_is_not_kept(database: Database) -> None:
    with database.read() as connection:
        connection.execute(things.insert().values(id=9))
    assert count(database) == 0


def test_a_locked_database_is_said_in_a_sentence(database: Database, tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path / 'a.db'}")
    with other.engine.connect() as connection, connection.begin():
        connection.execute(things.insert().values(id=7))
        with pytest.raises(StorageUnavailable, match="locked") as caught:
            database.write(lambda c: c.execute(things.insert().values(id=8)))
    assert caught.value.problems[0].code == "database.unavailable"
    other.close()
    database.write(lambda c: c.execute(things.insert().values(id=8)))


def test_a_full_disk_is_said_and_nothing_is_kept(database: Database) -> None:
    def fill(connection: sa.Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 4}")
        connection.execute(things.insert(), [{"id": n} for n in range(100_000)])

    with pytest.raises(StorageUnavailable, match="full"):
        database.write(fill)
    assert count(database) == 0


def test_a_backup_is_a_whole_database(database: Database, tmp_path: Path) -> None:
    database.write(lambda c: c.execute(things.insert().values(id=5)))
    database.backup_to(tmp_path / "copy.db")
    copy = Database(f"sqlite:///{tmp_path / 'copy.db'}")
    assert count(copy) == 1
    copy.close()
