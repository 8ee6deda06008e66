"""Every error code with its meaning, read from the one page that has them.

``docs/reference/errors.md`` is what people read and what a test holds to the code; the wheel has a
copy of it beside this file (see ``pyproject.toml``), a checkout reads the page itself.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

_PLACES = (
    Path(__file__).parent / "errors.md",
    Path(__file__).parents[3] / "docs" / "reference" / "errors.md",
)
_ROW = re.compile(r"\| `([a-z0-9_]+\.[a-z0-9_]+)` \| (.+?) \| (.*?) ?\|")


class ErrorCode(NamedTuple):
    """A code, what it means, and what to do about it (Markdown's marks taken out)."""

    code: str
    meaning: str
    what_to_do: str


@cache
def error_codes() -> tuple[ErrorCode, ...]:
    """Every code, in alphabetical order."""
    path = next(place for place in _PLACES if place.exists())
    text = path.read_text(encoding="utf-8")
    rows = (_ROW.fullmatch(line) for line in text.splitlines())
    found = {row[1]: ErrorCode(row[1], _plain(row[2]), _plain(row[3])) for row in rows if row}
    return tuple(found[code] for code in sorted(found))


def _plain(text: str) -> str:
    return text.replace("`", "").replace("\\|", "|").strip()
