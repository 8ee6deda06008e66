"""How many threads trees are grown with: decided by the data, so that it never changes an answer.

Sums inside xgboost depend on the number of threads, so that number must not follow the machine.
Threads wait for each other by spinning, which on a shared machine costs far more than they save
on a small table (measured 10 times slower with 2 threads on 1,500 rows beside other work).
"""

from __future__ import annotations

SMALL = 100_000


def threads_for(rows: int) -> int:
    """One thread for a small table, two for others.

    >>> threads_for(1_000), threads_for(200_000)
    (1, 2)
    """
    return 1 if rows < SMALL else 2
