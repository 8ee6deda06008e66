"""Brings a database to the schema that this version of Tradelane expects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tradelane.kit.database import Database
from tradelane.kit.errors import Problem, TradelaneError

_FOLDER = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Create the tables, or migrate them, in one transaction; quick when nothing is to be done.

    Errors: ``database.newer`` when a newer Tradelane has been at this database.
    """
    with database.read() as connection:
        have = _revision(connection)
    if have == HEAD:
        return
    if have is not None and have not in _known():
        raise TradelaneError(
            Problem(
                "database.newer",
                f"The database is at schema {have}, which this Tradelane does not know.",
                hint="Use the newer Tradelane that wrote it, or restore a backup.",
            )
        )
    database.write(_migrate)


def is_current(connection: sa.Connection) -> bool:
    """Whether the database has the schema that this version expects."""
    return _revision(connection) == HEAD


def _migrate(connection: sa.Connection) -> None:
    from alembic import command

    if connection.dialect.name == "postgresql":  # two starting processes migrate one by one
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(7_215_300_921)))
    command.upgrade(_config(connection), "head")


def _config(connection: sa.Connection | None = None) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return str(found) if found is not None else None


def _known() -> set[str]:
    return {path.stem.split("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*.py")}


HEAD = max(_known(), default="")
"""The newest revision: file names start with a four-digit number, which is the revision."""
