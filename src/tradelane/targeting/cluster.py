"""A day on Dask workers: the parts of `day`, scored by several processes or machines, in order.

Needs the extra ``cluster``. Without an address, workers are started on this machine and end with
the work. Only a few parts are under way at a time, so neither this process nor the workers ever
hold a day.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from tradelane.kit.errors import InputRefused, Problem
from tradelane.targeting.day import Job, Part, Scored, score_part

if TYPE_CHECKING:
    from distributed import Client

_AHEAD = 2
"""Parts under way for each worker: one that is scored and one that is next."""
PATIENCE_SECONDS = 20
_ENVIRONMENT = {"POLARS_MAX_THREADS": "1", "DASK_LOGGING__DISTRIBUTED": "critical"}
"""Of a worker that is one of several here: it takes one core, and what fails is told once, by us.
"""


def score_on(
    address: str | None, job: Job, parts: Iterable[Part], *, workers: int = 2
) -> Iterator[Scored]:
    """Every part, scored by the workers of the scheduler at ``address`` (``tcp://host:8786``), or
    by ``workers`` processes of this machine where it is None; in the order of ``parts``.

    Errors: InputRefused ``targeting.no_dask``, ``targeting.no_cluster``,
    ``targeting.worker_lost``, and what `day.score_part` raises.
    """
    try:
        from distributed import KilledWorker
    except ImportError:
        raise InputRefused(
            Problem(
                "targeting.no_dask",
                "Dask is not installed, so there are no workers.",
                hint="Install it with `pip install 'tradelane[cluster]'`, or give --workers 0.",
            )
        ) from None
    with ExitStack() as stack:
        there = address or stack.enter_context(workers_here(workers))
        client = _client(stack, there)
        todo = iter(parts)
        under_way = deque(
            client.submit(score_part, job, part, pure=False)
            for part in islice(todo, _AHEAD * len(client.nthreads()))
        )
        while under_way:
            try:
                scored: Scored = under_way.popleft().result()
            except KilledWorker:
                raise _lost() from None
            under_way.extend(
                client.submit(score_part, job, part, pure=False) for part in islice(todo, 1)
            )
            yield scored


@contextmanager
def workers_here(workers: int) -> Iterator[str]:
    """The address of a scheduler with so many processes of this machine, which end afterwards."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",  # any free port
        silence_logs=logging.CRITICAL,
        env=_ENVIRONMENT,
    ) as cluster:
        yield cluster.scheduler_address


def _client(stack: ExitStack, address: str) -> Client:
    from distributed import Client

    try:
        client = stack.enter_context(Client(address, timeout=PATIENCE_SECONDS))
        client.wait_for_workers(1, timeout=PATIENCE_SECONDS)
    except (OSError, ValueError):
        raise InputRefused(
            Problem(
                "targeting.no_cluster",
                f"No Dask scheduler with a worker answers at {address}.",
                hint="Start `dask scheduler` and `dask worker`, or leave the address out.",
            )
        ) from None
    return client


def _lost() -> InputRefused:
    return InputRefused(
        Problem(
            "targeting.worker_lost",
            "A part ended three workers that tried it, most likely for want of memory.",
            hint="Give smaller parts, fewer workers on a machine, or machines with more memory.",
        )
    )
