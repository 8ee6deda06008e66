"""The migrations make the schema that the stores say, on both databases."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import tradelane
from tradelane.kit import schema
from tradelane.kit.database import Database, metadata
from tradelane.kit.errors import TradelaneError

VERSIONS = Path(schema.__file__).parent / "migrations" / "versions"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres_url") if postgres else f"sqlite:///{tmp_path / 'a.db'}"
    found = Database(url)
    yield found
    found.close()


def import_stores() -> list[str]:
    """Import every store, so that its tables hang on the metadata."""
    names = [
        module.name
        for module in pkgutil.walk_packages(tradelane.__path__, "tradelane.")
        if module.name.endswith("store")
    ]
    for name in names:
        importlib.import_module(name)
    return names


def test_the_migrations_make_the_schema_of_the_stores(database: Database) -> None:
    assert len(import_stores()) >= 3
    schema.upgrade(database)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        tables = set(sa.inspect(connection).get_table_names())
    assert tables == set(metadata.tables) | {"alembic_version"}
    assert len(metadata.tables) >= 8


def test_migrating_again_changes_nothing(database: Database) -> None:
    schema.upgrade(database)
    schema.upgrade(database)
    with database.read() as connection:
        rows = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars()
        assert rows.all() == [schema.HEAD]


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    schema.upgrade(database)
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(TradelaneError) as caught:
        schema.upgrade(database)
    assert caught.value.problems[0].code == "database.newer"


def test_every_migration_is_named_after_its_revision_and_follows_the_one_before() -> None:
    found = ScriptDirectory(str(VERSIONS.parent)).walk_revisions()
    revisions = {Path(script.path).name: script for script in found}
    files = sorted(path.name for path in VERSIONS.glob("[0-9]*.py"))
    assert files == sorted(revisions)
    assert files
    before = None
    for name in files:
        assert re.fullmatch(r"\d{4}_[a-z0-9_]+\.py", name)
        assert revisions[name].revision == name[:4]
        assert revisions[name].down_revision == before
        before = name[:4]
    assert before == schema.HEAD


def test_a_migration_that_is_undone_leaves_nothing(tmp_path: Path) -> None:
    from alembic import command

    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    schema.upgrade(database)
    database.write(lambda c: command.downgrade(schema._config(c), "base"))
    with database.read() as connection:
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]
    database.close()
