"""A stream of values made in another Python process, so that two cores work on one job.

The other process is ``python -m MODULE``, which calls `serve`; what it was asked comes in on its
standard input, what it makes goes out on its standard output, both pickled between our own two
processes. It works a little ahead and no further. When either side dies, the other ends.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import IO, Any

from tradelane.kit.errors import Problem, TradelaneError

_AHEAD = 2


def stream(module: str, asked: Any) -> Generator[Any, None, None]:
    """What ``module`` makes of ``asked``, in order.

    Errors: what the other process raised if it is a TradelaneError, else TradelaneError
    ``process.died`` with the end of what it said. Closing the generator ends the process.
    """
    source = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH", ""))))
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    ready: queue.Queue[Any] = queue.Queue(_AHEAD)
    stopped = threading.Event()
    reader = threading.Thread(target=_drain, args=(process.stdout, ready, stopped), daemon=True)
    try:
        with contextlib.suppress(BrokenPipeError), process.stdin as ask:
            pickle.dump(asked, ask)
        reader.start()
        while True:
            kind, value = ready.get()
            if kind == "value":
                yield value
            elif kind == "error":
                raise value
            elif kind == "end":
                return
            else:
                raise TradelaneError(
                    Problem(
                        "process.died",
                        f"A working process ended early (exit code {process.wait()}).",
                        hint="What was done is kept. Run the same command again; if it happens "
                        "again, the machine may be short of memory.",
                    )
                )
    finally:
        stopped.set()
        process.kill()
        process.wait()
        with contextlib.suppress(queue.Empty):
            ready.get_nowait()
        if reader.ident is not None:
            reader.join(5)
        process.stdout.close()


def _drain(pipe: IO[bytes], ready: queue.Queue[Any], stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            found = pickle.load(pipe)  # noqa: S301 - from the process that we started ourselves
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            found = ("died", None)
        while not stopped.is_set():
            try:
                ready.put(found, timeout=0.5)
                break
            except queue.Full:
                continue
        if found[0] != "value":
            return


def serve(make: Callable[[Any], Iterator[Any]]) -> None:
    """The other process's side: make what standard input asks for, onto standard output."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not break the stream
    asked = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started us
    try:
        try:
            for value in make(asked):
                pickle.dump(("value", value), out, protocol=pickle.HIGHEST_PROTOCOL)
                out.flush()
            last: tuple[str, Any] = ("end", None)
        except TradelaneError as error:
            last = ("error", error)
        pickle.dump(last, out)
        out.flush()
    except BrokenPipeError:
        os._exit(1)  # nobody is listening any more
