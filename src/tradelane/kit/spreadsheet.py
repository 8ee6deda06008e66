"""Cells that people will open in a spreadsheet: a cell must never run as a formula there."""

from __future__ import annotations

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def safe_cell(text: str) -> str:
    """``text`` with an apostrophe in front where a spreadsheet would take it for a formula.

    A plain number keeps its sign.

    >>> safe_cell("=cmd()"), safe_cell("-12.50"), safe_cell("Seoul"), safe_cell("-1+A1")
    ("'=cmd()", '-12.50', 'Seoul', "'-1+A1")
    """
    if not text or text[0] not in _STARTS:
        return text
    if text[0] in "+-" and text[1:].replace(".", "", 1).isdecimal():
        return text
    return "'" + text
