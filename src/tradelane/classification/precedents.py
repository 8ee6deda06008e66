"""Examples of exactly these words go first: whoever brought a ruling expects it to be followed.

Rankers weigh what is alike; they know nothing of the rule that equal goods get equal codes. Where
people's examples have the words of a description, their codes come first, as sure as such examples
are right; where they contradict each other they share that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tradelane.classification.engine import Weighed
from tradelane.classification.known import Known, Lesson
from tradelane.classification.words import words

RIGHT = 0.8
"""How often an example of the same words is right: of 225 pairs of public examples from two sources
with the same words (search terms, references and parcels of one administration, and a tariff),
80 % have the same subheading."""


def followed(known: Known, weighed: Weighed, lessons: Sequence[Lesson]) -> Weighed:
    """The candidates with those first that examples of the same words name; unchanged where there
    are none, or where what is known of the goods contradicts them."""
    counted = _named(known, weighed, lessons)
    if not counted:
        return weighed
    total = sum(counted.values())
    codes = known.wordings.codes
    before = dict(zip(weighed.places.tolist(), weighed.probabilities.tolist(), strict=True))
    told = {
        place: max(RIGHT * number / total, before.get(place, 0.0))
        for place, number in counted.items()
    }
    first = sorted(told, key=lambda place: (-told[place], codes[place]))
    left = max(1.0 - sum(told.values()), 0.0)
    rest = [place for place in weighed.places.tolist() if place not in told]
    had = sum(before[place] for place in rest)
    part = min(1.0, left / had) if had else 0.0
    lowest = told[first[-1]]
    places = [*first, *rest][: max(len(weighed.places), len(first))]
    sure = [told.get(p, min(part * before.get(p, 0.0), lowest)) for p in places]
    above = dict(weighed.headings)
    for heading in {codes[place][:4] for place in first}:
        own = sum(p for place, p in told.items() if codes[place][:4] == heading)
        above[heading] = max(above.get(heading, 0.0), min(own, 1.0))
    others = [heading for heading in above if heading not in {codes[p][:4] for p in first}]
    room = max(1.0 - sum(p for h, p in above.items() if h not in others), 0.0)
    had = sum(above[heading] for heading in others)
    for heading in others:
        above[heading] *= min(1.0, room / had) if had else 0.0
    return replace(
        weighed,
        places=np.array(places, dtype=weighed.places.dtype),
        probabilities=np.array(sure),
        headings=tuple(sorted(above.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def _named(known: Known, weighed: Weighed, lessons: Sequence[Lesson]) -> Counter[int]:
    """The places that examples of the same words name, with how many do."""
    mine = frozenset(words(weighed.asked.text))
    found: Counter[int] = Counter()
    for at, _near in weighed.nearest:
        lesson = lessons[at]
        if lesson.is_heading or lesson.is_tariff or frozenset(lesson.words) != mine:
            continue
        if not _contradicts(known, weighed, lesson.at):
            found[lesson.at] += 1
    return found


def _contradicts(known: Known, weighed: Weighed, place: int) -> bool:
    for name, values in weighed.asked.facets.items():
        if values and name in known.code_facets.tells and known.code_facets.tells[name][place]:
            order = known.code_facets.values[name]
            takes = known.code_facets.takes[name][place]
            if not any(takes[order.index(value)] for value in values if value in order):
                return True
    return False
