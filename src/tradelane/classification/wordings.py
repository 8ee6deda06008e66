"""The subheadings as they can be searched: what each wording says, what it leaves out, what it is
known to be by facets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tradelane.classification.facets import CODES_FILE, Facets
from tradelane.classification.groups import Groups
from tradelane.classification.words import form, words
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import Pack

_LEFT_OUT = re.compile(
    r"\b(?:other than|excluding|excl\.|except|not including|not being|not of|but not)\b[^,;()]*",
    re.IGNORECASE,
)
_REST = re.compile(r"\bn\.\s?e\.\s?c\b|\bnot elsewhere\b|\bother than\b|\bother\b", re.IGNORECASE)
_NOTE = re.compile(
    r"\bn\.\s?e\.\s?c\.?[^,;()]*|\b(?:heading|item|chapter)s? (?:nos?\. ?)?[\d. ,or]+"
)


class Wording(Protocol):
    """What is needed of a code: its digits and its wording."""

    @property
    def code(self) -> str: ...
    @property
    def wording(self) -> str: ...


@dataclass(frozen=True)
class Wordings:
    """Every subheading with its wording and those of its heading and chapter, in order of codes."""

    codes: tuple[str, ...]
    own: tuple[str, ...]
    heading: tuple[str, ...]
    chapter: tuple[str, ...]

    @cached_property
    def index(self) -> dict[str, int]:
        """Code to its place."""
        return {code: at for at, code in enumerate(self.codes)}

    @cached_property
    def headings(self) -> tuple[str, ...]:
        """The headings in order."""
        return tuple(dict.fromkeys(code[:4] for code in self.codes))

    @cached_property
    def heading_at(self) -> NDArray[np.int32]:
        """For every subheading the place of its heading in `headings`."""
        places = {heading: at for at, heading in enumerate(self.headings)}
        return np.array([places[code[:4]] for code in self.codes], dtype=np.int32)

    @cached_property
    def by_heading(self) -> Groups:
        """The subheadings grouped by their headings."""
        return Groups(self.heading_at)

    @cached_property
    def is_rest(self) -> NDArray[np.bool_]:
        """Whether a subheading is a rest ("n.e.c.", "other than ..."): it is had by exclusion."""
        return np.array([bool(_REST.search(text)) for text in self.own])

    def spread(self, prefix: str) -> slice:
        """The places of the subheadings under a chapter, heading or subheading.

        An empty slice where there are none.
        """
        return self._spreads.get(prefix, slice(0, 0))

    @cached_property
    def _spreads(self) -> dict[str, slice]:
        found: dict[str, slice] = {}
        for at, code in enumerate(self.codes):
            for prefix in (code[:2], code[:4], code):
                found[prefix] = slice(found[prefix].start if prefix in found else at, at + 1)
        return found


HEADING, CHAPTER = 0.35, 0.1
"""How much a word counts that stands in the heading's or the chapter's wording only."""


def documents(wordings: Wordings) -> list[dict[str, float]]:
    """For every subheading its words with how much each counts: its own in full, those of its
    heading and chapter in part, those that it leaves out not at all."""
    found = []
    for own, heading, chapter in zip(wordings.own, wordings.heading, wordings.chapter, strict=True):
        document: dict[str, float] = {}
        for text, weight in ((own, 1.0), (heading, HEADING), (chapter, CHAPTER)):
            for word in said(text):
                document[word] = document.get(word, 0.0) + weight
        found.append(document)
    return found


def read(codes: Mapping[str, Wording]) -> Wordings:
    """From every code of the nomenclature, by its digits."""
    six = tuple(sorted(code for code in codes if len(code) == 6))
    return Wordings(
        six,
        tuple(codes[code].wording for code in six),
        tuple(codes[code[:4]].wording for code in six),
        tuple(codes[code[:2]].wording for code in six),
    )


@lru_cache(maxsize=16_384)
def says(text: str) -> str:
    """What a wording says of the goods, without what it leaves out.

    >>> says("Fabrics; of cotton, other than knitted, n.e.c. in heading 5208")
    'Fabrics; of cotton,  ,'
    """
    return _LEFT_OUT.sub(" ", _NOTE.sub("", text)).strip()


@lru_cache(maxsize=16_384)
def _every(text: str) -> tuple[str, ...]:
    return tuple(words(says(text), keep_empty=True))


@lru_cache(maxsize=16_384)
def said(text: str) -> tuple[str, ...]:
    """The words of what a wording says, each once.

    >>> said("Fabrics; of cotton, other than knitted, n.e.c. in heading 5208")
    ('fabric', 'cotton')
    """
    return tuple(dict.fromkeys(word for word in _every(text) if form(word)))


@lru_cache(maxsize=16_384)
def leaves_out(text: str) -> str:
    """What a wording leaves out.

    >>> leaves_out("Coffee; roasted, other than decaffeinated")
    'other than decaffeinated'
    """
    return " ".join(_LEFT_OUT.findall(_NOTE.sub("", text)))


@dataclass(frozen=True)
class CodeFacets:
    """Which values of each facet every subheading takes.

    takes: facet to (subheadings x values); tells: facet to whether a subheading says anything.
    """

    values: Mapping[str, tuple[str, ...]]
    takes: Mapping[str, NDArray[np.bool_]]
    tells: Mapping[str, NDArray[np.bool_]]


def code_facets(wordings: Wordings, facets: Facets, pack: Pack) -> CodeFacets:
    """The facets of every subheading: from its own wording, else from its heading's, else from the
    pack's list. What a wording leaves out it does not take.

    Errors: InputRefused ``classification.facet`` for a bad row of the list.
    """
    listed = _listed(pack, facets)
    own = [facets.find_words(_every(text)) for text in wordings.own]
    left_out = [leaves_out(text) for text in wordings.own]
    out = [facets.find_words(words(text, keep_empty=True)) if text else {} for text in left_out]
    above = {text: facets.find_words(_every(text)) for text in dict.fromkeys(wordings.heading)}
    values: dict[str, tuple[str, ...]] = {}
    takes: dict[str, NDArray[np.bool_]] = {}
    tells: dict[str, NDArray[np.bool_]] = {}
    for name, facet in facets.facets.items():
        order = tuple(facet.values)
        place = {value: at for at, value in enumerate(order)}
        taken = np.zeros((len(wordings.codes), len(order)), dtype=bool)
        for at, code in enumerate(wordings.codes):
            taken_by: Sequence[str] = (
                own[at].get(name)
                or _nearest(listed.get(name, {}), code)
                or above[wordings.heading[at]].get(name)
                or ()
            )
            left = set(out[at].get(name, ()))
            if not taken_by and not left:
                continue
            if not taken_by:
                taken_by = [value for value in order if value not in left]
            for value in facets.widened(name, taken_by) - (left - set(taken_by)):
                taken[at, place[value]] = True
        values[name], takes[name] = order, taken
        tells[name] = np.asarray(taken.any(axis=1))
    return CodeFacets(values, takes, tells)


def _nearest(listed: Mapping[str, tuple[str, ...]], code: str) -> tuple[str, ...]:
    return next((listed[code[:size]] for size in (6, 4, 2) if code[:size] in listed), ())


def _listed(pack: Pack, facets: Facets) -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    problems = []
    for row in pack.table(CODES_FILE):
        values = tuple(value.strip() for value in row["value"].split("|"))
        wrong = facets.check(row["facet"], values)
        if not row["code"].isdecimal() or len(row["code"]) not in (2, 4, 6):
            wrong = f"{row['code']!r} has not 2, 4 or 6 digits."
        if wrong:
            problems.append(
                Problem("classification.facet", f"{CODES_FILE}: {wrong}", line=row.line)
            )
        found.setdefault(row["facet"], {})[row["code"]] = values
    if problems:
        raise InputRefused(problems)
    return found
