"""A day that is too large for one process: how fast Dask workers score it, and with what answers.

    python benchmarks/bench_cluster.py [--lines 5000000] [--workers 2] [--sample 3] [--keep FOLDER]

The day is made of simulated lines, repeated with other amounts (fixed seed) and written part by
part, so it is never in memory. A model is trained on 50,000 simulated declarations before the clock
starts. "lines/s" is the day over the whole of the work: starting the workers, their loading of the
model, reading the parts, features, score and reasons, and writing the answers. Memory is what this
process and all workers hold together, sampled twice a second. Afterwards some parts are scored in
this process alone: their files must be the same to the byte, and their speed is what a single
process does. Choosing lanes over the day is timed apart. Floors: 5,000 lines/s, and no difference.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil

import tradelane
from tradelane.targeting import day
from tradelane.targeting.cluster import score_on
from tradelane.targeting.day_lanes import decide
from tradelane.targeting.service import code_digest

FLOOR_LINES_PER_SECOND = 5_000
SIMULATED = 50_000
BASE = 40_000
"""The last lines of the simulated history, from which the day is made."""
_AMOUNTS = ("customs_value", "net_mass_kg", "gross_mass_kg", "quantity", "freight", "insurance")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sample", type=int, default=3, help="Parts to score again, alone.")
    parser.add_argument("--keep", type=Path, help="Keep the model and the history there.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        home = arguments.keep or root / "home"
        digest, base = simulated(home)
        made, files = timed(lambda: make_day(root / "day", base, arguments.lines))
        job = day.Job(home / "models", digest, no_other_files, code=code_digest())
        result = {
            "machine": f"{platform.machine()}, {psutil.cpu_count()} cores, "
            f"Python {platform.python_version()}",
            "model": digest,
            "lines": arguments.lines,
            "workers": arguments.workers,
            "making_the_day_seconds": round(made, 1),
            **measure(root, job, day.parts_of(files), arguments.workers, arguments.sample),
        }
    print(json.dumps(result, indent=2))
    if result["different_parts"] or result["lines_per_second"] < FLOOR_LINES_PER_SECOND:
        sys.exit("Below the floor.")


def no_other_files(path: Path) -> tuple[pl.DataFrame, int]:
    raise AssertionError(f"{path} is not Parquet")


def simulated(home: Path) -> tuple[str, pl.DataFrame]:
    """The digest of a model of a simulated history, and that history's last lines."""
    lane = tradelane.open(home)
    past = home / "past" / "history.csv"
    if not past.exists():
        lane.simulate(home / "past", seed=1, declarations=SIMULATED)
    history, _ = lane.read_table(past, "tradelane")
    trained = lane.targeting.train(history, seed=1)
    return trained.ref.digest, history.tail(BASE).drop("fraud", "revenue_recovered")


def make_day(folder: Path, base: pl.DataFrame, lines: int) -> list[Path]:
    """Files of `day.ROWS` lines, a month after the base, each with amounts of its own."""
    folder.mkdir()
    files = []
    for number, start in enumerate(range(0, lines, day.ROWS)):
        rows = min(day.ROWS, lines - start)
        rng = np.random.default_rng([3, number])
        picked = base[rng.integers(0, base.height, rows)]
        size = pl.Series(np.exp(rng.normal(0.0, 0.3, rows)))
        part = picked.with_columns(
            pl.col("date").dt.offset_by("1mo"),
            *(pl.col(name) * size for name in _AMOUNTS),
            subject=pl.format("D/{}/1", pl.int_range(start, start + rows)),
        ).with_columns(pl.col("customs_value") * np.exp(rng.normal(0.0, 0.1, rows)))
        files.append(folder / f"day-{number:05}.parquet")
        part.write_parquet(files[-1])
    return files


def measure(
    root: Path, job: day.Job, parts: list[day.Part], workers: int, sample: int
) -> dict[str, Any]:
    at = list[float]()

    def told() -> Iterator[day.Scored]:
        for scored in score_on(None, job, parts, workers=workers):
            at.append(time.perf_counter())
            yield scored

    with Watch() as watch:
        started = time.perf_counter()
        seconds, summary = timed(lambda: day.write(root / "there", job, told()))
    lanes, selection = timed(lambda: decide(root / "there", summary, 0.05, 0.1, "model"))
    chosen = sorted(random.Random(5).sample(range(len(parts)), min(sample, len(parts))))
    day.score_part(job, parts[chosen[0]])  # loads the model before the clock starts
    alone, again = timed(
        lambda: day.write(root / "here", job, day.score_here(job, (parts[i] for i in chosen)))
    )
    found = [summary["parts"][i]["digest"] for i in chosen]
    expected = [part["digest"] for part in again["parts"]]
    size = sum(path.stat().st_size for path in (root / "there").iterdir())
    shutil.rmtree(root / "there")
    return {
        "seconds": round(seconds, 1),
        "lines_per_second": round(summary["lines"] / seconds),
        "processor_seconds": round(watch.processor_seconds, 1),
        "seconds_to_the_first_part": round(at[0] - started, 1),
        "lines_per_second_one_process": round(again["lines"] / alone),
        "peak_bytes_all_processes": watch.peak,
        "seconds_for_lanes": round(lanes, 1),
        "inspected": selection.inspected,
        "answers_bytes": size,
        "parts": len(parts),
        "parts_compared": chosen,
        "different_parts": sum(a != b for a, b in zip(found, expected, strict=True)),
    }


class Watch:
    """The most that this process and its children ever held together, and the processor time that
    they used: other work on the machine changes that less than time by the clock."""

    def __init__(self) -> None:
        self.peak = 0
        self._used: dict[int, float] = {}
        self._before = sum(psutil.Process().cpu_times()[:2])
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    @property
    def processor_seconds(self) -> float:
        return sum(self._used.values()) - self._before

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._ended.wait(0.5):
            held = 0
            for process in (me, *me.children(recursive=True)):
                try:
                    held += process.memory_full_info().pss
                    self._used[process.pid] = sum(process.cpu_times()[:2])
                except psutil.NoSuchProcess:
                    continue
            self.peak = max(self.peak, held)


def timed(act: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    found = act()
    return time.perf_counter() - started, found


if __name__ == "__main__":
    main()
