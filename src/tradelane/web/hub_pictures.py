"""Pictures of the hub, made on the server: a map of tiles, and what instruments were over time.

Each stands beside a table that says the same. Colours are the style sheet's, and whatever they say
a shape and a word say as well.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from tradelane.governance.model import Instrument
from tradelane.governance.vocabulary import ENDED
from tradelane.web.charts import WIDTH, Scale, picture

PLACES: Mapping[str, tuple[int, int]] = {
    "RU": (1, 0),
    "CA": (5, 0),
    "CN": (0, 1),
    "KR": (1, 1),
    "JP": (2, 1),
    "US": (5, 1),
    "HK": (0, 2),
    "TW": (1, 2),
    "MX": (5, 2),
    "TH": (0, 3),
    "VN": (1, 3),
    "PH": (2, 3),
    "PE": (6, 3),
    "MY": (0, 4),
    "BN": (1, 4),
    "PG": (3, 4),
    "CL": (6, 4),
    "SG": (0, 5),
    "ID": (1, 5),
    "AU": (2, 5),
    "NZ": (3, 6),
}
"""Column and row of each economy's tile: neighbours stand where neighbours are, Asia on the left of
the ocean and the Americas on its right."""

SHAPES: Mapping[str, str] = {
    "required": "M2 2h12v12H2z",
    "public": "M2 2h6v12H2zM9.2 2.9h4v10.2h-4v.9H14V2H9.2z",
    "urged": "M8 1l7 7-7 7-7-7z",
    "recommended": "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1z",
    "some": "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zm0 2.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6z",
    "coming": "M3 1l11 7-11 7z",
    "draft": "M1 1h5v2H3v3H1zM10 1h5v5h-2V3h-3zM1 10h2v3h3v2H1zM13 10h2v5h-5v-2h3z",
    "nothing": "M2 7h12v2H2z",
    "unknown": (
        "M8 1c3 0 4.8 1.7 4.8 4 0 3.2-3.6 3.1-3.6 5.6H6.8c0-3.4 3.4-3.7 3.4-5.5C10.2 4 9.4 3.3 8 "
        "3.3S5.7 4 5.5 5.5L3.2 5C3.5 2.5 5.3 1 8 1zM6.6 12.2h2.8V15H6.6z"
    ),
    "same": "M2 4h12v2.6H2zM2 9.4h12V12H2z",
    "stricter": "M8 1l7 13H1z",
    "different": (
        "M2 4h7l1.2-3 2 .8-.8 2.2H14v2.6h-3.7l-1 2.8H14V12H8.4l-1.2 3-2-.8.8-2.2H2V9.4h5l1-2.8H2z"
    ),
    "silent": "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zm0 2.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6z",
    "conflicting": (
        "M3.2 1L8 5.8 12.8 1 15 3.2 10.2 8l4.8 4.8-2.2 2.2L8 10.2 3.2 15 1 12.8 5.8 8 1 3.2z"
    ),
}
"""Outlines in a square of 16."""

STATUS: Mapping[str, tuple[str, str]] = {
    "required": ("required", "info"),
    "required of public bodies": ("public", "info"),
    "urged by law": ("urged", "info"),
    "recommended": ("recommended", "good"),
    "left open": ("some", "neutral"),
    "stated": ("some", "neutral"),
    "facts only": ("some", "neutral"),
    "places only": ("some", "neutral"),
    "coming": ("coming", "warn"),
    "draft only": ("draft", "warn"),
    "none found": ("nothing", "neutral"),
    "not verified": ("unknown", "bad"),
    "right": ("some", "info"),
    "relief": ("some", "good"),
    "penalty": ("some", "warn"),
    "power": ("some", "neutral"),
    "class": ("some", "neutral"),
}
"""Shape and colour of what an economy has in a domain, or of what a provision does."""

VERDICTS: Mapping[str, tuple[str, str]] = {
    "same": ("same", "good"),
    "stricter": ("stricter", "info"),
    "different": ("different", "warn"),
    "silent": ("silent", "neutral"),
    "conflicting": ("conflicting", "bad"),
    "not_verified": ("unknown", "neutral"),
}
"""Shape and colour of how two stand to each other."""

_FILLS = {"info": "1", "good": "green", "warn": "yellow", "bad": "red", "neutral": "4"}
_TILE, _GAP = 62, 6
_LABEL = 54


class Tile(NamedTuple):
    """One economy on the map: what its domain's cell says, and where a click leads."""

    economy: str
    name: str
    status: str
    word: str
    provisions: int
    href: str


def tile_map(tiles: Sequence[Tile], title: str) -> Markup:
    """The economies around the Pacific. Links, so it is a group and not one image."""
    parts = []
    for one in tiles:
        column, row = PLACES[one.economy]
        x, y = 8 + column * (_TILE + _GAP), 6 + row * (_TILE + _GAP)
        shape, kind = STATUS[one.status]
        parts.append(
            f'<a href="{escape(one.href)}" aria-label="{escape(one.name)}: {escape(one.word)}">'
            f"<title>{escape(one.name)}: {escape(one.word)}</title>"
            f'<rect class="box" x="{x}" y="{y}" width="{_TILE}" height="{_TILE}" rx="6"/>'
            f'<rect class="fill-{_FILLS[kind]}" x="{x + 8}" y="{y + 7}" width="{_TILE - 16}" '
            'height="5" rx="2"/>'
            f'<text class="strong" x="{x + 8}" y="{y + 30}">{escape(one.economy)}</text>'
            f'<text x="{x + _TILE - 8}" y="{y + 30}" text-anchor="end">'
            f"{one.provisions or ''}</text>"
            f'<path class="strong" transform="translate({x + 23} {y + 39})" d="{SHAPES[shape]}"/>'
            "</a>"
        )
    height = 6 + 7 * (_TILE + _GAP)
    # Everything in the parts is a number of ours or went through escape().
    return Markup(  # noqa: S704
        f'<svg class="chart" role="group" aria-label="{escape(title)}" '
        f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">{"".join(parts)}</svg>'
    )


def timeline(
    instruments: Sequence[Instrument],
    on: dt.date,
    title: str,
    about: str,
    label: Callable[[Instrument], str],
) -> Markup:
    """One bar an instrument: thin while proposed, hollow while adopted, full while in force, and a
    stroke where it ended. The coral line is the day that is asked about."""
    first = min((one.states[0].since.first for one in instruments if one.states), default=on)
    first = max(min(first, on), dt.date(1990, 1, 1))
    last = max(
        [on, *(state.since.first for one in instruments for state in one.states)],
        default=on,
    ) + dt.timedelta(days=200)
    scale = Scale(first.year, last.year + last.month / 12, 12, WIDTH - 12)
    step = 34
    bottom = 24 + len(instruments) * step
    every = max(1, (last.year - first.year) // 8)
    parts = [
        f'<path class="grid" d="M{scale(year)} 20V{bottom}"/>'
        f'<text x="{scale(year)}" y="13" text-anchor="middle">{year}</text>'
        for year in range(first.year + 1, last.year + 1)
        if (year - first.year) % every == 0
    ]
    now = scale(_year(on))
    parts.append(f'<path class="mine-line" d="M{now} 18V{bottom}"/>')
    for n, one in enumerate(instruments):
        y = 28 + n * step
        parts.append(f'<text class="strong" x="12" y="{y + 9}">{escape(_cut(label(one)))}</text>')
        parts.extend(_bars(one, scale, y + 16, last))
    return picture(bottom + 6, title, about, parts)


def _bars(one: Instrument, scale: Scale, y: int, last: dt.date) -> list[str]:
    found = []
    for at, state in enumerate(one.states):
        start = scale(max(_year(state.since.first), scale.low))
        if state.state in ENDED:
            found.append(f'<path class="median" d="M{start} {y - 3}v16"/>')
            continue
        following = one.states[at + 1].since.first if at + 1 < len(one.states) else last
        width = round(max(2.0, scale(max(_year(following), scale.low)) - start), 1)
        if state.state == "proposed":
            found.append(f'<path class="whisker" d="M{start} {y + 5}h{width}"/>')
        elif state.state == "enacted":
            found.append(
                f'<rect class="box" x="{start}" y="{y}" width="{width}" height="10" rx="2"/>'
            )
        else:
            found.append(
                f'<rect class="fill-1" x="{start}" y="{y}" width="{width}" height="10" rx="2"/>'
            )
    return found


def _cut(text: str) -> str:
    """What fits above a bar."""
    return text if len(text) <= _LABEL else text[: _LABEL - 1] + "…"


def _year(day: dt.date) -> float:
    return day.year + (day.timetuple().tm_yday - 1) / 365
