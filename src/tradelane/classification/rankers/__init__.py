"""Rankers: one way of finding codes for descriptions a file, all held to the exam in
tests/contract."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tradelane.classification.asked import Asked
    from tradelane.classification.known import Known

__all__ = ["RANKERS", "Ranker", "new"]


class Ranker(Protocol):
    """Scores every subheading for descriptions; higher fits better, 0 says nothing."""

    name: str

    def learn(self, known: Known) -> None:
        """Take in the wordings, the glossary and the examples."""
        ...

    def scores(self, asked: Sequence[Asked]) -> NDArray[np.float32]:
        """A row a description, a column a subheading, never negative, never NaN. What is said of
        one description hangs on nothing of the others."""
        ...


RANKERS = {
    "lexical": "tradelane.classification.rankers.lexical:Lexical",
    "glossary": "tradelane.classification.rankers.terms:Terms",
    "related": "tradelane.classification.rankers.related:Related",
    "embedding": "tradelane.classification.rankers.embedding:Embedding",
    "neighbours": "tradelane.classification.rankers.neighbours:Neighbours",
    "profile": "tradelane.classification.rankers.profile:Profile",
    "habits": "tradelane.classification.rankers.habits:Habits",
    "linear": "tradelane.classification.rankers.linear:Linear",
}
"""Every ranker by its name; loaded only when it is asked for."""


def new(name: str) -> Ranker:
    """A ranker of that name that knows nothing yet; raises KeyError for an unknown one."""
    module, _, attribute = RANKERS[name].partition(":")
    made: Ranker = getattr(import_module(module), attribute)()
    return made
