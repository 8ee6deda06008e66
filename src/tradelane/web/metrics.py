"""Numbers for whoever watches the service (Prometheus text format at /metrics)."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

REGISTRY = CollectorRegistry()

REQUESTS = Counter(
    "tradelane_http_requests_total",
    "HTTP requests by route and status.",
    ("method", "route", "status"),
    registry=REGISTRY,
)
SECONDS = Histogram(
    "tradelane_http_seconds",
    "How long requests took.",
    ("method", "route"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
CLEARED = Counter(
    "tradelane_declarations_cleared_total",
    "Declarations that the desk has taken through all steps.",
    registry=REGISTRY,
)
GROUP_SECONDS = Histogram(
    "tradelane_clearing_seconds",
    "How long a group of declarations took, from its start to the disk.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
WAITING = Gauge(
    "tradelane_declarations_waiting",
    "Declarations that wait at the desks.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
LEDGER_SIZE = Gauge(
    "tradelane_ledger_entries",
    "Entries in the ledger.",
    multiprocess_mode="mostrecent",
    registry=REGISTRY,
)
OPEN_CASES = Gauge(
    "tradelane_cases_open",
    "Cases that wait for an officer, counted to 100,000.",
    multiprocess_mode="mostrecent",
    registry=REGISTRY,
)


def text() -> bytes:
    """Every number, in Prometheus' text format; of all server processes together."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return generate_latest(REGISTRY)
    _forget_the_dead(Path(folder))
    together = CollectorRegistry()
    multiprocess.MultiProcessCollector(together, folder)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def _forget_the_dead(folder: Path) -> None:
    """What a process that has ended counted stays; what waited at its desk waits no more."""
    for path in folder.glob("gauge_live*_*.db"):
        process = path.stem.rpartition("_")[2]
        if process.isdecimal() and not _runs(int(process)):
            multiprocess.mark_process_dead(int(process), str(folder))  # type: ignore[no-untyped-call]


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
