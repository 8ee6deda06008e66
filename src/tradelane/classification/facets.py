"""What tells goods apart: material, knitted or woven, for whom, in which state ... as data.

A facet has values, and each value has words that give it away. They are read from a description
and from the wording of every subheading, so that the two can agree, contradict each other, or be
silent; where they are silent a question can be asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tradelane.classification.model import WHICH_HEADING
from tradelane.classification.phrases import Phrases
from tradelane.classification.words import clean, form, words
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import Pack

FILE = "facets.yaml"
CODES_FILE = "code_facets.csv"

NOT_KNOWN = "not_known"
"""The answer to any question of somebody who does not know: asked, and not to be asked again."""
NONE = "none"
"""The answer that none of the subheadings of a heading is it."""

_SHARE = re.compile(
    r"(\d{1,3}(?:\.\d+)?)\s*(?:%|percent\b|per cent\b|pct\b)\s*(?:by weight\s*)?(?:of\s+)?"
    r"((?:[^\W\d]+[ -]){0,2}[^\W\d]+)"
)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a facet: its label for people, and the values that it covers."""

    name: str
    label: str
    covers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facet:
    """Something that tells goods apart, and how to ask for it."""

    name: str
    question: str
    values: Mapping[str, Value] = field(default_factory=dict)


Found = dict[str, tuple[str, ...]]
"""Facet to the values that a text gives away, the first mentioned first."""


class Facets:
    """The facets of a pack, and how to find their values in a text."""

    def __init__(self, facets: Sequence[Facet], cues: Mapping[str, list[tuple[str, str]]]) -> None:
        """cues: facet to pairs of a phrase and the value that it gives away ("" undoes)."""
        self.facets = {facet.name: facet for facet in facets}
        self.names = tuple(self.facets)
        self._phrases = {name: Phrases(pairs) for name, pairs in cues.items()}
        # One look-up for all facets; the longest phrase of each facet counts for itself.
        self._beginning: dict[str, list[int]] = {}
        for at, phrases in enumerate(self._phrases.values()):
            for word in phrases.first_words:
                self._beginning.setdefault(word, []).append(at)
        self._in_order = list(self._phrases.items())

    def find(self, text: str, parts: Sequence[str] | None = None) -> Found:
        """The values that a description gives away; where shares are said ("60 % cotton"), only
        that of the largest share counts for what it is a share of."""
        tokens = list(parts if parts is not None else words(text, keep_empty=True))
        found = self.find_words(tokens)
        if (main := self.mainly(clean(text))) is not None:
            found["material"] = (main,)
        return found

    def find_words(self, tokens: Sequence[str]) -> Found:
        """Like `find`, of words in their one form."""
        found: Found = {}
        begun = self._beginning.keys() & tokens
        for at in sorted({at for word in begun for at in self._beginning[word]}):
            name, phrases = self._in_order[at]
            values = [value for value, _from, _to in phrases.find(tokens) if value]
            if values:
                found[name] = tuple(dict.fromkeys(values))
        return found

    def mainly(self, text: str) -> str | None:
        """The material of the largest share that a cleaned text says, if it says shares."""
        if not any(sign in text for sign in ("%", "percent", "per cent", "pct")):
            return None
        shares: dict[str, float] = {}
        for share, what in _SHARE.findall(text):
            for value in self.find_words(words(what)).get("material", ())[:1]:
                shares[value] = shares.get(value, 0.0) + float(share)
        return max(shares, key=lambda value: shares[value]) if shares else None

    def widened(self, facet: str, values: Sequence[str]) -> frozenset[str]:
        """The values with those that they cover."""
        known = self.facets[facet].values
        return frozenset(values).union(*(known[v].covers for v in values if v in known))

    def check(self, facet: str, values: Sequence[str]) -> str:
        """What is wrong with a facet and its values, as a sentence, or ''."""
        if facet not in self.facets:
            return f"There is no facet {facet!r}; there are: {', '.join(self.names)}."
        unknown = [v for v in values if v not in self.facets[facet].values]
        if unknown:
            there = ", ".join(self.facets[facet].values)
            return f"The facet {facet!r} has no value {unknown[0]!r}; it has: {there}."
        return ""


def load(pack: Pack) -> Facets:
    """The facets of a pack. Errors: InputRefused ``classification.facet``."""
    facets, cues, problems = [], {}, []
    content = pack.yaml(FILE)
    listed = content.get("facets") if isinstance(content, dict) else None
    for name, about in (listed if isinstance(listed, dict) else {}).items():
        try:
            facet, pairs = _read(str(name), about)
        except (TypeError, KeyError, AttributeError) as error:
            problems.append(
                Problem(
                    "classification.facet",
                    f"The facet {name!r} of {FILE} lacks something: {error}.",
                    hint="A facet has a question and values; a value has a label and words.",
                )
            )
            continue
        if facet.name == WHICH_HEADING or facet.name.isdecimal() or NOT_KNOWN in facet.values:
            problems.append(
                Problem("classification.facet", f"{FILE} names {name!r} what answers are called.")
            )
        unknown = [c for v in facet.values.values() for c in v.covers if c not in facet.values]
        if unknown:
            problems.append(
                Problem("classification.facet", f"{name!r} covers {unknown[0]!r}, which it lacks.")
            )
        facets.append(facet)
        cues[facet.name] = pairs
    if problems or not facets:
        raise InputRefused(problems or Problem("classification.facet", f"{FILE} holds no facets."))
    return Facets(facets, cues)


def _read(name: str, about: Mapping[str, Any]) -> tuple[Facet, list[tuple[str, str]]]:
    values: dict[str, Value] = {}
    pairs: list[tuple[str, str]] = []
    for value, said in about["values"].items():
        values[str(value)] = Value(
            str(value), str(said["label"]), tuple(map(str, said.get("covers", ())))
        )
        listed = [str(word) for word in said.get("words", ())]
        listed += [
            form.format(what) for form in about.get("forms", ()) for what in said.get("of", ())
        ]
        if not listed:
            raise KeyError(f"words of {value}")
        pairs += [(word, str(value)) for word in listed]
        # A phrase that undoes is longer than the word it undoes, so it is found in its place.
        pairs += [(str(word), "") for word in said.get("not", ())]
    return Facet(name, str(about["question"]), values), pairs


def conditions(text: str) -> dict[str, tuple[str, ...]]:
    """What a cell ``material=cotton|linen; wearer=men`` asks for.

    >>> conditions("material=cotton|linen; wearer=men")
    {'material': ('cotton', 'linen'), 'wearer': ('men',)}
    """
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(";"):
        name, _, values = part.partition("=")
        if name.strip():
            found[name.strip()] = tuple(v.strip() for v in values.split("|") if v.strip())
    return found


__all__ = ["Facet", "Facets", "Found", "Value", "conditions", "form", "load"]
