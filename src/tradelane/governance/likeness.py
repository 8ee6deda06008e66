"""How like two statements are: by their words, pairs of words, pieces of words and form.

Each view is a table of features (TF-IDF, hashed into columns), and likeness is the weighted sum of
the cosines.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradelane.governance.words import stems

Table = NDArray[np.float32]
_COLUMNS = 4096
_PIECES = (4, 5)
_WORD = re.compile(r"\w+")


class Draft(NamedTuple):
    """A statement to be tagged, with what is known of it already.

    ``objectives`` are their ids and the domains that these are in.
    """

    statement: str
    trigger: str = ""
    kind: str = ""
    modality: str = ""
    actors: tuple[str, ...] = ()
    objectives: tuple[str, ...] = ()


class View(NamedTuple):
    """One way to look at a statement, and how much it counts."""

    weight: float
    features: Callable[[Draft], Iterable[str]]


class Space:
    """Statements with tags, to which others are likened."""

    def __init__(self, drafts: Sequence[Draft], views: Sequence[View]) -> None:
        self._views = views
        self._blocks: list[Table] = []
        self._rarities: list[Table] = []
        for view in views:
            counts = _counts(drafts, view)
            seen = np.maximum((counts != 0).sum(0), 1)
            rarity = np.log(1 + len(drafts) / seen).astype(np.float32)
            self._rarities.append(rarity)
            self._blocks.append(_scaled(counts, rarity))

    def among(self) -> Table:
        """How like every statement is every other."""
        parts = (view.weight * (block @ block.T) for view, block in zip(self._views, self._blocks))
        found: Table = np.sum(list(parts), axis=0)
        return found

    def to(self, draft: Draft) -> Table:
        """How like the statements are to another."""
        found: Table = np.zeros(len(self._blocks[0]), np.float32)
        for view, block, rarity in zip(self._views, self._blocks, self._rarities):
            found += view.weight * (block @ _scaled(_counts([draft], view), rarity)[0])
        return found


def _in_words(draft: Draft) -> list[str]:
    found = stems(f"{draft.statement} {draft.trigger}")
    return found + [f"{one} {other}" for one, other in pairwise(found)]


def _in_pieces(draft: Draft) -> Iterator[str]:
    text = f" {' '.join(_WORD.findall(f'{draft.statement} {draft.trigger}'.lower()))} "
    for size in _PIECES:
        yield from (text[at : at + size] for at in range(len(text) - size))


def _in_form(draft: Draft) -> list[str]:
    return [
        f"kind {draft.kind}",
        f"modality {draft.modality}",
        f"both {draft.kind} {draft.modality}",
        *(f"actor {actor}" for actor in draft.actors),
    ]


def _in_objectives(draft: Draft) -> Iterable[str]:
    return draft.objectives


BY_TEXT = (View(0.6, _in_words), View(0.6, _in_pieces), View(0.3, _in_form))
BY_OBJECTIVES = (*BY_TEXT, View(0.6, _in_objectives))


def _counts(drafts: Sequence[Draft], view: View) -> Table:
    found = np.zeros((len(drafts), _COLUMNS), np.float32)
    for at, draft in enumerate(drafts):
        for feature, count in Counter(view.features(draft)).items():
            column = zlib.crc32(feature.encode())
            sign = 1 if column >> 31 else -1  # features that meet in a column do not add up
            found[at, column % _COLUMNS] += sign * (1 + np.log(count))
    return found


def _scaled(counts: Table, rarity: Table) -> Table:
    weighted = counts * rarity
    lengths = np.linalg.norm(weighted, axis=1, keepdims=True)
    return (weighted / np.where(lengths > 0, lengths, 1)).astype(np.float32)
