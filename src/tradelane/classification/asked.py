"""A description as the rankers see it: words, which of them name the goods, facets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tradelane.classification.facets import Facets, Found
from tradelane.classification.words import clean, form, pieces, words

ASIDE = 0.45
"""How much a word counts that stands behind "for", "with", "made of" ...: it says more about the
goods, where the words before name them."""

_TURNS = frozenset(
    [
        "for",
        "with",
        "of",
        "from",
        "containing",
        "having",
        "comprising",
        "consisting",
        "made",
        "used",
        "that",
        "which",
        "in",
        "to",
        "by",
        "including",
        "featuring",
        "composed",
        "constructed",
        "designed",
        "intended",
        "suitable",
        "on",
        "via",
        "against",
    ]
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants a code for.

    tokens: every word in its one form, in order; weights: content word to how much it counts;
    head: the words that name the goods; facets: what the text gives away, or a person answered.
    """

    text: str
    tokens: tuple[str, ...]
    weights: Mapping[str, float]
    head: frozenset[str]
    facets: Found


def ask(text: str, facets: Facets, answers: Mapping[str, str] | None = None) -> Asked:
    """Read a description. answers: facet to the value that a person gave; it counts before what
    the text says."""
    cleaned = clean(text)
    weights: dict[str, float] = {}
    tokens: list[str] = []
    aside = False
    for piece in pieces(cleaned):
        if piece in _TURNS or piece in ",;":
            aside = aside or bool(weights)
            if piece not in ",;":
                tokens.append(piece)
            continue
        said = form(piece)
        tokens += said.split() or [piece]
        for word in said.split():
            weights[word] = max(weights.get(word, 0.0), ASIDE if aside else 1.0)
    found = facets.find(cleaned, tokens)
    for name, value in (answers or {}).items():
        found[name] = (value,)
        for word in words(facets.facets[name].values[value].label):
            weights.setdefault(word, ASIDE)
    head = frozenset(word for word, weight in weights.items() if weight == 1.0)
    return Asked(cleaned, tuple(tokens), weights, head, found)
