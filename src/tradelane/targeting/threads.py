"""Two cores for trees, without ever changing an answer.

Sums inside xgboost depend on the number of threads, so that number must not follow the machine.
Threads of one training wait for each other by spinning, which on a shared machine costs far more
than they save (measured 10 times slower with 2 threads on 1,500 rows beside other work). So every
training has one thread, and trainings that do not need each other run side by side: they wait for
nobody, and each gives the bits that it would have given alone.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

First = TypeVar("First")
Second = TypeVar("Second")

SMALL = 100_000


def threads_for(rows: int) -> int:
    """How many threads walk through trees: one for a small table, two for others.

    >>> threads_for(1_000), threads_for(200_000)
    (1, 2)
    """
    return 1 if rows < SMALL else 2


def side_by_side(first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
    """The answers of two functions that do not need each other; the second runs in a thread.

    >>> side_by_side(lambda: 1, lambda: "one")
    (1, 'one')
    """
    with ThreadPoolExecutor(1) as other:
        waited_for = other.submit(second)
        return first(), waited_for.result()
