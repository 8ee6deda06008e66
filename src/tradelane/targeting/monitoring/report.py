"""Everything that is watched of a model at one moment, from lines that somebody gathered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradelane.targeting.monitoring import drift, estimates
from tradelane.targeting.monitoring.groups import Group, groups
from tradelane.targeting.monitoring.model import Chosen, Estimate
from tradelane.targeting.monitoring.reference import PROBABILITY, Reference

MOST_SPANS = 8
"""A period is shown as at most so many spans of whole days."""
LATE_DAYS = 30
"""An outcome that is missing after so many days counts as missing, not as still to come."""


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What is known of a period.

    start, end: days, ``end`` not included; as_of: outcomes recorded after this day are not known;
    columns: of every line looked at (all, or an even sample of them) its features and probability,
    and in ``days`` the day it was filed; everybody: its traits, and whether it was selected;
    chosen: the lines that were selected; trained_on: the day the model was made, if known.
    """

    start: dt.date
    end: dt.date
    as_of: dt.date
    reference: Reference | None
    columns: Mapping[str, NDArray[np.floating[Any]]]
    days: NDArray[np.int64]
    everybody: Sequence[tuple[Mapping[str, str], bool]]
    chosen: Sequence[Chosen]
    trained_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Some days of the period: the estimate for its lines, and how far its scores moved."""

    first: dt.date
    last: dt.date
    lines: int
    population: estimates.Population
    scores: drift.Drift | None


@dataclass(frozen=True, slots=True)
class Labelling:
    """How many of an office's selected lines have an outcome; ``late``: without one after
    `LATE_DAYS`; of ``due`` lines, all that were selected longer ago or have an outcome."""

    office: str
    selected: int
    known: int
    due: int
    late: int
    median_days: int | None
    """Half of the outcomes came within so many days after receipt."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """See `Gathered`; lists are empty and estimates None where nothing can be said."""

    start: dt.date
    end: dt.date
    as_of: dt.date
    lines: int
    has_reference: bool
    trained_on: dt.date | None
    drifts: Sequence[drift.Drift]
    unseen: Sequence[drift.Unseen]
    population: estimates.Population
    spans: Sequence[Span]
    hit_rates: Sequence[estimates.HitRate]
    lift: Estimate | None
    calibration: Sequence[estimates.Bin]
    surprise: tuple[float, int, float] | None
    revenue: Sequence[estimates.Bin]
    revenue_whole: estimates.Bin | None
    labelling: Sequence[Labelling]
    """Of every office, the one with the most late outcomes first; ``all`` is the first of all."""
    groups: Sequence[Group] = field(default=())

    @property
    def scores(self) -> drift.Drift | None:
        """How far the probability moved."""
        return next((one for one in self.drifts if one.name == PROBABILITY), None)

    @property
    def last(self) -> dt.date:
        """The last day of the period."""
        return self.end - dt.timedelta(days=1)


def report(gathered: Gathered) -> Report:
    """Every figure of a period."""
    chosen, reference = gathered.chosen, gathered.reference
    rates = estimates.hit_rates(chosen)
    by_kind = {rate.selected_by: rate for rate in rates}
    return Report(
        start=gathered.start,
        end=gathered.end,
        as_of=gathered.as_of,
        lines=len(gathered.days),
        has_reference=reference is not None,
        trained_on=gathered.trained_on,
        drifts=[] if reference is None else drift.compare(reference, gathered.columns),
        unseen=[] if reference is None else drift.unseen(reference, gathered.columns),
        population=estimates.population(chosen),
        spans=_spans(gathered),
        hit_rates=rates,
        lift=estimates.lift(estimates.targeted(rates), by_kind["random"].rate),
        calibration=estimates.calibration(chosen),
        surprise=estimates.surprise(chosen),
        revenue=estimates.revenue_bins(chosen),
        revenue_whole=estimates.revenue_whole(chosen),
        labelling=_labelling(chosen),
        groups=groups(gathered.everybody, chosen),
    )


def _spans(gathered: Gathered) -> list[Span]:
    days = (gathered.end - gathered.start).days
    length = -(-days // MOST_SPANS)
    found = []
    for first in range(0, days, length):
        start = gathered.start + dt.timedelta(days=first)
        end = min(start + dt.timedelta(days=length), gathered.end)
        within = (gathered.days >= _number(start)) & (gathered.days < _number(end))
        mine = [line for line in gathered.chosen if start <= line.day < end]
        scores = None
        if gathered.reference is not None and PROBABILITY in gathered.columns:
            then = gathered.reference.features.get(PROBABILITY)
            values = gathered.columns[PROBABILITY][within]
            if then is not None and len(values):
                scores = drift.of_feature(PROBABILITY, then, values)
        found.append(
            Span(
                start,
                end - dt.timedelta(days=1),
                int(within.sum()),
                estimates.population(mine),
                scores,
            )
        )
    return found


def _number(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days


def _labelling(chosen: Sequence[Chosen]) -> list[Labelling]:
    offices = sorted({line.traits.get("office", "") for line in chosen})
    each = [
        _labelled(office, [line for line in chosen if line.traits.get("office", "") == office])
        for office in offices
    ]
    each.sort(key=lambda one: (-one.late, one.office))
    return [_labelled("all", chosen), *each] if chosen else []


def _labelled(office: str, lines: Sequence[Chosen]) -> Labelling:
    known = [line for line in lines if line.wrong is not None]
    waited = sorted(line.days_waited for line in known if line.days_waited is not None)
    late = sum(line.wrong is None and (line.days_waited or 0) > LATE_DAYS for line in lines)
    median = waited[(len(waited) - 1) // 2] if waited else None
    return Labelling(office, len(lines), len(known), len(known) + late, late, median)
