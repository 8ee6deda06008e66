"""The United States tariff as its own site exports it (JSON), read as lines with their paths.

Each object has ``htsno``, ``indent`` and ``description``; what stands above a line is found by the
indents. Lines get the code that they or the nearest line above them have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from tradelane.classification.known import PATH
from tradelane.classification.reading import LONGEST_TEXT, MOST_BYTES, Row
from tradelane.kit.errors import InputRefused, Problem
from tradelane.trade.hscode import parse_code

DEEPEST = 40
"""The deepest indent that a line may have; the tariff's own is some ten."""
_MARK = re.compile(r"<[^>]{0,60}>|:\s*$")


def rows(path: Path) -> Iterator[Row]:
    """Every line of the tariff under a subheading of chapters 1 to 97, its path as its text.

    Errors: InputRefused ``classification.tariff``.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise _refused(f"{path.name} has {size >> 20} MB; {MOST_BYTES >> 20} are read at once.")
    try:
        content = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise _refused(f"{path.name} is not JSON: {error.msg}.", error.lineno) from None
    if not isinstance(content, list) or not content:
        raise _refused(f"{path.name} is not a list of lines of the tariff.", 1)
    above: list[tuple[int, str, str]] = []
    found = False
    for number, line in enumerate(content, 1):
        indent, code, text = _line(line, number)
        while above and above[-1][0] >= indent:
            above.pop()
        code = code or (above[-1][1] if above else "")
        above.append((indent, code, text))
        if len(code) >= 6 and "01" <= code[:2] <= "97":
            found = True
            said = PATH.join(part for _, _, part in above if part)
            yield Row(said[:LONGEST_TEXT], code, "", False, "", number)
    if not found:
        raise _refused(f"{path.name} has no line with a code of chapters 1 to 97.")


def _line(line: Any, number: int) -> tuple[int, str, str]:
    try:
        indent, said = int(line["indent"]), line["description"]
        code = parse_code(str(line.get("htsno") or "")) or ""
    except (TypeError, KeyError, ValueError, AttributeError):
        raise _refused(f"Line {number} lacks its indent or its description.") from None
    if not 0 <= indent <= DEEPEST or not isinstance(said, str):
        raise _refused(f"Line {number} has a bad indent or description.")
    return indent, code, " ".join(_MARK.sub(" ", said.replace("\0", " ")).split())


def _refused(sentence: str, line: int | None = None) -> InputRefused:
    return InputRefused(
        Problem(
            "classification.tariff",
            sentence,
            line=line,
            hint="Export the chapters as JSON: a list with htsno, indent and description.",
        )
    )
