"""A server is killed while it files a job; the next one files the rest, and nothing twice."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from api_programs import AT, a_declaration, token
from servers import serve, stop
from tradelane.platform import Tradelane

COUNT = 400


@pytest.mark.slow
def test_a_job_survives_kill_9_and_files_nothing_twice(
    administration_home: Path, tmp_path: Path, cli_environment: dict[str, str]
) -> None:
    home = Path(shutil.copytree(administration_home, tmp_path / "home"))
    lane = Tradelane(home)
    lane.database_url = None
    secret = token(lane, "trader")
    house: Any = SimpleNamespace(lane=lane)
    first = a_declaration(house, "0")
    body = "".join(
        json.dumps({**first, "declaration_id": f"KILL-{n}"}) + "\n" for n in range(COUNT)
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        headers={"authorization": f"Bearer {secret}"},
        timeout=30,
    )
    process = serve(home, port, cli_environment)
    until = time.monotonic() + 120
    headers = {"content-type": "application/x-ndjson"}
    job = client.post(f"{AT}/bulk", content=body, headers=headers).json()["id"]
    for wanted in (1, COUNT // 2):
        while client.get(f"/api/v1/jobs/{job}").json()["rows_read"] < wanted:
            assert time.monotonic() < until, "the job does not go on"
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process = serve(home, port, cli_environment)
    try:
        while (found := client.get(f"/api/v1/jobs/{job}").json())["state"] != "done":
            assert time.monotonic() < until, found
            time.sleep(0.1)
        # Each result was kept with its declaration, so none of them was even tried twice.
        assert (found["accepted"], found["repeated"], found["refused"]) == (COUNT, 0, 0)
        results = client.get(found["results"]).text.splitlines()
        assert [json.loads(one)["line"] for one in results] == list(range(1, COUNT + 1))
    finally:
        client.close()
        stop(process)
    with lane.database.read() as tx:
        received = Counter(
            subject
            for _, subject, _ in lane.ledger.tail(
                tx, 0, lane.ledger.size(tx), {"declaration.received"}
            )
            if "KILL-" in subject
        )
        assert lane.ledger.verify(tx).ok
    assert len(received) == COUNT
    assert set(received.values()) == {1}
    assert not list((home / "bulk").glob("*.part"))
    lane.database.close()
