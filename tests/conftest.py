"""What many tests share: an invented administration, one cleared workspace, the command line.

Under pytest-xdist every worker asks for them; the first one makes them, the others wait.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts_house import hashing_cheaply
from doors import prepare_home
from tradelane.platform import Tradelane
from workspaces import SEED, Administration, Cleared, copy_models, read_csv, write_csv

_LOCAL_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
_ENABLING = {
    "postgresql": "docker run -d -p 5432:5432 -e POSTGRES_HOST_AUTH_METHOD=trust postgres:15",
    "chromium": "apt-get install -y chromium",
    "shared": "put the project's shared data beside this checkout, as ../shared",
}
"""What a skip's reason names, and the one thing to do so that its tests run."""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


# ---------------------------------------------------------------- shared once a session


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker: str) -> Path:
    """A folder that all workers of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker == "master" else base.parent


@pytest.fixture(scope="session")
def worker() -> str:
    """The name of this pytest-xdist worker, ``master`` without it."""
    return os.environ.get("PYTEST_XDIST_WORKER", "master")


def _once(folder: Path, name: str, make: Callable[[Path], object]) -> Path:
    """The folder ``name``, filled by whoever comes first; the others wait."""
    target = folder / name
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            draft = folder / f"{name}.{uuid.uuid4().hex}"
            draft.mkdir()
            make(draft)
            draft.rename(target)
    return target


@pytest.fixture(scope="session")
def administration(shared_folder: Path) -> Administration:
    """3,000 simulated declarations: the last weeks to clear, what came before as history."""

    def make(folder: Path) -> None:
        Tradelane(folder / "none").simulate(folder, seed=SEED, declarations=3000)
        everything = read_csv(folder / "declarations.csv")
        last = date.fromisoformat(max(row["date"] for row in everything))
        first_day = (last - timedelta(days=27)).isoformat()
        write_csv(folder / "batch.csv", [r for r in everything if r["date"] >= first_day])
        earlier = [r for r in read_csv(folder / "history.csv") if r["date"] < first_day]
        write_csv(folder / "before.csv", earlier)

    folder = _once(shared_folder, "administration", make)
    batch = folder / "batch.csv"
    return Administration(folder, folder / "before.csv", batch, len(read_csv(batch)))


@pytest.fixture(scope="session")
def cleared(shared_folder: Path, administration: Administration) -> Cleared:
    """The administration's batch, cleared; to be read only (`workspace` gives a copy)."""

    def make(home: Path) -> None:
        lane = Tradelane(home)
        lane.clear(administration.batch, history=administration.history, seed=SEED)
        lane.database.close()

    return Cleared(_once(shared_folder, "cleared", make), administration)


@pytest.fixture(scope="session")
def asking(shared_folder: Path, administration: Administration) -> Cleared:
    """The batch, cleared with a model that learned (from the end of the history) how descriptions
    fit their codes, so that the classifier was asked of the batch too; to be read only."""

    def make(folder: Path) -> None:
        short = write_csv(folder / "history.csv", read_csv(administration.history)[-1200:])
        lane = Tradelane(folder / "home")
        lane.text_against_code = True
        lane.clear(administration.batch, history=short, seed=SEED)
        lane.database.close()

    folder = _once(shared_folder, "asking", make)
    short = replace(administration, history=folder / "history.csv")
    return Cleared(folder / "home", short)


@pytest.fixture(scope="session")
def administration_home(shared_folder: Path) -> Path:
    """A workspace with people, a model and a decided week; to be read only (copy it). The
    simulation's files are beside it, in ``data``."""

    def make(folder: Path) -> None:
        with hashing_cheaply():
            prepare_home(folder)

    return _once(shared_folder, "doors", make) / "home"


@pytest.fixture
def workspace(cleared: Cleared, tmp_path: Path) -> Path:
    """A copy of the cleared workspace that a test may change or break."""
    return Path(shutil.copytree(cleared.home, tmp_path / "workspace"))


@pytest.fixture
def new_home(cleared: Cleared, tmp_path: Path) -> Path:
    """An empty workspace that has the trained model already."""
    return copy_models(cleared.home, tmp_path / "home")


@pytest.fixture
def opened() -> Iterator[Callable[..., Tradelane]]:
    """Opens workspaces and lets go of their databases after the test."""
    lanes: list[Tradelane] = []

    def open_it(home: Path, **settings: Any) -> Tradelane:
        lanes.append(Tradelane(home, **settings))
        return lanes[-1]

    yield open_it
    for lane in lanes:
        if "database" in vars(lane):
            lane.database.close()


# ---------------------------------------------------------------- the command line


@pytest.fixture(scope="session")
def cli_environment(shared_folder: Path) -> dict[str, str]:
    """The environment of child processes: ours, no settings of Tradelane's, bytecode kept."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TRADELANE_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return kept | {"PYTHONPYCACHEPREFIX": str(shared_folder / "bytecode")}


@pytest.fixture(scope="session")
def run_cli(cli_environment: dict[str, str]) -> Run:
    """Runs ``python -m tradelane`` with arguments in a process of its own."""

    def run(
        *arguments: str | Path,
        env: dict[str, str] | None = None,
        timeout: float = 120,
        **options: Any,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tradelane", *map(str, arguments)],
            env=cli_environment | (env or {}),
            capture_output=True,
            text=True,
            timeout=timeout,
            **options,
        )

    return run


# ---------------------------------------------------------------- PostgreSQL


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A new, empty PostgreSQL database, dropped after the test; skips where no server answers."""
    import psycopg

    server = os.environ.get("TRADELANE_TEST_POSTGRES_URL", _LOCAL_POSTGRES)
    server = server.replace("postgresql+psycopg://", "postgresql://", 1)
    name = f"tradelane_test_{uuid.uuid4().hex[:12]}"
    try:
        with psycopg.connect(server, autocommit=True, connect_timeout=3) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
    except psycopg.OperationalError:
        pytest.skip(f"needs PostgreSQL: {_ENABLING['postgresql']}")
    head, _, options = server.partition("?")
    yield f"{head.rpartition('/')[0]}/{name}" + (f"?{options}" if options else "")
    limit = "-c statement_timeout=60s"
    with psycopg.connect(server, autocommit=True, connect_timeout=30, options=limit) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


# ---------------------------------------------------------------- order, and what was missing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick tests first, so that a broken thing shows early."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Iterator[None]:
    """Says last what could not be tested here, and the one command that enables it."""
    yield
    reasons = [
        report.longrepr[2].lower()
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    ]
    for word, command in _ENABLING.items():
        missed = sum(word in reason for reason in reasons)
        if missed:
            terminalreporter.write_line(
                f"NOT TESTED HERE ({word}): {missed} tests. To run them: {command}", yellow=True
            )
