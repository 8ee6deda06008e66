"""A server in a process of its own, which a test may kill."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx


def serve(home: Path, port: int, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start ``tradelane serve`` and wait until it answers."""
    command = [sys.executable, "-m", "tradelane", "serve", "--port", str(port)]
    log = (home.parent / f"server-{port}.log").open("ab")
    process = subprocess.Popen(
        command,
        env=environment | {"TRADELANE_HOME": str(home)},
        stdout=log,
        stderr=log,
    )
    log.close()
    for _ in range(600):
        try:
            httpx.get(f"http://127.0.0.1:{port}/api/v1/ledger/key")
            return process
        except httpx.TransportError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    process.kill()
    process.wait()
    raise AssertionError((home.parent / f"server-{port}.log").read_text()[-3000:])


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a server to end, and see that it does."""
    process.send_signal(signal.SIGTERM)
    try:
        assert process.wait(30) in (0, -signal.SIGTERM)
    finally:
        process.kill()
