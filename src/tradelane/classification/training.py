"""Learning from examples: how candidates are weighed, how sure to be, the linear classifier.

Examples are parted by their text, so that no text is on two sides. What is held back is asked of
rankers that never saw it; from the answers the reranker learns, and on the answers of a reranker
that did not see them either the probabilities are fitted. In the end the rankers learn from all.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tradelane.classification import calibration as curves
from tradelane.classification import reranker
from tradelane.classification.asked import ask
from tradelane.classification.calibration import Calibration
from tradelane.classification.engine import Engine, Inside
from tradelane.classification.known import Known, Lesson
from tradelane.classification.rankers.linear import Linear
from tradelane.classification.reranker import Weighted
from tradelane.classification.trained import Trained
from tradelane.kit.progress import Progress, silent

FEWEST = 60
"""Examples that people wrote, below which the pack's own weights are kept."""
FEWEST_OF_SOURCE = 120
"""Examples of a source that were asked, from which it has weights and a calibration of its own."""
PARTS = 5
"""The examples are cut into so many parts; `HELD_BACK` of them are held back in turn."""
HELD_BACK = 4
"""More show the reranker more of small sources: four instead of two gave parcels and search terms
one to two points and half the calibration error of parcels, for half as much time again."""
MOST_ASKED = 1_600
"""Examples of each held-back part that are asked at most."""
WEIGHED = 80
"""Candidates that the reranker learns from for each example."""


@dataclass(frozen=True)
class _Answers:
    """What held-back examples got: features of candidates, the place of the true one (-1: it was
    not among them), and what confidence hangs on."""

    lessons: list[Lesson]
    inside: list[Inside]


def train(known: Known, plain: Trained, *, seed: int = 0, progress: Progress = silent) -> Trained:
    """Everything that is learned from the lessons of ``known``; ``plain`` where there are few."""
    people = [lesson for lesson in known.lessons if not (lesson.is_tariff or lesson.is_heading)]
    if len(people) < FEWEST:
        return plain
    answers = []
    for part in range(HELD_BACK):
        progress("Asking what was held back", part, HELD_BACK)
        back = [lesson for lesson in people if _part(lesson, seed) == part]
        left = {id(lesson) for lesson in back}
        rest = [lesson for lesson in known.lessons if id(lesson) not in left]
        answers.append(_answer(known.with_lessons(rest), _chosen(back, seed), plain))
    progress("Weighing", 0, None)
    crossed = [_weights(answers[:at] + answers[at + 1 :]) for at in range(HELD_BACK)]
    calibration = _calibrate(answers, crossed)
    progress("Learning from all", 0, None)
    linear = Linear()
    linear.learn(known)
    return Trained(_weights(answers), calibration, linear)


def train_plain(
    known: Known,
    lessons: Sequence[Lesson],
    start: Trained,
    *,
    seed: int = 0,
    most: int = MOST_ASKED,
) -> Trained:
    """What the pack ships: weights and curves for when there are no examples, from how lessons
    that are *not* known fare. No text of theirs stays in it."""
    people = [lesson for lesson in lessons if not (lesson.is_tariff or lesson.is_heading)]
    engine = Engine(known.with_lessons(()), start)
    answers = []
    for part in range(2):
        some = _chosen([x for x in people if _part(x, seed) % 2 == part], seed, most)
        asked = [ask(lesson.example.text, known.facets) for lesson in some]
        answers.append(_Answers(some, engine.inside(asked, WEIGHED)))
    crossed = [replace(_weights(answers[1 - part : 2 - part]), added={}) for part in range(2)]
    found = _calibrate(answers, crossed)
    return Trained(replace(_weights(answers), added={}), Calibration(found.six, found.four))


def _part(lesson: Lesson, seed: int) -> int:
    return zlib.crc32(f"{seed} {' '.join(sorted(set(lesson.words)))}".encode()) % PARTS


def _chosen(lessons: Sequence[Lesson], seed: int, most: int = MOST_ASKED) -> list[Lesson]:
    """At most so many, as many of each source as there is room for."""
    if len(lessons) <= most:
        return list(lessons)
    random = np.random.default_rng(seed)
    shuffled = [lessons[i] for i in random.permutation(len(lessons))]
    by_source: dict[str, list[Lesson]] = {}
    for lesson in shuffled:
        by_source.setdefault(lesson.example.source, []).append(lesson)
    found: list[Lesson] = []
    for at, group in enumerate(sorted(by_source.values(), key=len)):
        found += group[: (most - len(found)) // (len(by_source) - at)]
    return found


def _answer(known: Known, lessons: list[Lesson], plain: Trained) -> _Answers:
    linear = Linear()
    linear.learn(known)
    engine = Engine(known, Trained(plain.reranker, plain.calibration, linear))
    asked = [ask(lesson.example.text, known.facets) for lesson in lessons]
    return _Answers(lessons, engine.inside(asked, WEIGHED))


def _weights(answers: Sequence[_Answers]) -> Weighted:
    names = answers[0].inside[0].names
    features, truth, sources = _table(answers)
    found = truth >= 0
    general = reranker.fit(features[found], truth[found], names)
    general, hidden = reranker.fit_hidden(features[found], truth[found], names, general)
    added = {}
    for source in sorted(set(sources)):
        own = found & (sources == source)
        if own.sum() >= FEWEST_OF_SOURCE:
            fixed = hidden.scores(features[own], names)
            fitted = reranker.fit(
                features[own], truth[own], names, start=general, ridge=6.0, fixed=fixed
            )
            every = set(fitted) | set(general)
            added[source] = {n: fitted.get(n, 0.0) - general.get(n, 0.0) for n in every}
    return Weighted(general, added, hidden)


def _table(
    answers: Sequence[_Answers],
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.str_]]:
    features = np.concatenate([block.features for part in answers for block in part.inside])
    places = np.concatenate([block.places for part in answers for block in part.inside])
    true = np.array([lesson.at for part in answers for lesson in part.lessons])
    hit = places == true[:, None]
    sources = np.array([x.example.source for part in answers for x in part.lessons])
    return features, np.where(hit.any(axis=1), hit.argmax(axis=1), -1), sources


def _calibrate(answers: Sequence[_Answers], crossed: Sequence[Weighted]) -> Calibration:
    """Curves from what rerankers said of the part that they did not learn from."""
    six: list[tuple[NDArray[np.float64], bool]] = []
    four: list[tuple[NDArray[np.float64], bool]] = []
    sources: list[str] = []
    for part, weights in zip(answers, crossed, strict=True):
        at = 0
        for block in part.inside:
            for told in block.told(weights):
                lesson = part.lessons[at]
                six.append((told.six, told.places[0] == lesson.at))
                four.append((told.four, told.headings[0][0] == lesson.example.code[:4]))
                sources.append(lesson.example.source)
                at += 1
    named = np.array(sources)
    inputs, right = _columns(six)
    inputs_four, right_four = _columns(four)
    by_source = {}
    for source in sorted(set(sources)):
        own = named == source
        if own.sum() >= FEWEST_OF_SOURCE:
            by_source[source] = (
                curves.fit(inputs[own], right[own]),
                curves.fit(inputs_four[own], right_four[own]),
            )
    general = curves.fit(inputs, right), curves.fit(inputs_four, right_four)
    return Calibration(*general, by_source)


def _columns(
    rows: Sequence[tuple[NDArray[np.float64], bool]],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    return np.array([inputs for inputs, _right in rows]), np.array([r for _inputs, r in rows])
