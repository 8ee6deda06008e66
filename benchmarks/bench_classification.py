"""Classification beside BM25, hierarchical linear and embedding nearest neighbour, in one process.

    OPENBLAS_NUM_THREADS=1 python benchmarks/bench_classification.py [FOLDER]

One thread for linear algebra, as `tradelane classify` has: two processes share two cores.
FOLDER has the labelled descriptions (`classification_texts`), by default ../shared/data/hs. Texts
decide their side by their normalised words: what is learned from and what is asked share none, and
what the pack ships was fitted on the first side only. Fixed seeds; prints the digests of the files.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from classification_sentences import sentences
from classification_texts import FOLDER, HEADINGS, PEOPLE, TARIFF, Sides, leaf, sides
from classification_wide import WIDE
from numpy.typing import NDArray

from tradelane.classification import calibration, facets, generic, glossary, known, wordings
from tradelane.classification.asked import Asked, ask
from tradelane.classification.choices import followed_choices, is_none
from tradelane.classification.engine import Engine, Weighed
from tradelane.classification.facets import NOT_KNOWN
from tradelane.classification.known import Known
from tradelane.classification.model import Example, Question
from tradelane.classification.questions import next_question
from tradelane.classification.rankers.embedding import Embedding
from tradelane.classification.rankers.linear import Linear
from tradelane.classification.rankers.matching import Matching, written
from tradelane.classification.trained import Trained, shipped
from tradelane.classification.training import train
from tradelane.kit import packs
from tradelane.nomenclature import Nomenclature

TARIFF_ASKED, SENTENCES_ASKED, ASKING, TIMED = 600, 400, 250, 400
SURE = 0.5
QUESTIONS = 5
SILENT, WRONG = 0.2, 0.1
"""How often whoever is asked does not know, or answers at random, in one of the rows."""
FLOORS = {"uk_search_references": 0.45, "uk_intercepts_hs6": 0.35}
"""HS6 top-1 with no examples, below which the script ends with an error."""


@dataclass(frozen=True)
class Ranks:
    """Places (from 1, 9999 for none) of true subheadings and headings, and how sure the best is."""

    six: NDArray[np.int64]
    four: NDArray[np.int64]
    sure: NDArray[np.float64]


def main(folder: Path) -> None:
    """Everything, as tables in Markdown."""
    for path in sorted(folder.glob("*.csv")):
        print(f"{path.name} sha256:{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}")
    began = time.perf_counter()
    ground, plain = _ready()
    engine = Engine(ground, plain)
    engine.weigh([ask("cotton t-shirt", ground.facets)])
    print(f"\nready: {time.perf_counter() - began:.1f} s, memory {_memory():,.0f} MB")
    data = sides(folder)
    sets = asked_sets(data)
    print("\n## No examples\n")
    floors = _compare(ground, engine, sets)
    _speed("no examples", ground, engine, sets)
    _wide(ground, engine)
    _questions(ground, engine, sets)

    print("\n## After learning\n")
    lessons = known.lessons(data.learned, ground.wordings)
    taught = ground.with_lessons(lessons)
    began = time.perf_counter()
    trained = train(taught, plain)
    print(f"learning {len(lessons):,} examples: {time.perf_counter() - began:.0f} s\n")
    engine = Engine(taught, trained)
    _compare(taught, engine, sets)
    _speed("after learning", taught, engine, sets)
    _wide(taught, engine)
    _questions(taught, engine, sets)

    print("\n## A source left out of learning\n")
    for name in ("uk_intercepts_hs6", "uk_search_references"):
        rest = [x for x in lessons if x.example.source not in (name, HEADINGS)]
        away = ground.with_lessons(rest)
        engine = Engine(away, train(away, plain))
        print(_line(name, ranks(engine, sets[name])))
    for name, floor in FLOORS.items():
        if floors[name] < floor:
            sys.exit(f"{name}: {floors[name]:.1%} is under its floor of {floor:.0%}.")


def asked_sets(data: Sides) -> dict[str, list[Example]]:
    """What is asked: held-back texts, leaves of a tariff, and both within sentences."""
    draw = random.Random(0)
    found = {name: data.held[name] for name in PEOPLE}
    tariff = draw.sample(data.held[TARIFF], min(TARIFF_ASKED, len(data.held[TARIFF])))
    found["us_leaves"] = [replace(x, text=leaf(x.text)) for x in tariff]
    people = [x for name in (PEOPLE[0], PEOPLE[2]) for x in data.held[name]]
    some = draw.sample(people, min(SENTENCES_ASKED, len(people)))
    found["in_sentences"] = [replace(x, text=sentences(x.text, i)) for i, x in enumerate(some)]
    return found


def ranks(engine: Engine, gold: Sequence[Example]) -> Ranks:
    """Where the true codes stand."""
    asked = [ask(one.text, engine.known.facets) for one in gold]
    return _ranks(engine.known, engine.weigh(asked), gold)


def _ranks(ground: Known, weighed: Sequence[Weighed], gold: Sequence[Example]) -> Ranks:
    codes = ground.wordings.codes
    six, four, sure = [], [], []
    for one, true in zip(weighed, gold, strict=True):
        listed = [codes[place] for place in one.places]
        above = [heading for heading, _p in one.headings]
        six.append(_place(listed, true.code))
        four.append(_place(above, true.code[:4]))
        sure.append(float(one.probabilities[0]))
    return Ranks(np.array(six), np.array(four), np.array(sure))


def _place(listed: Sequence[str], true: str) -> int:
    return listed.index(true) + 1 if true in listed else 9_999


def _ready() -> tuple[Known, Trained]:
    pack = packs.load("classification")
    codes = Nomenclature().all_codes()
    read = wordings.read(codes)
    found = facets.load(pack)
    terms = glossary.load(pack, found, codes.keys())
    return Known(read, found, wordings.code_facets(read, found, pack), terms), shipped(pack)


# ------------------------------------------------------------ figures


def _compare(
    ground: Known, engine: Engine, sets: Mapping[str, Sequence[Example]]
) -> dict[str, float]:
    print(
        "| asked | by | n | HS6 top-1 (95 %) | HS6 top-3/5 | HS4 top-1/3/5 | first 100 "
        "| ECE | surest 30 % | risk at 10/50/80 % |\n" + "| --- " * 10 + "|"
    )
    baselines = _baselines(ground)
    found = {}
    for name, gold in sets.items():
        told = ranks(engine, gold)
        found[name] = float((told.six == 1).mean())
        print(_line(name, told))
        asked = [ask(one.text, ground.facets) for one in gold]
        for by, scores in baselines.items():
            parts = [scores(asked[at : at + 128]) for at in range(0, len(asked), 128)]
            print(_line(name, _of_scores(ground, np.concatenate(parts), gold), by), flush=True)
    return found


def _line(name: str, told: Ranks, by: str = "tradelane") -> str:
    right = told.six == 1
    draws = np.random.default_rng(0).integers(0, len(right), (1_000, len(right)))
    low, high = np.quantile(right[draws].mean(axis=1), (0.025, 0.975))
    six = [f"{(told.six <= top).mean():.1%}" for top in (1, 3, 5, 100)]
    four = "/".join(f"{100 * (told.four <= top).mean():.1f}" for top in (1, 3, 5))
    sure = ["", "", ""]
    if by == "tradelane":
        order = np.argsort(-told.sure, kind="stable")
        risk = [1 - right[order[: max(1, int(s * len(order)))]].mean() for s in (0.1, 0.5, 0.8)]
        sure = [
            f"{calibration.errors(told.sure, list(right)):.3f}",
            f"{right[order[: int(0.3 * len(order))]].mean():.1%}",
            "/".join(f"{100 * one:.0f}" for one in risk),
        ]
    cells = [
        name, by, str(len(right)), f"{six[0]} ({100 * low:.1f} to {100 * high:.1f})",
        f"{six[1]} / {six[2]}", four, six[3], *sure,
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def _baselines(ground: Known) -> dict[str, Callable[[Sequence[Asked]], NDArray[np.float32]]]:
    """Each by itself on what there is to learn from, without the glossary and the reranker."""
    linear, near = Linear(), Embedding()
    linear.learn(ground)
    near.learn(ground)
    six = [x for x in ground.lessons if not x.is_heading]
    texts = [*ground.documents, *(dict.fromkeys(x.words, 1.0) for x in six)]
    places = np.array([*range(len(ground.documents)), *(x.at for x in six)])
    order = np.argsort(places, kind="stable")
    matching = Matching(written([texts[at] for at in order]))
    starts = np.searchsorted(places[order], np.arange(len(ground.documents)))

    def bm25(asked: Sequence[Asked]) -> NDArray[np.float32]:
        parts = [
            np.maximum.reduceat(matching.scores(asked[at : at + 16]), starts, axis=1)
            for at in range(0, len(asked), 16)
        ]
        return np.concatenate(parts)

    return {"BM25": bm25, "linear": linear.scores, "embedding": near.scores}


def _of_scores(ground: Known, scores: NDArray[np.float32], gold: Sequence[Example]) -> Ranks:
    codes = ground.wordings.codes
    six, four = [], []
    for row, true in zip(scores, gold, strict=True):
        order = np.argsort(-row, kind="stable")[:300]
        listed = [codes[at] for at in order if row[at] > 0]
        six.append(_place(listed[:100], true.code))
        four.append(_place(list(dict.fromkeys(code[:4] for code in listed)), true.code[:4]))
    return Ranks(np.array(six), np.array(four), np.zeros(len(six)))


def _wide(ground: Known, engine: Engine) -> None:
    terms = generic.load(packs.load("classification"))
    have = {part for one in terms.terms for part in [one.term.lower()]}
    new = [term for term in WIDE if term not in have]
    asked = [ask(term, ground.facets) for term in new]
    sure = [one.probabilities[0] for one in engine.weigh(asked)]
    kept = [terms.find(one) is not None or p < SURE for one, p in zip(asked, sure, strict=True)]
    named = [terms.find(one) is not None for one in asked]
    print(
        f"\ntoo wide terms that the pack does not list: {len(new)}; a question instead of a code: "
        f"{np.mean(kept):.0%} (known as too wide: {np.mean(named):.0%}); a code for: "
        f"{', '.join(t for t, k in zip(new, kept, strict=True) if not k) or 'none'}"
    )


@dataclass(frozen=True)
class Dialogue:
    """One description with questions. was, now: whether the first code was right before and after;
    put: questions that were put; told: answers that chose something; sure: of the first code."""

    was: bool
    now: bool
    put: int
    told: int
    sure: float


def _questions(ground: Known, engine: Engine, sets: Mapping[str, Sequence[Example]]) -> None:
    """Answers are true: of facets what the facets of the true code say, or "not known"; of wordings
    the option that the true code is under, or "none of these"."""
    print(
        "\n| asked | answered are | n | HS6 top-1 of all, before and after | told something "
        "| of those before | after | questions each | ECE after |\n" + "| --- " * 9 + "|"
    )
    for name in ("uk_search_references", "uk_intercepts_hs6", "us_leaves"):
        gold = list(sets[name])[:ASKING]
        for kind, wordings_too, spoilt in (
            ("properties", False, False),
            ("properties, wordings", True, False),
            (f"the same, {SILENT:.0%} not known, {WRONG:.0%} at random", True, True),
        ):
            draw = random.Random(0)
            spoil = draw if spoilt else None
            done = [_dialogue(ground, engine, true, wordings_too, spoil) for true in gold]
            told = [one for one in done if one.told]
            was, now = (100 * np.mean([getattr(one, w) for one in done]) for w in ("was", "now"))
            first = 100 * np.mean([one.was for one in told])
            last = 100 * np.mean([one.now for one in told])
            sure = np.array([one.sure for one in done])
            print(
                f"| {name} | {kind} | {len(gold)} | {was:.1f}%, {now:.1f}% (+{now - was:.1f}) "
                f"| {len(told)} | {first:.1f}% | {last:.1f}% (+{last - first:.1f}) | "
                f"{np.mean([one.put for one in done if one.put]):.1f} | "
                f"{calibration.errors(sure, [one.now for one in done]):.3f} |",
                flush=True,
            )


def _dialogue(
    ground: Known,
    engine: Engine,
    true: Example,
    wordings_too: bool,
    spoil: random.Random | None,
) -> Dialogue:
    place = ground.wordings.index[true.code]
    answers: dict[str, str] = {}
    put = told = 0
    was: bool | None = None
    while True:
        (weighed,) = engine.weigh([ask(true.text, ground.facets, answers)])
        weighed = followed_choices(ground, weighed)
        right = ground.wordings.codes[weighed.places[0]] == true.code
        was = right if was is None else was
        question = next_question(ground, weighed) if put < QUESTIONS else None
        if question is None:
            return Dialogue(was, right, put, told, float(weighed.probabilities[0]))
        if question.is_of_wordings and not wordings_too:
            answers[question.facet] = NOT_KNOWN
            continue
        answer = _answer(ground, question, true.code, place)
        if spoil is not None and (chance := spoil.random()) < SILENT + WRONG:
            values = [value for value, _label in question.options]
            answer = NOT_KNOWN if chance < SILENT else spoil.choice(values)
        answers[question.facet] = answer
        told += not is_none(answer) and answer != NOT_KNOWN
        put += 1


def _answer(ground: Known, question: Question, code: str, place: int) -> str:
    values = [value for value, _label in question.options]
    if question.is_of_wordings:
        return next((value for value in values if code.startswith(value)), values[-1])
    takes = ground.code_facets.takes[question.facet][place]
    names = ground.code_facets.values[question.facet]
    return next((value for value in values if takes[names.index(value)]), NOT_KNOWN)


def _speed(what: str, ground: Known, engine: Engine, sets: Mapping[str, Sequence[Example]]) -> None:
    texts = [one.text for name in PEOPLE for one in sets[name]]
    random.Random(1).shuffle(texts)
    seconds = []
    for text in texts[:TIMED]:
        began = time.perf_counter()
        engine.weigh([ask(text, ground.facets)])
        seconds.append(time.perf_counter() - began)
    global _SHARED
    _SHARED = engine
    halves = [texts[0::2], texts[1::2]]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(_some, [half[:50] for half in halves])
        began = time.perf_counter()
        pool.map(_some, halves, chunksize=1)
        took = time.perf_counter() - began
    began = time.process_time()
    _some(texts[:500])
    used = time.process_time() - began
    half, late = np.quantile(seconds, (0.5, 0.95))
    print(
        f"\n{what}: a query {1000 * half:.1f} ms, p95 {1000 * late:.1f} ms; batch of "
        f"{len(texts):,} lines in two processes {len(texts) / took:,.0f} lines/s (processor time "
        f"{1000 * used / 500:.2f} ms a line); memory at most {_memory():,.0f} MB",
        flush=True,
    )


_SHARED: Engine | None = None


def _some(texts: Sequence[str]) -> int:
    assert _SHARED is not None
    asked = [ask(text, _SHARED.known.facets) for text in texts]
    return len(_SHARED.weigh(asked))


def _memory() -> float:
    """Most that this process held so far, in MB; baselines and data of this script with it."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    if not (given / f"{TARIFF}.csv").exists():
        sys.exit(f"There are no labelled descriptions in {given}; give their folder.")
    main(given)
