"""Why a code: sentences built from what was found alone, each with what it rests on.

Nothing is said that was not loaded: the wording of the nomenclature, a row of the glossary, an
example with its source. A citation names where its text can be looked up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tradelane.classification.engine import Weighed
from tradelane.classification.glossary import Match
from tradelane.classification.known import Known, Lesson
from tradelane.classification.model import Evidence
from tradelane.classification.wordings import says
from tradelane.classification.words import cut, words
from tradelane.trade.hscode import show_code

NEAR = 0.35
"""How near an example must be to be shown."""
SAME = 0.97
"""How near an example must be to say the same."""
MOST = 3
_DENIED = re.compile(r"(?<=\()not (?!exceeding|more|less|over|under)([^()]*)")


def reasons(
    known: Known,
    weighed: Weighed,
    at: int,
    matches: Sequence[Match],
    lessons: Sequence[Lesson],
) -> tuple[tuple[str, ...], tuple[Evidence, ...]]:
    """Sentences and evidence for the candidate at a place of ``weighed``."""
    place = int(weighed.places[at])
    code = known.wordings.codes[place]
    said: list[str] = []
    found: list[Evidence] = []
    wording = known.wordings.own[place]
    shared = [word for word in weighed.asked.weights if word in cut(_affirmed(wording))]
    if shared:
        said.append(f"Its wording has: {', '.join(shared)}.")
        found.append(Evidence("wording", wording, "HS 2022", show_code(code), code))
    for match in matches:
        entry = match.entry
        if any(code.startswith(own) for own in entry.codes):
            note = f" {entry.note}" if entry.note else ""
            said.append(f"“{entry.term}” usually means {_codes(entry.codes)}.{note}")
            found.append(Evidence("term", entry.term, "glossary", entry.place, entry.codes[0]))
            break
    for at_lesson, near in weighed.nearest:
        example = lessons[at_lesson].example
        if near >= NEAR and code.startswith(example.code[:6]):
            dated = f", {example.valid_from}" if example.valid_from else ""
            said.append(
                f"{example.source}{dated} has “{_short(example.text)}” under "
                f"{show_code(example.code)}."
            )
            found.append(
                Evidence("example", example.text, example.source, str(example.id), example.code)
            )
            if len(found) >= MOST:
                break
    said += _facets(known, weighed, place)
    return tuple(said), tuple(found)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Examples of the same words with different codes. codes: subheading to how many have it."""

    note: str
    codes: Mapping[str, int]

    @property
    def is_open(self) -> bool:
        """Whether no code has two of three of them: then no code can be said."""
        return 3 * max(self.codes.values()) < 2 * sum(self.codes.values())

    @property
    def is_of_one_heading(self) -> bool:
        """Whether all their codes are of one heading."""
        return len({code[:4] for code in self.codes}) == 1


def conflict(weighed: Weighed, lessons: Sequence[Lesson]) -> Conflict | None:
    """The nearest examples where they have one text and different codes, else None."""
    near = [lessons[at] for at, closeness in weighed.nearest if closeness > SAME]
    examples = [lesson.example for lesson in near if not lesson.is_heading]
    codes = {example.code[:6]: example for example in reversed(examples)}
    if len(codes) < 2:
        return None
    listed = "; ".join(f"{show_code(c)} ({e.source})" for c, e in sorted(codes.items()))
    note = f"Examples with these words contradict each other: {listed}."
    return Conflict(note, Counter(example.code[:6] for example in examples))


def apart_from_siblings(known: Known, place: int, others: Sequence[int]) -> str:
    """What separates a subheading from the next candidate of its heading, or ''."""
    code = known.wordings.codes[place]
    for other in others:
        beside = known.wordings.codes[other]
        if beside != code and beside[:4] == code[:4]:
            mine = cut(_affirmed(known.wordings.own[place]))
            theirs = cut(_affirmed(known.wordings.own[other]))
            only = [word for word in mine if word not in theirs][:6]
            lacks = [word for word in theirs if word not in mine][:6]
            if only or lacks:
                return (
                    f"Against {show_code(beside)}: here {', '.join(only) or 'the rest'}, "
                    f"there {', '.join(lacks) or 'the rest'}."
                )
    return ""


def _facets(known: Known, weighed: Weighed, place: int) -> list[str]:
    agree: list[str] = []
    differ: list[str] = []
    wording = known.wordings.own[place]
    denied = known.facets.find_words(words(" ".join(_DENIED.findall(wording)), keep_empty=True))
    for name, values in weighed.asked.facets.items():
        if not values or not known.code_facets.tells[name][place]:
            continue
        values = tuple(value for value in values if value not in denied.get(name, ())) or values
        order = known.code_facets.values[name]
        takes = known.code_facets.takes[name][place]
        labels = _labels(known, name, values)
        fits = any(
            takes[order.index(value)] and value not in denied.get(name, ())
            for value in values
            if value in order
        )
        (agree if fits else differ).append(labels)
    said = [f"It is for goods: {', '.join(agree)}."] if agree else []
    return said + ([f"It says otherwise of: {', '.join(differ)}."] if differ else [])


def _affirmed(wording: str) -> str:
    """What a wording says, without "(not knitted or crocheted)": that speaks against a word.

    >>> _affirmed("Shirts; of cotton (not knitted or crocheted)")
    'Shirts; of cotton'
    """
    return says(_DENIED.sub("", wording)).replace("()", "").strip()


def _labels(known: Known, name: str, values: Sequence[str]) -> str:
    facet: Mapping[str, object] = known.facets.facets[name].values
    return " or ".join(getattr(facet[value], "label", value) for value in values if value in facet)


def _codes(codes: Sequence[str]) -> str:
    return " or ".join(show_code(code) for code in codes)


def _short(text: str, most: int = 80) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
