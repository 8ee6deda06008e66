"""What is learned from and what is suggested: values of classification, and their pure rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

CODE, HEADING, ASK, TOO_GENERIC = "code", "heading", "ask", "too_generic"
WHICH_HEADING = "heading"
"""What the answer to the question of a heading is kept under."""
DECISIONS = (CODE, HEADING, ASK, TOO_GENERIC)
"""A code is said; only its heading can be known; a question comes first; no goods are named."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where examples came from. kind: ``examples``, ``tariff`` (lines of a tariff) or ``editions``
    (a table between editions of the Harmonized System); examples: how many it holds; revoked: how
    many of them have a date from which they do not count."""

    name: str
    kind: str
    licence: str
    added_at: str
    changed_at: str
    examples: int = 0
    revoked: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A description of goods with its code (4 to 10 digits), as a source had it.

    valid_from, revoked_on: ISO days, "" where unknown or never.
    """

    id: int
    source: str
    text: str
    code: str
    valid_from: str = ""
    revoked_on: str = ""

    def counts_on(self, day: date) -> bool:
        """Whether it may be used on a day: from its date on, until it is revoked.

        >>> one = Example(1, "rulings", "tin whistle", "920590", "2020-05-01", "2024-01-01")
        >>> [one.counts_on(date(y, 6, 1)) for y in (2019, 2020, 2024)]
        [False, True, False]
        """
        text = day.isoformat()
        return self.valid_from <= text and (not self.revoked_on or text < self.revoked_on)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the examples stand on a day. counting: how many teach; mapped: how many of those by a
    table between editions; later: not in force yet; revoked: not any more; lost: codes that HS 2022
    does not have and no table brings to one heading of it, with how many examples have them."""

    counting: int
    mapped: int
    later: int
    revoked: int
    lost: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that was loaded and speaks for a code. kind: ``wording`` (of the nomenclature),
    ``term`` (of the glossary) or ``example``; text: as it was loaded; source: whence; place: where
    it can be looked up (code, file and line of the glossary, id of the example)."""

    kind: str
    text: str
    source: str
    place: str
    code: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """A code that was weighed. level: ``subheading`` or ``heading``; path: (code, wording) from
    the section down; reasons: sentences; evidence: what they rest on."""

    code: str
    level: str
    probability: float
    wording: str
    path: tuple[tuple[str, str], ...] = ()
    reasons: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def content(self) -> dict[str, Any]:
        """As plain JSON, probabilities as text with four digits."""
        return {
            "code": self.code,
            "level": self.level,
            "probability": f"{self.probability:.4f}",
            "wording": self.wording,
            "path": [{"code": code, "wording": wording} for code, wording in self.path],
            "reasons": list(self.reasons),
            "evidence": [
                {
                    "kind": e.kind,
                    "text": e.text,
                    "source": e.source,
                    "place": e.place,
                    "code": e.code,
                }
                for e in self.evidence
            ],
        }


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask next. facet: what an answer is kept under (a facet, ``heading``, or the heading
    whose subheadings are offered), "" for a free answer; options: pairs of a value and its label;
    gain: how much surer (in bits) an answer is expected to make."""

    text: str
    facet: str = ""
    options: tuple[tuple[str, str], ...] = ()
    gain: float = 0.0

    @property
    def is_of_wordings(self) -> bool:
        """Whether wordings of the nomenclature are offered, and not values of a facet."""
        return self.facet.isdecimal() or self.facet == WHICH_HEADING

    @property
    def written_out(self) -> str:
        """The question as one line that can be put to whoever knows the goods: where it would say
        nothing without its answers, with them."""
        if not self.is_of_wordings:
            return self.text
        return f"{self.text} {'; '.join(label for _value, label in self.options)}"

    def content(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "text": self.text,
            "facet": self.facet,
            "options": [{"value": value, "label": label} for value, label in self.options],
            "gain": f"{self.gain:.3f}",
        }


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What can be said of a description. ranked: subheadings, headings: headings, likeliest first;
    notes: what the reader must know (several goods, a conflict of examples, a text cut short ...);
    goods: the descriptions in the text, where there are several; decision: one of `DECISIONS`."""

    text: str
    decision: str
    ranked: tuple[Ranked, ...] = ()
    headings: tuple[Ranked, ...] = ()
    question: Question | None = None
    notes: tuple[str, ...] = ()
    goods: tuple[str, ...] = ()
    facets: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def best(self) -> Ranked | None:
        """The code or heading that is said, or None where a question comes first."""
        if self.decision == CODE:
            return self.ranked[0]
        return self.headings[0] if self.decision == HEADING else None

    def content(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "text": self.text,
            "decision": self.decision,
            "ranked": [one.content() for one in self.ranked],
            "headings": [one.content() for one in self.headings],
            "question": None if self.question is None else self.question.content(),
            "notes": list(self.notes),
            "goods": list(self.goods),
            "facets": {name: list(values) for name, values in self.facets.items()},
        }


@dataclass(frozen=True, slots=True)
class Fit:
    """How a declared code fits a description. mismatch: 0 (fits best) to 1 (does not fit), NaN
    where the text does not allow to say; better: what fits better, if anything does."""

    declared: str
    mismatch: float
    sentence: str
    probability: float
    better: Ranked | None = None
    suggestion: Suggestion | None = None


def decide(ranked: Sequence[Ranked], headings: Sequence[Ranked], least: float) -> str:
    """What may be said at a least probability.

    >>> six, four = Ranked("610910", "subheading", 0.4, ""), Ranked("6109", "heading", 0.9, "")
    >>> decide([six], [four], 0.6), decide([six], [four], 0.3), decide([], [], 0.5)
    ('heading', 'code', 'ask')
    """
    if ranked and ranked[0].probability >= least:
        return CODE
    return HEADING if headings and headings[0].probability >= least else ASK


class Likelihoods(NamedTuple):
    """What a description speaks for, without reasons: (code, probability) of subheadings and of
    headings, likeliest first."""

    codes: tuple[tuple[str, float], ...]
    headings: tuple[tuple[str, float], ...]


def coherent(
    ranked: Sequence[float], of_heading: Sequence[str], headings: Mapping[str, float]
) -> tuple[list[float], dict[str, float]]:
    """Probabilities of subheadings, likeliest first, and of headings, brought together: none of a
    subheading is above its heading's or above the one before it, and the first heading is at least
    as sure as the first subheading under it. of_heading: the heading of every subheading.

    >>> coherent([0.4, 0.36], ["6109", "6205"], {"6109": 0.9, "6205": 0.1})
    ([0.4, 0.1], {'6109': 0.9, '6205': 0.1})
    """
    above = dict(headings)
    least = min(above.values(), default=1.0)
    found: list[float] = []
    for at, (probability, heading) in enumerate(zip(ranked, of_heading, strict=True)):
        if at == 0:
            above[heading] = max(above.get(heading, probability), probability)
            found.append(probability)
        else:
            found.append(min(probability, above.get(heading, least), found[-1]))
    return found, above
