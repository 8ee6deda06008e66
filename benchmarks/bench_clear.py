"""How fast a file is cleared, all steps, durable; and how much memory that takes.

    python benchmarks/bench_clear.py [--lines 100000] [--history-declarations 50000] [--repeats 3]

Data are simulated with a fixed seed (their digests are printed). The model is trained before the
clock starts and its time is told apart. Each repeat clears the file into a new workspace in a
process of its own; "lines/s" is rows of the file over the whole of `Tradelane.clear`, from reading
the first byte to the report on disk, without training. Floors: 5,000 lines/s, 1.5 GB.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

FLOOR_LINES_PER_SECOND = 5_000
MOST_BYTES = 1_500_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--history-declarations", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*arguments.child)
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        batch, history, digests = make_data(root, arguments.lines, arguments.history_declarations)
        small = root / "small.csv"
        with batch.open() as lines:
            small.write_text("".join(next(lines) for _ in range(11)))
        trained = run(small, history, root / "trained", None)
        runs = [
            run(batch, history, root / f"run{n}", root / "trained")
            for n in range(arguments.repeats)
        ]
    speeds = sorted(r["rows"] / r["seconds"] for r in runs)
    peak = max(r["peak_bytes"] for r in runs)
    result = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "data": digests,
        "rows": runs[0]["rows"],
        "training_and_small_batch_seconds": round(trained["seconds"], 1),
        "seconds": [round(r["seconds"], 2) for r in runs],
        "lines_per_second_median": round(statistics.median(speeds)),
        "lines_per_second_spread": [round(speeds[0]), round(speeds[-1])],
        "stages_seconds": runs[-1]["stages"],
        "peak_bytes": peak,
        "database_bytes": runs[-1]["database_bytes"],
    }
    print(json.dumps(result, indent=2))
    if statistics.median(speeds) < FLOOR_LINES_PER_SECOND or peak > MOST_BYTES:
        sys.exit("Below the floor.")


def make_data(root: Path, lines: int, history: int) -> tuple[Path, Path, dict[str, str]]:
    """A history, and a batch of another seed dated after it, of exactly ``lines`` lines."""
    import polars as pl

    import tradelane
    from tradelane.journeys.inputs import file_digest

    lane = tradelane.open(root / "unused")
    lane.simulate(root / "past", seed=1, declarations=history)
    lane.simulate(root / "now", seed=2, declarations=int(lines / 1.4))
    table = pl.read_csv(root / "now" / "declarations.csv", infer_schema=False)
    whole = table.head(lines)
    cut = table.row(lines, named=True)["declaration_id"] if table.height > lines else ""
    whole = whole.filter(pl.col("declaration_id") != cut)  # no declaration is cut in two
    batch = root / "batch.csv"
    whole.write_csv(batch)
    past = root / "past" / "history.csv"
    return batch, past, {"batch": file_digest(batch), "history": file_digest(past)}


def run(batch: Path, history: Path, home: Path, trained: Path | None) -> dict[str, object]:
    """Clear in a fresh process, with the models of ``trained``."""
    if trained is not None:
        for name in ("models", "kept"):
            shutil.copytree(trained / name, home / name)
    report = home.parent / "report.json"
    command = [sys.executable, __file__, "--child", batch, history, home, report]
    subprocess.run([str(part) for part in command], check=True)
    return json.loads(report.read_text())


def child(batch: str, history: str, home: str, report: str) -> None:
    stages: dict[str, float] = {}
    last = [time.perf_counter()]

    def progress(stage: str, done: int, total: int | None = None) -> None:
        now = time.perf_counter()
        stages[stage] = stages.get(stage, 0.0) + now - last[0]
        last[0] = now

    watch = Watch()
    watch.start()
    started = time.perf_counter()
    import tradelane

    last[0] = started
    result = tradelane.open(home).clear(batch, history=history, out=home, seed=1, progress=progress)
    seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "rows": result.read,
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "stages": {name: round(spent, 2) for name, spent in stages.items()},
        "peak_bytes": watch.peak,
        "database_bytes": (Path(home) / "tradelane.db").stat().st_size,
    }
    print(json.dumps(found), file=sys.stderr)
    Path(report).write_text(json.dumps(found))


class Watch(threading.Thread):
    """Samples what this process and its own children hold in memory together, five times a second.

    Not ru_maxrss: a process that is started from a larger one inherits that one's peak.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0

    def run(self) -> None:
        while True:
            self.peak = max(self.peak, sum(map(resident, [os.getpid(), *children()])))
            time.sleep(0.2)


def children() -> list[int]:
    found = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found += [int(pid) for pid in (task / "children").read_text().split()]
    return found


def resident(pid: int) -> int:
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


if __name__ == "__main__":
    main()
