"""Tuple leakage: does a later line merely repeat an earlier one together with its label?

Generated and badly split data often tie a label to a handful of attributes that come again and
again. A model then looks brilliant by remembering. Two measurements tell: how often a later line
repeats an earlier tuple with the same label (against what chance would give), and how much of the
AUC is left when every earlier line with a tuple of the later ones is taken out of the history.
The comparison takes out as many lines at random, so that the loss is not that of a smaller history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import xgboost as xgb
from numpy.typing import NDArray

from tradelane.targeting import evaluation, features

TUPLE = ("hs_code", "departure", "origin", "duty_rate", "net_mass_kg")
"""What a line's tuple is; identities of people are left out, because these may repeat honestly."""

MOST_LINES = 20_000
LATER = 0.25
_REPEATS_FROM = 0.15
_EXCESS_FROM = 0.10
_DROP_FROM = 0.07
_FEWEST = 30


@dataclass(frozen=True, slots=True)
class Leakage:
    """The measurements and the verdict.

    repeats: share of later lines whose tuple was labelled before; same_label: share of these with
    the same label; by_chance: what that share would be if labels fell independently of tuples;
    auc: on later lines; auc_grouped: the same without their tuples; found: whether it leaks.
    """

    repeats: float
    same_label: float
    by_chance: float
    auc: float
    auc_grouped: float
    found: bool
    text: str


def detect(history: pl.DataFrame, *, seed: int = 0) -> Leakage:
    """Measure on a history's labelled lines (line columns, ``duty_rate``, outcomes).

    Needs at least 30 later lines of each kind; with fewer it finds nothing and says so.
    """
    labelled = history.filter(pl.col("fraud").is_not_null()).sort("date", maintain_order=True)
    labelled = labelled.tail(MOST_LINES).with_columns(tuple=pl.struct(TUPLE).rank("dense"))
    cut = round(labelled.height * (1.0 - LATER))
    before, after = labelled[:cut], labelled[cut:]
    wrong = after["fraud"].to_numpy().astype(bool)
    if min(int(wrong.sum()), int((~wrong).sum())) < _FEWEST or before["fraud"].n_unique() != 2:
        nan = float("nan")
        text = "Too few labelled lines to tell whether labels repeat with their tuples."
        return Leakage(nan, nan, nan, nan, nan, False, text)
    repeats, same, chance = _repetition(before, after)
    repeated = before["tuple"].is_in(after["tuple"].unique().implode()).to_numpy()
    kept = np.random.default_rng(seed).permutation(len(repeated)) < int((~repeated).sum())
    auc = _auc(before.filter(pl.Series(kept)), after, seed)
    grouped = _auc(before.filter(pl.Series(~repeated)), after, seed)
    found = (
        repeats >= _REPEATS_FROM
        and same - chance >= _EXCESS_FROM
        and not auc - grouped < _DROP_FROM
    )
    return Leakage(
        repeats,
        same,
        chance,
        auc,
        grouped,
        found,
        _text(repeats, same, chance, auc, grouped, found),
    )


def _repetition(before: pl.DataFrame, after: pl.DataFrame) -> tuple[float, float, float]:
    earlier = before.group_by("tuple").agg(share=pl.col("fraud").cast(pl.Float64).mean())
    met = after.join(earlier, on="tuple", how="inner").select("fraud", "share")
    if met.is_empty():
        return 0.0, float("nan"), float("nan")
    now, then = met["fraud"].to_numpy().astype(float), met["share"].to_numpy().round()
    same = float(np.mean(now == then))
    chance = float(now.mean() * then.mean() + (1 - now.mean()) * (1 - then.mean()))
    return met.height / after.height, same, chance


def _auc(before: pl.DataFrame, after: pl.DataFrame, seed: int) -> float:
    """The AUC on ``after`` of few trees trained on ``before`` with its features and no others."""
    if before["fraud"].n_unique() < 2:
        return 0.5
    past = features.build(before)
    train = _numbers(past, before)
    parameters: dict[str, Any] = {
        "objective": "binary:logistic",
        "max_depth": 4,
        "eta": 0.15,
        "subsample": 0.8,
        "colsample_bytree": 0.5,
        "nthread": 1,
        "seed": seed,
        "max_bin": 64,
    }
    data = xgb.QuantileDMatrix(
        train,
        before["fraud"].to_numpy().astype(float),
        max_bin=64,
        nthread=1,
    )
    booster = xgb.train(parameters, data, 40)
    scores = booster.predict(xgb.DMatrix(_numbers(past, after), nthread=1))
    return evaluation.auc(scores.astype(float), after["fraud"].to_numpy().astype(bool))


def _numbers(past: features.History, lines: pl.DataFrame) -> NDArray[np.float32]:
    return features.matrix(past.features(lines))


def _text(
    repeats: float, same: float, chance: float, auc: float, grouped: float, found: bool
) -> str:
    figures = (
        f"{repeats:.0%} of later lines repeat an earlier labelled tuple (code, departure, origin, "
        f"rate, mass), {same:.0%} of them with the same label (chance: {chance:.0%}); "
        f"AUC {auc:.2f} falls to {grouped:.2f} without these tuples."
        if repeats
        else f"No later line repeats an earlier labelled tuple; AUC {auc:.2f}."
    )
    verdict = (
        "Labels look leaked: quality figures on this data measure repetition, not detection skill."
        if found
        else "No sign that labels repeat with their tuples."
    )
    return f"{verdict} {figures}"
