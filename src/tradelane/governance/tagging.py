"""Proposes the objectives and the domain of a statement from statements that people have tagged.

A kernel ridge over the likeness of statements weighs every tagged one, the sentences that stand for
a domain, the objectives themselves and what was looked for and not found; the nearest provisions
are shown as the reason. A proposal is only ever one: a person confirms it, the objectives first,
for with them the domain is far surer (`evaluate` says by how much).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from tradelane.governance.corpus import Corpus
from tradelane.governance.likeness import Draft, Space, by_objectives, by_text
from tradelane.governance.model import Provision
from tradelane.kit.errors import InputRefused, Problem

Weights = NDArray[np.float64]
_RIDGE = 0.5
_SHOWN = 3
_LEVELLING = 0.8
"""How much more statements of rare domains count; with 1 every domain would count the same."""
_TRUST_IN_LESSONS = 2.0
"""How much a sentence that was written for a domain counts against one of a provision."""


class Proposal(NamedTuple):
    """A tag, how strongly it is proposed (higher is stronger), and the provisions nearest to the
    statement that have it."""

    tag: str
    score: float
    because: tuple[str, ...]


class Lesson(NamedTuple):
    """A sentence of no provision whose domain is known, and the objective that it states."""

    draft: Draft
    domain: str
    objective: str = ""


class Tagger:
    """Proposals from the tagged provisions of a corpus, except those of some instruments."""

    def __init__(self, corpus: Corpus, without: Iterable[str] = ()) -> None:
        left_out = frozenset(without)
        self._corpus = corpus
        known = [one for one in corpus.provisions.values() if one.instrument not in left_out]
        self.examples = [one for one in known if not one.is_search]
        self._domains = list(corpus.domains)
        self._objectives = list(corpus.objectives)
        self._lessons = [*_of_vocabularies(corpus), *_of_searches(known)]

    def draft(self, one: Provision) -> Draft:
        """A provision as somebody might propose it, with its objectives."""
        names = [mapping.objective for mapping in one.objectives]
        about = self.about(one.instrument)
        bare = Draft(one.statement, one.trigger, one.kind, one.modality, one.actors, (), about)
        return self.told(bare, names)

    def drafted(
        self,
        statement: str,
        instrument: str = "",
        kind: str = "",
        modality: str = "",
        *,
        trigger: str = "",
        actors: Iterable[str] = (),
        objectives: Iterable[str] = (),
    ) -> Draft:
        """A statement that somebody fills in. objectives: ids that they have confirmed.

        Errors: InputRefused ``governance.unknown_objective`` for one that the corpus does not have.
        """
        names = list(objectives)
        unknown = [name for name in names if name not in self._corpus.objectives]
        if unknown:
            raise InputRefused(
                Problem(
                    "governance.unknown_objective",
                    f"There is no objective {name!r}.",
                    pointer="/objectives",
                    hint="`tradelane governance export --format csv` lists all of them.",
                )
                for name in unknown
            )
        about = self.about(instrument)
        return self.told(Draft(statement, trigger, kind, modality, tuple(actors), (), about), names)

    def called(self, objective: str) -> str:
        """An objective with its statement: ``TR-INTERACT: People are told ...``."""
        return f"{objective}: {self._corpus.objectives[objective].statement}"

    def about(self, instrument: str) -> tuple[str, ...]:
        """What a draft knows of its instrument; nothing of one that the corpus does not have."""
        of = self._corpus.instruments.get(instrument)
        if of is None:
            return ()
        sectors = (f"sector {sector}" for sector in of.sectors)
        return (f"type {of.type}", f"form {of.form}", f"approach {of.approach}", *sectors)

    def told(self, draft: Draft, objectives: Iterable[str]) -> Draft:
        """The draft with objectives that a person has confirmed."""
        names = list(objectives)
        homes = [f"in {self._corpus.objectives[name].domain}" for name in names]
        return draft._replace(objectives=(*names, *homes))

    def domains_of(self, draft: Draft, limit: int = 3) -> list[Proposal]:
        """The likeliest domains; with the draft's objectives if it has some."""
        space, weights = self._told_domains if draft.objectives else self._domains_by_text
        return self._ranked(space.to([draft])[0], weights, self._domains, _stands_in, limit)

    def objectives_of(self, draft: Draft, limit: int = 3) -> list[Proposal]:
        """The likeliest objectives."""
        near, weights = self._text.to([draft])[0], self._objective_weights
        return self._ranked(near, weights, self._objectives, is_mapped_to, limit)

    @cached_property
    def _drafts(self) -> list[Draft]:
        lessons = (
            self.told(one.draft, [one.objective]) if one.objective else one.draft
            for one in self._lessons
        )
        return [*(self.draft(one) for one in self.examples), *lessons]

    @cached_property
    def _text(self) -> Space:
        return Space(self._drafts, by_text())

    @cached_property
    def _domains_by_text(self) -> tuple[Space, Weights]:
        return self._text, self._domain_weights(self._text)

    @cached_property
    def _told_domains(self) -> tuple[Space, Weights]:
        space = Space(self._drafts, by_objectives())
        return space, self._domain_weights(space)

    @cached_property
    def _objective_weights(self) -> Weights:
        number = {name: at for at, name in enumerate(self._objectives)}
        tagged = [[mapping.objective for mapping in one.objectives] for one in self.examples]
        tagged += [[one.objective] for one in self._lessons if one.objective]
        wanted = np.full((len(tagged), len(self._objectives)), -1.0)
        for row, names in enumerate(tagged):
            wanted[row, [number[name] for name in names]] = 1.0
        found = np.zeros((len(self._drafts), len(self._objectives)))
        found[: len(tagged)] = _solved(self._text, np.ones(len(tagged)), wanted)
        return found

    def _domain_weights(self, space: Space) -> Weights:
        named = [one.domain for one in self.examples] + [one.domain for one in self._lessons]
        domain = np.array([self._domains.index(one) for one in named])
        wanted = 2.0 * np.eye(len(self._domains))[domain] - 1.0
        # Rare domains count for more, or they would never be proposed.
        often = np.bincount(domain, minlength=len(self._domains)).clip(1)
        trust = 1 / np.power(often, _LEVELLING)[domain]
        trust /= trust.mean()
        trust[len(self.examples) :] *= _TRUST_IN_LESSONS
        return _solved(space, trust, wanted)

    def _ranked(
        self,
        near: NDArray[np.float32],
        weights: Weights,
        tags: Sequence[str],
        has: Callable[[Provision, str], bool],
        limit: int,
    ) -> list[Proposal]:
        scores = near @ weights
        nearest = np.argsort(-near[: len(self.examples)], kind="stable")
        order = [self.examples[row] for row in nearest.tolist()]
        return [
            Proposal(
                tags[at],
                round(float(scores[at]), 3),
                tuple(one.id for one in order if has(one, tags[at]))[:_SHOWN],
            )
            for at in np.argsort(-scores, kind="stable")[:limit].tolist()
        ]


class Evaluation(NamedTuple):
    """How good the proposals are on provisions of instruments that were not learned from.

    ``macro_f1`` of the domain from the statement alone, ``macro_f1_told`` if a person has confirmed
    the objectives first; ``among_three``: shares in which the right one (or one of the right ones)
    is among the first three.
    """

    examples: int
    held_out: int
    macro_f1: float
    accuracy: float
    domain_among_three: float
    macro_f1_told: float
    objective_first: float
    objective_among_three: float


def evaluate(corpus: Corpus, seed: int = 1, share: float = 0.2) -> Evaluation:
    """Learn from some instruments, propose for the others; the same seed gives the same figures."""
    names = sorted(one.id for one in corpus.instruments.values() if one.type != "none")
    random.Random(seed).shuffle(names)  # noqa: S311
    held = frozenset(names[: int(len(names) * share)])
    asked = [one for one in corpus.provisions.values() if one.instrument in held]
    return evaluate_on(corpus, {one.id: one.domain for one in asked if not one.is_search})


def evaluate_on(corpus: Corpus, domains: Mapping[str, str]) -> Evaluation:
    """Propose for these provisions, whose right domains are given, without their instruments."""
    asked = [corpus.provisions[one] for one in domains]
    tagger = Tagger(corpus, {one.instrument for one in asked})
    truth = list(domains.values())
    drafts = [tagger.draft(one) for one in asked]
    bare = [tagger.domains_of(one._replace(objectives=())) for one in drafts]
    told = [tagger.domains_of(one) for one in drafts]
    mapped = [one for one in asked if one.objectives]
    found = [tagger.objectives_of(tagger.draft(one)) for one in mapped]
    return Evaluation(
        len(tagger.examples),
        len(asked),
        macro_f1(truth, [one[0].tag for one in bare]),
        _share([one == said[0].tag for one, said in zip(truth, bare)]),
        _share([one in {p.tag for p in said} for one, said in zip(truth, bare)]),
        macro_f1(truth, [one[0].tag for one in told]),
        _share([is_mapped_to(one, said[0].tag) for one, said in zip(mapped, found)]),
        _share([any(is_mapped_to(one, p.tag) for p in said) for one, said in zip(mapped, found)]),
    )


def macro_f1(truth: Sequence[str], said: Sequence[str]) -> float:
    """The mean over the tags that occur of the harmonic mean of precision and recall.

    >>> macro_f1(["a", "a", "b"], ["a", "b", "b"])
    0.667
    """
    scores = []
    for tag in sorted(set(truth)):
        right = sum(one == other == tag for one, other in zip(truth, said))
        wrong = sum((one == tag) != (other == tag) for one, other in zip(truth, said))
        scores.append(2 * right / (2 * right + wrong))
    return round(sum(scores) / len(scores), 3) if scores else 0.0


def is_mapped_to(one: Provision, objective: str) -> bool:
    """Whether a provision is mapped to an objective."""
    return any(mapping.objective == objective for mapping in one.objectives)


def _stands_in(one: Provision, domain: str) -> bool:
    return one.domain == domain


def _of_vocabularies(corpus: Corpus) -> Iterator[Lesson]:
    """Objectives first: the weights of objectives rely on it."""
    for objective in corpus.objectives.values():
        yield Lesson(Draft(objective.statement), objective.domain, objective.id)
    for domain in corpus.domains.values():
        yield from (Lesson(Draft(sentence), domain.id) for sentence in domain.typical)


def _of_searches(provisions: Iterable[Provision]) -> Iterator[Lesson]:
    """What was looked for; where, after the semicolon, says nothing of the domain."""
    for one in provisions:
        if one.is_search:
            yield Lesson(Draft(one.statement.split(";")[0].split(".")[0]), one.domain)


def _solved(space: Space, trust: Weights, wanted: Weights) -> Weights:
    """The weights of a kernel ridge over the first rows; ``trust``: how much each counts."""
    size = len(trust)
    kernel = space.among()[:size, :size].astype(np.float64)
    kernel[np.diag_indices_from(kernel)] += _RIDGE / trust
    solution = scipy.linalg.solve(kernel, wanted, assume_a="pos", overwrite_a=True)
    return np.asarray(solution, dtype=np.float64)


def _share(right: Sequence[bool]) -> float:
    return round(sum(right) / len(right), 3) if right else 0.0
