"""Whether lines still look like those that the model was made from.

The measure is the population stability index over the bins of the model's reference, one more bin
holding the lines without a value: ``sum((now - then) * ln(now / then))``. It is zero where nothing
changed, and grows by chance alone with fewer lines: where nothing changed it is about a chi-squared
variable with one degree of freedom less than there are bins, times ``1/lines now + 1/lines then``
(Yurdakul and Naranjo, 2020, Journal of Risk Model Validation 14(4)). So a feature is only said to
have moved where the index is large *and* larger than chance makes it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradelane.targeting.catalogue import ENTITIES, MEASURES, RECORD_PARTS
from tradelane.targeting.monitoring.reference import Distribution, Reference

STEADY, AGED, MOVED, FAR = "steady", "aged", "moved", "far"
RECORDS = frozenset(
    {f"{entity.name}_{part}" for entity in ENTITIES for part in (*RECORD_PARTS, "busy")}
    | {f"{measure.name}_peers" for measure in MEASURES}
    | {"importer_registered"}
)
"""Features that are counted in the history, or in days until now. They move although nothing
changed: the history grows until the model is made and stands still after, and its latest outcomes
are older every day. Where they moved they are ``aged``, which says how old the model is and raises
no alarm."""
LIMITS = {MOVED: 0.1, FAR: 0.25}
"""Under the first an index is usually taken for no change, over the second for a large one."""
FEWEST = 200
"""Fewer lines than this are not compared with a reference."""
_ONCE_IN_A_THOUSAND = 3.090232
"""The normal quantile that an index must exceed: with a hundred features one false alarm in ten
comparisons, where one in twenty each would raise five every time."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A feature now and at training.

    index: the population stability index; chance: what an index exceeds once in a thousand times
    where nothing changed; missing: share of lines without value, then and now; level: ``steady``,
    ``moved``, ``far``, or ``aged`` for those of `RECORDS`.
    """

    name: str
    index: float
    chance: float
    missing_then: float
    missing_now: float
    level: str


@dataclass(frozen=True, slots=True)
class Unseen:
    """Share of lines whose importer, seller, ... the history does not know, then and now."""

    entity: str
    then: float
    now: float


def compare(reference: Reference, columns: Mapping[str, NDArray[np.floating[Any]]]) -> list[Drift]:
    """Every feature that both have, the one that moved furthest beyond chance first."""
    found = [
        of_feature(name, one, columns[name])
        for name, one in reference.features.items()
        if name in columns and one.lines
    ]
    return sorted(found, key=lambda item: (-_ORDER[item.level], -item.index, item.name))


def of_feature(name: str, then: Distribution, values: NDArray[np.floating[Any]]) -> Drift:
    """One feature; ``values`` has one number a line, NaN where absent.

    >>> before = Distribution((1.0,), (500, 500), 0, 0)
    >>> of_feature("a", before, np.array([1.0] * 500 + [2.0] * 500)).level
    'steady'
    >>> moved = of_feature("a", before, np.array([1.0] * 900 + [2.0] * 100))
    >>> round(moved.index, 2), moved.level
    (0.88, 'far')
    """
    counts, missing = then.count(values)
    before, now = [*then.counts, then.missing], [*counts, missing]
    used = [(b, n) for b, n in zip(before, now, strict=True) if b or n]
    index = stability_index([b for b, _ in used], [n for _, n in used])
    chance = _chi_squared(len(used) - 1) * (1 / then.lines + 1 / max(len(values), 1))
    level = STEADY
    if len(values) >= FEWEST and index > chance:
        level = next((name for name in (FAR, MOVED) if index >= LIMITS[name]), STEADY)
        if level != STEADY and name in RECORDS:
            level = AGED
    return Drift(
        name, index, chance, then.missing / then.lines, missing / max(len(values), 1), level
    )


def stability_index(then: Sequence[int], now: Sequence[int]) -> float:
    """The population stability index of two counts over the same bins. Half a line is added to
    each bin, so that an empty one does not make it infinite.

    >>> round(stability_index([50, 50], [50, 50]), 6), round(stability_index([90, 10], [50, 50]), 2)
    (0.0, 0.85)
    """
    before = np.array(then, np.float64) + 0.5
    after = np.array(now, np.float64) + 0.5
    p, q = before / before.sum(), after / after.sum()
    return float(np.sum((q - p) * np.log(q / p)))


def unseen(reference: Reference, columns: Mapping[str, NDArray[np.floating[Any]]]) -> list[Unseen]:
    """Of each entity with a record, the share of lines that have none."""
    found = []
    for entity in ENTITIES:
        name = f"{entity.name}_lines"
        then = reference.features.get(name)
        if then is None or name not in columns or not then.lines or not len(columns[name]):
            continue
        now = columns[name]
        none = float(np.mean(np.isnan(now) | (now <= 0)))
        found.append(Unseen(entity.name, (then.zeros + then.missing) / then.lines, none))
    return found


_ORDER = {STEADY: 0, AGED: 1, MOVED: 2, FAR: 3}


def _chi_squared(degrees: int) -> float:
    """The quantile that a chi-squared variable exceeds once in a thousand times (Wilson and
    Hilferty, 1931; 2 % too high at 2 degrees of freedom, less from there on).

    >>> round(_chi_squared(10), 1)
    29.8
    """
    if degrees < 1:
        return 0.0
    part = 2 / (9 * degrees)
    return degrees * (1 - part + _ONCE_IN_A_THOUSAND * math.sqrt(part)) ** 3
