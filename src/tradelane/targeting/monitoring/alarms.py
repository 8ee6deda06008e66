"""What should make somebody act: each alarm with its figures, and what to do about it.

An alarm is raised where a figure is bad *and* its interval says that chance does not explain it;
only where too little is known to tell, that itself is the alarm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tradelane.targeting.monitoring import drift, estimates
from tradelane.targeting.monitoring.groups import NOT_BORNE_OUT, SMALL, UNDER
from tradelane.targeting.monitoring.report import LATE_DAYS, Report

ACT, LOOK = "act", "look"
"""Something should be done now; somebody should find out why."""

OLD_DAYS = 180
"""A model older than this has not seen half a year of what comes."""
MOST_LATE = 0.2
"""Share of outcomes that may be missing before figures rest on the rest."""
SLOW_DAYS = 21
"""Half of the outcomes should come within so many days."""
MOST_UNSEEN = 0.2
"""Rise of the share of importers, sellers, ... that the history does not know."""
FURTHEST = 0.2
"""Recovered revenue should be within this share of what was expected."""
MANY = 3.29
"""Standard deviations that chance exceeds once in a thousand times."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """``code`` is stable, for programs; ``level`` is ``act`` or ``look``."""

    code: str
    level: str
    sentence: str
    to_do: str


def alarms(report: Report) -> list[Alarm]:
    """Every alarm of a report, those to act on first."""
    found = [
        *_inputs(report),
        *_scores(report),
        *_outcomes(report),
        *_promises(report),
        *_people(report),
        *_age(report),
    ]
    return sorted(found, key=lambda alarm: alarm.level != ACT)


def in_a_sentence(found: Iterable[Alarm], report: Report) -> str:
    """The state in one sentence."""
    found = list(found)
    act = sum(alarm.level == ACT for alarm in found)
    if not report.lines and not report.population.selected:
        return "Nothing to watch: no line of this period is known."
    if act:
        return (
            f"{act} of {len(found)} alarms need something to be done."
            if len(found) > act
            else (f"{act} {'alarm needs' if act == 1 else 'alarms need'} something to be done.")
        )
    if found:
        count = f"{len(found)} {'thing' if len(found) == 1 else 'things'}"
        return f"Nothing is broken; {count} should be looked at."
    return "All is as it was when the model was made, as far as the inspected lines can tell."


def _inputs(report: Report) -> Iterator[Alarm]:
    if not report.has_reference:
        yield Alarm(
            "NO_REFERENCE",
            LOOK,
            "This model does not keep how its features were distributed, so drift is not known.",
            "Train it again with this version of Tradelane.",
        )
        return
    if report.lines < drift.FEWEST:
        yield Alarm(
            "FEW_LINES",
            LOOK,
            f"Only {report.lines} lines are known of this period; {drift.FEWEST} are needed to "
            "compare them with the model's own.",
            "Look at a longer period or at every office.",
        )
        return
    yield from _features([one for one in report.drifts if one is not report.scores])
    yield from _unseen(report.unseen)


def _features(features: Sequence[drift.Drift]) -> Iterator[Alarm]:
    gone = [one for one in features if one.missing_now > one.missing_then + 0.1 and _moved(one)]
    if gone:
        first = max(gone, key=lambda one: one.missing_now - one.missing_then)
        yield Alarm(
            "VALUES_MISSING",
            ACT,
            f"{len(gone)} features have lost values; {first.name} is absent in "
            f"{first.missing_now:.0%} of the lines, at training it was in "
            f"{first.missing_then:.0%}.",
            "Look at the feed of declarations and its mapping first; do not retrain on what is "
            "broken.",
        )
    far = [one for one in features if one.level == drift.FAR and one not in gone]
    if far:
        names = ", ".join(f"{one.name} ({one.index:.2f})" for one in far[:3])
        yield Alarm(
            "FEATURES_MOVED",
            LOOK if len(far) < 5 else ACT,
            f"{len(far)} of {len(features)} features moved far from training (stability index "
            f"over {drift.LIMITS[drift.FAR]}); most: {names}.",
            "Find out what changed in the traffic; if it lasts, retrain with the latest history.",
        )


def _unseen(unseen: Iterable[drift.Unseen]) -> Iterator[Alarm]:
    new = [one for one in unseen if one.now - one.then > MOST_UNSEEN]
    if new:
        worst = max(new, key=lambda one: one.now - one.then)
        yield Alarm(
            "MANY_UNSEEN",
            LOOK,
            f"{worst.now:.0%} of the lines have a {worst.entity.replace('_', ' and ')} that the "
            f"model's history does not know; at training it was {worst.then:.0%}.",
            "Give the model a longer or newer history; until then raise the share of novel lines.",
        )


def _scores(report: Report) -> Iterator[Alarm]:
    scores = report.scores
    if scores is not None and _moved(scores):
        yield Alarm(
            "SCORES_MOVED",
            ACT if scores.level == drift.FAR else LOOK,
            f"Probabilities are not distributed as at training (stability index "
            f"{scores.index:.2f}; chance alone stays under {scores.chance:.2f}).",
            "Give a new order, which takes a new cut, so that the budget holds; then look at which "
            "features moved.",
        )


def _outcomes(report: Report) -> Iterator[Alarm]:
    if not report.labelling:
        return
    whole, *offices = report.labelling
    if whole.due and whole.late / whole.due > MOST_LATE:
        worst = offices[0] if offices else whole
        where = f"; most of them at {worst.office} ({worst.late})" if worst.office != "all" else ""
        yield Alarm(
            "OUTCOMES_MISSING",
            ACT,
            f"{whole.late} of {whole.due} selected lines have no outcome after {LATE_DAYS} "
            f"days{where}.",
            f"Look at {worst.office or 'the offices'}'s recording of outcomes: what is not "
            "recorded is not learned from, and every figure here rests on the rest.",
        )
    slow = [one for one in report.labelling if (one.median_days or 0) > SLOW_DAYS]
    if slow and slow[0].known >= estimates.FEWEST_IN_BIN:
        yield Alarm(
            "OUTCOMES_SLOW",
            LOOK,
            f"Half of the outcomes take more than {slow[0].median_days} days "
            f"({'everywhere' if slow[0].office == 'all' else slow[0].office}).",
            "Findings should be recorded on the day of the inspection: until then no model can "
            "learn from them.",
        )


def _promises(report: Report) -> Iterator[Alarm]:
    rates = {rate.selected_by: rate for rate in report.hit_rates}
    random = rates["random"]
    rate = report.population.rate or random.rate
    needed = estimates.enough(rate.value if rate is not None and rate.value > 0 else 0.05)
    if report.population.selected and random.known < needed:
        yield Alarm(
            "RANDOM_TOO_FEW",
            LOOK if random.known * 4 >= needed else ACT,
            f"{random.known} of the lines drawn by chance have an outcome; about {needed} are "
            "needed to tell the share of wrong lines within half of itself.",
            "Raise the random share, or look at a longer period: without it nobody can say what "
            "targeting misses.",
        )
    if report.lift is not None and report.lift.high < 1:
        yield Alarm(
            "NO_LIFT",
            ACT,
            f"Targeted inspections find something {report.lift.value:.2f} times as often as random "
            f"ones ({report.lift.low:.2f} to {report.lift.high:.2f}).",
            "Stop relying on the ranking: raise the random share and retrain.",
        )
    if report.surprise is not None:
        expected, wrong, far = report.surprise
        if abs(far) > MANY and abs(wrong - expected) > FURTHEST * expected:
            yield Alarm(
                "PROBABILITY_OFF",
                ACT,
                f"{wrong} inspected lines were wrong where the model promised {expected:.0f}.",
                "Retrain: the ranking may still be good, but its probabilities are not.",
            )
    whole = report.revenue_whole
    if whole is not None and whole.expected > 0:
        low, high = whole.low / whole.expected, whole.high / whole.expected
        if low > 1 + FURTHEST or high < 1 - FURTHEST:
            yield Alarm(
                "REVENUE_OFF",
                LOOK,
                f"Inspections recovered {whole.found / whole.expected:.2f} for each 1 expected "
                f"({low:.2f} to {high:.2f}; {whole.lines} lines).",
                "Look at the picture by decile: if all are off, retrain; if only the highest, a "
                "few large cases decide, and a longer period is needed.",
            )


def _people(report: Report) -> Iterator[Alarm]:
    for verdict, code, sentence, to_do in (
        (
            NOT_BORNE_OUT,
            "NOT_BORNE_OUT",
            "Groups that are inspected more than others and found wrong less often",
            "Look at what selects them: a rule, or a feature that stands for them.",
        ),
        (
            UNDER,
            "INSPECTED_TOO_LITTLE",
            "Groups that are inspected less than others although inspections find more there",
            "Look at the office's budget, and retrain if the finding lasts.",
        ),
    ):
        found = [
            group for group in report.groups if group.verdict == verdict and group.name != SMALL
        ]
        if found:
            names = ", ".join(
                f"{group.trait.replace('_', ' ')} {group.name}" for group in found[:3]
            )
            yield Alarm(code, LOOK, f"{sentence} ({len(found)}): {names}.", to_do)


def _age(report: Report) -> Iterator[Alarm]:
    if report.trained_on is not None and (report.as_of - report.trained_on).days > OLD_DAYS:
        yield Alarm(
            "MODEL_OLD",
            LOOK,
            f"The model was made {(report.as_of - report.trained_on).days} days ago.",
            "Train a challenger with the latest history and compare them before you publish.",
        )


def _moved(one: drift.Drift) -> bool:
    return one.level in (drift.MOVED, drift.FAR)
