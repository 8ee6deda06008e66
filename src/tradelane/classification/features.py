"""What is known of each candidate: one row a candidate, one column a feature.

Rankers' scores are taken against the best of the same description, since their scales are their
own; facets agree (1), contradict (-1) or are silent (0). Every feature is of this description and
this candidate alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tradelane.classification.asked import Asked
from tradelane.classification.known import Known
from tradelane.classification.rankers.matching import Matching, written
from tradelane.classification.wordings import leaves_out, said
from tradelane.classification.words import cut

Floats = NDArray[np.float32]

KEPT = 160
"""Candidates that are weighed for each description."""
SURE_OF = 25
"""So many of every ranker's best are candidates whatever the others say."""
MAIN_FACETS = (
    "material", "made", "wearer", "state", "whole", "power", "use", "upper", "sole", "ankle",
)  # fmt: skip
_BITS = 8
"""Of a candidate's number: there are fewer than 256."""
USUAL = np.float32(1.5)
"""What the subheading that most terms name has before any ranker speaks, others in proportion:
where a text says little, the places that are left are for goods that people name most."""
_TINY = np.float32(1e-6)
_OF_A_RANKER = ("share", "level", "place", "heading", "lead")


class Features:
    """Features of candidates for what is known."""

    def __init__(self, known: Known, rankers: Sequence[str]) -> None:
        self._known = known
        self.rankers = tuple(rankers)
        self._left_out = Matching(
            written([dict.fromkeys(cut(leaves_out(t)), 1.0) for t in known.wordings.own])
        )
        own = [dict.fromkeys(said(t), 1.0) for t in known.wordings.own]
        self._own = Matching(written(own))
        sizes = np.array([len(one) for one in own], np.float32)
        self._size = np.log1p(sizes)
        self._whole = np.array(
            [sum(self._own.rarity_of(w) for w in one) for one in own], np.float32
        ) * np.float32(1.5)
        takes = known.code_facets.takes.get("whole")
        part_at = [
            i for i, v in enumerate(known.code_facets.values.get("whole", ())) if v == "part"
        ]
        is_part = takes[:, part_at].any(axis=1) if takes is not None else np.zeros(len(own), bool)
        self._part: Floats = np.asarray(is_part).astype(np.float32)
        self._siblings = np.log1p(
            np.bincount(known.wordings.heading_at)[known.wordings.heading_at].astype(np.float32)
        )
        self._rest = known.wordings.is_rest.astype(np.float32)
        counts = (
            np.bincount(known.places, minlength=len(known.wordings.codes))
            if len(known.lessons)
            else np.zeros(len(known.wordings.codes))
        )
        self._examples = np.log1p(counts).astype(np.float32)
        named = np.zeros(len(known.wordings.codes), np.float32)
        for entry in known.glossary.entries:
            for code in entry.codes:
                if len(code) == 6:
                    named[known.wordings.index[code]] += entry.weight
        self._named = np.log1p(named)
        self._usual = USUAL * self._named / max(float(self._named.max()), 1.0)
        self.facet_names = [n for n in MAIN_FACETS if n in known.facets.facets]

    @property
    def names(self) -> tuple[str, ...]:
        """The features in the order of their columns."""
        return (
            *(f"{ranker}_{what}" for ranker in self.rankers for what in _OF_A_RANKER),
            "term_share", "term_heading_share", "naming", "own_share", "covered", "part_unsaid",
            "left_out", "rest", "rest_best", "siblings", "size", "examples",
            "named", "agree", "contradict", *(f"facet_{n}" for n in self.facet_names), "words",
        )  # fmt: skip

    def candidates(self, scores: Mapping[str, Floats]) -> NDArray[np.int64]:
        """The places of the `KEPT` most promising subheadings of every description."""
        first = scores[self.rankers[0]]
        fused = np.tile(self._usual, (len(first), 1))
        for name in self.rankers:
            found = scores[name]
            fused += found / np.maximum(found.max(axis=1, keepdims=True), _TINY)
            best = np.argpartition(-found, SURE_OF, axis=1)[:, :SURE_OF]
            rows = np.arange(len(found))[:, None]
            fused[rows, best] += (found[rows, best] > 0) * np.float32(1.0)
        kept = np.argpartition(-fused, KEPT - 1, axis=1)[:, :KEPT]
        order = np.argsort(-np.take_along_axis(fused, kept, axis=1), axis=1, kind="stable")
        return np.take_along_axis(kept, order, axis=1)

    def of(
        self, asked: Sequence[Asked], scores: Mapping[str, Floats], kept: NDArray[np.int64]
    ) -> Floats:
        """The features of candidates: descriptions x candidates x features."""
        found = np.zeros((*kept.shape, len(self.names)), np.float32)
        column = 0
        by_heading = self._known.wordings.by_heading
        heading_at = by_heading.at[kept]
        for name in self.rankers:
            full = scores[name]
            top = np.maximum(full.max(axis=1, keepdims=True), _TINY)
            mine = np.take_along_axis(full, kept, axis=1)
            share = mine / top
            above = by_heading.reduced(np.maximum, full) / top
            place = _places(mine)
            heading = np.take_along_axis(above, heading_at, axis=1)
            found[:, :, column] = share
            found[:, :, column + 1] = np.log1p(mine)
            found[:, :, column + 2] = (mine > 0) / (1.0 + place)
            found[:, :, column + 3] = heading
            found[:, :, column + 4] = np.where(heading > 0, share / np.maximum(heading, _TINY), 0)
            column += 5
        own = np.take_along_axis(self._own.scores(asked), kept, axis=1)
        possible = np.array([self._possible(one) for one in asked], np.float32)[:, None]
        unsaid = np.array([not one.facets.get("whole") for one in asked], np.float32)[:, None]
        rest = self._rest[kept]
        lexical = scores[self.rankers[0]]
        best_own = by_heading.reduced(np.maximum, lexical)
        best_own /= np.maximum(lexical.max(axis=1, keepdims=True), _TINY)
        left = np.take_along_axis(self._left_out.scores(asked), kept, axis=1)
        terms = scores["glossary"]
        told_by = np.maximum(terms.sum(axis=1, keepdims=True), _TINY)
        terms_above = by_heading.reduced(np.add, terms) / told_by
        named = [{one.naming: 1.0} if one.naming else {} for one in asked]
        naming = np.take_along_axis(self._own.of_weights(named), kept, axis=1) > 0
        plain = (
            np.take_along_axis(terms, kept, axis=1) / told_by,
            np.take_along_axis(terms_above, heading_at, axis=1),
            naming,
            own / np.maximum(possible, 1.0),
            own / np.maximum(np.take(self._whole, kept), np.float32(1.0)),
            self._part[kept] * unsaid,
            np.log1p(left),
            rest,
            rest * np.take_along_axis(best_own, heading_at, axis=1),
            self._siblings[kept],
            self._size[kept],
            self._examples[kept],
            self._named[kept],
        )
        for values in plain:
            found[:, :, column] = values
            column += 1
        told = self.facets(asked, kept)
        found[:, :, column] = (told > 0).sum(axis=2)
        found[:, :, column + 1] = (told < 0).sum(axis=2)
        found[:, :, column + 2 : column + 2 + len(self.facet_names)] = told
        found[:, :, -1] = np.log1p([len(one.weights) for one in asked])[:, None]
        return found

    def facets(self, asked: Sequence[Asked], kept: NDArray[np.int64]) -> Floats:
        """For each facet whether it agrees (1), contradicts (-1) or is silent (0)."""
        told = np.zeros((*kept.shape, len(self.facet_names)), np.float32)
        known = self._known.code_facets
        for at, name in enumerate(self.facet_names):
            places = {value: i for i, value in enumerate(known.values[name])}
            for row, one in enumerate(asked):
                said = [places[v] for v in one.facets.get(name, ()) if v in places]
                if said:
                    wide = [
                        places[c]
                        for v in one.facets[name]
                        for c in self._known.facets.facets[name].values[v].covers
                    ]
                    takes = known.takes[name][kept[row]]
                    fits = takes[:, said].any(axis=1)
                    perhaps = takes[:, wide].any(axis=1) if wide else np.zeros(len(fits), bool)
                    tells = known.tells[name][kept[row]]
                    told[row, :, at] = np.where(fits, 1, np.where(tells & ~perhaps, -1, 0))
        return told

    def _possible(self, one: Asked) -> float:
        return sum(w * self._own.rarity_of(word) for word, w in one.weights.items()) * 1.5


def _places(scores: Floats) -> NDArray[np.int64]:
    """The place of every candidate, the highest score first, equal ones in their order. Scores that
    are not negative have an order as their bits have; with a candidate's number behind them they
    are sorted as whole numbers, five times as fast as by a stable sort."""
    size = scores.shape[1]
    falling = np.int64(1 << 31) - np.ascontiguousarray(scores).view(np.int32)
    keys = (falling << _BITS) | np.arange(size)
    keys.sort(axis=1)
    found = np.empty(scores.shape, np.int64)
    np.put_along_axis(found, keys & ((1 << _BITS) - 1), np.arange(size)[None, :], axis=1)
    return found
