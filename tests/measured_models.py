"""A candidate whose quality was measured on enough lines for every picture of its page."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from tradelane.kit import canonical
from tradelane.platform import Tradelane
from tradelane.targeting import quality
from tradelane.targeting.model import Dial


def publish_measured(lane: Tradelane, seed: int = 7) -> str:
    """A candidate with a measured quality; its short name."""
    registry = lane.registry
    [manifest] = [m for m in registry.manifests("targeting") if m["seed"] == 0]
    files = dict(registry.load(manifest["digest"]).files)
    files["quality.json"] = canonical.encode(quality.summary(forward(seed), Dial(typical=400.0)))
    about = {
        k: v for k, v in manifest.items() if k not in ("digest", "created_at", "files", "name")
    }
    about |= {"seed": seed}
    about["metrics"] = {**manifest["metrics"], "forward_auc": f"0.80{seed % 10}"}
    ref = registry.publish("targeting", files, about)
    return ref.digest.removeprefix("sha256:")[:12]


def forward(seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    lines = 3000
    probability = random.beta(0.6, 8.0, lines)
    wrong = random.random(lines) < probability
    amount = random.lognormal(6.0, 1.0, lines)
    return pl.DataFrame(
        {
            "date": [dt.date(2026, 1, 1) + dt.timedelta(int(d)) for d in np.arange(lines) % 180],
            "office": random.choice(["PMSEA", "PMAIR"], lines),
            "hs2": [f"{n:02}" for n in random.integers(1, 60, lines)],
            "preference": random.choice(["", "FTA"], lines),
            "fraud": wrong,
            "revenue_recovered": np.where(wrong, amount, 0.0),
            "probability": probability,
            "revenue_if_wrong": amount,
            "expected_revenue": probability * amount,
            "weight": np.ones(lines),
        }
    )
