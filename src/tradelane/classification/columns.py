"""Examples as columns, so that rankers learn from all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tradelane.classification.known import Lesson


@dataclass(frozen=True)
class Columns:
    """Lessons in their order.

    vocabulary: every word with its number, in the order in which they are met; word: the numbers of
    the lessons' words, each once in a lesson, one lesson after the other; ends: where the lessons
    end in ``word``, from 0 on; at, is_heading, is_tariff: as the lessons have them.
    """

    vocabulary: dict[str, int]
    word: NDArray[np.int32]
    ends: NDArray[np.int64]
    at: NDArray[np.int32]
    is_heading: NDArray[np.bool_]
    is_tariff: NDArray[np.bool_]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many words each lesson has."""
        return np.diff(self.ends)

    def numbers(self, vocabulary: dict[str, int]) -> NDArray[np.int32]:
        """For every word its number in another vocabulary, to which those that it lacks are
        added."""
        return np.array([vocabulary.setdefault(w, len(vocabulary)) for w in self.vocabulary], "i4")

    def matrix(self, values: Sequence[float] | NDArray[np.float32]) -> sp.csr_matrix:
        """A row a lesson, a column a word with its value where the lesson has it."""
        held = np.asarray(values, np.float32)[self.word]
        shape = (len(self.at), len(self.vocabulary))
        return sp.csr_matrix((held, self.word, self.ends), shape=shape)


def columns(lessons: Iterable[Lesson]) -> Columns:
    """The columns of lessons."""
    vocabulary: dict[str, int] = {}
    word: list[int] = []
    ends = [0]
    about: list[tuple[int, bool, bool]] = []
    for lesson in lessons:
        word += [vocabulary.setdefault(w, len(vocabulary)) for w in dict.fromkeys(lesson.words)]
        ends.append(len(word))
        about.append((lesson.at, lesson.is_heading, lesson.is_tariff))
    table = np.array(about, np.int32).reshape(-1, 3)
    return Columns(
        vocabulary,
        np.array(word, np.int32),
        np.array(ends, np.int64),
        table[:, 0].copy(),
        table[:, 1] > 0,
        table[:, 2] > 0,
    )
