"""What the page that finds codes shows: answers, codes with why, what stands beside them, rates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tradelane.classification.answers import Answers
from tradelane.classification.model import Evidence, Ranked, Suggestion
from tradelane.classification.words import LONGEST, words
from tradelane.kit.packs import read_date
from tradelane.kit.plaintext import clean_line
from tradelane.trade.hscode import show_code
from tradelane.trade.identifiers import ASSIGNED_ECONOMIES
from tradelane.web.translation import N_

if TYPE_CHECKING:
    from tradelane.journeys.code_rates import CodeRates
    from tradelane.nomenclature import Nomenclature
    from tradelane.platform import Tradelane

MOST_ANSWERS = 24
MOST_SIBLINGS = 12
MOST_GOODS = 8
QUOTED = 80
"""Characters of an example that a reason quotes."""

SURE = (
    (0.9, N_("very likely")),
    (0.7, N_("likely")),
    (0.5, N_("more likely than not")),
    (0.2, N_("possible")),
    (0.0, N_("unlikely")),
)
"""The least probability, and the word for it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asked, as the address of the page holds it.

    answers: what was answered by what it is kept under, in the order of the questions; territory:
    a pack's id, "" where no rate is wanted; draft and line: where a code is wanted, if it is.
    """

    text: str = ""
    answers: Mapping[str, str] | None = None
    territory: str = ""
    origin: str = ""
    on: str = ""
    draft: int | None = None
    line: int = 0

    def address(self, **changes: Any) -> str:
        """The page's address with something else in it; ``change``: an answer to leave out and to
        ask for again."""
        said = {"q": self.text, "territory": self.territory, "origin": self.origin, "on": self.on}
        if self.draft is not None:
            said |= {"draft": str(self.draft), "line": str(self.line)}
        said |= changes
        answers = {} if "q" in changes else (self.answers or {})
        pairs = [(name, value) for name, value in said.items() if value]
        pairs += [("answer", f"{k}:{v}") for k, v in answers.items() if k != changes.get("change")]
        return f"/classify?{urlencode(pairs)}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A code as the page shows it; matched: the description's words in its wording; beside: the
    other codes of its heading, (shown, wording); rate: the duty, "" where not known."""

    ranked: Ranked
    shown: str
    sure: str
    matched: tuple[str, ...]
    beside: tuple[tuple[str, str], ...]
    more_beside: int
    rate: str

    @property
    def is_remote(self) -> bool:
        """Whether its probability rounds to nothing."""
        return self.ranked.probability < 0.005

    @property
    def path(self) -> tuple[tuple[str, str], ...]:
        """What leads to it, without the code itself."""
        return self.ranked.path[:-1]

    @property
    def long_examples(self) -> list[Evidence]:
        """Examples that speak for it of which its reasons quote no more than the beginning."""
        found = self.ranked.evidence
        return [one for one in found if one.kind == "example" and len(one.text) > QUOTED]


def read_answers(given: Sequence[str], possible: Answers) -> dict[str, str]:
    """The answers of an address; what nobody can answer is left out.

    A later answer to the same question counts.
    """
    found: dict[str, str] = {}
    for text in given[:MOST_ANSWERS]:
        name, _, value = text[:120].partition(":")
        if not possible.wrong(name, value):
            found[name] = value
    return found


def tidy(text: str) -> str:
    """A description as it is kept in an address: one line without what nobody can see."""
    return clean_line(text[: 4 * LONGEST])[:LONGEST]


def word_of(probability: float) -> str:
    """
    >>> word_of(0.95), word_of(0.5), word_of(0.01)
    ('very likely', 'more likely than not', 'unlikely')

    The word fits the percentage that stands beside it: 19.7 % is shown as 20 %.

    >>> word_of(0.197)
    'possible'
    """
    return next(word for least, word in SURE if round(probability, 2) >= least)


def candidates(
    lane: Tradelane, suggestion: Suggestion, ranked: Sequence[Ranked], rates: CodeRates | None
) -> list[Candidate]:
    """The codes with what the page says of them, in their order."""
    asked = words(suggestion.text)
    return [_candidate(lane.nomenclature, one, asked, rates) for one in ranked]


def _candidate(
    nomenclature: Nomenclature, one: Ranked, asked: Sequence[str], rates: CodeRates | None
) -> Candidate:
    below = " ".join(wording for _code, wording in one.path[1:])
    there = frozenset(words(below))
    matched = tuple(dict.fromkeys(word for word in asked if word in there))
    beside = nomenclature.siblings(one.code)
    return Candidate(
        one,
        show_code(one.code),
        word_of(one.probability),
        matched,
        tuple((show_code(c.code), c.wording) for c in beside[:MOST_SIBLINGS]),
        max(0, len(beside) - MOST_SIBLINGS),
        "" if rates is None else rates.of(one.code),
    )


# ---------------------------------------------------------------- rates


def rates_of(
    lane: Tradelane, asked: Question, known: Sequence[tuple[str, str]]
) -> CodeRates | None:
    """What rates are looked up in, or None where the address does not say enough."""
    if asked.territory not in dict(known) or asked.origin not in ASSIGNED_ECONOMIES:
        return None
    return lane.code_rates(asked.territory, asked.origin, day_of(lane, asked.on))


def day_of(lane: Tradelane, text: str) -> dt.date:
    """The day of an address; today where it has none that can be read."""
    try:
        return read_date(text) or lane.clock.now().date()
    except (ValueError, TypeError):
        return lane.clock.now().date()
