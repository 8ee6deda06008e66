"""From descriptions to weighed candidates: rankers, features, reranker, calibration in one piece.

An engine knows a fixed set of wordings, terms and examples; when there is more to know the service
makes another. It reads nothing and keeps nothing, and what it says of one description hangs on
none of the others.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from tradelane.classification import calibration as curves
from tradelane.classification import rankers
from tradelane.classification.asked import Asked
from tradelane.classification.features import Features
from tradelane.classification.known import Known, Lesson
from tradelane.classification.rankers import Ranker
from tradelane.classification.rankers.habits import Habits
from tradelane.classification.rankers.neighbours import Neighbours
from tradelane.classification.rankers.profile import Profile
from tradelane.classification.reranker import Weighted
from tradelane.classification.spelling import Spelling
from tradelane.classification.trained import Trained
from tradelane.classification.wordings import Wordings

WITHOUT_EXAMPLES = ("lexical", "glossary", "profile", "related", "embedding")
WITH_EXAMPLES = (*WITHOUT_EXAMPLES, "neighbours", "habits")
BLOCK = 128
"""Descriptions that are weighed together."""
_HEADINGS = 10
FITS, CONTRADICTS = 0.7, -2.5
"""What an answer adds to the score of a candidate that it fits, or that it contradicts."""

Near = tuple[tuple[int, float], ...]
"""Places of lessons with how near they are, the nearest first."""


@dataclass(frozen=True)
class Weighed:
    """One description's candidates, likeliest first: places of subheadings with probabilities,
    headings with theirs, and the nearest examples."""

    asked: Asked
    places: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    headings: tuple[tuple[str, float], ...]
    nearest: Near


@dataclass(frozen=True)
class Told:
    """One description before its calibration: candidates in order with their shares, headings with
    theirs, and the inputs of both curves."""

    places: NDArray[np.int64]
    share: NDArray[np.float64]
    headings: tuple[tuple[str, float], ...]
    six: NDArray[np.float64]
    four: NDArray[np.float64]


@dataclass(frozen=True)
class Inside:
    """A block of descriptions on the way: candidates, their features, and what else counts."""

    wordings: Wordings
    names: tuple[str, ...]
    places: NDArray[np.int64]
    features: NDArray[np.float32]
    sources: dict[str, NDArray[np.float32]]
    nearest: list[Near]
    about: NDArray[np.float64]
    """For every description: words (log), nearest example, words that are known, best term."""
    answered: tuple[frozenset[str], ...] = ()
    """For every description the facets that a person answered."""

    def told(self, reranker: Weighted) -> Iterator[Told]:
        """What a reranker makes of it, description by description."""
        ranked = reranker.scores(self.features, self.names, self.sources)
        for row, names in enumerate(self.answered):
            for name in names:  # what a person answers counts more than what words give away
                told = self.features[row, :, self.names.index(f"facet_{name}")]
                ranked[row] += np.where(told > 0, FITS, np.where(told < 0, CONTRADICTS, 0.0))
        order = np.argsort(-ranked, axis=1, kind="stable")
        places = np.take_along_axis(self.places, order, axis=1)
        share = curves.shares(np.take_along_axis(ranked, order, axis=1))
        above = self._headings(places, share)
        best = np.array([[p for _heading, p in (*row, ("", 0.0))[:2]] for row in above])
        about = self.about.T
        six = curves.confidence(share[:, 0], share[:, 1], *about)
        four = curves.confidence(best[:, 0], best[:, 1], *about)
        for row, headings in enumerate(above):
            yield Told(places[row], share[row], headings, six[row], four[row])

    def _headings(
        self, places: NDArray[np.int64], share: NDArray[np.float64]
    ) -> list[tuple[tuple[str, float], ...]]:
        """For every description the likeliest headings with the shares of their candidates."""
        names = self.wordings.headings
        rows = np.arange(len(places))[:, None] * len(names)
        cells = (rows + self.wordings.heading_at[places]).ravel()
        sums = np.bincount(cells, share.ravel(), len(places) * len(names)).reshape(len(places), -1)
        least = np.partition(sums, -_HEADINGS, axis=1)[:, -_HEADINGS, None]
        row, column = np.nonzero((sums >= least) & (sums > 0))
        order = np.lexsort((column, -sums[row, column], row))
        found: list[list[tuple[str, float]]] = [[] for _ in range(len(places))]
        for at, heading in zip(row[order].tolist(), column[order].tolist(), strict=True):
            if len(found[at]) < _HEADINGS:
                found[at].append((names[heading], float(sums[at, heading])))
        return [tuple(one) for one in found]


class Engine:
    """What is known, made ready."""

    def __init__(self, known: Known, trained: Trained) -> None:
        self.known = known
        self._trained = trained
        self.rankers: dict[str, Ranker] = {}
        for name in WITH_EXAMPLES if known.lessons else WITHOUT_EXAMPLES:
            self.rankers[name] = rankers.new(name)
            self.rankers[name].learn(known)
        if trained.linear is not None:
            self.rankers["linear"] = trained.linear
        self.features = Features(known, tuple(self.rankers))
        self._facets = frozenset(self.features.facet_names)
        matching = cast(Profile, self.rankers["profile"]).matching
        self._vocabulary = matching.vocabulary
        self._spelling = Spelling(matching.held, known.facets)
        self._turn = threading.Lock()
        """Rankers remember words that they met: threads take turns."""

    @property
    def lessons(self) -> Sequence[Lesson]:
        """The examples, in the order that `Weighed.nearest` counts them."""
        found = self.rankers.get("neighbours")
        return found.lessons if isinstance(found, Neighbours) else ()

    def weigh(self, asked: Sequence[Asked], shown: int = 100) -> list[Weighed]:
        """The candidates of every description, ``shown`` of each at most."""
        found: list[Weighed] = []
        for start in range(0, len(asked), BLOCK):
            with self._turn:
                part = [self._spelling.repair(one) for one in asked[start : start + BLOCK]]
                inside = self._block(part, None)
            for row, told in enumerate(inside.told(self._trained.reranker)):
                found.append(self._calibrated(part[row], told, inside.nearest[row], shown))
        return found

    def inside(self, asked: Sequence[Asked], kept: int | None = None) -> list[Inside]:
        """Candidates with their features, block by block; at most ``kept`` of each."""
        repaired = [self._spelling.repair(one) for one in asked]
        starts = range(0, len(repaired), BLOCK)
        return [self._block(repaired[start : start + BLOCK], kept) for start in starts]

    def _block(self, asked: Sequence[Asked], kept: int | None) -> Inside:
        scores = {}
        similar = None
        likely: dict[str, NDArray[np.float32]] = {}
        for name, ranker in self.rankers.items():
            if isinstance(ranker, Neighbours):
                similar = ranker.similar(asked)
                scores[name] = ranker.best(similar)
                continue
            if isinstance(ranker, Habits):
                likely = dict(zip(ranker.names, ranker.likely(asked).T, strict=True))
            scores[name] = ranker.scores(asked)
        places = self.features.candidates(scores)[:, :kept]
        features = self.features.of(asked, scores, places)
        nearest = [_nearest(similar, row) for row in range(len(asked))]
        about = np.array(
            [
                (
                    np.log1p(len(one.weights)),
                    near[0][1] if near else 0.0,
                    sum(w in self._vocabulary for w in one.weights) / max(len(one.weights), 1),
                    term,
                )
                for one, near, term in zip(
                    asked, nearest, scores["glossary"].max(axis=1).tolist(), strict=True
                )
            ]
        ).reshape(len(asked), 4)
        answered = tuple(one.answered & self._facets for one in asked)
        names = self.features.names
        wordings = self.known.wordings
        return Inside(wordings, names, places, features, likely, nearest, about, answered)

    def _calibrated(self, asked: Asked, told: Told, nearest: Near, shown: int) -> Weighed:
        source = self.lessons[nearest[0][0]].example.source if nearest else ""
        six, four = self._trained.calibration.curves(source)
        best_six = float(six.apply(told.six[None, :])[0])
        best_four = float(four.apply(told.four[None, :])[0])
        if self.known.wordings.codes[told.places[0]][:4] == told.headings[0][0]:
            best_four = max(best_four, best_six)  # a subheading is never surer than its heading
        above = np.array([share for _heading, share in told.headings])
        sure = curves.spread_rest(told.share, np.array(best_six))
        sure_four = curves.spread_rest(above, np.array(best_four))
        return Weighed(
            asked,
            told.places[:shown],
            sure[:shown],
            tuple((h, float(p)) for (h, _s), p in zip(told.headings, sure_four, strict=True)),
            nearest,
        )


def _nearest(similar: sp.csr_matrix | None, row: int, most: int = 8) -> Near:
    if similar is None:
        return ()
    start, stop = similar.indptr[row : row + 2]
    data = similar.data[start:stop]
    close = np.arange(len(data))
    if len(data) > most:
        close = np.flatnonzero(data >= np.partition(data, -most)[-most])
    order = close[np.argsort(-data[close], kind="stable")[:most]]
    places = similar.indices[start:stop][order]
    return tuple((int(p), float(v)) for p, v in zip(places, data[order], strict=True))
