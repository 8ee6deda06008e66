"""A model watched at work: what it was given, what it chose, what officers made of it.

Everything is read from what is kept anyway: declarations, selections with their propensities, cases
and findings. Where a period has more than can be looked at while somebody waits, an even sample is:
of declarations for what traffic looks like, of cases for what was found.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tradelane.inspections.oversight import ChosenCase, Following, checked_period
from tradelane.journeys.tables import scoring_table
from tradelane.journeys.text_against_code import Told, kept_told, with_told
from tradelane.journeys.workshop import Workshop
from tradelane.kit.clock import read_stamp
from tradelane.targeting.monitoring.alarms import Alarm, alarms, in_a_sentence
from tradelane.targeting.monitoring.figures import Table, tables
from tradelane.targeting.monitoring.model import Chosen
from tradelane.targeting.monitoring.reference import Reference, reference_of
from tradelane.targeting.monitoring.report import Gathered, Report, report
from tradelane.targeting.monitoring.traits import traits_of
from tradelane.targeting.service import asks_classifier
from tradelane.trade.table import subject_of

if TYPE_CHECKING:
    from tradelane.declarations.model import Kept
    from tradelane.journeys.intake import Intake
    from tradelane.targeting.monitoring.model import SelectedLine

DAYS = 28
"""How many days are watched where nobody asks for others."""
MOST_SAMPLED = 1_500
"""Declarations that are held against the model's reference."""
MOST_CASES = 4_000
"""Cases whose findings are looked at."""
FEWEST_OFFICERS = 3
FEWEST_DECISIONS = 20
"""Of fewer officers or decisions nothing is told, so that no figure is about a person."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """A period of an office (or '': all). ``model`` is what decides now; ``sampled`` says of how
    many cases each that was looked at stands for one."""

    office: str
    model: str
    sampled: int
    report: Report
    following: tuple[Following, ...]

    @property
    def alarms(self) -> list[Alarm]:
        """What to act on, first of all."""
        return [*alarms(self.report), *_of_people(self.following)]

    @property
    def state(self) -> str:
        """In one sentence."""
        return in_a_sentence(self.alarms, self.report)

    @property
    def tables(self) -> list[Table]:
        """Every figure, with its definition."""
        found = [one for one in tables(self.report) if one.name != "alarms"]
        rows = tuple((a.code, a.level, a.sentence, a.to_do) for a in self.alarms)
        about = next(one for one in tables(self.report) if one.name == "alarms")
        first = Table(about.name, about.title, about.unit, about.definition, about.columns, rows)
        return [first, *found, _following_table(self.following)]


def watched_period(shop: Workshop, tx: Any) -> tuple[dt.date, dt.date]:
    """The last `DAYS` days up to the latest declaration (up to today where there is none)."""
    last = shop.declarations.last_received(tx) or shop.clock.now().date()
    end = last + dt.timedelta(days=1)
    return end - dt.timedelta(days=DAYS), end


def watch(
    shop: Workshop,
    intake: Intake,
    start: dt.date,
    end: dt.date,
    office: str = "",
    as_of: dt.date | None = None,
) -> Watch:
    """What there is to say of the days from ``start`` until before ``end`` (UTC), by receipt.

    intake: whose model is watched. as_of: outcomes recorded after this day are not known; today by
    default. Errors: InputRefused ``inspections.period``.
    """
    checked_period(start, end)
    known_on = as_of or shop.clock.now().date()
    trained = intake.online.trained
    with shop.database.read() as tx:
        kept = _sample(shop, tx, start, end, office)
        told = kept_told(shop, tx, kept) if asks_classifier(trained.manifest) else None
        cases, sampled = shop.oversight.chosen(
            tx, start, end, office, as_of=known_on, most=MOST_CASES
        )
        keys = [(case.declarant, case.reference, case.version) for case in cases]
        contents = shop.declarations.find_versions(tx, keys)
        subjects = [
            subject_of(one.declaration, line)
            for one in (*kept, *contents)
            for line in one.declaration.lines
        ]
        selected = shop.watched.selected(tx, sorted(set(subjects)))
        following = tuple(shop.oversight.following(tx, start, end, office))
    gathered = _gathered(shop, intake, kept, told, selected, start=start, end=end, as_of=known_on)
    known = _importers(trained)
    chosen = _chosen(cases, contents, selected, known, known_on)
    return Watch(
        office=office,
        model=str(trained.ref),
        sampled=sampled,
        report=report(replace(gathered, chosen=chosen)),
        following=following,
    )


def _gathered(
    shop: Workshop,
    intake: Intake,
    kept: Sequence[Kept],
    told: Sequence[Told | None] | None,
    selected: Mapping[str, SelectedLine],
    **period: dt.date,
) -> Gathered:
    """What is known of the lines that came; those that were chosen are still to be added."""
    trained = intake.online.trained
    lines = scoring_table([one.declaration for one in kept], intake.duties)
    if told is not None:
        lines = with_told(lines, told)
    known = _importers(trained)
    days = [_day(one.received_at) for one in kept for _ in one.declaration.lines]
    return Gathered(
        **period,
        reference=_reference(shop.registry, intake.model_digest),
        columns=_columns(trained, lines),
        days=np.array([(day - dt.date(1970, 1, 1)).days for day in days], np.int64),
        everybody=[
            (traits_of(row, known), row["subject"] in selected)
            for row in lines.iter_rows(named=True)
        ],
        chosen=(),
        trained_on=_day(str(trained.manifest["created_at"])),
    )


def _sample(shop: Workshop, tx: Any, start: dt.date, end: dt.date, office: str) -> list[Kept]:
    # A declaration is not kept by office: of one office more are read, and the others left out.
    if not office:
        return shop.declarations.sample(tx, start, end, MOST_SAMPLED)
    found = [
        one
        for one in shop.declarations.sample(tx, start, end, 5 * MOST_SAMPLED)
        if one.declaration.office == office
    ]
    return found[:: max(1, -(-len(found) // MOST_SAMPLED))]


def _chosen(
    cases: Sequence[ChosenCase],
    contents: Sequence[Kept],
    selected: Mapping[str, SelectedLine],
    lines_of: Mapping[str, int],
    as_of: dt.date,
) -> list[Chosen]:
    """The selected lines of cases; what else was inspected with them was not selected, and nothing
    can be learned from it of lines that are like it."""
    by_key = {(*one.declaration.key, one.version): one for one in contents}
    found = []
    for case in cases:
        kept = by_key.get((case.declarant, case.reference, case.version))
        if kept is None:
            continue
        outcomes = {one.line: one for one in case.found}
        received = _day(case.received_at)
        for line in kept.declaration.lines:
            mine = selected.get(subject_of(kept.declaration, line))
            if mine is None:
                continue
            outcome = outcomes.get(line.number)
            end = as_of if outcome is None else _day(outcome.at)
            row = {
                "office": kept.declaration.office,
                "origin": line.origin,
                "hs_code": line.hs_code,
                "importer": kept.declaration.importer,
                "importer_since": kept.declaration.importer_since,
                "date": kept.declaration.date,
            }
            found.append(
                Chosen(
                    day=received,
                    selected_by=mine.selected_by,
                    propensity=mine.propensity,
                    probability=mine.probability,
                    expected=mine.expected_revenue,
                    wrong=None if outcome is None else outcome.wrong,
                    revenue=None if outcome is None else outcome.revenue,
                    days_waited=max(0, (end - received).days),
                    traits=traits_of(row, lines_of),
                )
            )
    return found


@lru_cache(8)
def _reference(registry: Any, digest: str) -> Reference | None:
    # A published model never changes, and reading it again reads its whole history.
    return reference_of(registry, digest)


def _columns(trained: Any, lines: Any) -> dict[str, Any]:
    from tradelane.targeting.monitoring.files import columns_of

    return columns_of(trained, lines)


def _importers(trained: Any) -> dict[str, int]:
    from tradelane.targeting.monitoring.files import lines_by_importer

    return lines_by_importer(trained)


def _day(stamp: str) -> dt.date:
    return read_stamp(stamp).date()


# ---------------------------------------------------------------- people

MOST_UNOPENED = 0.2
"""Share of recommendations that may be followed without opening the case."""

_FOLLOWING = (
    "People and recommendations",
    "first decisions of cases; shares, 0 to 1",
    "By office: first decisions, the share against the recommendation, the share taken without "
    "opening the case's page, and of those that followed the recommendation the shares taken "
    "without opening it and within 10 seconds of opening it. Offices with fewer than "
    f"{FEWEST_OFFICERS} officers or {FEWEST_DECISIONS} decisions are told together, with the "
    "smallest of the others where they are too few even so: these figures are about habits, not "
    "about persons.",
)


def _of_people(following: Sequence[Following]) -> list[Alarm]:
    decisions = sum(one.decisions for one in following)
    followed = decisions - sum(one.against for one in following)
    blind = sum(one.followed_unopened + one.quick for one in following)
    if decisions < FEWEST_DECISIONS or not followed or blind / followed <= MOST_UNOPENED:
        return []
    return [
        Alarm(
            "FOLLOWED_UNREAD",
            "look",
            f"{blind} of {followed} recommendations were followed without opening the case, or "
            "within 10 seconds of it.",
            "Ask the teams why: too many cases for the time there is, reasons that say nothing, or "
            "habit. Do not ask who it was.",
        )
    ]


def _following_table(following: Sequence[Following]) -> Table:
    large, small = _told_apart(following)
    rows = [_following_row(one.office, [one]) for one in large]
    if _tellable(small):
        rows.append(_following_row("all smaller ones" if large else "all", small))
    if len(rows) > 1:
        rows.append(_following_row("all", following))
    columns = ("office", "decisions", "against", "unopened", "followed_unopened", "quick")
    return Table("following", *_FOLLOWING, columns, tuple(rows))


def _told_apart(following: Sequence[Following]) -> tuple[list[Following], list[Following]]:
    """The offices that are told of by name, and those that are told together.

    Where the small ones are too few even together, the smallest of the others joins them: what is
    left out could otherwise be had by subtraction."""
    large = [one for one in following if _tellable([one])]
    small = [one for one in following if one not in large]
    large.sort(key=lambda one: one.decisions)
    while small and large and not _tellable(small):
        small.append(large.pop(0))
    return [one for one in following if one in large], small


def _tellable(offices: Sequence[Following]) -> bool:
    return (
        sum(one.officers for one in offices) >= FEWEST_OFFICERS
        and sum(one.decisions for one in offices) >= FEWEST_DECISIONS
    )


def _following_row(name: str, parts: Sequence[Following]) -> tuple[Any, ...]:
    decisions = sum(one.decisions for one in parts)
    against = sum(one.against for one in parts)
    followed = decisions - against
    return (
        name,
        decisions,
        round(against / decisions, 4),
        round(sum(one.unopened for one in parts) / decisions, 4),
        round(sum(one.followed_unopened for one in parts) / followed, 4) if followed else None,
        round(sum(one.quick for one in parts) / followed, 4) if followed else None,
    )
