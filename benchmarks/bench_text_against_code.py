"""What it costs to ask the classifier how descriptions fit their codes while lines are cleared.

    python benchmarks/bench_text_against_code.py [--lines 5000] [--history-declarations 5000]

Data are simulated with fixed seeds. Two models learn from the same history, one with what the
classifier says of it and one without; each clears the same file into a new workspace, in a process
of its own, and then some hundred declarations one by one. Beside the time by the clock stands the
processor time, which other work on the machine changes less. "first" is a declaration whose texts
are new, "again" one whose texts were met before. Floors, in processor time: 3 ms more for a line of
a file (making the engine is in that), 15 ms more for a declaration with new texts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench_clear import make_data

MOST_MS_MORE = {"line": 3.0, "declaration": 15.0}
ONE_BY_ONE = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=5_000)
    parser.add_argument("--history-declarations", type=int, default=5_000)
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*map(Path, arguments.child))
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        batch, history, digests = make_data(root, arguments.lines, arguments.history_declarations)
        found = {name: run(root / name, batch, history, name) for name in ("without", "with")}
    more = {
        "line": more_of(found, lambda one: one["file"]["processor_ms_a_line"]),
        "declaration": more_of(found, lambda one: one["declarations"]["first"]["processor_ms"]),
    }
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    told = {"machine": machine, "data": digests, **found, "processor_ms_more": more}
    print(json.dumps(told, indent=2))
    if any(more[name] > most for name, most in MOST_MS_MORE.items()):
        sys.exit("Below the floor.")


def more_of(found: dict[str, Any], figure: Callable[[dict[str, Any]], float]) -> float:
    return round(figure(found["with"]) - figure(found["without"]), 2)


def run(home: Path, batch: Path, history: Path, name: str) -> dict[str, Any]:
    """Train on the first lines, then clear the whole in a fresh process."""
    small = home.with_suffix(".csv")
    with batch.open() as lines:
        small.write_text("".join(next(lines) for _ in range(11)))
    environment = os.environ | {"TRADELANE_TEXT_AGAINST_CODE": "1" if name == "with" else ""}
    for file in (small, batch):  # the first trains, and the second finds its model
        command = [sys.executable, __file__, "--child", file, history, home, home / "told.json"]
        subprocess.run([str(part) for part in command], check=True, env=environment)
    found: dict[str, Any] = json.loads((home / "told.json").read_text())
    return found


def child(batch: Path, history: Path, home: Path, report: Path) -> None:
    import polars as pl

    import tradelane

    lane = tradelane.open(home)
    began, used = time.perf_counter(), time.process_time()
    result = lane.clear(batch, history=history, out=home, seed=1)
    seconds = {"seconds": time.perf_counter() - began, "processor": time.process_time() - used}
    told: dict[str, Any] = {
        "file": {
            "lines": result.read,
            "seconds": round(seconds["seconds"], 2),
            "lines_per_second": round(result.read / seconds["seconds"]),
            "peak_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "processor_ms_a_line": round(seconds["processor"] / result.read * 1e3, 2),
        }
    }
    if batch.name == "batch.csv":
        texts = pl.read_csv(batch, infer_schema=False)["description"]
        told["file"]["different_texts"] = texts.n_unique()
        told["declarations"] = one_by_one(lane, batch)
    report.write_text(json.dumps(told))


def one_by_one(lane: Any, batch: Path) -> dict[str, Any]:
    from tradelane.journeys.intake import load_intake
    from tradelane.journeys.opening import Order

    found = list(lane.read_declarations(batch, "tradelane"))[-ONE_BY_ONE:]
    began = time.perf_counter()
    model = lane.targeting.load_latest().ref.digest
    order = Order("demo", model, by="bench", reason="A measurement.")
    intake = load_intake(lane, lane.open_intake(order))
    told: dict[str, Any] = {"ready_seconds": round(time.perf_counter() - began, 2)}
    for name in ("first", "again"):
        times = list(timed(lane, intake, found, name))
        clock = sorted(one for one, _ in times)
        told[name] = {
            "clock_ms": round(statistics.median(clock) * 1e3, 2),
            "clock_ms_99_of_100": round(clock[len(clock) * 99 // 100] * 1e3, 2),
            "processor_ms": round(statistics.median(one for _, one in times) * 1e3, 2),
        }
    return told


def timed(lane: Any, intake: Any, found: list[Any], name: str) -> Iterator[tuple[float, float]]:
    """Seconds by the clock and of the processor for each declaration."""
    from tradelane.journeys.deciding import clear_together
    from tradelane.journeys.filings import Filed

    for one in found:
        filed = [Filed(replace(one, reference=f"{name}-{one.reference}"))]
        began, used = time.perf_counter(), time.thread_time()
        [result] = clear_together(lane, intake, filed)
        yield time.perf_counter() - began, time.thread_time() - used
        assert result.status == "accepted"


if __name__ == "__main__":
    main()
