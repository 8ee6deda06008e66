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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from tradelane.kit.errors import Problem, TradelaneError

_AHEAD = 2


class Stream:
    """What ``module`` makes of ``asked``, in order; the other process starts at once.

    Errors: what the other process raised if it is a TradelaneError, else TradelaneError
    ``process.died``. Closing it, or coming to its end, ends the process.
    """

    def __init__(self, module: str, asked: Any) -> None:
        source = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH", ""))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._ready: queue.Queue[Any] = queue.Queue(_AHEAD)
        self._stopped = threading.Event()
        self._reader = threading.Thread(
            target=_drain, args=(self._process.stdout, self._ready, self._stopped), daemon=True
        )
        with contextlib.suppress(BrokenPipeError), self._process.stdin as ask:
            pickle.dump(asked, ask)
        self._reader.start()

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Any:
        if self._stopped.is_set():
            raise StopIteration
        kind, value = self._ready.get()
        if kind == "value":
            return value
        if kind == "died":
            code = self._process.wait()
            self.close()
            raise TradelaneError(
                Problem(
                    "process.died",
                    f"A working process ended early (exit code {code}).",
                    hint="What was done is kept. Run the same command again; if it happens again, "
                    "the machine may be short of memory.",
                )
            )
        self.close()
        if kind == "error":
            raise value
        raise StopIteration

    def close(self) -> None:
        """End the other process, whatever it is doing."""
        self._stopped.set()
        self._process.kill()
        self._process.wait()
        self._reader.join(5)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __del__(self) -> None:
        if not self._stopped.is_set():
            self.close()


def _drain(pipe: IO[bytes], ready: queue.Queue[Any], stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            found = pickle.load(pipe)  # noqa: S301 - from the process that we started ourselves
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            found = ("died", None)
        if not _put(ready, found, stopped) or found[0] != "value":
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


def _put(ready: queue.Queue[Any], item: Any, stopped: threading.Event) -> bool:
    """Put an item in, waiting for room; False when nobody wants it any more."""
    while not stopped.is_set():
        try:
            ready.put(item, timeout=0.5)
        except queue.Full:
            continue
        return True
    return False
