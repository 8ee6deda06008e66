"""Words of descriptions: cleaned, cut apart, and brought to one form.

Any text is treated as text: markup is taken out, signs and emoji separate words, letters of scripts
without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) become pairs of neighbours, so that
examples in any language are found by examples in the same language.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache, lru_cache

from tradelane.kit import packs

LONGEST = 2_000
"""Characters of a description that are read; what follows is left out, and that is said."""

MOST_WORDS = 120
"""Words of a description that count; rulings need some fifty."""

_TAG = re.compile(r"<(script|style)\b[^<>]*>[^<]*</\1\s*>|</?[a-z!][^<>]{0,500}>", re.IGNORECASE)
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
_PIECE = re.compile(rf"[{_UNSPACED}]+|\d+(?:[.,]\d+)*|[^\W\d_{_UNSPACED}]+|[,;]")
_APOSTROPHE = re.compile(r"(?<=\w)['’`´]s\b|(?<=s)['’`´](?!\w)")


def clean(text: str) -> str:
    """The text without markup, in compatible, lower-case letters; at most `LONGEST` characters.

    >>> clean("<b>Men&#39;s</b> T-shirt\\u3000ＡＢＣ")
    "men's t-shirt abc"
    """
    if (
        len(text) < LONGEST
        and text.isascii()
        and text.isprintable()
        and "<" not in text
        and "&" not in text
    ):
        return text.lower().strip()
    text = text[: 4 * LONGEST]
    if "<" in text or "&" in text:
        text = _TAG.sub(" ", html.unescape(text))
    text = unicodedata.normalize("NFKC", text).lower()
    return " ".join(text[:LONGEST].split())


def key(text: str) -> str:
    """What two spellings of one description have in common, for telling that they are the same.

    >>> key("Men's T-shirts!"), key("mens t shirt")
    ('man t shirt', 'man t shirt')
    """
    return " ".join(words(text, keep_empty=True))


def words(text: str, *, keep_empty: bool = False) -> list[str]:
    """The words of a description in one form each, in their order.

    keep_empty: also those that say nothing about goods.

    >>> words("Women's knit pullovers of 60% cotton")
    ['woman', 'knitted', 'pullover', '60', 'cotton']
    >>> words("棉制T恤")
    ['棉制', 't', '恤']
    """
    found: list[str] = []
    for piece in pieces(clean(text)):
        if piece not in ",;":
            found += form(piece).split() or ([piece] if keep_empty else [])
    return found


def pieces(cleaned: str) -> list[str]:
    """A cleaned text cut into words, numbers, pairs of unspaced letters, and commas; at most
    `MOST_WORDS`.

    >>> pieces("lamp, 12v 茶叶杯")
    ['lamp', ',', '12', 'v', '茶叶', '叶杯']
    """
    found: list[str] = []
    for piece in _PIECE.findall(_APOSTROPHE.sub("", cleaned)):
        if _is_unspaced(piece):
            found += [piece[i : i + 2] for i in range(len(piece) - 1)] or [piece]
        else:
            found.append(piece)
        if len(found) >= MOST_WORDS:
            break
    return found[:MOST_WORDS]


@lru_cache(maxsize=65_536)
def cut(text: str) -> tuple[str, ...]:
    """The words of a text that is cut more than once, as a wording is; each word once."""
    return tuple(dict.fromkeys(words(text)))


@lru_cache(maxsize=65_536)
def form(word: str) -> str:
    """One form of an English word: British spelling, singular; "" where it says nothing of goods.

    >>> [form(w) for w in ("boxes", "batteries", "glass", "fibers", "potatoes", "dresses")]
    ['box', 'battery', 'glass', 'fibre', 'potato', 'dress']
    """
    same = _same()
    if word in same:
        return same[word]
    if not word.isascii() or len(word) < 4 or word[-1] != "s" or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        single = word[:-3] + "y"
    elif word.endswith(("oes", "ches", "shes", "sses", "xes", "zes")) and len(word) > 4:
        single = word[:-2]
    else:
        single = word[:-1]
    return same.get(single, single)


def grams(word: str, size: int = 4) -> list[str]:
    """Neighbouring letters of a word, its ends marked: how misspellings are found.

    >>> grams("shampo")
    ['^sha', 'sham', 'hamp', 'ampo', 'mpo$']
    """
    marked = f"^{word}$"
    return [marked[i : i + size] for i in range(max(1, len(marked) - size + 1))]


@cache
def _same() -> dict[str, str]:
    """Words with the one that stands for them; "" where a word says nothing about goods."""
    return {row["word"]: row["means"] for row in packs.load("classification").table("words.csv")}


def _is_unspaced(piece: str) -> bool:
    return not piece[0].isascii() and re.match(f"[{_UNSPACED}]", piece[0]) is not None
