"""How good suggestions are on descriptions whose code is known."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tradelane.classification import calibration
from tradelane.classification.asked import ask
from tradelane.classification.editions import meant
from tradelane.classification.precedents import followed
from tradelane.classification.reading import Row
from tradelane.classification.service import Classification
from tradelane.classification.words import key

RESAMPLED = 1_000
_TIMED = 200


@dataclass(frozen=True)
class Report:
    """Figures by name, each a line for people: value, and where resampled its 95 % interval."""

    rows: int
    lines: tuple[tuple[str, str], ...]


def evaluate(classification: Classification, gold: Sequence[Row], seed: int = 0) -> Report:
    """Top-1, 3, 5 of subheading and heading, calibration, risk by coverage, latency, memory.

    Codes of older editions are mapped with the tables that were loaded; where none says what became
    of one, its description is left out, and that is said. So is how many of the descriptions were
    learned from: figures on these flatter.
    """
    engine = classification.engine
    given = len(gold)
    gold = _of_today(classification, gold, engine.known.wordings.index)
    if not gold:
        return Report(0, (("codes not in HS 2022", f"{given:,} left out"),))
    began = time.perf_counter()
    asked = [ask(row.text, engine.known.facets) for row in gold]
    weighed = [followed(engine.known, one, engine.lessons) for one in engine.weigh(asked)]
    seconds = time.perf_counter() - began
    codes = engine.known.wordings.codes
    hits: dict[str, list[bool]] = {}
    sure: list[float] = []
    for row, one in zip(gold, weighed, strict=True):
        six = [codes[place] for place in one.places]
        four = [heading for heading, _p in one.headings]
        if len(row.code) >= 6:
            sure.append(float(one.probabilities[0]))
        for top in (1, 3, 5, 100):
            if len(row.code) >= 6:
                hits.setdefault(f"HS6 top-{top}", []).append(row.code[:6] in six[:top])
            if top <= 5:
                hits.setdefault(f"HS4 top-{top}", []).append(row.code[:4] in four[:top])
    lines = [
        (f"{level} top-{top}", _interval(np.array(hits[f"{level} top-{top}"]), seed))
        for level in ("HS6", "HS4")
        for top in (1, 3, 5, 100)
        if f"{level} top-{top}" in hits
    ]
    if len(gold) < given:
        lines.insert(0, ("codes not in HS 2022", f"{given - len(gold):,} left out"))
    learned = {key(example.text) for example in classification.library.examples()}
    seen = sum(key(row.text) in learned for row in gold)
    if seen:
        lines.insert(0, ("learned from before", f"{seen:,}: figures on these flatter"))
    right = np.array(hits.get("HS6 top-1", []), dtype=bool)
    if sure:
        p = np.array(sure)
        lines.append(("calibration error", f"{calibration.errors(p, list(right)):.3f}"))
        order = np.argsort(-p, kind="stable")
        for share in (0.1, 0.3, 0.5, 0.8):
            some = order[: max(1, int(share * len(order)))]
            lines.append((f"right of the surest {share:.0%}", f"{right[some].mean():.1%}"))
    lines += _speed(classification, gold, seconds)
    return Report(len(gold), tuple(lines))


def _of_today(
    classification: Classification, gold: Sequence[Row], known: Collection[str]
) -> list[Row]:
    newer = classification.library.newer()
    headings = {code[:4] for code in known}
    found = (replace(row, code=meant(row.code, known, newer)) for row in gold)
    return [row for row in found if row.code[:4] in headings]


def _interval(right: NDArray[np.bool_], seed: int) -> str:
    random = np.random.default_rng(seed)
    drawn = right[random.integers(0, len(right), (RESAMPLED, len(right)))].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return f"{right.mean():.1%} ({low:.1%} to {high:.1%})"


def _speed(
    classification: Classification, gold: Sequence[Row], seconds: float
) -> list[tuple[str, str]]:
    times = []
    for row in gold[:_TIMED]:
        began = time.perf_counter()
        classification.suggest(row.text)
        times.append(time.perf_counter() - began)
    return [
        ("p95 of a query", f"{1000 * float(np.quantile(times, 0.95)):.1f} ms"),
        ("lines a second in batch", f"{len(gold) / max(seconds, 1e-9):,.0f}"),
        ("memory at most", f"{_memory():,.0f} MB"),
    ]


def _memory() -> float:
    if sys.platform == "win32":
        return float("nan")
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most) / (1024 * 1024 if sys.platform == "darwin" else 1024)
