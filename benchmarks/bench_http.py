"""One declaration by HTTP, all steps durable: latency at a steady rate, and what can be sustained.

    python benchmarks/bench_http.py [--rate 60] [--seconds 60] [--postgres URL] [--workers 1]

A real server process on a real port, over a demonstration workspace; this process is the client.
The load is open: requests leave at their appointed time whether or not earlier ones were answered,
and a latency counts from the appointed time, so a stall is not hidden by a waiting client. After
the run the server is stopped with SIGKILL and every acknowledged declaration is looked up in the
database, with its released or selected state and its ledger entries.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np

from tradelane.accounts.model import Scope
from tradelane.platform import Tradelane

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent / "demo"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=60, help="requests a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm", type=float, default=5, help="seconds before counting")
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--postgres", help="an empty PostgreSQL database")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--home", type=Path, default=DEMO / "home", help="a prepared workspace")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(given.home, home)
        lane = _workspace(home, given.postgres)
        token, declarants = _token(lane)
        lane.database.close()
        port = _free_port()
        environment = os.environ | {"TRADELANE_HOME": str(home), "TRADELANE_LOG_FORMAT": "json"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        if given.postgres:
            environment["TRADELANE_DATABASE_URL"] = given.postgres
        with (Path(folder) / "log").open("w") as log:
            command = [sys.executable, "-m", "tradelane", "serve", "--port", str(port)]
            server = subprocess.Popen(
                [*command, "--workers", str(given.workers)],
                env=environment,
                stderr=log,
                start_new_session=True,
            )
            try:
                _wait(port, server, Path(folder) / "log")
                requests = _requests(
                    token, declarants[0], port, int(given.rate * (given.seconds + given.warm))
                )
                load = asyncio.run(_drive(port, requests, given))
                cpu = _cpu_seconds(server.pid)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(server.pid, signal.SIGKILL)
                server.wait()
        _report(given, load, cpu, _missing(home, given.postgres, declarants[0], load.acknowledged))


class Load:
    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.statuses: dict[int, int] = {}
        self.acknowledged: list[str] = []
        self.elapsed = 0.0
        self.counted = 0


def _workspace(home: Path, postgres: str | None) -> Tradelane:
    if not postgres:
        return Tradelane(home)
    from tradelane.journeys.demonstration import TERRITORY
    from tradelane.journeys.opening import Order, open_intake

    lane = Tradelane(home, database_url=postgres)
    model = lane.targeting.load_latest().ref.digest
    open_intake(lane, Order(TERRITORY, model, by="benchmark"))
    return lane


def _token(lane: Tradelane) -> tuple[str, list[str]]:
    from tradelane.accounts.model import Role

    def write(tx):
        name = f"bench{time.time_ns()}"
        organisation = lane.accounts.create_organisation(tx, name, "trader", [f"B{time.time_ns()}"])
        user = lane.accounts.create_user(
            tx, name, "Bench", Role.TRADER, organisation_id=organisation.id
        )
        scopes = frozenset({Scope.DECLARATIONS_WRITE})
        _, secret = lane.accounts.issue_token(tx, user.id, "bench", scopes, days=1)
        return secret, list(organisation.declarants)

    return lane.database.write(write)


def _requests(token: str, declarant: str, port: int, count: int) -> list[tuple[str, bytes]]:
    """Declarations as the demonstration's week has them, each under a reference of its own."""
    import csv

    with (DEMO / "data" / "week.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    documents: dict[str, dict] = {}
    for row in rows:
        head = {k: v for k, v in row.items() if k in _HEADER and v}
        line = {k: v for k, v in row.items() if k not in _HEADER and v}
        documents.setdefault(row["declaration_id"], {**head, "lines": []})["lines"].append(line)
    pool = list(documents.values())
    found = []
    for number in range(count):
        reference = f"BENCH-{number:08}"
        document = {**pool[number % len(pool)], "declaration_id": reference, "declarant": declarant}
        body = json.dumps(document).encode()
        head = (
            f"POST /api/v1/declarations HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
            f"authorization: Bearer {token}\r\ncontent-type: application/json\r\n"
            f"idempotency-key: {reference}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        found.append((reference, head.encode() + body))
    return found


_HEADER = {
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
}


async def _drive(port: int, requests: list[tuple[str, bytes]], given) -> Load:
    load = Load()
    idle: asyncio.Queue = asyncio.Queue()
    for _ in range(given.connections):
        idle.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    start = time.perf_counter() + 0.2
    counted_from = start + given.warm
    running = set()
    for number, (reference, data) in enumerate(requests):
        due = start + number / given.rate
        pause = due - time.perf_counter()
        if pause > 0:
            await asyncio.sleep(pause)
        task = asyncio.create_task(_one(idle, port, data, reference, due, counted_from, load))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    load.elapsed = time.perf_counter() - counted_from
    return load


async def _one(idle, port, data, reference, due, counted_from, load: Load) -> None:
    reader, writer = await idle.get()
    try:
        writer.write(data)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
    except (OSError, asyncio.IncompleteReadError):
        status = 0
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    idle.put_nowait((reader, writer))
    if status in (200, 201):
        load.acknowledged.append(reference)
    load.statuses[status] = load.statuses.get(status, 0) + 1
    if due >= counted_from:
        load.latencies.append(time.perf_counter() - due)
        load.counted += status == 201


def _missing(home: Path, postgres: str | None, declarant: str, acknowledged: list[str]) -> int:
    """Acknowledged declarations that are not in the database in a final state of clearance."""
    lane = Tradelane(home, database_url=postgres)
    with lane.database.read() as tx:
        known = lane.declarations.known(tx, [(declarant, name) for name in acknowledged])
        sound = lane.ledger.verify(tx).ok
    lane.database.close()
    states = {k[1] for k, v in known.items() if str(v.status) in ("released", "selected")}
    if not sound:
        print("THE LEDGER IS NOT SOUND")
    return len(set(acknowledged) - states)


def _report(given, load: Load, cpu: float, missing: int) -> None:
    milliseconds = np.array(load.latencies) * 1000
    quantiles = np.percentile(milliseconds, [50, 90, 99, 99.9])
    where = "PostgreSQL" if given.postgres else "SQLite"
    print(
        f"{where}, {given.workers} worker(s), {platform.python_version()}, {os.cpu_count()} cores: "
        f"{given.rate:g}/s for {given.seconds:g} s\n"
        f"  answered {load.counted / load.elapsed:,.1f}/s; statuses {load.statuses}\n"
        f"  latency p50 {quantiles[0]:.1f} ms, p90 {quantiles[1]:.1f}, p99 {quantiles[2]:.1f}, "
        f"p99.9 {quantiles[3]:.1f}, max {milliseconds.max():.1f}\n"
        f"  server CPU {cpu:.1f} s; acknowledged {len(load.acknowledged):,}, missing after "
        f"SIGKILL {missing}"
    )


def _cpu_seconds(group: int) -> float:
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(port: int, server: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/static/mark.svg", timeout=1)
            return
        if server.poll() is not None:
            raise SystemExit("The server ended: " + log.read_text()[-2000:])
        if _answers(port):
            return
        time.sleep(0.1)
    raise SystemExit("The server did not come up.")


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
