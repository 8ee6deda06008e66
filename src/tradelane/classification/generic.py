"""Texts that name no goods: too wide a word, a brand alone, a purpose alone.

Nothing can be classified from "parts" or "gift"; an honest answer is a question.
"""

from __future__ import annotations

from dataclasses import dataclass

from tradelane.classification.asked import Asked
from tradelane.classification.phrases import Phrases
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import Pack

FILE = "generic.csv"
KINDS = ("generic", "brand", "use", "empty")
"""``empty`` words (new, high quality, assorted) neither name goods nor ask for anything."""


@dataclass(frozen=True, slots=True)
class Wide:
    """A term that is too wide, the question to ask, and why."""

    term: str
    kind: str
    question: str
    note: str


class Generic:
    """The terms of a pack that are too wide."""

    def __init__(self, terms: list[Wide]) -> None:
        self._phrases = Phrases([(term.term, term) for term in terms])
        self.terms = tuple(terms)

    def find(self, asked: Asked) -> Wide | None:
        """The widest term, where the text consists of such terms only; None where it says more."""
        found = self._phrases.find(asked.tokens)
        covered = {at for _term, start, stop in found for at in range(start, stop)}
        rest = [t for at, t in enumerate(asked.tokens) if at not in covered and t in asked.weights]
        asking = [term for term, _start, _stop in found if term.kind != "empty"]
        return asking[-1] if asking and not any(not w.isdecimal() for w in rest) else None


def load(pack: Pack) -> Generic:
    """The too wide terms of a pack. Errors: InputRefused ``classification.generic``."""
    terms, problems = [], []
    for row in pack.table(FILE):
        asks = row["question"] or row["kind"] == "empty"
        if row["kind"] not in KINDS or not row["term"].strip() or not asks:
            problems.append(
                Problem(
                    "classification.generic",
                    f"A row of {FILE} lacks its term, its question or a kind of {KINDS}.",
                    line=row.line,
                )
            )
        for term in row["term"].split("|"):
            terms.append(Wide(term.strip(), row["kind"], row["question"], row["note"]))
    if problems:
        raise InputRefused(problems)
    return Generic(terms)
