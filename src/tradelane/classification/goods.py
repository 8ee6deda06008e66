"""What a text is, before it is classified: several goods, codes in it, a text that is too long."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tradelane.classification.editions import today
from tradelane.classification.known import PATH
from tradelane.classification.words import LONGEST, clean, words
from tradelane.trade.hscode import show_code

_COUNT = r"\d+\s*(?:[x×]|pcs?\.?|pieces?(?: of)?)\s+(?=[^\W\d])"
_BETWEEN = re.compile(rf"\s*(?:;|\n|\r|\s\+\s|\|)\s*|(?<!\w){_COUNT}")
_COUNTED = re.compile(rf"(?:^|(?<=[\s;+|,])){_COUNT}")
_ABOUT = re.compile(
    r"^(?:of|with|for|in|made|without|containing|including|size|colou?r|material|brand|model|"
    r"(?:and |or )?(?:parts|accessories)\b|.*\bthere(?:of|for)\b|"
    r"\d+\s*%|stainless|cotton$|polyester$|plastic$|new$|used$)"
)
_CODE = re.compile(
    r"(?<![\w.,])(\d{4}[. ]\d{2}(?:[. ]?\d{2}){0,2}|\d{6}|\d{8}|\d{10})(?![\w%]|[.,]\d)"
)
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]{2}")
MOST_GOODS = 12
_LONGEST_GOODS = 300
"""Characters beyond which a text is a description in sentences, not a list of goods."""


@dataclass(frozen=True, slots=True)
class InText:
    """A code that stands in a text, and what is to be said about it."""

    code: str
    note: str
    now: tuple[str, ...]


def apart(text: str) -> tuple[str, ...]:
    """The goods of a text that lists several, or none where it describes one.

    >>> apart("2 x cotton t-shirt; 1 x leather wallet")
    ('cotton t-shirt', 'leather wallet')
    >>> apart("coffee machine with grinder; stainless steel")
    ()
    """
    if len(text) > _LONGEST_GOODS or PATH in text:
        return ()
    lines = clean_lines(text)
    parts = [part.strip(" ,.-*•") for part in _BETWEEN.split(lines)]
    named = tuple(part for part in parts if _names_goods(part))
    counted = len(_COUNTED.findall(lines)) > 1
    several = len(named) > 1 and (counted or all(_says_enough(part) for part in named))
    return named[:MOST_GOODS] if several and not _belongs(named) else ()


def clean_lines(text: str) -> str:
    """The text cleaned line by line, so that its lines stay apart."""
    return "\n".join(clean(line) for line in text.splitlines())


def _names_goods(part: str) -> bool:
    return any(not word.isdecimal() for word in words(part))


def _says_enough(part: str) -> bool:
    """Whether a part without a count can be goods of its own: two words, or one of a script that
    sets no spaces between words."""
    return len(words(part)) >= 2 or _UNSPACED.search(part) is not None


def _belongs(parts: tuple[str, ...]) -> bool:
    """Whether what follows describes the first instead of naming other goods."""
    return any(_ABOUT.match(part) for part in parts[1:])


def codes_in(
    text: str, known: Collection[str], newer: Mapping[str, tuple[str, ...]]
) -> tuple[InText, ...]:
    """The codes that stand in a text. newer: codes of older editions with those of today."""
    found = []
    for match in _CODE.findall(text[:LONGEST]):
        digits = re.sub(r"\D", "", match)
        six = digits[:6]
        if six in known:
            found.append(InText(six, f"The text states {show_code(six)}; it does not count.", ()))
        elif now := today(six, known, newer):
            listed = ", ".join(show_code(code) for code in now)
            note = f"{show_code(six)} is of an older edition: it became {listed}."
            found.append(InText(six, note, now))
        elif "." in match:
            note = (
                f"{show_code(six)} is not in HS 2022, and no loaded table says what it became: "
                "it is not used."
            )
            found.append(InText(six, note, ()))
    return tuple({one.code: one for one in found}.values())


def too_long(text: str) -> str:
    """A note where a text is cut, or ''."""
    if len(text) <= LONGEST:
        return ""
    return f"The text has {len(text):,} characters; only the first {LONGEST:,} were read."
