"""Codes of the Harmonized System: digits as text, never numbers."""

from __future__ import annotations

import re

_SHAPE = re.compile(r"\d{4}(?:\d{2}(?:\d{2}(?:\d{2})?)?)?")
_PUNCTUATION = re.compile(r"[\s.\-]")


def parse_code(text: str) -> str | None:
    """The bare digits of a tariff code with 4, 6, 8 or 10 digits, or None.

    >>> parse_code("8471.30"), parse_code(" 8471 30 00 "), parse_code("84713")
    ('847130', '84713000', None)
    """
    digits = _PUNCTUATION.sub("", text)
    return digits if digits.isascii() and _SHAPE.fullmatch(digits) else None


def subheading(code: str) -> str:
    """The first six digits, the part that all economies share.

    >>> subheading("8471300010")
    '847130'
    """
    return code[:6]


def show_code(code: str) -> str:
    """The code as people write it.

    >>> show_code("847130"), show_code("8471300010"), show_code("8471"), show_code("84")
    ('8471.30', '8471.30.00.10', '8471', '84')
    """
    head, rest = code[:4], code[4:]
    return ".".join([head, *(rest[i : i + 2] for i in range(0, len(rest), 2))])
