"""The shipped glossary: what people call goods, with the codes that it usually means.

A row says: who writes this term means these codes, if these conditions hold. All words of a term
must stand in the text, in any order; a term that is part of a longer one that stands there too does
not count. Rows are data of the pack `classification`; its form is in the reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from tradelane.classification.asked import ASIDE, Asked
from tradelane.classification.facets import Facets, conditions
from tradelane.classification.words import form, words
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import Pack, Row

FOLDER = "glossary"
COLUMNS = ("term", "code", "when", "weight", "note", "basis")
USUAL = 0.8
"""The weight of a row that says none."""
NOT_KNOWN = 0.4
"""What is left of a row's weight where its condition is not known."""
NOT_NAMING = 0.8
"""What is left where the term is without the word that names the goods: "phone" in "phone case"."""
BESIDE_LONGER = 0.75
"""What is left of a single word's strength beside a term of several words."""
_GIVES_WAY = 0.3
"""A single word that is so much stronger does not give way."""
TOGETHER = 1
"""A term hides those that are part of it where at most so many words stand between its own."""
SPREAD, SPREAD_OUT = 2, 0.85
"""Words of a term may have so many others between them; every further one weakens it."""
_SMALL = frozenset(["a", "an", "the", "of", "for", "and", "or", "with", "in", "to"])
_MOST_PROBLEMS = 50


class Entry(NamedTuple):
    """One row: a term in its words, codes (2, 4 or 6 digits), conditions, weight for each code."""

    term: str
    parts: frozenset[str]
    codes: tuple[str, ...]
    when: Mapping[str, tuple[str, ...]]
    weight: float
    note: str
    basis: str
    language: str
    place: str


@dataclass(frozen=True, slots=True)
class Match:
    """An entry whose term stands in a text. strength: its weight times how central the term is
    and how far its conditions are known to hold; missing: conditions that are not known."""

    entry: Entry
    strength: float
    missing: tuple[str, ...]


class Glossary:
    """The entries of a pack, found by their words."""

    def __init__(self, entries: Sequence[Entry], facets: Facets) -> None:
        self.entries = tuple(entries)
        self._facets = facets
        frequency = Counter(chain.from_iterable(entry.parts for entry in entries))
        self._by_rarest: dict[str, list[Entry]] = {}
        for entry in entries:
            rarest, *others = entry.parts
            if others:
                rarest = min(entry.parts, key=lambda word: (frequency[word], word))
            self._by_rarest.setdefault(rarest, []).append(entry)

    def matches(self, asked: Asked) -> list[Match]:
        """The entries whose terms stand in the text, without those whose conditions are
        contradicted and those whose term is part of a longer one that may hold."""
        have = frozenset(asked.tokens)
        found = [
            match
            for word in dict.fromkeys(asked.tokens)
            for entry in self._by_rarest.get(word, ())
            if entry.parts <= have
            for match in (self._weigh(entry, asked),)
            if match is not None
        ]
        several = {m.entry.parts for m in found if len(m.entry.parts) > 1}
        if not several:
            return found
        # "blender with a jar" is a blender, though there is a term "blender jar".
        longer = {p for p in several if _span(asked.tokens, p) <= len(p) + TOGETHER}
        best = max(m.strength for m in found if len(m.entry.parts) > 1)
        kept = []
        for match in found:
            parts = match.entry.parts
            if any(parts < other for other in longer):
                continue
            if len(parts) == 1 and match.strength < best + _GIVES_WAY:
                match = replace(match, strength=match.strength * BESIDE_LONGER)
            kept.append(match)
        return kept

    def _weigh(self, entry: Entry, asked: Asked) -> Match | None:
        strength, missing = entry.weight, []
        for name, values in entry.when.items():
            known = asked.facets.get(name)
            if not known:
                missing.append(name)
                strength *= NOT_KNOWN
            elif not self._facets.widened(name, values) & set(known):
                return None
        parts = entry.parts
        counted = sum(asked.weights.get(word, ASIDE) for word in parts) / len(parts)
        if asked.naming and asked.naming not in parts:
            counted *= NOT_NAMING
        if len(parts) > 1 and len(asked.tokens) > len(parts) + SPREAD:
            counted *= SPREAD_OUT ** max(0, _span(asked.tokens, parts) - len(parts) - SPREAD)
        return Match(entry, strength * counted, tuple(missing))


def _span(tokens: Sequence[str], parts: Collection[str]) -> int:
    """The length of the shortest stretch in which all the words stand.

    >>> _span(["case", "for", "a", "phone", "case"], {"phone", "case"})
    2
    """
    last: dict[str, int] = {}
    best = len(tokens)
    for at, word in enumerate(tokens):
        if word in parts:
            last[word] = at
            if len(last) == len(parts):
                best = min(best, at - min(last.values()) + 1)
    return best


def load(pack: Pack, facets: Facets, known: Collection[str]) -> Glossary:
    """The glossary of a pack. known: every code that may stand in it.

    Errors: InputRefused ``classification.glossary`` with every bad row, up to fifty.
    """
    entries: list[Entry] = []
    problems: list[Problem] = []
    for path in sorted((pack.root / FOLDER).glob("*.csv")):
        for row in pack.table(f"{FOLDER}/{path.name}"):
            wrong = _check(row, facets, known)
            if wrong:
                problems.append(
                    Problem("classification.glossary", f"{path.name}: {wrong}", line=row.line)
                )
            else:
                entries += _entries(row, path)
        if len(problems) >= _MOST_PROBLEMS:
            break
    if problems:
        raise InputRefused(problems[:_MOST_PROBLEMS])
    return Glossary(entries, facets)


def _check(row: Row, facets: Facets, known: Collection[str]) -> str:
    missing = [name for name in COLUMNS if name not in row.cells]
    if missing:
        return f"The column {missing[0]!r} is missing."
    if not any(_parts(term) for term in row["term"].split("|")):
        return "There is no term."
    for code in row["code"].split("|"):
        if code not in known and code.strip() not in known:
            return f"{code.strip()!r} is not a chapter, heading or subheading of HS 2022."
    for name, values in conditions(row["when"]).items():
        if wrong := facets.check(name, values):
            return wrong
    try:
        ok = row["weight"] == "" or 0.05 <= float(row["weight"]) <= 1
    except ValueError:
        ok = False
    return "" if ok else f"The weight {row['weight']!r} is not a number from 0.05 to 1."


def _entries(row: Row, path: Path) -> Iterator[Entry]:
    codes = tuple(code.strip() for code in row["code"].split("|"))
    weight = float(row["weight"] or USUAL) / len(codes)
    when = conditions(row["when"])
    place = f"{path.name}:{row.line}"
    note, basis, language = row["note"], row["basis"], path.name[:2]
    for term in row["term"].split("|"):
        parts = _parts(term)
        if parts:
            yield Entry(
                term.strip(), parts, codes, when, weight, note, basis, language, place
            )  # fmt: skip


@lru_cache(maxsize=65_536)  # many rows have the same terms, each under other conditions
def _parts(term: str) -> frozenset[str]:
    """The words of a term; also those that say nothing elsewhere, as in "pull-up trousers"."""
    said = frozenset(words(term, keep_empty=True)) - _SMALL
    return said if any(map(form, said)) else frozenset()
