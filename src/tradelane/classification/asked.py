"""A description as the rankers see it: words, which of them name the goods, facets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tradelane.classification.facets import NOT_KNOWN, Facets, Found
from tradelane.classification.words import STOPS, clean, counts, form, meaning, pieces, words

ASIDE = 0.45
"""How much a word counts that stands behind "for", "with", "made of" ...: it says more about the
goods, where the words before name them."""

LATER = 0.2
"""How much a word of a later sentence counts."""

SUBJECTS = frozenset(
    [
        "merchandise", "item", "product", "article", "good", "garment", "sample", "style", "model",
        "number", "submitted", "subject", "instant", "issue", "question", "it", "device", "unit",
        "part", "component", "goods", "apparatus", "machine", "footwear", "shoe", "identified",
        "imported", "proposed", "first", "second", "third", "material", "substance", "food",
    ]
)  # fmt: skip
"""Words that a sentence begins with before it says what the goods are."""
HOLDERS = frozenset(
    [
        "can", "tin", "jar", "bottle", "box", "carton", "bag", "packet", "pack", "pair", "set",
        "piece", "roll", "tub", "tube", "sachet", "case", "lot", "kind", "type", "assortment",
        "pouch", "sack", "bundle", "bunch", "drum", "container", "pallet", "variety", "package",
    ]
)  # fmt: skip
"""Words before "of" that goods come in."""
_NOT = frozenset(["not", "excluding", "except", "neither", "nor"])
_REACH = 2
"""So many words behind a "not" are denied at most."""
_IS = frozenset(["is", "are", "consists", "consist", "comprises"])
_ARTICLES = frozenset(["a", "an", "the"])

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

    tokens: every word in its one form, in order, without what the goods are not; weights: content
    word to how much it counts; head: the words that name the goods; naming: the last of them, as
    English has it ("phone case"), or ""; facets: what the text gives away, or a person answered;
    one without values was asked and is not known; answered: the facets that a person answered;
    choices: what they answered to questions of wordings (`choices`).
    """

    text: str
    tokens: tuple[str, ...]
    weights: Mapping[str, float]
    head: frozenset[str]
    naming: str
    facets: Found
    answered: frozenset[str] = frozenset()
    choices: Mapping[str, str] = field(default_factory=dict)


def ask(text: str, facets: Facets, answers: Mapping[str, str] | None = None) -> Asked:
    """Read a description. answers: what a person answered, by what it is kept under: a facet's
    value counts before what the text says; one that is not known takes nothing away from it."""
    cleaned = clean(text)
    reader = _Reader()
    reader.read(pieces(cleaned))
    tokens = reader.tokens
    found = facets.find(cleaned, tokens)
    if reader.first < len(tokens):  # what the naming sentence says counts before all others
        found.update(facets.find_words(tokens[: reader.first]))
        if (main := facets.mainly(cleaned)) is not None:
            found["material"] = (main,)
    weights = reader.weights
    given = answers or {}
    choices = {name: value for name, value in given.items() if name not in facets.facets}
    answered = {n: v for n, v in given.items() if n not in choices and v != NOT_KNOWN}
    for name in given:
        if name in answered:
            found[name] = (given[name],)
        elif name not in choices:
            found.setdefault(name, ())
    for name, value in answered.items():
        for word in words(facets.facets[name].values[value].label):
            weights.setdefault(word, ASIDE)
    weights = {word: weight * counts(word) for word, weight in weights.items()}
    return Asked(
        cleaned,
        tuple(reader.meant),
        weights,
        frozenset(reader.head),
        reader.naming(facets),
        found,
        frozenset(answered),
        choices,
    )


class _Reader:
    """Goes through a text once: which words name the goods, which say more about them, which are
    of later sentences."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.meant: list[str] = []
        self.weights: dict[str, float] = {}
        self.head: list[str] = []
        self.first = -1
        self._aside = False
        self._later = False
        self._denied = 0

    def read(self, found: Sequence[str]) -> None:
        """Every piece in its order."""
        for at, piece in enumerate(found):
            if piece in _NOT:
                self._denied = _REACH
                self._pass([piece])
            elif piece == ".":
                self._end()
            elif piece in STOPS:
                self._denied = 0
                self._aside = self._aside or bool(self.head)
            elif piece in _IS:
                self._denied = 0
                self._is(found[at + 1 : at + 2])
                self._pass([piece])
            elif piece == "of" and self.head and HOLDERS.issuperset(self.head):
                self.weights = dict.fromkeys(self.weights, LATER)  # "a can of tuna" is tuna
                self.head = []
                self._pass([piece])
            elif piece in _TURNS:
                self._aside = self._aside or bool(self.head)
                self._pass(form(piece).split() or [piece])
            else:
                self._word(piece)
        if self.first < 0:
            self.first = len(self.tokens)

    def naming(self, facets: Facets) -> str:
        """The last word of those that name the goods that is more than a material or a colour."""
        for word in reversed(self.head):
            if counts(word) == 1.0 and "material" not in facets.find_words([word]):
                return word
        return self.head[-1] if self.head else ""

    def _pass(self, said: Sequence[str]) -> None:
        self.tokens += said
        self.meant += said

    def _word(self, piece: str) -> None:
        said = meaning(piece)
        self.tokens += said or [piece]
        if self._denied and said:
            self._denied -= 1
            return
        self.meant += said or [piece]
        weight = LATER if self._later else ASIDE if self._aside else 1.0
        for word in said:
            self.weights[word] = max(self.weights.get(word, 0.0), weight)
            if weight == 1.0:
                self.head.append(word)

    def _is(self, following: Sequence[str]) -> None:
        """ "The item is a cup": what stands before names nothing. "The cup is red": it does."""
        if self._later or not self.weights:
            return
        before = [word for word in self.weights if not word.isdecimal()]
        if not before or before[0] in SUBJECTS:
            for word in self.weights:
                self.weights[word] = 0.0 if word in SUBJECTS else LATER
            self.weights = {word: weight for word, weight in self.weights.items() if weight}
            self.head, self._aside = [], False
        elif following and following[0] not in _ARTICLES:
            self._aside = self._aside or bool(self.head)

    def _end(self) -> None:
        self._denied = 0
        if self.head and not all(word in SUBJECTS or word.isdecimal() for word in self.head):
            self._later = True
            if self.first < 0:
                self.first = len(self.tokens)
