"""How long it takes to score a few lines at once, and how that compares with the path for files.

    python benchmarks/bench_online.py [--home demo/cleared] [--repeats 300]

Without ``--home`` a history of 50,000 declarations is simulated with a fixed seed and a model is
trained on it (half a minute); else the latest model of that workspace is used. The lines asked for
are the history's last ones, a month later. Before the clock starts, every line is scored both ways
and must come out the same. Features, both predictions, contributions, reasons and digests are all
in the figures. Beside the time by the clock stands the processor time that the thread used, which
other work on the machine changes less. Floors, in median processor time: 3 ms for 1 line, 0.5 ms a
line for 8, 0.3 ms a line for 32 and 128; and 3 s for the set-up with one month of peers.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

import tradelane
from tradelane.targeting.online import Online
from tradelane.targeting.service import Targeting, Trained

FLOORS_MS_A_LINE = {1: 3.0, 8: 0.5, 32: 0.3, 128: 0.3}
MOST_SETUP_SECONDS = 3.0
LINES = 4_000
SIMULATED = 50_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path)
    parser.add_argument("--repeats", type=int, default=300)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = arguments.home or simulated(Path(folder))
        targeting = tradelane.open(home).targeting
        result = measure(targeting, targeting.load_latest(), arguments.repeats)
    print(json.dumps(result, indent=2))
    slow = [
        size
        for size, most in FLOORS_MS_A_LINE.items()
        if result["sizes"][str(size)]["processor_ms_a_line"] > most
    ]
    if slow or result["setup_seconds"] + result["month_seconds"] > MOST_SETUP_SECONDS:
        sys.exit("Below the floor.")


def simulated(home: Path) -> Path:
    """A workspace with a model of a simulated history."""
    lane = tradelane.open(home)
    lane.simulate(home / "past", seed=1, declarations=SIMULATED)
    history, _ = lane.read_table(home / "past" / "history.csv", "tradelane")
    lane.targeting.train(history, seed=1)
    return home


def measure(targeting: Targeting, trained: Trained, repeats: int) -> dict[str, Any]:
    table = trained.history.table.tail(LINES).with_columns(
        date=pl.col("date").dt.offset_by("1mo"),
        subject=pl.format("D/{}/1", pl.int_range(pl.len())),
    )
    lines = table.to_dicts()
    months = table["date"].dt.truncate("1mo").unique().sort(descending=True).to_list()
    online, setup, _ = timed(lambda: Online(trained))
    _, month, _ = timed(lambda: online.prepare(months[0]))
    refuse_difference(targeting, trained, online, table)
    return {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "model": trained.ref.digest,
        "history_lines": trained.history.table.height,
        "setup_seconds": round(setup, 3),
        "month_seconds": round(month, 3),
        "dictionaries_bytes": weigh(trained, months),
        "sizes": {
            str(size): {
                **times(lambda part: online.score(part), lines, size, repeats),
                "file_path_median_ms": times(
                    lambda part: targeting.score(trained, part), table, size, 12
                )["median_ms"],
            }
            for size in FLOORS_MS_A_LINE
        },
    }


def refuse_difference(
    targeting: Targeting, trained: Trained, online: Online, table: pl.DataFrame
) -> None:
    """Both paths must say the same, else there is nothing to compare."""
    lines, found = table.to_dicts(), []
    for start in range(0, len(lines), 7):
        found += online.score(lines[start : start + 7])
    if found != targeting.score(trained, table).to_dicts():
        sys.exit("The two paths differ.")


def times(score: Callable[[Any], object], lines: Any, size: int, repeats: int) -> dict[str, float]:
    """Milliseconds a call, each with other lines."""
    spent, used = [], []
    for turn in range(repeats):
        start = turn * size % (LINES - size)
        part = lines[start : start + size]
        _, by_clock, by_processor = timed(lambda part=part: score(part))
        spent.append(by_clock * 1000)
        used.append(by_processor * 1000)
    spent.sort()
    return {
        "least_ms": round(spent[0], 3),
        "median_ms": round(statistics.median(spent), 3),
        "p99_ms": round(spent[int(len(spent) * 0.99)], 3),
        "median_ms_a_line": round(statistics.median(spent) / size, 3),
        "processor_ms_a_line": round(statistics.median(used) / size, 3),
    }


def timed(act: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it gives, and its seconds by the clock and of this thread's processor time."""
    started, used = time.perf_counter(), time.thread_time()
    found = act()
    return found, time.perf_counter() - started, time.thread_time() - used


def weigh(trained: Trained, months: list[Any]) -> int:
    """What the dictionaries of one scorer and its months hold in memory."""
    tracemalloc.start()
    online = Online(trained)
    for month in months:
        online.prepare(month)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held


if __name__ == "__main__":
    main()
