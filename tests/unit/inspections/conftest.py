"""Cases in memory, and a clock that a test sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import desks
from tradelane.inspections.model import NewCase
from tradelane.kit.database import Database, metadata


@pytest.fixture
def desk() -> Iterator[desks.Desk]:
    database = Database("sqlite://")
    metadata.create_all(database.engine, tables=desks.TABLES)
    yield desks.Desk(database)
    database.close()


@pytest.fixture
def new_case() -> Callable[..., NewCase]:
    return desks.new_case
