"""How fast the ledger appends and proves, on a SQLite file with full synchronisation.

    python benchmarks/bench_ledger.py [--leaves 10000000] [--batch 10000] [--subjects sorted|random]

Builds a ledger of that many leaves through the path that every write takes (one transaction and
one signed checkpoint a batch, committed to disk), then measures receipts for random entries.
The data follow from ``--seed`` alone; their digest is in the result. Prints a table and JSON.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from tradelane.kit.clock import FixedClock
from tradelane.kit.database import Database, metadata
from tradelane.ledger import Entry, Ledger, LedgerKey
from tradelane.ledger.store import SqlLedgerStore

KINDS = ("declaration.received", "duty.assessed", "risk.scored", "lane.assigned")
PROOFS = 2000


def rows_of(
    start: int, count: int, rng: random.Random, ordered: bool
) -> list[tuple[str, str, bytes]]:
    """Entries of about 350 bytes, four kinds for each subject."""
    rows = []
    for index in range(start, start + count):
        number = index // len(KINDS) if ordered else rng.getrandbits(48)
        entry = Entry(
            f"2026-03-01T08:00:00.{index % 1_000_000:06d}Z",
            KINDS[index % len(KINDS)],
            f"declaration:{number:015d}",
            {
                "duty": f"{rng.randrange(1_000_000) / 100:.2f}",
                "model": f"sha256:{rng.getrandbits(256):064x}",
                "pack": "demo@2026.1",
                "probability": f"{rng.random():.6f}",
                "reasons": ["value below its peers", "importer is new", "route is unusual"],
            },
        )
        rows.append((entry.kind, entry.subject, entry.encode()))
    return rows


def measure_appends(
    database: Database, ledger: Ledger, options: argparse.Namespace
) -> dict[str, object]:
    """Append everything; seconds are of the writes alone, the making of entries is not counted."""
    rng = random.Random(options.seed)
    digest, size_of_rows = sha256(), 0
    rates: list[float] = []
    spent, shown = 0.0, time.monotonic()
    for start in range(0, options.leaves, options.batch):
        count = min(options.batch, options.leaves - start)
        rows = rows_of(start, count, rng, options.subjects == "sorted")
        for row in rows:
            digest.update(row[2])
            size_of_rows += len(row[2])

        def write(tx: object, rows: list[tuple[str, str, bytes]] = rows) -> None:
            ledger.append_encoded(tx, rows)
            ledger.checkpoint(tx)

        began = time.perf_counter()
        database.write(write)
        took = time.perf_counter() - began
        spent += took
        rates.append(count / took)
        if time.monotonic() - shown > 10:
            shown = time.monotonic()
            print(f"  {start + count:>12,} leaves, {count / took:>9,.0f}/s", file=sys.stderr)
    tenths = [statistics.median(part) for part in _parts(rates, 10)]
    return {
        "leaves": options.leaves,
        "batch": options.batch,
        "entry_bytes_mean": round(size_of_rows / options.leaves, 1),
        "data_sha256": digest.hexdigest(),
        "appends_per_second": round(options.leaves / spent),
        "batch_rates": _spread(rates),
        "median_rate_by_tenth_of_the_build": [round(rate) for rate in tenths],
    }


def measure_proofs(
    database: Database, ledger: Ledger, options: argparse.Namespace
) -> dict[str, object]:
    """Receipts (which check themselves) for random entries, in milliseconds."""
    rng = random.Random(options.seed + 1)
    times = []
    with database.read() as tx:
        size = ledger.size(tx)
        for _ in range(PROOFS):
            index = rng.randrange(size)
            began = time.perf_counter()
            ledger.prove(tx, index)
            times.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {
        "proofs": PROOFS,
        "p50_ms": round(cuts[49], 3),
        "p90_ms": round(cuts[89], 3),
        "p99_ms": round(cuts[98], 3),
        "max_ms": round(max(times), 3),
    }


def measure_verify(database: Database, ledger: Ledger) -> dict[str, object]:
    """One reading of everything."""
    began = time.perf_counter()
    with database.read() as tx:
        report = ledger.verify(tx)
    took = time.perf_counter() - began
    return {
        "ok": report.ok,
        "seconds": round(took, 1),
        "entries_per_second": round(report.size / took),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--leaves", type=int, default=10_000_000)
    parser.add_argument("--batch", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--subjects", choices=("sorted", "random"), default="sorted")
    parser.add_argument("--verify", action="store_true", help="also read and check everything")
    parser.add_argument("--folder", type=Path, help="where to build (a temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        file = Path(folder) / "ledger.db"
        database = Database(f"sqlite:///{file}")
        metadata.create_all(database.engine)
        key = LedgerKey.load_or_create(Path(folder), "benchmark.example/ledger")
        clock = FixedClock(datetime(2026, 3, 1, 9, tzinfo=UTC))
        ledger = Ledger(SqlLedgerStore(), key, clock, "benchmark.example/ledger")
        result: dict[str, object] = {
            "python": platform.python_version(),
            "subjects": options.subjects,
            "appends": measure_appends(database, ledger, options),
            "proofs": measure_proofs(database, ledger, options),
            "file_bytes": file.stat().st_size,
        }
        if options.verify:
            result["verify"] = measure_verify(database, ledger)
        database.close()
    for part, values in result.items():
        if isinstance(values, dict):
            print(part)
            for name, value in values.items():
                print(f"  {name:<36} {value}")
    print(json.dumps(result))


def _parts(values: list[float], count: int) -> list[list[float]]:
    step = max(1, len(values) // count)
    return [values[i : i + step] for i in range(0, len(values), step)]


def _spread(values: list[float]) -> dict[str, int]:
    ordered = sorted(values)
    return {
        "min": round(ordered[0]),
        "p10": round(ordered[len(ordered) // 10]),
        "median": round(statistics.median(ordered)),
        "p90": round(ordered[len(ordered) * 9 // 10]),
        "max": round(ordered[-1]),
    }


if __name__ == "__main__":
    main()
