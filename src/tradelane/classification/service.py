"""The verbs of classification: suggest codes, compare a declared one, learn, say what is known."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Protocol

from tradelane.classification import (
    editions,
    explaining,
    facets,
    generic,
    glossary,
    questions,
    wordings,
)
from tradelane.classification.answers import Answers
from tradelane.classification.asked import Asked, ask
from tradelane.classification.choices import followed_choices
from tradelane.classification.engine import Engine, Weighed
from tradelane.classification.goods import apart, codes_in, too_long
from tradelane.classification.known import Known, lessons
from tradelane.classification.library import Library
from tradelane.classification.model import (
    ASK,
    CODE,
    HEADING,
    TOO_GENERIC,
    Fit,
    Likelihoods,
    Question,
    Ranked,
    Source,
    Standing,
    Suggestion,
    coherent,
    decide,
)
from tradelane.classification.precedents import followed
from tradelane.classification.remembered import Remembered, remember
from tradelane.classification.trained import Trained, shipped
from tradelane.classification.training import train
from tradelane.kit.clock import Clock
from tradelane.kit.collector import resting
from tradelane.kit.packs import Pack
from tradelane.kit.progress import Progress, silent
from tradelane.nomenclature import Nomenclature
from tradelane.trade.hscode import parse_code, show_code

LEAST = 0.5
"""The probability from which a code, or else a heading, is said without asking."""
SHOWN = 5
_AT_ONCE = 512
_FREE = "What are the goods, what are they made of, and what are they for?"
_WHICH = "Which one is it: {}? Each of them needs a line and a code of its own."
_LONGEST_LIST = 300


class Models(Protocol):
    """Where what was learned is kept."""

    def newest(self) -> Trained | None: ...
    def keep(self, trained: Trained, about: Mapping[str, object]) -> None: ...


class Suggests(Protocol):
    """Descriptions in their order to what can be said of them."""

    def __call__(
        self, texts: Sequence[str], answers: Sequence[Mapping[str, str]] = (), limit: int = 5
    ) -> Iterator[Suggestion]: ...


class Advisor(Protocol):
    """A language model of the operator's own: it may word a question and order candidates that
    evidence does not tell apart; what it did is marked."""

    def advise(self, suggestion: Suggestion) -> Suggestion: ...


class Classification:
    """From descriptions to codes of the Harmonized System."""

    def __init__(
        self,
        nomenclature: Nomenclature,
        pack: Pack,
        library: Library,
        models: Models,
        clock: Clock,
        advisor: Advisor | None = None,
    ) -> None:
        self._nomenclature = nomenclature
        self._pack = pack
        self._library = library
        self._models = models
        self._clock = clock
        self._advisor = advisor
        self._engines: dict[tuple[int, str, str], Engine] = {}
        self._making = threading.Lock()

    # ------------------------------------------------------------ suggesting

    def suggest(
        self,
        text: str,
        *,
        as_of: date | None = None,
        answers: Mapping[str, str] | None = None,
        limit: int = SHOWN,
    ) -> Suggestion:
        """What can be said of a description; answers: what a person answered, by the `facet` of the
        question; ``not_known`` passes to the next question.

        as_of: examples that did not count on that day are left out; today by default.
        Errors: InputRefused ``classification.answer``.
        """
        said = [answers or {}]
        found = next(self.suggest_many([text], as_of=as_of, answers=said, limit=limit))
        return found if self._advisor is None else self._advisor.advise(found)

    def suggest_many(
        self,
        texts: Sequence[str],
        *,
        as_of: date | None = None,
        answers: Sequence[Mapping[str, str]] = (),
        limit: int = SHOWN,
    ) -> Iterator[Suggestion]:
        """Like `suggest`, for many descriptions in their order; without an advisor."""
        for given in answers:
            self.answers.check(given)
        yield from self.prepared(as_of)(texts, answers, limit)

    def prepared(self, as_of: date | None = None) -> Suggests:
        """`suggest_many` as it stands now, which looks at no database any more: for processes that
        are forked. Answers have to be checked."""
        engine, newer = self.engine_for(as_of), self._library.newer()

        def suggest(
            texts: Sequence[str], answers: Sequence[Mapping[str, str]] = (), limit: int = SHOWN
        ) -> Iterator[Suggestion]:
            for start in range(0, len(texts), _AT_ONCE):
                part = texts[start : start + _AT_ONCE]
                said = answers[start : start + _AT_ONCE] if answers else [{}] * len(part)
                asked = [ask(t, self._facets, a) for t, a in zip(part, said, strict=True)]
                for text, one in zip(part, engine.weigh(asked), strict=True):
                    first = followed(engine.known, one, engine.lessons)
                    first = followed_choices(engine.known, first)
                    yield self._suggestion(engine, text, first, limit, newer)

        return suggest

    def likelihoods(
        self, texts: Sequence[str], *, limit: int = SHOWN, engine: Engine | None = None
    ) -> Iterator[Likelihoods | None]:
        """For many descriptions in their order the probabilities of `suggest_many`, without reasons
        and questions, which are most of its work; None where a text says too little.

        engine: what answers; today's where it is None.
        """
        known = engine or self.engine
        for start in range(0, len(texts), _AT_ONCE):
            asked = [ask(text, self._facets) for text in texts[start : start + _AT_ONCE]]
            for one in known.weigh(asked):
                if self._generic.find(one.asked) is not None or _names_nothing(one.asked):
                    yield None
                    continue
                told, above = self._told(known, followed(known.known, one, known.lessons), limit)
                yield Likelihoods(told, tuple(above[:limit]))

    def fits(self, text: str, declared: str, *, as_of: date | None = None) -> Fit:
        """How well a declared code fits a description; ``mismatch`` can be a feature of a risk
        model: 0 where the declared subheading is the likeliest, up to 1."""
        code = (parse_code(declared) or "")[:6]
        suggestion = next(self.suggest_many([text], as_of=as_of, limit=100))
        if suggestion.decision == TOO_GENERIC or not suggestion.ranked:
            sentence = f"Declared {declared}; the description does not say enough to compare."
            return Fit(code, float("nan"), sentence, 0.0, None, suggestion)
        best = suggestion.ranked[0]
        mine = next((r.probability for r in suggestion.ranked if r.code == code), 0.0)
        above = sum(r.probability for r in suggestion.ranked if r.code[:4] == code[:4])
        mismatch = max(0.0, best.probability - max(mine, 0.5 * above))
        if best.code == code or mismatch == 0.0:
            sentence = f"Declared {show_code(code)}; the description fits it."
            return Fit(code, mismatch, sentence, mine, None, suggestion)
        because = f", because: {' '.join(best.reasons)}" if best.reasons else "."
        sentence = (
            f"Declared {show_code(code)}; the description fits {show_code(best.code)} better"
            f"{because}"
        )
        return Fit(code, mismatch, sentence, mine, best, suggestion)

    # ------------------------------------------------------------ learning

    def learn(self, progress: Progress = silent) -> int:
        """Learn from all examples anew; returns how many there are. A service that runs notices."""
        known = self._known(self._today())
        trained = train(known, self._shipped, progress=progress)
        if trained.linear is not None:
            words = remember((lesson.example.text, lesson.words) for lesson in known.lessons)
            trained = replace(trained, remembered=words)
            self._models.keep(trained, {"examples": len(known.lessons)})
        self._engines.clear()
        return len(known.lessons)

    def standing(self) -> Standing:
        """How many examples count today, and why the others do not."""
        return self._library.standing(self._today(), self._bare.wordings.index)

    def map_editions(self, path: Path, name: str, licence: str = "") -> int:
        """Keep a table between editions; returns how many pairs it has.

        Errors: those of `editions.pairs` and of `Library.map_codes`.
        """
        codes = self._nomenclature.all_codes()
        known = {code for code in codes if len(code) == 6} | self._library.newer().keys()
        return self._library.map_codes(editions.pairs(path, known), name, licence)

    def sources(self) -> list[Source]:
        """What was learned from, by name, with licence and dates."""
        return self._library.sources()

    @property
    def library(self) -> Library:
        """Where examples are added and looked up."""
        return self._library

    @cached_property
    def answers(self) -> Answers:
        """What people may answer to questions."""
        return Answers(self._facets, self._bare.wordings)

    # ------------------------------------------------------------ what answers

    @property
    def engine(self) -> Engine:
        """What answers today."""
        return self.engine_for(None)

    def engine_for(self, as_of: date | None) -> Engine:
        """What answers for a day; made anew when there is more to know."""
        day = as_of or self._today()
        with self._making:  # two threads shall not make the same one
            key = self._key(day)
            if key not in self._engines:
                if len(self._engines) > 1:
                    self._engines.pop(next(iter(self._engines)))
                with resting():
                    self._engines[key] = self._made(day)
            return self._engines[key]

    @property
    def engine_at_hand(self) -> Engine | None:
        """What answers today, if it is made already; never waits for it to be made."""
        return self._engines.get(self._key(self._today()))

    def _key(self, day: date) -> tuple[int, str, str]:
        return *self._library.state(day), self._models_key()

    def _made(self, day: date) -> Engine:
        learned = self._models.newest() if self._library.examples() else None
        trained = learned or self._shipped
        known = self._known(day, trained.remembered)
        return Engine(known, trained if known.lessons else self._shipped)

    def _models_key(self) -> str:
        return str(getattr(self._models, "key", lambda: "")())

    def _known(self, day: date, remembered: Remembered | None = None) -> Known:
        counting = [e for e in self._library.examples() if e.counts_on(day)]
        mapped = self._library.in_force(counting, self._bare.wordings.index)
        return self._bare.with_lessons(lessons(list(mapped), self._bare.wordings, remembered))

    def _today(self) -> date:
        return self._clock.now().date()

    @cached_property
    def _facets(self) -> facets.Facets:
        return facets.load(self._pack)

    @cached_property
    def _generic(self) -> generic.Generic:
        return generic.load(self._pack)

    @cached_property
    def _shipped(self) -> Trained:
        return shipped(self._pack)

    @cached_property
    def _bare(self) -> Known:
        codes = self._nomenclature.all_codes()
        read = wordings.read(codes)
        return Known(
            read,
            self._facets,
            wordings.code_facets(read, self._facets, self._pack),
            glossary.load(self._pack, self._facets, codes.keys()),
        )

    # ------------------------------------------------------------ saying it

    def _suggestion(
        self,
        engine: Engine,
        text: str,
        weighed: Weighed,
        limit: int,
        newer: Mapping[str, tuple[str, ...]],
    ) -> Suggestion:
        asked = weighed.asked
        listed = apart(text)
        stated = codes_in(text, self._bare.wordings.index, newer)
        notes = [note for note in (too_long(text), *(one.note for one in stated)) if note]
        if listed:
            notes.append(f"Several goods are named; each needs its own code: {'; '.join(listed)}.")
        wide = self._generic.find(asked)
        if wide is not None or _names_nothing(asked):
            question = Question(wide.question if wide else _FREE)
            notes += [wide.note] if wide and wide.note else []
            return Suggestion(
                text, TOO_GENERIC, question=question, notes=tuple(notes), goods=listed
            )
        clash = explaining.conflict(weighed, engine.lessons)
        notes += [clash.note] if clash is not None else []
        matches = engine.known.glossary.matches(asked)
        told, above = self._told(engine, weighed, limit)
        ranked = tuple(
            self._ranked(engine, weighed, at, matches, p) for at, (_code, p) in enumerate(told)
        )
        headings = tuple(self._heading(code, p) for code, p in above[:limit])
        decision = decide(ranked, headings, LEAST)
        settled = clash is not None and clash.codes.keys() & asked.choices.values()
        if clash is not None and clash.is_open and not settled:
            one_heading = clash.is_of_one_heading and decision != ASK
            decision = HEADING if one_heading else ASK
        asking = questions.next_question(engine.known, weighed)
        if listed:
            decision, asking = ASK, Question(_WHICH.format("; ".join(listed)[:_LONGEST_LIST]))
        elif asking is None and decision != CODE:
            asking = Question(_FREE)
        return Suggestion(
            text, decision, ranked, headings, asking, tuple(notes), listed, dict(asked.facets)
        )

    def _told(
        self, engine: Engine, weighed: Weighed, limit: int
    ) -> tuple[tuple[tuple[str, float], ...], list[tuple[str, float]]]:
        """The probabilities that are told: of ``limit`` subheadings, and of all headings."""
        codes = [engine.known.wordings.codes[place] for place in weighed.places[:limit]]
        told, above = coherent(
            weighed.probabilities[:limit].tolist(),
            [code[:4] for code in codes],
            dict(weighed.headings),
        )
        listed = sorted(above.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple(zip(codes, told, strict=True)), listed

    def _ranked(
        self,
        engine: Engine,
        weighed: Weighed,
        at: int,
        matches: Sequence[glossary.Match],
        probability: float,
    ) -> Ranked:
        place = int(weighed.places[at])
        code = engine.known.wordings.codes[place]
        said, evidence = explaining.reasons(engine.known, weighed, at, matches, engine.lessons)
        if at == 0:
            beside = explaining.apart_from_siblings(
                engine.known, place, weighed.places[1:10].tolist()
            )
            said = (*said, beside) if beside else said
        path = self._path(code)
        return Ranked(code, "subheading", probability, path[-1][1], path, said, evidence)

    def _heading(self, code: str, probability: float) -> Ranked:
        path = self._path(code)
        return Ranked(code, "heading", probability, path[-1][1], path)

    def _path(self, code: str) -> tuple[tuple[str, str], ...]:
        if code not in self._paths:
            path = self._nomenclature.path(code)
            self._paths[code] = tuple((one.code, one.wording) for one in path)
        return self._paths[code]

    @cached_property
    def _paths(self) -> dict[str, tuple[tuple[str, str], ...]]:
        return {}


def _names_nothing(asked: Asked) -> bool:
    return not any(_names(word) for word in asked.weights)


def _names(word: str) -> bool:
    """Whether a word can name goods: no number, and no single letter of an alphabet (茶 is tea)."""
    if word.isdecimal():
        return False
    return len(word) > 1 or not (word.isascii() or unicodedata.name(word, "").startswith(_LETTERS))


_LETTERS = ("LATIN", "CYRILLIC", "GREEK", "HANGUL LETTER", "HANGUL JUNGSEONG", "HANGUL CHOSEONG")
