"""What a process that does nothing but classify needs, after learning: time, memory, speed.

    python benchmarks/bench_classifier_process.py [FOLDER] [--home HOME]

The side of the texts that is learned from (`classification_texts`) is learned into a workspace by
the service, as `tradelane classify learn` does. Then a new process opens it ("ready": from its
start until the first answer, imports included) and answers the held-back texts one by one; its
memory is the most that it ever held. Then another one classifies a file of these texts three times
over as `tradelane classify batch` does, with as many processes as there are cores; its clock starts
when it is ready. Asked: ready in 2 s, 400 MB, 10 ms a query (95 of 100), 1,000 lines/s on 2 cores.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradelane.classification.service import Classification

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does

ASKED = ("uk_search_references", "uk_fpo_parcel", "uk_intercepts_hs6")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--home", type=Path, help="A workspace that has learned already is reused.")
    parser.add_argument("--worker", choices=("queries", "batch"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments.home, arguments.folder, arguments.worker)
        return
    from classification_texts import FOLDER

    folder = arguments.folder or FOLDER
    with tempfile.TemporaryDirectory() as temporary:
        home = arguments.home or Path(temporary)
        learned = learn(home, folder)
        found = {**learned, **run(home, folder, "queries"), **run(home, folder, "batch")}
    print(json.dumps(found, indent=2))


def learn(home: Path, folder: Path) -> dict[str, float]:
    """Bring the examples in, if the workspace has none yet."""
    from classification_texts import TARIFF, sides

    import tradelane
    from tradelane.classification.reading import Row

    lane = tradelane.open(home)
    if lane.classification.standing().counting:
        return {}
    by_source: dict[str, list[Row]] = {}
    for one in sides(folder).learned:
        by_source.setdefault(one.source, []).append(
            Row(one.text, one.code, "", False, one.source, 0)
        )
    for name, rows in by_source.items():
        kind = "tariff" if name == TARIFF else "examples"
        lane.classification.library.add(rows, name, "see SOURCES", kind)
    started = time.perf_counter()
    examples = lane.classification.learn()
    return {"examples": examples, "learning_seconds": round(time.perf_counter() - started, 1)}


def run(home: Path, folder: Path, worker: str) -> dict[str, float]:
    """What a process of its own measures."""
    command = [sys.executable, __file__, str(folder), "--home", str(home), "--worker", worker]
    found: dict[str, float] = json.loads(subprocess.check_output(command, text=True))
    return found


def work(home: Path, folder: Path, worker: str) -> None:
    import psutil

    import tradelane

    classification = tradelane.open(home).classification
    classification.suggest("men's cotton knitted T-shirt, printed")
    ready = time.time() - psutil.Process().create_time()
    from classification_texts import sides

    held = sides(folder).held
    texts = [one.text for name in ASKED for one in held[name]]
    found = batch(classification, texts) if worker == "batch" else queries(classification, texts)
    print(json.dumps({"ready_seconds": round(ready, 2), **found}))


def queries(classification: Classification, texts: list[str]) -> dict[str, float]:
    took = []
    for text in texts:
        started = time.perf_counter()
        classification.suggest(text)
        took.append(1000 * (time.perf_counter() - started))
    took.sort()
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return {
        "queries": len(took),
        "median_ms": round(took[len(took) // 2], 2),
        "p95_ms": round(took[int(0.95 * len(took))], 2),
        "peak_megabytes": round(peak / 1024),
    }


def batch(classification: Classification, texts: list[str]) -> dict[str, float]:
    from tradelane.classification.batches import classify_file

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.csv"
        with source.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["text"], *([text] for text in texts * 3)])
        started = time.perf_counter()
        counts = classify_file(classification, source, "text", Path(folder) / "out.csv")
        took = time.perf_counter() - started
    return {
        "lines": sum(counts.values()),
        "lines_per_second": round(sum(counts.values()) / took),
        "cores": len(os.sched_getaffinity(0)),
    }


if __name__ == "__main__":
    main()
