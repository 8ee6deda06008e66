"""Words of a text as they are compared: lower case, without endings, with their places."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_COMMON = frozenset(
    _WORD.findall(
        "a an and any are as at be been by can do does for from has have if in into is it its may "
        "must no nor not of on or other shall should so such than that the their them then there "
        "these they this those to under up was were what when where which who whom whose will with "
        "you your about how"
    )
)
_ENDINGS = ("ations", "ation", "ings", "ing", "ers", "er", "ies", "es", "ed", "s", "y", "e")


class Word(NamedTuple):
    """A word as it is compared, and where it stands in the text."""

    stem: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """The words that mean something, in their order.

    >>> [word.stem for word in words("Labels on generated content")]
    ['label', 'generat', 'content']
    """
    return [
        Word(stem(found[0].lower()), found.start(), found.end())
        for found in _WORD.finditer(text)
        if not is_common(found[0].lower())
    ]


def is_common(word: str) -> bool:
    """Whether a word (in lower case) says nothing of what a text is about."""
    return word in _COMMON


def stems(text: str) -> list[str]:
    """The same without places."""
    return [word.stem for word in words(text)]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """A word without its ending, so that label, labels, labelling and labelled are one.

    >>> {stem(word) for word in ("label", "labels", "labelling", "labelled", "labeling")}
    {'label'}
    """
    for ending in _ENDINGS:
        bare = word.removesuffix(ending)
        if bare != word and len(bare) >= 3:
            word = bare
            break
    doubled = len(word) > 4 and word[-1] == word[-2] and word[-1] not in "s"
    return word[:-1] if doubled else word
