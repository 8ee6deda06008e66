"""How long training and scoring a file take, on simulated lines that were all inspected.

    python benchmarks/bench_training.py        # learns from 100,000 lines, scores 50,000

Training is everything that `tradelane target train` does after reading: features, trees forward in
time, revenue, calibration, the search for leaked labels, the card's figures. Scoring is features,
both predictions and three reasons a line, in one process.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

from tradelane.kit import packs
from tradelane.platform import Tradelane
from tradelane.registry.service import Registry
from tradelane.simulation import service as simulation
from tradelane.targeting.service import Targeting

SEED = 51


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("--lines", type=int, default=100_000)
    asked.add_argument("--score", type=int, default=50_000)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        declarations = round((given.lines + given.score) / 1.4)
        simulation.simulate(SEED, declarations, 540, packs.load("demo"), folder, hold_out_days=1)
        lane = Tradelane(folder / "none")
        everything, _ = lane.read_table(folder / "declarations.csv", "tradelane")
        truth = pl.read_csv(folder / "truth.csv", infer_schema_length=0).select(
            reference="declaration_id",
            number=pl.col("line").cast(pl.Int32),
            fraud=pl.col("fraud") == "1",
            revenue_recovered=pl.col("revenue_lost").cast(pl.Float64),
        )
        bare = everything.drop("fraud", "revenue_recovered")
        lines = bare.join(truth, on=["reference", "number"], how="left", maintain_order="left")
        history = lines[: given.lines].with_columns(
            inspected=pl.lit(value=True),
            recorded_at=pl.col("date").dt.offset_by("20d").cast(pl.Datetime("us", "UTC")),
        )
        batch = lines[given.lines :][: given.score]
        targeting = Targeting(Registry(folder / "models"))
        clock, work = time.perf_counter(), time.process_time()
        trained = targeting.train(history)
        took, worked = time.perf_counter() - clock, time.process_time() - work
        print(f"training on {history.height:,} lines: {took:.1f} s, {worked:.1f} s of processor")
        targeting.score(trained, batch.head(1_000))  # the month's peers are looked up once
        clock, work = time.perf_counter(), time.process_time()
        targeting.score(trained, batch)
        took, worked = time.perf_counter() - clock, time.process_time() - work
        by_clock, by_work = batch.height / took, batch.height / worked
        print(
            f"scoring {batch.height:,} lines with reasons: {by_clock:,.0f} a second by the clock, "
            f"{by_work:,.0f} a second of processor time"
        )
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0


if __name__ == "__main__":
    sys.exit(main())
