"""Proposes the objectives and the domain of a statement from statements that people have tagged.

A kernel ridge over the likeness of statements weighs every tagged one; the nearest are shown as the
reason. A proposal is only ever one: a person confirms it, the objectives first, for with them the
domain is far surer (`evaluate` says by how much).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradelane.governance.corpus import Corpus
from tradelane.governance.likeness import BY_OBJECTIVES, BY_TEXT, Draft, Space
from tradelane.governance.model import Provision

Weights = NDArray[np.float64]
_RIDGE = 0.3
_SHOWN = 3


class Proposal(NamedTuple):
    """A tag, how strongly it is proposed (higher is stronger), and the provisions nearest to the
    statement that have it."""

    tag: str
    score: float
    because: tuple[str, ...]


class Tagger:
    """Proposals from the tagged provisions of a corpus, except those of some instruments."""

    def __init__(self, corpus: Corpus, without: Iterable[str] = ()) -> None:
        left_out = frozenset(without)
        self._corpus = corpus
        self.examples = [
            one
            for one in corpus.provisions.values()
            if not one.is_search and one.instrument not in left_out
        ]
        self._domains = list(corpus.domains)
        self._objectives = list(corpus.objectives)

    def draft(self, one: Provision) -> Draft:
        """A provision as somebody might propose it, with its objectives."""
        names = [mapping.objective for mapping in one.objectives]
        return self.told(
            Draft(one.statement, one.trigger, one.kind, one.modality, one.actors), names
        )

    def told(self, draft: Draft, objectives: Iterable[str]) -> Draft:
        """The draft with objectives that a person has confirmed."""
        names = list(objectives)
        homes = [f"in {self._corpus.objectives[name].domain}" for name in names]
        return draft._replace(objectives=(*names, *homes))

    def domains_of(self, draft: Draft, limit: int = 3) -> list[Proposal]:
        """The likeliest domains; with the draft's objectives if it has some."""
        space, weights = self._told_domains if draft.objectives else self._domains_by_text
        return self._ranked(space.to(draft), weights, self._domains, _stands_in, limit)

    def objectives_of(self, draft: Draft, limit: int = 3) -> list[Proposal]:
        """The likeliest objectives."""
        space, weights = self._text, self._objective_weights
        return self._ranked(space.to(draft), weights, self._objectives, is_mapped_to, limit)

    @cached_property
    def _text(self) -> Space:
        return Space([self.draft(one) for one in self.examples], BY_TEXT)

    @cached_property
    def _domains_by_text(self) -> tuple[Space, Weights]:
        return self._text, self._domain_weights(self._text)

    @cached_property
    def _told_domains(self) -> tuple[Space, Weights]:
        space = Space([self.draft(one) for one in self.examples], BY_OBJECTIVES)
        return space, self._domain_weights(space)

    @cached_property
    def _objective_weights(self) -> Weights:
        wanted = np.full((len(self.examples), len(self._objectives)), -1.0)
        number = {name: at for at, name in enumerate(self._objectives)}
        for row, one in enumerate(self.examples):
            for mapping in one.objectives:
                wanted[row, number[mapping.objective]] = 1.0
        return _solved(self._text, np.ones(len(self.examples)), wanted)

    def _domain_weights(self, space: Space) -> Weights:
        domain = np.array([self._domains.index(one.domain) for one in self.examples])
        wanted = 2.0 * np.eye(len(self._domains))[domain] - 1.0
        # Rare domains count for more, or they would never be proposed.
        rarity = 1 / np.sqrt(np.bincount(domain, minlength=len(self._domains)).clip(1))[domain]
        return _solved(space, rarity / rarity.mean(), wanted)

    def _ranked(
        self,
        near: NDArray[np.float32],
        weights: Weights,
        tags: Sequence[str],
        has: Callable[[Provision, str], bool],
        limit: int,
    ) -> list[Proposal]:
        scores = near @ weights
        order = [self.examples[row] for row in np.argsort(-near, kind="stable").tolist()]
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
    tagger = Tagger(corpus, held)
    asked = [
        one for one in corpus.provisions.values() if one.instrument in held and not one.is_search
    ]
    truth = [one.domain for one in asked]
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


def _solved(space: Space, trust: Weights, wanted: Weights) -> Weights:
    """The weights of a kernel ridge; ``trust``: how much each row counts."""
    kernel = space.among().astype(np.float64)
    kernel[np.diag_indices_from(kernel)] += _RIDGE / trust
    return np.linalg.solve(kernel, wanted).astype(np.float64)


def _share(right: Sequence[bool]) -> float:
    return round(sum(right) / len(right), 3) if right else 0.0
