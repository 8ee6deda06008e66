"""A hierarchical linear classifier on hashed words and letter groups: first the chapter, then the
subheading within it.

Both are ridge regressions on the codes of texts: over all texts by conjugate gradients, within a
chapter in the dual (as many unknowns as texts there). It learns from wordings and examples
alike, and from few examples what a source's own habits of writing mean.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from tradelane.classification.asked import Asked
from tradelane.classification.known import Known
from tradelane.classification.words import grams
from tradelane.kit.vectors import on_grid

Floats = NDArray[np.float32]

BITS = 15
RIDGE_CHAPTER, RIDGE_WITHIN = 0.1, 0.2
FILE = "linear.npz"
STEPS = 12
"""Of conjugate gradients."""
SHARP = 3.0
"""How sharply chapters are told apart when their scores become shares."""
OF_WORDING, OF_TARIFF = 0.5, 0.3
"""How much a wording, or a line of a tariff, counts beside an example that people wrote."""
_MOST_SPREAD = 12
_MOST_LINES = 1
"""Lines of a tariff that are learned from for one subheading; more say the same again."""


@dataclass(frozen=True)
class _Texts:
    """What is learned from: words, the place of the subheading, how much each counts."""

    words: list[Sequence[str]]
    places: NDArray[np.int64]
    counts: Floats


@dataclass(frozen=True)
class _Within:
    """One chapter: which texts are its own, which subheadings, and each text's say on each."""

    texts: slice
    places: slice
    say: NDArray[np.float64]


class Linear:
    """See the module."""

    name = "linear"

    def learn(self, known: Known) -> None:
        """Find the weights of the chapters, then those within each."""
        texts = _texts(known)
        chapters = [code[:2] for code in known.wordings.codes]
        order = {name: at for at, name in enumerate(dict.fromkeys(chapters))}
        self._chapter_at = np.array([order[name] for name in chapters])
        raw = _sparse(texts.words)
        held = np.bincount(raw.indices, minlength=1 << BITS)
        self._rarity = np.log((len(texts.words) + 1) / (held + 1)).astype(np.float32)
        table = self._scaled(raw)
        group = self._chapter_at[texts.places]
        self._chapters = np.ascontiguousarray(_solve(table, group, len(order), texts.counts))
        self._table = table.T.tocsr()
        self._within: list[_Within] = []
        for chapter in range(len(order)):
            own = slice(*np.searchsorted(group, [chapter, chapter + 1]))
            places = slice(*np.searchsorted(self._chapter_at, [chapter, chapter + 1]))
            targets = texts.places[own] - places.start
            self._within.append(
                _Within(own, places, on_grid(_say(table[own], targets, places, texts.counts[own])))
            )

    def scores(self, asked: Sequence[Asked]) -> Floats:
        """The share of the chapter with what speaks for the subheading within it."""
        inputs = self._scaled(_sparse([list(one.weights) for one in asked]))
        chapter = np.maximum(inputs @ self._chapters, 0) * np.float32(SHARP)
        chapter = np.exp(chapter - chapter.max(axis=1, keepdims=True))
        chapter /= chapter.sum(axis=1, keepdims=True)
        near = on_grid((inputs @ self._table).toarray())
        found = np.zeros((len(asked), len(self._chapter_at)), np.float32)
        for within in self._within:
            found[:, within.places] = near[:, within.texts] @ within.say
        np.maximum(found, 0, out=found)
        found += np.float32(0.2)
        found *= chapter[:, self._chapter_at]
        return found

    def dump(self) -> dict[str, bytes]:
        """Everything that was learned, as files."""
        buffer = io.BytesIO()
        table = self._table
        np.savez(
            buffer,
            chapters=self._chapters.astype(np.float16),
            rarity=self._rarity,
            chapter_at=self._chapter_at,
            shape=np.array(table.shape),
            data=table.data.astype(np.float16),
            indices=table.indices.astype(np.int32),
            indptr=table.indptr.astype(np.int32),
            bounds=np.array(
                [
                    (w.texts.start, w.texts.stop, w.places.start, w.places.stop)
                    for w in self._within
                ],
                dtype=np.int64,
            ),
            say=np.concatenate([w.say.ravel() for w in self._within]).astype(np.float16),
        )
        return {FILE: buffer.getvalue()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """Take back what `dump` gave, in half the precision."""
        with np.load(io.BytesIO(files[FILE])) as held:
            self._chapters = held["chapters"].astype(np.float32, order="C")
            self._rarity = held["rarity"]
            self._chapter_at = held["chapter_at"]
            self._table = sp.csr_matrix(
                (held["data"].astype(np.float32), held["indices"], held["indptr"]),
                shape=tuple(held["shape"]),
            )
            say = on_grid(held["say"])
            bounds = held["bounds"].tolist()
        self._within = []
        at = 0
        for start, stop, first, last in bounds:
            size = (stop - start) * (last - first)
            part = say[at : at + size].reshape(stop - start, last - first)
            self._within.append(_Within(slice(start, stop), slice(first, last), part))
            at += size

    def _scaled(self, raw: sp.csr_matrix) -> sp.csr_matrix:
        table = raw.copy()
        table.data *= self._rarity[table.indices]
        length = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
        table.data /= np.repeat(np.maximum(length, 1e-6), np.diff(table.indptr)).astype(np.float32)
        return table


def _texts(known: Known) -> _Texts:
    """All texts, in the order of their subheadings."""
    found: list[tuple[int, float, Sequence[str]]] = [
        (at, OF_WORDING, list(words)) for at, words in enumerate(known.documents)
    ]
    lines: dict[int, int] = {}
    for lesson in known.lessons:
        size = lesson.places.stop - lesson.places.start
        if lesson.is_tariff:
            lines[lesson.at] = lines.get(lesson.at, 0) + 1
            if lines[lesson.at] > _MOST_LINES:
                continue
        if size <= _MOST_SPREAD:
            count = (OF_TARIFF if lesson.is_tariff else 1.0) / size
            places = range(lesson.places.start, lesson.places.stop)
            found += [(at, count, lesson.words) for at in places]
    found.sort(key=lambda one: one[0])
    return _Texts(
        [words for _at, _count, words in found],
        np.array([at for at, _count, _words in found], dtype=np.int64),
        np.array([count for _at, count, _words in found], dtype=np.float32),
    )


def _solve(table: sp.csr_matrix, group: NDArray[np.int64], size: int, counts: Floats) -> Floats:
    """Ridge regression on groups: features x groups."""
    weighted = sp.diags(counts) @ table
    truth = sp.csr_matrix(
        (np.ones(len(group), np.float32), (np.arange(len(group)), group)), shape=(len(group), size)
    )
    right = (weighted.T @ truth).toarray()
    found = np.zeros_like(right)
    left, direction = right, right.copy()
    length = (left * left).sum(axis=0)
    for _ in range(STEPS):
        product = weighted.T @ (table @ direction) + np.float32(RIDGE_CHAPTER) * direction
        step = length / np.maximum((direction * product).sum(axis=0), 1e-12)
        found += direction * step
        left = left - product * step
        new = (left * left).sum(axis=0)
        direction = left + direction * (new / np.maximum(length, 1e-12))
        length = new
    solved: Floats = found.astype(np.float32)
    return solved


def _say(table: sp.csr_matrix, targets: NDArray[np.int64], places: slice, counts: Floats) -> Floats:
    """Ridge regression within a chapter, in the dual: texts x subheadings."""
    from scipy.linalg import solve

    like = (table @ table.T).toarray()
    like[np.diag_indices(len(like))] += np.float32(RIDGE_WITHIN) / counts
    truth = np.zeros((len(like), places.stop - places.start), np.float32)
    truth[np.arange(len(targets)), targets] = 1.0
    found: Floats = solve(like, truth, assume_a="pos", overwrite_a=True, overwrite_b=True)
    return found


def _sparse(texts: Sequence[Iterable[str]]) -> sp.csr_matrix:
    indices: list[int] = []
    data: list[float] = []
    ends = [0]
    cut: dict[str, tuple[int, ...]] = {}
    for text in texts:
        row: dict[int, float] = {}
        before = ""
        for word in text:
            places = cut.get(word)
            if places is None:
                places = cut[word] = (_place(word), *(_place(g) for g in _groups(word)))
            row[places[0]] = 1.0
            for piece in places[1:]:
                row[piece] = 0.5
            if before:
                row[_place(f"{before} {word}")] = 0.8
            before = word
        indices += row.keys()
        data += row.values()
        ends.append(len(indices))
    return sp.csr_matrix((np.array(data, np.float32), indices, ends), shape=(len(texts), 1 << BITS))


def _groups(word: str) -> list[str]:
    return [*grams(word, 3), *grams(word, 5)] if len(word) > 3 else []


def _place(text: str) -> int:
    return zlib.crc32(text.encode()) & ((1 << BITS) - 1)
