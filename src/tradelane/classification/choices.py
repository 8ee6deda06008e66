"""Questions that the nomenclature's own wordings answer: which heading, which of its subheadings.

Facets ask for one property at a time. Where none of them tells the candidates apart, the wordings
do: a person who has the goods before them reads what separates a subheading from its siblings and
says which it is, or that it is none of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tradelane.classification.engine import Weighed
from tradelane.classification.facets import NONE, NOT_KNOWN
from tradelane.classification.known import Known
from tradelane.classification.model import WHICH_HEADING
from tradelane.classification.wordings import Wordings
from tradelane.trade.hscode import show_code

BELIEF = 0.85
"""How far an answer is believed: wordings do not say everything that holds of their goods."""
MOST_OPTIONS = 12
"""A heading with more subheadings than that is not asked about: nobody reads so many."""
HEADINGS_OFFERED = 5
WHICH = "Which of these comes nearest to the goods?"
LEAST_SHARE = 0.03
"""How likely a heading must be to be offered, or asked about."""
NONE_LABEL = "none of these"
_LONGEST = 140
_DIGITS = 4
_PARTS = re.compile(r"\([^()]*\)|[^,;()]+")
_NOTE = re.compile(r"\bn\.\s?e\.\s?c\b\.?[^,;()]*|\bnot elsewhere[^,;()]*")


@dataclass(frozen=True, slots=True)
class Choice:
    """A question of wordings. name: the heading whose subheadings are offered, or `WHICH_HEADING`;
    options: (code, label), and last that it is none of them (`is_none`)."""

    name: str
    text: str
    options: tuple[tuple[str, str], ...]


def possible(known: Known, weighed: Weighed) -> list[Choice]:
    """The questions of wordings that the candidates allow and nobody answered yet."""
    answered = weighed.asked.choices
    likely = [code for code, p in weighed.headings[:HEADINGS_OFFERED] if p >= LEAST_SHARE]
    asked = [below(known.wordings, code) for code in likely if code not in answered]
    found = [choice for choice in asked if choice is not None]
    if WHICH_HEADING not in answered and len(likely) > 1:
        found.append(which(known.wordings, likely))
    return found


def below(wordings: Wordings, heading: str) -> Choice | None:
    """Which subheading of a heading; None where it has one only, or more than are read, and where
    there is no such heading."""
    places = wordings.spread(heading) if len(heading) == _DIGITS else slice(0, 0)
    codes = wordings.codes[places]
    if not 1 < len(codes) <= MOST_OPTIONS:
        return None
    return _below(heading, wordings.heading[places.start], codes, wordings.own[places])


@lru_cache(maxsize=2_048)
def _below(heading: str, wording: str, codes: tuple[str, ...], own: tuple[str, ...]) -> Choice:
    labels = labels_of(own)
    if len(set(labels)) < len(labels):  # wordings that are the same
        labels = [f"{label} ({show_code(code)})" for code, label in zip(codes, labels, strict=True)]
    options = (*zip(codes, labels, strict=True), (NONE, NONE_LABEL))
    return Choice(heading, f"{_short(wording)}: which of these?", options)


def which(wordings: Wordings, headings: Sequence[str]) -> Choice:
    """Which of these headings; "none" names them, so that the answer says what it is not."""
    options = tuple((heading, wording_of(wordings, heading)) for heading in headings)
    none = "-".join((NONE, *headings))
    return Choice(WHICH_HEADING, WHICH, (*options, (none, NONE_LABEL)))


def is_none(value: str) -> bool:
    """Whether an answer says that it is none of what was offered."""
    return value.partition("-")[0] == NONE


def denied(name: str, value: str) -> tuple[str, ...]:
    """The headings that such an answer says it is not.

    >>> denied("0902", "none"), denied("heading", "none-0902-2101")
    (('0902',), ('0902', '2101'))
    """
    return tuple(value.split("-")[1:]) if name == WHICH_HEADING else (name,)


def wording_of(wordings: Wordings, heading: str) -> str:
    """The wording of a heading as an answer has it; "" where there is no such heading."""
    places = wordings.spread(heading)
    return _short(wordings.heading[places.start]) if places.stop > places.start else ""


def labels_of(wordings: Sequence[str]) -> list[str]:
    """What separates wordings that stand side by side: what all of them say is left out.

    >>> labels_of(["Shirts; men's, of cotton (not knit)", "Shirts; men's, of silk (not knit)"])
    ['of cotton', 'of silk']
    >>> labels_of(["Tea, green", "Tea, n.e.c. in heading no. 0902"])
    ['green', 'another kind']
    """
    parts = [[part.strip() for part in _PARTS.findall(text) if part.strip()] for text in wordings]
    shared = set.intersection(*({part.lower() for part in one} for one in parts))
    found = []
    for one in parts:
        own = [part for part in one if part.lower() not in shared]
        plain = [said for part in own if (said := _NOTE.sub("", part).strip())]
        label = ", ".join(plain).replace(", (", " (")
        is_rest = plain != own
        found.append(f"{label} (another kind)" if label and is_rest else label or "another kind")
    return found if len(set(found)) == len(found) else list(wordings)


def likelihoods(choice: Choice, codes: Sequence[str]) -> NDArray[np.float64]:
    """How likely each answer is for each code: codes x options, each row below 1 in sum."""
    size = len(choice.options[0][0])
    at = {value: place for place, (value, _label) in enumerate(choice.options)}
    none = len(choice.options) - 1
    found = np.full((len(codes), len(choice.options)), (1 - BELIEF) / (len(choice.options) + 1))
    found[np.arange(len(codes)), [at.get(code[:size], none) for code in codes]] += BELIEF
    return found


def followed_choices(known: Known, weighed: Weighed) -> Weighed:
    """The candidates as they stand after the answers to questions of wordings; unchanged where
    there are none that say something."""
    found = weighed
    for name, value in weighed.asked.choices.items():
        if value != NOT_KNOWN:
            found = _after(known, found, name, value)
    return found


def _after(known: Known, weighed: Weighed, name: str, value: str) -> Weighed:
    codes = [known.wordings.codes[place] for place in weighed.places]
    if is_none(value):
        fits = np.array([not code.startswith(denied(name, value)) for code in codes])
    else:
        fits = np.array([code.startswith(value) for code in codes])
    if not fits.any():
        return weighed
    less = (1 - BELIEF) / (HEADINGS_OFFERED + 1)
    p = weighed.probabilities * np.where(fits, BELIEF + less, less)
    p = p * (weighed.probabilities.sum() / max(float(p.sum()), 1e-12))
    order = np.argsort(-p, kind="stable")
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    for code, was, now in zip(codes, weighed.probabilities.tolist(), p.tolist(), strict=True):
        before[code[:4]] = before.get(code[:4], 0.0) + was
        after[code[:4]] = after.get(code[:4], 0.0) + now
    above = _above(dict(weighed.headings), before, after)
    return replace(
        weighed,
        places=weighed.places[order],
        probabilities=np.minimum(p[order], 1.0),
        headings=tuple(sorted(above.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def _above(
    headings: Mapping[str, float], before: Mapping[str, float], after: Mapping[str, float]
) -> dict[str, float]:
    """Headings in the proportion in which their subheadings changed, in the sum that they had."""
    found = {
        code: p * after.get(code, 0.0) / before[code] if before.get(code) else 0.0
        for code, p in headings.items()
    }
    total, had = sum(found.values()), sum(headings.values())
    return {code: min(1.0, p * had / total) for code, p in found.items()} if total else found


def _short(text: str) -> str:
    """At most `_LONGEST` characters, cut between words."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rpartition(" ")[0] + " …"
