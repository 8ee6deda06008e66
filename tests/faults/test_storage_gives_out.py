"""A full disk, a lock that nobody lets go, a database that goes away: said in words, and the same
command ends well once it is mended."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mortal
from tradelane.kit.database import Database, StorageUnavailable
from tradelane.platform import Tradelane
from workspaces import SEED, Administration, Cleared, write_csv

Opened = Callable[..., Tradelane]
CHUNK = 40
_SERVERS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradelane.journeys.clearance.CHUNK_ROWS", CHUNK)
    monkeypatch.setattr("os.cpu_count", lambda: 1)


def arguments(cleared: Cleared, home: Path) -> list[str]:
    batch, history = cleared.administration.batch, cleared.administration.history
    settings = ["--seed", str(SEED), "--out", str(home)]
    return ["clear", str(batch), "--history", str(history), *settings]


def check(lane: Tradelane, rows: int) -> None:
    """That the ledger is sound and every line was decided once."""
    with lane.database.read() as tx:
        assert lane.ledger.verify(tx).ok
        counted = Counter((s.entry.kind, s.entry.subject) for s in lane.ledger.entries(tx))
    assert set(counted.values()) == {1}
    kinds = Counter(kind for kind, _ in counted)
    assert kinds["duty.assessed"] == kinds["risk.scored"] == kinds["lane.routed"] == rows


@pytest.mark.slow
@pytest.mark.parametrize("most_bytes", [8_000, 60_000, 150_000, 500_000, 1_500_000])
def test_a_full_disk_is_said_and_with_room_the_same_command_ends_well(
    most_bytes: int, cleared: Cleared, new_home: Path, opened: Opened, tmp_path: Path
) -> None:
    said = tmp_path / "said"
    code, _ = mortal.finish(arguments(cleared, new_home), said, chunk=CHUNK, most_bytes=most_bytes)
    text = said.read_text()
    assert (code, "Traceback" in text) == (1, False), text
    assert "database.unavailable" in text or "system.file" in text
    assert not (new_home / "decisions.csv").exists() or not (new_home / "report.html").exists()
    code, _ = mortal.finish(arguments(cleared, new_home), said, chunk=CHUNK)
    assert code == 0, said.read_text()
    check(opened(new_home), cleared.administration.rows)
    decisions = [home / "decisions.csv" for home in (new_home, cleared.home)]
    assert decisions[0].read_bytes() == decisions[1].read_bytes()


@pytest.mark.usefixtures("small_chunks")
def test_a_lock_that_stays_is_said_and_without_it_the_same_command_ends_well(
    cleared: Cleared, new_home: Path, opened: Opened
) -> None:
    lane = opened(new_home)
    lane.database.close()
    path = new_home / "tradelane.db"
    lane.database = Database(f"sqlite:///{path}", busy_seconds=0.2)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def lock(stage: str, done: int, total: int | None = None) -> None:
        if done == 3 * CHUNK and not other.in_transaction:
            other.execute("BEGIN IMMEDIATE")

    batch, history = cleared.administration.batch, cleared.administration.history
    with pytest.raises(StorageUnavailable, match="locked") as caught:
        lane.clear(batch, history=history, seed=SEED, progress=lock)
    assert caught.value.problems[0].code == "database.unavailable"
    assert "run it again" in caught.value.problems[0].hint
    other.close()
    lane.clear(batch, history=history, seed=SEED)
    check(lane, cleared.administration.rows)


@pytest.mark.usefixtures("small_chunks")
def test_whatever_a_step_fails_on_is_raised_as_it_was_and_can_be_mended(
    cleared: Cleared, new_home: Path, opened: Opened
) -> None:
    lane = opened(new_home)
    batch, history = cleared.administration.batch, cleared.administration.history

    def stumble(stage: str, done: int, total: int | None = None) -> None:
        raise RuntimeError("the progress bar fell over")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="fell over"):
            lane.clear(batch, history=history, seed=SEED, progress=stumble)
    lane.clear(batch, history=history, seed=SEED)
    check(lane, cleared.administration.rows)


# ---------------------------------------------------------------- PostgreSQL


class Dying:
    """The selections of a workspace whose server ends every connection on the second write."""

    def __init__(self, store: Any, server: str) -> None:
        self._store = store
        self._server = server
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def add_scores(self, tx: Any, *rest: Any) -> None:
        self.writes += 1
        if self.writes == 2:
            end_connections(self._server)
        self._store.add_scores(tx, *rest)


def end_connections(server: str) -> None:
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.usefixtures("small_chunks")
def test_a_batch_is_cleared_verified_and_replayed_on_postgresql(
    cleared: Cleared, new_home: Path, opened: Opened, postgres_url: str
) -> None:
    lane = opened(new_home, database_url=postgres_url)
    batch, history = cleared.administration.batch, cleared.administration.history
    result = lane.clear(batch, history=history, seed=SEED)
    check(lane, cleared.administration.rows)
    assert result.decisions_csv.read_bytes() == (cleared.home / "decisions.csv").read_bytes()
    assert lane.replay(sample=10).ok
    assert list(new_home.glob("*.db")) == []


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.usefixtures("small_chunks")
def test_a_server_that_ends_our_connections_loses_nothing(
    cleared: Cleared, new_home: Path, opened: Opened, postgres_url: str
) -> None:
    lane = opened(new_home, database_url=postgres_url)
    dying = Dying(lane.selections, postgres_url)
    lane.selections = dying  # type: ignore[assignment]
    batch, history = cleared.administration.batch, cleared.administration.history
    with pytest.raises(StorageUnavailable) as caught:
        lane.clear(batch, history=history, seed=SEED)
    assert caught.value.problems[0].code == "database.unavailable"
    assert dying.writes == 2
    result = lane.clear(batch, history=history, seed=SEED)
    check(lane, cleared.administration.rows)
    assert result.decisions_csv.read_bytes() == (cleared.home / "decisions.csv").read_bytes()


class Line:
    """A way to the server that can be cut: what it carries is gone, and nobody answers any more."""

    def __init__(self, host: str, port: int) -> None:
        self._far = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._ends: list[socket.socket] = []
        self._start(self._accept)

    def _start(self, run: Callable[..., None], *rest: socket.socket) -> None:
        threading.Thread(target=run, args=rest, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                far = socket.create_connection(self._far)
                self._ends += [near, far]
                self._start(self._carry, near, far)
                self._start(self._carry, far, near)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        for end in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.usefixtures("small_chunks")
def test_a_server_that_is_gone_for_good_is_said_and_back_again_loses_nothing(
    cleared: Cleared, new_home: Path, opened: Opened, postgres_url: str
) -> None:
    import sqlalchemy as sa

    url = sa.make_url(postgres_url)
    line = Line(url.host or "127.0.0.1", url.port or 5432)
    through = url.set(host="127.0.0.1", port=line.port).render_as_string(hide_password=False)
    batch, history = cleared.administration.batch, cleared.administration.history

    def cut(stage: str, done: int, total: int | None = None) -> None:
        if done == 3 * CHUNK:
            line.cut()

    lane = opened(new_home, database_url=through)
    with pytest.raises(StorageUnavailable) as caught:
        lane.clear(batch, history=history, seed=SEED, progress=cut)
    assert caught.value.problems[0].code == "database.unavailable"
    back = opened(new_home, database_url=postgres_url)
    back.clear(batch, history=history, seed=SEED)
    check(back, cleared.administration.rows)


def both(
    administration: Administration, home: Path, files: list[Path], database_url: str | None = None
) -> None:
    """Clear two files at once into one workspace; both must end well."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        running = []
        for number, file in enumerate(files):
            folder = home.parent
            said = folder / f"said-{number}"
            words = ["clear", str(file), "--history", str(administration.history)]
            words += ["--seed", "1", "--out", str(folder / f"out-{number}"), "--home", str(home)]
            process, ours = stack.enter_context(
                mortal.start(words, said, chunk=15, database_url=database_url)
            )
            running.append((process, ours, said))
        for process, ours, said in running:
            with contextlib.suppress(EOFError):
                while True:
                    mortal.hear(ours)
            assert mortal.ended(process) == 0, said.read_text()


@pytest.fixture
def two_files(administration: Administration, tmp_path: Path) -> list[Path]:
    return [
        write_csv(
            tmp_path / f"{name}.csv",
            [administration.row(declaration_id=f"{name}-{n}") for n in range(90)],
        )
        for name in ("A", "B")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("server", _SERVERS)
def test_two_processes_clear_two_files_into_one_database_at_once(
    server: str,
    administration: Administration,
    new_home: Path,
    two_files: list[Path],
    opened: Opened,
    request: pytest.FixtureRequest,
) -> None:
    url = request.getfixturevalue("postgres_url") if server == "postgresql" else None
    both(administration, new_home, two_files, url)
    check(opened(new_home, database_url=url), 180)


@pytest.mark.slow
@pytest.mark.parametrize("server", _SERVERS)
def test_two_processes_that_clear_the_same_file_at_once_decide_it_once(
    server: str,
    administration: Administration,
    new_home: Path,
    two_files: list[Path],
    opened: Opened,
    request: pytest.FixtureRequest,
) -> None:
    url = request.getfixturevalue("postgres_url") if server == "postgresql" else None
    both(administration, new_home, [two_files[0]] * 2, url)
    check(opened(new_home, database_url=url), 90)
    outs = [(new_home.parent / f"out-{n}" / "decisions.csv").read_bytes() for n in (0, 1)]
    assert outs[0] == outs[1]
