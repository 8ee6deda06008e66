"""Charts of the pages: SVG made on the server, with the same numbers as a table beside it.

Pure functions: the same values give the same bytes. The style sheet colours them (a strict content
security policy allows no style in the markup), so they follow light, dark and print. Everything
that is text is escaped; nothing is told by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from tradelane.web.translation import Translator, translator

WIDTH = 480
_LEFT, _RIGHT = 12, 12
_CHARACTER = 7.2
"""About how wide a character of the charts' 13 px type is, in px."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture and its numbers: ``rows`` are the table that is shown beside ``svg``."""

    svg: Markup
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to pixels; logarithmic where the values spread over two orders of magnitude."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = self.low, self.high, value
        if self.logarithmic:
            low, high, at = math.log10(low), math.log10(high), math.log10(max(value, low))
        share = (at - low) / (high - low) if high > low else 0.5
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, most: int = 6) -> list[float]:
        """Round values on the scale.

        >>> Scale(0, 95, 0, 100).ticks()
        [0.0, 20.0, 40.0, 60.0, 80.0]
        >>> Scale(0.5, 700, 0, 100, logarithmic=True).ticks()
        [1.0, 10.0, 100.0]
        """
        if self.logarithmic:
            powers = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            step = max(1, math.ceil(len(powers) / most))
            return [10.0**power for power in powers[::step]]
        step_size = _round_step((self.high - self.low) / max(1, most - 1))
        first = math.ceil(self.low / step_size - 1e-9)
        last = math.floor(self.high / step_size + 1e-9)
        return [round(n * step_size, 10) for n in range(first, last + 1)]


def strip_plot(
    values: Sequence[float],
    quartiles: tuple[float, float, float],
    mine: float,
    unit: str,
    *,
    title: str = "",
    words: Translator | None = None,
) -> Chart:
    """Comparable lines as dots above their box (the middle half), the declared value marked.

    values: of the comparable lines, in ``unit`` (such as "USD/kg"); quartiles: lower, median,
    upper; mine: the declared value in the same unit. Log scale where all values are positive and
    the largest is over 100 times the smallest.
    """
    say = words or translator("en")
    _ = say.gettext
    show = figures_in(say)
    lower, median, upper = quartiles
    everything = [*values, *quartiles, mine]
    scale = _scale(everything, _LEFT + 24, WIDTH - _RIGHT - 24)
    count = say.ngettext("%(n)s comparable line", "%(n)s comparable lines", len(values))
    caption = title or _("The declared value among comparable lines, %(unit)s", unit=unit)
    place = _place(mine, lower, upper, _)
    about = _(
        "%(count)s. Half of them lie between %(lower)s and %(upper)s %(unit)s, the middle is "
        "%(median)s. Declared: %(mine)s %(unit)s, %(place)s.",
        count=count,
        lower=show(lower),
        upper=show(upper),
        median=show(median),
        mine=show(mine),
        unit=unit,
        place=place,
    )
    declared = _("Declared: %(value)s", value=show(mine))
    at = scale(mine)
    anchor = "end" if at > WIDTH * 0.7 else "start" if at < WIDTH * 0.3 else "middle"
    parts = [
        _axis(scale, 118, 30, show, unit),
        *(
            f'<circle class="dot" cx="{scale(value)}" cy="{_jitter(n)}" r="4"/>'
            for n, value in enumerate(sorted(values))
        ),
        f'<rect class="box" x="{scale(lower)}" y="84" '
        f'width="{max(2.0, round(scale(upper) - scale(lower), 1))}" height="20" rx="2"/>',
        f'<path class="median" d="M{scale(median)} 84v20"/>',
        f'<path class="mine-line" d="M{at} 24V112"/>',
        f'<path class="mine" d="M{at} 20l8 9-8 9-8-9z"/>',
        f'<text class="mine-text" x="{at}" y="14" text-anchor="{anchor}">{escape(declared)}</text>',
    ]
    ends = [(_("Smallest"), show(min(values))), (_("Largest"), show(max(values)))] if values else []
    rows = (
        (_("Declared here"), show(mine)),
        (_("Lower quartile"), show(lower)),
        (_("Median"), show(median)),
        (_("Upper quartile"), show(upper)),
        *ends,
        (_("Comparable lines"), say.number(len(values))),
    )
    return Chart(picture(154, caption, about, parts), caption, (_("Figure"), unit), rows)


def bars(
    items: Sequence[tuple[str, float]],
    unit: str,
    *,
    kinds: Sequence[str] = (),
    title: str = "",
    words: Translator | None = None,
) -> Chart:
    """Amounts side by side: (label, value), values not negative.

    kinds: the bars' fills in the style sheet (``1`` to ``4``, or ``red``, ``yellow``, ``green``).
    """
    say = words or translator("en")
    _ = say.gettext
    show = figures_in(say)
    caption = title or _("By %(unit)s", unit=unit)
    widest = max((len(item[0]) for item in items), default=0)
    start = min(190.0, max(60.0, widest * _CHARACTER + 14))
    most = max((item[1] for item in items), default=0.0) or 1.0
    room = max((len(show(item[1])) for item in items), default=0) * _CHARACTER + 14
    scale = Scale(0.0, most, start, WIDTH - _RIGHT - room)
    parts = []
    for n, (label, value) in enumerate(items):
        kind = kinds[n] if n < len(kinds) else "1"
        top = 8 + n * 30
        end = scale(value)
        parts.append(
            f'<text class="strong" x="{start - 8}" y="{top + 15}" text-anchor="end">'
            f"{escape(_short(label, start))}</text>"
            f'<rect class="fill-{escape(kind)}" x="{start}" y="{top}" '
            f'width="{round(max(1.0, end - start), 1) if value else 0}" height="20" rx="2"/>'
            f'<text x="{end + 6}" y="{top + 15}">{escape(show(value))}</text>'
        )
    height = 16 + len(items) * 30
    parts.append(f'<path class="axis" d="M{start} 2V{height - 4}"/>')
    rows = tuple((label, show(value)) for label, value in items)
    about = "; ".join(f"{label}: {amount} {unit}" for label, amount in rows) or _("No values.")
    return Chart(picture(height, caption, about, parts), caption, (_("Group"), unit), rows)


def columns_over_time(
    days: Sequence[str],
    series: Sequence[tuple[str, Sequence[float], str]],
    *,
    unit: str = "",
    title: str = "",
    words: Translator | None = None,
) -> Chart:
    """A column a day, its series stacked: days as ISO dates, series as (label, values, kind)."""
    say = words or translator("en")
    _ = say.gettext
    show = figures_in(say)
    caption = title or _("By day, %(unit)s", unit=unit)
    totals = [sum(values[n] for _label, values, _kind in series) for n in range(len(days))]
    high = max(totals, default=0.0) or 1.0
    bottom, top = 178.0, 34.0
    scale = Scale(0.0, high, bottom, top)
    ticks = scale.ticks(5)
    start = max(len(show(tick)) for tick in ticks) * _CHARACTER + 16
    step = (WIDTH - _RIGHT - start) / max(1, len(days))
    parts = [_legend([(label, kind) for label, _values, kind in series], start)]
    parts += [
        f'<path class="grid" d="M{start} {scale(tick)}H{WIDTH - _RIGHT}"/>'
        f'<text x="{start - 6}" y="{scale(tick) + 4}" text-anchor="end">{escape(show(tick))}</text>'
        for tick in ticks
    ]
    every = max(1, math.ceil(len(days) * 64 / (WIDTH - start)))
    for n, day in enumerate(days):
        left = round(start + n * step + step * 0.12, 1)
        below = 0.0
        for _label, values, kind in series:
            if values[n]:
                y0, y1 = scale(below), scale(below + values[n])
                parts.append(
                    f'<rect class="fill-{escape(kind)}" x="{left}" y="{y1}" '
                    f'width="{round(step * 0.76, 1)}" height="{round(y0 - y1, 1)}"/>'
                )
            below += values[n]
        if n % every == 0:
            middle = round(start + (n + 0.5) * step, 1)
            parts.append(
                f'<text x="{middle}" y="196" text-anchor="middle">{escape(day[5:])}</text>'
            )
    parts.append(f'<path class="axis" d="M{start} {bottom}H{WIDTH - _RIGHT}"/>')
    columns = (_("Day"), *(label for label, _values, _kind in series))
    rows = tuple(
        (day, *(show(values[n]) for _label, values, _kind in series)) for n, day in enumerate(days)
    )
    about = (
        _("From %(first)s to %(last)s.", first=days[0], last=days[-1]) if days else _("No values.")
    )
    return Chart(picture(204, caption, about, parts), caption, columns, rows)


def interval(
    rows: Sequence[tuple[str, float, float, float]],
    unit: str,
    *,
    marks: Sequence[float] = (),
    title: str = "",
    words: Translator | None = None,
) -> Chart:
    """Estimates with their uncertainty: (label, low, middle, high), one line each.

    marks: what was expected in each line, shown as an upright stroke.
    """
    say = words or translator("en")
    _ = say.gettext
    show = figures_in(say)
    caption = title or _("Estimates with their intervals, %(unit)s", unit=unit)
    widest = max((len(label) for label, *_rest in rows), default=0)
    start = min(190.0, max(60.0, widest * _CHARACTER + 24))
    ends = [*marks, *(value for _label, *row in rows for value in row)]
    scale = _scale([0.0, *ends] if min(ends, default=0.0) >= 0 else ends, start + 10, WIDTH - 40)
    bottom = 12 + len(rows) * 30
    parts = [_axis(scale, bottom, 4, show, unit)]
    for n, (label, low, middle, high) in enumerate(rows):
        y = 22 + n * 30
        parts.append(
            f'<text class="strong" x="{start - 8}" y="{y + 4}" text-anchor="end">'
            f"{escape(_short(label, start))}</text>"
            f'<path class="whisker" d="M{scale(low)} {y - 6}v12M{scale(low)} {y}H{scale(high)}'
            f'M{scale(high)} {y - 6}v12"/>'
            f'<circle class="mine" cx="{scale(middle)}" cy="{y}" r="6"/>'
        )
        if n < len(marks):
            parts.append(f'<path class="median" d="M{scale(marks[n])} {y - 11}v22"/>')
    table: tuple[tuple[str, ...], ...]
    table = tuple((label, show(low), show(middle), show(high)) for label, low, middle, high in rows)
    about = "; ".join(
        _("%(label)s: %(middle)s, from %(low)s to %(high)s", label=a, low=b, middle=c, high=d)
        for a, b, c, d in table
    )
    columns: tuple[str, ...]
    columns = (_("Figure"), _("Low"), _("Estimate, %(unit)s", unit=unit), _("High"))
    if marks:
        columns = (*columns, _("Expected (the stroke)"))
        table = tuple((*row, show(mark)) for row, mark in zip(table, marks, strict=True))
    return Chart(
        picture(bottom + 36, caption, about or _("No values."), parts), caption, columns, table
    )


def picture(height: float, title: str, about: str, parts: Sequence[str]) -> Markup:
    """An SVG of `WIDTH` with its title and description; ``parts`` are markup already."""
    body = "".join(str(part) for part in parts)
    # Everything in the parts is a number of ours or went through escape().
    return Markup(  # noqa: S704
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" '
        f'viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}">'
        f"<title>{escape(title)}</title><desc>{escape(about)}</desc>{body}</svg>"
    )


def _axis(scale: Scale, bottom: float, top: float, show: Callable[[float], str], unit: str) -> str:
    lines = [
        f'<path class="grid" d="M{scale(tick)} {top}V{bottom}"/>'
        f'<text x="{scale(tick)}" y="{bottom + 16}" text-anchor="middle">'
        f"{escape(show(tick))}</text>"
        for tick in scale.ticks()
    ]
    return (
        "".join(lines) + f'<path class="axis" d="M{scale.start} {bottom}H{scale.end}"/>'
        f'<text x="{scale.end}" y="{bottom + 32}" text-anchor="end">{escape(unit)}</text>'
    )


def _legend(entries: Sequence[tuple[str, str]], start: float) -> str:
    found, x = [], start
    for label, kind in entries:
        found.append(
            f'<rect class="fill-{escape(kind)}" x="{round(x, 1)}" y="6" width="12" height="12"/>'
            f'<text class="strong" x="{round(x + 17, 1)}" y="16">{escape(label)}</text>'
        )
        x += 17 + len(label) * _CHARACTER + 22
    return "".join(found)


def _scale(values: Sequence[float], start: float, end: float) -> Scale:
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low > 0 and high / low > 100:
        return Scale(low / 1.3, high * 1.3, start, end, logarithmic=True)
    margin = (high - low) * 0.05 or abs(high) * 0.1 or 1.0
    floor = low if low == 0 else low - margin
    return Scale(max(0.0, floor) if low >= 0 else floor, high + margin, start, end)


def _round_step(size: float) -> float:
    """1, 2 or 5 times a power of ten, near the size."""
    power = 10.0 ** math.floor(math.log10(size)) if size > 0 else 1.0
    return next((m * power for m in (1, 2, 5) if m * power >= size * 0.75), 10 * power)


def _jitter(n: int) -> int:
    """Neighbouring dots at different heights, the same ones every time."""
    return 48 + (n * 11) % 29


def figures_in(say: Translator) -> Callable[[float], str]:
    """Numbers with at most four significant digits below a thousand, whole from there on."""

    def show(value: float) -> str:
        if abs(value) >= 1000 or value == int(value):
            return say.number(round(value))
        return say.number(f"{value:.4g}")

    return show


def _short(label: str, room: float) -> str:
    most = int((room - 10) / _CHARACTER)
    return label if len(label) <= most else label[: most - 1] + "…"


def _place(mine: float, lower: float, upper: float, _: Callable[[str], str]) -> str:
    if mine < lower:
        return _("below the middle half")
    return _("above the middle half") if mine > upper else _("inside the middle half")
