"""What exploration finds of a scheme that nobody has seen, and what it costs.

    python benchmarks/bench_exploration.py [--seeds 5] [--first-seed 1] [--lines 18000]

Twelve rounds of three weeks on made-up administrations, each lived through twice with the same
lines and the same draws: once with the whole budget for the ranking, once with a tenth of it for
exploration, as `tradelane target rank --explore 0.1` spends it. In each round a model learns from
the outcomes known by then (an inspection's outcome 30 days after its line was filed), scores the
round's lines, and 5 % of them are inspected, which tells the truth. Two schemes, others with each
seed, have never been seen: their lines are taken out of the history and of the first three rounds.

Worlds: the demo pack of `tradelane.simulation`, and `other_world`, whose mechanisms are others.
Floors (geometric means over all pairs): recall of the new schemes 1.15 times that without
exploration, revenue 0.98 times. Beside the product's functions nothing here learns, scores or
selects. A line's features depend on nothing later than itself, so they are worked out once, in the
round that it is filed in, and kept for the trainings to come.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import math
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import other_world
import polars as pl
from numpy.typing import NDArray

import tradelane
from tradelane.kit import packs
from tradelane.registry.model import ModelRef
from tradelane.simulation.model import FRAUDS
from tradelane.simulation.service import simulate
from tradelane.targeting import features, ranked, selectivity
from tradelane.targeting.judgement import SCORES, judge
from tradelane.targeting.learning import learn
from tradelane.targeting.model import DEFAULT_BALANCE
from tradelane.targeting.selection import RED, Routed, router
from tradelane.targeting.service import Trained, features_of
from tradelane.trade.table import OUTCOME_SCHEMA

ROUNDS, ROUND_DAYS, DELAY_DAYS = 12, 21, 30
ENTERS = 4
"""The round, counted from 1, in which the new scheme begins."""
DAYS = 2 * ROUNDS * ROUND_DAYS
BUDGET, EXPLORE = 0.05, 0.1
LINES_A_FILING = 1.5
RECALL_FLOOR, REVENUE_FLOOR = 1.15, 0.98
NEW = {
    "demo": (*FRAUDS, "split_consignments"),
    "other": other_world.SCHEMES,
}
SAMPLE = 5_000
"""Lines that the chance of inspection is learned from, here; the product takes more."""
Wrong = NDArray[np.bool_]
TRUTH = ("truth_fraud", "truth_revenue", "truth_scheme")
NOT_KNOWN = {name: pl.lit(None, kind) for name, kind in OUTCOME_SCHEMA.items()}


@dataclass(frozen=True)
class World:
    """An administration: what it knew at the start, and each coming line with the truth.

    coming: lines with ``truth_fraud``, ``truth_revenue`` (in the territory's currency) and
    ``truth_scheme`` beside.
    """

    name: str
    history: pl.DataFrame
    coming: pl.DataFrame

    def without(self, schemes: Sequence[str], of_all: pl.DataFrame) -> World:
        """The same world in which these schemes do not exist before round `ENTERS`."""
        start = self.coming["date"].min() + timedelta(days=ROUND_DAYS * (ENTERS - 1))
        early = (pl.col("date") < start) & pl.col("truth_scheme").is_in(schemes)
        guilty = of_all.filter(pl.col("scheme").is_in(schemes))
        history = self.history.join(guilty, on=["reference", "number"], how="anti")
        return World(self.name, history, self.coming.filter(~early))


class Inspected(NamedTuple):
    """A line that was inspected, how it came to that, and what was true."""

    round: int
    declaration_id: str
    line: int
    selected_by: str
    propensity: str
    fraud: bool
    scheme: str


@dataclass
class Life:
    """What came of one way to select, and how each inspected line came to be inspected.

    caught, there: lines of the new schemes that were inspected, and all of them.
    """

    caught: int = 0
    there: int = 0
    revenue: float = 0.0
    wrong: int = 0
    log: list[Inspected] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Caught of the new schemes' lines; half a line more than were, so that a ratio exists."""
        return (self.caught + 0.5) / (self.there + 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--lines", type=int, default=18_000)
    parser.add_argument("--worlds", nargs="+", choices=list(NEW), default=list(NEW))
    parser.add_argument("--log", type=Path, help="A CSV of all inspected lines, with propensities.")
    asked = parser.parse_args()
    pairs = list(run(asked))
    if asked.log:
        write_log(asked.log, pairs)
    result = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "lines_a_world": asked.lines,
        "seeds": [asked.first_seed, asked.first_seed + asked.seeds - 1],
        "worlds": {world: summary([p for p in pairs if p["world"] == world]) for world in NEW},
        "all": summary(pairs),
    }
    print(json.dumps(result, indent=2))
    told = result["all"]
    if told["recall_ratio"] < RECALL_FLOOR or told["revenue_ratio"] < REVENUE_FLOOR:
        sys.exit("Below the floor.")


def run(asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Each seed of each world, both ways."""
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        for name in asked.worlds:
            started = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                world, schemes = make(name, seed, asked.lines, Path(folder))
            new = new_in(name, seed)
            begun = Begun(world.without(new, schemes))
            without, explored = (live(begun, new, share, seed) for share in (0.0, EXPLORE))
            pair = {"world": name, "seed": seed, "new": new, "without": without, "with": explored}
            print(line_of(pair, time.perf_counter() - started), file=sys.stderr, flush=True)
            yield pair


def new_in(world: str, seed: int) -> tuple[str, str]:
    """The schemes that are new: every one has its turn."""
    schemes = NEW[world]
    return schemes[seed % len(schemes)], schemes[(seed + len(schemes) // 2) % len(schemes)]


def make(name: str, seed: int, lines: int, folder: Path) -> tuple[World, pl.DataFrame]:
    """A world, and the scheme of every line of its history."""
    lane = tradelane.open(folder / "home")
    days = ROUNDS * ROUND_DAYS
    if name == "demo":
        filings, pack = int(lines / LINES_A_FILING), packs.load("demo")
        simulate(seed, filings, DAYS, pack, folder, hold_out_days=days)
        truth = pl.read_csv(folder / "truth.csv", infer_schema=False)
        files = ("history.csv", "week.csv")
    else:
        told = other_world.make(seed, lines, hold_out=days)
        files = ("history.csv", "batch.csv")
        for file, frame in zip(files, told[:2], strict=True):
            frame.write_csv(folder / file)
        truth = pl.concat(told[2:]).rename({"revenue": "revenue_lost"})
    truth = truth.select(
        pl.col("declaration_id").alias("reference"),
        pl.col("line").cast(pl.Int64).alias("number"),
        truth_fraud=pl.col("fraud").cast(pl.Int8) == 1,
        truth_revenue=pl.col("revenue_lost").cast(pl.Float64).clip(0.0),
        truth_scheme=pl.col("scheme").fill_null(""),
    )
    history, coming = (lane.read_table(folder / file, "tradelane")[0] for file in files)
    history, coming = (t.with_columns(pl.col("number").cast(pl.Int64)) for t in (history, coming))
    coming = coming.drop(OUTCOME_SCHEMA, strict=False).sort("date", maintain_order=True)
    coming = coming.join(truth, on=["reference", "number"], how="inner", maintain_order="left")
    schemes = truth.select("reference", "number", scheme="truth_scheme")
    return World(name, history, coming), schemes


class Begun:
    """A world with the features of its history, which both ways share."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.x = features_of(features.build(world.history), world.history)
        first = world.coming["date"].min()
        number = (pl.col("date") - first).dt.total_days() // ROUND_DAYS
        self.rounds = [world.coming.filter(number == r) for r in range(ROUNDS)]


def live(begun: Begun, new: Sequence[str], explore: float, seed: int) -> Life:
    """Twelve rounds, in each of which somebody learns, scores, chooses and inspects."""
    past, x, life = begun.world.history, begun.x, Life()
    for number, lines in enumerate(begun.rounds, start=1):
        filed = lines.drop(TRUTH)
        everything = pl.concat([past, filed.with_columns(**NOT_KNOWN)], how="diagonal")
        history = features.build(everything)
        trained = train(history, past, x, lines["date"].min(), seed)
        answers = history.features(filed)
        chance = hashlib.sha256(f"{begun.world.name} {seed} {number}".encode()).digest()
        routed = select(trained, filed, answers, explore, chance)
        inspected = np.array([one.lane == RED for one in routed])
        count(life, lines, inspected, new, number)
        keys = lines.select("reference", "number", *TRUTH).rows()
        for place in np.flatnonzero(inspected).tolist():
            reference, line, fraud, _, scheme = keys[place]
            by, propensity = routed[place].selected_by, routed[place].propensity
            life.log.append(Inspected(number, reference, line, by, propensity, fraud, scheme))
        past = pl.concat([past, with_outcomes(lines, inspected)], how="diagonal")
        x = np.concatenate([x, features.matrix(answers)])
    return life


def select(
    trained: Trained,
    filed: pl.DataFrame,
    answers: features.Answers,
    explore: float,
    chance: bytes,
) -> list[Routed]:
    """What `tradelane target rank` does with the lines of a round."""
    told = judge(trained, answers, lambda name: filed[name].to_list(), DEFAULT_BALANCE)
    scored = filed.select("subject").with_columns(
        **{name: pl.Series(told[name], dtype=SCORES[name]) for name in ("score", "novelty")}
    )
    none: ranked.Hits = [()] * filed.height
    route = router(ranked.select(scored, none, BUDGET, explore, chance, trained.engine))
    return [route(subject, score, False, novelty) for subject, score, novelty in scored.iter_rows()]


def train(
    history: features.History, past: pl.DataFrame, x: NDArray[np.float32], start: Any, seed: int
) -> Trained:
    """What `Targeting.train` learns from ``past`` on the day ``start``, from features at hand."""
    known = past["fraud"].is_not_null() & past["inspected"].fill_null(True)
    known &= (past["recorded_at"].dt.date() < start).fill_null(False)
    rows = np.flatnonzero(known.to_numpy())
    rows = rows[np.argsort(past["date"].to_numpy()[rows], kind="stable")]
    sample = np.random.default_rng(seed).permutation(len(x))[:SAMPLE]
    chosen = past["fraud"].is_not_null().to_numpy()[sample]
    weights = selectivity.weights(x[sample], chosen, x[rows], seed)
    learned = learn("boosted", x[rows], past[rows], weights, seed)
    manifest = {"parameters": {"scorer": "boosted"}}
    nowhere = ModelRef("targeting", "0" * 64)
    return Trained(nowhere, manifest, history, learned.scorer, learned.revenue, DEFAULT_BALANCE)


def with_outcomes(lines: pl.DataFrame, inspected: Wrong) -> pl.DataFrame:
    """The lines as a history has them: what was inspected is known `DELAY_DAYS` after it."""
    looked = pl.Series(inspected)
    recorded = pl.col("date").cast(pl.Datetime("us", "UTC")) + timedelta(days=DELAY_DAYS)
    return lines.with_columns(
        inspected=looked,
        fraud=pl.when(looked).then("truth_fraud"),
        revenue_recovered=pl.when(looked).then("truth_revenue"),
        recorded_at=pl.when(looked).then(recorded),
    ).drop(TRUTH)


def count(
    life: Life, lines: pl.DataFrame, inspected: Wrong, schemes: Sequence[str], number: int
) -> None:
    """Add a round to what came of it."""
    life.revenue += float(lines["truth_revenue"].to_numpy()[inspected].sum())
    life.wrong += int(lines["truth_fraud"].to_numpy()[inspected].sum())
    if number >= ENTERS:
        new = lines["truth_scheme"].is_in(schemes).to_numpy()
        life.there += int(new.sum())
        life.caught += int((new & inspected).sum())


def summary(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    """Ratios, explored to not explored: geometric means over the pairs, and their spread.

    The interval of 95 % takes the logarithms of the ratios as normal. Beside them the share of all
    new lines that were found, where every line counts the same.
    """
    if not pairs:
        return {}
    told: dict[str, Any] = {"pairs": len(pairs)}
    for name in ("recall", "revenue", "wrong"):
        logs = [math.log(getattr(p["with"], name) / getattr(p["without"], name)) for p in pairs]
        error = statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else 0.0
        middle = statistics.fmean(logs)
        told[f"{name}_ratio"] = round(math.exp(middle), 4)
        told[f"{name}_ratio_95"] = [
            round(math.exp(middle + side * 1.96 * error), 4) for side in (-1, 1)
        ]
        told[f"{name}_ratio_median"] = round(math.exp(statistics.median(logs)), 4)
        told[f"{name}_ratio_least_and_most"] = [round(math.exp(f(logs)), 3) for f in (min, max)]
    for way in ("without", "with"):
        told[f"recall_{way}"] = round(
            sum(p[way].caught for p in pairs) / max(sum(p[way].there for p in pairs), 1), 4
        )
    return told


def line_of(pair: dict[str, Any], seconds: float) -> str:
    without, explored = pair["without"], pair["with"]
    drawn = {
        way: [one for one in explored.log if one.selected_by == way] for way in ("random", "novel")
    }
    parts = (
        f"{pair['world']} {pair['seed']} {', '.join(pair['new'])}: "
        f"{without.caught} -> {explored.caught} of {without.there}",
        f"revenue x {explored.revenue / without.revenue:.3f}",
        f"wrong {without.wrong} -> {explored.wrong} of {len(without.log)} -> {len(explored.log)}",
        *(
            f"{way}: {len(lines)}, wrong {sum(one.fraud for one in lines)}, "
            f"new {sum(one.scheme in pair['new'] for one in lines)}"
            for way, lines in drawn.items()
        ),
        f"{seconds:.0f} s",
    )
    return "; ".join(parts)


def write_log(path: Path, pairs: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("world", "seed", "way", *Inspected._fields))
        for p in pairs:
            for way in ("without", "with"):
                for one in p[way].log:
                    writer.writerow((p["world"], p["seed"], way, *one))


if __name__ == "__main__":
    main()
