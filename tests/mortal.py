"""Clearing in a process that may be killed, starved of disk, or measured.

A fork server has everything imported already, so that fifty lives cost seconds, not minutes.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_WARM = [
    "dbos",
    "polars",
    "psycopg",
    "vl_convert",
    "xgboost",
    "tradelane.cli.clear",
    "tradelane.journeys.batches",
    "tradelane.declarations.store",
    "tradelane.kit.schema",
    "tradelane.ledger.store",
    "tradelane.targeting.store",
]

LONGEST_SILENCE = 90.0
"""Seconds; a process that shows no sign of life for longer hangs."""

Started = tuple[multiprocessing.process.BaseProcess, Connection]


@contextmanager
def start(arguments: list[str], said: Path, **limits: int | str | None) -> Iterator[Started]:
    """A process that runs the command line; ends with the block.

    Its progress comes through the connection as (stage, done), and last ("memory", KiB).
    ``said`` gets what it says; for ``limits`` see `_live`.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_WARM)
    ours, its = context.Pipe(duplex=False)
    process = context.Process(target=_live, args=(arguments, said, its), kwargs=limits)
    process.start()
    its.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.join(LONGEST_SILENCE)
        ours.close()


def hear(ours: Connection) -> Any:
    """The next thing that the process sent. Errors: EOFError when it has ended, TimeoutError when
    it hangs."""
    if not ours.poll(LONGEST_SILENCE):
        raise TimeoutError(f"The process has shown no sign of life for {LONGEST_SILENCE} s.")
    return ours.recv()


def ended(process: multiprocessing.process.BaseProcess) -> int:
    """The exit code of a process that has nothing more to say. Errors: TimeoutError."""
    process.join(LONGEST_SILENCE)
    if process.exitcode is None:
        raise TimeoutError("The process has said its last and does not end.")
    return process.exitcode


def finish(arguments: list[str], said: Path, **limits: int | str | None) -> tuple[int, list[Any]]:
    """Run the command line to its end; returns the exit code and everything it sent."""
    sent: list[Any] = []
    with start(arguments, said, **limits) as (process, ours):
        with contextlib.suppress(EOFError):
            while True:
                sent.append(hear(ours))
        return ended(process), sent


def _live(
    arguments: list[str],
    said: Path,
    its: Connection,
    *,
    chunk: int | None = None,
    most_bytes: int | None = None,
    database_url: str | None = None,
    cores: int | None = 1,
    text_against_code: str = "",
) -> None:
    """chunk: file rows a transaction; most_bytes: no file may grow larger; cores: as the journey
    is to believe, where 2 make it judge in a second process; text_against_code: the setting."""
    from tradelane import cli
    from tradelane.cli import clear as clear_command
    from tradelane.journeys import clearance

    with said.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    if chunk is not None:
        clearance.CHUNK_ROWS = chunk
    os.cpu_count = lambda: cores  # type: ignore[assignment]
    clear_command.terminal_progress = lambda: (
        lambda stage, done, total=None: its.send((stage, done))
    )
    if database_url is not None:
        os.environ["TRADELANE_DATABASE_URL"] = database_url
    os.environ["TRADELANE_TEXT_AGAINST_CODE"] = text_against_code
    if most_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))
    sys.argv = ["tradelane", *arguments]
    try:
        cli.main()
    finally:
        used = [resource.getrusage(who).ru_maxrss for who in (0, resource.RUSAGE_CHILDREN)]
        its.send(("memory", sum(used)))
        sys.stdout.flush()
        sys.stderr.flush()
