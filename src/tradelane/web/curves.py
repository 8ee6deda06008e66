"""A measured curve: one quantity against another, with intervals and a line to compare with.

Like `web.charts`: SVG made on the server, the same numbers as a table beside it, nothing told by
colour alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import escape

from tradelane.web.charts import WIDTH, Chart, Scale, figures_in, picture
from tradelane.web.translation import Translator, translator

_TOP, _BOTTOM, _LEFT, _RIGHT = 16.0, 206.0, 52.0, 20.0


@dataclass(frozen=True, slots=True)
class Point:
    """A point with the interval of its ``y``, where there is one; ``name`` stands in the table,
    and beside the point where ``shown``."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    name: str = ""
    shown: bool = False


def curve(
    points: Sequence[Point],
    x_label: str,
    y_label: str,
    *,
    title: str,
    compared: tuple[str, Sequence[tuple[float, float]]] | None = None,
    name_label: str = "",
    close: bool = False,
    words: Translator | None = None,
) -> Chart:
    """``y`` against ``x``, joined in the order given.

    compared: the name of a dashed line and its points, such as what chance would do; name_label:
    the heading of the points' names; close: show only where the points lie, not down to zero,
    where the shape of the curve matters and not its height.
    """
    say = words or translator("en")
    _ = say.gettext
    show = figures_in(say)
    line = compared[1] if compared else ()
    xs = [p.x for p in points] + [x for x, _y in line]
    ys = [v for p in points for v in (p.y, p.low, p.high) if v is not None] + [y for _x, y in line]
    across = _scale(xs, close, _LEFT, WIDTH - _RIGHT)
    up = _scale(ys, close, _BOTTOM, _TOP)
    parts = _axes(across, up, x_label, y_label, show)
    if compared:
        path = _path([(across(x), up(y)) for x, y in line])
        key = _BOTTOM + 30
        parts.append(
            f'<path class="axis" stroke-dasharray="5 4" d="{path}M{_LEFT} {key}h26"/>'
            f'<text x="{_LEFT + 32}" y="{key + 4}">{escape(compared[0])}</text>'
        )
    parts += _marks(points, across, up)
    table = tuple(_row(p, show, bool(name_label)) for p in points)
    heads = [*([name_label] if name_label else []), x_label, y_label]
    if any(p.low is not None for p in points):
        heads += [_("Low"), _("High")]
    else:
        table = tuple(row[:-2] for row in table)
    about = "; ".join(
        _("%(x)s: %(y)s", x=f"{p.name} {show(p.x)}".strip(), y=show(p.y)) for p in points
    )
    return Chart(picture(250, title, about or _("No values."), parts), title, tuple(heads), table)


def _axes(
    across: Scale, up: Scale, x_label: str, y_label: str, show: Callable[[float], str]
) -> list[str]:
    parts = [
        f'<path class="grid" d="M{_LEFT} {up(tick)}H{WIDTH - _RIGHT}"/>'
        f'<text x="{_LEFT - 6}" y="{up(tick) + 4}" text-anchor="end">{escape(show(tick))}</text>'
        for tick in up.ticks(5)
    ]
    parts += [
        f'<text x="{across(tick)}" y="{_BOTTOM + 16}" text-anchor="middle">'
        f"{escape(show(tick))}</text>"
        for tick in across.ticks()
    ]
    return [
        *parts,
        f'<path class="axis" d="M{_LEFT} {_TOP}V{_BOTTOM}H{WIDTH - _RIGHT}"/>',
        f'<text x="{WIDTH - _RIGHT}" y="{_BOTTOM + 34}" text-anchor="end">{escape(x_label)}</text>',
        f'<text class="strong" x="4" y="{_TOP - 4}">{escape(y_label)}</text>',
    ]


def _marks(points: Sequence[Point], across: Scale, up: Scale) -> list[str]:
    parts = [
        f'<path class="whisker" d="M{across(p.x) - 4} {up(p.low)}h8'
        f'M{across(p.x)} {up(p.low)}V{up(p.high)}M{across(p.x) - 4} {up(p.high)}h8"/>'
        for p in points
        if p.low is not None and p.high is not None
    ]
    way = _path([(across(p.x), up(p.y)) for p in points])
    parts.append(f'<path class="mine-line" fill="none" d="{way}"/>')
    for p in points:
        parts.append(f'<circle class="mine" cx="{across(p.x)}" cy="{up(p.y)}" r="5"/>')
        if p.shown:
            parts.append(
                f'<text class="strong" x="{across(p.x)}" y="{up(p.y) - 10}" text-anchor="middle">'
                f"{escape(p.name)}</text>"
            )
    return parts


def _scale(values: Sequence[float], close: bool, start: float, end: float) -> Scale:
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = (high - low) * 0.12 or abs(high) * 0.1 or 1.0
    if close:
        return Scale(max(0.0, low - room), high + room, start, end)
    return Scale(min(0.0, low), high + room, start, end)


def _row(p: Point, show: Callable[[float], str], named: bool) -> tuple[str, ...]:
    numbers = ["" if v is None else show(v) for v in (p.x, p.y, p.low, p.high)]
    return (*([p.name] if named else []), *numbers)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "".join(f"{'L' if n else 'M'}{x} {y}" for n, (x, y) in enumerate(points))
