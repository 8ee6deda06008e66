"""Answers in aggregate: how many chose what, with small counts withheld so that they stay so.

No count between 1 and 4 is told, nor one from which such a count could be worked out: where a
question's answers add up to the number of respondents, another count is withheld with it, and an
option that nearly everybody ticked is withheld as one that hardly anybody did. Free words are
counted and never shown here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tradelane.contributions.questionnaires import Question, Survey

FEWEST = 5
"""A count of so many organisations is told."""
NO_ANSWER = ""
"""The value of a cell that counts those who left an optional question out."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How many gave an answer; None: withheld."""

    value: str
    text: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Tally:
    """A question with its counts. For words: one cell, how many wrote any."""

    question: Question
    cells: tuple[Cell, ...]

    @property
    def withheld(self) -> bool:
        """Whether any of its counts is."""
        return any(cell.count is None for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Results:
    """What is told of a round; respondents: None for fewer than five, and then no tally."""

    respondents: int | None
    tallies: tuple[Tally, ...]


def tally(survey: Survey, contents: Sequence[Mapping[str, Any]]) -> Results:
    """The results of some answers (as `questionnaires.read_answer` made them)."""
    if len(contents) < FEWEST:
        return Results(None, ())
    given = [content["answers"] for content in contents]
    return Results(len(given), tuple(_tally(one, given) for one in survey.questions))


def _tally(question: Question, given: Sequence[Mapping[str, Any]]) -> Tally:
    total = len(given)
    answers = [one[question.id] for one in given if question.id in one]
    if question.kind == "text":
        return Tally(question, (Cell("text", "", _apart(len(answers), total)),))
    if question.kind == "multiple":
        counts = Counter(value for values in answers for value in values)
        return Tally(
            question,
            tuple(
                Cell(value, text, _apart(counts[value], total))
                for value, text in question.options.items()
            ),
        )
    counts = Counter(answers)
    values = [(value, text, counts[value]) for value, text in question.options.items()]
    if question.optional:
        values.append((NO_ANSWER, "", total - len(answers)))
    hidden = withheld([count for _, _, count in values])
    return Tally(
        question,
        tuple(
            Cell(value, text, None if at in hidden else count)
            for at, (value, text, count) in enumerate(values)
        ),
    )


def _apart(count: int, total: int) -> int | None:
    """A count that stands alone beside the total: neither it nor the rest may be small."""
    return None if withheld([count, total - count]) else count


def withheld(counts: Sequence[int]) -> frozenset[int]:
    """The places of counts that are withheld, where their sum is known.

    If any is small, all below five are, those of nobody too; then, as long as what is hidden could
    be worked out from its sum, the smallest of the others and all that are as small. A test goes
    through every table.

    >>> sorted(withheld([20, 3, 9])), sorted(withheld([20, 3, 2])), sorted(withheld([20, 0, 9]))
    ([1, 2], [1, 2], [])
    """
    if not any(0 < count < FEWEST for count in counts):
        return frozenset()
    order = sorted(range(len(counts)), key=lambda at: counts[at])
    hidden = [at for at in order if counts[at] < FEWEST]
    for at in order[len(hidden) :]:
        # Equal ones go together: which of them was taken would tell which one is small.
        if _safe([counts[one] for one in hidden]) and counts[at] != counts[hidden[-1]]:
            break
        hidden.append(at)
    return frozenset(hidden)


def _safe(hidden: Sequence[int]) -> bool:
    """Whether hidden counts cannot be told from their sum by somebody who knows this rule."""
    total = sum(hidden)
    if len(hidden) < 2 or total < FEWEST:
        return False
    # All of them small, and (nearly) as large as small ones can be: then each is that large.
    return max(hidden) >= FEWEST or total <= len(hidden) * (FEWEST - 1) - 2
