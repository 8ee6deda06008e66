"""A second, smaller administration with other mechanisms than the one that ships.

It shares no code and no parameters with `tradelane.simulation`: prices, traders, schemes and
inspections are made up anew, so that a ranking which only suits one simulator shows it here. Files
have the native columns; every number of the mechanism stands in this file.

    python benchmarks/other_world.py --seed 1 --out /tmp/world
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

FIRST = date(2024, 1, 1)
DAYS = 480
SCHEMES = ("low_invoice", "wrong_code", "origin_claim", "short_weight", "shell", "threshold")
TAX = 10.0
"""Percent of value and duty."""
RELIEF = 800.0
"""Consignments of at most this value pay nothing here, which the scheme `threshold` abuses."""


def make(seed: int, lines: int = 40_000, hold_out: int = 60) -> tuple[pl.DataFrame, ...]:
    """History (with outcomes), batch (without) and truth of one world."""
    rng = np.random.default_rng([77, seed])
    goods = _goods(rng)
    traders = _traders(rng, lines)
    day = np.sort(rng.integers(0, DAYS, lines))
    who = _who(rng, traders, day)
    frame = _declare(rng, goods, traders, day, who)
    wrong = frame["scheme"].to_numpy() != ""
    lost = frame["lost"].to_numpy()
    inspected = _inspect(rng, frame, share=0.12)
    found = inspected & wrong & (rng.random(lines) < 0.93)
    delay = np.maximum(1, rng.gamma(2.0, 9.0, lines).round()).astype(int)
    recorded = day + delay
    cut = DAYS - hold_out
    known = inspected & (recorded < cut)
    texts = pl.DataFrame(
        {
            "inspected": inspected.astype(int),
            "fraud": pl.Series(np.where(known, found.astype(int), -1)),
            "revenue_recovered": np.round(
                np.where(found, lost * rng.lognormal(0, 0.2, lines), 0), 2
            ),
            "outcome_recorded_at": [
                f"{FIRST + timedelta(days=int(d))}T12:00:00Z" if k else None
                for d, k in zip(recorded, known)
            ],
        }
    ).with_columns(
        fraud=pl.when(pl.col("fraud") >= 0).then("fraud"),
        revenue_recovered=pl.when(pl.Series(known)).then("revenue_recovered"),
    )
    declared = frame.drop("scheme", "lost")
    truth = frame.select(
        "declaration_id",
        "line",
        fraud=pl.Series(wrong.astype(int)),
        revenue=pl.col("lost").round(2),
        scheme="scheme",
    )
    older = pl.Series(day < cut)
    history = pl.concat([declared, texts], how="horizontal").filter(older)
    return history, declared.filter(~older), truth.filter(~older), truth.filter(older)


def _goods(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Codes in headings of two to six; price and mass of a piece, rate, and who may supply them."""
    codes, base, piece, rate, freight = [], [], [], [], []
    for chapter in rng.choice(np.arange(10, 97), 60, replace=False):
        level, usual = rng.normal(2.2, 1.1), rng.choice([0, 4, 8, 12, 20])
        for heading in rng.choice(np.arange(1, 30), 5, replace=False):
            near = level + rng.normal(0, 0.5)
            for sub in rng.choice(np.arange(10, 99), rng.integers(2, 7), replace=False):
                codes.append(f"{chapter:02d}{heading:02d}{sub:02d}")
                base.append(near + rng.normal(0, 0.35))
                piece.append(rng.normal(-0.3, 1.2))
                rate.append(max(0.0, usual + rng.choice([-8, -3, 0, 0, 4, 9])))
                freight.append(rng.uniform(0.02, 0.15))
    origins = np.array(["VN", "CN", "JP", "MX", "TH", "PE", "ID", "CA"])
    return {
        "code": np.array(codes),
        "price": np.array(base),
        "piece": np.array(piece),
        "rate": np.array(rate),
        "freight": np.array(freight),
        "spread": rng.uniform(0.15, 0.5, len(codes)),
        "origin": origins,
        "factor": rng.normal(0, 0.3, len(origins)),
        "free": rng.random((len(origins),)) < 0.4,
    }


def _traders(rng: np.random.Generator, lines: int) -> dict[str, np.ndarray]:
    count = lines // 12
    size = rng.pareto(1.3, count) + 0.2
    since = np.where(rng.random(count) < 0.7, -rng.integers(100, 4000, count), 0)
    since = np.where(since == 0, rng.integers(0, DAYS, count), since)
    bad = rng.beta(0.9, 9.0, count)
    return {
        "size": size,
        "since": since,
        "bad": bad,
        "scheme": rng.integers(0, 4, count),
        "range": rng.integers(1, 9, count),
        "seed": rng.integers(0, 1 << 30, count),
        "broker": rng.integers(0, count // 12 + 1, count),
    }


def _who(rng: np.random.Generator, traders: dict[str, np.ndarray], day: np.ndarray) -> np.ndarray:
    """Each line's importer: by size, among those who exist on the day."""
    weight = traders["size"] / traders["size"].sum()
    found = rng.choice(len(weight), len(day), p=weight)
    for _ in range(30):
        early = traders["since"][found] > day
        if not early.any():
            break
        found[early] = rng.choice(len(weight), int(early.sum()), p=weight)
    return found


def _declare(
    rng: np.random.Generator,
    goods: dict[str, np.ndarray],
    traders: dict[str, np.ndarray],
    day: np.ndarray,
    who: np.ndarray,
) -> pl.DataFrame:
    n, codes = len(day), len(goods["code"])
    pick = rng.integers(0, traders["range"][who])
    product = (traders["seed"][who] // 7 + pick * 13) % codes
    origin = (traders["seed"][who] // 3 + (rng.random(n) < 0.2) * rng.integers(1, 8, n)) % 8
    seller = (traders["seed"][who] % 400) * 10 + rng.integers(0, 3, n)
    trend = 0.15 * np.sin(day / 70.0 + product)
    price = np.exp(
        goods["price"][product]
        + goods["factor"][origin]
        + trend
        + rng.normal(0, 1, n) * goods["spread"][product]
    )
    air = rng.random(n) < 0.25
    net = np.exp(rng.normal(5.0, 1.4, n)) * np.where(air, 0.1, 1.0)
    piece = np.exp(goods["piece"][product] + rng.normal(0, 0.08, n))
    quantity = np.maximum(1, np.round(net / piece))
    value, true_rate = price * net, goods["rate"][product] * 1.0
    claim = goods["free"][origin] & (rng.random(n) < 0.7)
    true_rate = np.where(claim, 0.0, true_rate)
    # Who cheats, and how: a trader's bent, more where more duty is at stake, in bursts of weeks.
    burst = np.sin(traders["seed"][who] % 97 + day / 21.0) > 0.3
    chance = traders["bad"][who] * (0.5 + true_rate / 12) * np.where(burst, 1.6, 0.5)
    shell = (day - traders["since"][who] < 45) & (traders["since"][who] > 0)
    chance = np.where(shell & (traders["bad"][who] > 0.05), chance + 0.06, chance)
    cheats = rng.random(n) < np.minimum(chance * 0.85, 0.9)
    kind = np.where(rng.random(n) < 0.7, traders["scheme"][who], rng.integers(0, 4, n))
    kind = np.where(shell, 4, kind)
    small = (value * 1.1 > RELIEF) & (value < 6 * RELIEF)
    kind = np.where(small & (rng.random(n) < 0.3), 5, kind)
    scheme = np.where(cheats, kind, -1)
    sibling = product.copy()
    for line in np.flatnonzero(scheme == 1):
        heading = goods["code"][product[line]][:4]
        same = np.flatnonzero([c.startswith(heading) for c in goods["code"]])
        cheaper = same[goods["rate"][same] < goods["rate"][product[line]]]
        if len(cheaper):
            sibling[line] = rng.choice(cheaper)
        else:
            scheme[line] = 0
    owed = _due(value, true_rate)
    shown = value.copy()
    cut = rng.uniform(0.25, 0.75, n)
    shown = np.where((scheme == 0) | (scheme == 4), value * cut, shown)
    shown = np.where(scheme == 3, value * cut, shown)
    shown = np.where(scheme == 5, rng.uniform(0.86, 0.995, n) * RELIEF, shown)
    net_shown = np.where(scheme == 3, net * cut, net)
    departure = np.where(rng.random(n) < 0.1, rng.integers(0, 8, n), origin)
    lying = np.flatnonzero(goods["free"])
    false_origin = (scheme == 2) & ~claim & (len(lying) > 0)
    scheme = np.where((scheme == 2) & ~false_origin, 0, scheme)
    shown = np.where((scheme == 0) & (shown == value), value * cut, shown)
    origin_shown = np.where(false_origin, lying[rng.integers(0, max(len(lying), 1), n)], origin)
    claim_shown = claim | false_origin
    paid_rate = np.where(claim_shown, 0.0, goods["rate"][sibling])
    paid = np.where(shown <= RELIEF, 0.0, _due(shown, paid_rate))
    owed = np.where(value <= RELIEF, 0.0, owed)
    lost = np.where(scheme >= 0, np.maximum(owed - paid, 0.0), 0.0)
    scheme = np.where(lost > 1.0, scheme, -1)
    return pl.DataFrame(
        {
            "declaration_id": [f"W{i:07d}" for i in range(n)],
            "line": np.ones(n, int),
            "date": [str(FIRST + timedelta(days=int(d))) for d in day],
            "declarant": [f"B{b:04d}" for b in traders["broker"][who]],
            "importer": [f"T{w:05d}" for w in who],
            "importer_since": [str(FIRST + timedelta(days=int(d))) for d in traders["since"][who]],
            "seller": [f"S{s:05d}" for s in seller],
            "carrier": [f"K{c:02d}" for c in rng.integers(0, 30, n)],
            "office": np.where(air, "OFAIR", np.where(rng.random(n) < 0.6, "OFSEA", "OFLAND")),
            "departure": goods["origin"][departure],
            "transport_mode": np.where(air, "4", "1"),
            "procedure": np.full(n, "4000"),
            "hs_code": goods["code"][sibling],
            "description": np.full(n, ""),
            "origin": goods["origin"][origin_shown],
            "currency": np.full(n, "USD"),
            "customs_value": np.round(shown, 2),
            "net_mass_kg": np.round(net_shown, 3),
            "gross_mass_kg": np.round(net_shown * rng.uniform(1.03, 1.2, n), 3),
            "quantity": quantity,
            "quantity_unit": np.full(n, "C62"),
            "freight": np.round(np.where(air, 2.1, 0.3) * net * rng.lognormal(0, 0.45, n) + 9.0, 2),
            "insurance": np.round(shown * 0.005, 2),
            "preference": np.where(claim_shown, "FTA", ""),
            "declared_duty_rate": paid_rate,
            "scheme": np.where(scheme >= 0, np.array([*SCHEMES, ""])[scheme], ""),
            "lost": lost,
        }
    )


def _due(value: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Duty at that rate (percent), and the tax on value and duty."""
    duty = value * rate / 100
    return duty + (value + duty) * TAX / 100


def _inspect(rng: np.random.Generator, frame: pl.DataFrame, share: float) -> np.ndarray:
    """What a legacy profile would look at: cheap goods, two origins, one office, some chance."""
    price = (frame["customs_value"] / frame["net_mass_kg"]).log().to_numpy()
    chapter = frame["hs_code"].str.slice(0, 2).to_numpy()
    usual = {c: np.median(price[chapter == c]) for c in np.unique(chapter)}
    low = np.clip([usual[c] - p for c, p in zip(chapter, price)], -1, 2)
    listed = frame["origin"].is_in(["CN", "TH"]).to_numpy()
    air = (frame["office"] == "OFAIR").to_numpy()
    chance = np.exp(1.1 * np.asarray(low) + 0.8 * listed - 0.7 * air)
    chance *= (share - 0.01) / chance.mean()
    return rng.random(frame.height) < np.minimum(chance, 0.9) + 0.01


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--lines", type=int, default=40_000)
    asked.add_argument("--out", type=Path, required=True)
    given = asked.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    names = ("history.csv", "batch.csv", "truth.csv", "truth_of_history.csv")
    for name, frame in zip(names, make(given.seed, given.lines)):
        frame.write_csv(given.out / name)
    print(f"{given.out}: " + ", ".join(names))


if __name__ == "__main__":
    main()
