"""The application in this process, over a prepared workspace."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path

import pytest

from accounts_house import hashing_cheaply
from tradelane.platform import Tradelane
from tradelane.targeting import features
from tradelane.web.app import create_app
from tradelane.web.settings import Settings
from tradelane.web.templating import environment
from web_house import URL, House, TestClient, Visitor


@pytest.fixture(scope="session", autouse=True)
def made_once() -> Iterator[None]:
    """What is the same for every application is made once: compiled templates, and the history
    that belongs to a model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tradelane.web.app.environment", cache(environment))
        patch.setattr("tradelane.targeting.features.load", lru_cache(4)(features.load))
        yield


@pytest.fixture
def house(administration_home: Path, tmp_path: Path) -> Iterator[House]:
    """A copy of the prepared workspace, opened as the application with its desk running."""
    home = tmp_path / "house"
    shutil.copytree(administration_home, home)
    lane = Tradelane(home)
    lane.database_url = None
    app = create_app(lane, Settings())
    with hashing_cheaply(), TestClient(app, base_url=URL):
        yield House(lane, app, administration_home.parent / "data")
    lane.database.close()


@pytest.fixture
def signed_in(house: House) -> Callable[[str], Visitor]:
    """``signed_in("officer")``: a browser of that person."""
    return house.signed_in
