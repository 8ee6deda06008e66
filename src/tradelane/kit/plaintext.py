"""Text that people typed, without what nobody can see and a database or a page stumbles over."""

from __future__ import annotations

import unicodedata

# Directional overrides, embeddings and isolates let a text read differently from what it says.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str) -> str:
    """The text in NFC, with plain line ends, without control or bidi characters and outer space.

    Tabs and line ends stay. What was surrogates or not a character at all goes.

    >>> clean(" two\\r\\nlines\\x00 \\u202e ")
    'two\\nlines'
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(c for c in text if c in "\n\t" or _is_visible(c)).strip()


def clean_line(text: str) -> str:
    """Like `clean`, on one line: every run of white space is one space.

    >>> clean_line("a\\n\\tb  c")
    'a b c'
    """
    return " ".join(clean(text).split())


def _is_visible(character: str) -> bool:
    if character in _BIDI:
        return False
    category = unicodedata.category(character)
    # Cn: noncharacters and code points that Unicode has not assigned.
    return category not in ("Cc", "Cs", "Cn")
