"""Do the words of the description belong to the declared code?

Each word of past descriptions votes for the codes that it came with, by the share of its lines that
had the code. Nothing is known of any language: a word is what an administration's own traders wrote
beside a code. Counts stand as they did at a month's start, as those of peers do.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradelane.targeting.siblings import digits

Floats = NDArray[np.float64]

PARTS = ("fit", "gap", "new", "code")
"""Share of the votes for the declared code; votes of the best other code less these; share of words
that were never seen; and that other code's six digits as a number."""

MOST_LINES = 200_000
"""The latest past lines whose words are counted."""
WINDOW_DAYS = 365
FEWEST = 5
"""A word of fewer past lines has no vote."""
MOST_CODES = 60
"""A word that came with more codes than this says nothing about any."""
_MOST_WORDS = 12
_MOST_MONTHS = 36
_MOST_TEXTS = 5_000
_WORD = re.compile(r"[^\W\d_]{3,}")
_UNKNOWN = (math.nan,) * len(PARTS)

Votes = dict[str, dict[str, float]]
"""For each word the share of its lines that each code has; none for a word that has no vote."""


@lru_cache(20_000)
def words_of(description: str) -> tuple[str, ...]:
    """The first different words of three letters or more, in capitals.

    >>> words_of("Gouda cheese, 12 wheels REF 37446 (cheese)")
    ('GOUDA', 'CHEESE', 'WHEELS', 'REF')
    """
    found = dict.fromkeys(_WORD.findall(description[:500].upper()))
    return tuple(found)[:_MOST_WORDS]


@dataclass
class Words:
    """Counts over past lines: ``day``, ``hs6`` and ``description``."""

    history: pl.DataFrame
    _snapshots: dict[dt.date, _Snapshot] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(
        self, dates: Sequence[dt.date], descriptions: Iterable[str], codes: Iterable[str]
    ) -> Floats:
        """What the words say about each line: one row for each of `PARTS`, one column a line."""
        told = [
            self._snapshot(date.replace(day=1)).tell(description, code)
            for date, description, code in zip(dates, descriptions, codes, strict=True)
        ]
        return np.array(told, np.float64).reshape(len(told), len(PARTS)).T.copy()

    def _snapshot(self, month: dt.date) -> _Snapshot:
        with self._lock:
            known = self._snapshots.get(month)
            if known is None:
                if len(self._snapshots) >= _MOST_MONTHS:
                    self._snapshots.clear()
                known = self._snapshots[month] = _Snapshot(self._take(month))
            return known

    def _take(self, month: dt.date) -> Votes:
        end = (month - dt.date(1970, 1, 1)).days
        past = self.history.filter(
            pl.col("day").is_between(end - WINDOW_DAYS, end - 1), pl.col("description") != ""
        ).tail(MOST_LINES)
        texts = past.group_by("description", "hs6").agg(lines=pl.len())
        counts: dict[str, dict[str, int]] = defaultdict(dict)
        for description, code, lines in texts.iter_rows():
            for word in words_of(description):
                of_word = counts[word]
                of_word[code] = of_word.get(code, 0) + lines
        return {word: _shares(of_word) for word, of_word in counts.items()}


def _shares(of_word: dict[str, int]) -> dict[str, float]:
    total = sum(of_word.values())
    if total < FEWEST or len(of_word) > MOST_CODES:
        return {}
    return {code: lines / total for code, lines in sorted(of_word.items())}


class _Snapshot:
    """The votes at a month's start, and what they say of the texts that were asked about."""

    def __init__(self, votes: Votes) -> None:
        self._votes = votes
        self._told: dict[tuple[str, str], tuple[float, ...]] = {}

    def tell(self, description: str, code: str) -> tuple[float, ...]:
        if not description or not self._votes:
            return _UNKNOWN
        key = (description, code)
        found = self._told.get(key)
        if found is None:
            if len(self._told) >= _MOST_TEXTS:
                self._told.clear()
            found = self._told[key] = self._tell(description, code)
        return found

    def _tell(self, description: str, code: str) -> tuple[float, ...]:
        words = words_of(description)
        if not words:
            return _UNKNOWN
        known = [self._votes[word] for word in words if word in self._votes]
        new = 1.0 - len(known) / len(words)
        voting = [votes for votes in known if votes]
        if not voting:
            return (math.nan, math.nan, new, math.nan)
        total: dict[str, float] = {}
        for votes in voting:
            for name, share in votes.items():
                total[name] = total.get(name, 0.0) + share
        mine = total.pop(code, 0.0) / len(voting)
        best = max(total, key=lambda name: (total[name], name), default="")
        other = total[best] / len(voting) if best else 0.0
        return (mine, other - mine, new, digits(best))
