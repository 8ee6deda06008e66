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

Places = frozenset[str]

NUMBER = "#"
"""Stands for any number in `beside.csv`."""
_OF_NUMBER = 0.3

_TAG = re.compile(r"<(script|style)\b[^<>]*>[^<]*</\1\s*>|</?[a-z!][^<>]{0,500}>", re.IGNORECASE)
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
_PIECE = re.compile(rf"[{_UNSPACED}]+|\d+(?:[.,]\d+)*|[^\W\d_{_UNSPACED}]+|[,;]|\.(?=\s)")
_ASCII_PIECE = re.compile(r"[a-zA-Z]+|\d+(?:[.,]\d+)*|[,;]|\.(?=\s)")
STOPS = frozenset(",;.")
"""Signs among `pieces`: they part what is said."""
_LETTERED = re.compile(
    r"\b(?:(t)(?:ee)?[- ](shirt)|(x)[- ](ray)|(o)[- ](ring)|(v)[- ](belt)|(u)[- ](bolt)"
    r"|([hiu])[- ](beam)|(e)[- ](bike|cigarette|reader|scooter))(?=(?:e?s)?\b)"
)
"""A letter that makes a name of the word behind it: a T-shirt is no shirt."""
_LETTER = re.compile(r"\b(?:tee|[txovuhie])[- ]")
"""What `_LETTERED` begins with; most texts have none."""
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
    ('man tshirt', 'man tshirt')
    """
    return " ".join(words(text, keep_empty=True))


def words(text: str, *, keep_empty: bool = False) -> list[str]:
    """The words of a description in one form each, in their order.

    keep_empty: also those that say nothing about goods, and none that is cut short in full.

    >>> words("Women's knit pullovers of 60% cotton")
    ['woman', 'knitted', 'pullover', '60', 'cotton']
    >>> words("棉制T恤")
    ['棉制', 't', '恤']
    """
    found: list[str] = []
    for piece in pieces(clean(text)):
        if piece not in STOPS:
            found += (form(piece).split() or [piece]) if keep_empty else meaning(piece)
    return found


def pieces(cleaned: str) -> list[str]:
    """A cleaned text cut into words, numbers, pairs of unspaced letters, and signs; at most
    `MOST_WORDS`. Words that say nothing where they stand ("can be", "used for") are left out.

    >>> pieces("lamp, 12v 茶叶杯")
    ['lamp', ',', '12', 'v', '茶叶', '叶杯']
    >>> pieces("t-shirts, x ray tubes")
    ['tshirts', ',', 'xray', 'tubes']
    >>> pieces("used clothing that can be used for cleaning")
    ['used', 'clothing', 'that', 'be', 'for', 'cleaning']
    """
    if cleaned.isascii() and cleaned.replace(" ", "").isalpha():  # most terms: nothing to part
        plain_words = cleaned.split()
        if min(map(len, plain_words)) > 1 and "tee" not in plain_words:
            return _meant(plain_words[:MOST_WORDS])
    plain = cleaned
    if _LETTER.search(plain):
        plain = _LETTERED.sub(lambda found: "".join(filter(None, found.groups())), plain)
    if plain.isascii():  # the same with less to look for
        if "'" in plain or "`" in plain:
            plain = _APOSTROPHE.sub("", plain)
        return _meant(_ASCII_PIECE.findall(plain)[:MOST_WORDS])
    found: list[str] = []
    for piece in _PIECE.findall(_APOSTROPHE.sub("", plain)):
        if _is_unspaced(piece):
            found += [piece[i : i + 2] for i in range(len(piece) - 1)] or [piece]
        else:
            found.append(piece)
        if len(found) >= MOST_WORDS:
            break
    return _meant(found[:MOST_WORDS])


def _meant(found: list[str]) -> list[str]:
    """The pieces without those that say nothing between their neighbours."""
    beside = _beside()
    if beside.keys().isdisjoint(found):
        return found
    kept = []
    for at, piece in enumerate(found):
        if piece in beside:
            before, after = beside[piece]
            following = found[at + 1] if at + 1 < len(found) else ""
            if (NUMBER if following.isdecimal() else following) in before:
                continue
            if at and found[at - 1] in after:
                continue
        kept.append(piece)
    return kept


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


@lru_cache(maxsize=65_536)
def meaning(word: str) -> tuple[str, ...]:
    """The words that a word stands for, each in its one form: in full where it is cut short, as
    platforms for parcels print it; none where it says nothing of goods.

    >>> meaning("bdywsh"), meaning("boxes"), meaning("the")
    (('body', 'wash'), ('box',), ())
    """
    return tuple(part for one in _short().get(word, (word,)) for part in form(one).split())


def counts(word: str) -> float:
    """How much a word in its one form tells of goods: colours, sizes and numbers little, most 1.

    >>> counts("pullover"), counts("60") < 1, counts("black") < 1
    (1.0, True, True)
    """
    return _OF_NUMBER if word.isdecimal() else _weak().get(word, 1.0)


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


@cache
def _short() -> dict[str, tuple[str, ...]]:
    """Words that are cut short, with the words in full."""
    rows = packs.load("classification").table("short.csv")
    return {row["word"]: tuple(row["means"].split()) for row in rows}


@cache
def _weak() -> dict[str, float]:
    rows = packs.load("classification").table("words.csv")
    return {row["means"] or row["word"]: float(row["counts"]) for row in rows if row["counts"]}


@cache
def _beside() -> dict[str, tuple[Places, Places]]:
    """Words with those before which, and those behind which, they say nothing."""
    rows = packs.load("classification").table("beside.csv")
    return {
        row["word"]: (frozenset(row["before"].split("|")), frozenset(row["after"].split("|")))
        for row in rows
    }


def _is_unspaced(piece: str) -> bool:
    return not piece[0].isascii() and re.match(f"[{_UNSPACED}]", piece[0]) is not None
