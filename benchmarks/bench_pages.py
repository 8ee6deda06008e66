"""Pages over a full database: the officer's queue with a million declarations, and page weights.

    python benchmarks/bench_pages.py [--declarations 1000000] [--cases 100000] [--requests 200]

A real server process over a copy of the demonstration workspace, filled with copies of its
declarations under references of their own; every tenth (by default) has a case, most of them
decided. The pages are asked for one after another by a signed-in officer, through HTTP.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import itertools
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
from bench_http import DEMO, _free_port, _wait

from tradelane.declarations.model import State, arrival_of
from tradelane.inspections.model import NewCase
from tradelane.journeys.demonstration import PASSWORD
from tradelane.journeys.intake import INTAKE
from tradelane.platform import Tradelane

ASKED_P95_MS = 150
ASKED_PAGE_BYTES = 60_000
LINE_BYTES_A_SECOND = 400_000 / 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--declarations", type=int, default=1_000_000)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--home", type=Path, default=DEMO / "home", help="a prepared workspace")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(given.home, home)
        seconds = _fill(home, given.declarations, given.cases)
        print(f"filled in {seconds:.0f} s; {(home / 'tradelane.db').stat().st_size / 1e9:.1f} GB")
        port = _free_port()
        environment = os.environ | {"TRADELANE_HOME": str(home)}
        with (Path(folder) / "log").open("w") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "tradelane", "serve", "--port", str(port)],
                env=environment,
                stderr=log,
                start_new_session=True,
            )
            try:
                _wait(port, server, Path(folder) / "log")
                failed = _ask(f"http://127.0.0.1:{port}", given.requests)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(server.pid, signal.SIGKILL)
                server.wait()
    if failed:
        raise SystemExit("Over what was asked: " + ", ".join(failed))


def _fill(home: Path, count: int, cases: int) -> float:
    lane = Tradelane(home)
    started = time.perf_counter()
    with lane.database.read() as tx:
        pool = [kept.declaration for kept in lane.declarations.latest(tx, 1000)]
        [batch] = lane.declarations.open_batches(tx, INTAKE)
    numbers = iter(range(count))
    every = max(count // cases, 1)
    while part := list(itertools.islice(numbers, 5000)):
        arrivals = [
            (
                arrival_of(replace(pool[n % len(pool)], reference=f"FULL-{n:08}")),
                State.SELECTED if n % every == 0 else State.RELEASED,
            )
            for n in part
        ]
        new = [_case(pool[n % len(pool)], n) for n in part if n % every == 0]

        def write(tx, arrivals=arrivals, new=new):
            lane.declarations.receive_routed(tx, batch, arrivals, len(arrivals))
            lane.inspections.open_many(tx, new)

        lane.database.write(write)
    lane.database.close()
    return time.perf_counter() - started


def _case(declaration, number: int) -> NewCase:
    chance = (number * 2_654_435_761 % 2**32) / 2**32
    return NewCase(
        declarant=declaration.declarant,
        reference=f"FULL-{number:08}",
        version=1,
        lane="red",
        selected_by="model",
        score=chance,
        probability=chance,
        expected_revenue=chance * 1000,
        currency="XMD",
        office=declaration.office,
        importer=declaration.importer,
        hs_code=declaration.lines[0].hs_code,
        reason="declared 3.10 XMD/kg; the middle half of 412 lines is 9.80-14.20 XMD/kg",
        lines=len(declaration.lines),
        received_at="2026-10-31T08:00:00.000000Z",
    )


def _ask(origin: str, requests: int) -> list[str]:
    failed = []
    with httpx.Client(base_url=origin, timeout=60) as anyone:
        print(_first_page(anyone))
    for login, paths in {
        "officer2": ["/queue", "/queue?office=PMSEA", "/queue?hs=85", "/queue?lane=red"],
        "trader": ["/declarations", "/declarations/new", "/messages"],
        "supervisor": ["/overview", "/selection"],
        "auditor": ["/audit"],
    }.items():
        with httpx.Client(base_url=origin, timeout=60) as client:
            _sign_in(client, login)
            for path in paths:
                times, size = [], 0
                for _ in range(requests if path.startswith("/queue") else 20):
                    started = time.perf_counter()
                    answer = client.get(path, follow_redirects=True)
                    times.append((time.perf_counter() - started) * 1000)
                    assert answer.status_code == 200, (path, answer.status_code)
                    size = len(answer.content)
                weight = size + _assets(client, answer.text)
                p50, p95 = np.percentile(times, [50, 95])
                print(
                    f"{path}: p50 {p50:.1f} ms, p95 {p95:.1f} ms; page {size:,} bytes, "
                    f"with styles and scripts {weight:,}"
                )
                if path == "/queue" and p95 > ASKED_P95_MS:
                    failed.append(f"{path} {p95:.0f} ms")
                if weight > ASKED_PAGE_BYTES:
                    failed.append(f"{path} {weight:,} bytes")
    print(f"{platform.python_version()}, {os.cpu_count()} cores, {requests} requests of the queue")
    return failed


def _assets(client: httpx.Client, page: str) -> int:
    found = set(re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js|svg)[^"]*)"', page))
    return sum(len(client.get(path).content) for path in found)


def _first_page(client: httpx.Client) -> str:
    """Bytes on the line for somebody who comes for the first time, compressed as a browser asks,
    and how long a line of 400 kbit/s takes for them (latency and TLS not counted)."""
    page = client.get("/", headers={"accept-encoding": "gzip"})
    paths = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
    blocking = {path for path in paths if ".css" in path}
    sent = {path: len(gzip.compress(client.get(path).content, 9)) for path in {"/", *paths}}
    needed = sent["/"] + sum(sent[path] for path in blocking)
    return (
        f"first page: {needed:,} bytes until it can be read and used "
        f"({needed / LINE_BYTES_A_SECOND:.2f} s at 400 kbit/s), {sum(sent.values()):,} in all"
    )


def _sign_in(client: httpx.Client, login: str) -> None:
    page = client.get("/sign-in").text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf is not None
    form = {"csrf": csrf[1], "login": login, "password": PASSWORD}
    answer = client.post("/sign-in", data=form)
    assert answer.status_code == 303, answer.text


if __name__ == "__main__":
    main()
