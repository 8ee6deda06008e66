"""The door for our own second process: ``python -m tradelane.cli.worker``, spoken to by a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tradelane.journeys.judging import Asked, assess_file
from tradelane.journeys.learning import Lesson, learn
from tradelane.journeys.writing import SecondHalf, write_second_half
from tradelane.kit.collector import resting
from tradelane.kit.offload import serve
from tradelane.platform import Tradelane


def _make(asked: Asked | SecondHalf | Lesson) -> Iterator[Any]:
    if isinstance(asked, Asked):
        return assess_file(Tradelane(asked.home), asked)
    if isinstance(asked, Lesson):
        return learn(Tradelane(asked.home, database_url=asked.database_url), asked)
    return write_second_half(Tradelane(asked.home, database_url=asked.database_url), asked)


if __name__ == "__main__":
    with resting():
        serve(_make)
