"""The door for our own second process: ``python -m tradelane.cli.worker``, spoken to by a pipe."""

from __future__ import annotations

from collections.abc import Iterator

from tradelane.journeys.judging import Asked, Chunk, assess_file
from tradelane.kit.offload import serve
from tradelane.platform import Tradelane


def _make(asked: Asked) -> Iterator[Chunk]:
    return assess_file(Tradelane(asked.home), asked)


if __name__ == "__main__":
    serve(_make)
