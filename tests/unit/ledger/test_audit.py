"""A flipped byte anywhere in the ledger is found, and so is whatever is gone, moved or added."""

import random
import shutil
import sqlite3

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tradelane.kit.database import Database, StorageUnavailable
from tradelane.kit.errors import IntegrityBroken
from tradelane.ledger import store

COLUMNS = [column for table in (store.entries, store.tiles, store.checkpoints, store.head)
           for column in table.columns]  # fmt: skip
NAMES = [f"{column.table.name}.{column.name}" for column in COLUMNS]


class UndoneError(Exception):
    """Ends a transaction that tampered, so that the next starts from the sound ledger."""


def fill(kept, make_entries):
    """700 entries under nine checkpoints: full and partial tiles on two levels."""
    start = 0
    for count in (1, 2, 200, 53, 1, 255, 100, 87, 1):
        kept.write(make_entries(count, start=start))
        start += count
    assert kept.verify().ok


def verify_after(kept, tamper, **options):
    """The report on the ledger after ``tamper(tx)``, which is then undone."""
    reports = []

    def run(tx):
        tamper(tx)
        reports.append(kept.ledger.verify(tx, **options))
        raise UndoneError

    with pytest.raises(UndoneError):
        kept.database.write(run)
    return reports[0]


def flip(tx, column, rng):
    """Flip one bit of one value; returns where. Values that the database refuses are redrawn."""
    table, keys = column.table, list(column.table.primary_key.columns)
    rows = tx.execute(sa.select(*keys, column.label("flipped"))).all()
    while True:
        row = rng.choice(rows)
        where = sa.and_(*[key == row[place] for place, key in enumerate(keys)])
        bit = None
        if isinstance(row.flipped, int):
            bit = rng.randrange(31)
            value = row.flipped ^ (1 << bit)
        else:
            raw = row.flipped.encode() if isinstance(row.flipped, str) else row.flipped
            bit = rng.randrange(len(raw) * 8)
            changed = bytearray(raw)
            changed[bit // 8] ^= 1 << bit % 8
            value = bytes(changed)
            if isinstance(column.type, sa.Text):
                if tx.dialect.name == "sqlite":
                    value = sa.cast(sa.literal(value, sa.LargeBinary), sa.Text)
                else:
                    try:
                        value = value.decode()
                    except UnicodeDecodeError:
                        continue  # PostgreSQL keeps no such text.
                    if "\0" in value:
                        continue
        try:
            with tx.begin_nested():
                tx.execute(table.update().where(where).values({column: value}))
        except IntegrityError:
            continue
        return f"bit {bit} of {table.name}.{column.name} in the row {tuple(row)[:-1]}"


def flips(kept, column, count, seed):
    for turn in range(count):
        places = []
        rng = random.Random(f"{seed} {column} {turn}")
        report = verify_after(
            kept, lambda tx, rng=rng, places=places: places.append(flip(tx, column, rng))
        )
        assert not report.ok, places
        assert report.findings
        assert all(str(finding) for finding in report.findings)


def test_there_are_columns_to_flip_bits_in():
    assert len(COLUMNS) == 13


@pytest.mark.parametrize("column", COLUMNS, ids=NAMES)
def test_a_flipped_bit_in_any_column_is_found(kept, make_entries, column):
    fill(kept, make_entries)
    flips(kept, column, 6, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("column", COLUMNS, ids=NAMES)
def test_a_flipped_bit_anywhere_is_found(filed, make_entries, column):
    fill(filed, make_entries)
    flips(filed, column, 60, seed=2)


@pytest.mark.slow
def test_a_flipped_bit_anywhere_in_the_file_is_found_or_changes_nothing(
    filed, make_entries, tmp_path
):
    """Bits of unused space may flip: then every value must still be the same."""
    fill(filed, make_entries)
    filed.database.close()
    sound = tmp_path / "ledger.db"
    with sqlite3.connect(sound) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    expected, size, found = dump(sound), sound.stat().st_size, 0
    rng = random.Random(3)
    for turn in range(240):
        # Half of the flips go to the pages of the schema and the roots, where most can break.
        place = rng.randrange(size if turn % 2 else 8 * 4096)
        bit, broken = rng.randrange(8), tmp_path / "broken.db"
        shutil.copy(sound, broken)
        with broken.open("r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 1 << bit]))
        if find_damage(filed.ledger, broken):
            found += 1
        else:
            assert dump(broken) == expected, f"bit {bit} of byte {place}"
        for rest in tmp_path.glob("broken.db*"):
            rest.unlink()
    assert found > 120


def find_damage(ledger, path):
    database = Database(f"sqlite:///{path}")
    try:
        with database.read() as tx:
            return not ledger.verify(tx).ok
    except (IntegrityBroken, StorageUnavailable):
        return True  # SQLite itself refuses to open such a file.
    finally:
        database.close()


def dump(path):
    connection = sqlite3.connect(path)
    try:
        connection.text_factory = bytes
        return {
            name: connection.execute(
                f"SELECT *, {' || '.join(f'typeof({c})' for c in columns)} FROM {name} ORDER BY 1,2"
            ).fetchall()
            for name, columns in (
                ("ledger_entry", ["kind", "subject", "data"]),
                ("ledger_tile", ["hashes"]),
                ("ledger_checkpoint", ["note", "at"]),
                ("ledger_head", ["size", "checkpoints"]),
            )
        }
    finally:
        connection.close()


@pytest.mark.parametrize("table", ["entry", "tile", "checkpoint", "head"])
def test_any_deleted_row_is_found(kept, make_entries, table):
    fill(kept, make_entries)
    keys = [column.name for column in getattr(store, {"entry": "entries", "tile": "tiles",
            "checkpoint": "checkpoints", "head": "head"}[table]).primary_key]  # fmt: skip
    quoted = ", ".join(f'"{key}"' for key in keys)
    rows = kept.read(lambda tx: tx.execute(sa.text(f"SELECT {quoted} FROM ledger_{table}")).all())
    assert rows
    for row in random.Random(4).sample(rows, min(len(rows), 12)):
        where = " AND ".join(f'"{key}" = {value}' for key, value in zip(keys, row))
        report = verify_after(
            kept, lambda tx, w=where: tx.execute(sa.text(f"DELETE FROM ledger_{table} WHERE {w}"))
        )
        assert not report.ok, (table, row)


@pytest.mark.parametrize(
    "statements",
    [
        # the end cut off, with and without what goes with it
        ['DELETE FROM ledger_entry WHERE "index" >= 612'],
        ['DELETE FROM ledger_entry WHERE "index" >= 612', "UPDATE ledger_head SET size = 612"],
        ["DELETE FROM ledger_checkpoint WHERE size > 612"],
        ["DELETE FROM ledger_entry"],
        ["DELETE FROM ledger_tile"],
        ["DELETE FROM ledger_checkpoint"],
        ["DELETE FROM ledger_head"],
        ['DELETE FROM ledger_entry WHERE "index" BETWEEN 256 AND 511',
         'DELETE FROM ledger_tile WHERE level = 0 AND "index" = 1'],
        # rows that do not belong
        ["""INSERT INTO ledger_entry ("index", kind, subject, data) VALUES (700, 'k', 's', 'd')"""],
        ["""INSERT INTO ledger_entry ("index", kind, subject, data)
            VALUES (4000000000000, 'k', 's', 'd')"""],
        ["""INSERT INTO ledger_entry ("index", kind, subject, data) VALUES (-1, 'k', 's', 'd')"""],
        ["""INSERT INTO ledger_tile (level, "index", hashes) VALUES (0, 3, 'x')"""],
        ["""INSERT INTO ledger_tile (level, "index", hashes) VALUES (7, 0, 'x')"""],
        ["""INSERT INTO ledger_tile (level, "index", hashes) VALUES (-1, 0, 'x')"""],
        ["INSERT INTO ledger_head (id, size, checkpoints) VALUES (2, 700, 9)"],
        ["INSERT INTO ledger_checkpoint (size, note, at) VALUES (650, 'x', 'y')"],
        # rows that changed places
        ['UPDATE ledger_entry SET "index" = -9 WHERE "index" = 10',
         'UPDATE ledger_entry SET "index" = 10 WHERE "index" = 500',
         'UPDATE ledger_entry SET "index" = 500 WHERE "index" = -9'],
        ['UPDATE ledger_tile SET "index" = 9 WHERE level = 0 AND "index" = 0',
         'UPDATE ledger_tile SET "index" = 0 WHERE level = 0 AND "index" = 1',
         'UPDATE ledger_tile SET "index" = 1 WHERE level = 0 AND "index" = 9'],
        ["UPDATE ledger_checkpoint SET size = 9999 WHERE size = 700",
         "UPDATE ledger_checkpoint SET size = 700 WHERE size = 699",
         "UPDATE ledger_checkpoint SET size = 699 WHERE size = 9999"],
        ["UPDATE ledger_checkpoint SET note = (SELECT note FROM ledger_checkpoint WHERE size = 3)"],
        # values of one row given to another
        ["UPDATE ledger_entry SET subject = 'D-1' WHERE \"index\" = 0"],
        ["UPDATE ledger_entry SET kind = 'lane.assigned' WHERE \"index\" = 0"],
        ["UPDATE ledger_checkpoint SET at = '2026-03-01T09:30:16.000000Z' WHERE size = 3"],
    ],
    ids=lambda statements: statements[0][:60],
)  # fmt: skip
def test_what_is_gone_added_or_moved_is_found(kept, make_entries, statements):
    fill(kept, make_entries)
    statements = [
        s.replace("'d')", "CAST('d' AS BYTEA))").replace("'x')", "CAST('x' AS BYTEA))")
        if kept.database.url.get_backend_name() == "postgresql" and "checkpoint" not in s
        else s
        for s in statements
    ]
    report = verify_after(kept, lambda tx: [tx.execute(sa.text(s)) for s in statements])
    assert not report.ok
    assert report.findings


def test_a_changed_entry_is_named_and_nothing_else_is_blamed(kept, make_entries):
    fill(kept, make_entries)
    changed = make_entries(1, start=9999)[0].encode()
    report = verify_after(
        kept,
        lambda tx: tx.execute(
            store.entries.update().where(store.entries.c.index == 300).values(data=changed)
        ),
    )
    assert {finding.index for finding in report.findings} == {300}
    text = "\n".join(map(str, report.findings))
    assert "entry 300: the entry does not fit tile 1 of level 0: got " in text
    assert ", expected " in text


def test_garbage_in_every_column_is_reported_and_never_crashes(filed, make_entries):
    fill(filed, make_entries)
    garbage = ["x'ff00fe'", "CAST(x'ff80' AS TEXT)", "''", "1e300", "zeroblob(100000)", "'\u2028'"]
    for column in COLUMNS:
        for value in garbage:
            statement = f'UPDATE {column.table.name} SET "{column.name}" = {value}'
            limit = " WHERE rowid IN (SELECT max(rowid) FROM " + column.table.name + ")"

            def tamper(tx, statement=statement + limit):
                try:
                    with tx.begin_nested():
                        tx.exec_driver_sql(statement)
                except IntegrityError:  # SQLite keeps only integers as row ids.
                    tx.exec_driver_sql("DELETE FROM ledger_head")

            assert not verify_after(filed, tamper).ok, statement


def test_a_consistent_cut_is_shown_by_a_checkpoint_saved_elsewhere(filed, make_entries, tmp_path):
    filed.write(make_entries(100))
    filed.database.close()
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    shutil.copy(tmp_path / "ledger.db", tmp_path / "old.db")
    filed.write(make_entries(50, start=100))
    saved = filed.read(filed.ledger.latest_checkpoint)
    assert filed.verify(trusted_checkpoint=saved).ok
    filed.write(make_entries(50, start=150))
    assert filed.verify(trusted_checkpoint=saved).ok, "a longer ledger continues it"

    old = Database(f"sqlite:///{tmp_path / 'old.db'}")
    with old.read() as tx:
        assert filed.ledger.verify(tx).ok, "yesterday's copy is whole in itself"
        report = filed.ledger.verify(tx, trusted_checkpoint=saved)
    old.close()
    assert [f.what for f in report.findings] == ["a signed checkpoint reaches beyond the entries"]
    assert (report.findings[0].got, report.findings[0].expected) == ("100 entries", "150")


def test_a_trusted_checkpoint_that_is_none_is_a_finding(filed, make_entries):
    filed.write(make_entries(3))
    assert not filed.verify(trusted_checkpoint="not a note").ok


def test_checkpoints_of_another_key_are_found(filed, make_entries, tmp_path):
    filed.write(make_entries(3), ledger=filed.another(tmp_path / "forger"))
    report = filed.verify()
    assert "ledger" in report.findings[0].what
    assert not report.ok


def test_entries_committed_without_a_checkpoint_are_reported(kept, make_entries):
    kept.write(make_entries(5))
    kept.database.write(lambda tx: kept.ledger.append(tx, make_entries(2, start=5)))
    assert [str(finding) for finding in kept.verify().findings] == [
        "entry 5: entries are not under a signed checkpoint: got 7 entries, expected 5"
    ]


def test_the_audit_says_how_far_it_is(filed, make_entries):
    fill(filed, make_entries)
    heard = []
    filed.verify(progress=lambda stage, done, total=None: heard.append((stage, done, total)))
    assert heard == [("database check", 0, None), ("entries", 0, 700), ("entries", 700, 700)]


def test_only_the_first_findings_are_listed_and_all_are_counted(filed, make_entries):
    fill(filed, make_entries)
    report = verify_after(
        filed, lambda tx: tx.exec_driver_sql("UPDATE ledger_entry SET kind = 'x'")
    )
    assert (len(report.findings), report.found) == (200, 700)
