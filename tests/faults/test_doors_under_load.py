"""A server that is killed under load, and two server processes on one database.

What a client was told is there: every acknowledged declaration is found after the restart, in the
state that was said, under a ledger that verifies, and nothing is there twice.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tradelane.accounts.model import Role, Scope
from tradelane.journeys.opening import Order
from tradelane.platform import Tradelane
from workspaces import Administration, read_csv

DECLARANT = "LOAD-1"
_HEADER = [
    "declaration_id",
    "date",
    "declarant",
    "importer",
    "importer_since",
    "seller",
    "carrier",
    "office",
    "departure",
    "transport_mode",
    "procedure",
]


class Server:
    """A server process over a workspace, on a port of its own."""

    def __init__(self, home: Path, environment: dict[str, str], workers: int = 1) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = home / f"server-{self.port}.log"
        command = [sys.executable, "-m", "tradelane", "serve", "--port", str(self.port)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--workers", str(workers)],
                env=environment | {"TRADELANE_HOME": str(home)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise

    def _wait(self) -> None:
        for _ in range(600):
            if self.process.poll() is not None:
                pytest.fail(self.log.read_text()[-2000:])
            with contextlib.suppress(OSError, http.client.HTTPException):
                address = f"http://127.0.0.1:{self.port}/health/ready"
                with urllib.request.urlopen(address, timeout=2):
                    return
            time.sleep(0.1)
        pytest.fail("the server did not come up: " + self.log.read_text()[-2000:])

    def kill(self) -> None:
        """End it and its workers as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _account(lane: Tradelane) -> str:
    def write(tx: object) -> str:
        organisation = lane.accounts.create_organisation(tx, "Load", "trader", [DECLARANT])
        user = lane.accounts.create_user(
            tx, "load", "Load", Role.TRADER, organisation_id=organisation.id
        )
        scopes = frozenset({Scope.DECLARATIONS_WRITE})
        return lane.accounts.issue_token(tx, user.id, "load", scopes, days=1)[1]

    return lane.database.write(write)


def _documents(administration: Administration, count: int) -> list[dict[str, object]]:
    rows = read_csv(administration.batch)
    found = []
    for number in range(count):
        row = rows[number % len(rows)]
        head = {name: row[name] for name in _HEADER if row.get(name)}
        line = {name: text for name, text in row.items() if name not in _HEADER and text}
        head |= {"declaration_id": f"L-{number:06}", "declarant": DECLARANT}
        found.append({**head, "lines": [line | {"line": "1"}]})
    return found


def _file(
    server: Server, token: str, documents: Iterator[dict[str, object]], told: dict[str, str]
) -> None:
    """File until the documents end or the server does; what was acknowledged is in ``told``."""
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    ) as connection:
        _file_through(connection, token, documents, told)


def _file_through(
    connection: http.client.HTTPConnection,
    token: str,
    documents: Iterator[dict[str, object]],
    told: dict[str, str],
) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for document in documents:
        name = str(document["declaration_id"])
        try:
            connection.request(
                "POST",
                "/api/v1/declarations",
                json.dumps(document),
                headers | {"Idempotency-Key": f"key-{name}"},
            )
            answer = connection.getresponse()
            body = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return
        assert answer.status in (200, 201), body
        told[name] = body["state"]


def _drive(
    server: Server, token: str, documents: list[dict[str, object]], clients: int, seconds: float
) -> dict[str, str]:
    """Several clients file at once; after ``seconds`` the server is killed."""
    told: dict[str, str] = {}
    threads = [
        threading.Thread(target=_file, args=(server, token, iter(documents[n::clients]), told))
        for n in range(clients)
    ]
    for thread in threads:
        thread.start()
    if seconds:
        time.sleep(seconds)
        server.kill()
    for thread in threads:
        thread.join(90)
    return told


def _check(lane: Tradelane, told: dict[str, str]) -> None:
    with lane.database.read() as tx:
        keys = [(DECLARANT, name) for name in told]
        known = lane.declarations.known(tx, keys)
        assert {key[1]: str(found.status) for key, found in known.items()} == told
        assert lane.ledger.verify(tx).ok


Serve = Callable[..., Server]


@pytest.fixture
def serve(cli_environment: dict[str, str]) -> Iterator[Serve]:
    """Starts servers: ``serve(home, workers=2, TRADELANE_...=...)``; none outlives the test."""
    started: list[Server] = []

    def start(home: Path, workers: int = 1, **more: str) -> Server:
        limits = {"TRADELANE_REQUESTS_A_MINUTE": "10000000"}
        started.append(Server(home, cli_environment | limits | more, workers))
        return started[-1]

    yield start
    for server in started:
        server.kill()


def _order(lane: Tradelane) -> None:
    model = lane.targeting.load_latest().ref.digest
    lane.open_intake(Order("demo", model, by="test", reason="Under load."))


@pytest.mark.slow
def test_every_acknowledged_declaration_survives_kill_9_and_sending_all_again_doubles_none(
    new_home: Path,
    administration: Administration,
    serve: Serve,
    opened: Callable[..., Tradelane],
) -> None:
    lane = opened(new_home)
    token = _account(lane)
    _order(lane)
    documents = _documents(administration, 1200)
    told: dict[str, str] = {}
    for life in range(3):
        server = serve(new_home)
        told |= _drive(server, token, documents[life * 400 : life * 400 + 400], 6, 0.7)
        assert told, "nothing was acknowledged before the kill"
        _check(lane, told)
    server = serve(new_home)
    again = _drive(server, token, documents[:500], 6, 0)
    server.kill()
    assert set(again) == {str(document["declaration_id"]) for document in documents[:500]}
    assert all(again.get(name, state) == state for name, state in told.items())
    _check(lane, told | again)
    with lane.database.read() as tx:
        assert all(
            len(lane.ledger.find(tx, f"{DECLARANT}/{name}", "declaration.received")) == 1
            for name in list(again)[::10]
        )


@pytest.mark.slow
@pytest.mark.postgres
def test_two_server_processes_share_one_postgresql_database(
    new_home: Path,
    administration: Administration,
    serve: Serve,
    postgres_url: str,
    opened: Callable[..., Tradelane],
) -> None:
    lane = opened(new_home, database_url=postgres_url)
    _share(lane, administration, partial(serve, TRADELANE_DATABASE_URL=postgres_url))
    lane.database.close()


@pytest.mark.slow
def test_two_server_processes_share_one_sqlite_file(
    new_home: Path,
    administration: Administration,
    serve: Serve,
    opened: Callable[..., Tradelane],
) -> None:
    _share(opened(new_home), administration, serve)


def _share(lane: Tradelane, administration: Administration, serve: Serve) -> None:
    token = _account(lane)
    _order(lane)
    server = serve(lane.home, workers=2)
    documents = _documents(administration, 400)
    # Every declaration is sent twice, by clients that may well reach different processes.
    told = _drive(server, token, documents + documents, 8, 0)
    workers = _workers(server)
    killed = threading.Thread(target=lambda: (time.sleep(0.5), server.kill()))
    killed.start()
    more = _documents(administration, 900)[400:]
    told |= _drive(server, token, more, 8, 0)
    killed.join()
    assert workers >= 2
    _check(lane, told)
    assert len(told) >= 400
    with lane.database.read() as tx:
        found = [
            lane.ledger.find(tx, f"{DECLARANT}/{name}", "declaration.received") for name in told
        ]
    assert {len(entries) for entries in found} == {1}


def _workers(server: Server) -> int:
    """Processes of the server's group that have the model in memory."""
    count = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            count += int(fields[2]) == server.process.pid and int(fields[21]) * 4096 > 100_000_000
    return count
