"""What rankers learn from: wordings of codes, the glossary, and examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tradelane.classification.collected import together
from tradelane.classification.columns import Columns, columns
from tradelane.classification.facets import Facets
from tradelane.classification.glossary import Glossary
from tradelane.classification.model import Example
from tradelane.classification.rankers.matching import Words, written
from tradelane.classification.remembered import Remembered, cut_all
from tradelane.classification.wordings import CodeFacets, Wordings, documents
from tradelane.kit import vectors

PATH = " — "
"""What stands between the wordings of a path, from the heading down."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One example made ready: its words, and the places of the subheadings that it may mean: one,
    or all of a heading where it says no more."""

    example: Example
    words: tuple[str, ...]
    places: slice

    @property
    def at(self) -> int:
        """The place of its subheading; of the first where it names a heading."""
        return int(self.places.start)

    @property
    def is_heading(self) -> bool:
        """Whether it names a heading of several subheadings only."""
        return bool(self.places.stop - self.places.start > 1)

    @property
    def is_tariff(self) -> bool:
        """Whether it is a line of a tariff: a path of wordings, not what a trader wrote."""
        return PATH in self.example.text


@dataclass(frozen=True)
class Known:
    """Everything that may be learned from, in one place."""

    wordings: Wordings
    facets: Facets
    code_facets: CodeFacets
    glossary: Glossary
    lessons: Sequence[Lesson] = field(default=())

    @cached_property
    def documents(self) -> list[dict[str, float]]:
        """The words of every wording."""
        return documents(self.wordings)

    @cached_property
    def written(self) -> Words:
        """The same as columns."""
        return written(self.documents)

    @cached_property
    def columns(self) -> Columns:
        """The lessons as columns."""
        return columns(self.lessons)

    @cached_property
    def collected(self) -> Words:
        """The words of wordings, terms and examples together."""
        return together(self)

    @cached_property
    def meanings(self) -> tuple[dict[str, int], NDArray[np.float32]]:
        """The words of `collected` that have a vector, with its row, and the rows."""
        words, rows = vectors.table(self.collected.vocabulary)
        return {word: at for at, word in enumerate(words)}, rows

    def with_lessons(self, lessons: Sequence[Lesson]) -> Known:
        """The same with other examples."""
        found = Known(self.wordings, self.facets, self.code_facets, self.glossary, lessons)
        for name in ("documents", "written"):  # the wordings stay, so does what was made of them
            found.__dict__[name] = getattr(self, name)
        return found

    @property
    def places(self) -> NDArray[np.int32]:
        """The subheading's place of every lesson that names one."""
        return self.columns.at[~self.columns.is_heading]


def lessons(
    examples: Sequence[Example], wordings: Wordings, remembered: Remembered | None = None
) -> list[Lesson]:
    """The examples that have a subheading of the wordings and at least one word, in order."""
    found = []
    cut = cut_all((example.text for example in examples), remembered)
    for example, parts in zip(examples, cut, strict=True):
        places = wordings.spread(example.code[:6])
        if places.stop > places.start and parts:
            found.append(Lesson(example, parts, places))
    return found
