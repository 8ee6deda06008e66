"""The week as a supervisor reads it: the figures of cases, and beside them what has no case.

Every figure comes with its definition and unit, as one table that pages show and downloads carry.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tradelane.correspondence.model import Message
from tradelane.inspections.figures import Definition, Figures
from tradelane.inspections.oversight import WaitingSince, checked_period
from tradelane.journeys.casework import Officer, assign
from tradelane.journeys.record import NotFound
from tradelane.journeys.workshop import Workshop
from tradelane.kit.errors import InputRefused, Problem

DAYS = 7
"""How many days are shown where nobody asks for others."""
MOST_OVERDUE = 100
AGES = ((0, "today"), (1, "1 day"), (3, "2 to 3 days"), (7, "4 to 7 days"))
"""The longest age of each group in days; what is older is in the last group."""
OLDER = "over 7 days"

MORE_DEFINITIONS: Mapping[str, Definition] = {
    "routed": Definition(
        "Declarations by lane and day",
        "declarations",
        "Every version of a declaration that was received on the day (UTC), from a file or one by "
        "one, by the lane of its strictest line: red and yellow as their cases say, green all "
        "others. It covers amended and withdrawn versions. Of one office only red and yellow are "
        "counted, because a declaration without a case is not kept by office. While a file is "
        "still being cleared, its lines count as green until their cases are open.",
    ),
    "waiting": Definition(
        "Waiting cases by age",
        "cases",
        "Cases that nobody has ended yet, now, whatever the period, by state and by the whole days "
        "since their declaration was received.",
    ),
    "overdue": Definition(
        "Overdue messages",
        "messages",
        "Requests to declarants whose deadline has passed without an answer, now, whatever the "
        f"period; at most {MOST_OVERDUE}, longest overdue first.",
    ),
}
"""The figures that are not in `inspections.figures.DEFINITIONS`."""


@dataclass(frozen=True, slots=True)
class RoutedDay:
    """Declarations received on a day, by lane; green is None where it is not known."""

    day: dt.date
    red: int
    yellow: int
    green: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A period as one office (or '': all) has had it. ``end`` is not part of it.

    logins: of officers by user id; empty for readers who are not told names.
    """

    start: dt.date
    end: dt.date
    office: str
    today: dt.date
    figures: Figures
    routed: tuple[RoutedDay, ...]
    waiting: tuple[WaitingSince, ...]
    overdue: tuple[Message, ...]
    logins: Mapping[int, str]

    @property
    def last(self) -> dt.date:
        """The last day of the period."""
        return self.end - dt.timedelta(days=1)

    @property
    def comparison(self) -> str:
        """What the hit rates of targeted and random inspections allow to be said: ``none`` where
        one of them has no inspections, ``better`` or ``worse`` where their intervals do not
        overlap, else ``open``."""
        rates = {rate.selected_by: rate for rate in self.figures.hit_rates}
        targeted, random = rates["targeted"], rates["random"]
        if not targeted.inspected or not random.inspected:
            return "none"
        if (targeted.low or 0.0) > (random.high or 0.0):
            return "better"
        return "worse" if (targeted.high or 0.0) < (random.low or 0.0) else "open"

    @property
    def by_age(self) -> list[tuple[str, str, int]]:
        """State, age group and number of cases that wait, youngest first."""
        found: dict[tuple[str, int], int] = defaultdict(int)
        for item in self.waiting:
            found[str(item.state), _age_group((self.today - item.day).days)] += item.cases
        names = [name for _, name in AGES] + [OLDER]
        return [(state, names[group], n) for (state, group), n in sorted(found.items())]


def default_period(shop: Workshop, tx: Any) -> tuple[dt.date, dt.date]:
    """The last `DAYS` days up to the latest activity (up to today where there was none)."""
    active = (shop.declarations.last_received(tx), shop.oversight.last_active(tx))
    last = max((day for day in active if day is not None), default=shop.clock.now().date())
    end = last + dt.timedelta(days=1)
    return end - dt.timedelta(days=DAYS), end


def read_week(
    shop: Workshop,
    tx: Any,
    start: dt.date,
    end: dt.date,
    office: str = "",
    logins: Mapping[int, str] | None = None,
) -> Week:
    """The period from ``start`` until before ``end`` (UTC days) of an office, '' for all.

    Errors: InputRefused ``inspections.period``.
    """
    checked_period(start, end)
    today = shop.clock.now().date()
    return Week(
        start=start,
        end=end,
        office=office,
        today=today,
        figures=shop.inspections.figures(tx, start, end, office),
        routed=tuple(_routed(shop, tx, start, end, office)),
        waiting=tuple(shop.oversight.waiting(tx, office)),
        overdue=tuple(shop.correspondence.overdue(tx, today, office, MOST_OVERDUE)),
        logins=logins or {},
    )


def hand_over(
    shop: Workshop, case_ids: Sequence[int], to: Officer, office: str, by: Officer, mine: str
) -> None:
    """Give cases to another officer. ``office``: whose cases that officer sees ('' for all);
    ``mine``: the same of whoever gives.

    Errors: InputRefused ``oversight.no_case`` where none is named, ``oversight.other_office`` for
    cases that the officer would not see, and those of `Inspections.assign`; NotFound for cases
    that whoever gives does not see.
    """
    if not case_ids:
        raise InputRefused(
            Problem(
                "oversight.no_case",
                "No case is chosen.",
                pointer="/case",
                hint="Tick at least one.",
            )
        )
    with shop.database.read() as tx:
        cases = [shop.inspections.get(tx, case_id) for case_id in case_ids]
    for case in cases:
        if mine and case.office != mine:
            raise NotFound(Problem("inspections.not_found", f"There is no case {case.id}."))
    elsewhere = sorted({case.office for case in cases if office and case.office != office})
    if elsewhere:
        raise InputRefused(
            Problem(
                "oversight.other_office",
                f"{to.login} sees the cases of {office} only, and these are of "
                f"{', '.join(elsewhere)}.",
                pointer="/to",
                hint="Choose an officer of that office or of every office.",
            )
        )
    assign(shop, case_ids, to, by)


def _routed(shop: Workshop, tx: Any, start: dt.date, end: dt.date, office: str) -> list[RoutedDay]:
    received = {} if office else dict(shop.declarations.received_by_day(tx, start, end))
    cases: dict[dt.date, dict[str, int]] = defaultdict(dict)
    for day, lane, count in shop.oversight.received(tx, start, end, office):
        cases[day][lane] = count
    found = []
    for number in range((end - start).days):
        day = start + dt.timedelta(days=number)
        red, yellow = cases[day].get("red", 0), cases[day].get("yellow", 0)
        # A declaration and its case are kept some microseconds apart: at midnight never below 0.
        green = None if office else max(0, received.get(day, 0) - red - yellow)
        found.append(RoutedDay(day, red, yellow, green))
    return found


def _age_group(days: int) -> int:
    return next((place for place, (most, _) in enumerate(AGES) if days <= most), len(AGES))
