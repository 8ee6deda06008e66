"""A house of people in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accounts_house import House
from tradelane.kit.database import Database, metadata


@pytest.fixture
def house() -> Iterator[House]:
    database = Database("sqlite://")
    database.write(metadata.create_all)  # the migrations have a test of their own
    yield House(database)
    database.close()
