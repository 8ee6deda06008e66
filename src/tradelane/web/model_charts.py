"""The pictures of a model's page, from what `targeting.quality.summary` told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tradelane.web.charts import Chart, bars, interval
from tradelane.web.curves import Point, curve
from tradelane.web.translation import Translator

_MONTHS = 12


def pictures(quality: Mapping[str, Any], words: Translator) -> dict[str, Chart]:
    """Calibration, precision by budget, the frontier, precision by month and the importance of
    reasons; without those that there are no figures for."""
    _ = words.gettext
    found: dict[str, Chart] = {}
    if not quality:
        return found
    found["calibration"] = _calibration(quality["calibration"], words)
    found["budgets"] = _budgets(quality, words)
    frontier = [one for one in quality["frontier"] if None not in one.values()]
    if frontier:
        found["frontier"] = _frontier(frontier, words)
    months = [
        (one["group"], *(100 * float(one["figures"]["precision"][n]) for n in (1, 0, 2)))
        for one in quality["groups"]["month"]["shown"][-_MONTHS:]
        if None not in one["figures"]["precision"]
    ]
    if months:
        title = _("Precision at 5 % inspected by month, with 95% intervals")
        found["months"] = interval(months, "%", title=title, words=words)
    importance = quality.get("importance", [])
    if importance:
        found["importance"] = bars(
            [(one["group"], round(100 * float(one["share"]), 1)) for one in importance[:12]],
            "%",
            title=_("What moves the score: share of each group of reasons"),
            words=words,
        )
    return found


def _calibration(parts: Sequence[Mapping[str, Any]], words: Translator) -> Chart:
    _ = words.gettext
    points = [_point(one, "said", "found") for one in parts]
    most = max(point.x for point in points)
    return curve(
        points,
        _("Probability said, %"),
        _("Found wrong, %"),
        title=_("Calibration: what was said and what was found, with 95% intervals"),
        compared=(_("Said is found"), [(0.0, 0.0), (most, most)]),
        words=words,
    )


def _budgets(quality: Mapping[str, Any], words: Translator) -> Chart:
    _ = words.gettext
    told = [one for one in quality["budgets"] if one["precision"] is not None]
    points = [_point(one, "budget", "precision") for one in told]
    base = _percent(quality["overall"]["base_rate"][0] or 0)
    return curve(
        points,
        _("Inspected of all lines, %"),
        _("Of these wrong, %"),
        title=_("Precision by budget, with 95% intervals"),
        compared=(_("Chance"), [(0.0, base), (max(point.x for point in points), base)]),
        words=words,
    )


def _frontier(told: Sequence[Mapping[str, Any]], words: Translator) -> Chart:
    _ = words.gettext
    points = [
        Point(
            _percent(one["revenue"]),
            _percent(one["precision"]),
            name=one["balance"],
            shown=one["balance"] in ("0.0", "0.5", "1.0"),
        )
        for one in told
    ]
    return curve(
        points,
        _("Share of all revenue found, %"),
        _("Of the inspected wrong, %"),
        title=_("Frontier: precision against revenue along the balance, 5 % inspected"),
        name_label=_("Balance"),
        close=True,
        words=words,
    )


def _point(one: Mapping[str, Any], x: str, y: str) -> Point:
    return Point(
        _percent(one[x]), _percent(one[y]), low=_percent(one["low"]), high=_percent(one["high"])
    )


def _percent(share: str | float) -> float:
    return round(100 * float(share), 2)
